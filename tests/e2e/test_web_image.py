"""The web app as its image runs it: the standalone folder alone, in another place, by a user without rights, until TERM."""

import http.client
import os
import shutil
import signal
import tempfile
from pathlib import Path

import pytest

from tests.e2e.stack import Program
from tests.local_run import free_port
from tools import build_web
from tools.processes import answers

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

NOBODY = ["setpriv", "--reuid=65532", "--regid=65532", "--clear-groups"]


def test_the_build_runs_from_a_copy_of_its_folder_without_rights_and_ends_on_term() -> None:
    node = build_web.build(print).binary.resolve()
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        image, port = Path(folder) / "app", free_port()
        shutil.copytree(build_web.WEB / ".next" / "standalone", image)
        os.chmod(image, 0o555)  # noqa: PTH101  what runs there cannot write there
        env = {"HOSTNAME": "127.0.0.1", "PORT": str(port), "NODE_ENV": "production", "API_URL": "http://127.0.0.1:1"}
        as_user = NOBODY if os.geteuid() == 0 else []
        program = Program("web", [*as_user, str(node), str(image / "server.js")], env, Path(folder), ready=answers(port, "/readyz"))
        program.start()
        try:
            asset = next((image / ".next" / "static").rglob("*.js")).relative_to(image / ".next")
            for path, status in {"/livez": 200, "/signin": 200, f"/_next/{asset}": 200, "/api/v1/todos": 502}.items():
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
                connection.request("GET", path)
                assert connection.getresponse().status == status, path
                connection.close()
            assert program.process
            program.process.send_signal(signal.SIGTERM)
            program.process.wait(10)
        finally:
            program.kill()
