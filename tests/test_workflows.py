"""GitHub's workflows run what everybody runs, with no more rights than they need, and publish one version to one place."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools import helm

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / ".github/workflows").glob("*.yaml"))


def workflow(name: str) -> dict[str, Any]:
    """A workflow; YAML reads its key `on` as true."""
    found = yaml.safe_load((ROOT / f".github/workflows/{name}.yaml").read_text())
    assert isinstance(found, dict)
    return found


def steps(name: str) -> list[dict[str, Any]]:
    """The steps of all its jobs."""
    return [step for job in workflow(name)["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_workflow_may_read_and_nothing_else_unless_a_job_says_so_and_ends_in_time(path: Path) -> None:
    found = workflow(path.stem)
    assert found["name"] == path.stem
    assert found["permissions"] == {"contents": "read"}
    for job in found["jobs"].values():
        assert job.get("permissions", {}) in ({}, {"contents": "read", "packages": "write"})
        assert job["timeout-minutes"] <= 120


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_actions_have_a_version_and_images_come_from_two_registries(path: Path) -> None:
    text = path.read_text()
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@v\d+", name) for name in re.findall(r"uses: (\S+)", text))
    assert set(re.findall(r"\b(?:ghcr|docker|quay|gcr|registry)[\w.-]*\.(?:io|com|k8s\.io)\b", text)) <= {"ghcr.io", "docker.io"}


def test_a_change_is_tested_by_what_any_build_server_runs() -> None:
    assert steps("test")[-1] == {"run": ".ci/run"}
    assert (ROOT / ".ci/run").is_file()


def test_only_a_tag_of_the_codes_own_version_is_published() -> None:
    (build,) = [step for step in steps("images") if step.get("uses", "").startswith("docker/build-push-action@")]
    assert build["with"]["push"] == "${{ github.ref_type == 'tag' }}"
    assert build["with"]["tags"].endswith(":${{ steps.version.outputs.version }}")
    (version,) = [step["run"] for step in steps("images") if step.get("id") == "version"]
    assert 'test "$GITHUB_REF" = "refs/tags/v$version"' in version
    pattern = re.search(r"sed -n 's/(.*)/\\1/p'", version)
    assert pattern
    found = re.findall(pattern[1].replace(r"\(", "(").replace(r"\)", ")"), (ROOT / "helm/todo-app/Chart.yaml").read_text(), re.MULTILINE)
    assert found == [yaml.safe_load((ROOT / "helm/todo-app/Chart.yaml").read_text())["appVersion"]]


def test_images_are_built_from_the_recipes_under_the_names_that_the_chart_asks_for() -> None:
    values = yaml.safe_load((ROOT / "helm/todo-app/values.yaml").read_text())["images"]
    matrix = workflow("images")["jobs"]["image"]["strategy"]["matrix"]["include"]
    assert {one["name"] for one in matrix} == {values["backend"]["repository"], values["frontend"]["repository"]}
    assert all((ROOT / one["context"] / "Dockerfile").is_file() for one in matrix)


def test_the_chart_is_packed_with_the_helm_that_the_tests_use() -> None:
    (setup,) = [step for step in steps("chart") if step.get("uses", "").startswith("azure/setup-helm@")]
    assert setup["with"]["version"] == f"v{helm.BUILT}"
