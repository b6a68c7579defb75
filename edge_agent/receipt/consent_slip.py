"""What somebody agreed to when they joined, on paper: the texts with their versions, to be signed and kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from edge_agent.receipt.compose import shop_of
from shared.receipt.document import Align, Block, Document, Gap, Pair, Rule, Says
from shared.receipt.figures import moment
from shared.receipt.words import Words, say, term
from shared.wire.desired import StoreSettings
from shared.wire.policies import ConsentText

_TITLE: Words = {"en": "Membership consent", "zh": "入会同意书"}
_PHONE: Words = {"en": "Phone", "zh": "手机号"}
_CARD: Words = {"en": "Card", "zh": "会员卡"}
_VERSION: Words = {"en": "Version", "zh": "版本"}
_AGREED: Words = {"en": "Agreed", "zh": "同意"}
_NOT_AGREED: Words = {"en": "Not agreed", "zh": "不同意"}
_SIGNED: Words = {"en": "Signature", "zh": "本人签名"}
_COPY: Words = {"en": "COPY No. {count}", "zh": "补打 第{count}次"}
_SHOWN_DIGITS = 4
_HEAD_BLOCKS = 2
"""The shop and the title, behind which a copy says that it is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consented:
    """Who agreed to what: the texts as they were shown, and by channel the versions that were agreed to.

    Names and numbers are masked: the paper lies about, and head office knows whose it is.
    """

    texts: Sequence[ConsentText]
    given: Mapping[str, str]
    masked_name: str = ""
    phone: str = ""
    card: str = ""


def consent_slip(of: Consented, settings: StoreSettings, *, at_ms: int, till: str, cashier: str) -> Document:
    """Return the slip in the store's receipt languages; `phone` and `card` of what was consented are masked here."""
    languages = shop_of(settings).languages
    blocks = (*_head(of, settings, at_ms, till, cashier), *_texts(of, languages), *_foot(languages))
    return Document(title=say(_TITLE, languages), language=languages[0], blocks=blocks)


def copy_of(slip: Document, copy: int, settings: StoreSettings) -> Document:
    """Return a slip that was printed before, marked as its `copy`th copy: the same text, whatever is in force now."""
    mark = tuple(
        Says(text=f"*** {_COPY[language].format(count=copy)} ***", align=Align.CENTRE, bold=True)
        for language in shop_of(settings).languages
    )
    blocks = (*slip.blocks[:_HEAD_BLOCKS], *mark, *slip.blocks[_HEAD_BLOCKS:])
    return msgspec.structs.replace(slip, blocks=blocks)


def _head(of: Consented, settings: StoreSettings, at_ms: int, till: str, cashier: str) -> Iterator[Block]:
    shop = shop_of(settings)
    languages = shop.languages
    number = next((str(one.number) for one in settings.tills if one.till == till), till)
    yield Says(text=shop.name, align=Align.CENTRE)
    yield Says(text=say(_TITLE, languages), align=Align.CENTRE, bold=True)
    if shop.legal_name:
        yield Says(text=shop.legal_name, align=Align.CENTRE)
    yield Rule()
    yield Pair(left=term("time", languages), right=moment(at_ms, shop.zone))
    name = next((one.name for one in settings.staff if one.code == cashier), cashier)
    for label, value in ((term("till", languages), number), (term("cashier", languages), name)):
        if value:
            yield Pair(left=label, right=value)
    if of.masked_name:
        yield Pair(left=term("member", languages), right=of.masked_name)
    for words, number in ((_PHONE, of.phone), (_CARD, of.card)):
        if number:
            yield Pair(left=say(words, languages), right=_masked(number))


def _texts(of: Consented, languages: Sequence[str]) -> Iterator[Block]:
    for text in of.texts:
        yield Rule()
        said = [text.words[language] for language in languages if language in text.words]
        for words in said or list(text.words.values())[:1]:
            yield Says(text=words)
        agreed = text.channel in of.given
        version = of.given.get(text.channel, text.version)
        yield Pair(left=say(_VERSION, languages), right=version)
        yield Says(text=f"[{'X' if agreed else ' '}] {say(_AGREED if agreed else _NOT_AGREED, languages)}", bold=True)


def _foot(languages: Sequence[str]) -> Iterator[Block]:
    yield Rule()
    yield Gap()
    yield Says(text=f"{say(_SIGNED, languages)}: {'_' * 12}")
    yield Gap()


def _masked(number: str) -> str:
    """Return the last four of a number."""
    return f"****{number[-_SHOWN_DIGITS:]}"
