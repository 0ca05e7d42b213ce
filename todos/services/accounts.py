"""Signing up, settings, passwords, API tokens, and leaving for good."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from todos import events
from todos.errors import NotFound, Refused
from todos.models import ApiToken, Session, User
from todos.services.projects import inbox_of
from todos.services.todo_rules import zone_named
from todos.transactions import lock_users, write

_LARGE_TABLES = ("todos_todolabel", "todos_todo", "todos_activity", "todos_notification", "todos_tombstone")
TOKEN_PREFIX = "tdo_"  # noqa: S105  lets secret scanners recognise a leaked token
# For so long signing up again with the same password is taken for the first request, sent twice because its answer was lost.
SIGN_UP_REPEATABLE = timedelta(hours=24)


@write
def sign_up(*, email: str, password: str, time_zone: str = "UTC", **fields: Any) -> User:
    """Make an account with its Inbox. Raises Refused for a weak password, an unknown zone or an address already used."""
    zone_named(time_zone)
    check_password_strength(password, User(email=email))
    try:
        with transaction.atomic():
            user = User.objects.create_user(email, password, time_zone=time_zone, **fields)
    except IntegrityError as error:
        if "todos_user_email" not in str(error):
            raise
        raise Refused("There is an account with this e-mail address. Sign in instead.", field="email", code="unique") from error
    lock_users(user.id)
    inbox_of(user)
    events.publish(events.UserSignedUp.of(user))
    return user


def check_password_strength(password: str, user: User, *, field: str = "password") -> None:
    """Raises Refused with the rules that the password breaks."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Refused(" ".join(error.messages), field=field, code="weak") from error


@write
def change_password(*, user: User, password: str, keep_session: str | None) -> None:
    """Set a new password and end every session but `keep_session` (a session key)."""
    check_password_strength(password, user, field="new_password")
    user.set_password(password)
    user.save(update_fields=["password"])
    Session.objects.filter(user=user).exclude(session_key=keep_session).delete()


@write
def update_account(*, user: User, changes: dict[str, Any]) -> User:
    """Change the user's own settings: time_zone, email_reminders."""
    if "time_zone" in changes:
        zone_named(changes["time_zone"])
    for name, value in changes.items():
        setattr(user, name, value)
    user.save(update_fields=list(changes))
    return user


@write
def delete_account(*, user: User) -> None:
    """Remove the user and everything they own, at once and for good."""
    lock_users(user.id)
    events.publish(events.UserDeleted.of(user))
    with connection.cursor() as cursor:
        for table in _LARGE_TABLES:  # the ORM would load every row to cascade from it
            cursor.execute(f"DELETE FROM {table} WHERE owner_id = %s", [user.pk])  # noqa: S608  names of ours
    user.delete()


@write
def create_token(
    *, owner: User, name: str, scopes: Iterable[str], expires_at: datetime | None = None, seed: str = ""
) -> tuple[ApiToken, str]:
    """Make an API token; returns it with its secret, which is kept nowhere.

    The secret is made from `seed` (random when empty). Raises Refused for a taken name or an end in the past.
    """
    if expires_at is not None and expires_at <= timezone.now():
        raise Refused("A token must end in the future.", field="expires_at")
    secret = token_secret(seed or secrets.token_urlsafe(32))
    fields = {"name": name, "digest": token_digest(secret), "scopes": sorted(set(scopes)), "expires_at": expires_at}
    try:
        with transaction.atomic():
            return ApiToken.objects.create(owner=owner, **fields), secret
    except IntegrityError as error:
        if "token_name_is_unique_per_owner" not in str(error):
            raise
        raise Refused("You have a token of this name already.", field="name", code="unique") from error


def token_secret(seed: str) -> str:
    """The secret that belongs to a seed, by the server's key: whoever reads the seed in the database cannot use the token."""
    mac = hmac.new(settings.SECRET_KEY.encode(), b"todos.api-token\0" + seed.encode(), "sha256").digest()
    return TOKEN_PREFIX + base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


@write
def revoke_token(*, owner: User, token_id: UUID) -> None:
    """Make a token useless from now on. Raises NotFound."""
    deleted, _ = ApiToken.objects.filter(owner=owner, id=token_id).delete()
    if not deleted:
        raise NotFound


def token_digest(secret: str) -> str:
    """What is stored of a token: 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()
