"""dapr.yaml, the components, the local run and the settings tell the same story."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

from dapr_bridge.local import daprd
from tools import sidecars
from tools.processes import gunicorn

ROOT = Path(__file__).resolve().parents[2]
FILE = yaml.safe_load((ROOT / "dapr.yaml").read_text())
APPS: dict[str, dict[str, Any]] = {app["appID"]: FILE["common"] | app for app in FILE["apps"]}
PORTS = {sidecars.BACKEND: 8000, sidecars.WORKER: 8001, sidecars.FRONTEND: None}


def flags(app_id: str) -> dict[str, str]:
    """The flags of a sidecar of `make run`, on its usual ports."""
    ports, _ = sidecars.ports_from(sidecars.FIRST_PORT)
    words = daprd.arguments(sidecars.sidecar(app_id, ports[app_id], PORTS[app_id]))
    return dict((word.removeprefix("--") + "=").split("=")[:2] for word in words)


def test_the_same_apps_are_known() -> None:
    assert tuple(APPS) == sidecars.APPS
    assert {path.stem for path in (ROOT / "configurations").iterdir()} == set(sidecars.APPS)


@pytest.mark.parametrize("app_id", sidecars.APPS)
def test_what_the_file_can_say_is_what_make_run_says(app_id: str) -> None:
    app, said = APPS[app_id], flags(app_id)
    names = {
        "appPort": "app-port",
        "appChannelAddress": "app-channel-address",
        "daprHTTPPort": "dapr-http-port",
        "daprGRPCPort": "dapr-grpc-port",
        "daprInternalGRPCPort": "dapr-internal-grpc-port",
        "metricsPort": "metrics-port",
        "maxBodySize": "max-body-size",
        "readBufferSize": "read-buffer-size",
        "apiListenAddresses": "dapr-listen-addresses",
        "appHealthCheckPath": "app-health-check-path",
        "appHealthProbeInterval": "app-health-probe-interval",
        "appHealthThreshold": "app-health-threshold",
    }
    assert {name: str(app[name]) for name in names if name in app} == {name: said[flag] for name, flag in names.items() if flag in said}
    assert app.get("enableAppHealthCheck", False) == ("enable-app-health-check" in said)
    folder = ROOT / app["appDirPath"]
    assert (folder / app["configFilePath"]).resolve() == Path(said["config"])
    assert [ROOT / path for path in app["resourcesPaths"]] == [Path(said["resources-path"])]


@pytest.mark.parametrize(("app_id", "workers"), [(sidecars.BACKEND, None), (sidecars.WORKER, 1)])
def test_the_same_commands_run(app_id: str, workers: int | None) -> None:
    port = PORTS[app_id]
    assert port
    assert APPS[app_id]["command"][1:] == gunicorn(port, workers=workers)[1:]


def test_everything_of_a_sidecar_listens_on_the_loopback_address() -> None:
    for app_id in sidecars.APPS:
        said = flags(app_id)
        listening = ("dapr-listen-addresses", "dapr-internal-grpc-listen-address", "metrics-listen-address")
        assert {said[name] for name in listening} == {"127.0.0.1"}
        assert not {"placement-host-address", "scheduler-host-address", "dapr-public-port", "enable-profiling"} & set(said)


def test_ports_are_all_different_and_below_those_of_outgoing_connections() -> None:
    ports, valkey = sidecars.ports_from(sidecars.FIRST_PORT)
    every = [port for one in ports.values() for port in vars(one).values()] + [valkey]
    assert len(set(every)) == len(every) == 13
    assert max(every) < 32768


def test_events_go_to_the_topic_that_the_components_allow() -> None:
    topic = settings.DAPR_BRIDGE.get("TOPIC")
    pubsub = yaml.safe_load((ROOT / "components/pubsub.yaml").read_text())
    allowed = [entry["value"] for entry in pubsub["spec"]["metadata"] if entry["name"] == "allowedTopics"]
    assert [topic] == allowed
