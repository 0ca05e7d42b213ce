"""Settings from real secret and configuration stores: read, refused in words, and followed while they change."""

import json
from collections.abc import Iterator

import pytest

from dapr_bridge import remote
from dapr_bridge.periodic import Periodic
from dapr_bridge.pytest_dapr import DaprRuntime, Sidecar, Valkey
from dapr_bridge.remote import NotToBeHad
from tests.dapr_bridge.conftest import eventually

pytestmark = pytest.mark.dapr

COMPONENTS = """
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {{name: vault}}
spec:
  type: secretstores.local.file
  version: v1
  metadata: [{{name: secretsFile, value: {secrets}}}, {{name: multiValued, value: "true"}}]
---
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {{name: settings}}
spec:
  type: configuration.redis
  version: v1
  metadata: [{{name: redisHost, value: "127.0.0.1:{port}"}}, {{name: redisPassword, value: "{password}"}}]
"""


@pytest.fixture(scope="module")
def stores(dapr_runtime: DaprRuntime, valkey_server: Valkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sidecar]:
    """A sidecar with a secret store and a configuration store."""
    folder = tmp_path_factory.mktemp("stores")
    (folder / "secrets.json").write_text(json.dumps({"django": {"SECRET_KEY": "s3cret", "OTHER": "x"}}))
    resources = folder / "components"
    resources.mkdir()
    said = COMPONENTS.format(secrets=folder / "secrets.json", port=valkey_server.port, password=valkey_server.password)
    (resources / "stores.yaml").write_text(said)
    configuration = folder / "configuration.yaml"
    configuration.write_text("apiVersion: dapr.io/v1alpha1\nkind: Configuration\nmetadata: {name: plain}\nspec: {}\n")
    with dapr_runtime.sidecar("shop", resources=resources, config=configuration) as sidecar:
        yield sidecar


@pytest.fixture(autouse=True)
def _environment(stores: Sidecar, valkey_server: Valkey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAPR_HTTP_PORT", str(stores.http_port))
    monkeypatch.setenv("DAPR_API_TOKEN", stores.api_token)
    valkey_server.ask("MSET", "limit", "10||1", "name", "shop")


@pytest.fixture
def following() -> Iterator[list[Periodic]]:
    threads: list[Periodic] = []
    yield threads
    for thread in threads:
        thread.stop()


def test_a_secret_has_its_fields() -> None:
    assert remote.secret("vault", "django") == {"SECRET_KEY": "s3cret", "OTHER": "x"}


def test_configuration_has_the_keys_that_are_there() -> None:
    assert remote.configuration("settings", ["limit", "name", "missing"]) == {"limit": "10", "name": "shop"}


@pytest.mark.parametrize(("store", "name"), [("vault", "nothing"), ("nowhere", "django")])
def test_what_is_not_there_is_refused_at_once_with_the_reason(store: str, name: str) -> None:
    with pytest.raises(NotToBeHad, match=rf"/v1\.0/secrets/{store}/{name}: HTTP [45]\d\d: \w"):
        remote.secret(store, name)


def test_a_wrong_token_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAPR_API_TOKEN", "wrong")
    with pytest.raises(NotToBeHad, match="correct DAPR_API_TOKEN"):
        remote.secret("vault", "django")


def test_a_sidecar_that_starts_later_is_waited_for_and_one_that_never_does_is_told(stores: Sidecar) -> None:
    stores.kill()
    try:
        with pytest.raises(NotToBeHad, match=r"The sidecar does not answer .* correct DAPR_HTTP_PORT"):
            remote.secret("vault", "django", within=0.3)
        stores.start(wait=False)
        assert remote.secret("vault", "django")["SECRET_KEY"] == "s3cret"
    finally:
        stores.wait_until_ready()


def test_changes_are_told_once_each_also_after_an_outage(stores: Sidecar, valkey_server: Valkey, following: list[Periodic]) -> None:
    told: list[str] = []
    following.append(remote.follow("settings", ["limit"], lambda values: told.append(values["limit"]), every=0.05))
    eventually(lambda: told == ["10"])
    valkey_server.ask("SET", "limit", "20||2")
    eventually(lambda: told == ["10", "20"])
    stores.kill()
    valkey_server.ask("SET", "limit", "30||3")
    stores.start()
    eventually(lambda: told == ["10", "20", "30"])


def test_a_hook_that_raises_is_told_the_next_change(valkey_server: Valkey, following: list[Periodic]) -> None:
    told: list[str] = []

    def changed(values: object) -> None:
        told.append("raised")
        raise ValueError(values)

    following.append(remote.follow("settings", ["limit"], changed, every=0.05))
    eventually(lambda: told == ["raised"])
    valkey_server.ask("SET", "limit", "20||2")
    eventually(lambda: told == ["raised", "raised"])
