"""What a NetworkPolicy becomes in the lab."""

from typing import Any

from tools.cluster.policies import Cluster, ruleset, selects


def pod(name: str, address: str, namespace: str = "todo", **labels: str) -> dict[str, Any]:
    containers = [{"ports": [{"name": "http", "containerPort": 8000}]}]
    return {
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"containers": containers},
        "status": {"podIP": address},
    }


def policy(selector: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"metadata": {"namespace": "todo"}, "spec": {"podSelector": {"matchLabels": selector}, **spec}}


WEB, API = pod("web", "10.0.0.1", app="web"), pod("api", "10.0.0.2", app="api")
SENTRY = pod("sentry", "10.0.0.3", "dapr-system", app="sentry")
CLUSTER = Cluster([WEB, API, SENTRY], {"todo": {"name": "todo"}, "dapr-system": {"name": "dapr-system"}})
FROM_WEB = {"from": [{"podSelector": {"matchLabels": {"app": "web"}}}]}


def rules(*policies: dict[str, Any]) -> list[str]:
    return [line for line in ruleset(CLUSTER, policies).splitlines() if line.startswith("-A ")][1:]


def test_who_is_in_no_policy_is_not_guarded() -> None:
    assert rules(policy({"app": "nobody"}, policyTypes=["Ingress"])) == []


def test_what_is_not_listed_is_dropped() -> None:
    listed = policy({"app": "api"}, policyTypes=["Ingress"], ingress=[{**FROM_WEB, "ports": [{"port": 8000, "protocol": "TCP"}]}])
    assert rules(listed) == [
        "-A LAB-POLICIES -d 10.0.0.2 -j LAB-I-10-0-0-2",
        "-A LAB-I-10-0-0-2 -s 10.0.0.1 -p tcp --dport 8000 -j RETURN",
        "-A LAB-I-10-0-0-2 -j DROP",
    ]


def test_a_guarded_direction_without_a_rule_lets_nothing_through() -> None:
    assert rules(policy({"app": "api"}, policyTypes=["Egress"])) == [
        "-A LAB-POLICIES -s 10.0.0.2 -j LAB-E-10-0-0-2",
        "-A LAB-E-10-0-0-2 -j DROP",
    ]


def test_another_namespace_is_meant_by_its_labels_and_a_port_by_its_name() -> None:
    there = {"to": [{"namespaceSelector": {"matchLabels": {"name": "dapr-system"}}}], "ports": [{"port": "http"}]}
    out = rules(policy({"app": "api"}, policyTypes=["Egress"], egress=[there]))
    assert "-A LAB-E-10-0-0-2 -d 10.0.0.3 -p tcp --dport 8000 -j RETURN" in out


def test_anybody_may_come_where_a_rule_names_nobody() -> None:
    into = rules(policy({"app": "web"}, policyTypes=["Ingress"], ingress=[{"ports": [{"port": 3000, "endPort": 3010}]}]))
    assert "-A LAB-I-10-0-0-1 -s 0.0.0.0/0 -p tcp --dport 3000:3010 -j RETURN" in into


def test_the_policies_of_a_pod_add_up() -> None:
    one = policy({"app": "api"}, policyTypes=["Ingress"], ingress=[FROM_WEB])
    other = policy({"app": "api"}, policyTypes=["Ingress"], ingress=[{"from": [{"ipBlock": {"cidr": "10.9.0.0/16"}}]}])
    found = rules(one, other)
    assert found[1:] == [
        "-A LAB-I-10-0-0-2 -s 10.0.0.1 -j RETURN",
        "-A LAB-I-10-0-0-2 -s 10.9.0.0/16 -j RETURN",
        "-A LAB-I-10-0-0-2 -j DROP",
    ]


def test_expressions_are_understood() -> None:
    labels = {"tier": "web"}
    assert selects({"matchExpressions": [{"key": "tier", "operator": "In", "values": ["web"]}]}, labels)
    assert not selects({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["web"]}]}, labels)
    assert selects({"matchExpressions": [{"key": "other", "operator": "DoesNotExist"}]}, labels)
    assert not selects({"matchExpressions": [{"key": "other", "operator": "Exists"}]}, labels)
