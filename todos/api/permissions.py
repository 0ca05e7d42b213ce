"""Who may do what: owners everything with their own, a token what its scopes allow."""

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from todos.models import ApiToken


class IsAuthenticatedWithScope(BasePermission):
    """Somebody is signed in, and a token carries the scope: `read` for safe methods, `write` for the others."""

    message = "This token's scopes do not allow that."

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user.is_authenticated:
            return False
        if isinstance(request.auth, ApiToken):
            return ("read" if request.method in SAFE_METHODS else "write") in request.auth.scopes
        return True


class IsAnonymousOrHasScope(IsAuthenticatedWithScope):
    """What strangers may call too: nobody is signed in, or whoever is has the scope."""

    def has_permission(self, request: Request, view: Any) -> bool:
        anonymous = not request.user.is_authenticated and request.method in (*SAFE_METHODS, "POST")
        return anonymous or super().has_permission(request, view)


class SessionOnly(IsAuthenticatedWithScope):
    """What a stolen token must not be able to do: make tokens, change the password, delete the account."""

    message = "This needs a signed-in session; a token may not do it."

    def has_permission(self, request: Request, view: Any) -> bool:
        return bool(request.user.is_authenticated) and request.auth is None
