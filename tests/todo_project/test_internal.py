from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from dapr_bridge import switches
from dapr_bridge.switches import Snapshot, Switch

PATH = "/internal/switches"
SECRET = "shared by gateway and API"
UP_TO_INVOCATION = Snapshot({"sidecar": Switch("on"), "invocation": Switch("on")})


@pytest.fixture(autouse=True)
def _phase_2(settings: Settings) -> Iterator[None]:
    settings.GATEWAY_SECRET = SECRET
    settings.DAPR_ENABLED = settings.DAPR_INVOCATION_ENABLED = True
    switches.pin(UP_TO_INVOCATION)
    yield
    switches.pin(None)


@pytest.mark.django_db
def test_the_gateway_hears_the_switch_and_the_phase_without_a_query(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        answer = Client().get(PATH, headers={"X-Gateway-Secret": SECRET})
    assert (answer.status_code, answer.json()) == (200, {"invocation": True, "phase": 2, "traces": 0})
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("said", [None, "", "wrong", SECRET + "x", "gehört"])
def test_whoever_has_not_the_secret_hears_that_there_is_nothing(said: str | None) -> None:
    answer = Client().get(PATH, headers={} if said is None else {"X-Gateway-Secret": said})
    assert answer.status_code == 404
    assert b"phase" not in answer.content


@pytest.mark.parametrize("said", [None, "", SECRET])
def test_without_a_secret_in_the_settings_nobody_hears_anything(settings: Settings, said: str | None) -> None:
    settings.GATEWAY_SECRET = ""
    assert Client().get(PATH, headers={} if said is None else {"X-Gateway-Secret": said}).status_code == 404


def test_the_ceiling_stands_above_the_switch(settings: Settings) -> None:
    settings.DAPR_INVOCATION_ENABLED = False
    answer = Client().get(PATH, headers={"X-Gateway-Secret": SECRET})
    assert answer.json() == {"invocation": False, "phase": 2, "traces": 0}


def test_with_dapr_off_the_system_is_in_phase_0(settings: Settings) -> None:
    settings.DAPR_ENABLED = False
    answer = Client().get(PATH, headers={"X-Gateway-Secret": SECRET})
    assert answer.json() == {"invocation": False, "phase": 0, "traces": 0}


def test_only_safe_methods_are_served() -> None:
    assert Client(enforce_csrf_checks=True).post(PATH, headers={"X-Gateway-Secret": SECRET}).status_code == 405
