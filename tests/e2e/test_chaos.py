"""Nothing is lost and nothing happens twice while processes are really killed under load.

Eight people write at once while, at random moments, the relays, the API and PostgreSQL are killed with SIGKILL and started
again. A request may be cut off or answered 503 while something is down; it is then repeated with the same Idempotency-Key until it
is answered, as the gateway does. Everything that was answered must be there, once.
"""

import http.client
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.e2e.stack import Answer, Person, Stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

EVENTS = 2_000
KILLS = 15
WRITERS = 8
ACCEPTED = {200, 201, 204}


class Writer:
    """One person who creates, changes, completes, moves and deletes, and remembers what was acknowledged."""

    def __init__(self, stack: Stack, number: int, seed: int) -> None:
        self._stack, self._number = stack, number
        self._chance = random.Random(seed * 1000 + number)
        self.person = Person(stack.port, f"writer{number}@example.com")
        self.written: dict[str, str] = {}  # todo id -> the title last acknowledged
        self.deleted: set[str] = set()
        self.completed: set[str] = set()  # recurring ones
        self.cut_off = 0
        self.short_lived = 0

    def run(self, stop: threading.Event) -> None:
        """Write until told to stop."""
        while not stop.is_set():
            kind = self._chance.choices(
                (self._create, self._update, self._complete, self._delete, self._move, self._bulk, self._come_and_go),
                (6, 5, 4, 2, 2, 2, 0.2),
            )[0]
            kind()

    def insist(self, method: str, path: str, body: Any = None) -> Answer:
        """Send a write until it is answered, always under the same key."""
        key = str(uuid.uuid4())
        deadline = time.monotonic() + 60
        last: object = None
        while time.monotonic() < deadline:
            try:
                last = answer = self.person.ask(method, path, body, Idempotency_Key=key)
            except (OSError, http.client.HTTPException) as error:
                last = error
                self.cut_off += 1
            else:
                if answer.status in ACCEPTED:
                    return answer
                assert answer.status in (503, 409), answer
                assert "Retry-After" in answer.headers, answer
            time.sleep(0.1)
        raise AssertionError(f"{method} {path} was not answered for a minute: {last!r}")

    def _create(self) -> None:
        title = f"todo {self._number} {uuid.uuid4()}"
        body: dict[str, Any] = {"title": title}
        if self._chance.random() < 0.3:
            body |= {"due_on": "2026-01-31", "recurrence": "FREQ=DAILY"}
        todo = self.insist("POST", "/api/v1/todos", body).json
        self.written[todo["id"]] = title

    def _any(self) -> str | None:
        there = [id_ for id_ in self.written if id_ not in self.deleted]
        return self._chance.choice(there) if there else None

    def _update(self) -> None:
        if id_ := self._any():
            title = f"changed {uuid.uuid4()}"
            self.insist("PATCH", f"/api/v1/todos/{id_}", {"title": title})
            self.written[id_] = title

    def _complete(self) -> None:
        if id_ := self._any():
            todo = self.insist("POST", f"/api/v1/todos/{id_}/complete").json
            if todo["recurrence"]:
                self.completed.add(id_)

    def _delete(self) -> None:
        if id_ := self._any():
            self.insist("DELETE", f"/api/v1/todos/{id_}")
            self.deleted.add(id_)

    def _move(self) -> None:
        one, other = self._any(), self._any()
        if one and other and one != other:
            self.insist("POST", f"/api/v1/todos/{one}/move", {"before": other})

    def _bulk(self) -> None:
        titles = [f"bulk {uuid.uuid4()}" for _ in range(5)]
        commands: list[dict[str, Any]] = [{"op": "create", "data": {"title": title}} for title in titles]
        results = self.insist("POST", "/api/v1/todos/bulk", {"commands": commands}).json["results"]
        self.written |= {result["id"]: title for result, title in zip(results, titles, strict=True)}

    def _come_and_go(self) -> None:
        """Somebody signs up, writes, completes, and deletes their account while the consumers are at work on it."""
        self.short_lived += 1
        guest = Person(self._stack.port, f"guest{self._number}-{self.short_lived}@example.com")
        try:
            guest.sign_up()
            for _ in range(3):
                body = {"title": "x", "due_on": "2026-01-01", "recurrence": "FREQ=DAILY"}
                todo = guest.ask("POST", "/api/v1/todos", body)
                if todo.status == 201:
                    guest.ask("POST", f"/api/v1/todos/{todo.json['id']}/complete")
            answer = guest.ask("DELETE", "/api/v1/auth/account", {"password": guest.password})
            assert answer.status in (204, 401, 503), answer
        except (OSError, http.client.HTTPException, KeyError, AssertionError) as error:
            if isinstance(error, AssertionError) and "503" not in str(error):
                raise
            self.cut_off += 1
        finally:
            guest.close()


def torment(stack: Stack, chance: random.Random, *, enough: Callable[[Counter[str]], bool]) -> Counter[str]:
    """Kill something every second or so, and start it again, until it is enough; says what was killed how often.

    To be called from the main thread: the processes live as long as the thread that starts them.
    """
    killed: Counter[str] = Counter()
    while not enough(killed):
        time.sleep(chance.uniform(0.4, 1.6))
        victims = [*stack.relays, *stack.relays, stack.api, stack.postgresql]
        program = chance.choice(victims)
        program.kill()
        killed[program.name.split("-")[0]] += 1
        time.sleep(chance.uniform(0, 0.5))
        if program is stack.postgresql:
            restart_database(stack)
        else:
            program.start()
    return killed


def restart_database(stack: Stack) -> None:
    """Its orphaned children go within moments; until then it refuses to start."""
    for _ in range(50):
        try:
            stack.postgresql.start()
        except AssertionError:
            time.sleep(0.1)
        else:
            return
    stack.postgresql.start()


def test_nothing_is_lost_or_done_twice_while_everything_is_killed(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(10**6)
    print("seed", seed)
    with Stack(tmp_path, relays=2).running() as stack:
        writers = [Writer(stack, number, seed) for number in range(WRITERS)]
        for writer in writers:
            writer.person.sign_up()
        stop = threading.Event()
        errors: list[BaseException] = []

        def write(writer: Writer) -> None:
            try:
                writer.run(stop)
            except BaseException as error:
                errors.append(error)
            finally:
                writer.person.close()

        threads = [threading.Thread(target=write, args=(writer,)) for writer in writers]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 150

        def enough(killed: Counter[str]) -> bool:
            done = len(killed) == 3 and killed.total() >= KILLS and enqueued(stack) >= EVENTS
            return done or bool(errors) or time.monotonic() > deadline

        killed = torment(stack, random.Random(seed), enough=enough)
        stop.set()
        for thread in threads:
            thread.join(90)
        assert not errors, errors
        assert set(killed) == {"relay", "api", "postgresql"}, killed
        until_quiet(stack, within=30)
        check(stack, writers)


def enqueued(stack: Stack) -> int:
    """How many events there are; 0 while the database is away."""
    try:
        ((count,),) = stack.query("SELECT count(*) FROM dapr_bridge_outbox")
    except psycopg.OperationalError:
        return 0
    return int(count)


def until_quiet(stack: Stack, within: float) -> None:
    """Every event is delivered soon after the last fault."""
    deadline = time.monotonic() + within
    while True:
        left = stack.query(
            "SELECT type, subject, failures, parked_at, last_error FROM dapr_bridge_outbox WHERE delivered_at IS NULL LIMIT 5"
        )
        if not left:
            return
        assert time.monotonic() < deadline, left
        time.sleep(0.2)


def check(stack: Stack, writers: list[Writer]) -> None:
    """What was acknowledged is there, once; what follows from it happened, once, in order."""
    assert enqueued(stack) >= EVENTS
    rows = {str(id_): (title, deleted) for id_, title, deleted in stack.query("SELECT id, title, deleted_at IS NOT NULL FROM todos_todo")}
    for writer in writers:
        for id_, title in writer.written.items():
            assert rows[id_] == (title, id_ in writer.deleted)
    acknowledged = {id_ for writer in writers for id_ in writer.written}
    unknown = stack.query(
        "SELECT t.id FROM todos_todo t JOIN todos_user u ON u.id = t.owner_id"
        " WHERE u.email LIKE 'writer%%' AND repeats_id IS NULL AND NOT t.id = ANY(%s::uuid[])",
        list(acknowledged),
    )
    assert not unknown, "no request took effect twice"
    lost = stack.query(
        "SELECT o.type, o.subject FROM dapr_bridge_outbox o JOIN todos_user u ON u.id = (o.data->>'owner')::uuid"
        " WHERE NOT EXISTS (SELECT FROM todos_activity a WHERE a.id = o.id)"
    )
    assert not lost, "every event of those who are still there is in the activity"
    repeated = {str(id_) for (id_,) in stack.query("SELECT repeats_id FROM todos_todo WHERE repeats_id IS NOT NULL")}
    for writer in writers:
        assert writer.completed - repeated <= writer.deleted, "every recurring todo that was completed has its successor"
    assert_in_order(stack)
    assert not [relay.name for relay in stack.relays if "deadlock detected" in relay.log()]
    assert "deadlock detected" not in stack.api.log()


def assert_in_order(stack: Stack) -> None:
    """Every due consumer has its receipt, and those of a todo were handled in the order in which they happened."""
    missing = stack.query(
        "SELECT o.type, wanted.consumer FROM dapr_bridge_outbox o, unnest(o.due) AS wanted(consumer)"
        " WHERE NOT EXISTS (SELECT FROM dapr_bridge_receipt r WHERE r.event_id = o.id AND r.consumer = wanted.consumer)"
    )
    assert not missing, "every due consumer has its receipt"
    disorder = stack.query(
        "SELECT subject, consumer FROM (SELECT o.subject, r.consumer, r.created_at,"
        " lag(r.created_at) OVER (PARTITION BY o.subject, r.consumer ORDER BY o.position) AS before"
        " FROM dapr_bridge_outbox o JOIN dapr_bridge_receipt r ON r.event_id = o.id) AS seen WHERE created_at < before"
    )
    assert not disorder, "the events of a todo were handled in the order they happened"
