"""The README's commands, typed one after the other in one shell, as a newcomer does.

Every fenced block marked `sh` is executed, in order, by one bash that stops at the first failure. Some commands get a
meaning that fits a test: `git clone` copies this checkout, `make run` goes on in the background once it is ready (as in a
second terminal), `make test`, `make bench` and `make cluster` with its kin are only looked up, and `curl` fails on an HTTP
error. Blocks that are not to be executed are marked otherwise (`console`, `text`, `json`).
"""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.local_run import LOCAL_SETTINGS, ROOT, copy_checkout, free_port, kill_all_in

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

NEWCOMER = r"""
set -euo pipefail
git() {
    [ "$1" = clone ] || { command git "$@"; return; }
    cp -a "$CHECKOUT" "${3:-$(basename "$2" .git)}"
}
make() {
    case "$1" in
    run)
        : >"$TERMINAL"
        command make "$@" >"$TERMINAL" 2>&1 &
        local started=$SECONDS
        until grep -q '^Ready\.' "$TERMINAL"; do
            kill -0 $! 2>/dev/null && [ $((SECONDS - started)) -lt 120 ] || { cat "$TERMINAL"; return 1; }
            sleep 0.2
        done
        ;;
    test | bench | cluster | cluster-*) command make --dry-run "$1" >/dev/null ;;
    *) command make "$@" ;;
    esac
}
curl() { command curl --silent --show-error --fail-with-body "$@"; }
"""


def script(readme: str, port: int) -> str:
    """The README's `sh` blocks as one script, on a port that is free here."""
    blocks = [
        f"echo '--- README.md, line {readme.count(chr(10), 0, block.start()) + 1}'\n{block[1]}"
        for block in re.finditer(r"^```sh\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    ]
    assert blocks, "README.md has no block marked sh"
    return NEWCOMER + re.sub(r"(127\.0\.0\.1|localhost):8000", f"127.0.0.1:{port}", "\n".join(blocks))


@pytest.mark.dapr
def test_every_command_of_the_readme_works(tmp_path: Path, daprd_binary: Path) -> None:
    readme = (ROOT / "README.md").read_text()
    port = free_port()
    checkout = copy_checkout(tmp_path / "checkout")
    env = {name: value for name, value in os.environ.items() if name not in LOCAL_SETTINGS}
    env |= {"PORT": str(port), "WORKER_PORT": str(free_port()), "CHECKOUT": str(checkout)}
    home = tmp_path / "home"
    home.mkdir()
    env |= {"TERMINAL": str(tmp_path / "terminal"), "HOME": str(home), "DAPRD": str(daprd_binary), "WEB": "no"}
    output = tmp_path / "output"
    try:
        with output.open("wb") as file:
            begins_in = home if "git clone" in readme else checkout
            code = subprocess.run(
                ["bash", "-c", script(readme, port)],
                cwd=begins_in,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                timeout=280,
            ).returncode
        assert code == 0, output.read_text()[-4000:]
    finally:
        kill_all_in(tmp_path)
