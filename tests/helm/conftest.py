"""Helm for the tests of the chart, and the values that they look at."""

import pytest

from tests.helm.chart import VALUES, Chart, Values, paths
from tools import helm

# What a flag needs beside it; without it the chart says so.
MONITORING = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]
BESIDE: dict[str, Values] = {
    "valkey.enabled": {"redis.host": "redis.example.com:6380", "redis.port": 6380},
    "observability.monitors": {"networkPolicy.metricsFrom": MONITORING},
    "observability.annotations": {"networkPolicy.metricsFrom": MONITORING},
}
FLIPPED: dict[str, Values] = {
    f"{path}={str(not value).lower()}": {path: not value, **BESIDE.get(path, {})}
    for path, value in paths(VALUES)
    if isinstance(value, bool)
}
CASES: dict[str, Values] = {
    "defaults": {},
    **FLIPPED,
    "all flags": {name: value for values in FLIPPED.values() for name, value in values.items() if name != "dapr.enabled"},
    "all servers are others'": {
        **BESIDE["valkey.enabled"],
        "valkey.enabled": False,
        "redis.username": "todo",
        "redis.tls": True,
        "redis.existingSecret": "my-redis",
        "email.existingSecret": "my-mail",
        "secrets.existingApp": "my-app",
        "secrets.existingDaprApiToken": "my-api-token",
        "secrets.existingAppApiToken": "my-app-token",
        "images.registry": "ghcr.io/example",
        "images.pullSecrets": ["one", "two"],
        "images.backend.digest": "sha256:" + "0" * 64,
        "observability.otlpEndpoint": "https://collector.example.com:4318",
        "networkPolicy.databaseTo": [{"ipBlock": {"cidr": "10.1.0.0/16"}}],
        "networkPolicy.redisTo": [{"ipBlock": {"cidr": "10.1.0.0/16"}}],
        "networkPolicy.otlpTo": MONITORING,
        "networkPolicy.webFrom": MONITORING,
    },
    "one machine": {
        "origin": "http://localhost:8080",
        "postgresql.enabled": True,
        "postgresql.storageClass": "standard",
        "valkey.storageClass": "standard",
        "extraEnv": {"LIMIT_SIGN_UPS_PER_ADDRESS": "5/60"},
    },
    "ingress": {
        "ingress.enabled": True,
        "ingress.className": "nginx",
        "ingress.tlsSecret": "tls",
        "ingress.annotations": {"nginx.ingress.kubernetes.io/proxy-body-size": "21m"},
    },
}


@pytest.fixture(scope="session")
def chart() -> Chart:
    """The chart; Helm is built when there is none."""
    return Chart(helm.obtain(print))


@pytest.fixture(params=list(CASES.values()), ids=list(CASES))
def values(request: pytest.FixtureRequest) -> Values:
    """Each of the installations that the chart must be right for: every flag on and off, and some whole ones."""
    found: Values = request.param
    return found
