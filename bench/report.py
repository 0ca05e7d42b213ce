"""What the bench found, printed as it comes and kept in bench/results/."""

import json
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


class Report:
    """Lines of a table, and the goals they are held against."""

    def __init__(self, suffix: str = "") -> None:
        self._lines: list[str] = []
        self._values: dict[str, Any] = {}
        now = datetime.now(UTC)
        self._name = f"{now:%Y-%m-%d-%H%M}{suffix}"
        self._say(f"# Measured on {now:%Y-%m-%d %H:%M} UTC\n")
        cores = len(os.sched_getaffinity(0))
        self._say(
            f"{cores} cores, {platform.system()} {platform.release()}, Python {platform.python_version()}, load average"
            f" {os.getloadavg()[0]:.1f} before it began. Compare within a table only.\n"
        )

    def _say(self, line: str) -> None:
        print(line, flush=True)
        self._lines.append(line)

    def section(self, title: str, columns: list[str]) -> None:
        """Begin a table."""
        self._say(f"\n## {title}\n")
        self._say("| " + " | ".join(columns) + " |")
        self._say("|" + "---|" * len(columns))

    def row(self, *cells: object) -> None:
        """One line of the table."""
        self._say("| " + " | ".join(f"{cell:.2f}" if isinstance(cell, float) else str(cell) for cell in cells) + " |")

    def note(self, text: str) -> None:
        """A sentence under the table."""
        self._say(f"\n{text}")

    def goal(self, name: str, value: float, goal: float, *, at_most: bool = False) -> None:
        """One goal and whether it is met."""
        met = value <= goal if at_most else value >= goal
        self._values[name] = {"value": round(value, 3), "goal": goal, "met": met}
        self.row(name, value, f"{'at most' if at_most else 'at least'} {goal:g}", "met" if met else "**missed**")

    def write(self) -> None:
        """Keep it, as a page and as JSON."""
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{self._name}.md").write_text("\n".join(self._lines) + "\n")
        if self._values:
            (RESULTS / f"{self._name}.json").write_text(json.dumps(self._values, indent=1) + "\n")
        print(f"\nWritten to bench/results/{self._name}.md", file=sys.stderr)
