"""Every error as a problem document (RFC 9457), whatever went wrong and wherever."""

import math
import sys
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, cast

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from drf_standardized_errors.formatter import ExceptionFormatter
from drf_standardized_errors.types import ErrorResponse, ExceptionHandlerContext
from rest_framework import exceptions

from todos.api.renderers import to_json
from todos.errors import NotFound, Refused, TooManyAttempts, VersionConflict

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 1

log = structlog.get_logger(__name__)


def problem(
    status: int,
    detail: str,
    *,
    errors: Sequence[Mapping[str, Any]] = (),
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> HttpResponse:
    """A problem document: `type` is `about:blank`, so `title` is the status's own phrase; `errors` names the inputs at fault."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **members}
    if errors:
        body["errors"] = list(errors)
    return HttpResponse(to_json(body), status=status, content_type=MEDIA_TYPE, headers={"Cache-Control": "no-store", **(headers or {})})


class PreconditionRequired(exceptions.APIException):
    """A write without If-Match where the settings demand it (RFC 6585, section 3)."""

    status_code = 428
    default_detail = "Send the object's ETag in If-Match, so that nobody's change is overwritten unseen."
    default_code = "precondition_required"


class TooLarge(exceptions.APIException):
    """A body larger than is taken (RFC 9110, section 15.5.14)."""

    status_code = 413
    default_code = "too_large"


class FieldErrors(Exception):
    """Errors that carry more than DRF's can, such as the place of a word within a query."""

    def __init__(self, detail: str, errors: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors


class _Formatter(ExceptionFormatter):
    """Flattens DRF's nested errors, each with the field it belongs to."""

    def format_error_response(self, error_response: ErrorResponse) -> list[dict[str, Any]]:
        return [{"field": error.attr or "", "code": error.code, "detail": str(error.detail)} for error in error_response.errors]


def handle_exception(error: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """DRF's exception handler. None for what is a defect of ours: Django logs it and `server_error` answers."""
    if isinstance(error, exceptions.ValidationError):
        formatter = _Formatter(error, cast(ExceptionHandlerContext, context), error)
        errors = formatter.run()
        return problem(400, "The request has errors; see `errors`.", errors=errors)
    if isinstance(error, exceptions.APIException):
        return _api_exception(error, context)
    return of_exception(error)


def _api_exception(error: exceptions.APIException, context: Mapping[str, Any]) -> HttpResponse:
    headers = {}
    if isinstance(error, exceptions.MethodNotAllowed):
        headers["Allow"] = ", ".join(context["view"].allowed_methods)
    if (wait := getattr(error, "wait", None)) is not None:
        headers["Retry-After"] = str(math.ceil(wait))
    if auth_header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = auth_header
    return problem(error.status_code, str(error.detail), headers=headers)


def of_exception(error: Exception) -> HttpResponse | None:
    """The problem that stands for an exception of the product, of Django or of the database; None for a defect."""
    match error:
        case NotFound() | Http404():
            return problem(404, "There is no such thing here.")
        case Refused():
            errors = [{"field": error.field, "code": error.code, "detail": error.message}] if error.field else []
            return problem(400 if error.field else 409, error.message, errors=errors)
        case VersionConflict():
            return problem(
                412, "The object has changed since you read it. Read it again, then decide.", headers={"ETag": f'"{error.current}"'}
            )
        case TooManyAttempts():
            return problem(429, str(error), headers={"Retry-After": str(error.retry_after)})
        case FieldErrors():
            return problem(400, error.detail, errors=error.errors)
        case RequestDataTooBig():
            return problem(413, "The body is too large.")
        case PermissionDenied():
            return problem(403, "You may not do this.")
        case SuspiciousOperation():
            return problem(400, "The request cannot be understood.")
        case OperationalError() | InterfaceError():
            log.warning("database_unavailable", error=type(error.__cause__ or error).__name__)
            return unavailable()
        case DatabaseError():
            return None
    return None


def unavailable() -> HttpResponse:
    """503: the database does not answer just now; the client may try again."""
    return problem(503, "The service cannot reach its database just now. Try again.", headers={"Retry-After": str(RETRY_AFTER_SECONDS)})


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler400."""
    answer = of_exception(exception) if exception is not None else None
    return answer if answer is not None else problem(400, "The request cannot be understood.")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler403."""
    return problem(403, "You may not do this.")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler404."""
    return problem(404, "There is no such thing here.")


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500, called while the error is being handled: one of the database, met in a middleware, is no defect."""
    error = sys.exception()
    answer = of_exception(error) if isinstance(error, Exception) else None
    return answer if answer is not None else problem(500, "Something went wrong on our side. It has been written down.")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF_FAILURE_VIEW."""
    return problem(403, f"The CSRF check failed: {reason} Read /api/v1/auth/session and send its csrf_token in X-CSRFToken.")
