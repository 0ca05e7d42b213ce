"""Creates .venv and installs one hash-locked requirements file into it, unless that has been done already.

Runs with the system's Python, so it uses the standard library alone and says in one sentence what is missing.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
OLDEST, NEWEST = (3, 11), (3, 13)


def main(requirements: str) -> None:
    """Bring .venv to the state of `requirements`; a second call without changes touches neither disk nor network."""
    refuse_unsuitable_python()
    lock = ROOT / requirements
    stamp = VENV / (".installed-" + lock.stem)
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text() == digest:
        return
    create_venv()
    install(lock)
    stamp.write_text(digest)


def refuse_unsuitable_python() -> None:
    """Exit with the remedy when this Python cannot run the project."""
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        sys.exit(
            "Python {}.{} cannot run this project: install one from 3.11 to 3.13 and name it, e.g. `make run PYTHON=python3.11`.".format(
                *sys.version_info[:2]
            )
        )


def create_venv() -> None:
    """Make .venv once; a half-made one, left by a Python without ensurepip, is made again."""
    if (VENV / "bin" / "pip").exists():
        return
    print("Creating .venv ...", flush=True)
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], capture_output=True, text=True, check=False)
    if made.returncode:
        last = (made.stderr or made.stdout).strip().splitlines()[-1:]
        sys.exit(
            "Python's venv module is incomplete here: install it (Debian: `apt install python3-venv`) and start again."
            if "ensurepip" in made.stdout + made.stderr
            else "Cannot create {}: {}".format(VENV, " ".join(last) or "python -m venv failed")
        )


def install(lock: Path) -> None:
    """Install the locked packages, showing how far pip has come."""
    total = sum(line[:1].isalnum() for line in lock.read_text().splitlines())
    print(f"Installing {total} packages from {lock.name}, once; this can take a minute or two ...", flush=True)
    command = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check", "--require-hashes", "-r", str(lock)]
    seen, lines = 0, []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        for line in pip.stdout or ():
            lines.append(line)
            seen += line.startswith(("Collecting ", "Requirement already satisfied"))
            if sys.stdout.isatty():
                print(f"\r  {min(seen, total)} of {total}", end="", flush=True)
    if sys.stdout.isatty():
        print()
    if pip.returncode:
        sys.stderr.writelines(lines[-15:])
        sys.exit("Installing the packages failed (pip's last lines are above): check the network or PIP_INDEX_URL, then start again.")


if __name__ == "__main__":
    os.chdir(ROOT)
    main(*sys.argv[1:])
