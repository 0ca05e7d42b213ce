"""From the terms of a query to the rows they mean."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.contrib.postgres.lookups import TrigramWordSimilar
from django.contrib.postgres.search import SearchQuery
from django.db.models import BooleanField, Exists, F, Func, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Lower

from todos.models import NO_DUE, Project, Revision, Todo, TodoLabel, User
from todos.query import Due, Labelled, Overdue, Priority, Query, Term, Trait, Within, Word

SHORTEST_WITH_TYPOS = 4  # shorter words resemble too many others
LONGEST_WITH_TYPOS = 40
_DAY = timedelta(days=1)
_FIRST, _LAST = date(1800, 1, 1), date(9999, 1, 1)  # no todo is due beyond these, and days can still be added to them
_TRAITS: Mapping[tuple[str, str], Q] = {
    ("is", "done"): Q(completed_at__isnull=False),
    ("is", "recurring"): ~Q(recurrence=""),
    ("is", "subtask"): Q(parent__isnull=False),
    ("has", "notes"): ~Q(notes=""),
    ("has", "reminder"): Q(remind_at__isnull=False),
    ("has", "due"): Q(due_sort__lt=NO_DUE),
    ("has", "labels"): Q(Exists(TodoLabel.objects.filter(todo=OuterRef("pk")))),
    ("has", "subtasks"): Q(Exists(Todo.objects.live().filter(parent=OuterRef("pk")))),
}


def matching(todos: QuerySet[Todo], query: Query, *, owner: User) -> QuerySet[Todo]:
    """Those of the owner's todos for which every term holds.

    A word that begins no word of any of these todos is looked for with typos in titles; finding that out costs one query.
    """
    misspelt = _misspelt(todos, query, owner)
    for term in query.terms:
        condition = _resembling(term) if isinstance(term, Word) and term in misspelt else _condition(term, owner)
        todos = todos.filter(~condition if term.negated else condition)
    return todos


def _condition(term: Term, owner: User) -> Q:
    match term:
        case Word():
            return Q(search=_text_query(term)) if _has_letters(term.text) else Q(title__icontains=term.text)
        case Within():
            return Q(project__in=Project.objects.owned_by(owner).filter(name__iexact=term.project))
        case Labelled():
            carried = TodoLabel.objects.filter(owner=owner, label__name__iexact=term.label)
            return Q(id__in=carried.values("todo_id"))
        case Priority():
            return Q(priority=term.level)
        case Due():
            return _due_between(term.first, term.last, ZoneInfo(owner.time_zone))
        case Overdue():
            return Q(completed_at__isnull=True) & _due_between(None, term.today - _DAY, ZoneInfo(owner.time_zone))
        case Trait():
            return _TRAITS[term.verb, term.name]


def _due_between(first: date | None, last: date | None, zone: ZoneInfo) -> Q:
    """Due on these days of the user's calendar: an all-day todo by its own date, a moment by the day it is where the user is."""
    days, moments, near = Q(due_on__isnull=False), Q(due_at__isnull=False), Q(due_sort__lt=NO_DUE)
    if first is not None:
        first = min(max(first, _FIRST), _LAST)
        begins = _midnight(first, zone)
        days, moments, near = days & Q(due_on__gte=first), moments & Q(due_at__gte=begins), near & Q(due_sort__gte=begins - _DAY)
    if last is not None:
        last = min(max(last, _FIRST), _LAST)
        ends = _midnight(last + _DAY, zone)
        days, moments, near = days & Q(due_on__lte=last), moments & Q(due_at__lt=ends), near & Q(due_sort__lt=ends + _DAY)
    return near & (days | moments)  # `near` is what the index on due_sort can answer, whatever zone an all-day todo is in


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)


def _text_query(word: Word) -> SearchQuery:
    if word.exact:
        return SearchQuery(word.text, config="simple", search_type="phrase")
    quoted = word.text.replace("\\", "\\\\").replace("'", "''")
    return SearchQuery(f"'{quoted}':*", config="simple", search_type="raw")


def _has_letters(text: str) -> bool:
    return any(character.isalnum() for character in text)


def _misspelt(todos: QuerySet[Todo], query: Query, owner: User) -> set[Word]:
    words = [term for term in query.terms if isinstance(term, Word) and _may_be_misspelt(term)]
    if not words:
        return set()
    known = {f"word_{number}": Exists(todos.filter(search=_text_query(word))) for number, word in enumerate(words)}
    found = Revision.objects.filter(user=owner).annotate(**known).values_list(*known).get()
    return {word for word, is_known in zip(words, found, strict=True) if not is_known}


def _may_be_misspelt(word: Word) -> bool:
    return not (word.negated or word.exact) and SHORTEST_WITH_TYPOS <= len(word.text) <= LONGEST_WITH_TYPOS and word.text.isalpha()


def _resembling(word: Word) -> Q:
    """Some word of the title differs from this one by a typo or two. The trigram index finds candidates, so similarity comes first."""
    text, typos = word.text.lower(), 1 if len(word.text) == SHORTEST_WITH_TYPOS else 2
    close = Func(F("title_sort"), Value(text), Value(typos), function="todos_resembles", output_field=BooleanField())
    return Q(TrigramWordSimilar(Lower(F("title")), text)) & Q(close)
