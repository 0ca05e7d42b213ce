"""What the product refuses, in words for people; the API and the admin decide how to show it."""


class Refused(Exception):
    """A request that makes sense but may not be carried out.

    `field` names the input at fault (empty: the whole request), `code` is stable for programs.
    """

    def __init__(self, message: str, *, field: str = "", code: str = "invalid") -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.code = code


class NotFound(Exception):
    """The object does not exist for this user: unknown, or somebody else's, which is never told apart."""


class VersionConflict(Exception):
    """Somebody changed the object since the version that the caller had; `current` is the version now."""

    def __init__(self, current: int) -> None:
        super().__init__(f"The object is at version {current}.")
        self.current = current


class TooManyAttempts(Exception):
    """Something guarded was tried too often; `retry_after` is the number of seconds until it may be tried again."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too many tries. Try again in {retry_after} seconds.")
        self.retry_after = retry_after
