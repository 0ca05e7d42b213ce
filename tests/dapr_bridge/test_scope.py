"""One request keeps its switches, spends one budget, and is one user's."""

from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.utils.functional import SimpleLazyObject
from pytest_django import Settings

from dapr_bridge import scope
from dapr_bridge.middleware import RequestScope
from dapr_bridge.scope import Budget, Scope
from dapr_bridge.switches import Snapshot, Switch
from tests.dapr_bridge.conftest import switch


class Somebody:
    def __init__(self, number: int) -> None:
        self.pk = UUID(int=number)


def percent(number: int) -> Snapshot:
    return Snapshot({"sidecar": Switch("on"), "state": Switch("on", number)})


def request_of(user: Any) -> HttpRequest:
    request = RequestFactory().get("/")
    request.user = user
    return request


def test_a_request_ends_with_the_switches_it_began_with(rows: None) -> None:
    switch(sidecar="on", state="on")
    seen: list[bool] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(scope.current().switches.is_on("state"))
        switch(state="off")
        seen.append(scope.current().switches.is_on("state"))
        return HttpResponse()

    RequestScope(view)(RequestFactory().get("/"))
    assert seen == [True, True]
    assert not scope.current().switches.is_on("state")


def test_the_next_request_starts_with_a_full_budget(dapr_allowed: None) -> None:
    left: list[float] = []

    def view(request: HttpRequest) -> HttpResponse:
        left.append(scope.current().budget.left)
        scope.current().budget.left -= 0.04
        return HttpResponse()

    for _ in range(2):
        RequestScope(view)(RequestFactory().get("/"))
    assert left == [0.05, 0.05]


def test_with_the_flag_off_the_middleware_opens_no_scope() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        assert scope._scope.get() is None
        return HttpResponse()

    assert RequestScope(view)(RequestFactory().get("/")).status_code == 200


def test_what_a_call_took_is_gone_from_the_budget_even_if_it_failed() -> None:
    budget = Budget(0.05)

    def call() -> None:
        with budget.spend() as left:
            raise RuntimeError(left)

    with pytest.raises(RuntimeError, match=r"0\.05"):
        call()
    assert budget.left < 0.05


def test_a_user_stays_in_or_out_while_the_percentage_only_adds_users(dapr_allowed: None, settings: Settings) -> None:
    users = [Somebody(number) for number in range(1000)]
    inside: set[UUID] = set()
    for share in (1, 10, 50, 99, 100):
        now = {user.pk for user in users if Scope(percent(share), Budget(1), request_of(user)).state_stage("any key") == "on"}
        assert inside <= now
        assert abs(len(now) - 10 * share) < 60
        inside = now
    assert len(inside) == 1000


def test_one_users_keys_are_all_in_or_all_out(dapr_allowed: None) -> None:
    of_user = Scope(percent(50), Budget(1), request_of(Somebody(7)))
    assert len({of_user.state_stage(f"key {number}") for number in range(50)}) == 1


def test_without_a_user_the_key_decides(dapr_allowed: None) -> None:
    counted = Counter(Scope(percent(50), Budget(1)).state_stage(f"key {number}") for number in range(1000))
    assert 400 < counted["on"] < 600


def test_a_user_nobody_has_read_yet_is_not_read_for_the_percentage(dapr_allowed: None) -> None:
    def read() -> Somebody:
        raise AssertionError("this would have been a query")

    assert Scope(percent(50), Budget(1), request_of(SimpleLazyObject(read))).state_stage("key") in ("on", "off")


def test_shadow_is_for_the_same_users(dapr_allowed: None) -> None:
    shadow = Snapshot({"sidecar": Switch("on"), "state": Switch("shadow", 50)})
    for number in range(50):
        request = request_of(Somebody(number))
        assert (Scope(shadow, Budget(1), request).state_stage("") == "shadow") == (
            Scope(percent(50), Budget(1), request).state_stage("") == "on"
        )
