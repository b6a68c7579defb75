"""Something to say that knows no language yet: the page that shows it says it in its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from edge_agent.till.results import Refused
from edge_agent.web.screen.words import ROLES
from shared.web.words import Speech, marked
from shared.wire.policies import StaffRole


class Sayable(Protocol):
    """What can be said in any language."""

    def by(self, speech: Speech) -> str:
        """Return it in a language."""
        ...


@dataclass(frozen=True, slots=True)
class Said:
    """A text of the catalogue with its values; a value may be something to say itself."""

    text: str
    values: tuple[tuple[str, object], ...] = ()

    def by(self, speech: Speech) -> str:
        """Return it in a language."""
        filled = {name: value if isinstance(value, str | int) else said(value, speech) for name, value in self.values}
        return speech.t(self.text, **filled)


@dataclass(frozen=True, slots=True)
class Named:
    """What has a name of its own in each language, as data from HQ or the till's refusals have."""

    names: tuple[tuple[str, str], ...]
    otherwise: str = ""

    def by(self, speech: Speech) -> str:
        """Return the name in a language, else any."""
        names = dict(self.names)
        return names.get(speech.language) or next(iter(names.values()), self.otherwise)


@dataclass(frozen=True, slots=True)
class Plain:
    """What is the same in every language: a figure, a number, a code."""

    text: str

    def by(self, speech: Speech) -> str:
        """Return it."""
        del speech
        return self.text


@dataclass(frozen=True, slots=True)
class Joined:
    """Several things to say on one line."""

    parts: tuple[Sayable, ...]

    def by(self, speech: Speech) -> str:
        """Return them in a language."""
        return " · ".join(part.by(speech) for part in self.parts)


NOTHING = Plain("")
"""Nothing to say."""


def says(text: str, /, **values: object) -> Said:
    """Return a text of the catalogue, which `marked` has marked for it, with its values."""
    return Said(text, tuple(values.items()))


def named(names: Mapping[str, str], otherwise: str = "") -> Named:
    """Return a name in several languages."""
    return Named(tuple(names.items()), otherwise)


def said(value: object, speech: Speech) -> str:
    """Return anything in a language."""
    by = getattr(value, "by", None)
    return str(by(speech)) if by is not None else str(value)


@dataclass(frozen=True, slots=True)
class Notice:
    """What stands across the page: that something was refused, or what has just happened.

    `what` was read or typed, `next` says what to do now.
    """

    words: Sayable
    what: str = ""
    next: Sayable = NOTHING
    code: str = ""
    refused: bool = True


_TOO_LOW = "approval_too_low"
_SAYS_NOTHING = frozenset({"wrong_pin", "round_off_not", "age_check"})
"""Refusals whose detail is no value that anybody typed: how many tries are left helps only who guesses."""
_KEY = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""An identifier of the agent's own, which nobody at a till can do anything with."""


def refusal(answer: Refused) -> Notice:
    """Return a use case's refusal for the page."""
    words = answer.words
    if answer.code == _TOO_LOW and answer.detail in set(StaffRole):
        asks = says(marked("Ask a {role}."), role=says(ROLES[StaffRole(answer.detail)]))
        return Notice(words=named({"en": words.en, "zh": words.zh}), next=asks, code=answer.code)
    return Notice(
        words=named({"en": words.en, "zh": words.zh}),
        what="" if answer.code in _SAYS_NOTHING or _KEY.fullmatch(answer.detail) else answer.detail,
        next=named({"en": words.next_en, "zh": words.next_zh}),
        code=answer.code,
    )


def news(text: str, /, **values: object) -> Notice:
    """Return good news: a text of the catalogue with its values."""
    return Notice(words=says(text, **values), refused=False)
