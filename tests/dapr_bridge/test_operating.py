"""What an operator does with parked events and removed consumers, by command and in the admin."""

from io import StringIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.test import Client, override_settings

from dapr_bridge.models import OutboxEvent
from dapr_bridge.testing import drain
from tests.dapr_bridge.conftest import effects, enqueue

pytestmark = pytest.mark.django_db(transaction=True)


def park(subject: str, **data: Any) -> UUID:
    event_id = enqueue(subject, **data)
    OutboxEvent.objects.filter(id=event_id).update(parked_at="2026-01-02T03:04:05Z", failures=9, last_error="ledger: ValueError: no")
    return event_id


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("replay_events", *arguments, stdout=out)
    return out.getvalue()


def state(event_id: UUID) -> str:
    return OutboxEvent.objects.get(id=event_id).state


def test_a_replayed_event_goes_first_and_its_subject_follows() -> None:
    event_id = park("order/1", number=1)
    enqueue("order/1", number=2)
    drain()
    assert effects("ledger") == []
    assert run("replay", "--id", str(event_id)) == "1 parked events replayed.\n"
    drain()
    assert effects("ledger") == [1, 2]
    assert OutboxEvent.objects.get(id=event_id).failures == 0


def test_a_discarded_event_has_no_effect_and_its_subject_goes_on() -> None:
    event_id = park("order/1", number=1)
    enqueue("order/1", number=2)
    assert run("discard", "--subject", "order/1") == "1 parked events discarded.\n"
    drain()
    assert effects("ledger") == [2]
    assert state(event_id) == "discarded"
    assert run("replay", "--all") == "0 parked events replayed.\n"


def test_a_selection_takes_nothing_else_along() -> None:
    first, second, third = park("a"), park("b"), park("c")
    pending = enqueue("d")
    run("replay", "--id", str(first))
    run("discard", "--subject", "b")
    assert [state(id) for id in (first, second, third, pending)] == ["pending", "discarded", "parked", "pending"]
    assert run("discard", "--id", str(pending)) == "0 parked events discarded.\n"
    run("replay", "--all")
    assert state(third) == "pending"


@pytest.mark.parametrize("action", ["replay", "discard"])
def test_a_dry_run_lists_and_changes_nothing(action: str) -> None:
    event_id = park("order/1")
    expected = f"{event_id}  2026-01-02 03:04:05  order.placed.v1  order/1  ledger: ValueError: no\n1 parked events.\n"
    assert run(action, "--all", "--dry-run") == expected == run("list")
    assert state(event_id) == "parked"


def test_nothing_is_replayed_or_discarded_without_being_named() -> None:
    with pytest.raises(CommandError, match="one of the arguments --id --subject --all is required"):
        run("discard")


def test_show_tells_everything_about_one_event() -> None:
    event_id = enqueue(number=1, fails="audit")
    drain()
    shown = run("show", str(event_id)).splitlines()
    assert {f"id: {event_id}", 'data: {"fails": "audit", "number": 1}', "state: pending", "receipts: ledger"} <= set(shown)
    with pytest.raises(CommandError, match="pruned, or never committed"):
        run("show", str(uuid4()))


def test_a_removed_consumer_is_no_longer_waited_for() -> None:
    event_id = enqueue(number=1)
    consumers = {"ledger": settings.DAPR_BRIDGE["CONSUMERS"]["ledger"]}
    with override_settings(DAPR_BRIDGE={"CONSUMERS": consumers, "LEASE_SECONDS": 0.001, "LEASE_MAX_SECONDS": 0.001}):
        drain()
        assert state(event_id) == "pending"
        out = StringIO()
        call_command("retire_consumer", "audit", stdout=out)
        assert out.getvalue() == "1 events no longer wait for audit.\n"
        drain()
    assert (state(event_id), effects("ledger"), effects("audit")) == ("delivered", [1], [])


def test_a_consumer_still_configured_is_not_retired() -> None:
    with pytest.raises(CommandError, match="remove it there and deploy first"):
        call_command("retire_consumer", "audit")


def operator(*permissions: str) -> Client:
    user = User.objects.create_user("operator", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


LIST = "/admin/dapr_bridge/outboxevent/"


@pytest.mark.parametrize(("action", "after"), [("replay", "pending"), ("discard", "discarded")])
def test_the_admin_acts_on_parked_events_and_writes_down_who_did(action: str, after: str) -> None:
    client = operator("view_outboxevent", "operate_outboxevent")
    parked, other = park("order/1"), enqueue("order/2")
    selected = list(OutboxEvent.objects.values_list("pk", flat=True))
    response = client.post(LIST, {"action": action, "_selected_action": selected}, follow=True)
    assert f"1 parked events: {action} done" in response.content.decode()
    assert (state(parked), state(other)) == (after, "pending")
    assert LogEntry.objects.get().get_change_message() == f"{action}: ledger: ValueError: no"


def test_who_may_only_look_can_do_nothing() -> None:
    client = operator("view_outboxevent", "change_outboxevent", "delete_outboxevent", "add_outboxevent")
    parked = park("order/1")
    event = OutboxEvent.objects.get(id=parked)
    assert client.get(f"{LIST}{event.pk}/change/").status_code == 200
    client.post(LIST, {"action": "discard", "_selected_action": [event.pk]})
    assert client.post(f"{LIST}{event.pk}/change/", {"subject": "x"}).status_code == 403
    assert client.post(f"{LIST}{event.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.get(f"{LIST}add/").status_code == 403
    assert state(parked) == "parked"


@pytest.mark.parametrize("wanted", ["pending", "leased", "parked", "delivered", "discarded"])
def test_the_admin_filters_by_state(wanted: str) -> None:
    client = operator("view_outboxevent")
    park("is-parked")
    for name in ("leased", "delivered", "discarded", "pending"):
        enqueue(f"is-{name}")
    OutboxEvent.objects.filter(subject="is-leased").update(next_attempt_at="2099-01-01T00:00Z")
    OutboxEvent.objects.filter(subject="is-delivered").update(delivered_at="2026-01-01T00:00Z")
    OutboxEvent.objects.filter(subject="is-discarded").update(discarded_at="2026-01-01T00:00Z")
    page = client.get(LIST, {"state": wanted}).content.decode()
    found = [name for name in ("pending", "leased", "parked", "delivered", "discarded") if f"is-{name}" in page]
    assert found == [wanted]


def test_the_admin_finds_an_event_by_id_and_by_subject_and_shows_its_receipts() -> None:
    client = operator("view_outboxevent")
    event_id = enqueue("order/1", number=1)
    enqueue("parcel/2", number=2)
    drain()
    assert "parcel/2" not in client.get(LIST, {"q": str(event_id)}).content.decode()
    assert "parcel/2" in client.get(LIST, {"q": "parcel"}).content.decode()
    event = OutboxEvent.objects.get(id=event_id)
    assert "ledger (" in client.get(f"{LIST}{event.pk}/change/").content.decode()
