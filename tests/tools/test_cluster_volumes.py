"""Which volumes the lab makes and removes."""

from typing import Any

from tools.cluster.volumes import left, missing


def claim(phase: str = "Pending", **spec: str) -> dict[str, Any]:
    wanted = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, **spec}
    return {"metadata": {"namespace": "todo", "name": "data", "uid": "1-2"}, "spec": wanted, "status": {"phase": phase}}


def test_a_claim_that_waits_gets_a_volume_of_its_own() -> None:
    (volume,) = missing([claim()])
    assert volume["metadata"]["name"] == "lab-1-2"
    spec = volume["spec"]
    assert {name: spec["claimRef"][name] for name in ("namespace", "name", "uid")} == {"namespace": "todo", "name": "data", "uid": "1-2"}
    assert spec["capacity"] == {"storage": "1Gi"}
    assert spec["accessModes"] == ["ReadWriteOnce"]
    assert spec["hostPath"]["path"].endswith("/lab-1-2")


def test_a_claim_that_has_a_volume_or_wants_one_of_a_class_gets_none() -> None:
    assert missing([claim("Bound"), claim(storageClassName="fast")]) == []


def test_a_volume_goes_when_its_claim_is_gone_and_not_before() -> None:
    bound, released = ({"status": {"phase": phase}} for phase in ("Bound", "Released"))
    assert left([bound, released]) == [released]
