"""The programs of the lab: Kubernetes, CoreDNS and Dapr's control plane are built from their Go modules, the rest are Debian packages."""

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tools import daprd, helm
from tools.cluster.layout import KEPT
from tools.environment import ROOT, Refusal
from tools.go_programs import Program, build_once, go

KUBERNETES = "1.35.4"
COREDNS = "1.14.7"
OF_KUBERNETES = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl")
OF_DAPR = ("injector", "operator", "placement", "scheduler", "sentry")
WITHOUT = "The lab cannot be had without it."
PACKAGES = {  # a command and the Debian package that brings it
    "buildah": "buildah",
    "containerd": "containerd",
    "conntrack": "conntrack",
    "debootstrap": "debootstrap",
    "etcd": "etcd-server",
    "ip": "iproute2",
    "iptables": "iptables",
    "mount": "mount",
    "nsenter": "util-linux",
    "openssl": "openssl",
    "runc": "runc",
}
PLUGINS = Path("/usr/lib/cni")


def packages_missing() -> list[str]:
    """The Debian packages that have to be installed first."""
    path = "/usr/sbin:/sbin:/usr/bin:/bin:/usr/local/bin"
    missing = {package for command, package in PACKAGES.items() if not shutil.which(command, path=path)}
    if not (PLUGINS / "bridge").exists():
        missing.add("containernetworking-plugins")
    return sorted(missing)


def obtain(say: Callable[[str], None]) -> dict[str, Path]:
    """Every program by its name, built where it is not there yet. Raises Refusal with the remedy."""
    if missing := packages_missing():
        raise Refusal(f"Some programs are missing: apt install --no-install-recommends {' '.join(missing)}")
    KEPT.mkdir(parents=True, exist_ok=True)
    built = {program.name: build_once(program, say) for program in _programs()}
    return {**built, "daprd": daprd.obtain(say), "helm": helm.obtain(say)}


def dapr_chart(say: Callable[[str], None]) -> Path:
    """The folder of Dapr's chart, which lies in the module that daprd is built from."""
    program = daprd.program()
    command = [str(go(program, say)), "list", "-m", "-json", "github.com/dapr/dapr"]
    answer = subprocess.run(command, cwd=program.source, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise Refusal(f"The module of Dapr cannot be had: {answer.stderr.strip()}")
    return Path(json.loads(answer.stdout)["Dir"]) / "charts" / "dapr"


def _programs() -> list[Program]:
    stamps = {"gitVersion": f"v{KUBERNETES}", "gitMajor": KUBERNETES.split(".")[0], "gitMinor": KUBERNETES.split(".")[1]}
    kubernetes = Program(
        name="kubernetes",
        version=KUBERNETES,
        source=ROOT / "tools" / "cluster" / "kubernetes",
        kept=KEPT / "kubernetes",
        packages=1900,
        space=8,
        without=WITHOUT,
        stamps={f"k8s.io/component-base/version.{name}": text for name, text in stamps.items()},
    )
    coredns = Program(
        name="coredns",
        version=COREDNS,
        source=ROOT / "tools" / "cluster" / "coredns",
        kept=KEPT / f"coredns-{COREDNS}",
        packages=1500,
        space=3,
        without=WITHOUT,
        package="github.com/coredns/coredns",
    )
    pause = Program(
        name="pause",
        version="1",
        source=ROOT / "tools" / "cluster" / "pause",
        kept=KEPT / "pause-1",
        packages=70,
        space=1,
        without=WITHOUT,
    )
    return [
        *(
            replace(kubernetes, name=name, kept=KEPT / f"{name}-{KUBERNETES}", package=f"k8s.io/kubernetes/cmd/{name}")
            for name in OF_KUBERNETES
        ),
        coredns,
        pause,
        *(_of_dapr(name) for name in OF_DAPR),
    ]


def _of_dapr(name: str) -> Program:
    sentry = daprd.sentry()
    kept = sentry.kept if name == "sentry" else KEPT / f"{name}-{sentry.version}"
    return replace(sentry, name=name, kept=kept, package=f"github.com/dapr/dapr/cmd/{name}", without=WITHOUT)
