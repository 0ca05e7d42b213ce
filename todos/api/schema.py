"""The OpenAPI document: what the views declare, plus the parameters, pages and problems they all share."""

from functools import cache
from typing import Any

from django.conf import settings
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, inline_serializer
from rest_framework import serializers

from todos.api.permissions import IsAnonymousOrHasScope, SessionOnly
from todos.api.problems import MEDIA_TYPE


class FieldProblem(serializers.Serializer[Any]):
    """One input at fault."""

    field = serializers.CharField(allow_blank=True)
    code = serializers.CharField()
    detail = serializers.CharField()
    position = serializers.IntegerField(required=False, help_text="Where in `q` the word begins.")
    length = serializers.IntegerField(required=False)
    word = serializers.CharField(required=False)


class Problem(serializers.Serializer[Any]):
    """An RFC 9457 problem document."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    errors = FieldProblem(many=True, required=False)  # type: ignore[assignment]


def _problem(description: str) -> OpenApiResponse:
    return OpenApiResponse(Problem, description)


def _problems(**statuses: str) -> dict[tuple[int, str], OpenApiResponse]:
    return {(int(status.lstrip("_")), MEDIA_TYPE): _problem(description) for status, description in statuses.items()}


ERRORS = _problems(
    _400="The request has errors.",
    _401="Nobody is signed in.",
    _403="This may not be done.",
    _404="There is no such thing.",
    _406="Only JSON is given.",
    _503="The database is away.",
)
WRITE_ERRORS = ERRORS | _problems(
    _409="Not possible now.",
    _412="The object has changed.",
    _413="The body is too large.",
    _415="The body is of a type not taken.",
    _422="The Idempotency-Key was used for another request.",
    _428="If-Match is demanded.",
    _429="Too many tries.",
)

SIGN_IN_ERRORS = _problems(
    _400="The request has errors, or the password is wrong.",
    _403="The CSRF token is missing or wrong.",
    _406="Only JSON is given.",
    _413="The body is too large.",
    _415="The body is of a type not taken.",
    _429="Too many tries.",
    _503="The database is away.",
)

IF_MATCH = OpenApiParameter(
    "If-Match", OpenApiTypes.STR, OpenApiParameter.HEADER, description="The object's ETag: the write happens only if it is still that."
)
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", OpenApiTypes.STR, OpenApiParameter.HEADER, description="The ETag of the answer you have: 304 if it would be the same."
)
ETAG = OpenApiParameter(
    "ETag", OpenApiTypes.STR, OpenApiParameter.HEADER, response=[200], description="Strong for one object, weak for a list."
)
LINK = OpenApiParameter(
    "Link", OpenApiTypes.STR, OpenApiParameter.HEADER, response=[200], description='The next page, if there is one: `<...>; rel="next"`.'
)
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="Sent again within 24 hours, the same request has no second effect and gets the same answer.",
)


@cache
def page_of(serializer: type[serializers.Serializer[Any]]) -> serializers.Serializer[Any]:
    """The schema of one page of a list."""
    name = serializer.__name__.removesuffix("Output")
    fields = {"results": serializer(many=True), "next_cursor": serializers.CharField(allow_null=True)}
    return inline_serializer(f"{name}Page", fields)


def merge_patch(serializer: type[serializers.Serializer[Any]]) -> dict[str, Any]:
    """The request body of a PATCH, in both media types."""
    patch = serializer(partial=True)
    return {"application/merge-patch+json": patch, "application/json": patch}


_SECURITY_SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "description": "An API token; `read` and `write` are its scopes."},
    "session": {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME, "description": "The session begun by signing in."},
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": "X-CSRFToken",
        "description": "`csrf_token` of `auth/session`, along with the cookie that came with it; demanded where no token is sent.",
    },
}


class Schema(AutoSchema):
    """drf-spectacular's schema of a view, with names as the views' authors chose them."""

    def get_tags(self) -> list[str]:
        return [self.path.removeprefix("/api/v1/").split("/")[0]]

    def get_summary(self) -> str:
        """The first line of the method's docstring."""
        return super().get_description().partition("\n")[0]

    def get_description(self) -> str:  # type: ignore[override]
        """What follows it."""
        return super().get_description().partition("\n")[2].strip()

    def get_override_parameters(self) -> list[OpenApiParameter | serializers.Serializer[Any] | type[serializers.Serializer[Any]]]:
        """What every safe request may ask and every answer to it carries."""
        if self.method != "GET":
            return []
        return [IF_NONE_MATCH, ETAG]

    def get_auth(self) -> list[dict[str, list[str]]]:
        """Which proofs of identity the operation takes, any one of the list; read from the view's permissions."""
        for name, definition in _SECURITY_SCHEMES.items():
            component = ResolvedComponent(  # type: ignore[no-untyped-call]
                name=name, type=ResolvedComponent.SECURITY_SCHEMA, object=name, schema=definition
            )
            self.registry.register_on_missing(component)
        csrf: dict[str, list[str]] = {} if self.method in ("GET", "HEAD") else {"csrf": []}
        if not self.view.authentication_classes:
            return [csrf]
        allowed = self.view.permission_classes
        ways: list[dict[str, list[str]]] = [{"session": [], **csrf}]
        if SessionOnly not in allowed:
            ways.insert(0, {"token": []})
        if IsAnonymousOrHasScope in allowed and self.method != "PATCH":
            ways.append({})
        return ways
