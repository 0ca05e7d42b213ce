"""The images of the lab, as archives that containerd takes: ours from their Dockerfiles, the others made of the programs at hand.

No registry is asked. What stands in for official images and programs is said by `stand_ins`, for the reports.
"""

import hashlib
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from tools.cluster import bases, buildah, programs
from tools.cluster.image import Image, hashed, stamp
from tools.cluster.layout import KEPT
from tools.environment import ROOT

CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
PAUSE = "localhost/pause:1"
REGISTRY_OF_DAPR = "localhost/dapr"
COPIED = (  # what the backend's Dockerfile takes, and what says so
    *("Dockerfile", ".dockerignore", "requirements.txt", "manage.py", "gunicorn.conf.py"),
    *("todo_project", "todos", "dapr_bridge"),
)

STAND_INS = {
    **bases.STAND_INS,
    "volumes": "a loop that binds each claim without a class to a folder of the node, in place of a provisioner",
    "dapr": "Dapr's own modules built here, daprd with the components that Dapr calls stable, in place of Dapr's images",
}

POLICIES = "a loop that makes iptables rules of policies, between pods only, in place of a network plugin that enforces them"


def stand_ins(policies: bool) -> dict[str, str]:
    """What is not the usual thing in the lab; nothing is named "network policies" where none are enforced."""
    return {
        **STAND_INS,
        **({"network policies": POLICIES} if policies else {"missing": "a network plugin that enforces network policies"}),
    }


def obtain(binaries: Mapping[str, Path], tag: str, say: Callable[[str], None]) -> list[Image]:
    """Every image that a node needs, each with its archive. Raises Refusal with the remedy."""
    below, others = bases.bases(say), bases.servers()
    images = [*_of_programs(binaries), *others, *_ours(tag, below)]
    (KEPT / "archives").mkdir(parents=True, exist_ok=True)
    for image in (*below, *images):
        image.obtain(say)
    return images


def _of_programs(binaries: Mapping[str, Path]) -> Iterator[Image]:
    """Static programs, each alone in its image."""
    names = {name: f"{REGISTRY_OF_DAPR}/{name}:{binaries[name].name.rpartition('-')[2]}" for name in (*programs.OF_DAPR, "daprd")}
    for program, name in {**names, "pause": PAUSE}.items():

        def make(program: str = program, name: str = name) -> None:
            with tempfile.TemporaryDirectory() as folder, buildah.container("scratch") as container:
                (Path(folder) / "tmp").mkdir()
                (Path(folder) / "tmp").chmod(0o1777)
                buildah.run(["buildah", "add", container, folder, "/"])
                buildah.run(["buildah", "add", container, str(CERTIFICATES), "/etc/ssl/certs/ca-certificates.crt"])
                buildah.run(["buildah", "add", "--chmod", "755", container, str(binaries[program]), f"/{program}"])
                buildah.commit(container, name, "--entrypoint", f'["/{program}"]', "--user", "65532:65532")

        yield Image(name, hashed(stamp(binaries[program])), make)


def _ours(tag: str, below: Sequence[Image]) -> Iterator[Image]:
    """The product, from its Dockerfiles, on the bases."""
    for name, folder in (("todo-backend", ROOT), ("todo-frontend", ROOT / "frontend")):
        full = f"localhost/{name}:{tag}"
        how = ["--isolation", "chroot", "--network", "host", "--pull-never", *_of_the_builder()]
        build = ["buildah", "bud", *how, "--tag", full, str(folder)]
        yield Image(full, hashed([*_tracked(folder), *(base.of for base in below)]), partial(buildah.run, build))


def _of_the_builder() -> list[str]:
    """What pip and npm of this machine are told, for the time of a build; nothing of it is in the image."""
    own, npmrc = Path("~/.npmrc").expanduser(), KEPT / "npmrc"
    npmrc.write_text(f"cafile={CERTIFICATES}\n{own.read_text() if own.is_file() else ''}")
    npmrc.chmod(0o600)
    mounted = {CERTIFICATES: CERTIFICATES, Path("/etc/pip.conf"): Path("/etc/pip.conf"), npmrc: Path(bases.NODE_HOME, "etc", "npmrc")}
    return [word for path, there in mounted.items() if path.is_file() for word in ("--volume", f"{path}:{there}:ro")]


def _tracked(folder: Path) -> Iterator[str]:
    """What an image of this folder depends on: its files that git knows, as they are now."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", *(COPIED if folder == ROOT else ["."])]
    names = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in sorted(filter(None, names)):
        if (folder / name).is_file():
            yield name
            yield hashlib.sha256((folder / name).read_bytes()).hexdigest()
