"""Programs that come as a Python package: fetched into the user's cache when the machine has none that is new enough."""

import os
import shutil
import subprocess
import sys
from pathlib import Path


def cache() -> Path:
    """The user's folder for what is built or fetched here."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "todo-dapr"


def fetch(lock: Path, folder: Path) -> bool:
    """Install what `lock` names, by hash, into `folder` anew; whether that worked."""
    shutil.rmtree(folder, ignore_errors=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
    return not subprocess.run([*pip, "--target", str(folder), "-r", str(lock)], capture_output=True, check=False).returncode
