"""Who did something, as pages say it: a person by name, a program or a command line by what it is."""

from __future__ import annotations

from cloud.audit.words import actor
from cloud.web.tables import Cell
from shared.web.words import Speech

_PERSON = "person:"


def who(code: str, speech: Speech) -> str:
    """Return who acted, for a sentence."""
    if code.startswith(_PERSON):
        return code.removeprefix(_PERSON)
    text, values = actor(code)
    return speech.t(text, **values)


def who_cell(code: str) -> Cell:
    """Return who acted, for a table."""
    if code.startswith(_PERSON):
        return Cell(value=code.removeprefix(_PERSON))
    text, values = actor(code)
    return Cell(value=text, say=True, values=values)
