"""Every setting of the project, read as a list: environment, apps, data, doors, REST, Dapr, logging.

Values come from the process environment, then `.env` (yours), then `.run/env` (written by `make run`).
The defaults are those of production: a value that would weaken it has to be asked for.
"""

from pathlib import Path

import environ

from todo_project import logs

# --- environment -----------------------------------------------------------------------------
BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.FileAwareEnv()
env.read_env(BASE_DIR / ".env")
env.read_env(BASE_DIR / ".run" / "env")

VERSION = "0.1.0"
ROLE = env.str("ROLE", default="api")  # api | worker: chooses the URLconf
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
HTTPS = env.bool("HTTPS", default=True)  # false only for a local run over plain HTTP
PUBLIC_ORIGINS = env.list("PUBLIC_ORIGINS", default=[])  # where browsers see the app, e.g. https://todo.example.com

# --- apps ------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "todos",
    "dapr_bridge",
    "todo_project.apps.WiringConfig",
    "todo_project.apps.OperatorAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "drf_spectacular",
]
MIDDLEWARE = [
    "dapr_bridge.middleware.RequestScope",
    "todo_project.logs.RequestLog",
    "todo_project.headers.SecurityHeaders",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "todos.auth.SessionUserMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "todo_project.outage.DatabaseOutage",
]
ROOT_URLCONF = "todo_project.urls_worker" if ROLE == "worker" else "todo_project.urls"
WSGI_APPLICATION = "todo_project.wsgi.application"
APPEND_SLASH = False  # daprd strips trailing slashes, and a redirect loses a POST
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
STATIC_ROOT = env.str("STATIC_ROOT", default=None)  # where the image has collected them; without it they are found in the apps
WHITENOISE_USE_FINDERS = STATIC_ROOT is None
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # the default prepares a cookie's signature for every request
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
FORMAT_MODULE_PATH = "todo_project.formats"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- data ------------------------------------------------------------------------------------
DATABASES = {"default": env.db_url("DATABASE_URL")}
_url_options = DATABASES["default"].get("OPTIONS", {})  # behind the "?" of the URL: sslmode, or the folder of a unix socket as host
# Per process; 0: no pool, a connection per request. The worker has none: its threads keep theirs, which saves a third of its work,
# and an event that meets a broken connection comes again.
_keeps_connections = ROLE == "worker"
_pool_size = 0 if _keeps_connections else env.int("DATABASE_POOL_SIZE", default=8)
DATABASES["default"].update(
    ENGINE="todo_project.database",
    HOST=_url_options.pop("host", DATABASES["default"]["HOST"]),
    CONN_MAX_AGE=None if _keeps_connections else 0,  # the pool keeps connections; it refuses anything but 0
    CONN_HEALTH_CHECKS=False,  # the engine sees which pooled connections have ended
    OPTIONS={
        **_url_options,
        "pool": {"min_size": 1, "max_size": _pool_size, "timeout": 4, "reconnect_timeout": 2} if _pool_size else False,
        "options": "-c statement_timeout=15000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=20000"
        " -c pg_trgm.word_similarity_threshold=0.19",  # five letters, two of them swapped, are no more alike than 0.2
        "application_name": f"todo-{ROLE}",
        "prepare_threshold": 1,  # of what goes through `prepared`: Django's own cursors prepare nothing
    },
)
AUTH_USER_MODEL = "todos.User"
SESSION_ENGINE = "todos.sessions"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 14
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "responses": {"BACKEND": "dapr_bridge.cache.DaprStateCache", "OPTIONS": {"MAX_TIMEOUT": 600}},  # empty unless state is on
}
vars().update(env.email_url("EMAIL_URL", default="dummymail://"))  # reminders by e-mail; unset: none are sent, nothing waits for a server
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM", default="todo@localhost")

# --- doors: the only places where `todos` and `dapr_bridge` meet --------------------------------
TODOS_EVENT_PUBLISHER = "dapr_bridge.outbox.enqueue"
DAPR_BRIDGE = {
    "ROLE": ROLE,
    "APP_IDS": {"api": "todo-backend", "worker": "todo-worker"},
    "METRICS_TOKEN": env.str("METRICS_TOKEN", default="") or None,
    "UNTRACED": ["/livez", "/readyz", "/metrics", "/internal/switches"],
    "TOPIC": "todo-events",  # as components/pubsub.yaml allows it
    "SUBSCRIBES": ROLE == "worker",
    "APP_TOKENS": env.list("APP_API_TOKENS", default=None),  # during a rotation the new and the old one; unset: APP_API_TOKEN
    "STATE_THREADS": max(1, (_pool_size or 8) // 2),  # of gunicorn's, as gunicorn.conf.py counts them
    "CONSUMERS": {
        "activity": {"handler": "todos.handlers.record_activity", "types": ["*"]},
        "next-occurrence": {"handler": "todos.handlers.schedule_next_occurrence", "types": ["todo.completed.v1"]},
        "reminders": {"handler": "todos.handlers.notify_reminder", "types": ["todo.reminder_due.v1"]},
        "reminder-emails": {"handler": "todos.handlers.email_reminder", "types": ["todo.reminder_due.v1"]},
    },
    "CHORES": {
        "todos.services.reminders.announce_due": 1.0,
        "todos.services.trash.purge_expired": 3600.0,
    },
}

# --- Dapr: what may be switched on while the app runs (`manage.py dapr_phase`); false is a kill switch ------------------------
DAPR_ENABLED = env.bool("DAPR_ENABLED", default=False)  # without it nothing of Dapr is imported, and the others mean nothing
DAPR_INVOCATION_ENABLED = env.bool("DAPR_INVOCATION_ENABLED", default=True)
DAPR_PUBSUB_ENABLED = env.bool("DAPR_PUBSUB_ENABLED", default=True)
DAPR_STATE_ENABLED = env.bool("DAPR_STATE_ENABLED", default=True)
DAPR_OBSERVABILITY_ENABLED = env.bool("DAPR_OBSERVABILITY_ENABLED", default=True)

# --- security --------------------------------------------------------------------------------
PASSWORD_HASHERS = ["todos.auth.Argon2Hasher", "django.contrib.auth.hashers.PBKDF2PasswordHasher"]
AUTHENTICATION_BACKENDS = ["todos.auth.PasswordBackend"]
TODOS_LIMITS = {  # tries/seconds, each to be set as LIMIT_<name>
    name: env.str(f"LIMIT_{name}", default=default)
    for name, default in {
        "LOGINS_PER_ADDRESS": "100/300",
        "LOGINS_PER_ACCOUNT_AND_ADDRESS": "10/300",
        "LOGINS_PER_ACCOUNT": "50/300",
        "SIGN_UPS_PER_ADDRESS": "30/3600",
        "PASSWORDS_PER_ACCOUNT": "10/300",
        "TOKENS_PER_ACCOUNT": "30/3600",
    }.items()
}
GATEWAY_SECRET = env.str("GATEWAY_SECRET", default="")  # with it the gateway signs the client's address; empty: nobody's word is taken
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
CSRF_TRUSTED_ORIGINS = PUBLIC_ORIGINS
CSRF_FAILURE_VIEW = "todo_project.errors.csrf_failure"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
if HTTPS:  # browsers take a cookie of this prefix from this very host only, so no sibling domain can plant one
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SILENCED_SYSTEM_CHECKS = ["security.W008"]  # the redirect to HTTPS is the ingress's: behind it every request arrives as plain HTTP
DATA_UPLOAD_MAX_MEMORY_SIZE = env.int("MAX_BODY_BYTES", default=1024 * 1024)

# --- REST ------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["todos.api.authentication.TokenAuthentication", "todos.api.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["todos.api.permissions.IsAuthenticatedWithScope"],
    "DEFAULT_RENDERER_CLASSES": ["todos.api.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "todos.api.negotiation.ContentNegotiation",
    "DEFAULT_PARSER_CLASSES": ["todos.api.parsers.StrictJSONParser", "todos.api.parsers.MergePatchParser"],
    "DEFAULT_SCHEMA_CLASS": "todos.api.schema.Schema",
    "EXCEPTION_HANDLER": "todos.api.problems.handle_exception",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "URL_FORMAT_OVERRIDE": None,  # `format` names the format of files here
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Todo API",
    "VERSION": VERSION,
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
}

# --- logging ---------------------------------------------------------------------------------
LOGGING = logs.configure(level=env.str("LOG_LEVEL", default="INFO"), pretty=DEBUG)
