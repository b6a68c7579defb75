"""What a page says of something that was refused: in words of its own, else in those of the refusal."""

from __future__ import annotations

from collections.abc import Mapping

from cloud.errors import CloudError, Refused
from shared.web.words import marked

NOT_DONE = marked("This was not done: check what you typed, load the page again and repeat.")


def refusal_words(error: Exception, known: Mapping[str, str]) -> str:
    """Return what to say with `t`: the words a page has for a code, else the refusal's own where it is a `Phrase`.

    A refusal that has only English, because it is meant for programs, is never shown to a person.
    """
    if isinstance(error, Refused) and error.code in known:
        return known[error.code]
    return (error.phrase if isinstance(error, CloudError) else None) or NOT_DONE
