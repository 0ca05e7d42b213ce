"""System checks of the wiring: combinations of settings that Django accepts and that fail at the first request, or serve weakly."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Info

ROLES = ("api", "worker")
SHORTEST_KEY = 50  # characters, as Django's own W009 asks for


def check_database(**kwargs: Any) -> list[CheckMessage]:
    """The connection pool's conditions, which Django itself notices only at the first query."""
    default = settings.DATABASES["default"]
    pool = default.get("OPTIONS", {}).get("pool")
    if not pool:
        return []
    found: list[CheckMessage] = []
    if default.get("CONN_MAX_AGE", 0) != 0:
        found.append(
            Error(
                "DATABASES: a connection pool and CONN_MAX_AGE other than 0.",
                hint="Set CONN_MAX_AGE to 0: the pool keeps the connections. Otherwise every request fails.",
                id="todo_project.E001",
            )
        )
    if default["ENGINE"] != "todo_project.database" and not default.get("CONN_HEALTH_CHECKS"):
        found.append(
            Error(
                "DATABASES: a connection pool of which nobody looks whether its connections still live.",
                hint="Set ENGINE to todo_project.database: otherwise each broken connection fails a request after PostgreSQL restarts.",
                id="todo_project.E002",
            )
        )
    if pool is True or pool.get("timeout", 30) > 5:
        found.append(
            Error(
                "DATABASES: the pool lets a request wait longer than 5 seconds for a connection.",
                hint="Set OPTIONS['pool']['timeout'] to 5 or less, so that callers hear 503 while they still listen.",
                id="todo_project.E003",
            )
        )
    return found


def check_role(**kwargs: Any) -> list[CheckMessage]:
    """ROLE chooses the routes of this process."""
    if settings.ROLE in ROLES:
        return []
    return [Error(f"ROLE is {settings.ROLE!r}.", hint=f"Set it to one of: {', '.join(ROLES)}.", id="todo_project.E004")]


def check_secrets(**kwargs: Any) -> list[CheckMessage]:
    """Keys that can be guessed, where strangers can reach them: a local run over plain HTTP may have short ones."""
    if not settings.HTTPS:
        return []
    found: list[CheckMessage] = []
    if len(settings.SECRET_KEY) < SHORTEST_KEY:
        found.append(
            Error(
                f"SECRET_KEY has fewer than {SHORTEST_KEY} characters.",
                hint="Make one: python -c 'import secrets; print(secrets.token_urlsafe(50))'. It signs sessions and cached answers.",
                id="todo_project.E005",
            )
        )
    if settings.DEBUG:
        found.append(
            Error(
                "DEBUG is on while HTTPS is too: error pages would show settings and data to everybody.",
                hint="Unset DEBUG, or set HTTPS=false for a local run.",
                id="todo_project.E006",
            )
        )
    if not settings.PUBLIC_ORIGINS:
        found.append(
            Info(
                "PUBLIC_ORIGINS is empty: forms that browsers send over HTTPS through a proxy fail the CSRF check.",
                hint="Set it to where browsers see the app, such as https://todo.example.com.",
                id="todo_project.I001",
            )
        )
    return found
