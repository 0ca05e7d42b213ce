"""Each pod has the sidecar that Dapr's own injector adds; and it would be noticed if it had not."""

import json

import pytest

from tests.cluster.cluster import DAPR, DEPLOYMENTS, Cluster, Object, Refused, eventually, is_ready, run
from tests.cluster.conftest import UnderWork

INJECTOR = "deployment/dapr-sidecar-injector"


def sidecar(pod: Object) -> Object | None:
    """The container `daprd`, which the chart asks for as a native sidecar: it starts before the app and ends after it."""
    found = [one for one in pod["spec"].get("initContainers", []) if one["name"] == "daprd" and one.get("restartPolicy") == "Always"]
    return found[0] if found else None


def without_sidecar(cluster: Cluster) -> list[str]:
    """The pods that should have one and have not."""
    return [pod["metadata"]["name"] for name in DEPLOYMENTS for pod in cluster.pods(name) if sidecar(pod) is None]


def injector(replicas: int) -> None:
    """Let so many of them run, and no other."""
    run("kubectl", "--namespace", DAPR, "scale", INJECTOR, f"--replicas={replicas}")
    run("kubectl", "--namespace", DAPR, "rollout", "status", INJECTOR, "--timeout=120s")
    pods = ("kubectl", "--namespace", DAPR, "get", "pods", "--selector=app=dapr-sidecar-injector", "--output=json")
    eventually(lambda: len(json.loads(run(*pods))["items"]) == replicas)


def test_every_pod_is_ready_with_a_sidecar_of_daprs_own_injector(settled: Cluster) -> None:
    (image,) = {
        variable["value"]
        for container in json.loads(run("kubectl", "--namespace", DAPR, "get", INJECTOR, "--output=json"))["spec"]["template"]["spec"][
            "containers"
        ]
        for variable in container["env"]
        if variable["name"] == "SIDECAR_IMAGE"
    }
    assert without_sidecar(settled) == []
    for name, apps in {"todo-frontend": {"web"}, "todo-backend": {"api"}, "todo-worker": {"events", "relay"}}.items():
        for pod in settled.pods(name):
            added = sidecar(pod)
            assert added
            assert added["image"] == image, "what injects is what was asked for it"
            assert pod["metadata"]["labels"]["dapr.io/sidecar-injected"] == "true"
            statuses = pod["status"]["containerStatuses"] + pod["status"]["initContainerStatuses"]
            assert {one["name"]: one["ready"] for one in statuses} == dict.fromkeys({*apps, "daprd"}, True)


def test_the_namespace_takes_no_pod_that_is_not_restricted(settled: Cluster) -> None:
    with pytest.raises(Refused, match='violates PodSecurity "restricted'):
        settled.kubectl("run", "root", "--image=localhost/todo/backend:0.1.0", "--restart=Never")


def test_without_the_injector_a_new_pod_has_no_sidecar_which_is_noticed_and_people_do_not_notice(
    settled: Cluster, under_work: UnderWork
) -> None:
    usual = int(run("kubectl", "--namespace", DAPR, "get", INJECTOR, "--output=jsonpath={.spec.replicas}"))
    with under_work():
        try:
            injector(0)
            settled.kubectl("delete", "pod", settled.names("todo-worker")[0])
            missing = eventually(lambda: without_sidecar(settled))
            eventually(lambda: all(is_ready(pod) for pod in settled.pods("todo-worker")))
        finally:
            injector(usual)
        assert len(missing) == 1
        settled.kubectl("delete", "pod", *missing)
        settled.settle()
        assert without_sidecar(settled) == []
