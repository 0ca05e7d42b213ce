"""`make bench`: measures this product beside its peers, in one run, and prints ratios. `python -m bench phases`: only what Dapr adds."""

import os
import secrets
import subprocess
import sys

from tools import postgres


def main() -> None:
    """Start a database of the bench's own, give Django its settings, then measure."""
    with postgres.throwaway() as url:
        os.environ.update(
            DATABASE_URL=url, SECRET_KEY=secrets.token_hex(32), HTTPS="false", DEBUG="false", DJANGO_SETTINGS_MODULE="todo_project.settings"
        )
        subprocess.run([sys.executable, "manage.py", "migrate", "--no-input", "-v0"], check=True)
        import django

        django.setup()
        from bench import suite

        suite.run(only_phases="phases" in sys.argv[1:])


if __name__ == "__main__":
    main()
