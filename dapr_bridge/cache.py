"""A Django cache in Dapr's state store, for values that may be missing at any time.

Whatever keeps the sidecar from answering within the request's budget is a miss, and nothing is stored: no method waits longer, and
none raises for it but `incr` and `decr`, which raise ValueError as they do for a missing key. What differs from Django's own caches:

- values are bytes, or what JSON gives back unchanged; anything else raises TypeError;
- `add`, `incr`, `decr` and `touch` are atomic on `state.redis`, by etag. On a store that cannot create by etag, `add` stores nothing;
- `set_many` writes key by key, and timeouts are rounded up to whole seconds;
- `clear` makes all that was stored unreachable, at once here and within half a second elsewhere, and leaves it to its timeouts;
- OPTIONS["MAX_TIMEOUT"] bounds every timeout, None included.
"""

import math
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.core.exceptions import ImproperlyConfigured
from django.db.models import F

from dapr_bridge import scope, sealed, shadow, sidecar, switches, tally
from dapr_bridge.asking import ask, ask_once
from dapr_bridge.conf import conf
from dapr_bridge.models import BlockSwitch, database
from dapr_bridge.scope import Scope
from dapr_bridge.sealed import Sealed
from dapr_bridge.sidecar import EtagMismatch, SidecarError
from dapr_bridge.switches import ON, SHADOW


class DaprStateCache(BaseCache):
    """In the state store that DAPR_BRIDGE["STATE_STORE"] names."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        if server:
            raise ImproperlyConfigured(f"LOCATION is {server!r}: leave it out, and name the store in DAPR_BRIDGE['STATE_STORE'].")
        self._longest: float | None = params.get("OPTIONS", {}).get("MAX_TIMEOUT")

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """The value; the default where there is none, or none to be had."""
        within = scope.current()
        for stored in self._on(within, [key], version).values():
            try:
                found = ask_once(stored, within, partial(sidecar.get_state, conf.STATE_STORE, stored))
                value = sealed.unseal(stored, found.data).value
            except SidecarError:
                tally.count("cache_errors")
            except sealed.Malformed:
                tally.count("cache_misses")
            else:
                tally.count("cache_hits")
                return value
        return default

    def get_many(self, keys: Iterable[Any], version: int | None = None) -> dict[Any, Any]:
        """Those of the keys that have a value, in one call."""
        within = scope.current()
        asked = self._on(within, keys, version)
        try:
            found = ask(within, partial(sidecar.get_states, conf.STATE_STORE, list(asked.values()))) if asked else {}
        except SidecarError:
            tally.count("cache_errors", len(asked))
            return {}
        values: dict[Any, Any] = {}
        for key, stored in asked.items():
            try:
                values[key] = sealed.unseal(stored, found[stored].data).value
            except (KeyError, sealed.Malformed):
                tally.count("cache_misses")
        tally.count("cache_hits", len(values))
        return values

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        """Store the value, if that can be done in time. Raises TypeError for what cannot be stored."""
        self.set_many({key: value}, timeout, version)

    def set_many(self, data: Mapping[Any, Any], timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> list[Any]:
        """Store the values; the keys of those that were not stored."""
        named = {key: self._stored_key(key, version) for key in data}
        ttl, within = self._ttl(timeout), scope.current()
        values = {key: sealed.seal(stored, data[key], _end(ttl)) for key, stored in named.items()}
        stages = {key: within.state_stage(stored) for key, stored in named.items()}
        if ttl == 0:
            self.delete_many(data, version)
            return []
        for key in (key for key, stage in stages.items() if stage == SHADOW):
            shadow.compare_later(conf.STATE_STORE, named[key], values[key], ttl)
        asked = {named[key]: values[key] for key, stage in stages.items() if stage == ON}
        try:
            if asked:
                ask(within, partial(sidecar.save_states, conf.STATE_STORE, asked, ttl))
        except SidecarError:
            tally.count("cache_errors", len(asked))
            return list(data)
        return [key for key, stage in stages.items() if stage != ON]

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Store the value if the key has none; whether it was stored."""
        ttl, within = self._ttl(timeout), scope.current()
        if ttl == 0:
            return bool(self._on(within, [key], version)) and not self.has_key(key, version)
        data = sealed.seal(self._stored_key(key, version), value, _end(ttl))
        for stored in self._on(within, [key], version).values():
            try:
                self._replace(within, stored, data, sidecar.NOTHING_HAS_IT, ttl)
            except SidecarError:
                return False
            return True
        return False

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Let the value live so long from now on; whether there was one."""
        ttl = self._ttl(timeout)
        if ttl == 0:
            return self.delete(key, version)
        try:
            self._change(key, version, lambda found: Sealed(found.value, _end(ttl)))
        except (SidecarError, LookupError):
            return False
        return True

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        """Add to the number under the key, which keeps its end of life. Raises ValueError when there is none, or it was not changed."""
        try:
            changed: int = self._change(key, version, lambda found: Sealed(found.value + delta, found.ends_at))
        except (SidecarError, LookupError) as problem:
            raise ValueError(f"Key '{key}' not found, or not to be had in time") from problem
        return changed

    def delete(self, key: Any, version: int | None = None) -> bool:
        """Delete the value; whether there was one."""
        found = self.has_key(key, version)
        if found:
            self.delete_many([key], version)
        return found

    def delete_many(self, keys: Iterable[Any], version: int | None = None) -> None:
        """Delete the values, if that can be done in time."""
        within = scope.current()
        asked = list(self._on(within, keys, version).values())
        try:
            if asked:
                ask(within, partial(sidecar.delete_states, conf.STATE_STORE, asked))
        except SidecarError:
            tally.count("cache_errors", len(asked))

    def clear(self) -> None:
        """Make all keys new ones. It writes to the database, and takes effect with the commit of a running transaction."""
        rows = BlockSwitch.objects.using(database())
        rows.bulk_create([BlockSwitch(block="state")], ignore_conflicts=True)
        rows.filter(block="state").update(generation=F("generation") + 1)
        switches.refresh()

    def _stored_key(self, key: Any, version: int | None) -> str:
        """The key's name in the store, which is another one after every `clear` and every switching off."""
        plain = self.make_and_validate_key(key, version=version)
        return sealed.digest(plain, str(switches.current().row("state").generation))

    def _on(self, within: Scope, keys: Iterable[Any], version: int | None) -> dict[Any, str]:
        """Those of the keys for which the store is to be used, with their names there."""
        named = {key: self._stored_key(key, version) for key in keys}
        return {key: stored for key, stored in named.items() if within.state_stage(stored) == ON}

    def _ttl(self, timeout: Any) -> int | None:
        """Whole seconds; 0 when it is over already, None for ever."""
        chosen: float | None = self.default_timeout if timeout is DEFAULT_TIMEOUT else timeout
        if self._longest is not None:
            chosen = self._longest if chosen is None else min(chosen, self._longest)
        return None if chosen is None else max(0, math.ceil(chosen))

    def _change(self, key: Any, version: int | None, change: Callable[[Sealed], Sealed]) -> Any:
        """Change what is stored to what `change` makes of it, again from the start whenever somebody else was faster; the new value.

        Raises LookupError when there is none, SidecarError when the budget ends first.
        """
        within = scope.current()
        for stored in self._on(within, [key], version).values():
            while True:
                found = ask(within, partial(sidecar.get_state, conf.STATE_STORE, stored))
                new = change(sealed.unseal(stored, found.data))
                ttl = None if new.ends_at is None else math.ceil(new.ends_at - time.time())
                if ttl is not None and ttl <= 0:
                    raise LookupError(key)
                try:
                    self._replace(within, stored, sealed.seal(stored, new.value, new.ends_at), found.etag, ttl)
                except EtagMismatch:
                    continue
                return new.value
        raise LookupError(key)

    def _replace(self, within: Scope, stored: str, data: bytes, etag: str, ttl: int | None) -> None:
        ask(within, partial(sidecar.replace_state, conf.STATE_STORE, stored, data, etag, ttl))


def _end(ttl: int | None) -> float | None:
    return None if ttl is None else time.time() + ttl
