"""Certificates of the lab's Kubernetes, made anew for each run, and the kubeconfigs that carry them."""

import json
import subprocess
from base64 import b64encode
from pathlib import Path

from tools.cluster.layout import API, KEYS, KUBECONFIG, NODE, NODE_ADDRESS

DAYS = "30"
CLIENTS = {  # a kubeconfig and whom it speaks for, as Kubernetes' own roles name them
    "admin": "/O=system:masters/CN=lab-admin",
    "kube-controller-manager": "/CN=system:kube-controller-manager",
    "kube-scheduler": "/CN=system:kube-scheduler",
    "kube-proxy": "/CN=system:kube-proxy",
    "kubelet": f"/O=system:nodes/CN=system:node:{NODE}",
}
NAMES_OF_API = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", NODE, "localhost"]


def make() -> None:
    """An authority, the servers' certificates, the clients' kubeconfigs and the key that signs service account tokens."""
    KEYS.mkdir(mode=0o700, parents=True)
    _openssl("req", "-x509", "-days", DAYS, "-subj", "/CN=lab", "-out", str(KEYS / "ca.crt"), *_new_key("ca"))
    names = [f"DNS:{name}" for name in NAMES_OF_API] + [f"IP:{address}" for address in (NODE_ADDRESS, "127.0.0.1", "10.96.0.1")]
    _signed("apiserver", "/CN=kube-apiserver", names)
    _signed("apiserver-kubelet", "/O=system:masters/CN=apiserver-kubelet")
    _signed("kubelet-server", f"/CN=system:node:{NODE}", [f"DNS:{NODE}", f"IP:{NODE_ADDRESS}"])
    for name, subject in CLIENTS.items():
        _signed(name, subject)
        kubeconfig = KUBECONFIG if name == "admin" else KEYS / f"{name}.kubeconfig"
        kubeconfig.write_text(json.dumps(_kubeconfig(name)))
        kubeconfig.chmod(0o600)
    _openssl("genrsa", "-out", str(KEYS / "accounts.key"), "2048")
    _openssl("rsa", "-in", str(KEYS / "accounts.key"), "-pubout", "-out", str(KEYS / "accounts.pub"))


def _signed(name: str, subject: str, alternatives: list[str] | None = None) -> None:
    extensions = KEYS / f"{name}.ext"
    lines = ["extendedKeyUsage=clientAuth,serverAuth"] + ([f"subjectAltName={','.join(alternatives)}"] if alternatives else [])
    extensions.write_text("\n".join(lines))
    _openssl("req", "-subj", subject, "-out", str(KEYS / f"{name}.csr"), *_new_key(name))
    authority = ["-CA", str(KEYS / "ca.crt"), "-CAkey", str(KEYS / "ca.key"), "-CAcreateserial", "-days", DAYS]
    _openssl("x509", "-req", "-in", str(KEYS / f"{name}.csr"), "-out", str(KEYS / f"{name}.crt"), *authority, "-extfile", str(extensions))


def _new_key(name: str) -> list[str]:
    return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", str(KEYS / f"{name}.key")]


def _kubeconfig(name: str) -> dict[str, object]:
    def content(path: Path) -> str:
        return b64encode(path.read_bytes()).decode()

    user = {"client-certificate-data": content(KEYS / f"{name}.crt"), "client-key-data": content(KEYS / f"{name}.key")}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "lab", "cluster": {"server": API, "certificate-authority-data": content(KEYS / "ca.crt")}}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": name}}],
        "current-context": "lab",
    }


def _openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)
