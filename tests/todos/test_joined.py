"""The statement that looks callers up: counted like any other, planned once, and right after a migration too."""

from __future__ import annotations

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from todos.joined import Joined
from todos.models import Project, User


def people() -> Joined:
    return Joined(
        User, Project, source="FROM todos_user LEFT JOIN todos_project ON owner_id = todos_user.id AND name = %s WHERE todos_user.id = %s"
    )


def test_it_gives_an_instance_of_each_model_or_none(alice: User) -> None:
    user, inbox = people().first("Inbox", alice.id) or ()
    assert (user, user.email) == (alice, alice.email)
    assert (inbox, inbox.is_inbox) == (Project.objects.get(owner=alice), True)
    assert people().first("nothing", alice.id) == (alice, None)
    assert people().first("Inbox", "01a20d6b-7a18-7780-a7c7-93fcd8459ce9") is None


def test_it_is_one_query(alice: User, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(1) as captured:
        people().first("Inbox", alice.id)
    assert "todos_project" in captured[0]["sql"]


def test_the_server_plans_it_once(alice: User) -> None:
    joined = people()
    for _ in range(4):  # the first is not worth it yet: `prepare_threshold`
        joined.first("Inbox", alice.id)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT generic_plans + custom_plans FROM pg_prepared_statements WHERE statement LIKE %s", ["%todos_project ON owner%"]
        )
        assert cursor.fetchall() == [(3,)]


@pytest.mark.django_db(transaction=True)
def test_a_migration_that_changes_a_column_does_not_break_connections_from_before(alice: User) -> None:
    joined = people()
    assert joined.first("Inbox", alice.id)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE todos_user ALTER time_zone TYPE varchar(65)")
        try:
            for _ in range(2):
                user, _ = joined.first("Inbox", alice.id) or ()
                assert user.time_zone == alice.time_zone
        finally:
            cursor.execute("ALTER TABLE todos_user ALTER time_zone TYPE varchar(64)")
