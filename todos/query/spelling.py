"""The one way to write a query down, for keys of caches: relative days resolved, terms sorted, repeats dropped."""

import re

from todos.query.terms import Due, Labelled, Overdue, Priority, Query, Term, Trait, Within, Word

_SPECIAL = re.compile(r"""[\s\\"“”„:#@-]""")
_TAKEN = re.compile(r"p[0-4]|done", re.IGNORECASE)


def canonical(query: Query) -> str:
    """Text that selects what the query selects, on any day and wherever the terms stood; equal queries have equal texts.

    It parses to the same terms again, as long as it stays within the limits of `parse` (escapes and dates make it longer).
    """
    return " ".join(sorted({f"{'-' * term.negated}{_spelled(term)}" for term in query.terms}))


def _spelled(term: Term) -> str:
    match term:
        case Word(text, exact):
            return _quoted(text) if exact else _escaped(text)
        case Within(project):
            return f"#{_quoted(project)}"
        case Labelled(label):
            return f"@{_quoted(label)}"
        case Priority(level):
            return f"p{level}"
        case Due(first, last):
            if first == last:
                return f"due:{first}"
            return f"due:{first or ''}..{last or ''}"
        case Overdue(today):
            return f"due:overdue<{today}"
        case Trait(verb, name):
            return f"{verb}:{name}"


def _quoted(text: str) -> str:
    return '"' + re.sub(r'[\\"“”„]', r"\\\g<0>", text) + '"'


def _escaped(text: str) -> str:
    return f"\\{text}" if _TAKEN.fullmatch(text) else _SPECIAL.sub(r"\\\g<0>", text)
