"""The wiring room as a Django app: its checks, templates and static files, and the admin site that shows the charts."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.core import checks


class WiringConfig(AppConfig):
    """No models; it must stand before `django.contrib.admin`, some of whose templates it replaces."""

    name = "todo_project"

    def ready(self) -> None:
        from todo_project.checks import check_database, check_role, check_secrets

        for check in (check_database, check_role, check_secrets):
            checks.register(check)


class OperatorAdminConfig(AdminConfig):
    """Django's admin with a site of our own."""

    default_site = "todo_project.admin_site.OperatorSite"
