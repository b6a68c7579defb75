"""What can go wrong, named by who must act. No HTTP in here: the API maps these to answers in one place."""

from __future__ import annotations

from shared.web.phrases import Phrase


class CloudError(Exception):
    """Something this service refuses or cannot do; the text is fit for a person."""

    @property
    def phrase(self) -> Phrase | None:
        """The text as it can be said in any language, None where it has only English, for programs."""
        first = self.args[0] if self.args else None
        return first if isinstance(first, Phrase) else None


class NotFound(CloudError):
    """The named thing does not exist."""


class Conflict(CloudError):
    """The request contradicts what is already there; asking again will not help."""


class Invalid(CloudError):
    """The request itself is wrong; the text names the field."""


class Refused(CloudError):
    """A business rule says no. `code` is for machines and stays as it is for ever."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Unavailable(CloudError):
    """The database is away or too busy: nothing was changed, the same request may be repeated later."""
