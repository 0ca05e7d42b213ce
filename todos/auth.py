"""Who makes a request: the password hasher, and the middleware that reads the user together with the session."""

from collections.abc import Callable
from typing import cast

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject

from todos.models import User
from todos.sessions import SessionStore


class Argon2Hasher(Argon2PasswordHasher):
    """Argon2id with OWASP's second parameter set (19 MiB, 2 passes, 1 lane): Django's own takes 100 MB per login."""

    time_cost = 2
    memory_cost = 19_456
    parallelism = 1


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


class SessionUserMiddleware:
    """Sets `request.user`, read on first use, in the one query that loads the session."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        session = cast(SessionStore, request.session)
        request.user = cast(User, SimpleLazyObject(lambda: user_of_session(session)))
        return self.get_response(request)
