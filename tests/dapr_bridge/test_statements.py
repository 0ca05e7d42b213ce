"""What is shown of a statement: its shape, and nothing that somebody wrote into it."""

import pytest
from psycopg import sql

from dapr_bridge.statements import LONGEST, described


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (
            'SELECT "t"."id" FROM "todo" "t" WHERE "t"."title" = %s LIMIT 21',
            'SELECT "t"."id" FROM "todo" "t" WHERE "t"."title" = %s LIMIT ?',
        ),
        ("SELECT 'it''s mine', 'C:\\' FROM secret", "SELECT ?, ? FROM secret"),
        ("SELECT E'it\\'s', $x$ it's $y$ mine $x$, $$x$$", "SELECT ?, ?, ?"),
        ("UPDATE t1 SET c2 = -3.5e7, d = date '2026-01-01' -- of ada@example.com", "UPDATE t1 SET c2 = -?, d = date ? ?"),
        ("DELETE FROM t /* ada */ WHERE id = %(id)s AND n IN (1, 23)", "DELETE FROM t ? WHERE id = %(id)s AND n IN (?, ?)"),
        ('SELECT "it\'s a 2nd ""name""" FROM "9 lives"', 'SELECT "it\'s a 2nd ""name""" FROM "9 lives"'),
        ('SAVEPOINT "s140_x2"', "SAVEPOINT ?"),
        ('ROLLBACK TO SAVEPOINT "s140_x2"', "ROLLBACK TO SAVEPOINT ?"),
        ("", ""),
    ],
)
def test_values_become_question_marks_and_names_stay(written: str, shown: str) -> None:
    assert described(written).text == shown


@pytest.mark.parametrize(
    ("written", "summary"),
    [
        ("select 1 from todo, project", "SELECT todo"),
        ('INSERT INTO "todo" (id) SELECT id FROM old', "INSERT todo"),
        ("SET TRANSACTION READ ONLY", "SET"),
    ],
)
def test_the_summary_is_the_operation_and_the_first_table(written: str, summary: str) -> None:
    assert described(written).summary == summary


def test_a_composed_statement_is_shown_like_a_written_one() -> None:
    composed = sql.SQL("SELECT {} FROM {} WHERE x = {}").format(sql.Identifier("a"), sql.Identifier("b"), sql.Literal("mine"))
    assert described(composed).text == 'SELECT "a" FROM "b" WHERE x = ?'


def test_a_long_statement_is_cut() -> None:
    assert len(described("SELECT " + "a, " * LONGEST).text) == LONGEST
