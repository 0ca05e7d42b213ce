"""The query language of lists: `due:today p1 #home @work -done "exact words" milk`, from text to terms.

All terms must hold. A minus before a term turns it round.

| written | means |
|---|---|
| `milk` | a word of title or notes that begins like this |
| `"exact words"` | these words next to each other, whole |
| `#home`, `#"my project"`, `project:home` | in the project of this name |
| `@work`, `label:work` | with the label of this name |
| `p1` to `p4`, `p0`, `priority:1` | priority 1 (most urgent) to 4, or none |
| `due:today`, `tomorrow`, `yesterday`, `friday`, `2026-01-31` | due on this day; a weekday is the next one, today included |
| `due:week` | due today or on one of the six days behind it |
| `due:<friday`, `<=`, `>`, `>=` | due before, until, after, from this day |
| `due:2026-01-01..2026-01-31`, `due:..friday`, `due:today..` | due on these days, both ends included |
| `due:overdue` | due before today and not done |
| `due:none`, `due:any` | without, with a due date |
| `is:open`, `is:done` or `done`, `is:recurring`, `is:subtask` | in this state; `-done` is `is:open` |
| `has:notes`, `reminder`, `due`, `labels`, `subtasks` | with at least one |

Quotes, or a backslash before a character, take away its special meaning: `"done"` and `\\#1` are looked for as text.
"""

from todos.query.parsing import MAX_LENGTH, MAX_TERMS, parse
from todos.query.spelling import canonical
from todos.query.terms import Due, Labelled, Overdue, Priority, Query, QueryError, Term, Trait, Within, Word

__all__ = [
    "MAX_LENGTH",
    "MAX_TERMS",
    "Due",
    "Labelled",
    "Overdue",
    "Priority",
    "Query",
    "QueryError",
    "Term",
    "Trait",
    "Within",
    "Word",
    "canonical",
    "parse",
]
