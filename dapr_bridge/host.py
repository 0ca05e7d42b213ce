"""Which sidecar this process uses, and where it keeps what it shares with the others of its host that use the same one."""

import hashlib
import os
import tempfile
from functools import lru_cache
from pathlib import Path

from dapr_bridge.conf import conf


def address() -> str:
    """Where the sidecar's gRPC API is."""
    return f"{conf.SIDECAR_HOST}:{conf.SIDECAR_GRPC_PORT or os.environ.get('DAPR_GRPC_PORT', '50001')}"


def shared(what: str, layout: str) -> Path:
    """The path for this user and for processes that read it alike: `layout` says how, so that another release has one of its own."""
    return _path(what, f"{layout} {address()}", conf.BREAKER_FOLDER or os.environ.get("DAPR_BREAKER_FOLDER"))


@lru_cache(maxsize=16)
def _path(what: str, readers: str, folder: str | None) -> Path:
    name = hashlib.sha256(readers.encode()).hexdigest()[:16]
    memory = Path("/dev/shm")  # noqa: S108 -- what is there is opened for its owner alone and without following links
    usual = memory if os.access(memory, os.W_OK) else Path(tempfile.gettempdir())
    return (Path(folder) if folder else usual) / f"dapr_bridge-{os.getuid()}-{name}.{what}"
