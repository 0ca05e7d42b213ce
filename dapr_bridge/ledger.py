"""Numbers that the processes of a host add up: a file for each living process, and one for all that have ended.

A process holds a lock on a file of its own for as long as it lives, so that others know when it has ended, however it did: its
number may be another process's by then, or mean nothing where containers share the folder and not their processes.
"""

import fcntl
import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

Key = tuple[str, ...]
Numbers = Mapping[Key, list[float]]

ENDED = "ended.json"


class Unusable(Exception):
    """The folder cannot be had, or is not ours."""


class Ledger:
    """One process's part in what is kept in a folder. Raises Unusable when made where that cannot be; a fork must make its own."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._name = folder, uuid4().hex
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            found = folder.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
                raise Unusable("not our folder")
            with self._locked():
                if not self._settle():
                    for left in (*folder.glob("*.json"), *folder.glob("*.new")):
                        left.unlink()  # of an earlier run, whose routes and consumers may be gone
                self._life = _open(self._file("alive"))
                fcntl.flock(self._life, fcntl.LOCK_EX)
        except OSError as error:
            raise Unusable(type(error).__name__) from error

    def write(self, numbers: Numbers) -> None:
        """Lay down what this process has counted so far. Raises OSError."""
        _write(self._file("json"), numbers)

    def total(self) -> dict[Key, list[float]]:
        """The sum of what all processes laid down, ended ones included. Raises OSError."""
        total: dict[Key, list[float]] = {}
        with self._locked():
            for name in [*self._settle(), "ended"]:
                _add(total, _read(self._folder / f"{name}.json"))
        return total

    def close(self) -> None:
        """As if the process ended: its numbers stay in the sum while others live."""
        os.close(self._life)

    def _settle(self) -> list[str]:
        """Move the numbers of processes that have ended to those of all that have; the names of the living."""
        living: list[str] = []
        ended: list[str] = []
        for path in self._folder.glob("*.alive"):
            (living if path.stem == self._name or _is_locked(path) else ended).append(path.stem)
        if ended:
            sum_of_ended = _read(self._folder / ENDED)
            for name in ended:
                _add(sum_of_ended, _read(self._folder / f"{name}.json"))
            _write(self._folder / ENDED, sum_of_ended)
            for name in ended:
                for left in ("json", "alive"):
                    (self._folder / f"{name}.{left}").unlink(missing_ok=True)
        return living

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = _open(self._folder / "lock")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _file(self, kind: str) -> Path:
        return self._folder / f"{self._name}.{kind}"


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def _is_locked(path: Path) -> bool:
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _add(total: dict[Key, list[float]], numbers: Numbers) -> None:
    for key, values in numbers.items():
        before = total.get(key)
        total[key] = list(values) if before is None else [one + other for one, other in zip(before, values, strict=True)]


def _read(path: Path) -> dict[Key, list[float]]:
    with suppress(FileNotFoundError):
        return {tuple(key): values for key, values in json.loads(path.read_bytes())}
    return {}


def _write(path: Path, numbers: Numbers) -> None:
    """As a whole: a process that is killed here leaves the file as it was."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps([[key, values] for key, values in numbers.items()]))
    new.replace(path)
