"""Makes an account with life-like data and prints how to sign in, once."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from todos import demo
from todos.errors import Refused


class Command(BaseCommand):
    help = "Make a demo account: projects, labels and about sixty todos around today. Its password is shown once and kept nowhere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--email", default=demo.EMAIL, help=f"its address (default: {demo.EMAIL})")
        parser.add_argument("--time-zone", default="UTC", help="IANA name, such as Europe/Berlin (default: UTC)")
        parser.add_argument("--reset", action="store_true", help="delete the account of this address first, with everything in it")
        parser.add_argument("--staff", action="store_true", help="let it into the admin, with every permission")

    def handle(self, *args: Any, email: str, time_zone: str, reset: bool, staff: bool, **options: Any) -> None:
        password = demo.readable_password()
        try:
            with transaction.atomic():  # both or neither: a refused account must not cost the one there was
                if reset:
                    demo.remove_demo(email=email)
                demo.create_demo(email=email, password=password, time_zone=time_zone, staff=staff)
        except Refused as refused:
            remedy = " Or begin anew with --reset." if refused.field == "email" else ""
            raise CommandError(f"{refused.message}{remedy}") from refused
        self.stdout.write(f"\nDemo account\n    e-mail:   {email.lower()}\n    password: {password}\n")
        self.stdout.write("The password is shown this once. `manage.py create_demo --reset` makes a new account.")
