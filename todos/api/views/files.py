"""Import and export: todos from and to files of other programs, in bounded memory both ways."""

import hashlib
import queue
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict
from typing import IO, Any

import structlog
from django.db import connection, transaction
from django.http import FileResponse, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.http.multipartparser import MultiPartParserError
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.request import Request

from todos.api import idempotency, problems, schema
from todos.api.conditional import json_response
from todos.api.fields import StrictSerializer
from todos.api.filters import today_of
from todos.api.params import list_params
from todos.api.problems import FieldErrors
from todos.api.renderers import JSONRenderer, to_json
from todos.api.views.base import View
from todos.formats import FORMATS, Format, format_of
from todos.formats.lines import split
from todos.models import User
from todos.services import exports, imports

MAX_BYTES = 20 * 1024 * 1024
IN_MEMORY = 256 * 1024
CHUNK = 64 * 1024
NDJSON = "application/x-ndjson"

log = structlog.get_logger(__name__)
Progress = Callable[[imports.Report], None]


class ProgressRenderer(JSONRenderer):
    """Lets a client ask for progress lines; they are written by the view itself."""

    media_type = NDJSON
    format = "ndjson"


class ImportParams(StrictSerializer):
    """Which format, and what to do about bad lines."""

    format = serializers.ChoiceField(choices=list(FORMATS), required=False, help_text="By the file's name when it has one.")
    mode = serializers.ChoiceField(
        choices=["preview", "all", "valid"],
        default="all",
        help_text="`preview` writes nothing, `all` writes everything or nothing, `valid` leaves bad lines out.",
    )


class ExportParams(StrictSerializer):
    """Which format."""

    format = serializers.ChoiceField(choices=list(FORMATS), default="json")


class LineProblem(serializers.Serializer[Any]):
    """A line at fault; `skipped` says whether all of it is missing or only a part."""

    line = serializers.IntegerField()
    message = serializers.CharField()
    skipped = serializers.BooleanField()


class ImportReport(serializers.Serializer[Any]):
    """What a file holds, or what was taken from it."""

    todos = serializers.IntegerField()
    projects = serializers.IntegerField()
    labels = serializers.IntegerField()
    skipped = serializers.IntegerField()
    error_count = serializers.IntegerField()
    written = serializers.BooleanField()
    lines = LineProblem(many=True, help_text="The first 200.")
    sample = serializers.ListField(child=serializers.DictField(), help_text="The first todos of a preview.")


class ImportView(View):
    """Todos from a file."""

    renderer_classes = (JSONRenderer, ProgressRenderer)

    @extend_schema(
        operation_id="import_todos",
        parameters=[ImportParams, schema.IDEMPOTENCY_KEY],
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses={200: ImportReport, **schema.WRITE_ERRORS},
    )
    def post(self, request: Request) -> HttpResponseBase:
        """Read a file of todos (the body, or the part `file` of a form) and take them.

        With `Accept: application/x-ndjson` the answer is lines: `{"progress": ...}` after every 500 todos, at last `{"report": ...}` or
        `{"problem": ...}`; the import then goes on even when nobody listens any more.
        """
        params = list_params(ImportParams, request)
        with ExitStack() as opened:
            upload = opened.enter_context(Upload(request))
            kind = FORMATS.get(params.get("format", "")) or format_of(upload.name)
            if kind is None:
                raise ValidationError({"format": f"Say which format the file has: {', '.join(FORMATS)}."})
            carry_out = self._importing(upload, kind, params["mode"])
            if NDJSON in request.headers.get("Accept", ""):
                return StreamingHttpResponse(_lines(carry_out, opened.pop_all()), content_type=NDJSON)
            return carry_out(lambda report: None)

    def _importing(self, upload: "Upload", kind: Format, mode: str) -> Callable[[Progress], HttpResponse]:
        zone, today = self.owner.time_zone, today_of(self.owner)

        def source() -> Iterator[Any]:
            return kind.read(split(upload.chunks()), time_zone=zone, today=today)

        def carry_out(progress: Progress) -> HttpResponse:
            def take() -> HttpResponse:
                return _take(self.owner, source, mode, progress)

            return take() if mode == "preview" else idempotency.perform(self.request, take, body_digest=upload.digest)

        return carry_out


class Upload:
    """The file that came with a request, kept on disk once it is larger than `IN_MEMORY`. Raises FieldErrors, ParseError."""

    def __init__(self, request: Request) -> None:
        self.name = ""
        self._request = request
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  closed by __exit__
        self._sha = hashlib.sha256()

    def __enter__(self) -> "Upload":
        """Receive it."""
        size = 0
        try:
            for chunk in self._received(self._request):
                size += len(chunk)
                if size > MAX_BYTES:
                    raise problems.TooLarge(f"A file may have {MAX_BYTES // 2**20} MiB. Split it into smaller ones.")
                self._sha.update(chunk)
                self._file.write(chunk)
        except BaseException:
            self._file.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def digest(self) -> bytes:
        """What tells this file from another."""
        return self._sha.digest()

    def _received(self, request: Request) -> Iterable[bytes]:
        if not (request.content_type or "").startswith("multipart/form-data"):
            return iter(lambda: request._request.read(CHUNK), b"")
        try:
            file = request._request.FILES.get("file")
        except MultiPartParserError as error:
            raise ParseError(f"The form cannot be read: {error}") from error
        if file is None:
            raise ValidationError({"file": "Send the file in the part `file`, or as the body itself."})
        self.name = file.name or ""
        return file.chunks(CHUNK)

    def chunks(self) -> Iterator[bytes]:
        """The file from its beginning."""
        self._file.seek(0)
        return iter(lambda: self._file.read(CHUNK), b"")


def _take(owner: User, source: imports.Source, mode: str, progress: Progress) -> HttpResponse:
    """Preview or write; in the mode `all` a bad line stops everything before anything is written."""
    report = imports.Report()
    if mode != "valid":
        for report in imports.preview(owner, source):
            progress(report)
    if mode == "all" and report.skipped:
        errors = [{"field": f"line {one['line']}", "code": "line", "detail": one["message"]} for one in report.errors if one["skipped"]]
        raise FieldErrors(
            f"Nothing was imported: {report.skipped} of the lines cannot be taken. Mend them, or import with mode=valid.", errors
        )
    if mode != "preview":
        for report in imports.write(owner, source):
            progress(report)
    shown = asdict(report)
    return json_response({**shown, "lines": shown.pop("errors")})


def _lines(carry_out: Callable[[Progress], HttpResponse], opened: ExitStack) -> Iterator[bytes]:
    """Carry out in a thread of its own, so that a client that goes away stops nothing, and tell how far it is; closes what is open."""
    said: queue.SimpleQueue[tuple[str, bytes]] = queue.SimpleQueue()

    def work() -> None:
        try:
            response = carry_out(lambda report: said.put(("progress", to_json({"todos": report.todos, "errors": report.error_count}))))
        except Exception as error:
            response = problems.handle_exception(error, {}) or _defect(error)
        finally:
            opened.close()
            connection.close()
        said.put(("report" if response.status_code < 400 else "problem", response.content))

    threading.Thread(target=work, name="import").start()
    while True:
        kind, body = said.get()
        yield b'{"' + kind.encode() + b'":' + body + b"}\n"
        if kind != "progress":
            return


def _defect(error: Exception) -> HttpResponse:
    log.exception("import_failed", error=type(error).__name__)
    return problems.problem(500, "Something went wrong on our side, and nothing was imported. It has been written down.")


class ExportView(View):
    """Todos to a file."""

    @extend_schema(
        operation_id="export_todos",
        parameters=[ExportParams],
        responses={(200, kind.content_type): OpenApiTypes.OBJECT if name == "json" else OpenApiTypes.STR for name, kind in FORMATS.items()}
        | schema.ERRORS,
    )
    def get(self, request: Request) -> FileResponse:
        """Everything the user has, as a file. JSON loses nothing; the others carry what they can."""
        name = list_params(ExportParams, request)["format"]
        kind = FORMATS[name]
        file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  FileResponse closes it
        # Written to the end first: a slow client must not hold a transaction open.
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            for chunk in kind.write(exports.records_of(self.owner, grouped=name != "json")):
                file.write(chunk)
        file.seek(0)
        response = FileResponse(
            file, as_attachment=True, filename=f"todos-{timezone.now():%Y-%m-%d}.{kind.extension}", content_type=kind.content_type
        )
        response["Cache-Control"] = "private, no-store"
        return response
