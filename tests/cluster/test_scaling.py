"""More workers and fewer, more of the API and less, while people work: the order of events and their single effect stay."""

from tests.cluster.cluster import Cluster
from tests.cluster.conftest import UnderWork

SCALED = ("deployment/todo-backend", "deployment/todo-worker")


def test_api_and_worker_are_scaled_from_one_to_three_and_back_and_nobody_notices(settled: Cluster, under_work: UnderWork) -> None:
    replicas = settled.replicas("todo-backend"), settled.replicas("todo-worker")

    def scale(backend: int, worker: int) -> None:
        for name, number in zip(SCALED, (backend, worker), strict=True):
            settled.kubectl("scale", name, f"--replicas={number}")
        settled.settle()
        assert (len(settled.pods("todo-backend")), len(settled.pods("todo-worker"))) == (backend, worker)

    scale(1, 1)
    with under_work():
        scale(3, 3)
        scale(1, 1)
    scale(*replicas)
