"""What people may write, what it means, and what they are told when it means nothing."""

from datetime import date

import pytest
from hypothesis import example, given

from tests.todos.query.texts import queries
from todos.query import (
    MAX_LENGTH,
    MAX_TERMS,
    Due,
    Labelled,
    Overdue,
    Priority,
    Query,
    QueryError,
    Term,
    Trait,
    Within,
    Word,
    parse,
)

TODAY = date(2026, 1, 14)  # a Wednesday


def day(text: str) -> Due:
    return Due(date.fromisoformat(text), date.fromisoformat(text))


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("", []),
        ("  ", []),
        ("milk", [Word("milk")]),
        ('"exact words"', [Word("exact words", exact=True)]),
        ("“exact words”", [Word("exact words", exact=True)]),
        ("-milk", [Word("milk", negated=True)]),
        ('-"sour milk"', [Word("sour milk", exact=True, negated=True)]),
        ("#home", [Within("home")]),
        ('-#"my project"', [Within("my project", negated=True)]),
        ("project:home", [Within("home")]),
        ("#a\\ b", [Within("a b")]),
        ("#über-haus", [Within("über-haus")]),
        ("@work", [Labelled("work")]),
        ('LABEL:"at work"', [Labelled("at work")]),
        ("p1 P0 priority:4", [Priority(1), Priority(0), Priority(4)]),
        ("p5", [Word("p5")]),
        ("done", [Trait("is", "done")]),
        ("-done", [Trait("is", "done", negated=True)]),
        ("is:open", [Trait("is", "done", negated=True)]),
        ("-is:open", [Trait("is", "done")]),
        ('"done" \\done', [Word("done", exact=True), Word("done")]),
        ("is:Recurring is:subtask", [Trait("is", "recurring"), Trait("is", "subtask")]),
        ("has:notes -has:labels", [Trait("has", "notes"), Trait("has", "labels", negated=True)]),
        ("due:any due:none", [Trait("has", "due"), Trait("has", "due", negated=True)]),
        ("-due:none", [Trait("has", "due")]),
        ("due:today", [day("2026-01-14")]),
        ("due:Tomorrow", [day("2026-01-15")]),
        ("due:yesterday", [day("2026-01-13")]),
        ("due:wednesday", [day("2026-01-14")]),
        ("due:tue", [day("2026-01-20")]),
        ('due:"2026-02-01"', [day("2026-02-01")]),
        ("due:week", [Due(TODAY, date(2026, 1, 20))]),
        ("due:overdue", [Overdue(TODAY)]),
        ("due:overdue<2026-01-10", [Overdue(date(2026, 1, 10))]),
        ("due:<2026-01-10", [Due(None, date(2026, 1, 9))]),
        ("due:<=today", [Due(None, TODAY)]),
        ("due:>today", [Due(date(2026, 1, 15), None)]),
        ("due:>=fri", [Due(date(2026, 1, 16), None)]),
        ("due:2026-01-01..2026-01-31", [Due(date(2026, 1, 1), date(2026, 1, 31))]),
        ("due:..today", [Due(None, TODAY)]),
        ("due:today..", [Due(TODAY, None)]),
        ("http://example.org/?q=1 9:30 C#", [Word("http://example.org/?q=1"), Word("9:30"), Word("C#")]),
        ('5" it"s note: - a-b', [Word('5"'), Word('it"s'), Word("note:"), Word("-"), Word("a-b")]),
        ('\\#1 \\-x due\\:today \\"', [Word("#1"), Word("-x"), Word("due:today"), Word('"')]),
        ('"say \\"hi\\""', [Word('say "hi"', exact=True)]),
        ('"a"b', [Word("a", exact=True), Word("b")]),
        ("end\\", [Word("end\\")]),
    ],
)
def test_a_query_means_what_it_says(text: str, terms: list[Term]) -> None:
    assert parse(text, today=TODAY) == Query(tuple(terms))


@pytest.mark.parametrize(
    ("text", "word", "sentence"),
    [
        ("milk duee:today p1", "duee:today", "Did you mean due:?"),
        ("foo:bar", "foo:bar", "project:, label:, priority:, due:, is: or has:"),
        ("mailto:me@example.org", "mailto:me@example.org", "quotes"),
        ("p1 -due:sumday", "sumday", "today, tomorrow, a weekday"),
        ("due:2026-02-30", "2026-02-30", "no such day"),
        ("due:9999-01-01", "9999-01-01", "from 1900 to 9998"),
        ("due:<0001-01-01", "0001-01-01", "from 1900 to 9998"),
        ("due:2026-01-01..soon", "soon", "not a day"),
        ("due:soon..2026-01-01", "soon", "not a day"),
        ("due:friday..today", "friday..today", "must not be later"),
        ("due:..", "..", "not a day"),
        ("due:<", "<", "not a day"),
        ("due:", "due:", "a day"),
        ("a is:opne", "opne", "Did you mean open?"),
        ("has:wings", "wings", "notes, reminder, due, labels or subtasks"),
        ("priority:7", "7", "1 (most urgent)"),
        ("priority:٣", "٣", "1 (most urgent)"),
        ("#", "#", "name of a project"),
        ("milk -@ x", "-@", "name of a label"),
        ('a "never closed', '"never closed', "never closed"),
        ('#"never closed\\"', '"never closed\\"', "never closed"),
        ('a "" b', '""', "nothing between"),
        ("\\ ", "\\ ", "nothing to look for"),
        ("a\0b", "\0", "Remove it"),
        ("a\ud800b", "\ud800", "Remove it"),
        ("x" * MAX_LENGTH + "yz", "yz", "at most 500"),
        ("a " * MAX_TERMS + "last", "last", "at most 50"),
    ],
)
def test_an_error_points_at_the_word_and_says_what_to_write(text: str, word: str, sentence: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(text, today=TODAY)
    error = caught.value
    assert error.word == word
    assert text[error.position : error.position + error.length] == word
    assert sentence in error.message


@given(queries)
@example("is:\\")
@example("-")
def test_no_text_raises_anything_but_an_error_with_a_place_in_the_text(text: str) -> None:
    try:
        query = parse(text, today=TODAY)
    except QueryError as error:
        outside = error.position < 0 or error.length < 1 or error.position + error.length > len(text)
        assert not outside, (error.position, error.length)  # noqa: PT017 - either way is right, this is about the wrong ones
        assert text[error.position :].startswith(error.word)  # noqa: PT017
        return
    spans = [term.span for term in query.terms]
    assert spans == sorted(spans)
    assert "".join(text[start:end] for start, end in spans) == "".join(text.split()) or "\\" in text or '"' in text or "“" in text
