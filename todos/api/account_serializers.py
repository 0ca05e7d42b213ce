"""What the API takes and gives about accounts: credentials, settings, API tokens."""

from typing import Any

from rest_framework import serializers

from todos.api.fields import LineField, MomentField, StrictSerializer

MAX_PASSWORD = 128
SCOPES = ("read", "write")


class AddressField(serializers.EmailField):
    """An e-mail address in lower case, and in ASCII, where lower case is the same for Python and PostgreSQL."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=254, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        address: str = super().to_internal_value(data)
        if not address.isascii():
            raise serializers.ValidationError("Write the address in ASCII; a domain with other letters in its xn-- form.", "invalid")
        return address.lower()


class PasswordField(serializers.CharField):
    """A password, exactly as typed: blanks count."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=MAX_PASSWORD, trim_whitespace=False, **kwargs)


class Credentials(StrictSerializer):
    """Who signs in."""

    email = AddressField()
    password = PasswordField()


class SignUpInput(Credentials):
    """Who signs up."""

    time_zone = serializers.CharField(max_length=64, required=False, help_text="IANA name; UTC by default.")


class AccountPatch(StrictSerializer):
    """The settings that a user may change."""

    time_zone = serializers.CharField(max_length=64, required=False, help_text="IANA name.")
    email_reminders = serializers.BooleanField(required=False)


class PasswordInput(StrictSerializer):
    """A change of the password."""

    current_password = PasswordField()
    new_password = PasswordField()


class DeleteAccountInput(StrictSerializer):
    """The password once more, so that a browser left open is not enough."""

    password = PasswordField()


class UserOutput(serializers.Serializer[Any]):
    """A user, as they see themselves."""

    id = serializers.UUIDField()
    email = serializers.EmailField()
    time_zone = serializers.CharField()
    email_reminders = serializers.BooleanField()
    created_at = serializers.DateTimeField()


class UserAnswer(serializers.Serializer[Any]):
    """Whoever has just signed in."""

    user = UserOutput()


class SessionOutput(serializers.Serializer[Any]):
    """Whoever is signed in, and the token for X-CSRFToken."""

    user = UserOutput(allow_null=True)
    csrf_token = serializers.CharField()


class TokenInput(StrictSerializer):
    """An API token to be made."""

    name = LineField(max_length=100, help_text="Unique among your tokens, in any case.")
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=SCOPES),
        allow_empty=False,
        max_length=len(SCOPES),
        help_text="`write` does not include `read`.",
    )
    expires_at = MomentField(required=False, allow_null=True, help_text="Null: valid until revoked.")


class TokenOutput(serializers.Serializer[Any]):
    """An API token, without its secret."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=SCOPES))
    expires_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class NewTokenOutput(TokenOutput):
    """An API token with its secret."""

    token = serializers.CharField(help_text="Send it as `Authorization: Bearer <token>`.")
