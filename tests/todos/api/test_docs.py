"""The OpenAPI document and its page."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import URLPattern
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.todos.api.conftest import API, assert_problem

METHODS = ("get", "post", "put", "patch", "delete")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The document as a client gets it."""
    answer = Client().get(f"{API}/schema")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json"
    found: dict[str, Any] = answer.json()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(method, path, operation) of everything the document describes."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield method, path, item[method]


def test_the_document_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.1"
    OpenAPIV31SpecValidator(document).validate()


def test_making_the_document_warns_of_nothing() -> None:
    call_command("spectacular", "--fail-on-warn", "--validate", stdout=StringIO())


def test_every_route_and_method_is_described(document: dict[str, Any]) -> None:
    from todos.api.urls import urlpatterns

    described = {(method, path.replace("{", "<").replace("}", ">")) for method, path, _ in operations(document)}
    there = set()
    for pattern in urlpatterns:
        assert isinstance(pattern, URLPattern)
        route = str(pattern.pattern).replace("<uuid:", "<")
        view = pattern.callback.view_class  # type: ignore[attr-defined]
        there |= {(method, f"{API}/{route}") for method in METHODS if hasattr(view, method) and not route.startswith(("docs", "schema"))}
    assert described == there


def test_every_operation_has_a_name_of_its_own_a_summary_and_a_way_to_be_allowed(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names))
    for method, path, operation in operations(document):
        assert 10 < len(operation["summary"]) < 150, (method, path)
        assert "security" in operation, (method, path)


def test_every_error_is_a_problem_document(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        errors = {status: answer for status, answer in operation["responses"].items() if status >= "400"}
        assert {"400", "503"} <= set(errors), (method, path)
        for answer in errors.values():
            assert list(answer["content"]) == ["application/problem+json"], (method, path)


def test_unsafe_requests_with_a_session_need_the_csrf_token_and_only_sessions_manage_tokens(document: dict[str, Any]) -> None:
    schemes = document["components"]["securitySchemes"]
    assert {name: scheme["type"] for name, scheme in schemes.items()} == {"token": "http", "session": "apiKey", "csrf": "apiKey"}
    paths = document["paths"]
    assert paths[f"{API}/todos"]["get"]["security"] == [{"token": []}, {"session": []}]
    assert paths[f"{API}/todos"]["post"]["security"] == [{"token": []}, {"session": [], "csrf": []}]
    assert paths[f"{API}/auth/tokens"]["post"]["security"] == [{"session": [], "csrf": []}]
    assert paths[f"{API}/auth/login"]["post"]["security"] == [{"csrf": []}]
    assert paths[f"{API}/auth/session"]["get"]["security"][-1] == {}


def test_lists_tell_of_their_etag_and_of_the_link_to_the_next_page(document: dict[str, Any]) -> None:
    for name in ("todos", "trash", "activity", "notifications"):
        assert {"ETag", "Link"} <= set(document["paths"][f"{API}/{name}"]["get"]["responses"]["200"]["headers"])


def test_patches_take_both_media_types(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        if method == "patch":
            assert set(operation["requestBody"]["content"]) == {"application/merge-patch+json", "application/json"}, path


def test_a_client_that_has_the_document_is_not_sent_it_again() -> None:
    tag = Client().get(f"{API}/schema")["ETag"]
    assert Client().get(f"{API}/schema", headers={"If-None-Match": tag}).status_code == 304


def test_the_page_loads_nothing_from_elsewhere_and_nothing_inline() -> None:
    answer = Client().get(f"{API}/docs", headers={"Accept": "text/html"})
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/html; charset=utf-8"
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    page = answer.content.decode()
    assert "//" not in page
    assert "<style" not in page
    assert page.count("<script") == page.count('<script src="/api/v1/docs/')


@pytest.mark.parametrize(
    ("name", "content_type"),
    [("start.js", "text/javascript"), ("swagger-ui-bundle.js", "text/javascript"), ("swagger-ui.css", "text/css")],
)
def test_what_the_page_is_made_of_comes_from_the_api_itself(name: str, content_type: str) -> None:
    answer = Client().get(f"{API}/docs/{name}", headers={"Accept": "*/*"})
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith(content_type)
    assert len(answer.content) > 500
    assert Client().get(f"{API}/docs/{name}", headers={"If-None-Match": answer["ETag"]}).status_code == 304


@pytest.mark.parametrize("name", ["index.html", "swagger-ui-bundle.js.map", "..%2Furls.py", "..%2f..%2f..%2fmanage.py", "x"])
def test_nothing_else_is_served_beside_the_page(name: str) -> None:
    assert_problem(Client().get(f"{API}/docs/{name}"), 404)
