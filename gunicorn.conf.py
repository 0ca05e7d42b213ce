"""How gunicorn serves the application, in every place: local run, container, tests."""

import gc
import os
from pathlib import Path
from typing import Any

from todo_project import health, logs

wsgi_app = "todo_project.wsgi:application"
bind = os.environ.get("BIND", "127.0.0.1:8000")
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = int(os.environ.get("DATABASE_POOL_SIZE", "8")) or 8  # one thread, one pooled connection: with fewer, threads would queue
keepalive = 15  # seconds; above the idle limit of the gateway's client (4 s), so that it never reuses a connection being closed here
timeout = 30  # seconds without a sign of life of the worker's main loop; requests are bounded by statement_timeout
graceful_timeout = int(os.environ.get("GRACEFUL_TIMEOUT", "25"))  # seconds; below Kubernetes' 30 s before SIGKILL
max_requests = 20_000  # a leak in a library must not become an outage
max_requests_jitter = 2_000
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  the heartbeat file must not wait for a disk
control_socket_disable = True  # it lives in $HOME: an error on read-only pods, and two servers of one user overwrite each other's
accesslog = None  # the application writes one structured line per request
forwarded_allow_ips = ""  # nobody's X-Forwarded-* is believed here; the gateway signs its own header
logconfig_dict = logs.configure(level=os.environ.get("LOG_LEVEL", "INFO"), pretty=False)


def post_worker_init(worker: Any) -> None:
    """gunicorn's hook, once a worker is about to serve."""
    from dapr_bridge import reports, switches  # not before the fork, nor in the master, which has no settings

    health.drain_on_term()
    reports.start()
    switches.prepare()  # the first request would go by none, or be slow beside what a first reading imports
    gc.freeze()  # what is here by now stays: looking through all of it for cycles again and again takes time and finds none
    gc.set_threshold(10_000)  # a request leaves hardly any cycles behind; the default looks for them several times in each
