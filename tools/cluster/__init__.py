"""A real Kubernetes of one node on this machine, in namespaces of its own, with Dapr's control plane: `python -m tools.cluster`."""
