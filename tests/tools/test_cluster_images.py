"""The images of the lab: by which names, kept where, and made anew when something that they depend on changes."""

import os
from pathlib import Path

import pytest
import yaml

from tools.cluster import bases, buildah, image, images
from tools.cluster.image import Image
from tools.cluster.programs import OF_DAPR
from tools.environment import ROOT, Refusal

CHART = ROOT / "helm" / "todo-app"
BUILDAH = """#!/bin/sh
echo "$@" >> {log}
{ending}
for word; do case "$word" in docker-archive:*) there=${{word#docker-archive:}}; echo image > "${{there%%:*}}";; esac; done
"""


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in place of the user's cache."""
    for module in (image, images, buildah):
        monkeypatch.setattr(module, "KEPT", tmp_path)
    (tmp_path / "archives").mkdir()
    return tmp_path


def with_buildah(folder: Path, monkeypatch: pytest.MonkeyPatch, ending: str = "") -> Path:
    """A stand-in for buildah that writes archives, first on PATH; the file where it writes what it was asked."""
    program, log = folder / "bin" / "buildah", folder / "asked"
    program.parent.mkdir()
    program.write_text(BUILDAH.format(log=log, ending=ending))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return log


def programs_of(folder: Path) -> dict[str, Path]:
    binaries = {name: folder / f"{name}-1.2.3" for name in (*OF_DAPR, "daprd", "pause")}
    for path in binaries.values():
        path.write_text("program")
    return binaries


def ours(*below: str) -> list[Image]:
    return list(images._ours("0.1.0", [Image("base", of, lambda: None) for of in below]))


def test_the_product_is_named_as_the_chart_asks_for_it(kept: Path) -> None:
    assert [each.name for each in ours("a")] == ["localhost/todo-backend:0.1.0", "localhost/todo-frontend:0.1.0"]


def test_the_stand_ins_have_the_names_that_the_dockerfiles_and_the_chart_ask_for() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    assert values["postgresql"]["image"] == bases.POSTGRESQL
    assert values["valkey"]["image"] == bases.VALKEY
    assert bases.PYTHON_BASE.removeprefix("docker.io/library/") in (ROOT / "Dockerfile").read_text()
    assert bases.NODE_BASE.removeprefix("docker.io/library/") in (ROOT / "frontend" / "Dockerfile").read_text()


def test_programs_of_dapr_have_the_version_that_they_were_built_from(tmp_path: Path) -> None:
    names = {each.name for each in images._of_programs(programs_of(tmp_path))}
    assert names == {*(f"localhost/dapr/{name}:1.2.3" for name in (*OF_DAPR, "daprd")), "localhost/pause:1"}


def test_another_program_makes_another_image(tmp_path: Path) -> None:
    binaries = programs_of(tmp_path)
    before = {each.name: each.of for each in images._of_programs(binaries)}
    binaries["daprd"].write_text("another program")
    after = {each.name: each.of for each in images._of_programs(binaries)}
    assert {name for name in before if before[name] != after[name]} == {"localhost/dapr/daprd:1.2.3"}


def test_another_base_makes_other_images_of_the_product(kept: Path) -> None:
    same, other = [[each.of for each in ours(*below)] for below in (("a", "b"), ("a", "c"))]
    assert [each.of for each in ours("a", "b")] == same
    assert not set(same) & set(other)


def test_an_image_is_made_once_and_its_older_archives_go(kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = with_buildah(tmp_path, monkeypatch)
    older, another = kept / "archives" / "thing-1.0-0000.tar", kept / "archives" / "thing-else-1.0-0000.tar"
    older.touch()
    another.touch()
    made: list[str] = []
    thing = Image("localhost/x/thing:1.0", "abcd", lambda: made.append("thing"))
    thing.obtain(made.append)
    thing.obtain(made.append)
    assert made == ["image localhost/x/thing:1.0: making it ...", "thing"]
    assert len(log.read_text().splitlines()) == 1
    assert sorted(path.name for path in (kept / "archives").iterdir()) == ["thing-1.0-abcd.tar", "thing-else-1.0-0000.tar"]


def test_an_image_that_cannot_be_made_says_buildahs_last_words(kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_buildah(tmp_path, monkeypatch, ending="echo first; echo no space; exit 1")
    thing = Image("localhost/thing:1.0", "abcd", lambda: None)
    with pytest.raises(Refusal, match=r"^`buildah push` failed: no space \(all of it is in "):
        thing.obtain(lambda line: None)
    assert not thing.archive.exists()


def test_network_policies_are_named_among_the_stand_ins_only_where_they_are_enforced() -> None:
    assert "network policies" in images.stand_ins(policies=True)
    without = images.stand_ins(policies=False)
    assert "network policies" not in without
    assert without["missing"] == "a network plugin that enforces network policies"
