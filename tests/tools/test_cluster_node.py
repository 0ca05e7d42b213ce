"""What runs on the lab's node."""

from pathlib import Path

import pytest

from tools.cluster import node
from tools.cluster.programs import OF_DAPR, OF_KUBERNETES, PACKAGES

IN_PODS = {*OF_DAPR, "daprd", "pause"}
BINARIES = {name: Path("/built", name) for name in (*OF_KUBERNETES, *IN_PODS, "coredns", "helm")}


def test_every_program_that_is_built_for_the_node_runs_once_and_the_others_in_pods_or_by_hand() -> None:
    started = [Path(step.argv[0]).name for step in node.steps(BINARIES, policies=True) if step.argv[0].startswith("/built/")]
    assert sorted(started) == sorted({*BINARIES} - IN_PODS - {"kubectl", "helm"})


def test_what_is_not_built_comes_with_a_package() -> None:
    named = {step.argv[0] for step in node.steps(BINARIES, policies=True) if not step.argv[0].startswith("/")}
    assert named == {"etcd", "containerd"}
    assert named <= PACKAGES.keys()


def test_policies_are_enforced_unless_that_is_not_wanted() -> None:
    with_them, without = ([step.name for step in node.steps(BINARIES, policies)] for policies in (True, False))
    assert with_them == [*without, "policies"]


def test_a_program_that_ends_before_it_is_ready_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, "LOGS", tmp_path)
    with pytest.raises(RuntimeError, match=r"^thing is not ready: see .*thing\.log$"):
        node.start(node.Step("thing", ["sh", "-c", "echo words; exit 1"], ready=lambda: False))
    assert (tmp_path / "thing.log").read_text() == "words\n"
