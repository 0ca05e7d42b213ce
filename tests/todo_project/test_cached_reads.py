"""Reads of the product answered from a real state store through a real daprd: always what PostgreSQL would have answered."""

from __future__ import annotations

import random
import runpy
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import redis
from django.core.cache import caches
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from dapr_bridge import phases, reports, shadow, sidecar, switches, tally
from dapr_bridge.fake_sidecar import pointed_at
from dapr_bridge.models import BlockSwitch, ShadowMismatch
from dapr_bridge.pytest_dapr import DaprRuntime, Sidecar, Valkey
from tests.e2e.dapr_stack import eventually
from tests.e2e.proxy import Proxy
from todos.models import ApiToken, Label, Project, Todo, User
from todos.services import accounts, labels, projects, todos

pytestmark = [pytest.mark.dapr, pytest.mark.django_db(transaction=True)]

ROOT = Path(__file__).resolve().parents[2]
API = "/api/v1"
READS = [
    *("todos", "todos?limit=1", "todos?sort=-due&completed=false", "todos?q=milk", "todos/{todo}"),
    *("projects", "projects/{project}", "labels", "labels/{label}", "trash"),
]
BUDGET = 0.05
PATIENCE = 5.0  # in place of the budget, where a test is not about it: a busy machine is no miss


@pytest.fixture(scope="module")
def daprd(dapr_runtime: DaprRuntime) -> Iterator[Sidecar]:
    """The api's sidecar."""
    with dapr_runtime.sidecar("todo-backend") as started:
        yield started


@pytest.fixture(autouse=True)
def _beside(transactional_db: None, daprd: Sidecar, valkey_server: Valkey, settings: Settings) -> Iterator[None]:
    """All settings allow everything, the sidecar is there and its store is empty."""
    for name in switches.CEILINGS.values():
        setattr(settings, name, True)
    valkey_server.flushall()
    with pointed_at(http_port=daprd.http_port, grpc_port=daprd.grpc_port, API_TOKEN=daprd.api_token, REQUEST_BUDGET_SECONDS=PATIENCE):
        sidecar.save_states("statestore", {"self-test": b"connect"}, 1, 5)
        yield
        reports.stop()
        shadow.stop()
        switches.stop()
    with connection.cursor() as cursor:  # the history of switches cannot be flushed like other tables
        cursor.execute(
            "ALTER TABLE dapr_bridge_switchchange DISABLE TRIGGER USER; TRUNCATE dapr_bridge_switchchange;"
            " ALTER TABLE dapr_bridge_switchchange ENABLE TRIGGER USER"
        )


def switch(**stages: str) -> None:
    """Bring blocks to stages as an operator's rows would, here at once."""
    for block, stage in stages.items():
        BlockSwitch.objects.update_or_create(block=block, defaults={"stage": stage})
    eventually(lambda: all(switches.refresh().row(block).stage == stage for block, stage in stages.items()))


@pytest.fixture
def cached() -> None:
    """Phase 4, less what the api has no part in."""
    switch(sidecar="on", state="on")


@pytest.fixture
def store(valkey_server: Valkey) -> Iterator[redis.Redis]:
    """What anybody who can reach Redis may do there."""
    with redis.Redis.from_url(valkey_server.url) as client:
        yield client


@pytest.fixture
def mine(alice: User) -> dict[str, Any]:
    """Something of every kind."""
    project = projects.create_project(owner=alice, name="Home")
    label = labels.create_label(owner=alice, name="shop")
    todo = todos.create_todo(owner=alice, title="Buy milk", project=project.id, labels=[label.id])
    thrown = todos.create_todo(owner=alice, title="Thrown away")
    todos.delete_todo(owner=alice, todo_id=thrown.id)
    return {"todo": todo.id, "project": project.id, "label": label.id}


@pytest.fixture
def api(alice: User, client_of: Callable[..., Client]) -> Client:
    """Alice's client, whose token has been used lately."""
    client = client_of(alice)
    ApiToken.objects.update(last_used_at=timezone.now())
    return client


def kept(store: redis.Redis) -> list[bytes]:
    """The keys of cached answers: what a process writes to try the store is none."""
    return [key for key in store.scan_iter() if b"self-test" not in key]


def value(store: redis.Redis, key: bytes) -> bytes:
    """What daprd keeps there for the api."""
    found = store.hget(key, "data")
    assert isinstance(found, bytes)
    return found


def read(client: Client, path: str, mine: dict[str, Any] | None = None) -> tuple[int, bytes, dict[str, str]]:
    """Everything that an answer says, less what differs from request to request."""
    answer = client.get(f"{API}/{path.format(**mine or {})}")
    headers = {name: value for name, value in answer.headers.items() if name != "X-Request-Id"}
    return answer.status_code, answer.content, headers


def queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(f"{API}/{path}").status_code == 200
    return len(captured)


class TestWhatAHitIs:
    @pytest.mark.parametrize("path", READS)
    def test_it_is_one_query_and_the_same_answer_in_every_byte(
        self, api: Client, mine: dict[str, Any], path: str, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        without = read(api, path, mine)
        switch(sidecar="on", state="on")
        missed = read(api, path, mine)
        with django_assert_num_queries(1):
            hit = read(api, path, mine)
        assert without == missed == hit

    def test_it_is_one_query_with_a_session_too(
        self,
        cached: None,
        alice: User,
        mine: dict[str, Any],
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        browser = Client()
        browser.force_login(alice)
        read(browser, "todos")
        with django_assert_num_queries(1):
            assert read(browser, "todos")[0] == 200

    def test_two_spellings_of_one_question_share_it(
        self, cached: None, api: Client, mine: dict[str, Any], django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        read(api, "todos?limit=50&sort=position")
        with django_assert_num_queries(1):
            read(api, "todos")

    def test_a_link_to_the_next_page_comes_along(self, cached: None, api: Client, mine: dict[str, Any], alice: User) -> None:
        todos.create_todo(owner=alice, title="Another")
        missed, hit = read(api, "todos?limit=1"), read(api, "todos?limit=1")
        assert missed == hit
        assert 'rel="next"' in hit[2]["Link"]

    def test_errors_are_not_kept(self, cached: None, api: Client, mine: dict[str, Any], store: redis.Redis) -> None:
        assert read(api, "todos/01a20d6b-7a18-7780-a7c7-93fcd8459ce9")[0] == 404
        assert read(api, "todos?limit=0")[0] == 400
        assert kept(store) == []


class TestWhatItCosts:
    @pytest.mark.parametrize(
        "stages",
        [
            {},
            {"sidecar": "on"},
            {"sidecar": "on", "invocation": "on", "pubsub": "on"},
            {"sidecar": "on", "state": "shadow"},
        ],
        ids=["phase 0", "phase 1", "phase 3", "shadow"],
    )
    def test_no_query_is_added_where_state_is_not_on(
        self, api: Client, mine: dict[str, Any], settings: Settings, stages: dict[str, str]
    ) -> None:
        def everything() -> list[int]:
            counts = [queries(api, path.format(**mine)) for path in READS]
            for method, path, body in (("POST", "todos", {"title": "x"}), ("PATCH", f"todos/{mine['todo']}", {"title": str(uuid4())})):
                with CaptureQueriesContext(connection) as captured:
                    assert api.generic(method, f"{API}/{path}", _json(body), "application/json").status_code in (200, 201)
                counts.append(len(captured))
            return counts

        settings.DAPR_ENABLED = False
        without = everything()
        settings.DAPR_ENABLED = True
        switch(**stages)
        assert everything() == without

    def test_a_miss_adds_none_either(self, api: Client, mine: dict[str, Any]) -> None:
        without = queries(api, "todos")
        switch(sidecar="on", state="on")
        assert queries(api, "todos") == without

    def test_half_of_the_servers_threads_may_wait_for_the_store(self, settings: Settings) -> None:
        assert settings.DAPR_BRIDGE["STATE_THREADS"] == runpy.run_path(str(ROOT / "gunicorn.conf.py"))["threads"] // 2

    @pytest.mark.parametrize("delay", [0.03, 0.3])
    def test_all_calls_of_a_request_stay_within_its_budget(self, daprd: Sidecar, api: Client, mine: dict[str, Any], delay: float) -> None:
        switch(sidecar="on", state="on")
        with Proxy(daprd.http_port) as http, Proxy(daprd.grpc_port) as grpc, ExitStack() as stack:
            pointed: dict[str, Any] = {
                "http_port": http.port,
                "grpc_port": grpc.port,
                "API_TOKEN": daprd.api_token,
                "REQUEST_BUDGET_SECONDS": BUDGET,
            }
            stack.enter_context(pointed_at(**pointed))
            without = [_seconds(lambda number=number: read(api, f"todos?limit={number}")) for number in range(1, 21)]  # type: ignore[misc]
            http.fault = grpc.fault = "slow"
            http.delay = grpc.delay = delay
            took = [_seconds(lambda number=number: read(api, f"todos?limit={number}")) for number in range(21, 41)]  # type: ignore[misc]
        assert sorted(took)[10] < sorted(without)[10] + BUDGET + 0.02
        assert max(took) < max(without) + 0.25


class TestNothingWrongIsServed:
    @pytest.mark.parametrize(
        "spoil",
        [
            lambda data: data[:-1],
            lambda data: data[: len(data) // 2],
            lambda data: b"",
            lambda data: data + b" ",
            lambda data: (
                b"\x80\x04\x95\x1f\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x04true\x94\x85\x94R\x94."
            ),
            lambda data: b'""\n\n{"results":[],"next_cursor":null}',
            lambda data: bytes(len(data)),
            lambda data: data.replace(b"milk", b"beer"),
            lambda data: data * 2_000,
            lambda data: b"x" * 17_000_000,
        ],
        ids=["cut", "half", "empty", "longer", "a pickle", "unsealed", "zeros", "other words", "oversized", "beyond any limit"],
    )
    @pytest.mark.parametrize("path", ["todos", "todos/{todo}"])
    def test_a_value_that_was_tampered_with_is_a_miss(
        self, cached: None, api: Client, mine: dict[str, Any], store: redis.Redis, path: str, spoil: Callable[[bytes], bytes]
    ) -> None:
        right = read(api, path, mine)
        (key,) = kept(store)
        store.hset(key, "data", spoil(value(store, key)))
        assert read(api, path, mine) == right
        _until_hit(api, path.format(**mine))
        assert read(api, path, mine) == right

    def test_a_key_of_another_type_is_a_miss(self, cached: None, api: Client, mine: dict[str, Any], store: redis.Redis) -> None:
        right = read(api, "todos")
        (key,) = kept(store)
        store.delete(key)
        store.lpush(key, "x")
        assert read(api, "todos") == right

    def test_two_users_values_that_change_places_are_misses(
        self,
        cached: None,
        api: Client,
        mine: dict[str, Any],
        bob: User,
        client_of: Callable[..., Client],
        store: redis.Redis,
    ) -> None:
        todos.create_todo(owner=bob, title="His secret")
        his = client_of(bob)
        hers_right, his_right = read(api, "todos"), read(his, "todos")
        one, other = kept(store)
        first, second = value(store, one), value(store, other)
        store.hset(one, "data", second)
        store.hset(other, "data", first)
        assert read(api, "todos") == hers_right
        assert read(his, "todos") == his_right

    def test_answers_of_one_user_that_change_places_are_misses(
        self, cached: None, api: Client, mine: dict[str, Any], store: redis.Redis
    ) -> None:
        right = [read(api, "todos"), read(api, "labels")]
        one, other = kept(store)
        first, second = value(store, one), value(store, other)
        store.hset(one, "data", second)
        store.hset(other, "data", first)
        assert [read(api, "todos"), read(api, "labels")] == right

    def test_a_new_release_reads_nothing_of_the_old_one(self, cached: None, api: Client, mine: dict[str, Any], settings: Settings) -> None:
        read(api, "todos")
        assert queries(api, "todos") == 1
        settings.VERSION = "next"
        assert queries(api, "todos") > 1

    def test_nothing_is_stored_from_inside_a_transaction_or_by_a_write(
        self, cached: None, api: Client, mine: dict[str, Any], store: redis.Redis
    ) -> None:
        with transaction.atomic():
            Todo.objects.filter(id=mine["todo"]).update(title="Never committed")
            assert b"Never committed" in read(api, "todos")[1]
            transaction.set_rollback(True)
        api.post(f"{API}/todos", {"title": "x"}, "application/json")
        api.patch(f"{API}/todos/{mine['todo']}", {"title": "y"}, "application/json")
        api.delete(f"{API}/todos/{mine['todo']}")
        assert kept(store) == []
        assert b"Never committed" not in read(api, "todos")[1]

    def test_a_flushed_store_is_filled_again(self, cached: None, api: Client, mine: dict[str, Any], valkey_server: Valkey) -> None:
        right = read(api, "todos")
        valkey_server.flushall()
        assert read(api, "todos") == right
        _until_hit(api, "todos")


def _by_orm(mine: dict[str, Any]) -> None:
    Todo.objects.filter(id=mine["todo"]).update(title="Changed")


def _by_sql(mine: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE todos_todo SET title = 'Changed' WHERE id = %s", [mine["todo"]])


def _by_copy(mine: dict[str, Any]) -> None:
    todo = Todo.objects.get(id=mine["todo"])
    Todo.objects.bulk_create([Todo(owner_id=todo.owner_id, project_id=todo.project_id, title="Changed", position=f"{todo.position}1")])


def _by_cascade(mine: dict[str, Any]) -> None:
    Project.objects.filter(id=mine["project"]).delete()


def _by_through_row(mine: dict[str, Any]) -> None:
    Todo.objects.get(id=mine["todo"]).labels.clear()


def _by_label(mine: dict[str, Any]) -> None:
    Label.objects.filter(id=mine["label"]).delete()


def _by_truncate(mine: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE todos_todo CASCADE")


def _by_admin(mine: dict[str, Any]) -> None:
    operator = User.objects.create_superuser("operator@example.com", "correct horse battery 9")
    client = Client()
    client.force_login(operator)
    chosen = {"action": "delete_selected", "_selected_action": str(mine["todo"]), "post": "yes"}
    answer = client.post("/admin/todos/todo/", chosen)
    assert answer.status_code == 302, answer.content[:2000]


class TestNothingOldIsServed:
    @pytest.mark.parametrize(
        "write",
        [_by_orm, _by_sql, _by_copy, _by_cascade, _by_through_row, _by_label, _by_truncate, _by_admin],
        ids=lambda write: write.__name__[1:],
    )
    def test_a_write_by_any_way_is_seen_by_the_next_read(
        self, cached: None, api: Client, mine: dict[str, Any], write: Callable[[dict[str, Any]], None]
    ) -> None:
        before = read(api, "todos")
        assert queries(api, "todos") == 1
        write(mine)
        after = read(api, "todos")
        assert after[1] != before[1]
        switch(state="off")
        assert read(api, "todos") == after

    def test_no_read_is_older_than_its_beginning_while_others_write(
        self,
        cached: None,
        alice: User,
        bob: User,
        client_of: Callable[..., Client],
        in_threads: Callable[..., None],
    ) -> None:
        people = {user: [todos.create_todo(owner=user, title="0").id for _ in range(3)] for user in (alice, bob)}
        committed = {todo: 0 for mine in people.values() for todo in mine}
        stopping, checked, hits = threading.Event(), [0], tally.counts().get("cache_hits", 0)

        def write(todo: UUID, seed: int) -> None:
            chance = random.Random(seed)
            for number in range(1, 1_000_000):
                if stopping.is_set():
                    return
                _set_title(todo, number, chance)
                committed[todo] = number
                time.sleep(chance.uniform(0.01, 0.06))

        def check_once(client: Client, mine: list[UUID], chance: random.Random) -> None:
            floor = {todo: committed[todo] for todo in mine}
            if chance.random() < 0.5:
                shown = {UUID(item["id"]): item["title"] for item in client.get(f"{API}/todos").json()["results"]}
            else:
                one = chance.choice(mine)
                shown = {one: client.get(f"{API}/todos/{one}").json()["title"]}
            for todo, title in shown.items():
                assert int(title) >= floor[todo], f"{title} is older than {floor[todo]}"
            checked[0] += 1

        def check(user: User, seed: int) -> None:
            client, chance = client_of(user), random.Random(seed)
            try:
                while checked[0] < 2_400:
                    check_once(client, people[user], chance)
            finally:
                stopping.set()

        writers = [lambda todo=todo, seed=seed: write(todo, seed) for seed, todo in enumerate(committed)]
        readers = [lambda user=user, seed=seed: check(user, seed) for seed, user in enumerate(people)]
        in_threads(*writers, *readers)
        assert checked[0] >= 2_000
        assert tally.counts().get("cache_hits", 0) - hits > 200


def _set_title(todo: UUID, number: int, chance: random.Random) -> None:
    """Write a number by one of several ways; before it, sometimes, something that is rolled back and that nobody may ever see."""
    if chance.random() < 0.3:
        with transaction.atomic():
            Todo.objects.filter(id=todo).update(title="never committed")
            transaction.set_rollback(True)
    if chance.random() < 0.5:
        Todo.objects.filter(id=todo).update(title=str(number))
    else:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE todos_todo SET title = %s WHERE id = %s", [str(number), todo])


class TestGoingBack:
    def test_switching_off_makes_old_keys_unreachable_and_lets_them_end(
        self, cached: None, api: Client, mine: dict[str, Any], store: redis.Redis
    ) -> None:
        for path in READS:
            read(api, path, mine)
        lives = [store.ttl(key) for key in kept(store)]
        assert len(lives) == len(READS)
        assert all(0 < life <= 600 for life in lives)
        _move("state", "off")
        before = kept(store)
        assert queries(api, "todos") > 1
        assert sorted(kept(store)) == sorted(before)
        _move("state", "on")
        assert queries(api, "todos") > 1
        _until_hit(api, "todos")

    def test_clearing_makes_all_keys_unreachable(self, cached: None, api: Client, mine: dict[str, Any]) -> None:
        read(api, "todos")
        assert queries(api, "todos") == 1
        caches["responses"].clear()
        assert queries(api, "todos") > 1

    def test_a_percentage_means_the_same_users_every_time_and_more_only_adds(
        self,
        cached: None,
        client_of: Callable[..., Client],
    ) -> None:
        clients = [
            client_of(accounts.sign_up(email=f"user{number}@example.com", password="correct horse battery 9")) for number in range(24)
        ]
        ApiToken.objects.update(last_used_at=timezone.now())

        def with_cache(percent: int) -> set[int]:
            BlockSwitch.objects.filter(block="state").update(percent=percent)
            switches.refresh()
            for client in clients:
                client.get(f"{API}/todos")
            return {number for number, client in enumerate(clients) if queries(client, "todos") == 1}

        some, again, more, all_ = with_cache(30), with_cache(30), with_cache(70), with_cache(100)
        assert 0 < len(some) < len(more) < len(all_) == len(clients)
        assert some == again
        assert some < more


class TestShadow:
    def test_what_would_have_been_stale_is_found_and_kept_without_its_values(
        self, api: Client, mine: dict[str, Any], store: redis.Redis
    ) -> None:
        switch(sidecar="on", state="shadow")
        right = read(api, "todos")
        eventually(lambda: len(kept(store)) == 1)
        with connection.cursor() as cursor, transaction.atomic():
            cursor.execute("SET LOCAL session_replication_role = replica")  # as a careless restore does: no trigger moves the token
            cursor.execute("UPDATE todos_todo SET title = 'Secret' WHERE id = %s", [mine["todo"]])
        changed = read(api, "todos")
        assert b"Secret" in changed[1]
        assert changed[1] != right[1]
        mismatch = eventually(ShadowMismatch.objects.first)
        assert mismatch.places == ["/2/results/0/title"]
        assert "Secret" not in str(vars(mismatch))

    def test_what_is_the_same_leaves_nothing_behind(self, api: Client, mine: dict[str, Any], store: redis.Redis) -> None:
        switch(sidecar="on", state="shadow")
        before = tally.counts().get("shadow_compared", 0)
        for path in READS * 2:
            read(api, path, mine)
        eventually(lambda: tally.counts().get("shadow_compared", 0) - before >= len(READS))
        assert not ShadowMismatch.objects.exists()


def _json(value: Any) -> bytes:
    from todos.api.renderers import to_json

    return to_json(value)


def _seconds(work: Callable[[], object]) -> float:
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


def _until_hit(client: Client, path: str) -> None:
    """A spoiled value may have opened the breaker; the probe closes it, and the next miss stores."""
    eventually(lambda: queries(client, path) == 1)


def _move(block: str, stage: str) -> None:
    phases.apply(phases.plan_block(phases.read(), block, stage), who="alice", why="back and forth")
    switches.refresh()
