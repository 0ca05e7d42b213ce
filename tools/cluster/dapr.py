"""Installs Dapr's control plane in the lab from its own chart, as docs/production.md says."""

import shutil
from collections.abc import Callable
from pathlib import Path

from tools.cluster.images import REGISTRY_OF_DAPR
from tools.cluster.layout import STATE

VALUES = {
    "global.registry": REGISTRY_OF_DAPR,
    "global.imagePullPolicy": "IfNotPresent",
    "global.prometheus.enabled": "true",
    "dapr_sidecar_injector.sidecarDropALLCapabilities": "true",  # for namespaces of the profile "restricted"
}


def install(chart: Path, version: str, run: Callable[..., object]) -> None:
    """Install it and wait until all of it is ready; `run` runs a command in the lab."""
    copy = STATE / "dapr"  # the folder of the module is read-only
    shutil.copytree(chart, copy, copy_function=shutil.copyfile, dirs_exist_ok=True)
    sets = [word for name, value in {**VALUES, "global.tag": version}.items() for word in ("--set", f"{name}={value}")]
    where = ["--namespace", "dapr-system", "--create-namespace", "--wait", "--timeout", "180s"]
    run("helm", "upgrade", "--install", "dapr", str(copy), *where, *sets)
