"""Where the lab keeps what, and its addresses."""

from tools.environment import RUN
from tools.wheel import cache

STATE = RUN / "cluster"  # of one run: certificates, logs, volumes
LOGS = STATE / "logs"
KEYS = STATE / "keys"
TOOLS = STATE / "bin"  # kubectl and helm, for commands in the lab
VOLUMES = STATE / "volumes"
KUBECONFIG = STATE / "kubeconfig"
INIT = STATE / "init.pid"  # the first process of the lab, as this machine numbers it
READY = STATE / "ready"
GROUPS = STATE / "cgroups"  # one a line
BEFORE = STATE / "interfaces"  # of the machine, one a line
VALUES = STATE / "values.yaml"  # what our chart needs to be told in the lab

KEPT = cache() / "cluster"  # between runs: programs, images, what containerd made of them

NODE = "lab"
NODE_ADDRESS = "10.99.0.1"  # Kubernetes refuses a node on a loopback address
GATEWAY = "10.99.0.254"  # nobody is there: nothing leaves the lab
PODS = "10.244.0.0/24"
SERVICES = "10.96.0.0/16"
API = f"https://{NODE_ADDRESS}:6443"
CONTAINERD = "/run/containerd/containerd.sock"
