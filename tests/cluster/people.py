"""People at work in the cluster while a test does something to it, and the search for what became of all they were told."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.cluster.cluster import Cluster, eventually

PEOPLE = 4
BEFORE, AFTER = 2.0, 4.0  # seconds of work before something happens, and after
QUIET = 60  # seconds, for the last event to arrive


@dataclass
class Work:
    """What people did; `told` is what `load.py` wrote at the end, `found` what was counted in the database."""

    told: dict[str, Any] = field(default_factory=dict)
    found: dict[str, int] = field(default_factory=dict)

    @property
    def owners(self) -> str:
        """SQL: whose it was."""
        (domain,) = {person["email"].partition("@")[2] for person in self.told["people"]}
        return f"(SELECT id FROM todos_user WHERE email LIKE '%@{domain}')"

    @property
    def counts(self) -> dict[str, Any]:
        """What the report says of it."""
        return {name: value for name, value in self.told.items() if name not in ("people", "kinds")} | self.found


@contextmanager
def at_work(cluster: Cluster) -> Iterator[Work]:
    """People work meanwhile; `told` is there at the end."""
    argv = ["kubectl", "--namespace", cluster.namespace, "exec", "-i", "outsider", "--", "python", "-m", "tests.cluster.load"]
    work = Work()
    with subprocess.Popen(
        [*argv, "http://todo-frontend:3000", str(PEOPLE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert (line := process.stdout.readline()) == "ready\n", line + process.communicate()[1]
        time.sleep(BEFORE)
        try:
            yield work
            time.sleep(AFTER)
        finally:
            said, error = process.communicate(timeout=120)
            assert said, f"the load ended without a summary: {error}"
            work.told = json.loads(said)


def nobody_noticed(work: Work) -> None:
    """No request failed, and there were some of each kind."""
    assert work.told["failed"] == 0, work.told["failures"]
    assert set(work.told["kinds"]) == {"session", "sign up", "list", "detail", "create", "update", "complete", "delete", "page"}


def everything_is_there_once(cluster: Cluster, work: Work) -> None:
    """What was acknowledged is there, once, as last written; each event has one receipt and one effect of each consumer, in order."""
    eventually(lambda: not cluster.query(f"SELECT position FROM dapr_bridge_outbox WHERE {_of(work)} AND delivered_at IS NULL"), QUIET)
    todos = cluster.query(
        f"SELECT id, title, deleted_at IS NOT NULL AS deleted, repeats_id AS repeats FROM todos_todo WHERE owner_id IN {work.owners}"
    )
    rows = {row["id"]: row for row in todos}
    written = {id_: title for person in work.told["people"] for id_, title in person["written"].items()}
    deleted = {id_ for person in work.told["people"] for id_ in person["deleted"]}
    completed = {id_ for person in work.told["people"] for id_ in person["completed"]}
    assert {id_: (rows[id_]["title"], rows[id_]["deleted"]) for id_ in written if id_ in rows} == {
        id_: (title, id_ in deleted) for id_, title in written.items()
    }
    successors = [row["repeats"] for row in todos if row["repeats"]]
    assert sorted(successors) == sorted(completed), "each recurring todo that was completed has one successor, and no other has"
    assert set(rows) - set(written) == {row["id"] for row in todos if row["repeats"]}, "no request took effect twice"
    work.found = {"writes": len(written) + len(deleted), "successors": len(completed), "events": _events_in_order(cluster, work)}


def _events_in_order(cluster: Cluster, work: Work) -> int:
    """How many events there were; every consumer that was due has its receipt, its effect is there once, and nothing overtook."""
    events = f"(SELECT * FROM dapr_bridge_outbox WHERE {_of(work)})"
    missing = cluster.query(
        f"SELECT o.type, wanted.consumer FROM {events} o, unnest(o.due) AS wanted(consumer) WHERE (SELECT count(*)"
        " FROM dapr_bridge_receipt r WHERE r.event_id = o.id AND r.consumer = wanted.consumer) <> 1"
    )
    assert missing == [], "every due consumer has one receipt"
    lost = cluster.query(f"SELECT o.type FROM {events} o WHERE (SELECT count(*) FROM todos_activity a WHERE a.id = o.id) <> 1")
    assert lost == [], "every event is in the activity once"
    overtaken = cluster.query(
        "SELECT subject, consumer FROM (SELECT o.subject, r.consumer, r.created_at,"
        " lag(r.created_at) OVER (PARTITION BY o.subject, r.consumer ORDER BY o.position) AS before"
        f" FROM {events} o JOIN dapr_bridge_receipt r ON r.event_id = o.id) AS seen WHERE created_at < before"
    )
    assert overtaken == [], "the events of a todo were handled in the order in which they happened"
    ((count,),) = (row.values() for row in cluster.query(f"SELECT count(*) FROM {events} o"))
    assert count, "there were some"
    return int(count)


def _of(work: Work) -> str:
    return f"(data->>'owner')::uuid IN {work.owners}"
