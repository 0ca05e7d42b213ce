"""What can happen to a sidecar and to the Redis behind it, each with its remedy: the rows of the matrix in `test_faults.py`."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dapr_bridge.local.valkey import MEMORY
from dapr_bridge.pytest_dapr import Sidecar
from tests.e2e.dapr_stack import DaprStack
from tests.e2e.proxy import Proxy


class FaultyStack(DaprStack):
    """A stack whose apps reach their sidecars through proxies that misbehave on demand."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.proxies: dict[tuple[str, str], Proxy] = {}
        self._open = ExitStack()
        super().__init__(folder, **options)

    def variables(self, role: str) -> dict[str, str]:
        """As in a `DaprStack`, with the ports of the proxies."""
        found = super().variables(role)
        for protocol, name in (("http", "DAPR_HTTP_PORT"), ("grpc", "DAPR_GRPC_PORT")):
            key = (role, protocol)
            if key not in self.proxies:
                self.proxies[key] = self._open.enter_context(Proxy(int(found[name])))
            found[name] = str(self.proxies[key].port)
        return found

    def stop(self) -> None:
        """Kill everything."""
        super().stop()
        self._open.close()

    def network(self, fault: str, *, delay: float = 0.2) -> None:
        """Let all proxies misbehave alike."""
        for proxy in self.proxies.values():
            proxy.delay, proxy.fault = delay, fault

    @property
    def sidecars(self) -> tuple[Sidecar, Sidecar]:
        """Both of them."""
        return self.backend_sidecar, self.worker_sidecar

    def tell_valkey(self, *command: str) -> None:
        """One command, which must succeed."""
        answer = self.valkey.ask(*command)
        assert answer.startswith(("+OK", ":")), answer


@dataclass(frozen=True)
class Fault:
    """Something that breaks, and what mends it again; `at_boot` when it is there before the app is."""

    name: str
    begin: Callable[[FaultyStack], object]
    end: Callable[[FaultyStack], object]
    at_boot: bool = False


def _each_sidecar(act: Callable[[Sidecar], object]) -> Callable[[FaultyStack], object]:
    return lambda stack: [act(one) for one in stack.sidecars]


def _restart_with_another_token(stack: FaultyStack) -> None:
    for one in stack.sidecars:
        one.kill()
        one.env["DAPR_API_TOKEN"] += "-another"
        one.start()


def _restart_with_the_token(stack: FaultyStack) -> None:
    for one in stack.sidecars:
        one.kill()
        one.env["DAPR_API_TOKEN"] = one.env["DAPR_API_TOKEN"].removesuffix("-another")
        one.start()


def _boot_without_sidecars(stack: FaultyStack) -> None:
    for one in stack.sidecars:
        one.kill()
    for program in (stack.api, stack.events, *stack.relays):
        program.restart()


def _change_password(stack: FaultyStack) -> None:
    """New connections are refused, and there are only new ones."""
    stack.tell_valkey("CONFIG", "SET", "requirepass", "another")
    stack.valkey.password = "another"
    stack.tell_valkey("CLIENT", "KILL", "TYPE", "normal")


def _change_password_back(stack: FaultyStack) -> None:
    right = stack.backend_sidecar.env["REDIS_PASSWORD"]
    stack.tell_valkey("CONFIG", "SET", "requirepass", right)
    stack.valkey.password = right


def _network(fault: str, delay: float = 0.2) -> Fault:
    return Fault(f"network {fault}", lambda stack: stack.network(fault, delay=delay), lambda stack: stack.network(""))


FAULTS = [
    Fault("sidecar killed", _each_sidecar(Sidecar.kill), _each_sidecar(Sidecar.start)),
    Fault("sidecar frozen", _each_sidecar(Sidecar.stop), _each_sidecar(Sidecar.cont)),
    Fault("sidecar restarted", _each_sidecar(Sidecar.restart), lambda stack: None),
    Fault("sidecar with another token", _restart_with_another_token, _restart_with_the_token),
    Fault("sidecar absent at boot", _boot_without_sidecars, _each_sidecar(Sidecar.start), at_boot=True),
    _network("slow", 0.2),
    _network("dribble", 0.02),
    _network("reset"),
    _network("500"),
    Fault("redis killed", lambda stack: stack.valkey.kill(), lambda stack: stack.valkey.start()),
    Fault("redis frozen", lambda stack: stack.valkey.stop(), lambda stack: stack.valkey.cont()),
    Fault("redis emptied", lambda stack: stack.valkey.flushall(), lambda stack: None),
    Fault(
        "redis out of memory",
        lambda stack: stack.tell_valkey("CONFIG", "SET", "maxmemory-policy", "noeviction", "maxmemory", "1mb"),
        lambda stack: stack.tell_valkey("CONFIG", "SET", "maxmemory-policy", "volatile-lru", "maxmemory", MEMORY),
    ),
    Fault(
        "redis read-only",
        lambda stack: stack.tell_valkey("REPLICAOF", "127.0.0.1", "1"),
        lambda stack: stack.tell_valkey("REPLICAOF", "NO", "ONE"),
    ),
    Fault("redis with another password", _change_password, _change_password_back),
]
