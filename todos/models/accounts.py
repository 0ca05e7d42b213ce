"""Who uses the product and how they prove it: users, sessions, API tokens, counted attempts."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.models import AbstractBaseUser, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models.functions import Lower, Now

from .ids import new_id


class UserManager(BaseUserManager["User"]):
    """Creates users by e-mail address, always stored in lower case."""

    def _create(self, email: str, password: str | None, **fields: Any) -> "User":
        if not email:
            raise ValueError("A user needs an e-mail address.")
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Store an ordinary user; without a password nobody can sign in as them."""
        return self._create(email, password, **fields)

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Store an operator who may do everything in the admin."""
        return self._create(email, password, **{**fields, "is_staff": True, "is_superuser": True})

    def get_by_natural_key(self, username: str | None) -> "User":
        """Find a user by e-mail address in any case."""
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person with a list of their own; signs in by e-mail address."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField("e-mail address", max_length=254, unique=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    email_reminders = models.BooleanField(default=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="user_email_is_lower_case"),
            models.CheckConstraint(condition=~models.Q(email=""), name="user_has_email"),
        )

    def __str__(self) -> str:
        return self.email


class Session(AbstractBaseSession):
    """A browser session that names its user in a column, so that one query reads both."""

    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="sessions")

    @classmethod
    def get_session_store_class(cls) -> Any:
        from todos.sessions import SessionStore

        return SessionStore


class ApiToken(models.Model):
    """A named key to the API. Only the SHA-256 of the secret is kept, so a stolen table opens nothing."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=10, choices=(("read", "read"), ("write", "write"))))
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = (models.UniqueConstraint("owner", Lower("name"), name="token_name_is_unique_per_owner"),)

    def __str__(self) -> str:
        return self.name


class Attempt(models.Model):
    """How often something guarded was tried in the present window; kept here, so a lost cache admits nobody."""

    key = models.CharField(max_length=100, primary_key=True)
    count = models.PositiveIntegerField()
    window_ends = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.key
