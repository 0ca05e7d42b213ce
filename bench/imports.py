"""How long a file of so many todos takes, and how much memory: each format in a process of its own."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from todos.formats.records import LineError, ProjectRecord, Record, TodoRecord


def measure(lines: int) -> dict[str, tuple[float, int]]:
    """Seconds and bytes of memory growth, by format."""
    from todos.formats import FORMATS

    found = {}
    for name in FORMATS:
        output = subprocess.run(
            [sys.executable, "-m", "bench.imports", name, str(lines)], capture_output=True, text=True, check=True
        ).stdout
        seconds, growth = json.loads(output.splitlines()[-1])
        found[name] = (seconds, growth)
    return found


def _measure_one(name: str, lines: int) -> tuple[float, int]:
    import django

    django.setup()
    from django.db import transaction

    from bench.data import make_user
    from todos.formats import FORMATS
    from todos.formats.lines import split
    from todos.services import imports

    kind = FORMATS[name]
    file = b"".join(kind.write(_records(lines)))
    user = make_user(f"import-{name}@example.com", 0)
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak of making the file (proc(5))
    before = _status("VmRSS")
    begun = time.perf_counter()

    def source() -> Iterator[Record | LineError]:
        return kind.read(split(file[at : at + 65_536] for at in range(0, len(file), 65_536)), time_zone="UTC", today=date(2026, 1, 1))

    (*_, report) = imports.preview(user, source)
    assert report.skipped == 0, report.errors[:3]
    with transaction.atomic():
        (*_, report) = imports.write(user, source)
    seconds = time.perf_counter() - begun
    assert report.todos == lines
    return seconds, (_status("VmHWM") - before) * 1024


def _status(name: str) -> int:
    """A figure of this process's memory in KiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))


def _records(count: int) -> Iterator[Record]:
    from bench.data import WORDS

    for number in range(10):
        yield ProjectRecord(name=f"Project {number}", key=f"p{number}")
    for number in range(count):
        yield TodoRecord(
            title=f"{WORDS[number % len(WORDS)]} the {WORDS[number * 7 % len(WORDS)]} number {number}",
            key=f"t{number}",
            notes="as discussed",
            project=f"p{number % 10}",
            labels=(f"label{number % 20}",),
            priority=number % 5,
            due_on=date(2026, 1, 1) + timedelta(days=number % 300),
        )


if __name__ == "__main__":
    print(json.dumps(_measure_one(sys.argv[1], int(sys.argv[2]))))
