"""A stand-in for a provisioner: every claim that names no class gets a folder of the node, for as long as the claim lives.

`python -m tools.cluster.volumes KUBECTL WORDS...` runs in the lab for good.
"""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tools.cluster.layout import VOLUMES
from tools.cluster.objects import EVERY, listed


def missing(claims: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The volumes to make for claims that wait for one."""
    return [_volume(claim) for claim in claims if claim["status"].get("phase") == "Pending" and not claim["spec"].get("storageClassName")]


def left(volumes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The volumes whose claim is gone."""
    return [volume for volume in volumes if volume["status"].get("phase") == "Released"]


def _volume(claim: dict[str, Any]) -> dict[str, Any]:
    name = f"lab-{claim['metadata']['uid']}"
    whose = {"namespace": claim["metadata"]["namespace"], "name": claim["metadata"]["name"], "uid": claim["metadata"]["uid"]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "accessModes": claim["spec"]["accessModes"],
            "capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
            "persistentVolumeReclaimPolicy": "Retain",
            "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", **whose},
            "hostPath": {"path": str(VOLUMES / name), "type": "Directory"},
        },
    }


def main(kubectl: list[str]) -> None:
    """Look every second; what cannot be done now is tried again."""
    while True:
        volumes, claims = listed(kubectl, "persistentvolumes"), listed(kubectl, "persistentvolumeclaims")
        if volumes is not None and claims is not None:
            _look(kubectl, volumes, claims)
        time.sleep(EVERY)


def _look(kubectl: list[str], volumes: list[dict[str, Any]], claims: list[dict[str, Any]]) -> None:
    there = {volume["metadata"]["name"] for volume in volumes}
    for volume in missing(claims):
        if volume["metadata"]["name"] not in there:
            folder = Path(volume["spec"]["hostPath"]["path"])
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o777)  # Kubernetes does not hand folders of a node over to a pod's group
            subprocess.run([*kubectl, "create", "--filename=-"], input=json.dumps(volume), text=True, check=False)
    for volume in left(volumes):
        if subprocess.run([*kubectl, "delete", "persistentvolume", volume["metadata"]["name"]], check=False).returncode == 0:
            shutil.rmtree(volume["spec"]["hostPath"]["path"], ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1:])
