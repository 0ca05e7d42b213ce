"""What a query is made of once it is understood."""

from dataclasses import KW_ONLY, dataclass, field
from datetime import date
from typing import Literal


class QueryError(ValueError):
    """A query that cannot be understood: `word` is `text[position:position + length]`, `message` says what to write instead."""

    def __init__(self, message: str, *, text: str, position: int, length: int) -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        self.length = length
        self.word = text[position : position + length]


@dataclass(frozen=True, slots=True)
class _Term:
    """`span` is where the term was written, from and up to; it plays no part in whether two terms are equal."""

    _: KW_ONLY
    negated: bool = False
    span: tuple[int, int] = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Word(_Term):
    """Text in title or notes: a word's beginning, or (`exact`) these whole words in a row."""

    text: str
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Within(_Term):
    """In the project of this name."""

    project: str


@dataclass(frozen=True, slots=True)
class Labelled(_Term):
    """With the label of this name."""

    label: str


@dataclass(frozen=True, slots=True)
class Priority(_Term):
    """0 is none, 1 most urgent, 4 least."""

    level: int


@dataclass(frozen=True, slots=True)
class Due(_Term):
    """Due on one of these days of the user's calendar, both ends included; None is open-ended. Todos without a due date never match."""

    first: date | None
    last: date | None


@dataclass(frozen=True, slots=True)
class Overdue(_Term):
    """Not completed and due before this day."""

    today: date


@dataclass(frozen=True, slots=True)
class Trait(_Term):
    """`is` done, recurring, subtask; `has` notes, reminder, due, labels, subtasks."""

    verb: Literal["is", "has"]
    name: str


Term = Word | Within | Labelled | Priority | Due | Overdue | Trait


@dataclass(frozen=True, slots=True)
class Query:
    """All of these must hold; none at all selects everything."""

    terms: tuple[Term, ...] = ()
