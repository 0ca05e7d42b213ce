"""The session backend: Django's database sessions with the user in a column, so one query gives session, user and revision."""

from functools import lru_cache
from typing import Any, cast

import orjson
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore
from django.core import signing
from django.db import OperationalError
from django.utils import timezone

from todos.joined import Joined
from todos.models import Revision, Session, User

_SESSION = Joined(
    Session,
    User,
    Revision,
    source="FROM todos_session LEFT JOIN todos_user ON todos_user.id = todos_session.user_id"
    " LEFT JOIN todos_revision ON todos_revision.user_id = todos_user.id"
    " WHERE todos_session.session_key = %s AND todos_session.expire_date > %s",
)


class _Unread:
    """Leaves JSON as it is: one text is read many times, each time into a new dictionary."""

    def loads(self, data: bytes) -> bytes:
        return data


@lru_cache(maxsize=1024)
def _verified(session_data: str | bytes, salt: str, *_secrets: str) -> bytes:
    """The JSON within. Raises BadSignature."""
    return cast(bytes, signing.loads(session_data, salt=salt, serializer=_Unread))  # type: ignore[arg-type]


class SessionStore(DatabaseSessionStore):
    """Loads the session's user and revision token together with the session itself."""

    _user: User | None = None

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    @property
    def user(self) -> User | None:
        """Whoever signed in with this session, read at most once per request; None when nobody did."""
        self.get(SESSION_KEY)  # loads it on first use
        return self._user

    def _get_session_from_db(self) -> Session | None:
        found = _SESSION.first(self.session_key, timezone.now()) if self.session_key else None
        if found is None:
            self._session_key = None
            return None
        session, user, revision = found
        if revision is not None:
            revision.user = user
        self._user = user
        return cast(Session, session)

    def decode(self, session_data: str | bytes) -> dict[str, Any]:
        """Django's own; that a text bears our signature is found out once."""
        try:
            data: dict[str, Any] = orjson.loads(_verified(session_data, self.key_salt, settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))
        except Exception:
            data = super().decode(session_data)  # which says why it takes none
        return data

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        session = cast(Session, super().create_model_instance(data))
        session.user_id = data.get(SESSION_KEY)
        return session

    def save(self, must_create: bool = False) -> None:
        """Django's own, but a database that is away is no session that was deleted: the client shall try again.

        Raises OperationalError while the database is away, UpdateError when the session is gone.
        """
        try:
            super().save(must_create)
        except UpdateError as error:
            if isinstance(error.__context__, OperationalError):
                raise error.__context__ from None
            raise
