"""The operators' page of the phases in the admin: how the blocks do, and steps with a confirmation and a reason."""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from dapr_bridge import doctor, overview, phases, steps
from dapr_bridge.models import BlockSwitch, ProcessReport
from dapr_bridge.phases import Move, Refused
from dapr_bridge.switches import BLOCKS, OFF, Snapshot

PAGE, STEP = "dapr_bridge_blockswitch_changelist", "dapr_bridge_blockswitch_step"

if TYPE_CHECKING:
    PhasePageBase = admin.ModelAdmin[BlockSwitch]
else:
    PhasePageBase = admin.ModelAdmin  # not generic at run time


class StepForm(forms.Form):
    """A step: to a phase, or of one block. `seen` is how the switches were when the operator decided."""

    phase = forms.IntegerField(required=False, widget=forms.HiddenInput)
    block = forms.CharField(required=False, widget=forms.HiddenInput)
    stage = forms.CharField(required=False, widget=forms.HiddenInput)
    percent = forms.IntegerField(required=False, widget=forms.HiddenInput)
    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    why = forms.CharField(required=False, label="Why", max_length=500, help_text="Kept with the change, for the next operator.")

    def plan(self, now: Snapshot) -> list[Move]:
        """The moves of this step. Raises Refused."""
        if not self.is_valid():
            raise Refused("That is no step: choose one on this page.")
        wanted = self.cleaned_data
        if wanted["phase"] is not None:
            return phases.plan_phase(now, wanted["phase"])
        percent = 100 if wanted["percent"] is None else wanted["percent"]
        return phases.plan_block(now, wanted["block"], wanted["stage"], percent=percent)


class PhasePage(PhasePageBase):
    """Takes the place of the list of switches. Who may view them sees it; steps need `operate_blockswitch`."""

    def get_urls(self) -> list[URLPattern]:
        return [
            path("", self.admin_site.admin_view(self.changelist_view), name=PAGE),
            path("step/", self.admin_site.admin_view(self.step_view), name=STEP),
        ]

    def has_view_permission(self, request: HttpRequest, obj: BlockSwitch | None = None) -> bool:
        return request.user.has_perm("dapr_bridge.view_blockswitch") or self.has_operate_permission(request)

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("dapr_bridge.operate_blockswitch")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Everything at one look; the same number of queries, whatever there is."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        seen = overview.read()
        return self._page(
            request,
            "phases.html",
            title="Phases",
            seen=seen,
            processes=[(process, _uses(process)) for process in seen.processes],
            findings=doctor.findings(),
            last_phase=len(BLOCKS),
            steps=_steps(seen.switches) if self.has_operate_permission(request) else [],
            may_operate=self.has_operate_permission(request),
        )

    @transaction.non_atomic_requests  # a canary and a moved switch must be seen by others before the answer
    def step_view(self, request: HttpRequest) -> HttpResponse:
        """Shows what a step would move and asks for the reason; makes it when that was posted."""
        if not self.has_operate_permission(request):
            raise PermissionDenied
        form = StepForm(request.POST if request.method == "POST" else request.GET)
        now = phases.read()
        try:
            moves = form.plan(now)
        except Refused as refusal:
            return self._back(request, str(refusal), messages.ERROR)
        if not moves:
            return self._back(request, "Nothing was moved: it is like that already.", messages.INFO)
        if request.method == "POST":
            try:
                return self._make(request, form, now, moves)
            except Refused as refusal:
                lines = [line.removeprefix("- ") for line in str(refusal).splitlines()]
                return self._ask(request, form, now, moves, refusal=lines)
        return self._ask(request, form, now, moves)

    def _make(self, request: HttpRequest, form: StepForm, now: Snapshot, moves: list[Move]) -> HttpResponse:
        """Make the moves that were confirmed, and no others. Only a step forward has to be explained: nothing may delay the way back."""
        why = form.cleaned_data["why"].strip()
        if form.cleaned_data["seen"] != _text(now):
            raise Refused("The switches were moved by somebody else meanwhile: this is how it is now. Look again, then decide.")
        if not why and any(move.is_forward for move in moves):
            raise Refused("Say why: the next operator reads it.")
        heard: list[str] = []
        steps.make(moves, who=request.user.get_username(), why=why or "no reason given, in the admin", say=heard.append)
        results = [line for line in heard if not line.endswith("...")]
        return self._back(request, " ".join(["Done.", *results]), messages.SUCCESS)

    def _ask(
        self, request: HttpRequest, form: StepForm, now: Snapshot, moves: list[Move], refusal: list[str] | None = None
    ) -> TemplateResponse:
        again = StepForm({**form.cleaned_data, "seen": _text(now)})
        return self._page(
            request,
            "step.html",
            status=409 if refusal else 200,
            title=_title(form.cleaned_data),
            form=again,
            moves=moves,
            forward=any(move.is_forward for move in moves),
            refusal=refusal,
        )

    def _page(self, request: HttpRequest, template: str, *, status: int = 200, **context: Any) -> TemplateResponse:
        context = {**self.admin_site.each_context(request), "opts": self.opts, **context}
        return TemplateResponse(request, f"dapr_bridge/{template}", context, status=status)

    def _back(self, request: HttpRequest, message: str, level: int) -> HttpResponseRedirect:
        self.message_user(request, message, level)
        return HttpResponseRedirect(reverse(f"{self.admin_site.name}:{PAGE}"))


def _steps(now: Snapshot) -> list[tuple[str, str]]:
    """The steps that are offered: what they are called, and their query string."""
    phase, offered = phases.phase_of(now), []
    if phase < len(BLOCKS):
        offered.append((f"Forward to phase {phase + 1}: {BLOCKS[phase]}", urlencode({"phase": phase + 1})))
    if phase > 1:
        offered.append((f"Back to phase {phase - 1}", urlencode({"phase": phase - 1})))
    if any(now.row(block).stage != OFF for block in BLOCKS):
        offered.append(("Back to phase 0: without Dapr", urlencode({"phase": 0})))
    return offered


def _uses(process: ProcessReport) -> list[tuple[str, str]]:
    """The blocks that the process has on, or in shadow, in the order of the phases."""
    return [(block, stage) for block in BLOCKS if (stage := process.report["stages"].get(block, OFF)) != OFF]


def _title(wanted: dict[str, Any]) -> str:
    if wanted["phase"] is not None:
        return f"Go to phase {wanted['phase']}?"
    users = f" for {wanted['percent']} % of users" if wanted["percent"] is not None else ""
    return f"Switch {wanted['block']} to {wanted['stage']}{users}?"


def _text(snapshot: Snapshot) -> str:
    """The switches in a form that changes whenever one of them does."""
    rows = [(block, snapshot.row(block)) for block in BLOCKS]
    return " ".join(f"{block}:{row.stage}:{row.percent}" for block, row in rows)
