"""What this room refuses, in words for the person who asked."""

from __future__ import annotations

from collections.abc import Sequence

from cloud.errors import Refused


class PriceRefusal(Refused):
    """A request about prices that is refused; `subjects` are the stores, agents or bodies concerned."""

    def __init__(self, code: str, message: str, subjects: Sequence[str] = ()) -> None:
        super().__init__(code, message)
        self.subjects = list(subjects)
