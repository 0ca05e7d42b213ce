"""Chart, images and code tell the same story: one version, the variables that are read, ports, users and commands."""

import json
import re
import tomllib

import pytest
import yaml
from django.conf import settings
from django.core.management import get_commands

from tests.helm.chart import CHART, ROOT, VALUES, Chart, container, variables

pytestmark = pytest.mark.e2e
EVERYTHING = {
    "email.existingSecret": "mail",
    "observability.otlpEndpoint": "http://collector:4318",
}


def test_there_is_one_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    versions = {
        "pyproject.toml": tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"],
        "package.json": json.loads((ROOT / "frontend/package.json").read_text())["version"],
        "Chart.yaml, version": chart["version"],
        "Chart.yaml, appVersion": chart["appVersion"],
    }
    assert versions == dict.fromkeys(versions, settings.VERSION)


def test_the_backends_read_every_variable_that_they_are_given(chart: Chart) -> None:
    sources = [ROOT / "gunicorn.conf.py", *(ROOT / "todo_project").glob("*.py"), *(ROOT / "dapr_bridge").glob("*.py")]
    read = set(re.findall(r'"([A-Z][A-Z0-9_]+)"', "".join(path.read_text() for path in sources)))
    read |= {"OTEL_EXPORTER_OTLP_ENDPOINT"}  # by OpenTelemetry itself
    api = container(chart.one("Deployment", "todo-backend", EVERYTHING), "api")
    worker = chart.one("Deployment", "todo-worker", EVERYTHING)
    migrate = chart.one("Job", "todo-migrate")
    for one in (api, container(worker, "events"), container(worker, "relay"), container(migrate, "migrate")):
        assert set(variables(one)) - read == set(), one["name"]
    assert {variables(one)["ROLE"] for one in worker["spec"]["template"]["spec"]["containers"]} == {"worker"}
    assert variables(api)["ROLE"] == "api"


def test_the_web_app_reads_every_variable_that_it_is_given(chart: Chart) -> None:
    read = set(re.findall(r'(?:process\.env\.|\(")([A-Z][A-Z0-9_]+)', (ROOT / "frontend/lib/env.ts").read_text()))
    given = set(variables(container(chart.one("Deployment", "todo-frontend", EVERYTHING), "web")))
    assert given - read == set()
    assert {"API_URL", "GATEWAY_SECRET", "DAPR_INVOCATION_ENABLED", "DAPR_API_TOKEN"} <= given


def test_the_secret_of_the_gateway_and_the_largest_body_are_the_same_on_both_sides(chart: Chart) -> None:
    api = variables(container(chart.one("Deployment", "todo-backend"), "api"))
    web = variables(container(chart.one("Deployment", "todo-frontend"), "web"))
    for name in ("GATEWAY_SECRET", "MAX_BODY_BYTES", "HTTPS"):
        assert api[name] == web[name], name
    assert int(api["MAX_BODY_BYTES"]) == settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    service = chart.one("Service", "todo-backend")
    assert web["API_URL"] == f"http://{service['metadata']['name']}:{service['spec']['ports'][0]['port']}"


@pytest.mark.parametrize(
    ("recipe", "deployment", "name"), [("Dockerfile", "todo-backend", "api"), ("frontend/Dockerfile", "todo-frontend", "web")]
)
def test_users_and_ports_are_those_of_the_image(chart: Chart, recipe: str, deployment: str, name: str) -> None:
    text = (ROOT / recipe).read_text()
    pod = chart.one("Deployment", deployment)["spec"]["template"]["spec"]
    uid, gid = re.findall(r"^USER (\d+):(\d+)$", text, re.MULTILINE)[0]
    assert (pod["securityContext"]["runAsUser"], pod["securityContext"]["runAsGroup"]) == (int(uid), int(gid))
    (port,) = re.findall(r"^EXPOSE (\d+)$", text, re.MULTILINE)
    assert container({"spec": {"template": {"spec": pod}}}, name)["ports"][0]["containerPort"] == int(port)


def test_the_commands_exist(chart: Chart) -> None:
    words = [
        container(chart.one("Deployment", "todo-worker"), "relay")["args"],
        container(chart.one("Job", "todo-migrate"), "migrate")["args"],
    ]
    for python, script, command, *_ in words:
        assert (python, script) == ("python", "manage.py")
        assert command in get_commands()


def test_what_the_code_takes_for_granted_is_what_the_defaults_are() -> None:
    assert VALUES["database"]["poolSize"] == 8 == int(local_default("DATABASE_POOL_SIZE"))
    assert VALUES["backend"]["processes"] == int(local_default("WEB_CONCURRENCY"))
    assert VALUES["logLevel"] == local_default("LOG_LEVEL")
    assert VALUES["email"]["from"] == settings.DEFAULT_FROM_EMAIL


def local_default(name: str) -> str:
    """The value that .env.example shows for a variable."""
    (found,) = re.findall(rf"^#{name}=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert isinstance(found, str)
    return found
