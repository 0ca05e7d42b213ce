"""Texts that look like queries, for property tests."""

from hypothesis import strategies as st

PIECES = [
    *(
        "due:",
        "today",
        "friday",
        "..",
        "<",
        ">=",
        "2026-01-31",
        "2026-02-30",
        "0001-01-01",
        "overdue",
        "week",
        "none",
        "is:",
        "has:",
        "done",
    ),
    *(
        "open",
        "notes",
        "#",
        "@",
        "-",
        '"',
        "“",
        "\\",
        " ",
        ":",
        "//",
        "p1",
        "p7",
        "priority:",
        "project:",
        "label:",
        "foo:",
        "milk",
        "é",
        "\0",
    ),
]
queries = st.text(max_size=80) | st.lists(st.sampled_from(PIECES), max_size=14).map("".join)
