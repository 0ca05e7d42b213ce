"""Local run: what `make` calls. Nothing of the application imports it."""
