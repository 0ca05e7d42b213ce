"""What there is in the cluster, for the programs of the lab that look again and again."""

import json
import subprocess
from collections.abc import Sequence
from typing import Any

EVERY = 1.0  # seconds between two looks


def listed(kubectl: Sequence[str], kind: str) -> list[dict[str, Any]] | None:
    """The objects of a kind in all namespaces; None when the API server does not say, and one has to look again."""
    command = [*kubectl, "get", kind, "--all-namespaces", "--output=json"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return list(json.loads(answer.stdout)["items"]) if answer.returncode == 0 else None
