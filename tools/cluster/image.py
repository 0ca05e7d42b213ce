"""An image of the lab: its name, what it depends on, and its archive."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tools.cluster import buildah
from tools.cluster.layout import KEPT


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

    def obtain(self, say: Callable[[str], None]) -> None:
        """Make it and its archive, if that is not there; archives of older contents go. Raises Refusal with the remedy."""
        if self.archive.is_file():
            return
        say(f"image {self.name}: making it ...")
        self.make()
        new = self.archive.with_suffix(".new")
        new.unlink(missing_ok=True)
        buildah.run(["buildah", "push", "--quiet", self.name, f"docker-archive:{new}:{self.name}"])
        for older in self.archive.parent.glob(f"{self.archive.stem.rpartition('-')[0]}-*.tar"):
            older.unlink()
        new.replace(self.archive)


def hashed(parts: Iterable[str]) -> str:
    """A short name of all of it."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def stamp(path: Path) -> list[str]:
    """What changes with a program's content, without reading all of it."""
    return [path.name, str(path.stat().st_size), str(int(path.stat().st_mtime))]
