"""Strategies for the tests of recurrence."""

from datetime import date

from hypothesis import strategies as st

from todos.recurrence import InvalidRecurrence, parse

DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
days_of_the_calendar = st.dates(date(1990, 1, 1), date(2090, 12, 31))
zones = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu", "America/St_Johns"]
)


def _list(numbers: st.SearchStrategy[int]) -> st.SearchStrategy[str]:
    return st.lists(numbers, min_size=1, max_size=4).map(lambda values: ",".join(map(str, values)))


@st.composite
def rules(draw: st.DrawFn, *, ends: bool = True) -> str:
    """Rules as people and programs write them, possible ones only."""
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts = [f"FREQ={frequency}"]
    numbered = st.builds(lambda which, day: f"{which}{day}", st.sampled_from(["", "1", "-1", "2", "+4"]), st.sampled_from(DAYS))
    optional = {
        "INTERVAL": st.integers(1, 10).map(str),
        "BYMONTH": _list(st.integers(1, 12)),
        "BYMONTHDAY": _list(st.integers(1, 31) | st.integers(-31, -1)),
        "BYDAY": st.lists(numbered if frequency in ("MONTHLY", "YEARLY") else st.sampled_from(DAYS), min_size=1, max_size=4).map(",".join),
        "BYSETPOS": _list(st.sampled_from([1, 2, -1, -2])),
        "WKST": st.sampled_from(DAYS),
        "COUNT": st.integers(1, 1000).map(str),
        "UNTIL": st.dates(date(1990, 1, 1), date(2100, 1, 1)).map(lambda day: f"{day:%Y%m%d}"),
    }
    left_out = draw(st.sampled_from([{"COUNT"}, {"UNTIL"}])) if ends else {"COUNT", "UNTIL"}
    if frequency == "WEEKLY":
        left_out = left_out | {"BYMONTHDAY"}
    for name in draw(st.lists(st.sampled_from(sorted(optional)), unique=True, max_size=4)):
        if name not in left_out:
            parts.append(f"{name}={draw(optional[name])}")
    rule = ";".join(parts)
    try:
        parse(rule)
    except InvalidRecurrence:
        return f"FREQ={frequency}"
    return rule
