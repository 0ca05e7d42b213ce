"""Registers the Todo product with Django."""

from django.apps import AppConfig


class TodosConfig(AppConfig):
    """The product: it knows nothing of how its events travel or where its answers are cached."""

    name = "todos"
    verbose_name = "Todos"

    def ready(self) -> None:
        from . import checks  # noqa: F401  registers the system checks
