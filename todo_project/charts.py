"""Bar charts as geometry for an SVG template: no script, no inline style, and the same numbers as a table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

WIDE, NARROW = 1160, 560  # of the viewBox: about the pixels it is shown at, so that texts keep their size
HEIGHT = 180
LEFT, RIGHT, TOP, BOTTOM = 44, 20, 10, 22  # room for the scale, the last step's name, the highest number, and the names


@dataclass(frozen=True)
class Series:
    """One row of numbers, a number per step, each with the list it counts."""

    name: str
    values: Sequence[int]
    links: Sequence[str]


@dataclass(frozen=True)
class Bar:
    """A rectangle of the drawing and what a pointer over it says."""

    series: int
    x: float
    y: float
    width: float
    height: float
    title: str


@dataclass(frozen=True)
class Label:
    """A text beside or below the drawing."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Chart:
    """Series over the same steps, drawn side by side; every `mark_every`-th step has its name below. A wide one fills a row."""

    title: str
    steps: Sequence[str]
    series: Sequence[Series]
    mark_every: int
    wide: bool = False

    height, left = HEIGHT, LEFT

    @property
    def width(self) -> int:
        """Of the viewBox."""
        return WIDE if self.wide else NARROW

    @property
    def right(self) -> int:
        """Where the drawing ends."""
        return self.width - RIGHT

    @property
    def top_of_scale(self) -> int:
        """The round number that the drawing reaches up to."""
        highest = max((max(series.values, default=0) for series in self.series), default=0)
        size = 1
        while True:
            for factor in (1, 2, 5):
                if highest <= factor * size:
                    return max(factor * size, 2)
            size *= 10

    @property
    def bars(self) -> Iterator[Bar]:
        """One per number above zero."""
        slot = (self.right - LEFT) / len(self.steps)
        thick = slot * 0.8 / len(self.series)
        drawn = HEIGHT - TOP - BOTTOM
        for number, series in enumerate(self.series):
            for step, value in enumerate(series.values):
                if value:
                    tall = max(drawn * value / self.top_of_scale, 1.0)
                    left = LEFT + slot * (step + 0.1) + thick * number
                    title = f"{self.steps[step]}: {value:,} {series.name}"
                    yield Bar(number, round(left, 1), round(HEIGHT - BOTTOM - tall, 1), round(thick, 1), round(tall, 1), title)

    @property
    def scale(self) -> list[Label]:
        """Zero, the middle where it is a whole number, and the top."""
        top = self.top_of_scale
        numbers = [0, top // 2, top] if top % 2 == 0 else [0, top]
        drawn = HEIGHT - TOP - BOTTOM
        return [Label(LEFT - 6, round(HEIGHT - BOTTOM - drawn * number / top, 1), f"{number:,}") for number in numbers]

    @property
    def marks(self) -> list[Label]:
        """Names of steps, counted back from the newest, which always has one."""
        slot = (self.right - LEFT) / len(self.steps)
        last = len(self.steps) - 1
        marked = range(last, -1, -self.mark_every)
        return [Label(round(LEFT + slot * (step + 0.5), 1), HEIGHT - 6, self.steps[step]) for step in marked]

    @property
    def rows(self) -> list[tuple[str, list[tuple[int, str]]]]:
        """The table: per step its name, then number and link of each series; the newest step first."""
        table = [(name, [(series.values[step], series.links[step]) for series in self.series]) for step, name in enumerate(self.steps)]
        return table[::-1]

    @property
    def totals(self) -> list[tuple[str, int]]:
        """Name and sum of each series."""
        return [(series.name, sum(series.values)) for series in self.series]

    @property
    def summary(self) -> str:
        """The chart in one sentence, for people who hear it."""
        sums = ", ".join(f"{total:,} {name}" for name, total in self.totals)
        return f"{sums} in {len(self.steps)} steps, {self.steps[0]} to {self.steps[-1]}."
