"""Registers the system checks."""

from django.apps import AppConfig
from django.core import checks


class DaprBridgeConfig(AppConfig):
    name = "dapr_bridge"
    label = "dapr_bridge"
    verbose_name = "Dapr bridge"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from dapr_bridge.checks import check_settings
        from dapr_bridge.observability_checks import check_destination, check_observability

        checks.register(check_settings)
        checks.register(check_observability)
        checks.register(check_destination, deploy=True)
