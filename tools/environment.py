"""Where a local run reads its variables (process, then `.env`) and what it leaves for `manage.py` in `.run/env`."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUN = ROOT / ".run"


class Refusal(Exception):
    """A run that cannot go on; the text is one sentence for the person at the terminal, with the remedy."""


def lookup(name: str, default: str = "") -> str:
    """The variable `name` as the process or, after it, `.env` sets it."""
    return os.environ.get(name) or read(ROOT / ".env").get(name) or default


def lookup_port(name: str, default: int) -> int:
    """A TCP port from the variable `name`; refuses what is not one."""
    text = lookup(name, str(default))
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise Refusal(f"{name}={text} is not a port: use a number from 1 to 65535.")
    return int(text)


def read(path: Path) -> dict[str, str]:
    """The `NAME=value` lines of an environment file; a missing file has none."""
    lines = path.read_text().splitlines() if path.is_file() else []
    pairs = (line.removeprefix("export ").split("=", 1) for line in map(str.strip, lines) if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip().strip("\"'") for name, value in pairs}


def kept_secret(name: str) -> str:
    """A secret of this checkout: the variable `name` where it is set, else that of an earlier run, else a new one of 256 bits."""
    return lookup(name) or read(RUN / "env").get(name) or secrets.token_urlsafe(32)


def write_run_env(database_url: str, others: Mapping[str, str]) -> None:
    """Write `.run/env` (readable by its owner alone); the secret key of an earlier run is kept, so sessions stay valid."""
    path = RUN / "env"
    secret = read(path).get("SECRET_KEY") or secrets.token_urlsafe(50)
    values = {"SECRET_KEY": secret, "DATABASE_URL": database_url, "HTTPS": "false", **others}
    new = path.with_name("env.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.writelines(f"{name}={value}\n" for name, value in values.items())
    new.replace(path)
