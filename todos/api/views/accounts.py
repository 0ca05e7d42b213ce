"""The account: signing up, in and out, its settings, its password, its API tokens, and its end."""

import secrets
from uuid import UUID

import orjson
from django.contrib.auth import authenticate, login, logout, update_session_auth_hash
from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from todos import attempts, selectors
from todos.api import idempotency, schema
from todos.api.account_serializers import (
    AccountPatch,
    Credentials,
    DeleteAccountInput,
    NewTokenOutput,
    PasswordInput,
    SessionOutput,
    SignUpInput,
    TokenInput,
    TokenOutput,
    UserAnswer,
    UserOutput,
)
from todos.api.authentication import check_csrf
from todos.api.conditional import Answer, json_response, read_uncached
from todos.api.permissions import IsAnonymousOrHasScope, SessionOnly
from todos.api.renderers import to_json
from todos.api.views.base import View, checked, no_content
from todos.client_address import client_address
from todos.errors import Refused
from todos.models import User
from todos.services import accounts

WRONG = "The e-mail address or the password is wrong."


class SessionView(View):
    """Who is signed in, and their settings."""

    permission_classes = (IsAnonymousOrHasScope,)

    @extend_schema(operation_id="read_session", responses={200: SessionOutput, **schema.ERRORS})
    def get(self, request: Request) -> HttpResponse:
        """Read who is signed in (`user` is null for nobody) and a CSRF token; sets the CSRF cookie that belongs to it."""
        user = selectors.user_row(self.owner) if request.user.is_authenticated else None
        return _private(json_response({"user": user, "csrf_token": get_token(request._request)}))

    @extend_schema(
        operation_id="update_account",
        parameters=[schema.IDEMPOTENCY_KEY],
        request=schema.merge_patch(AccountPatch),
        responses={200: UserOutput, **schema.WRITE_ERRORS},
    )
    def patch(self, request: Request) -> HttpResponse:
        """Change the settings that the body names (RFC 7396)."""

        def change() -> HttpResponse:
            user = accounts.update_account(user=self.owner, changes=checked(AccountPatch, request, partial=True))
            return json_response(selectors.user_row(user))

        return idempotency.perform(request, change)


class _SigningInView(View):
    """What strangers call. They must show the CSRF token too, or another site could sign its visitors in as somebody else.

    An Idempotency-Key has no effect here: keys belong to users, and a kept answer would hold a session's cookie. It is not
    missed, since both requests may be sent twice.
    """

    authentication_classes = ()
    permission_classes = ()

    def sign_in(self, request: Request, user: User, *, status: int) -> HttpResponse:
        """Give the browser a new session, so that one known from before is worth nothing."""
        request.session.flush()
        login(request._request, user)
        return _private(json_response({"user": selectors.user_row(user)}, status=status))


class SignUpView(_SigningInView):
    """Becoming a user."""

    @extend_schema(operation_id="sign_up", request=SignUpInput, responses={201: UserAnswer, **schema.SIGN_IN_ERRORS})
    def post(self, request: Request) -> HttpResponse:
        """Make an account and sign in; sent again with the same password within 24 hours, it signs in and answers as the first time."""
        check_csrf(request)
        asked = checked(SignUpInput, request)
        attempts.count("SIGN_UPS_PER_ADDRESS", client_address(request._request))
        try:
            user = accounts.sign_up(**asked)
        except Refused as refused:
            before = self._signed_up_before(request, asked) if refused.code == "unique" else None
            if before is None:
                raise
            user = before
        return self.sign_in(request, user, status=201)

    def _signed_up_before(self, request: Request, asked: dict[str, str]) -> User | None:
        user = authenticate(request._request, username=asked["email"], password=asked["password"])
        if isinstance(user, User) and user.created_at > timezone.now() - accounts.SIGN_UP_REPEATABLE:
            return user
        return None


class LogInView(_SigningInView):
    """Signing in."""

    @extend_schema(operation_id="log_in", request=Credentials, responses={200: UserAnswer, **schema.SIGN_IN_ERRORS})
    def post(self, request: Request) -> HttpResponse:
        """Sign in. A wrong password and an unknown address get the same answer, in the same time."""
        check_csrf(request)
        asked = checked(Credentials, request)
        user = authenticate(request._request, username=asked["email"], password=asked["password"])
        if not isinstance(user, User):
            raise Refused(WRONG, field="password", code="wrong")
        return self.sign_in(request, user, status=200)


class LogOutView(View):
    """Signing out."""

    permission_classes = (IsAnonymousOrHasScope,)

    @extend_schema(operation_id="log_out", request=None, responses={204: None, **schema.SIGN_IN_ERRORS})
    def post(self, request: Request) -> HttpResponse:
        """End this browser's session; nobody signed in is fine."""
        logout(request._request)
        return no_content()


class PasswordView(View):
    """The password."""

    permission_classes = (SessionOnly,)

    @extend_schema(operation_id="change_password", request=PasswordInput, responses={204: None, **schema.WRITE_ERRORS})
    def post(self, request: Request) -> HttpResponse:
        """Change the password. This session goes on under a new cookie, all others end; API tokens stay.

        An Idempotency-Key has no effect: the cookie that could ask for the kept answer has ended with the password.
        """
        asked = checked(PasswordInput, request)
        _confirm(self.owner, asked["current_password"], field="current_password")
        accounts.change_password(user=self.owner, password=asked["new_password"], keep_session=request.session.session_key)
        update_session_auth_hash(request._request, self.owner)
        return no_content()


class AccountView(View):
    """The account as a whole."""

    permission_classes = (SessionOnly,)

    @extend_schema(operation_id="delete_account", request=DeleteAccountInput, responses={204: None, **schema.WRITE_ERRORS})
    def delete(self, request: Request) -> HttpResponse:
        """Delete the account and everything in it, at once and for good. Sent again it is answered 401: nobody is left to ask.

        An Idempotency-Key has no effect: its answer would be kept with the account.
        """
        _confirm(self.owner, checked(DeleteAccountInput, request)["password"], field="password")
        accounts.delete_account(user=self.owner)
        logout(request._request)
        return no_content()


class TokenListView(View):
    """API tokens; few enough for one page."""

    permission_classes = (SessionOnly,)

    @extend_schema(operation_id="list_tokens", responses={200: schema.page_of(TokenOutput), 304: None, **schema.ERRORS})
    def get(self, request: Request) -> HttpResponse:
        """List API tokens, newest first, without their secrets."""
        return read_uncached(request, Answer(to_json({"results": selectors.token_rows(self.owner), "next_cursor": None})))

    @extend_schema(
        operation_id="create_token",
        parameters=[schema.IDEMPOTENCY_KEY],
        request=TokenInput,
        responses={201: NewTokenOutput, **schema.WRITE_ERRORS},
    )
    def post(self, request: Request) -> HttpResponse:
        """Make an API token. `token` is shown in this answer only: keep it as you would a password."""
        asked = checked(TokenInput, request)
        attempts.count("TOKENS_PER_ACCOUNT", str(self.owner.pk))

        def change() -> HttpResponse:
            seed = secrets.token_urlsafe(32)
            token, _ = accounts.create_token(owner=self.owner, seed=seed, **asked)
            return json_response({**selectors.token_row(token), "token": seed}, status=201, location=f"{request.path}/{token.id}")

        response = idempotency.perform(request, change)
        if response.status_code == 201:
            # An answer kept for an Idempotency-Key holds the seed; the secret itself is kept nowhere.
            shown = orjson.loads(response.content)
            response.content = to_json({**shown, "token": accounts.token_secret(shown["token"])})
        return _private(response)


class TokenView(View):
    """One API token."""

    permission_classes = (SessionOnly,)

    @extend_schema(
        operation_id="revoke_token",
        parameters=[schema.IDEMPOTENCY_KEY],
        responses={204: None, **schema.WRITE_ERRORS},
    )
    def delete(self, request: Request, token_id: UUID) -> HttpResponse:
        """Revoke an API token at once."""

        def change() -> HttpResponse:
            accounts.revoke_token(owner=self.owner, token_id=token_id)
            return no_content()

        return idempotency.perform(request, change)


def _confirm(user: User, password: str, *, field: str) -> None:
    """Make sure that whoever uses the session knows its password. Raises Refused, and TooManyAttempts."""
    account = str(user.pk)
    attempts.count("PASSWORDS_PER_ACCOUNT", account)
    if not user.check_password(password):
        raise Refused("This is not your password.", field=field, code="wrong")
    attempts.give_back("PASSWORDS_PER_ACCOUNT", account)


def _private(response: HttpResponse) -> HttpResponse:
    """Answers with secrets in them are kept by nobody on the way, nor by the browser."""
    response["Cache-Control"] = "no-store"
    return response
