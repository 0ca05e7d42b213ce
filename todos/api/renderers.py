"""How values become bytes, in one place, so that every answer is written alike."""

from collections.abc import Mapping
from typing import Any

import orjson
from rest_framework.renderers import BaseRenderer


def to_json(value: Any) -> bytes:
    """JSON (RFC 8259) in UTF-8: UUIDs as text, datetimes as RFC 3339 in UTC with `Z`, dates as `YYYY-MM-DD`."""
    return orjson.dumps(value, option=orjson.OPT_UTC_Z)


class JSONRenderer(BaseRenderer):
    """DRF's door to `to_json`."""

    media_type = "application/json"
    format = "json"
    charset = None
    render_style = "binary"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None) -> bytes:
        return b"" if data is None else to_json(data)
