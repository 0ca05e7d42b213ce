"""From text to terms, or to an error that points at the word."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches
from typing import NoReturn

from todos.query.days import read_due
from todos.query.terms import Labelled, Priority, Query, QueryError, Term, Trait, Within, Word

MAX_LENGTH = 500
MAX_TERMS = 50

# The keys, and what belongs behind each.
_WANTED = {
    "project": "the name of a project",
    "label": "the name of a label",
    "priority": "a number from 0 to 4",
    "due": "a day",
    "is": "a state",
    "has": "what a todo may have",
}
_SIGNS = {"#": "project", "@": "label"}
_NAMES = {"is": ("open", "done", "recurring", "subtask"), "has": ("notes", "reminder", "due", "labels", "subtasks")}
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_QUOTES = '"“”„'
# A quote opens only at the start of a term or right after its sign or key, so that 5" and it"s are words.
_TERM = re.compile(
    rf"""(?P<minus>-?)(?:
        (?P<key>[#@]|[A-Za-z]+:)?[{_QUOTES}](?P<quoted>(?:\\.|[^{_QUOTES}\\])*)(?P<closing>[{_QUOTES}]?)
        |(?P<bare_key>[#@]|[A-Za-z]+:(?!//))(?P<value>(?:\\.|\S)*)
        |(?P<word>(?:\\.|\S)+)
    )""",
    re.VERBOSE | re.DOTALL,
)
_PRIORITY = re.compile(r"[pP]([0-4])")


@dataclass(frozen=True, slots=True)
class _Written:
    """A piece of the query where it stands; `raw` still has its backslashes."""

    text: str
    start: int
    end: int

    @property
    def raw(self) -> str:
        return self.text[self.start : self.end]

    @property
    def plain(self) -> str:
        return re.sub(r"\\(.)", r"\1", self.raw, flags=re.DOTALL)

    def wrong(self, message: str) -> NoReturn:
        raise QueryError(message, text=self.text, position=self.start, length=self.end - self.start)


def parse(text: str, *, today: date) -> Query:
    """Understand a query; `today` is the user's present day, which relative days are counted from. Raises QueryError and nothing else."""
    if len(text) > MAX_LENGTH:
        _Written(text, MAX_LENGTH, min(len(text), MAX_LENGTH + 20)).wrong(f"A query may have at most {MAX_LENGTH} characters.")
    if bad := _UNSTORABLE.search(text):
        _Written(text, *bad.span()).wrong("This character cannot be searched for. Remove it.")
    terms: list[Term] = []
    for found in _TERM.finditer(text):
        if len(terms) == MAX_TERMS:
            _Written(text, *found.span()).wrong(f"A query may have at most {MAX_TERMS} terms. Leave this one and those behind it out.")
        term = _term(text, found, today)
        terms.append(replace(term, negated=term.negated != bool(found["minus"]), span=found.span()))
    return Query(tuple(terms))


def _term(text: str, found: re.Match[str], today: date) -> Term:
    whole = _Written(text, *found.span())
    if found["word"] is not None:
        return _word(whole, _Written(text, *found.span("word")))
    if found["quoted"] is None:
        return _keyed(found["bare_key"], _Written(text, *found.span("value")), whole, today)
    value = _Written(text, *found.span("quoted"))
    if not found["closing"]:
        open_end = _Written(text, value.start - 1, len(text))
        open_end.wrong('This quote is never closed. Add a " at the end, or write \\" for the character itself.')
    if not value.plain.strip():
        whole.wrong("There is nothing between these quotes. Write something there or leave them out.")
    return _keyed(found["key"], value, whole, today) if found["key"] else Word(value.plain, exact=True)


def _word(whole: _Written, word: _Written) -> Term:
    if level := _PRIORITY.fullmatch(word.raw):
        return Priority(int(level[1]))
    if word.raw.lower() == "done":
        return Trait("is", "done")
    if not word.plain.strip():
        whole.wrong("There is nothing to look for here. Leave it out.")
    return Word(word.plain)


def _keyed(written: str, value: _Written, whole: _Written, today: date) -> Term:
    key = _SIGNS.get(written) or written.removesuffix(":").lower()
    if key not in _WANTED:
        if not value.raw:
            return Word(written)
        known = _one_of(f"{known}:" for known in _WANTED)
        whole.wrong(f"{written} is not known. Use {known}, or quotes to look for it as text.{_hint(key, _WANTED, ':')}")
    if not value.raw:
        whole.wrong(f"Write {_WANTED[key]} directly behind this.")
    if key == "project":
        return Within(value.plain)
    if key == "label":
        return Labelled(value.plain)
    if key == "priority":
        if value.raw not in ("0", "1", "2", "3", "4"):
            value.wrong("A priority is 1 (most urgent), 2, 3, 4 or 0 (none).")
        return Priority(int(value.raw))
    if key == "due":
        return read_due(value.text, value.start, value.end, today=today)
    return _trait(key, value)


def _trait(key: str, value: _Written) -> Term:
    name, names = value.raw.lower(), _NAMES[key]
    if name not in names:
        value.wrong(f"{key}: takes {_one_of(names)}.{_hint(name, names)}")
    if name == "open":
        return Trait("is", "done", negated=True)
    return Trait("is" if key == "is" else "has", name)


def _one_of(words: Iterable[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}"


def _hint(word: str, known: Iterable[str], behind: str = "") -> str:
    close = get_close_matches(word, list(known), n=1)
    return f" Did you mean {close[0]}{behind}?" if close else ""
