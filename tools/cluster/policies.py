"""A stand-in for a network plugin that enforces NetworkPolicy: policies become iptables rules on the addresses of pods.

It covers what the chart uses: selectors of pods and namespaces, CIDRs without exceptions, ports by number, name and range, between
pods. What goes between a pod and its node (DNS, probes, the API server) is let through. `python -m tools.cluster.policies KUBECTL
WORDS...` runs in the lab for good and looks every second; a new pod is unguarded until then.
"""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tools.cluster.objects import EVERY, listed

CHAIN = "LAB-POLICIES"
ANYWHERE = "0.0.0.0/0"

Object = Mapping[str, Any]


@dataclass(frozen=True)
class Cluster:
    """What policies are about. Pods are those that have an address of their own."""

    pods: Sequence[Object]
    labels_of_namespaces: Mapping[str, Mapping[str, str]]

    def matching(self, peer: Object, home: str) -> list[Object]:
        """The pods that a peer means, which is written in a policy of the namespace `home`."""
        if "namespaceSelector" in peer:
            homes = {name for name, labels in self.labels_of_namespaces.items() if selects(peer["namespaceSelector"], labels)}
        else:
            homes = {home}
        selector = peer.get("podSelector", {})
        return [pod for pod in self.pods if pod["metadata"]["namespace"] in homes and selects(selector, pod["metadata"].get("labels", {}))]


def selects(selector: Object, labels: Mapping[str, str]) -> bool:
    """Whether a label selector means something with these labels."""

    def holds(expression: Object) -> bool:
        value, values = labels.get(expression["key"]), expression.get("values", [])
        return {
            "In": value in values,
            "NotIn": value not in values,
            "Exists": value is not None,
            "DoesNotExist": value is None,
        }[str(expression["operator"])]

    exact = all(labels.get(name) == value for name, value in selector.get("matchLabels", {}).items())
    return exact and all(map(holds, selector.get("matchExpressions", [])))


def ruleset(cluster: Cluster, policies: Sequence[Object]) -> str:
    """What iptables-restore makes of it: a chain for each guarded direction of each pod; what no rule lets through is dropped."""
    chains, rules = [CHAIN], [f"-A {CHAIN} -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN"]
    for pod in cluster.pods:
        address = pod["status"]["podIP"]
        for direction, flag in (("Ingress", "-d"), ("Egress", "-s")):
            guards = [policy for policy in policies if _guards(policy, pod, direction)]
            if guards:
                chain = f"LAB-{direction[0]}-{address.replace('.', '-')}"
                chains.append(chain)
                rules.append(f"-A {CHAIN} {flag} {address} -j {chain}")
                rules += [f"-A {chain} {match} -j RETURN" for policy in guards for match in _allowed(cluster, policy, pod, direction)]
                rules.append(f"-A {chain} -j DROP")
    return "\n".join(["*filter", *(f":{chain} - [0:0]" for chain in chains), *rules, "COMMIT", ""])


def _guards(policy: Object, pod: Object, direction: str) -> bool:
    types = policy["spec"].get("policyTypes", ["Ingress"])
    same = policy["metadata"]["namespace"] == pod["metadata"]["namespace"]
    return same and direction in types and selects(policy["spec"].get("podSelector", {}), pod["metadata"].get("labels", {}))


def _allowed(cluster: Cluster, policy: Object, pod: Object, direction: str) -> Iterator[str]:
    """The packets that one policy lets through, as iptables matches them."""
    side, flag = ("from", "-s") if direction == "Ingress" else ("to", "-d")
    for rule in policy["spec"].get(direction.lower(), []):
        for peer in rule.get(side) or [{"ipBlock": {"cidr": ANYWHERE}}]:
            if block := peer.get("ipBlock"):
                others: list[tuple[str, Object | None]] = [(block["cidr"], None)]
            else:
                others = [(other["status"]["podIP"], other) for other in cluster.matching(peer, policy["metadata"]["namespace"])]
            for address, other in others:
                for port in _ports(rule.get("ports", []), pod if direction == "Ingress" else other):
                    yield f"{flag} {address}{port}"


def _ports(ports: Sequence[Object], server: Object | None) -> Iterator[str]:
    """The ports of a rule, a name being that of a container's port of the pod that is asked."""
    if not ports:
        yield ""
    for port in ports:
        protocol, number = port.get("protocol", "TCP").lower(), port.get("port")
        containers = server["spec"]["containers"] if server else []
        named = [each["containerPort"] for container in containers for each in container.get("ports", []) if each.get("name") == number]
        for each in named if isinstance(number, str) else [number]:
            until = f":{port['endPort']}" if "endPort" in port else ""
            yield f" -p {protocol}" + (f" --dport {each}{until}" if each is not None else "")


def main(kubectl: list[str]) -> None:
    """Look every second; what cannot be done now is tried again."""
    last = ""
    while True:
        pods, policies, namespaces = (listed(kubectl, kind) for kind in ("pods", "networkpolicies", "namespaces"))
        if pods is not None and policies is not None and namespaces is not None:
            own = [pod for pod in pods if pod["status"].get("podIP") and not pod["spec"].get("hostNetwork")]
            alive = [pod for pod in own if pod["status"]["phase"] in ("Pending", "Running")]
            labels = {namespace["metadata"]["name"]: namespace["metadata"]["labels"] for namespace in namespaces}
            if (rules := ruleset(Cluster(alive, labels), policies)) != last and _apply(rules):
                last = rules
        time.sleep(EVERY)


def _apply(rules: str) -> bool:
    """Let the kernel have them, all at once; whether it took them."""
    if subprocess.run(["iptables-restore", "--noflush"], input=rules, text=True, check=False).returncode:
        return False
    hook = ["FORWARD", "-j", CHAIN]
    there = subprocess.run(["iptables", "-C", *hook], capture_output=True, check=False).returncode == 0
    return there or subprocess.run(["iptables", "-I", *hook], check=False).returncode == 0


if __name__ == "__main__":
    main(sys.argv[1:])
