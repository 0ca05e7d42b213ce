"""What happens to pods every day, and what should not: nobody notices, and no event is lost."""

import json

import pytest

from tests.cluster.cluster import DEPLOYMENTS, NAMESPACE, Cluster, Object, Refused, eventually, is_ready, run
from tests.cluster.conftest import UnderWork

# Kills the processes of a container, from the node's process namespace; prints how many there were.
KILL = """
import os, signal, sys
from pathlib import Path
killed = 0
for folder in Path("/proc").iterdir():
    try:
        if folder.name.isdigit() and sys.argv[1] in (folder / "cgroup").read_text():
            os.kill(int(folder.name), signal.SIGKILL)
            killed += 1
    except OSError:
        pass
print(killed)
"""


def status(cluster: Cluster, pod: str, container: str) -> Object:
    """What Kubernetes says of a container."""
    found = json.loads(cluster.kubectl("get", "pod", pod, "--output=json"))["status"]
    (one,) = [one for one in found.get("initContainerStatuses", []) + found["containerStatuses"] if one["name"] == container]
    return dict(one)


def kill(cluster: Cluster, pod: str, container: str) -> None:
    """SIGKILL for its processes; return once it was started again and its pod is ready."""
    node = json.loads(cluster.kubectl("get", "pod", pod, "--output=json"))["spec"]["nodeName"]
    killers = json.loads(run("kubectl", "--namespace", f"{NAMESPACE}-killer", "get", "pods", "--output=json"))["items"]
    (killer,) = [one["metadata"]["name"] for one in killers if one["spec"]["nodeName"] == node]
    before = status(cluster, pod, container)
    argv = ("kubectl", "--namespace", f"{NAMESPACE}-killer", "exec", "-i", killer, "--", "python", "-")
    assert int(run(*argv, before["containerID"].rpartition("/")[2], given=KILL)) >= 1
    eventually(lambda: status(cluster, pod, container)["restartCount"] == before["restartCount"] + 1)
    eventually(lambda: status(cluster, pod, container)["lastState"].get("terminated", {}).get("exitCode") == 137)
    eventually(lambda: is_ready(json.loads(cluster.kubectl("get", "pod", pod, "--output=json"))), within=120)


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_a_rolling_restart_is_noticed_by_nobody(settled: Cluster, under_work: UnderWork, name: str) -> None:
    before = set(settled.names(name))
    with under_work():
        settled.kubectl("rollout", "restart", f"deployment/{name}")
        settled.settle()
    assert not before & set(settled.names(name))


def test_each_pod_is_deleted_and_nobody_notices(settled: Cluster, under_work: UnderWork) -> None:
    """One of each kind at a time, so that the other one is there."""
    old = {name: settled.names(name) for name in DEPLOYMENTS}
    with under_work():
        for pods in zip(*old.values(), strict=True):
            settled.kubectl("delete", "pod", *pods)
            settled.settle()
    assert not {pod for pods in old.values() for pod in pods} & {pod for name in DEPLOYMENTS for pod in settled.names(name)}


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_each_sidecar_is_killed_and_nobody_notices(settled: Cluster, under_work: UnderWork, name: str) -> None:
    with under_work():
        for pod in settled.names(name):
            kill(settled, pod, "daprd")


def test_the_broker_is_killed_and_then_replaced_and_nobody_notices(settled: Cluster, under_work: UnderWork) -> None:
    with under_work():
        kill(settled, "todo-valkey-0", "valkey")
        settled.kubectl("delete", "pod", "todo-valkey-0")
        eventually(lambda: [pod for pod in settled.pods("todo-valkey") if is_ready(pod)])
    eventually(lambda: "Nothing is wrong." in settled.manage("dapr_doctor"))


def test_a_drain_takes_one_pod_of_a_kind_at_a_time_and_nobody_notices(settled: Cluster, under_work: UnderWork) -> None:
    def evict(pod: str) -> None:
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": settled.namespace}}
        path = f"/api/v1/namespaces/{settled.namespace}/pods/{pod}/eviction"
        settled.kubectl("create", "--raw", path, "--filename=-", given=json.dumps(body))

    with under_work():
        for name in DEPLOYMENTS:
            one, other = settled.names(name)
            evict(one)
            with pytest.raises(Refused, match="violate the pod's disruption budget"):
                evict(other)
        settled.settle()
