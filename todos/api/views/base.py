"""What the views share: reading input strictly, and carrying out a write once."""

from typing import Any, cast

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from todos.models import User


class View(APIView):
    """An API view whose user is known to be one of ours."""

    @property
    def owner(self) -> User:
        """Whoever calls; permissions have made sure that somebody does."""
        return cast(User, self.request.user)

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Which methods there are, in Allow; what they take says /api/v1/schema."""
        return no_content()

    @property
    def default_response_headers(self) -> dict[str, str]:
        # DRF's own Vary and the Allow of every answer say nothing here that the answer does not set itself.
        return {"Allow": ", ".join(self.allowed_methods)} if self.request.method in ("OPTIONS",) else {}


def checked(serializer: type[Serializer[Any]], request: Request, *, partial: bool = False) -> dict[str, Any]:
    """The body, checked and typed; only what it named. Raises ValidationError."""
    form = serializer(data=request.data, partial=partial)
    form.is_valid(raise_exception=True)
    return cast(dict[str, Any], form.validated_data)


def no_content() -> HttpResponse:
    """204."""
    response = HttpResponse(status=204)
    del response["Content-Type"]
    return response
