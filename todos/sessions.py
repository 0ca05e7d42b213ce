"""The session backend: Django's database sessions with the user in a column, so one query gives session, user and revision."""

from typing import Any, cast

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore
from django.core.exceptions import SuspiciousOperation
from django.utils import timezone

from todos.models import Session, User


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
        try:
            session = Session.objects.select_related("user__revision").get(session_key=self.session_key, expire_date__gt=timezone.now())
        except (Session.DoesNotExist, SuspiciousOperation):
            self._session_key = None
            return None
        self._user = session.user
        return session

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        session = cast(Session, super().create_model_instance(data))
        session.user_id = data.get(SESSION_KEY)
        return session
