"""Labels: the list, and one of them."""

from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from todos import selectors
from todos.api import idempotency, schema
from todos.api.conditional import Answer, expected_versions, read, row_response, version_etag
from todos.api.renderers import to_json
from todos.api.serializers import LabelInput, LabelOutput
from todos.api.views.base import View, checked, no_content
from todos.services import labels


class LabelListView(View):
    """All labels of the user; few enough for one page."""

    @extend_schema(operation_id="list_labels", responses={200: schema.page_of(LabelOutput), 304: None, **schema.ERRORS})
    def get(self, request: Request) -> HttpResponse:
        """List labels by name."""
        return read(request, "", lambda: Answer(to_json({"results": selectors.label_rows(self.owner), "next_cursor": None})))

    @extend_schema(
        operation_id="create_label",
        parameters=[schema.IDEMPOTENCY_KEY],
        request=LabelInput,
        responses={201: LabelOutput, **schema.WRITE_ERRORS},
    )
    def post(self, request: Request) -> HttpResponse:
        """Create a label."""

        def change() -> HttpResponse:
            label = labels.create_label(owner=self.owner, **checked(LabelInput, request))
            return row_response(*selectors.label_row(self.owner, label.id), status=201, location=f"{request.path}/{label.id}")

        return idempotency.perform(request, change)


class LabelView(View):
    """One label."""

    @extend_schema(operation_id="read_label", responses={200: LabelOutput, 304: None, **schema.ERRORS})
    def get(self, request: Request, label_id: UUID) -> HttpResponse:
        """Read a label."""

        def build() -> Answer:
            document, version = selectors.label_row(self.owner, label_id)
            return Answer(to_json(document), etag=version_etag(version))

        return read(request, "", build)

    @extend_schema(
        operation_id="update_label",
        parameters=[schema.IF_MATCH, schema.IDEMPOTENCY_KEY],
        request=schema.merge_patch(LabelInput),
        responses={200: LabelOutput, **schema.WRITE_ERRORS},
    )
    def patch(self, request: Request, label_id: UUID) -> HttpResponse:
        """Change what the body names (RFC 7396)."""

        def change() -> HttpResponse:
            changes = checked(LabelInput, request, partial=True)
            labels.update_label(owner=self.owner, label_id=label_id, changes=changes, versions=expected_versions(request))
            return row_response(*selectors.label_row(self.owner, label_id))

        return idempotency.perform(request, change)

    @extend_schema(
        operation_id="delete_label", parameters=[schema.IF_MATCH, schema.IDEMPOTENCY_KEY], responses={204: None, **schema.WRITE_ERRORS}
    )
    def delete(self, request: Request, label_id: UUID) -> HttpResponse:
        """Remove a label from every todo, for good."""

        def change() -> HttpResponse:
            labels.delete_label(owner=self.owner, label_id=label_id, versions=expected_versions(request))
            return no_content()

        return idempotency.perform(request, change)
