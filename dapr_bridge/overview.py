"""Everything an operator wants to see of the phases at one look, as data for the admin and as lines for the command."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Min, Q
from django.utils import timezone

from dapr_bridge import phases, reports
from dapr_bridge.models import OutboxEvent, ProcessReport, ShadowMismatch, SwitchChange, database
from dapr_bridge.switches import BLOCKS, CEILINGS, Snapshot, Switch, is_allowed

LAST_CHANGES = 10


@dataclass(frozen=True)
class Block:
    """One block: what was asked for, what is done, and whether the settings let it be switched on."""

    name: str
    phase: int
    asked: Switch
    in_force: str
    allowed: bool
    flag: str


@dataclass(frozen=True)
class Overview:
    """As of now."""

    phase: int
    blocks: Sequence[Block]
    processes: Sequence[ProcessReport]
    waiting: int
    oldest: timedelta | None
    parked: int
    mismatches: int
    changes: Sequence[SwitchChange]
    switches: Snapshot

    @property
    def counts(self) -> Counter[str]:
        """What the processes counted since each of them started, all together; the names are those of `tally`."""
        total: Counter[str] = Counter()
        for process in self.processes:
            total.update(process.report["counts"])
        return total

    @property
    def hit_rate(self) -> float | None:
        """Hits of all cache reads in percent; None while there were none."""
        hits, misses, errors = (self.counts[f"cache_{end}"] for end in ("hits", "misses", "errors"))
        return 100 * hits / total if (total := hits + misses + errors) else None


def read() -> Overview:
    """Five queries, whatever there is."""
    alias, switches = database(), phases.read()
    outbox = (
        OutboxEvent.objects.using(alias)
        .open()
        .aggregate(
            waiting=Count("pk", filter=Q(parked_at=None)), oldest=Min("created_at", filter=Q(parked_at=None)), parked=Count("parked_at")
        )
    )
    return Overview(
        phase=phases.phase_of(switches),
        blocks=[
            Block(name, number, switches.row(name), switches.stage(name), is_allowed(name), CEILINGS[name])
            for number, name in enumerate(BLOCKS, 1)
        ],
        processes=list(reports.recent()),
        waiting=outbox["waiting"],
        oldest=timezone.now() - outbox["oldest"] if outbox["oldest"] else None,
        parked=outbox["parked"],
        mismatches=ShadowMismatch.objects.using(alias).count(),
        changes=list(SwitchChange.objects.using(alias).order_by("-id")[:LAST_CHANGES]),
        switches=switches,
    )


def lines() -> Iterator[str]:
    """The same for a terminal."""
    seen = read()
    yield f"Phase {seen.phase} of {len(BLOCKS)}"
    yield ""
    yield f"{'':2}{'block':15}{'asked':12}{'in force':10}allowed by the settings"
    for block in seen.blocks:
        yield f"{block.phase} {block.name:15}{block.asked!s:12}{block.in_force:10}{'yes' if block.allowed else f'no: {block.flag}'}"
    yield ""
    yield "Processes"
    for process in seen.processes:
        yield f"  {process.role} {process.host}/{process.pid} ({process.report['work']}): {_sidecar(process)}"
    if not seen.processes:
        yield "  none has reported itself in the last seconds"
    yield ""
    oldest = f", the oldest for {seen.oldest.total_seconds():.0f} s" if seen.oldest is not None else ""
    yield f"Events: {seen.waiting} waiting{oldest}, {seen.parked} parked"
    if seen.hit_rate is not None:
        yield f"State: {seen.hit_rate:.0f} % of reads were hits, {seen.mismatches} shadow mismatches kept"
    if seen.changes:
        yield ""
        yield "Last changes"
    for change in seen.changes:
        yield f"  {change.changed_at:%Y-%m-%d %H:%M:%S}  {change.block}: {change.before} to {change.after}, by {change.who}: {change.why}"


def _sidecar(process: ProcessReport) -> str:
    sidecar = process.report["sidecar"]
    if sidecar.get("problem"):
        return f"sidecar: {sidecar['problem']}"
    return f"sidecar {sidecar['app_id']}, daprd {sidecar['version']}, components: {', '.join(sorted(sidecar['components'])) or 'none'}"
