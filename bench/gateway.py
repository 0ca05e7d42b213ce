"""What the gateway adds to a request, directly and through the sidecars: `python -m bench.gateway`, on a stack of its own."""

import os
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import load
from bench.report import Report
from dapr_bridge.local import daprd, valkey
from tests.e2e.stack import Person
from tests.e2e.web_stack import WebStack
from tools.environment import Refusal, lookup

ROUNDS = 3
SECONDS = 3.0


def main() -> None:
    """Measure every way in turn, several times, so that what else the machine does meets all of them."""
    binaries = daprd.find(lookup("DAPRD")), valkey.find(lookup("VALKEY_SERVER"))
    if not binaries[0] or not binaries[1]:
        raise Refusal("There is no daprd or no Valkey here: start `make run` once, which brings them.")
    with tempfile.TemporaryDirectory(prefix="todo-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        stack = WebStack(Path(folder), daprd_binary=binaries[0], valkey_binary=binaries[1])
        with stack.running():
            stack.switch(sidecar="on", invocation="on")
            stack.until_route("sidecar")
            measure(stack)


def measure(stack: WebStack) -> None:
    """One table for each number of connections."""
    report = Report("-gateway")
    person = Person(stack.port, "bench@example.com")
    person.sign_up()
    todo = person.ask("POST", "/api/v1/todos", {"title": "Pay the rent"}).json["id"]
    person.close()
    ways = {"the API itself": stack.port, "gateway, direct": stack.direct_port, "gateway, sidecars": stack.gateway_port}
    requests = {"read one": request(person, "GET", f"/api/v1/todos/{todo}"), "list": request(person, "GET", "/api/v1/todos?limit=50")}
    for connections in (1, 8):
        report.section(
            f"{connections} connection{'s' * (connections > 1)} at a time", ["request", "way", "p50 ms", "p99 ms", "answers a second"]
        )
        for name, raw in requests.items():
            runs: dict[str, list[load.Result]] = {way: [] for way in ways}
            for _ in range(ROUNDS):
                for way, port in ways.items():
                    runs[way].append(load.run(port, raw, connections=connections, seconds=SECONDS))
            for way, results in runs.items():
                if any(set(result.statuses) != {200} for result in results):
                    raise RuntimeError(f"{way}: {[result.statuses for result in results]}")
                middle = [statistics.median(result.percentile(share) for result in results) for share in (0.5, 0.99)]
                report.row(name, way, *middle, round(statistics.median(result.rate for result in results)))
    report.note(
        f"Medians of {ROUNDS} rounds of {SECONDS:.0f} s, the ways in turn. All processes share the cores with the load generator. "
        f"Load average at the end: {os.getloadavg()[0]:.1f}."
    )
    if stack.route() != "sidecar":
        raise RuntimeError("the gateway left the sidecar meanwhile: nothing was measured")
    report.write()


def request(person: Person, method: str, path: str) -> Callable[[int, int], bytes]:
    """The bytes of one request of this person."""
    raw = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {person.headers['Cookie']}\r\n\r\n".encode()
    return lambda connection, number: raw


if __name__ == "__main__":
    main()
