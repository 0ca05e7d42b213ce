"""Makes sure that a Helm is here: finds one, or builds Helm's own from `helm/go.mod`. `python -m tools.helm ARGUMENTS` runs it."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tools.environment import ROOT, Refusal, lookup
from tools.go_programs import Program, build_once
from tools.wheel import cache

OLDEST = (3, 18, 0)  # the first whose messages about a wrong value name the value
BUILT = "3.21.4"
KUBERNETES = (("Major", "1"), ("Minor", "36"))  # what it takes a cluster for that it cannot ask


def obtain(say: Callable[[str], None]) -> Path:
    """The path of a Helm: the one that HELM names, that of PATH, or one built here. Raises Refusal with the remedy."""
    if named := lookup("HELM"):
        if (_version(Path(named)) or (0,)) < OLDEST:
            raise Refusal(f"{named} is no Helm {_text(OLDEST)} or newer: correct or unset HELM.")
        return Path(named)
    on_path = shutil.which("helm")
    if on_path and (_version(Path(on_path)) or (0,)) >= OLDEST:
        return Path(on_path)
    return build_once(program(), say)


def program() -> Program:
    """Helm as its makers release it."""
    return Program(
        name="Helm",
        version=BUILT,
        source=ROOT / "tools" / "helm",
        kept=cache() / f"helm-{BUILT}",
        package="helm.sh/helm/v3/cmd/helm",
        packages=940,
        space=2,
        without="The chart cannot be tested without it.",
        stamps={
            "helm.sh/helm/v3/internal/version.version": f"v{BUILT}",
            **{f"helm.sh/helm/v3/pkg/{place}.k8sVersion{part}": text for place in ("lint/rules", "chartutil") for part, text in KUBERNETES},
        },
    )


def _version(binary: Path) -> tuple[int, ...] | None:
    """The version a binary says it has; None when it is no Helm."""
    try:
        answer = subprocess.run([binary, "version", "--short"], capture_output=True, text=True, check=False, timeout=20).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.match(r"v(\d+)\.(\d+)\.(\d+)", answer)
    return tuple(map(int, found.groups())) if found else None


def _text(number: tuple[int, ...]) -> str:
    return ".".join(map(str, number))


if __name__ == "__main__":
    try:
        binary = obtain(lambda line: print(line, file=sys.stderr, flush=True))
    except Refusal as refusal:
        sys.exit(str(refusal))
    os.execv(binary, ["helm", *sys.argv[1:]])  # noqa: S606
