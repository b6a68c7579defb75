"""A sentence with its values: English wherever a text will do, any language where somebody is spoken to.

What is wrong with a row or a request is said far from the page that shows it, and often to a program besides. So it
travels as its text of the catalogue and what stands in its braces, and is English until a page says it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self


class Phrase(str):
    """A text of the catalogue filled with values, collected where it stands: `Phrase("{text} is no unit", text=unit)`.

    It is its own English, so it is written, compared and sent as any text is; `Speech.t` says it in a language.
    """

    __slots__ = ("text", "values")
    text: str
    values: Mapping[str, object]

    def __new__(cls, text: str, /, **values: object) -> Self:
        """Fill the text's braces."""
        made = super().__new__(cls, text.format(**values) if values else text)
        made.text, made.values = text, values
        return made

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Self:
        """Return a phrase that was kept as its record."""
        return cls(record["text"], **record["values"])

    @property
    def record(self) -> dict[str, Any]:
        """Return what to keep, as JSON, to say it later in any language."""
        plain = {name: one if isinstance(one, int) else str(one) for name, one in self.values.items()}
        return {"text": self.text, "values": plain}

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, Any]]:
        """Be copied whole."""
        return (self.text,), dict(self.values)
