"""Who operates the switches from the command line."""

import getpass
import socket


def whoever_runs_this() -> str:
    """`login@host`, with `process` for a user without a name, as in many containers."""
    try:
        login = getpass.getuser()
    except (KeyError, OSError):
        login = "process"
    return f"{login}@{socket.gethostname()}"
