"""The operators' admin site: its index page shows how the product is doing."""

from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponseBadRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse

from todo_project import figures


class OperatorSite(AdminSite):
    """Django's admin under our name, with figures on its first page."""

    site_header = "Todo operations"
    site_title = "Todo operations"
    index_title = "Overview"
    site_url = next(iter(settings.PUBLIC_ORIGINS), None)  # the web app; without one known there is no link

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """The figures, then Django's own index."""
        return super().index(request, {**(extra_context or {}), "figures": figures.read()})

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Django's, after refusing what PostgreSQL cannot compare text with: a NUL in a filter would end as a 500."""
        inner = super().admin_view(view, cacheable)

        def without_nul(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if "\0" in request.path_info or any("\0" in value for values in request.GET.lists() for value in (values[0], *values[1])):
                return HttpResponseBadRequest("The address contains a NUL character.", content_type="text/plain")
            answer: HttpResponseBase = inner(request, *args, **kwargs)
            return answer

        return without_nul
