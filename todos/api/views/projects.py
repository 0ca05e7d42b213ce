"""Projects: the list with its counts, and one of them."""

from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from todos import selectors
from todos.api import idempotency, schema
from todos.api.conditional import Answer, expected_versions, read, row_response, version_etag
from todos.api.renderers import to_json
from todos.api.serializers import ListedProjectOutput, ProjectInput, ProjectOutput, ProjectPatch
from todos.api.views.base import View, checked, no_content
from todos.services import projects


class ProjectListView(View):
    """All projects of the user; few enough for one page."""

    @extend_schema(operation_id="list_projects", responses={200: schema.page_of(ListedProjectOutput), 304: None, **schema.ERRORS})
    def get(self, request: Request) -> HttpResponse:
        """List projects in their order, the archived too, each with the number of its open todos."""
        return read(request, "", lambda: Answer(to_json({"results": selectors.project_rows(self.owner), "next_cursor": None})))

    @extend_schema(
        operation_id="create_project",
        parameters=[schema.IDEMPOTENCY_KEY],
        request=ProjectInput,
        responses={201: ProjectOutput, **schema.WRITE_ERRORS},
    )
    def post(self, request: Request) -> HttpResponse:
        """Create a project."""

        def change() -> HttpResponse:
            project = projects.create_project(owner=self.owner, **checked(ProjectInput, request))
            return row_response(*selectors.project_row(self.owner, project.id), status=201, location=f"{request.path}/{project.id}")

        return idempotency.perform(request, change)


class ProjectView(View):
    """One project."""

    @extend_schema(operation_id="read_project", responses={200: ProjectOutput, 304: None, **schema.ERRORS})
    def get(self, request: Request, project_id: UUID) -> HttpResponse:
        """Read a project."""

        def build() -> Answer:
            document, version = selectors.project_row(self.owner, project_id)
            return Answer(to_json(document), etag=version_etag(version))

        return read(request, "", build)

    @extend_schema(
        operation_id="update_project",
        parameters=[schema.IF_MATCH, schema.IDEMPOTENCY_KEY],
        request=schema.merge_patch(ProjectPatch),
        responses={200: ProjectOutput, **schema.WRITE_ERRORS},
    )
    def patch(self, request: Request, project_id: UUID) -> HttpResponse:
        """Change what the body names (RFC 7396)."""

        def change() -> HttpResponse:
            changes = checked(ProjectPatch, request, partial=True)
            projects.update_project(owner=self.owner, project_id=project_id, changes=changes, versions=expected_versions(request))
            return row_response(*selectors.project_row(self.owner, project_id))

        return idempotency.perform(request, change)

    @extend_schema(
        operation_id="delete_project", parameters=[schema.IF_MATCH, schema.IDEMPOTENCY_KEY], responses={204: None, **schema.WRITE_ERRORS}
    )
    def delete(self, request: Request, project_id: UUID) -> HttpResponse:
        """Delete a project; its todos go to the trash."""

        def change() -> HttpResponse:
            projects.delete_project(owner=self.owner, project_id=project_id, versions=expected_versions(request))
            return no_content()

        return idempotency.perform(request, change)
