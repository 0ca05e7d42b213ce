"""The operators' pages of the product. They change data through services, as the API does."""

from . import feed, people, work

__all__ = ["feed", "people", "work"]
