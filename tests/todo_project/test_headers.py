import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.test import Client

if TYPE_CHECKING:
    from todos.models import User

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/livez", "/api/v1/todos", "/nowhere", "/admin/login/", "/admin/"])
def test_every_answer_forbids_what_the_product_does_not_use(path: str) -> None:
    headers = Client().get(path).headers
    policy = dict(directive.split(" ", 1) for directive in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "geolocation=()" in headers["Permissions-Policy"]
    assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"


def test_pages_of_the_admin_are_never_stored(operator: "User") -> None:
    client = Client()
    client.force_login(operator)
    for path in ("/admin/", "/admin/todos/user/", "/admin/login/"):
        assert "no-store" in client.get(path)["Cache-Control"]


def test_over_https_cookies_are_bound_to_this_very_host() -> None:
    names = [f"{kind}_COOKIE_{what}" for kind in ("SESSION", "CSRF") for what in ("NAME", "SECURE", "DOMAIN", "PATH")]
    show = f"import json; from django.conf import settings; print(json.dumps([getattr(settings, name) for name in {names}]))"
    shown = subprocess.run(
        [sys.executable, "-c", show], cwd=ROOT, env={**os.environ, "HTTPS": "true"}, capture_output=True, text=True, check=True
    )
    assert json.loads(shown.stdout) == ["__Host-sessionid", True, None, "/", "__Host-csrftoken", True, None, "/"]
