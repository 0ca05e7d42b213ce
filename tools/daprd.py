"""Makes sure that a daprd is here: finds one, or builds Dapr's own from `daprd/go.mod`; and a sentry, for tests of mTLS.

`python -m tools.daprd LINK` does so with progress lines and lets LINK point at the result; it ends with one sentence when it cannot.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from dapr_bridge.local import daprd
from tools.environment import ROOT, Refusal, lookup
from tools.go_programs import Program, build_once

HELP = "The app runs without sidecars (phase 0)."


def obtain(say: Callable[[str], None]) -> Path:
    """The path of a daprd; `say` gets progress lines. Raises Refusal with the remedy."""
    try:
        found = daprd.find(lookup("DAPRD"))
    except daprd.Unusable as unusable:
        raise Refusal(f"{unusable} {HELP}") from None
    return found or build_once(program(), say)


def program() -> Program:
    """Dapr's daprd of the oldest version that is good enough, with the components that Dapr calls stable."""
    version = daprd.text(daprd.OLDEST)
    return Program(
        name="daprd",
        version=version,
        source=ROOT / "tools" / "daprd",
        kept=daprd.cached(),
        packages=2150,
        space=6,
        without=HELP,
        tags="stablecomponents",
        stamps={f"github.com/dapr/{name}": version for name in ("dapr/pkg/buildinfo.version", "kit/logger.DaprVersion")},
    )


def obtain_sentry(say: Callable[[str], None]) -> Path:
    """The path of the authority that gives sidecars their certificates, of daprd's own version. Raises Refusal with the remedy."""
    named = lookup("SENTRY")
    return Path(named) if named else build_once(sentry(), say)


def sentry() -> Program:
    """Dapr's sentry. Nearly all of its packages are daprd's, too."""
    return replace(
        program(),
        name="sentry",
        kept=daprd.cached().with_name(f"sentry-{daprd.text(daprd.OLDEST)}"),
        package="github.com/dapr/dapr/cmd/sentry",
        packages=930,
        without="Access rules cannot be tested without it.",
        tags="",
    )


def main(link: Path) -> None:
    """Let `link` point at a daprd."""
    try:
        binary = obtain(lambda line: print(line, flush=True))
    except Refusal as refusal:
        print(refusal, flush=True)
        sys.exit(1)
    new = link.with_suffix(".new")
    new.unlink(missing_ok=True)
    new.symlink_to(binary.resolve())
    new.replace(link)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
