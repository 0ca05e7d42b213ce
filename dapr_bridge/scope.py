"""What holds for one request: switches that do not move under it, the time it may spend on the sidecar, and whose it is."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from hashlib import sha256

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject, empty

from dapr_bridge import switches
from dapr_bridge.conf import conf
from dapr_bridge.switches import OFF, Snapshot


class Budget:
    """Seconds that all sidecar calls of one request may take together, on the monotonic clock."""

    def __init__(self, seconds: float) -> None:
        self.left = seconds

    @contextmanager
    def spend(self) -> Iterator[float]:
        """What is left, for the call made inside; what that took is gone afterwards."""
        begun = time.monotonic()
        try:
            yield self.left
        finally:
            self.left -= time.monotonic() - begun


@dataclass(frozen=True)
class Scope:
    """One request's, or one call's outside any request."""

    switches: Snapshot = field(default_factory=switches.current)
    budget: Budget = field(default_factory=lambda: Budget(conf.REQUEST_BUDGET_SECONDS))
    request: HttpRequest | None = None

    def state_stage(self, key: str) -> str:
        """The stage of state for this user: "off" for those outside the percentage. Without a user the key takes its place."""
        stage = self.switches.stage("state")
        percent = self.switches.row("state").percent
        if stage != OFF and percent < 100 and _place(self._user() or key) >= percent:
            return OFF
        return stage

    def _user(self) -> str:
        """The user's id where the request has already read it: reading it for this alone would cost a query."""
        user = getattr(self.request, "user", None)
        if isinstance(user, SimpleLazyObject) and user.__dict__["_wrapped"] is empty:
            return ""
        return str(user.pk) if user is not None and user.pk else ""

    @property
    def traceparent(self) -> str:
        """The header that came with the request; what it says is checked where it is used."""
        return self.request.META.get("HTTP_TRACEPARENT", "") if self.request is not None else ""


_scope: ContextVar[Scope | None] = ContextVar("dapr_bridge_scope", default=None)


def current() -> Scope:
    """The scope of the running request; a new one, for a single call, outside any."""
    return _scope.get() or Scope()


@contextmanager
def opened(request: HttpRequest | None = None) -> Iterator[Scope]:
    """Freeze the switches and start a budget for what runs inside."""
    scope = Scope(request=request)
    token = _scope.set(scope)
    try:
        yield scope
    finally:
        _scope.reset(token)


def _place(unit: str) -> int:
    """0 to 99, the same for one user at all times and in all processes: a higher percentage only adds users."""
    return int.from_bytes(sha256(f"state:{unit}".encode()).digest()[:4]) % 100
