"""The web app of a local run: its server, its preparation in the background, and what its gateway needs to know."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tools.environment import ROOT, RUN, Refusal, kept_secret, lookup
from tools.supervisor import Process

NODE = RUN / "node"  # a link, made by tools/build_web.py: the server starts when it is there
MODES = ("yes", "dev", "no")
WEB = ROOT / "frontend"


@dataclass(frozen=True)
class Web:
    """What a run has of the web app."""

    address: str
    server: Process
    preparation: Process  # after everything else has started
    variables: Mapping[str, str]  # for every process of this checkout


def mode() -> str:
    """Whether the web app is wanted, as WEB says: built ("yes"), from its sources ("dev") or not at all ("no")."""
    said = lookup("WEB", "yes").lower()
    if said not in MODES:
        raise Refusal(f"WEB={said} is none of {', '.join(MODES)}: correct or unset it.")
    return said


def web(port: int, api_port: int, dapr: Mapping[str, str] | None, ready: Callable[[], bool]) -> Web:
    """The web app on this port before the API on that one; `dapr` are the variables of its sidecar, if it has one."""
    dev, address = mode() == "dev", f"http://127.0.0.1:{port}"
    secret = kept_secret("GATEWAY_SECRET")
    origins = lookup("PUBLIC_ORIGINS", f"{address},http://localhost:{port}")
    environment = {
        "WEB_PORT": str(port),
        "API_URL": f"http://127.0.0.1:{api_port}",
        "GATEWAY_SECRET": secret,
        "NEXT_TELEMETRY_DISABLED": "1",
        **{name: value for name in ("MAX_BODY_BYTES", "HTTPS") if (value := lookup(name))},
        **({"DAPR_INVOCATION_ENABLED": lookup("DAPR_INVOCATION_ENABLED", "true"), **dapr} if dapr else {}),
    }
    serve = [str(WEB / "scripts" / "start.mjs")]
    develop = [
        str(WEB / "node_modules" / "next" / "dist" / "bin" / "next"),
        "dev",
        str(WEB),
        "--hostname",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    prepare = [sys.executable, "-m", "tools.build_web", str(NODE), *(["--dev"] if dev else [])]
    NODE.unlink(missing_ok=True)
    return Web(
        address=address,
        server=Process(
            "web app",
            [str(NODE), *(develop if dev else serve)],
            env=environment,
            ready=ready,
            when=NODE.exists,
            told=f"ready at {address}",
            stop_within=1,
        ),
        preparation=Process("web app's build", prepare, when=lambda: True, once=True, shown=True, stop_within=0.1),
        variables={"GATEWAY_SECRET": secret, "PUBLIC_ORIGINS": origins},
    )
