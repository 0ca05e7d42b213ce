"""Django's handlers of errors that no view has answered: pages for the admin, problem documents for everything else."""

import sys

from django.http import HttpRequest, HttpResponse
from django.views import csrf, defaults

from todo_project import outage
from todos.api import problems


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler400, also for hosts that are not allowed, headers that make no sense, and bodies that are too large."""
    return defaults.bad_request(request, exception) if _in_admin(request) else problems.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler403."""
    return defaults.permission_denied(request, exception) if _in_admin(request) else problems.forbidden(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler404."""
    return defaults.page_not_found(request, exception) if _in_admin(request) else problems.not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500, called while the error is being handled: a session may fail to load or save in a middleware."""
    if _in_admin(request):
        return outage.answer_to(request, sys.exception()) or defaults.server_error(request)
    return problems.server_error(request)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """CSRF_FAILURE_VIEW."""
    return csrf.csrf_failure(request, reason) if _in_admin(request) else problems.csrf_failure(request, reason)


def _in_admin(request: HttpRequest) -> bool:
    return request.path_info.startswith("/admin/")
