"""Chart, images and code tell the same story: one version, the variables that are read, ports, users and commands."""

import json
import os
import re
import subprocess
import sys
import tomllib
from base64 import b64decode
from functools import partial
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.core.management import get_commands

from dapr_bridge.local import valkey
from dapr_bridge.local.processes import Server, free_ports
from tests.helm.chart import CHART, ROOT, VALUES, Chart, Values, container, variables

pytestmark = pytest.mark.e2e
EVERYTHING: Values = {
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
    read |= {"POD_IP"}  # by ALLOWED_HOSTS
    api = container(chart.one("Deployment", "todo-backend", EVERYTHING), "api")
    worker = chart.one("Deployment", "todo-worker", EVERYTHING)
    migrate = chart.one("Job", "todo-migrate")
    for one in (api, container(worker, "events"), container(worker, "relay"), container(migrate, "migrate")):
        assert set(variables(one)) - read == set(), one["name"]
    assert {variables(one)["ROLE"] for one in worker["spec"]["template"]["spec"]["containers"]} == {"worker"}
    assert variables(api)["ROLE"] == "api"


@pytest.mark.parametrize("values", [{}, {"dapr.enabled": False}, EVERYTHING], ids=["defaults", "without Dapr", "everything"])
@pytest.mark.parametrize(
    ("kind", "workload", "name"),
    [("Deployment", "todo-backend", "api"), ("Deployment", "todo-worker", "relay"), ("Job", "todo-migrate", "migrate")],
)
def test_what_the_code_checks_at_its_start_is_content_with_what_the_chart_gives(
    chart: Chart, kind: str, workload: str, name: str, values: Values
) -> None:
    secrets = {thing["metadata"]["name"]: thing["data"] for thing in chart.render(values) if thing["kind"] == "Secret"}
    given = {"DATABASE_URL": os.environ["DATABASE_URL"], "EMAIL_URL": "smtp+tls://user:password@mail.example.com:587"}
    for key, value in variables(container(chart.one(kind, workload, values), name)).items():
        if isinstance(value, str):
            given[key] = value
        elif (of := value.get("secretKeyRef")) and (secret := secrets.get(of["name"], {}).get(of["key"])):
            given[key] = b64decode(secret).decode()
    argv = [sys.executable, "manage.py", "check", "--deploy"]
    ended = subprocess.run(argv, cwd=ROOT, env={"PATH": os.environ["PATH"], **given}, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    no_collector = given.get("DAPR_ENABLED") == "true" and "OTEL_EXPORTER_OTLP_ENDPOINT" not in given
    assert re.findall(r"\((\w+\.[EW]\d+)\)", ended.stderr) == (["dapr_bridge.W001"] if no_collector else [])


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


def test_the_charts_valkey_is_set_up_as_that_of_make_run_and_asks_for_its_password(
    chart: Chart, valkey_binary: Path, tmp_path: Path
) -> None:
    secret = {name: b64decode(text).decode() for name, text in chart.one("Secret", "todo-valkey")["data"].items()}
    (port,) = free_ports(1)
    local = valkey.configure(tmp_path / "local", port=port, password=secret["password"]).read_text()
    policies = ("requirepass", "appendonly", "save", "maxmemory-policy")
    ours, theirs = (dict(line.split(" ", 1) for line in text.splitlines()) for text in (secret["valkey.conf"], local))
    assert {name: ours[name] for name in policies} == {name: theirs[name] for name in policies}
    configuration = tmp_path / "valkey.conf"
    configuration.write_text(secret["valkey.conf"].replace("dir /data", f"dir {tmp_path}") + f"port {port}\nbind 127.0.0.1\n")
    ready = partial(valkey.is_ready, port, secret["password"])
    with Server("valkey", [str(valkey_binary), str(configuration)], log=tmp_path / "log", ready=ready) as server:
        server.start()
        assert valkey.ask(port, "wrong", "PING") != "+PONG"


def local_default(name: str) -> str:
    """The value that .env.example shows for a variable."""
    (found,) = re.findall(rf"^#{name}=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert isinstance(found, str)
    return found
