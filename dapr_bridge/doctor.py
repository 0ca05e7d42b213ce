"""What is wrong with the use of Dapr, in words and with the remedy: for the commands, the admin, and every step forward."""

import os
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.db.models import Min
from django.utils import timezone

from dapr_bridge import canary, phases, reports
from dapr_bridge.conf import api_token, app_tokens, conf
from dapr_bridge.local.daprd import OLDEST, text
from dapr_bridge.models import OutboxEvent, ProcessReport, database
from dapr_bridge.switches import BLOCKS, CEILINGS, OFF, Snapshot, is_allowed

CANARY_SECONDS = 10.0
OLD_BACKLOG = timedelta(seconds=30)

Say = Callable[[str], None]


@dataclass(frozen=True)
class Finding:
    """Something that is wrong, and what to do about it."""

    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.what} {self.remedy}"


def findings() -> list[Finding]:
    """What is wrong now: with the blocks that are on, the settings, and the outbox. Costs the same few queries whatever there is."""
    switches, processes = phases.read(), list(reports.recent())
    found = [*_settings(switches), *_outbox()]
    for block in (block for block in BLOCKS if switches.stage(block) != OFF):
        found += _CHECKS[block](processes)
    return list(dict.fromkeys([*found, *_disagreements(switches, processes)]))


def obstacles(block: str, say: Say = lambda line: None) -> list[Finding]:
    """What keeps the block from being switched on. Tries it for real, for up to a quarter of a minute; `say` hears what."""
    processes = reports.renewed()
    found = [*_CHECKS["sidecar"](processes), *(_CHECKS[block](processes) if block != "sidecar" else ())]
    if not found and block == "pubsub":
        found = [*_canary(say)]
    return list(dict.fromkeys(found))


def _settings(switches: Snapshot) -> Iterator[Finding]:
    for block in BLOCKS:
        if switches.row(block).stage != OFF and not is_allowed(block):
            flags = " and ".join(dict.fromkeys((CEILINGS["sidecar"], CEILINGS[block])))
            yield Finding(
                f"{block} is switched {switches.row(block).stage}, but the settings forbid it, so it is not used.",
                f"Set {flags} to true, or switch it off: `dapr_block {block} off`.",
            )
    if switches.stage("sidecar") == OFF:
        return
    if not app_tokens():
        yield Finding("APP_API_TOKEN is not set, so every delivery of a sidecar is refused.", "Give it to the app and its sidecar.")
    if not api_token():
        yield Finding("DAPR_API_TOKEN is not set: any process of the host may use the sidecars.", "Give it to the app and its sidecar.")
    elif api_token() in app_tokens():
        yield Finding("DAPR_API_TOKEN and APP_API_TOKEN are the same, so each side could pass for the other.", "Make them different.")


def _outbox() -> Iterator[Finding]:
    events = OutboxEvent.objects.using(database())
    oldest = events.open().filter(parked_at__isnull=True).aggregate(oldest=Min("created_at"))["oldest"]
    if oldest is not None and timezone.now() - oldest > OLD_BACKLOG:
        waited = int((timezone.now() - oldest).total_seconds())
        yield Finding(f"The oldest event has waited for {waited} s.", "Look whether `relay_events` runs, and what it logs.")
    if parked := events.parked().count():
        yield Finding(f"Parked events hold their subjects: {parked}.", "See why: `replay_events list`; then replay or discard them.")


def _sidecars(processes: Sequence[ProcessReport]) -> Iterator[Finding]:
    if not processes:
        yield Finding(
            "No process has reported itself in the last seconds.",
            "Start the app with DAPR_ENABLED=true; a process reports from its first request on, the relay from its start.",
        )
        return
    for role in sorted(set(conf.APP_IDS) - {process.role for process in processes}):
        yield Finding(f"No process of the role {role} has reported itself in the last seconds.", "Start it, or look at its log.")
    for process in processes:
        seen, wanted = process.report["sidecar"], conf.APP_IDS.get(process.role)
        if seen["problem"]:
            yield Finding(
                f"The sidecar of {_name(process)} cannot be used: {seen['problem']}.",
                "Look whether it runs, and at its log; it is asked again at once.",
            )
        elif wanted and seen["app_id"] != wanted:
            yield Finding(
                f"The sidecar of {_name(process)} is that of {seen['app_id']}, not of {wanted}.",
                "Correct DAPR_HTTP_PORT and DAPR_GRPC_PORT.",
            )
        elif _version(seen["version"]) < OLDEST:
            yield Finding(f"The sidecar of {_name(process)} is daprd {seen['version']}.", f"Use {text(OLDEST)} or newer.")


def _invocation(processes: Sequence[ProcessReport]) -> Iterator[Finding]:
    """Whether callers of the API find it behind its sidecar is theirs to see: the gateway goes directly where they do not."""
    for process in processes:
        if process.report["sidecar"].get("app_unreachable"):
            yield Finding(
                f"The sidecar of {_name(process)} cannot reach its app.",
                "Correct its --app-port; the app must listen where the sidecar runs.",
            )


def _pubsub(processes: Sequence[ProcessReport]) -> Iterator[Finding]:
    relays, routes = _there_for(reports.RELAY, processes), _there_for(reports.EVENTS, processes)
    if not relays:
        yield Finding("No relay has reported itself in the last seconds.", "Start `relay_events`, or look at its log.")
    if not routes:
        yield Finding(
            "No process that serves the event route has reported itself in the last seconds.",
            "Start it, or look at its log; DAPR_BRIDGE['SUBSCRIBES'] must be true there.",
        )
    yield from _lacking(conf.PUBSUB, "pub/sub component", relays)
    for process in routes:
        if not process.report["sidecar"]["problem"] and [conf.PUBSUB, conf.TOPIC] not in process.report["sidecar"]["subscriptions"]:
            yield Finding(
                f"The sidecar of {_name(process)} does not deliver the topic {conf.TOPIC} of {conf.PUBSUB}.",
                "Look at its log: has it the component, and does the process answer it at /dapr/subscribe (APP_API_TOKEN, app port)?",
            )


def _state(processes: Sequence[ProcessReport]) -> Iterator[Finding]:
    """The store is used by whoever answers people; in a project without other servers, by those of the event route."""
    servers = _there_for(reports.REQUESTS, processes) or _there_for(reports.EVENTS, processes)
    if not servers:
        yield Finding("No process that answers requests has reported itself in the last seconds.", "Each does from its first request on.")
    yield from _lacking(conf.STATE_STORE, "state store", servers)
    for process in (one for one in servers if conf.STATE_STORE in one.report["sidecar"].get("components", ())):
        if problem := process.report["sidecar"].get("store", "it has not been tried yet"):
            yield Finding(
                f"The state store did not keep a value for {_name(process)}: {problem}.",
                "Look whether Redis runs, takes writes and accepts the component's password.",
            )


def _observability(processes: Sequence[ProcessReport]) -> Iterator[Finding]:
    endpoint = urlsplit(os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", ""))
    if endpoint.hostname and not _accepts(endpoint.hostname, endpoint.port or {"https": 443}.get(endpoint.scheme, 4318)):
        yield Finding(
            f"Nothing accepts connections at {endpoint.netloc}, where traces are to be sent.",
            "Start the collector, or correct or unset OTEL_EXPORTER_OTLP_ENDPOINT.",
        )


def _accepts(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1.0).close()
    except OSError:
        return False
    return True


_CHECKS: dict[str, Callable[[Sequence[ProcessReport]], Iterator[Finding]]] = {
    "sidecar": _sidecars,
    "invocation": _invocation,
    "pubsub": _pubsub,
    "state": _state,
    "observability": _observability,
}


def _canary(say: Say) -> Iterator[Finding]:
    say("Sending a canary event through the sidecars and the broker ...")
    begun, sent = time.monotonic(), canary.send()
    while time.monotonic() - begun < CANARY_SECONDS:
        if canary.arrived(sent):
            say(f"It arrived, and its receipt is committed, after {time.monotonic() - begun:.1f} s.")
            return
        time.sleep(0.05)
    if canary.withdraw(sent):
        yield Finding(
            f"A canary event sent through Dapr did not arrive within {CANARY_SECONDS:.0f} s.",
            "Look at the logs of the relay (does it publish?), of the worker's sidecar, and of the process with the event route.",
        )


def _disagreements(asked: Snapshot, processes: Sequence[ProcessReport]) -> Iterator[Finding]:
    wanted = reports.stages_of(asked)
    for process in processes:
        seen: dict[str, Any] = process.report["stages"]
        if other := [block for block in BLOCKS if seen.get(block) != wanted[block]]:
            yield Finding(
                f"{_name(process)} (process {process.pid}) goes by other switches: {', '.join(other)}.",
                "Give it a second; then compare its DAPR_* settings with those here.",
            )
        for name in (name for name, is_open in process.report["breakers"].items() if is_open):
            yield Finding(
                f"{_name(process)} does without {name} just now: its breaker is open.",
                "It closes by itself when the sidecar and what is behind it answer again.",
            )


def _there_for(work: str, processes: Sequence[ProcessReport]) -> list[ProcessReport]:
    return [process for process in processes if process.report["work"] == work]


def _lacking(component: str, what: str, processes: Sequence[ProcessReport]) -> Iterator[Finding]:
    """Where a component is missing; of a sidecar that cannot be used it is not known."""
    for process in processes:
        if not process.report["sidecar"]["problem"] and component not in process.report["sidecar"]["components"]:
            yield Finding(
                f"The sidecar of {_name(process)} lacks the {what} {component!r}.",
                "Look at its log why it was not loaded: its file, its `scopes`, Redis. Then start the sidecar again; the app may go on.",
            )


def _name(process: ProcessReport) -> str:
    """The processes of a role on one host share a sidecar, so what is wrong with it is told once."""
    return f"{process.role} on {process.host}"


def _version(written: str) -> tuple[int, ...]:
    """A version for comparison; one that is not written in numbers (`edge`) is taken for new."""
    parts = written.split("-")[0].split(".")
    return tuple(map(int, parts)) if all(part.isdigit() for part in parts) else (999,)
