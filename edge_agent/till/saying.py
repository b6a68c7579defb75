"""How a till speaks to people: what happened and what to do next, in English and Chinese."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """A refusal for people: what happened, and what to do next."""

    en: str
    zh: str
    next_en: str
    next_zh: str
