"""Which words somebody agrees to on their page: the chain's own where it has written some, under its version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session

from cloud.member_page.words import say
from cloud.members.models import Member
from cloud.store_days.policies import policies
from shared.consents import consents_of
from shared.web.words import Language
from shared.wire.policies import ConsentText

PAGE_VERSION = "page-1"
"""The version of this page's own text `consent_text`: a new text is a new version."""


@dataclass(frozen=True, slots=True)
class Text:
    """What is agreed to for one channel."""

    version: str
    words: str
    required: bool = False
    channel: str = ""


def joining_texts(session: Session, language: Language) -> Sequence[Text]:
    """Return what whoever joins is asked, the required texts first."""
    return [_text(one, language) for one in consents_of(policies(session, ""))]


def text_for(session: Session, member: UUID, channel: str, language: Language) -> Text:
    """Return what a member agrees to for a channel: the text of their store, else this page's own."""
    row = session.get(Member, member)
    found = consents_of(policies(session, (row.home_store if row is not None else None) or ""))
    known = next((one for one in found if one.channel == channel), None)
    return _text(known, language) if known is not None else Text(PAGE_VERSION, say(language, "consent_text"))


def _text(one: ConsentText, language: Language) -> Text:
    words = one.words.get(language) or next((text for text in one.words.values() if text.strip()), "")
    return Text(one.version, words, one.required, one.channel)
