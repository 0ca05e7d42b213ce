"""What most people would write: a ModelSerializer, a ModelViewSet, a router."""

import uuid

from django.http import HttpResponse
from django.urls import include, path
from rest_framework import filters, routers, serializers, viewsets

from todos.models import Project, Todo


class TodoSerializer(serializers.ModelSerializer):
    class Meta:
        model = Todo
        fields = [
            *("id", "title", "notes", "project", "labels", "priority", "due_at", "due_on", "time_zone", "remind_at", "parent"),
            *("position", "recurrence", "recurs_from", "completed_at", "deleted_at", "created_at", "updated_at", "version"),
        ]
        read_only_fields = ["project", "labels", "position", "created_at", "updated_at", "version", "completed_at", "deleted_at"]


class TodoViewSet(viewsets.ModelViewSet):
    serializer_class = TodoSerializer
    filter_backends = [filters.SearchFilter]
    search_fields = ["title", "notes"]

    def get_queryset(self):
        todos = Todo.objects.filter(owner=self.request.user, deleted_at=None).order_by("position").prefetch_related("labels")
        priority = self.request.query_params.get("priority")
        return todos.filter(priority=priority) if priority else todos

    def perform_create(self, serializer):
        inbox = Project.objects.get(owner=self.request.user, is_inbox=True)
        serializer.save(owner=self.request.user, project=inbox, position=f"z{uuid.uuid4().hex[:26]}1")


router = routers.DefaultRouter(trailing_slash=False)
router.register("todos", TodoViewSet, basename="todo")
urlpatterns = [path("api/v1/", include(router.urls)), path("hello", lambda request: HttpResponse("hello"))]
