"""Every mistake in the settings is found at start, under its own id."""

import importlib.util
from typing import Any

import pytest
from django.conf import settings
from django.core.checks import run_checks
from django.test import override_settings
from django.urls import include, path

from dapr_bridge import switches
from dapr_bridge.fake_sidecar import switched
from tests.dapr_bridge.project.settings import SHOP

GOOD = {"handler": f"{SHOP}.book", "types": ["*"]}


def ids(value: Any) -> set[str]:
    with override_settings(DAPR_BRIDGE=value):
        return {str(message.id) for message in run_checks() if str(message.id).startswith("dapr_bridge.")}


def test_right_settings_pass() -> None:
    assert ids({}) == set()
    assert ids({"CONSUMERS": {"ledger": GOOD}, "CHORES": {f"{SHOP}.stocktake": 1}, "RELAY_IDLE_SECONDS": 0.1}) == set()


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (["CONSUMERS"], 1),
        ({"CONSUMER": {}}, 3),
        ({"TOPIC": ""}, 4),
        ({"RELAY_THREADS": 0}, 4),
        ({"RELAY_THREADS": 1.5}, 4),
        ({"RELAY_THREADS": True}, 4),
        ({"RELAY_IDLE_SECONDS": -1}, 4),
        ({"KEEP_SECONDS": "7 days"}, 4),
        ({"LEASE_SECONDS": 9}, 5),
        ({"LEASE_SECONDS": 0}, 5),
        ({"CONSUMERS": [GOOD]}, 6),
        ({"CONSUMERS": {" ": GOOD}}, 7),
        ({"CONSUMERS": {"x" * 101: GOOD}}, 7),
        ({"CONSUMERS": {"ledger": f"{SHOP}.book"}}, 8),
        ({"CONSUMERS": {"ledger": {"types": ["*"]}}}, 8),
        ({"CONSUMERS": {"ledger": GOOD | {"type": "*"}}}, 8),
        ({"CONSUMERS": {"ledger": GOOD | {"types": "*"}}}, 9),
        ({"CONSUMERS": {"ledger": GOOD | {"types": []}}}, 9),
        ({"CONSUMERS": {"ledger": GOOD | {"types": [""]}}}, 9),
        ({"CONSUMERS": {"ledger": GOOD | {"handler": f"{SHOP}.gone"}}}, 10),
        ({"CONSUMERS": {"ledger": GOOD | {"handler": f"{SHOP}.not_callable"}}}, 10),
        ({"CONSUMERS": {"ledger": GOOD | {"handler": 7}}}, 10),
        ({"CHORES": [f"{SHOP}.stocktake"]}, 11),
        ({"CHORES": {f"{SHOP}.stocktake": 0}}, 12),
        ({"CHORES": {f"{SHOP}.stocktake": "1"}}, 12),
        ({"CHORES": {f"{SHOP}.gone": 1}}, 13),
        ({"TOPIC": "todo/events"}, 14),
        ({"PUBSUB": "pub sub"}, 14),
        ({"PUBLISH_SECONDS": 2.0}, 15),
        ({"PUBLISH_SECONDS": 0}, 15),
        ({"APP_TOKENS": "secret"}, 16),
        ({"APP_TOKENS": [7]}, 16),
        ({"CONSUMERS": {"dapr_bridge.canary": GOOD}}, 17),
        ({"APP_IDS": ["shop"]}, 21),
        ({"BATCH_EVENTS": 101}, 26),
        ({"APP_IDS": {"app": ""}}, 21),
        ({"APP_IDS": {"api": "shop"}}, 22),
    ],
)
def test_a_wrong_setting_is_refused(value: Any, number: int) -> None:
    assert ids(value) == {f"dapr_bridge.E{number:03}"}


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"SUBSCRIBES": True}, {"dapr_bridge.E018"}),
        ({"SUBSCRIBES": True, "APP_TOKENS": []}, {"dapr_bridge.E018"}),
        ({"SUBSCRIBES": True, "APP_TOKENS": ["a"]}, set()),
        ({"SUBSCRIBES": False}, set()),
        ({"API_TOKEN": "a", "APP_TOKENS": ["b", "a"]}, {"dapr_bridge.E019"}),
        ({"API_TOKEN": "a", "APP_TOKENS": ["b"]}, set()),
    ],
)
def test_tokens_are_looked_at_where_dapr_is_allowed(value: Any, found: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("APP_API_TOKEN", "DAPR_API_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    assert ids(value) == set()
    with switched():
        assert ids(value) == found


def test_a_subscriber_without_the_routes_is_found() -> None:
    value = {"SUBSCRIBES": True, "APP_TOKENS": ["a"]}
    with switched(), override_settings(ROOT_URLCONF=()):
        assert ids(value) == {"dapr_bridge.E020"}
    with switched(), override_settings(ROOT_URLCONF=(path("inner/", include("dapr_bridge.urls")),)):
        assert ids(value) == {"dapr_bridge.E020"}


@pytest.mark.parametrize("flag", switches.CEILINGS.values())
def test_a_flag_that_is_a_text_is_found(flag: str) -> None:
    with switched(), override_settings(**{flag: "false"}):
        assert "dapr_bridge.E023" in ids({})


def test_what_dapr_needs_is_looked_for_where_it_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, package=None: None if name == "grpc" else real(name, package))
    with override_settings(MIDDLEWARE=[path for path in settings.MIDDLEWARE if "dapr" not in path]):
        assert ids({}) == set()
        with switched():
            assert ids({}) == {"dapr_bridge.E024", "dapr_bridge.E025"}


def test_every_refusal_tells_the_remedy() -> None:
    with override_settings(DAPR_BRIDGE={"CONSUMERS": {"ledger": {"handler": "nowhere.at_all"}}}):
        [message] = [message for message in run_checks() if message.id == "dapr_bridge.E010"]
    assert "nowhere.at_all" in message.msg
    assert message.hint == "Correct the dotted path."
