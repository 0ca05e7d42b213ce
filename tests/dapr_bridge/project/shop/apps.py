"""The shop app."""

from django.apps import AppConfig


class ShopConfig(AppConfig):
    name = "tests.dapr_bridge.project.shop"
