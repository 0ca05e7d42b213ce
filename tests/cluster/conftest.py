"""One release in a namespace of its own, for all tests; who looks at it from beside; and people who use it meanwhile.

    KUBECONFIG=... python -m pytest tests/cluster         # kubectl and helm on PATH, Dapr 1.18 and the images in the cluster

CLUSTER_VALUES names more files of values, separated by commas, for instance with the names of images.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.cluster import people
from tests.cluster.cluster import NAMESPACE, Cluster, eventually, is_ready, run
from tests.cluster.people import Work
from tests.cluster.report import FACTS, facts

HERE = Path(__file__).parent
LAST_PHASE = 5
UnderWork = Callable[[], AbstractContextManager[Work]]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--keep", action="store_true", help="leave the release where it is; the next run begins with it")


def pytest_configure() -> None:
    """Refuse to guess which cluster is meant: things are killed there."""
    if not os.environ.get("KUBECONFIG"):
        raise pytest.UsageError("Name the cluster in KUBECONFIG; `make cluster-test` brings up one of its own.")


@pytest.fixture(scope="session")
def cluster(pytestconfig: pytest.Config) -> Iterator[Cluster]:
    """The release, in the last phase, with its guests."""
    found = Cluster()
    labels = f"metadata: {{name: {NAMESPACE}, labels: {{pod-security.kubernetes.io/enforce: restricted}}}}"
    run("kubectl", "apply", "--filename=-", given=f"{{apiVersion: v1, kind: Namespace, {labels}}}")
    try:
        found.install()
        _let_guests_in(found)
        found.phase(LAST_PHASE)
        pytestconfig.stash[FACTS] = facts(found)
        yield found
    finally:
        if not pytestconfig.getoption("keep"):
            run("kubectl", "delete", "namespace", NAMESPACE, f"{NAMESPACE}-killer", "--ignore-not-found", timeout=300)


def _let_guests_in(cluster: Cluster) -> None:
    image = cluster.pods("todo-backend")[0]["spec"]["containers"][0]["image"]
    files = [f"--from-file={path}" for path in (HERE / "load.py", HERE.parent / "kept.py")]
    load = cluster.kubectl("create", "configmap", "load", *files, "--dry-run=client", "--output=yaml")
    cluster.apply(load)
    cluster.apply((HERE / "guests.yaml").read_text().replace("IMAGE", image))
    run("kubectl", "apply", "--filename=-", given=(HERE / "killer.yaml").read_text().replace("IMAGE", image))
    cluster.kubectl("wait", "--for=condition=Ready", "pod/outsider", "--timeout=120s")
    cluster.rolled_out("stranger")
    run("kubectl", "--namespace", f"{NAMESPACE}-killer", "rollout", "status", "daemonset/killer", "--timeout=120s")


@pytest.fixture
def settled(cluster: Cluster) -> Iterator[Cluster]:
    """The release as it is meant to be, before the test and after: every pod there with its sidecar, in the last phase."""
    yield cluster
    cluster.settle()
    cluster.phase(LAST_PHASE)


@pytest.fixture
def under_work(settled: Cluster, record_property: Callable[[str, object], None]) -> UnderWork:
    """`with under_work():` people work meanwhile; in the end nobody has noticed anything, and nothing is lost or there twice."""

    @contextmanager
    def working() -> Iterator[Work]:
        with people.at_work(settled) as work:
            yield work
        record_property("work", work.counts)
        people.nobody_noticed(work)
        people.everything_is_there_once(settled, work)
        record_property("work", work.counts)

    return working


@pytest.fixture
def stranger(cluster: Cluster) -> str:
    """The pod of an app of others, with a sidecar."""

    def there() -> str | None:
        ready = [pod["metadata"]["name"] for pod in cluster.get("pods", "--selector=guest=stranger") if is_ready(pod)]
        return ready[0] if len(ready) == 1 else None

    return str(eventually(there))


@pytest.fixture
def doors_open(cluster: Cluster) -> Iterator[None]:
    """Guests may reach every port of the release, whatever network policies say: what refuses them then is not the network."""
    cluster.apply((HERE / "doors-open.yaml").read_text())
    yield
    cluster.kubectl("delete", "networkpolicy", "doors-open")
