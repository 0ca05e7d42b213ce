"""Every Dapr resource is what Dapr's own definitions allow, and says what the design demands; no daprd needed."""

from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml
from django.urls import resolve

from dapr_bridge.conf import Conf
from tests.components.definitions import validate

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted([*(ROOT / "components").glob("*.yaml"), *(ROOT / "configurations").glob("*.yaml")])
LONGEST_LEASE = 8  # seconds


def load(path: Path) -> dict[str, Any]:
    """The one document of a file; daprd reads no second one of a Resiliency."""
    (document,) = yaml.safe_load_all(path.read_text())
    assert isinstance(document, dict)
    return document


def metadata(name: str) -> dict[str, str]:
    """The plain values of a component's metadata."""
    return {entry["name"]: entry["value"] for entry in load(ROOT / f"components/{name}.yaml")["spec"]["metadata"] if "value" in entry}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_resource_is_valid_and_has_no_unknown_field(path: Path) -> None:
    document = load(path)
    validate(document)
    assert document["apiVersion"] == "dapr.io/v1alpha1"
    assert document["metadata"]["name"] == path.stem


def test_a_misspelt_field_would_be_found() -> None:
    document = load(ROOT / "components/pubsub.yaml")
    document["spec"]["ignoreError"] = True
    with pytest.raises(jsonschema.ValidationError, match="ignoreError"):
        validate(document)


def test_components_are_loaded_only_where_they_are_used() -> None:
    scopes = {name: load(ROOT / f"components/{name}.yaml")["scopes"] for name in ("statestore", "pubsub", "secretstore")}
    assert scopes == {"statestore": ["todo-backend"], "pubsub": ["todo-worker"], "secretstore": ["todo-backend", "todo-worker"]}


def test_only_the_worker_may_publish_and_subscribe_and_only_to_the_topic_of_events() -> None:
    values = metadata("pubsub")
    assert values["allowedTopics"] == values["protectedTopics"] == "todo-events"
    assert values["publishingScopes"] == values["subscriptionScopes"] == "todo-worker=todo-events"


def test_an_event_is_redelivered_after_the_longest_lease_and_gone_from_the_pending_list_within_30_seconds() -> None:
    values = metadata("pubsub")
    processing = int(values["processingTimeout"].removesuffix("s"))
    redeliver = int(values["redeliverInterval"]) / 1000  # with a unit daprd ignores it
    handler = int(load(ROOT / "components/resiliency.yaml")["spec"]["policies"]["timeouts"]["handler"].removesuffix("s"))
    assert LONGEST_LEASE < handler < processing
    assert processing + redeliver < 30
    assert values["queueDepth"] == values["concurrency"] == str(2 * Conf.BATCH_EVENTS), "while some are handled, the next gather"
    assert int(values["maxLenApprox"]) > 0


def test_redis_answers_at_once_or_not_at_all() -> None:
    values = metadata("statestore")
    assert {values[name] for name in ("dialTimeout", "readTimeout", "writeTimeout")} == {"200ms"}
    assert values["redisMaxRetries"] == "-1"  # 0 would mean 3
    assert "readTimeout" not in metadata("pubsub")


def test_daprd_repeats_nothing_and_has_no_breaker_in_front_of_the_api() -> None:
    spec = load(ROOT / "components/resiliency.yaml")["spec"]
    assert set(spec["policies"]) == {"timeouts"}
    assert spec["targets"]["apps"] == {"todo-backend": {"timeout": "request"}}


def test_each_app_may_use_only_the_apis_it_needs() -> None:
    allowed = {
        path.stem: sorted({rule["name"] for rule in load(path)["spec"]["api"]["allowed"]}) for path in (ROOT / "configurations").iterdir()
    }
    assert allowed == {"todo-backend": ["metadata", "state"], "todo-worker": ["metadata", "publish"], "todo-frontend": ["invoke"]}


@pytest.mark.parametrize("app", ["todo-backend", "todo-frontend"])
def test_the_paths_that_are_measured_are_routes_of_the_api(app: str) -> None:
    http = load(ROOT / f"configurations/{app}.yaml")["spec"]["metrics"]["http"]
    assert http["increasedCardinality"] is False
    for path in http["pathMatching"]:
        resolve(path.format(id="0198c5f0-0000-7000-8000-000000000000", action="complete"))
