"""Who may ask whom: apps of others, pods without a sidecar, and the web app itself, which may not ask for everything either."""

import json
from typing import Any

import pytest

from tests.cluster.cluster import DAPR, DEPLOYMENTS, Cluster, Refused, eventually

EVENTS = "/dapr/events/todo-events"
DENIED = "access control policy has denied access"
OPEN, CLOSED = "open", "closed"
INJECTOR = f"dapr-sidecar-injector.{DAPR}:443"  # somewhere that no pod of ours has to go

# Prints for each "host:port" of the arguments whether somebody takes the connection.
KNOCK = """
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor
def knock(door):
    host, _, port = door.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=3).close()
    except OSError:
        return "closed"
    return "open"
with ThreadPoolExecutor(32) as pool:
    print(json.dumps(dict(zip(sys.argv[1:], pool.map(knock, sys.argv[1:])))))
"""

# Prints whom a TLS server says it is, and how it answers somebody who shows no certificate.
SHAKE_HANDS = """
import json, re, socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
context.set_alpn_protocols(["h2"])
said = {}
try:
    with context.wrap_socket(socket.create_connection((sys.argv[1], 50002), timeout=5)) as connection:
        said["names"] = [name.decode() for name in re.findall(rb"spiffe://[\\w./-]+", connection.getpeercert(binary_form=True))]
        connection.sendall(b"PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n" + bytes(9))
        said["answer"] = "something" if connection.recv(100) else "nothing"
except ssl.SSLError as error:
    said["answer"] = error.reason
print(json.dumps(said))
"""

# Asks as a program beside a sidecar does: prints status and body.
INVOKE = """
import json, sys, urllib.error, urllib.request
method, url = sys.argv[1:]
request = urllib.request.Request(url, method=method, data=b"{}" if method == "POST" else None)
request.add_header("Content-Type", "application/cloudevents+json")
try:
    with urllib.request.urlopen(request, timeout=20) as answer:
        print(json.dumps([answer.status, answer.read().decode()]))
except urllib.error.HTTPError as error:
    print(json.dumps([error.code, error.read().decode()]))
"""


def invoke(cluster: Cluster, pod: str, app: str, path: str, method: str = "GET") -> tuple[int, str]:
    """What an app is answered that asks another one through its own sidecar."""
    status, body = json.loads(cluster.python(pod, INVOKE, method, f"http://127.0.0.1:3500/v1.0/invoke/{app}/method{path}"))
    return int(status), str(body)


def invoke_as_web_app(cluster: Cluster, app: str, path: str, method: str = "GET") -> tuple[int, str]:
    """The same of the web app."""
    options = f'{{method: "{method}", headers: {{"dapr-api-token": process.env.DAPR_API_TOKEN}}}}'
    program = (
        f'const answer = await fetch("http://127.0.0.1:3500/v1.0/invoke/{app}/method{path}", {options});'
        "console.log(JSON.stringify([answer.status, await answer.text()]));"
    )
    status, body = json.loads(cluster.node(cluster.names("todo-frontend")[0], program))
    return int(status), str(body)


def knock(cluster: Cluster, pod: str, *doors: str, container: str = "") -> dict[str, str]:
    """Which of these ports take a connection from the pod."""
    found: dict[str, str] = json.loads(cluster.python(pod, KNOCK, *doors, container=container))
    return found


def addresses(cluster: Cluster) -> dict[str, str]:
    """The address of one pod of each component."""
    return {name: cluster.pods(name)[0]["status"]["podIP"] for name in (*DEPLOYMENTS, "todo-valkey", "todo-postgresql")}


def effects(cluster: Cluster) -> list[dict[str, Any]]:
    """All that an event could leave behind."""
    return cluster.query(
        "SELECT (SELECT count(*) FROM dapr_bridge_receipt) AS receipts, (SELECT count(*) FROM todos_activity) AS activities,"
        " (SELECT count(*) FROM dapr_bridge_outbox) AS events"
    )


@pytest.mark.usefixtures("doors_open")
@pytest.mark.parametrize("path", ["/livez", "/api/v1/auth/session", "/internal/switches", "/admin", EVENTS])
def test_an_app_of_others_is_refused_by_the_api_whatever_it_asks_for(cluster: Cluster, stranger: str, path: str) -> None:
    status, body = invoke(cluster, stranger, "todo-backend", path)
    assert (status, DENIED in body, "/stranger" in body) == (403, True, True), (status, body)


@pytest.mark.parametrize("path", ["/livez", "/api/v1/auth/session"])
def test_the_web_app_is_answered(cluster: Cluster, path: str) -> None:
    assert invoke_as_web_app(cluster, "todo-backend", path)[0] == 200


@pytest.mark.parametrize("path", ["/internal/switches", "/admin", "/metrics", "/readyz"])
def test_the_web_app_is_refused_what_is_not_for_it(cluster: Cluster, path: str) -> None:
    status, body = invoke_as_web_app(cluster, "todo-backend", path)
    assert (status, DENIED in body) == (403, True), (status, body)


@pytest.mark.usefixtures("doors_open")
def test_the_event_routes_are_for_nobody(cluster: Cluster, stranger: str) -> None:
    before = effects(cluster)
    for app in ("todo-worker", "todo-backend"):
        status, body = invoke(cluster, stranger, app, EVENTS, "POST")
        assert (status, DENIED in body) == (403, True), (app, status, body)
    status, body = invoke_as_web_app(cluster, "todo-backend", EVENTS, "POST")
    assert (status, DENIED in body) == (403, True), (status, body)
    address = addresses(cluster)
    for app in ("todo-worker", "todo-backend"):
        asked = json.loads(cluster.python("outsider", INVOKE, "POST", f"http://{address[app]}:8000{EVENTS}"))
        assert asked[0] in (400, 401), "the port of the app itself: not this host, or not without its sidecar's token"
    assert effects(cluster) == before


@pytest.mark.usefixtures("doors_open")
def test_a_sidecar_listens_to_its_own_pod_alone_but_for_other_sidecars(cluster: Cluster) -> None:
    address = addresses(cluster)
    doors = {f"{address[name]}:{port}": OPEN if port == 50002 else CLOSED for name in DEPLOYMENTS for port in (3500, 50001, 50002)}
    assert knock(cluster, "outsider", *doors) == doors


@pytest.mark.usefixtures("doors_open")
@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_a_sidecar_shows_who_it_is_and_takes_nothing_from_somebody_who_does_not(cluster: Cluster, name: str) -> None:
    said = json.loads(cluster.python("outsider", SHAKE_HANDS, addresses(cluster)[name]))
    assert any(one.startswith(f"spiffe://public/ns/{cluster.namespace}/{name}") for one in said["names"]), said
    assert "CERTIFICATE_REQUIRED" in said["answer"], said


def is_enforced(cluster: Cluster) -> bool:
    """Whether a policy that denies everything keeps somebody from what they could reach before."""
    door = "todo-frontend:3000"
    eventually(lambda: knock(cluster, "outsider", door) == {door: OPEN})
    policy = "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: nothing}, spec: %s}"
    cluster.apply(policy % "{podSelector: {matchLabels: {guest: outsider}}, policyTypes: [Egress]}")
    try:
        eventually(lambda: knock(cluster, "outsider", door) == {door: CLOSED}, within=20)
    except AssertionError:
        return False
    finally:
        cluster.kubectl("delete", "networkpolicy", "nothing")
    eventually(lambda: knock(cluster, "outsider", door) == {door: OPEN})
    return True


def test_the_network_lets_through_what_is_needed_and_nothing_else(cluster: Cluster) -> None:
    if not is_enforced(cluster):
        pytest.skip("nothing in this cluster enforces NetworkPolicy: a policy that denies everything changes nothing")
    address = addresses(cluster)
    closed = [f"{address[name]}:{port}" for name in ("todo-backend", "todo-worker") for port in (8000, 50002, 3501, 9090)]
    closed += [f"{address['todo-frontend']}:9090", f"{address['todo-valkey']}:6379", f"{address['todo-postgresql']}:5432"]
    assert knock(cluster, "outsider", *closed) == dict.fromkeys(closed, CLOSED)
    assert knock(cluster, "outsider", f"{address['todo-frontend']}:3000") == {f"{address['todo-frontend']}:3000": OPEN}
    assert knock(cluster, "outsider", INJECTOR) == {INJECTOR: OPEN}
    api, worker = cluster.names("todo-backend")[0], cluster.names("todo-worker")[0]
    for pod, container in ((api, "api"), (worker, "events")):
        there = {f"{address['todo-postgresql']}:5432": OPEN, f"{address['todo-valkey']}:6379": OPEN}
        away = {f"{address['todo-frontend']}:3000": CLOSED, INJECTOR: CLOSED}
        assert knock(cluster, pod, *there, *away, container=container) == there | away


def test_a_pod_of_ours_has_no_token_for_kubernetes(cluster: Cluster) -> None:
    for name, container in (("todo-backend", "api"), ("todo-worker", "events"), ("todo-worker", "relay")):
        pod, folder = cluster.names(name)[0], "/var/run/secrets/kubernetes.io/serviceaccount"
        with pytest.raises(Refused, match="No such file"):
            cluster.kubectl("exec", pod, f"--container={container}", "--", "ls", folder)
