"""Primary keys that sort by creation time."""

from uuid import UUID

from uuid_utils import compat


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562): unique, and later ones sort after earlier ones, which keeps indexes compact."""
    return compat.uuid7()
