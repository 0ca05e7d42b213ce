"""The operators' admin site: its index page shows how the product is doing."""

from django.contrib.admin import AdminSite


class OperatorSite(AdminSite):
    """Django's admin under our name."""

    site_header = "Todo operations"
    site_title = "Todo operations"
    index_title = "Overview"
