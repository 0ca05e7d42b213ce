"""Pooled connections that the server has ended, on a real server."""

import time
from collections.abc import Iterator
from copy import deepcopy

import pytest
from django.db import connection

from todo_project.database.base import DatabaseWrapper, has_ended

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def pooled() -> Iterator[DatabaseWrapper]:
    settings = deepcopy(connection.settings_dict)
    settings |= {"CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": False}
    settings["OPTIONS"] |= {"pool": {"min_size": 1, "max_size": 1, "timeout": 4}}
    wrapper = DatabaseWrapper(settings, alias="default")
    yield wrapper
    wrapper.close()
    wrapper.close_pool()


def server_process(wrapper: DatabaseWrapper) -> int:
    with wrapper.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def end(pid: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            cursor.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [pid])
            if not cursor.fetchall():
                return
    raise AssertionError("it goes on")


def test_a_connection_that_lives_is_given_out_again(pooled: DatabaseWrapper) -> None:
    first = server_process(pooled)
    pooled.close()
    assert server_process(pooled) == first
    assert not has_ended(pooled.connection.fileno())


def test_one_that_the_server_has_ended_is_replaced_before_anything_is_asked(pooled: DatabaseWrapper) -> None:
    for _ in range(3):
        ended = server_process(pooled)
        pooled.close()
        end(ended)
        assert server_process(pooled) != ended
