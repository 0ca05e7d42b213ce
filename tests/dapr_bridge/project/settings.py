"""A Django project that has the bridge and nothing else of this repository: the bridge's tests run in it."""

import environ

env = environ.Env()

SECRET_KEY = "only for tests"
USE_TZ = True
TIME_ZONE = "UTC"
ROOT_URLCONF = "tests.dapr_bridge.project.urls"
INSTALLED_APPS = [
    "dapr_bridge",
    "tests.dapr_bridge.project.shop",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
]
MIDDLEWARE = [
    "dapr_bridge.middleware.RequestScope",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "responses": {"BACKEND": "dapr_bridge.cache.DaprStateCache"},
}
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
STATIC_URL = "static/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": env.db_url("DATABASE_URL")}
DATABASES["default"]["OPTIONS"] = {"options": "-c statement_timeout=15000 -c lock_timeout=5000"}

# A process of a test is told by the environment which consumers it has: that is how a rolling deploy looks.
SHOP = "tests.dapr_bridge.project.shop.handlers"
CONSUMERS = {
    "ledger": {"handler": f"{SHOP}.book", "types": ["*"]},
    "audit": {"handler": f"{SHOP}.audit", "types": ["order.*"]},
}
DAPR_BRIDGE = {
    "CONSUMERS": {name: CONSUMERS[name] for name in env.list("SHOP_CONSUMERS", default=list(CONSUMERS))},
    "CHORES": {f"{SHOP}.stocktake": 0.2} if env.bool("SHOP_CHORES", default=False) else {},
    "LEASE_SECONDS": env.float("SHOP_LEASE_SECONDS", default=0.4),
    "LEASE_MAX_SECONDS": env.float("SHOP_LEASE_SECONDS", default=0.4) * 4,
    "PUBLISH_SECONDS": env.float("SHOP_LEASE_SECONDS", default=0.4) / 2,
    "PARK_AFTER_FAILURES": 3,
    "PARK_MIN_AGE_SECONDS": env.float("SHOP_PARK_MIN_AGE_SECONDS", default=0.0),
    "PROBE_SECONDS": 3600.0,  # tests count calls and failures; those that are about the probe say how often it looks
}
