"""Every phase, there and back, while people work: by the command of the operator, and by what the chart's values allow."""

from typing import Any

from tests.cluster.cluster import Cluster, eventually
from tests.cluster.conftest import LAST_PHASE, UnderWork

NO_DAPR = {"dapr.enabled": False}
IN_TURN = [
    {"dapr.invocation": False, "dapr.state": False},
    {"dapr.pubsub": False, "dapr.observability": False},
]


def test_every_phase_is_gone_through_forward_and_back_and_nobody_notices(settled: Cluster, under_work: UnderWork) -> None:
    with under_work():
        for phase in range(LAST_PHASE - 1, -1, -1):
            settled.manage("dapr_phase", "--back")
            assert settled.current_phase() == phase
        for phase in range(1, LAST_PHASE + 1):
            settled.manage("dapr_phase", str(phase), "--who", "proofs")
            assert settled.current_phase() == phase
        settled.manage("dapr_phase", "0")
        assert settled.current_phase() == 0
    assert "Nothing is wrong." in settled.manage("dapr_doctor")


def components(cluster: Cluster) -> set[str]:
    """Of Dapr's, by name."""
    return {one["metadata"]["name"] for one in cluster.get("components.dapr.io")}


def containers(cluster: Cluster) -> set[int]:
    """How many run in the pods of the API."""
    return {
        len(pod["status"]["containerStatuses"] + pod["status"].get("initContainerStatuses", [])) for pod in cluster.pods("todo-backend")
    }


def test_dapr_is_taken_away_by_an_upgrade_and_given_back_by_the_rollback_and_nobody_notices(
    settled: Cluster, under_work: UnderWork
) -> None:
    before = settled.objects()
    with under_work():
        settled.install(NO_DAPR)
        assert (components(settled), containers(settled)) == (set(), {1})
        settled.rollback()
        assert (components(settled), containers(settled)) == ({"pubsub", "statestore"}, {2})
    assert settled.objects() == before, "the rollback leaves nothing of the revision between"
    assert settled.current_phase() == LAST_PHASE
    eventually(lambda: "Nothing is wrong." in settled.manage("dapr_doctor"))


def test_each_block_is_taken_away_by_values_and_given_back_and_nobody_notices(settled: Cluster, under_work: UnderWork) -> None:
    with under_work():
        for values in IN_TURN:
            settled.install(values)
            (env,) = variables(settled)
            assert {block: env[f"DAPR_{block.upper()}_ENABLED"] for block in ("invocation", "pubsub", "state", "observability")} == {
                block: str(f"dapr.{block}" not in values).lower() for block in ("invocation", "pubsub", "state", "observability")
            }
            kept = {"pubsub": "dapr.pubsub", "statestore": "dapr.state"}
            assert components(settled) == {name for name, value in kept.items() if value not in values}
        settled.install()
    eventually(lambda: "Nothing is wrong." in settled.manage("dapr_doctor"))


def variables(cluster: Cluster) -> list[dict[str, Any]]:
    """The environments of the API's pods, each once."""
    found: list[dict[str, Any]] = []
    for pod in cluster.pods("todo-backend"):
        env = {one["name"]: one.get("value") for one in pod["spec"]["containers"][0]["env"]}
        if env not in found:
            found.append(env)
    return found
