"""What people and programs are told while PostgreSQL does not answer: 503 and when to come back, wherever the request had got to."""

from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import get_template

from todos.api import problems


class DatabaseOutage:
    """Innermost middleware: answers for views outside the REST framework, the admin's above all.

    The API's views answer by themselves, and `errors.server_error` for what fails in another middleware.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The answer to a lost or exhausted database; None for every other exception."""
        return answer_to(request, exception)


def answer_to(request: HttpRequest, error: BaseException | None) -> HttpResponse | None:
    """503 with Retry-After if the error is the database's absence: a page in the admin, a problem document elsewhere."""
    if not isinstance(error, OperationalError | InterfaceError):
        return None
    answer = problems.of_exception(error)
    if answer is not None and request.path_info.startswith("/admin"):
        # Rendered without the request: context processors would ask the database for the user.
        headers = {"Retry-After": answer["Retry-After"], "Cache-Control": "no-store"}
        answer = HttpResponse(get_template("503.html").render(), status=503, headers=headers)
    return answer
