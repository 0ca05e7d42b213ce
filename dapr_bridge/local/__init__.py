"""Real daprd and Valkey as processes of this machine, for local runs and tests. Standard library alone; no Django."""
