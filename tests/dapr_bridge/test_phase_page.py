"""The operators' page of the phases: what it shows to whom, and that a step needs a confirmation, a reason and what it rests on."""

import re
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from dapr_bridge import phases, reports
from dapr_bridge.fake_sidecar import FakeSidecar
from dapr_bridge.models import OutboxEvent, ProcessReport, ShadowMismatch, SwitchChange
from dapr_bridge.switches import BLOCKS
from tests.dapr_bridge.conftest import enqueue, eventually, switch

PAGE, STEP = "/admin/dapr_bridge/blockswitch/", "/admin/dapr_bridge/blockswitch/step/"


def someone(*permissions: str) -> Client:
    user = User.objects.create_user("alice", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    return client


@pytest.fixture
def alice(rows: None) -> Client:
    """An operator."""
    return someone("operate_blockswitch")


@pytest.fixture
def reporting(rows: None, fake: FakeSidecar) -> FakeSidecar:
    """This process has reported its sidecar, and goes on doing so."""
    reports.start()
    eventually(lambda: reports.recent().exists())
    return fake


def text(answer: Any) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


def fields(answer: Any) -> dict[str, str]:
    """The hidden fields of a confirmation, and the token."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', answer.content.decode()))


def take(client: Client, *, why: str = "", **step: Any) -> Any:
    """Choose a step, confirm it, and follow to where that leads."""
    asked = client.get(STEP, step)
    assert asked.status_code == 200, asked
    return client.post(STEP, {**fields(asked), "why": why}, follow=True)


def test_the_page_tells_what_was_asked_what_is_done_and_what_is_wrong(alice: Client, reporting: FakeSidecar, settings: Settings) -> None:
    settings.DAPR_STATE_ENABLED = False
    switch(sidecar="on", state="on")
    page = text(alice.get(PAGE))
    assert "Phase 1 of 5" in page
    assert "1 sidecar on on allowed" in page
    assert "4 state on off forbidden : DAPR_STATE_ENABLED" in page
    assert "state is switched on, but the settings forbid it" in page
    assert "fake daprd 1.18.2" in page
    assert "pubsub pubsub.redis statestore state.redis" in page


def test_the_page_counts_what_waits_what_is_parked_and_what_the_cache_did(alice: Client) -> None:
    enqueue("order/1")
    enqueue("order/2")
    OutboxEvent.objects.filter(subject="order/2").update(parked_at="2026-01-02T03:04:05Z")
    ShadowMismatch.objects.create(key="a", stored_length=1, fresh_length=2, places=["/title"])
    for pid, counts in enumerate([{"cache_hits": 5, "events_published": 7}, {"cache_hits": 1, "cache_misses": 1, "cache_errors": 1}]):
        report(pid, counts=counts)
    page = text(alice.get(PAGE))
    for shown in ("1 events waiting", "1 events parked", "7 events sent through Dapr", "75 % of cached reads", "1 shadow mismatches kept"):
        assert shown in page


def report(pid: int, counts: dict[str, int] | None = None) -> None:
    sidecar = {
        "problem": "",
        "app_id": "app",
        "version": "1.18.2",
        "components": {"statestore": "state.redis"},
        "subscriptions": [["p", "t"]],
    }
    content = {
        "work": "requests",
        "looks": 1,
        "sidecar": sidecar,
        "stages": dict.fromkeys(BLOCKS, "off"),
        "breakers": {"state": True},
        "counts": counts or {},
    }
    ProcessReport.objects.create(id=uuid4(), role="app", host="here", pid=pid, report=content)


def test_the_page_costs_the_same_number_of_queries_however_much_there_is(
    alice: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    report(0)
    with django_assert_num_queries(13):
        assert alice.get(PAGE).status_code == 200
    for number in range(20):
        report(number)
        enqueue(f"order/{number}")
        phases.apply(phases.plan_block(phases.read(), "sidecar", "off" if number % 2 else "on"), who="bob", why="again")
    with django_assert_num_queries(13):
        assert alice.get(PAGE).status_code == 200


def test_the_page_needs_no_script_and_no_inline_style(alice: Client, reporting: FakeSidecar) -> None:
    switch(sidecar="on", state="on")
    for page in (alice.get(PAGE), alice.get(STEP, {"phase": 0})):
        content = page.content.decode()
        assert " style=" not in content
        assert "<style" not in content
        assert not re.search(r"<script(?![^>]*\bsrc=)", content)
        assert not re.search(r"\son\w+=", content)


def test_the_index_of_the_admin_leads_to_the_page(alice: Client) -> None:
    assert f'href="{PAGE}"' in alice.get("/admin/").content.decode()


def test_a_step_forward_is_confirmed_explained_and_written_down(alice: Client, reporting: FakeSidecar) -> None:
    asked = alice.get(STEP, {"phase": 1})
    assert "sidecar from off to on" in text(asked)
    assert phases.phase_of(phases.read()) == 0
    unexplained = alice.post(STEP, {**fields(asked), "why": " "})
    assert (unexplained.status_code, phases.phase_of(phases.read())) == (409, 0)
    assert "Say why" in text(unexplained)
    done = take(alice, phase=1, why="Tuesday's plan")
    assert done.redirect_chain == [(PAGE, 302)]
    assert "Phase 1 of 5" in text(done)
    assert "Every process goes by it" in text(done)
    change = SwitchChange.objects.get()
    assert (change.who, change.block, change.before, change.after, change.why) == ("alice", "sidecar", "off", "on", "Tuesday's plan")
    assert "Tuesday's plan" in text(done)


def test_a_step_is_committed_before_the_answer_where_requests_are_atomic(
    alice: Client, reporting: FakeSidecar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    assert "Every process goes by it" in text(take(alice, phase=1, why="now"))


def test_the_way_back_needs_no_reason_and_no_sidecar(alice: Client) -> None:
    switch(sidecar="on", invocation="on", pubsub="on")
    assert "Phase 0 of 5" in text(take(alice, phase=0))
    assert set(SwitchChange.objects.values_list("who", "why")) == {("alice", "no reason given, in the admin")}


def test_a_step_that_rests_on_nothing_is_refused_with_the_remedy_and_keeps_what_was_typed(alice: Client) -> None:
    alice.get(PAGE)
    eventually(lambda: reports.recent().exists())
    refused = take(alice, phase=1, why="a good reason")
    assert refused.status_code == 409
    assert "sidecar stays as it is" in text(refused)
    assert "Look whether it runs" in text(refused)
    assert 'value="a good reason"' in refused.content.decode()
    assert not SwitchChange.objects.exists()


def test_a_dead_sidecar_refuses_the_step_and_its_return_allows_it(alice: Client, reporting: FakeSidecar) -> None:
    reporting.healthy = False
    eventually(lambda: "components" in reports.recent().get().report["sidecar"]["problem"], seconds=10)
    refused = text(take(alice, phase=1, why="now"))
    assert "has not loaded its components" in refused, refused
    reporting.healthy = True
    eventually(lambda: not reports.recent().get().report["sidecar"]["problem"], seconds=10)
    assert "Phase 1 of 5" in text(take(alice, phase=1, why="now"))


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        ({"phase": 3}, "go to phase 2 first"),
        ({"phase": 9}, "give 0 to 5"),
        ({"phase": "x"}, "That is no step"),
        ({"block": "pubsub", "stage": "shadow"}, "only state can be in shadow"),
        ({"block": "state", "stage": "on", "percent": 101}, "give 1 to 100"),
        ({"block": "state", "stage": "sideways"}, "There is no stage"),
        ({}, "There is no block"),
        ({"phase": 1}, "it is like that already"),
    ],
)
def test_what_is_no_legal_step_is_said_on_the_page(alice: Client, step: dict[str, Any], reason: str) -> None:
    switch(sidecar="on")
    asked = alice.get(STEP, step, follow=True)
    assert asked.redirect_chain == [(PAGE, 302)]
    assert reason in text(asked)


def test_a_step_above_its_ceiling_is_refused_with_the_flags(alice: Client, settings: Settings) -> None:
    switch(sidecar="on")
    settings.DAPR_INVOCATION_ENABLED = False
    assert "set DAPR_ENABLED and DAPR_INVOCATION_ENABLED to true" in text(alice.get(STEP, {"phase": 2}, follow=True))


def test_state_is_tried_in_shadow_and_for_some_users(alice: Client, reporting: FakeSidecar) -> None:
    switch(sidecar="on")
    reports.start()
    take(alice, block="state", stage="shadow", why="compare")
    done = take(alice, block="state", stage="on", percent=10, why="a few")
    assert "4 state on 10 % on" in text(done)
    assert list(SwitchChange.objects.order_by("id").values_list("before", "after")) == [("off", "shadow"), ("shadow", "on 10 %")]


def test_what_somebody_else_moved_meanwhile_has_to_be_looked_at_first(alice: Client) -> None:
    switch(sidecar="on", invocation="on")
    asked = alice.get(STEP, {"phase": 1})
    switch(pubsub="on")
    refused = alice.post(STEP, fields(asked))
    assert refused.status_code == 409
    assert "moved by somebody else meanwhile" in text(refused)
    assert "pubsub from on to off" in text(refused)
    assert phases.phase_of(phases.read()) == 3
    assert alice.post(STEP, fields(refused)).status_code == 302
    assert phases.phase_of(phases.read()) == 1


def test_nothing_moves_without_the_token_of_the_form(alice: Client) -> None:
    switch(sidecar="on")
    assert alice.post(STEP, {"phase": 0}).status_code == 403
    assert phases.phase_of(phases.read()) == 1


def test_who_may_only_look_is_offered_no_step_and_can_make_none(rows: None) -> None:
    client = someone("view_blockswitch")
    switch(sidecar="on")
    page = client.get(PAGE)
    assert page.status_code == 200
    assert STEP not in page.content.decode()
    assert client.get(STEP, {"phase": 0}).status_code == 403


def test_who_may_do_other_things_sees_nothing(rows: None) -> None:
    client = someone("view_outboxevent", "operate_outboxevent")
    assert client.get(PAGE).status_code == 403
    assert PAGE not in client.get("/admin/").content.decode()


def test_without_dapr_the_page_says_so_and_asks_no_sidecar(alice: Client, settings: Settings, fake: FakeSidecar) -> None:
    settings.DAPR_ENABLED = False
    page = text(alice.get(PAGE))
    assert "Phase 0 of 5" in page
    assert "1 sidecar off off forbidden : DAPR_ENABLED" in page
    assert fake.calls == []


@pytest.mark.parametrize("model", ["switchchange", "shadowmismatch"])
def test_the_history_and_the_mismatches_can_be_looked_at_and_not_written(rows: None, model: str) -> None:
    client = someone(f"view_{model}", f"change_{model}", f"add_{model}", f"delete_{model}")
    phases.apply(phases.plan_block(phases.read(), "sidecar", "on"), who="bob", why="to try")
    ShadowMismatch.objects.create(key="a1b2", stored_length=1, fresh_length=2, places=["/results/3/title"])
    page = text(client.get(f"/admin/dapr_bridge/{model}/"))
    assert {"switchchange": "bob to try", "shadowmismatch": "/results/3/title"}[model] in page
    assert client.get(f"/admin/dapr_bridge/{model}/add/").status_code == 403
