"""The browser tests on the product with all its sidecars, in the last phase: `python -m tests.e2e.browser_run [playwright options]`."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from dapr_bridge.local import daprd, valkey
from tests.e2e.web_stack import WebStack
from tools import build_web
from tools.environment import Refusal, lookup

BLOCKS = ("sidecar", "invocation", "pubsub", "state", "observability")
LIMITS = {"LIMIT_SIGN_UPS_PER_ADDRESS": "100000/3600", "LIMIT_LOGINS_PER_ADDRESS": "100000/300"}


def main(words: list[str]) -> int:
    """Start everything, let the browser tests use it, stop everything; their exit code."""
    daprd_binary, valkey_binary = daprd.find(lookup("DAPRD")), valkey.find(lookup("VALKEY_SERVER"))
    if not daprd_binary or not valkey_binary:
        raise Refusal("There is no daprd or no Valkey here: run `make test`, which brings them.")
    node = build_web.build(print)
    with tempfile.TemporaryDirectory(prefix="todo-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        stack = WebStack(Path(folder), daprd_binary=daprd_binary, valkey_binary=valkey_binary, **LIMITS)
        with stack.running():
            stack.switch(**dict.fromkeys(BLOCKS, "on"))
            stack.until_route("sidecar")
            before = stack.invocations()
            env = {**os.environ, "E2E_URL": f"http://127.0.0.1:{stack.gateway_port}", "E2E_ROUTE": "sidecar"}
            code = subprocess.run([*node.npm, "run", "e2e", "--", *words], cwd=build_web.WEB, env=env, check=False).returncode
            print(f"{stack.invocations() - before} requests went through the sidecar; the way at the end: {stack.route()}", flush=True)
            return code or int(stack.route() != "sidecar")


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Refusal as refusal:
        sys.exit(str(refusal))
