"""Each finding, from what processes reported; with real sidecars the same is tried in `tests/e2e/test_operating.py`."""

import socket
import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from dapr_bridge import doctor, reports
from dapr_bridge.models import OutboxEvent, ProcessReport
from dapr_bridge.switches import BLOCKS
from tests.dapr_bridge.conftest import enqueue, switch

pytestmark = pytest.mark.django_db(transaction=True)

HEALTHY: dict[str, Any] = {
    "problem": "",
    "app_id": "shop",
    "version": "1.18.2",
    "app_unreachable": False,
    "components": {"statestore": "state.redis", "pubsub": "pubsub.redis"},
    "subscriptions": [["pubsub", "events"]],
    "store": "",
}
ALL_ON = dict.fromkeys(BLOCKS, "on")


@pytest.fixture(autouse=True)
def _settings(rows: None, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DAPR_BRIDGE = settings.DAPR_BRIDGE | {"APP_IDS": {"app": "shop"}, "API_TOKEN": "api", "APP_TOKENS": ["app"]}
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    monkeypatch.setattr(reports, "RENEWAL_SECONDS", 0.0)  # these processes look only once


def process(
    role: str = "app",
    *,
    work: Iterable[str] = (reports.RELAY, reports.EVENTS),
    stages: dict[str, str] | None = None,
    breakers: dict[str, bool] | None = None,
    **sidecar: Any,
) -> None:
    """A process has reported for each kind of work."""
    report = {"sidecar": HEALTHY | sidecar, "stages": stages or ALL_ON, "breakers": breakers or {}, "counts": {}, "looks": 1}
    for one in work:
        ProcessReport.objects.create(id=uuid.uuid4(), role=role, host="host", pid=7, report=report | {"work": one})


def texts() -> list[str]:
    return [str(finding) for finding in doctor.findings()]


def test_nothing_is_wrong_when_everything_is_well(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    switch(**ALL_ON)
    for _ in range(3):
        process()
    with django_assert_num_queries(4):
        assert texts() == []


def test_in_phase_0_nothing_of_dapr_is_missed() -> None:
    assert texts() == []


@pytest.mark.parametrize(
    ("sidecar", "said"),
    [
        ({"problem": "GET /v1.0/metadata: refused"}, "The sidecar of app on host cannot be used: GET /v1.0/metadata: refused."),
        ({"app_id": "other"}, "is that of other, not of shop. Correct DAPR_HTTP_PORT"),
        ({"version": "1.17.9"}, "is daprd 1.17.9. Use 1.18.2 or newer."),
        ({"app_unreachable": True}, "cannot reach its app. Correct its --app-port"),
        ({"components": {"statestore": "state.redis"}}, "The sidecar of app on host lacks the pub/sub component 'pubsub'."),
        ({"subscriptions": []}, "The sidecar of app on host does not deliver the topic events of pubsub."),
        ({"components": {"pubsub": "pubsub.redis"}}, "The sidecar of app on host lacks the state store 'statestore'."),
        ({"store": "SaveState: INTERNAL"}, "The state store did not keep a value for app on host: SaveState: INTERNAL."),
    ],
)
def test_what_a_process_reports_of_its_sidecar_becomes_words_and_a_remedy(sidecar: dict[str, Any], said: str) -> None:
    switch(**ALL_ON)
    process(**sidecar)
    assert any(said in text for text in texts()), texts()


@pytest.mark.parametrize(
    ("work", "said"),
    [((reports.EVENTS,), "No relay has reported"), ((reports.RELAY, reports.REQUESTS), "No process that serves the event route")],
)
def test_events_need_a_relay_and_the_event_route(work: tuple[str, ...], said: str) -> None:
    switch(**ALL_ON)
    process(work=work)
    (text,) = texts()
    assert text.startswith(said)


def test_an_edge_build_counts_as_new() -> None:
    switch(sidecar="on")
    process(stages={block: "on" if block == "sidecar" else "off" for block in BLOCKS}, version="edge")
    assert texts() == []


def test_a_role_that_does_not_report_is_missed(settings: Settings) -> None:
    settings.DAPR_BRIDGE = settings.DAPR_BRIDGE | {"APP_IDS": {"app": "shop", "worker": "shop-worker"}}
    switch(sidecar="on")
    assert any("No process has reported itself" in text for text in texts())
    process(stages={block: "on" if block == "sidecar" else "off" for block in BLOCKS})
    assert texts() == ["No process of the role worker has reported itself in the last seconds. Start it, or look at its log."]


def test_a_switch_above_its_ceiling_is_told(settings: Settings) -> None:
    switch(sidecar="on", state="on")
    settings.DAPR_STATE_ENABLED = False
    process(stages={block: "on" if block == "sidecar" else "off" for block in BLOCKS})
    assert texts() == [
        "state is switched on, but the settings forbid it, so it is not used. "
        "Set DAPR_ENABLED and DAPR_STATE_ENABLED to true, or switch it off: `dapr_block state off`."
    ]


@pytest.mark.parametrize(
    ("tokens", "said"),
    [
        ({"APP_TOKENS": []}, "every delivery of a sidecar is refused"),
        ({"API_TOKEN": ""}, "any process of the host may use the sidecars"),
        ({"API_TOKEN": "app"}, "are the same"),
    ],
)
def test_tokens_that_protect_nothing_are_told(settings: Settings, tokens: dict[str, Any], said: str) -> None:
    settings.DAPR_BRIDGE = settings.DAPR_BRIDGE | tokens
    switch(**ALL_ON)
    process()
    assert any(said in text for text in texts()), texts()


def test_processes_that_go_by_other_switches_and_open_breakers_are_told() -> None:
    switch(**ALL_ON)
    process(stages=ALL_ON | {"state": "off"}, breakers={"state": True, "pubsub": False})
    assert [text.split(".")[0] for text in texts()] == [
        "app on host (process 7) goes by other switches: state",
        "app on host does without state just now: its breaker is open",
    ]


def test_an_old_backlog_and_parked_events_are_told() -> None:
    enqueue("order/1")
    assert texts() == []
    OutboxEvent.objects.update(created_at=timezone.now() - timedelta(minutes=2))
    assert any("has waited for 12" in text and "relay_events" in text for text in texts())
    OutboxEvent.objects.update(parked_at=timezone.now())
    assert texts() == ["Parked events hold their subjects: 1. See why: `replay_events list`; then replay or discard them."]


def test_a_collector_that_is_not_there_is_an_obstacle_for_observability(monkeypatch: pytest.MonkeyPatch) -> None:
    process()
    assert doctor.obstacles("observability") == [], "without one traces go nowhere, and metrics are still there"
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")
        assert doctor.obstacles("observability") == []
    assert "Start the collector" in str(doctor.obstacles("observability")[0])


def test_a_canary_that_does_not_arrive_is_an_obstacle_and_is_withdrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "CANARY_SECONDS", 0.3)
    process()
    said: list[str] = []
    found = doctor.obstacles("pubsub", said.append)
    assert [finding.what for finding in found] == ["A canary event sent through Dapr did not arrive within 0 s."]
    assert said == ["Sending a canary event through the sidecars and the broker ..."]
    assert OutboxEvent.objects.get().state == "discarded"


def test_of_a_sidecar_that_cannot_be_used_nothing_else_is_told() -> None:
    process(problem="gone", components={})
    assert [finding.what for finding in doctor.obstacles("state")] == ["The sidecar of app on host cannot be used: gone."]


def test_every_process_that_needs_a_component_must_have_it() -> None:
    process(work=[reports.REQUESTS])
    process(work=[reports.RELAY, reports.EVENTS], components={"pubsub": "pubsub.redis"})
    assert doctor.obstacles("state") == []
    process("api", work=[reports.REQUESTS], components={})
    assert [finding.what for finding in doctor.obstacles("state")] == ["The sidecar of api on host lacks the state store 'statestore'."]


def test_state_is_not_switched_on_for_nobody() -> None:
    process(work=[reports.RELAY])
    assert [finding.what for finding in doctor.obstacles("state")] == [
        "No process that answers requests has reported itself in the last seconds."
    ]
