"""Time zones by the names that files use."""

from functools import lru_cache
from zoneinfo import ZoneInfo


@lru_cache(maxsize=256)
def zone_of(name: str) -> ZoneInfo | None:
    """The zone of an IANA name, or of a Windows name such as "W. Europe Standard Time" (Outlook's); None when there is none."""
    found = _iana(name)
    if found is None and " " in name:
        from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON  # 0.1 s to import, for the few files that need it

        found = _iana(WINDOWS_TO_OLSON.get(name, ""))
    return found


def _iana(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):  # unknown, a path that leaves the database, a folder of it
        return None


@lru_cache(maxsize=64)
def definition_of(zone: ZoneInfo) -> bytes:
    """The VTIMEZONE component (RFC 5545 section 3.6.5) that files with local times of this zone must carry."""
    from icalendar import Timezone

    return bytes(Timezone.from_tzid(zone.key).to_ical())
