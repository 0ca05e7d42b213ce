"""This product with its cached answers in Redis by Django's own cache and redis-py, in place of Dapr's state store."""

from todo_project.settings import *  # noqa: F403

CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "responses": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": env.str("REDIS_URL")},  # noqa: F405
}
