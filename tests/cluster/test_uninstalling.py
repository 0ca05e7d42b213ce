"""The end: what is left is what docs/production.md says."""

from tests.cluster.cluster import RELEASE, Cluster, eventually
from tests.cluster.conftest import UnderWork

LEFT = {
    "persistentvolumeclaim/data-todo-postgresql-0",
    "persistentvolumeclaim/data-todo-valkey-0",
    "secret/todo-postgresql",
    "secret/todo-valkey",
}


def test_an_upgrade_that_changes_nothing_keeps_every_secret_and_makes_no_new_pod(settled: Cluster) -> None:
    def secrets() -> dict[str, object]:
        return {one["metadata"]["name"]: one["data"] for one in settled.get("secrets") if one["type"] == "Opaque"}

    before, pods = secrets(), {name: settled.names(name) for name in ("todo-frontend", "todo-backend", "todo-worker")}
    assert set(before) >= {"todo-app-secrets", "todo-dapr-api-token", "todo-app-api-token", "todo-valkey", "todo-postgresql"}
    settled.install()
    assert secrets() == before
    assert {name: settled.names(name) for name in pods} == pods


def test_uninstalling_leaves_what_the_docs_say_and_installing_again_finds_it(cluster: Cluster, under_work: UnderWork) -> None:
    guests = {"deployment.apps/stranger", "service/stranger-dapr", "configmap/load"}
    usual = {"configmap/kube-root-ca.crt", "configmap/dapr-trust-bundle", "serviceaccount/default"}
    (before,) = cluster.query("SELECT count(*) FROM todos_todo")
    cluster.helm("uninstall", RELEASE, "--wait", "--timeout", "5m")
    try:
        eventually(lambda: cluster.objects() - guests - usual == LEFT)
    finally:
        cluster.install()
    assert cluster.query("SELECT count(*) FROM todos_todo") == [before]
    with under_work():
        cluster.phase(5)
