"""Who makes a request: passwords and the limit on guessing them, and the user read together with the session."""

from typing import Any, cast

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject

from todos import attempts
from todos.client_address import client_address
from todos.errors import TooManyAttempts
from todos.models import User
from todos.sessions import SessionStore


class Argon2Hasher(Argon2PasswordHasher):
    """Argon2id with OWASP's second parameter set (19 MiB, 2 passes, 1 lane): Django's own takes 100 MB per login."""

    time_cost = 2
    memory_cost = 19_456
    parallelism = 1


class PasswordBackend(ModelBackend):
    """Checks passwords, of the API and of the admin alike, and no more of them than the limits allow.

    A try is counted before the password is hashed and given back when it was right. One address can use up only its own
    share of an account's tries, so locking somebody else out takes many addresses and lasts one window.
    """

    def authenticate(self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any) -> Any:
        """The user with this e-mail address and password, or None. Raises TooManyAttempts."""
        email = (username or kwargs.get(User.USERNAME_FIELD) or "").strip().lower()
        address = client_address(request) if request is not None else ""
        counted = [("LOGINS_PER_ADDRESS", address), ("LOGINS_PER_ACCOUNT_AND_ADDRESS", email, address), ("LOGINS_PER_ACCOUNT", email)]
        for limit, *subject in counted:
            attempts.count(limit, *subject)
        user = super().authenticate(request, username=email, password=password)
        if user is not None:
            for limit, *subject in counted:
                attempts.give_back(limit, *subject)
        return user


def user_of_session(session: SessionStore) -> User | AnonymousUser:
    """The user who signed in with this session, as `django.contrib.auth.get_user` decides it, without its extra query.

    The session's hash of the password is checked, so changing a password ends every other session.
    """
    user = session.user
    if user is None or not user.is_active or session.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return AnonymousUser()
    stored = session.get(HASH_SESSION_KEY, "")
    if constant_time_compare(stored, user.get_session_auth_hash()):
        return user
    if any(constant_time_compare(stored, fallback) for fallback in user.get_session_auth_fallback_hash()):
        session.cycle_key()
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        return user
    session.flush()
    return AnonymousUser()


class SessionUserMiddleware(AuthenticationMiddleware):
    """Sets `request.user`, read on first use, in the one query that loads the session."""

    def process_request(self, request: HttpRequest) -> None:
        session = cast(SessionStore, request.session)
        request.user = cast(User, SimpleLazyObject(lambda: user_of_session(session)))

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The answer to too many tries outside the API, where the admin's sign-in page is."""
        if not isinstance(exception, TooManyAttempts):
            return None
        headers = {"Retry-After": str(exception.retry_after), "Cache-Control": "no-store"}
        return HttpResponse(str(exception), status=429, content_type="text/plain; charset=utf-8", headers=headers)
