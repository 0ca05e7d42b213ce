"""The lab's first processes: one that buries the dead, as the first of a pid namespace must, and one that starts the node.

`python -m tools.cluster.inside PROGRAMS POLICIES`: JSON, an object of names and paths and whether network policies are enforced.
Started by `lab.start` in new namespaces.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tools.cluster import machine, node
from tools.cluster.layout import READY


def main(binaries: dict[str, Path], policies: bool) -> None:
    """Run the lab until it is killed."""
    steward = os.fork()
    if steward == 0:
        run(binaries, policies)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    while True:
        pid, _ = os.wait()
        if pid == steward:
            sys.exit(1)


def run(binaries: dict[str, Path], policies: bool) -> None:
    """Start the node's programs one after the other, and each again that ends."""
    machine.prepare()
    node.configure()
    running: dict[str, tuple[node.Step, subprocess.Popen[bytes]]] = {}
    for step in node.steps(binaries, policies):
        print(f"{step.name} ...", flush=True)
        running[step.name] = step, node.start(step)
    READY.touch()
    while True:
        time.sleep(1)
        for name, (step, process) in running.items():
            if process.poll() is not None:
                print(f"{name} ended with {process.returncode} and is started again", flush=True)
                running[name] = step, node.start(step)


if __name__ == "__main__":
    main({name: Path(path) for name, path in json.loads(sys.argv[1]).items()}, json.loads(sys.argv[2]))
