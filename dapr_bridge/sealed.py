"""Cached values as they lie in the store: readable by anybody there, and believed only with our seal on key and value together."""

import hmac
import json
import struct
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any

from django.conf import settings

_BYTES, _JSON = b"b", b"j"
_SEAL = 32
_END = struct.Struct("!d")
_HEAD = _SEAL + _END.size + 1


@dataclass(frozen=True)
class Sealed:
    """What was stored, and when it shall end, in seconds since 1970; None: never. Stores keep that too, and tell nobody."""

    value: Any
    ends_at: float | None


class Malformed(LookupError):
    """Not a value that was sealed for this key: cut off, changed, moved from another key, or written by somebody else."""


def digest(*parts: str) -> str:
    """A key for the store, made of all parts: of one length, of harmless characters, and not to be guessed."""
    message = "\0".join(f"{len(part)}:{part}" for part in parts)
    return hmac.new(_secret(settings.SECRET_KEY), b"key" + message.encode(), sha256).hexdigest()


def seal(key: str, value: Any, ends_at: float | None = None) -> bytes:
    """The value in bytes, good for this key only. Takes bytes, and what JSON gives back as it was; raises TypeError for all else."""
    kind, body = (_BYTES, value) if isinstance(value, bytes) else (_JSON, _json(value))
    told = _END.pack(ends_at or 0.0) + kind + body
    return _mac(key, told) + told


def unseal(key: str, data: bytes) -> Sealed:
    """What was sealed for the key. Raises Malformed."""
    mac, told = data[:_SEAL], data[_SEAL:]
    if not hmac.compare_digest(mac, _mac(key, told)):
        raise Malformed
    body = data[_HEAD:]
    return Sealed(body if data[_HEAD - 1 : _HEAD] == _BYTES else json.loads(body), _END.unpack_from(told)[0] or None)


def _json(value: Any) -> bytes:
    text = json.dumps(value, separators=(",", ":"))
    if json.loads(text) != value:
        raise TypeError("JSON would change this value (a tuple, a key that is no string, NaN): store bytes or plain JSON values.")
    return text.encode()


def _mac(key: str, body: bytes) -> bytes:
    return hmac.new(_secret(settings.SECRET_KEY), key.encode() + b"\0" + body, sha256).digest()


@lru_cache(maxsize=4)
def _secret(key: str | bytes) -> bytes:
    """Derived, so that nothing sealed here is worth anything where the key itself signs."""
    raw = key if isinstance(key, bytes) else key.encode()
    return sha256(b"dapr_bridge.cache" + raw).digest()
