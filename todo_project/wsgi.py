"""The WSGI entry point that gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

from dapr_bridge.wsgi import Deliveries
from todo_project.drain import DrainUnreadBody

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "todo_project.settings")
application = DrainUnreadBody(Deliveries(get_wsgi_application()))
