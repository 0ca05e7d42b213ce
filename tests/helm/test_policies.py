"""What nobody should have to ask of a chart: no rights, limits everywhere, closed doors, and an orderly end."""

import re
from typing import Any

import pytest

from tests.helm.chart import NAMESPACE, Chart, Object, Values, container, pod_templates

pytestmark = pytest.mark.e2e
DEPLOYMENTS = ("todo-frontend", "todo-backend", "todo-worker")


def breaches(template: Object) -> list[str]:
    """What a pod does that the "restricted" profile of Kubernetes forbids, and what it leaves open beyond that."""
    spec = template["spec"]
    pod: dict[str, Any] = spec.get("securityContext", {})
    found = [name for name in ("hostNetwork", "hostPID", "hostIPC") if spec.get(name)]
    found += [volume["name"] for volume in spec.get("volumes", []) if not {"emptyDir", "secret"} & set(volume)]
    found += [f"{volume['name']} has no limit" for volume in spec.get("volumes", []) if volume.get("emptyDir") == {}]
    if pod.get("runAsNonRoot") is not True or pod.get("runAsUser", 0) < 1:
        found.append("may be root")
    if pod.get("seccompProfile") != {"type": "RuntimeDefault"}:
        found.append("no seccomp profile")
    if spec.get("automountServiceAccountToken") is not False:
        found.append("has a token at the API server")
    for one in spec["containers"]:
        context = one.get("securityContext", {})
        wanted = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
        found += [f"{one['name']}: {name}" for name, value in wanted.items() if context.get(name) != value]
        found += [f"{one['name']}: {name}" for name in context if name not in wanted]
        if not re.search(r"(:(?!latest)[\w.-]+|@sha256:[0-9a-f]{64})$", one["image"]):
            found.append(f"{one['name']}: an image that changes")
        for kind in ("requests", "limits"):
            found += [f"{one['name']}: no {kind}.{name}" for name in ("cpu", "memory") if name not in one["resources"].get(kind, {})]
    return found


def test_every_pod_keeps_the_restricted_profile_and_has_limits(chart: Chart, values: Values) -> None:
    assert {name: breaches(template) for name, template in pod_templates(chart.render(values)) if breaches(template)} == {}


def test_a_breach_would_be_found(chart: Chart) -> None:
    template = chart.one("Deployment", "todo-backend")["spec"]["template"]
    (one,) = template["spec"]["containers"]
    loose = {**one, "image": "todo-backend:latest", "resources": {"requests": one["resources"]["requests"]}, "securityContext": {}}
    spec = {**template["spec"], "containers": [loose], "hostNetwork": True, "automountServiceAccountToken": True, "securityContext": {}}
    assert breaches({"spec": spec}) == [
        "hostNetwork",
        "may be root",
        "no seccomp profile",
        "has a token at the API server",
        "api: allowPrivilegeEscalation",
        "api: readOnlyRootFilesystem",
        "api: capabilities",
        "api: an image that changes",
        "api: no limits.cpu",
        "api: no limits.memory",
    ]


def test_nobody_has_a_right_at_kubernetes_api(chart: Chart, values: Values) -> None:
    objects = chart.render(values)
    assert not [thing for thing in objects if "Role" in thing["kind"]]
    accounts = [thing for thing in objects if thing["kind"] == "ServiceAccount"]
    assert [account["automountServiceAccountToken"] for account in accounts] == [False] * 3


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_a_pod_is_started_watched_and_stopped_with_patience(chart: Chart, name: str) -> None:
    deployment = chart.one("Deployment", name)
    spec = deployment["spec"]["template"]["spec"]
    serving = [one for one in spec["containers"] if one.get("ports")]
    assert serving
    for one in serving:
        assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(one)
        assert one["readinessProbe"]["httpGet"]["path"] == "/readyz"
        assert one["livenessProbe"]["httpGet"]["path"] == "/livez"
    assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}


def test_who_is_asked_for_answers_waits_until_nobody_asks_any_more_and_then_ends_in_time(chart: Chart) -> None:
    for name, serving, work in (("todo-frontend", "web", 30), ("todo-backend", "api", 25)):
        deployment = chart.one("Deployment", name)
        pause = container(deployment, serving)["lifecycle"]["preStop"]["sleep"]["seconds"]
        assert pause >= 15  # fewer lost requests when it was measured
        assert deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] >= pause + work + 5
    # The DNS of callers' sidecars is asked again after 30 s.
    assert chart.one("Deployment", "todo-backend")["spec"]["minReadySeconds"] > 30


def test_graceful_timeouts_fit_into_what_kubernetes_waits(chart: Chart) -> None:
    from dapr_bridge.management.commands.relay_events import PATIENCE_SECONDS

    worker = chart.one("Deployment", "todo-worker")["spec"]["template"]["spec"]
    assert worker["terminationGracePeriodSeconds"] > 2 * PATIENCE_SECONDS + 5


def test_a_drained_node_and_a_lost_zone_leave_pods_of_every_kind(chart: Chart) -> None:
    for name in DEPLOYMENTS:
        labels = chart.one("Deployment", name)["spec"]["template"]["metadata"]["labels"]
        budget = chart.one("PodDisruptionBudget", name)["spec"]
        assert budget["maxUnavailable"] == 1
        assert budget["selector"]["matchLabels"].items() <= labels.items()
        spread = chart.one("Deployment", name)["spec"]["template"]["spec"]["topologySpreadConstraints"]
        assert [one["topologyKey"] for one in spread] == ["kubernetes.io/hostname", "topology.kubernetes.io/zone"]
        assert all(one["labelSelector"]["matchLabels"].items() <= labels.items() for one in spread)


class Network:
    """What the policies of one rendering let through, as a network plugin decides it."""

    def __init__(self, objects: list[Object]) -> None:
        self._policies = [thing["spec"] for thing in objects if thing["kind"] == "NetworkPolicy"]
        self._labels = {
            template["metadata"]["labels"]["app.kubernetes.io/name"]: template["metadata"]["labels"]
            for _, template in pod_templates(objects)
        }

    def allows(self, source: str, target: str, port: int, *, namespace: str = NAMESPACE) -> bool:
        """Whether a pod may connect: `todo-*` are this release's, other names are strangers; `namespace` is where the stranger is."""
        ends = [self._peer(source, namespace), self._peer(target, namespace)]
        return self._one_way("egress", "to", ends[0], ends[1], port) and self._one_way("ingress", "from", ends[1], ends[0], port)

    def is_closed(self, name: str) -> bool:
        """Whether everything that is not let through is denied, in and out."""
        return any(
            self._selects(policy["podSelector"], self._labels[name]) and set(policy["policyTypes"]) == {"Ingress", "Egress"}
            for policy in self._policies
        )

    def _peer(self, name: str, namespace: str) -> tuple[dict[str, str], str]:
        return (self._labels[name], NAMESPACE) if name in self._labels else ({"app": name}, namespace)

    def _one_way(self, way: str, side: str, ours: tuple[dict[str, str], str], other: tuple[dict[str, str], str], port: int) -> bool:
        if ours[1] != NAMESPACE:
            return True
        policies = [policy for policy in self._policies if self._selects(policy["podSelector"], ours[0])]
        rules = [rule for policy in policies for rule in policy.get(way) or []]
        return not policies or any(
            port in [one["port"] for one in rule["ports"]] and (side not in rule or any(self._is(peer, other) for peer in rule[side]))
            for rule in rules
        )

    def _is(self, peer: Object, other: tuple[dict[str, str], str]) -> bool:
        labels, namespace = other
        where = {"kubernetes.io/metadata.name": namespace}
        if "ipBlock" in peer:
            return False
        if "namespaceSelector" in peer and not self._selects(peer["namespaceSelector"], where):
            return False
        if "namespaceSelector" not in peer and namespace != NAMESPACE:
            return False
        return self._selects(peer.get("podSelector", {}), labels)

    @staticmethod
    def _selects(selector: Object, labels: dict[str, str]) -> bool:
        assert "matchExpressions" not in selector
        return bool(selector.get("matchLabels", {}).items() <= labels.items())


ALLOWED = {
    ("stranger", "todo-frontend", 3000),
    ("todo-frontend", "todo-backend", 8000),
    ("todo-frontend", "todo-backend", 50002),
    ("todo-backend", "todo-valkey", 6379),
    ("todo-worker", "todo-valkey", 6379),
    ("todo-backend", "todo-postgresql", 5432),
    ("todo-worker", "todo-postgresql", 5432),
    ("todo-migrate", "todo-postgresql", 5432),
}
PODS = ("todo-frontend", "todo-backend", "todo-worker", "todo-migrate", "todo-valkey", "todo-postgresql")
PORTS = (3000, 8000, 3500, 3501, 50001, 50002, 9090, 6379, 5432)


def test_only_what_is_needed_passes_between_pods(chart: Chart) -> None:
    network = Network(chart.render({"postgresql.enabled": True}))
    assert all(network.is_closed(pod) for pod in PODS)
    found = {
        (source, target, port)
        for source in ("stranger", *PODS)
        for target in PODS
        for port in PORTS
        if source != target and network.allows(source, target, port, namespace="elsewhere")
    }
    assert found == ALLOWED


def test_the_control_plane_of_dapr_and_dns_can_be_asked_and_nothing_else_outside(chart: Chart) -> None:
    network = Network(chart.render())
    for pod in DEPLOYMENTS:
        assert all(network.allows(pod, "sentry", port, namespace="dapr-system") for port in (50001, 50005, 50006, 6500))
        assert not network.allows(pod, "stranger", 50001, namespace="elsewhere")
        assert network.allows(pod, "dns", 53, namespace="kube-system")
        assert not network.allows(pod, "stranger", 443, namespace="elsewhere")
    assert not Network(chart.render({"dapr.enabled": False})).allows("todo-backend", "sentry", 50001, namespace="dapr-system")


def test_without_the_flag_there_is_no_policy_at_all(chart: Chart) -> None:
    objects = chart.render({"networkPolicy.enabled": False, "postgresql.enabled": True})
    assert not [thing for thing in objects if thing["kind"] == "NetworkPolicy"]


def test_metrics_are_for_those_who_are_named_alone(chart: Chart) -> None:
    assert not Network(chart.render()).allows("prometheus", "todo-backend", 9090, namespace="monitoring")
    values = {"networkPolicy.metricsFrom": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]}
    network = Network(chart.render(values))
    assert network.allows("prometheus", "todo-backend", 9090, namespace="monitoring")
    assert network.allows("prometheus", "todo-worker", 8000, namespace="monitoring")
    assert not network.allows("prometheus", "todo-backend", 50002, namespace="monitoring")
    assert not network.allows("stranger", "todo-backend", 9090, namespace="elsewhere")


def test_servers_of_ones_own_are_reached_at_their_ports_and_addresses(chart: Chart) -> None:
    values = {
        "valkey.enabled": False,
        "redis.host": "redis:6380",
        "redis.port": 6380,
        "database.port": 6432,
        "observability.otlpEndpoint": "http://collector.monitoring:4318",
        "networkPolicy.redisTo": [{"podSelector": {"matchLabels": {"app": "redis"}}}],
    }
    network = Network(chart.render(values))
    assert network.allows("todo-backend", "redis", 6380)
    assert not network.allows("todo-backend", "other", 6380)
    assert network.allows("todo-migrate", "postgres", 6432, namespace="elsewhere")
    assert network.allows("todo-frontend", "collector", 4318, namespace="monitoring")
    assert not Network(chart.render()).allows("todo-frontend", "collector", 4318, namespace="monitoring")
