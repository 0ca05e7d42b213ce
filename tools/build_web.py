"""Makes the web app ready to start: Node, its packages and its build, each only when it is missing or out of date.

`python -m tools.build_web LINK` does so with progress lines and lets LINK point at the Node to start it with; with `--dev` there is
no build. It ends with one sentence when it cannot.
"""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tools import node
from tools.alone import alone
from tools.children import die_with_parent
from tools.environment import ROOT, RUN, Refusal

WEB = ROOT / "frontend"
BUILT_FROM = WEB / ".next" / "standalone" / "built-from"  # a build by hand removes it, so that its sources are compared anew
NO_SOURCES = {"node_modules", ".next", "test-results", "playwright-report", "tests", "e2e", "tsconfig.tsbuildinfo", "next-env.d.ts"}
EVERY = 20.0  # seconds between progress lines


def build(say: Callable[[str], None], *, dev: bool = False) -> node.Node:
    """The Node with which the app can be started now; `say` gets progress lines. Raises Refusal with the remedy."""
    with_node = node.obtain(say)
    RUN.mkdir(mode=0o700, exist_ok=True)
    with alone(RUN / "web.lock", lambda: say("Web app: waiting for another process that builds it ...")):
        if not packages_are_there():
            say("Web app: installing its packages, once; about a minute ...")
            _follow("installing its packages", [*with_node.npm, "ci"], with_node, say)
        state = fingerprint()
        if not dev and (not BUILT_FROM.is_file() or BUILT_FROM.read_text() != state):
            say("Web app: building it, until its sources change; about a minute ...")
            _follow("building it", [str(with_node.binary), "scripts/build.mjs"], with_node, say)
            BUILT_FROM.write_text(state)
    return with_node


def packages_are_there() -> bool:
    """Whether npm has installed every package of the lock file in the version that it names."""
    try:
        installed = json.loads((WEB / "node_modules" / ".package-lock.json").read_text())["packages"]
    except FileNotFoundError:
        return False
    wanted = json.loads((WEB / "package-lock.json").read_text())["packages"]
    return all(
        path in installed and installed[path].get("version") == package.get("version")
        for path, package in wanted.items()
        if path and not package.get("optional")
    )


def fingerprint() -> str:
    """A digest of everything that the build is made of."""
    digest = hashlib.sha256()
    for path in sorted(_sources(WEB)):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(WEB)} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def _sources(folder: Path) -> Iterator[Path]:
    for entry in folder.iterdir():
        if entry.name in NO_SOURCES:
            continue
        if entry.is_dir():
            yield from _sources(entry)
        else:
            yield entry


def _follow(what: str, command: Sequence[str], with_node: node.Node, say: Callable[[str], None]) -> None:
    """Run a command in the web app's folder, saying now and then that it is under way. Raises Refusal with its last lines."""
    path = f"{with_node.binary.resolve().parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    environment = {**os.environ, "PATH": path, "PYTHON": sys.executable, "NEXT_TELEMETRY_DISABLED": "1", "CI": "true"}
    environment.pop("NODE_ENV", None)  # packages for the build are wanted whatever it says
    words = ["nice", "-n", "5", *command]
    begun, lines = time.monotonic(), []
    with subprocess.Popen(
        words,
        cwd=WEB,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=die_with_parent(signal.SIGKILL),
    ) as running:
        said = begun
        for line in running.stdout or ():
            if line.strip():
                lines.append(line.strip())
            if time.monotonic() - said > EVERY:
                said = time.monotonic()
                say(f"Web app: still {what}{f': {lines[-1]}' if lines else ' ...'}")
    if running.returncode:
        last = "".join(f"\n    {line}" for line in lines[-12:])
        raise Refusal(f"Web app: {what} failed; the last lines say why:{last}")
    say(f"Web app: done with {what}, {time.monotonic() - begun:.0f} s")


def main(link: Path, *options: str) -> None:
    """Let `link` point at a Node once the app can be started with it."""
    try:
        binary = build(lambda line: print(line, flush=True), dev="--dev" in options).binary
    except Refusal as refusal:
        print(f"{refusal}\n    Everything else runs.", flush=True)
        sys.exit(1)
    new = link.with_suffix(".new")
    new.unlink(missing_ok=True)
    new.symlink_to(binary.resolve())
    new.replace(link)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
