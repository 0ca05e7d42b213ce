"""Who calls the API: a browser session with CSRF token, or a bearer token. One query each, revision token included."""

from datetime import timedelta
from typing import Any, cast

from django.http import HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from todos.auth import user_of_session
from todos.joined import Joined
from todos.models import ApiToken, Revision, User
from todos.services.accounts import token_digest
from todos.sessions import SessionStore

LAST_USED_EVERY = timedelta(hours=1)
_TOKEN = Joined(
    ApiToken,
    User,
    Revision,
    source="FROM todos_apitoken JOIN todos_user ON todos_user.id = todos_apitoken.owner_id"
    " JOIN todos_revision ON todos_revision.user_id = todos_user.id"
    " WHERE todos_apitoken.digest = %s AND todos_user.is_active"
    " AND (todos_apitoken.expires_at IS NULL OR todos_apitoken.expires_at > %s)",
)


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>` (RFC 6750). A wrong, revoked or expired token is refused, never ignored."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        scheme, _, secret = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        now = timezone.now()
        found = _TOKEN.first(token_digest(secret.strip()), now)
        if found is None:
            raise AuthenticationFailed("The token is wrong, revoked or expired.")
        token, owner, revision = found
        token.owner = revision.user = owner
        if token.last_used_at is None or token.last_used_at < now - LAST_USED_EVERY:
            ApiToken.objects.filter(id=token.id).update(last_used_at=now)
        return owner, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="todo"'


class _CsrfCheck(CsrfViewMiddleware):
    """Django's own check, asked for its reason instead of its page."""

    def _reject(self, request: Any, reason: str) -> str:
        return reason


class SessionAuthentication(BaseAuthentication):
    """The session of the web app; every unsafe request must carry the CSRF token."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        # Not `request.user`: behind Django's lazy object each of a hundred looks at the user would be a detour.
        user = user_of_session(cast(SessionStore, request._request.session))
        if not isinstance(user, User) or not user.is_active:
            return None
        check_csrf(request)
        return user, None

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="todo"'


def check_csrf(request: Request) -> None:
    """Raises PermissionDenied for an unsafe request without the right CSRF token or from a foreign origin."""
    if request.method in SAFE_METHODS:
        return
    check = _CsrfCheck(lambda _: HttpResponse())
    check.process_request(request._request)
    reason = check.process_view(request._request, HttpResponse, (), {})
    if reason:
        raise PermissionDenied(f"The CSRF check failed: {reason} Read /api/v1/auth/session and send its csrf_token in X-CSRFToken.")
