"""Makes an API token for a user, from the command line."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from todos.errors import Refused
from todos.models import User
from todos.services import accounts


class Command(BaseCommand):
    """`manage.py create_token EMAIL`: prints the token, which is shown this once and kept nowhere."""

    help = "Make an API token for a user and print it. It is shown once and kept nowhere."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="whose token")
        parser.add_argument("--name", default="command line", help="what it is for (default: %(default)s)")
        parser.add_argument("--read-only", action="store_true", help="a token that cannot change anything")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            owner = User.objects.get_by_natural_key(options["email"])
        except User.DoesNotExist as error:
            raise CommandError(f"There is no user {options['email']}. Sign up in the app, or make one with createsuperuser.") from error
        try:
            _, secret = accounts.create_token(
                owner=owner, name=options["name"], scopes=["read"] if options["read_only"] else ["read", "write"]
            )
        except Refused as refused:
            raise CommandError(f"{refused.message} Choose another with --name.") from refused
        self.stdout.write(secret)
