"""Cached values as they lie in the store: readable by anybody there, and believed only with our seal on key and value together."""

import hmac
import json
from functools import lru_cache
from hashlib import sha256
from typing import Any

from django.conf import settings

_BYTES, _JSON = b"b", b"j"
_SEAL = 32


class Malformed(LookupError):
    """Not a value that was sealed for this key: cut off, changed, moved from another key, or written by somebody else."""


def digest(*parts: str) -> str:
    """A key for the store, made of all parts: of one length, of harmless characters, and not to be guessed."""
    message = "\0".join(f"{len(part)}:{part}" for part in parts)
    return hmac.new(_secret(settings.SECRET_KEY), b"key" + message.encode(), sha256).hexdigest()


def seal(key: str, value: Any) -> bytes:
    """The value in bytes, good for this key only. Takes bytes, and what JSON gives back as it was; raises TypeError for all else."""
    kind, body = (_BYTES, value) if isinstance(value, bytes) else (_JSON, _json(value))
    return _mac(key, kind + body) + kind + body


def unseal(key: str, data: bytes) -> Any:
    """The value that was sealed for the key. Raises Malformed."""
    mac, kind, body = data[:_SEAL], data[_SEAL : _SEAL + 1], data[_SEAL + 1 :]
    if not hmac.compare_digest(mac, _mac(key, kind + body)):
        raise Malformed
    return body if kind == _BYTES else json.loads(body)


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
