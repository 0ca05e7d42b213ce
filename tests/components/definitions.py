"""Dapr's own definitions of its resources, as the API server of Kubernetes has them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]

SCHEMAS = Path(__file__).parent / "schemas"


def strict(schema: Any) -> Any:
    """The schema with unknown fields forbidden: Kubernetes would drop them silently."""
    if isinstance(schema, list):
        return [strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: strict(value) for name, value in schema.items()}
    if isinstance(closed.get("properties"), dict) and closed.get("type") == "object":
        closed.setdefault("additionalProperties", False)
    return closed


def validate(document: Mapping[str, Any], schemas: Path = SCHEMAS) -> None:
    """Raise jsonschema.ValidationError when a custom resource is not what the definition of its kind allows."""
    schema = strict(json.loads((schemas / f"{document['kind'].lower()}.json").read_text()))
    jsonschema.Draft202012Validator(schema).validate({**document, "metadata": {}})
