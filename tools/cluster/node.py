"""The node: which programs run in the lab, with which settings, in which order."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from tools.cluster.images import PAUSE
from tools.cluster.layout import CONTAINERD, KEYS, KUBECONFIG, LOGS, NODE, NODE_ADDRESS, PODS, SERVICES, STATE
from tools.cluster.programs import PLUGINS

PATIENCE = 120.0  # seconds for one program to be ready


@dataclass(frozen=True)
class Step:
    """A program and how to see that it is ready."""

    name: str
    argv: list[str]
    ready: Callable[[], bool] = lambda: True


def steps(binaries: Mapping[str, Path], policies: bool) -> list[Step]:
    """All programs in the order of their start, with or without the one that enforces network policies."""
    kubectl = [str(binaries["kubectl"]), "--kubeconfig", str(KUBECONFIG)]

    def answers(*command: str) -> Callable[[], bool]:
        return lambda: subprocess.run(command, capture_output=True, check=False).returncode == 0

    def of(name: str, *words: str) -> list[str]:
        return [str(binaries[name]), *words]

    return [
        Step("etcd", ["etcd", "--data-dir=/run/etcd"], _etcd_is_healthy),
        Step("kube-apiserver", of("kube-apiserver", *_apiserver()), answers(*kubectl, "get", "--raw", "/readyz")),
        Step("kube-controller-manager", of("kube-controller-manager", *_controller_manager())),
        Step("kube-scheduler", of("kube-scheduler", f"--kubeconfig={KEYS}/kube-scheduler.kubeconfig", "--leader-elect=false")),
        Step("containerd", ["containerd", "--config", str(STATE / "containerd.toml")], answers("ctr", "-a", CONTAINERD, "version")),
        Step("coredns", of("coredns", "-conf", str(STATE / "Corefile"))),
        Step("kubelet", of("kubelet", *_kubelet()), answers(*kubectl, "wait", "--for=condition=Ready", f"node/{NODE}", "--timeout=1s")),
        Step("kube-proxy", of("kube-proxy", *_proxy())),
        Step("volumes", [sys.executable, "-m", "tools.cluster.volumes", *kubectl]),
        *([Step("policies", [sys.executable, "-m", "tools.cluster.policies", *kubectl])] if policies else []),
    ]


def configure() -> None:
    """Write the files that the programs read."""
    LOGS.mkdir(parents=True, exist_ok=True)
    (STATE / "containerd.toml").write_text(_CONTAINERD)
    (STATE / "kubelet.json").write_text(json.dumps(_KUBELET))
    (STATE / "Corefile").write_text(_COREFILE)
    (STATE / "resolv.conf").write_text(f"nameserver {NODE_ADDRESS}\n")
    (STATE / "cni").mkdir(exist_ok=True)
    (STATE / "cni" / "10-lab.conflist").write_text(json.dumps(_CNI))


def start(step: Step) -> subprocess.Popen[bytes]:
    """Start a program and wait until it is ready. Raises RuntimeError when it does not become so."""
    with (LOGS / f"{step.name}.log").open("ab") as log:
        process = subprocess.Popen(step.argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    deadline = time.monotonic() + PATIENCE
    while not step.ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{step.name} is not ready: see {LOGS / step.name}.log")
        time.sleep(0.3)
    return process


def _etcd_is_healthy() -> bool:
    with suppress(OSError), urlopen("http://127.0.0.1:2379/health", timeout=2) as answer:
        return bool(answer.status == 200)
    return False


def _apiserver() -> list[str]:
    return [
        "--etcd-servers=http://127.0.0.1:2379",
        "--bind-address=0.0.0.0",
        f"--advertise-address={NODE_ADDRESS}",
        "--secure-port=6443",
        f"--tls-cert-file={KEYS}/apiserver.crt",
        f"--tls-private-key-file={KEYS}/apiserver.key",
        f"--client-ca-file={KEYS}/ca.crt",
        f"--kubelet-client-certificate={KEYS}/apiserver-kubelet.crt",
        f"--kubelet-client-key={KEYS}/apiserver-kubelet.key",
        f"--kubelet-certificate-authority={KEYS}/ca.crt",
        "--kubelet-preferred-address-types=InternalIP",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={KEYS}/accounts.pub",
        f"--service-account-signing-key-file={KEYS}/accounts.key",
        f"--service-cluster-ip-range={SERVICES}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
        "--enable-aggregator-routing=true",
    ]


def _controller_manager() -> list[str]:
    return [
        f"--kubeconfig={KEYS}/kube-controller-manager.kubeconfig",
        f"--service-account-private-key-file={KEYS}/accounts.key",
        f"--root-ca-file={KEYS}/ca.crt",
        "--use-service-account-credentials=true",  # Dapr's injector believes these accounts only
        "--leader-elect=false",
    ]


def _kubelet() -> list[str]:
    return [
        f"--config={STATE}/kubelet.json",
        f"--kubeconfig={KEYS}/kubelet.kubeconfig",
        f"--root-dir={STATE}/kubelet",
        f"--hostname-override={NODE}",
        f"--node-ip={NODE_ADDRESS}",
    ]


def _proxy() -> list[str]:
    return [
        f"--kubeconfig={KEYS}/kube-proxy.kubeconfig",
        f"--hostname-override={NODE}",
        "--proxy-mode=iptables",
        f"--cluster-cidr={PODS}",
        "--conntrack-max-per-core=0",
    ]


_KUBELET = {
    "apiVersion": "kubelet.config.k8s.io/v1beta1",
    "kind": "KubeletConfiguration",
    "authentication": {"anonymous": {"enabled": False}, "webhook": {"enabled": True}, "x509": {"clientCAFile": f"{KEYS}/ca.crt"}},
    "authorization": {"mode": "Webhook"},
    "tlsCertFile": f"{KEYS}/kubelet-server.crt",
    "tlsPrivateKeyFile": f"{KEYS}/kubelet-server.key",
    "cgroupDriver": "cgroupfs",
    "failCgroupV1": False,
    "failSwapOn": False,
    "oomScoreAdj": 0,
    "containerRuntimeEndpoint": f"unix://{CONTAINERD}",
    "clusterDNS": [NODE_ADDRESS],
    "clusterDomain": "cluster.local",
    "resolvConf": f"{STATE}/resolv.conf",
    "enforceNodeAllocatable": ["pods"],
    "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
    "imageGCHighThresholdPercent": 100,
    "maxPods": 80,
}

_CNI = {
    "cniVersion": "0.4.0",
    "name": "lab",
    "plugins": [
        {
            "type": "bridge",
            "bridge": "cni0",
            "isGateway": True,
            "ipMasq": True,
            "hairpinMode": True,
            "ipam": {"type": "host-local", "subnet": PODS, "routes": [{"dst": "0.0.0.0/0"}], "dataDir": "/run/cni-addresses"},
        },
        {"type": "portmap", "capabilities": {"portMappings": True}},
    ],
}

_COREFILE = f"""cluster.local in-addr.arpa {{
    bind {NODE_ADDRESS}
    errors
    kubernetes cluster.local in-addr.arpa {{
        kubeconfig {KUBECONFIG}
        pods insecure
    }}
    cache 5
}}
"""

_CONTAINERD = f"""version = 2
root = "{STATE}/containerd"
state = "/run/containerd"
oom_score = 0

[grpc]
address = "{CONTAINERD}"

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{PAUSE}"
restrict_oom_score_adj = true
disable_apparmor = true

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{PLUGINS}"
conf_dir = "{STATE}/cni"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
SystemdCgroup = false
"""
