"""Buildah, with a storage of the lab's own: working containers, and the images made of them."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tools.cluster.layout import KEPT
from tools.environment import Refusal


@contextmanager
def container(base: str) -> Iterator[str]:
    """A working container of buildah, gone at the end."""
    name = run(["buildah", "from", "--pull-never", base]).strip()
    try:
        yield name
    finally:
        run(["buildah", "rm", name])


def inside(container: str, shell: str) -> None:
    """Run a shell command in a working container."""
    run(["buildah", "run", "--isolation", "chroot", container, "--", "sh", "-c", shell])


def commit(container: str, name: str, *settings: str) -> None:
    """Make an image of a working container, with settings of `buildah config`."""
    if settings:
        run(["buildah", "config", *settings, container])
    run(["buildah", "commit", "--quiet", container, name])


def run(command: Sequence[str]) -> str:
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
