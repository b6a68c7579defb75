"""Examples of what a service desk asks, hears and does, for `tests.golden.examples`."""

from __future__ import annotations

from hashlib import sha256
from typing import Any
from uuid import UUID

from shared.wire.desk_asks import (
    AnyDeskAnswer,
    AnyDeskAsk,
    AskCardReturn,
    AskGiftGiven,
    AskGifts,
    AskPayOut,
    AskTopUp,
    AskTopUpUndone,
    CardReturnTaken,
    GiftForPoints,
    GiftGiven,
    GiftsFound,
    GiftWaiting,
    TopUpOffered,
    TopUpUndone,
)
from shared.wire.events import Event, MemberOnSale, Receipt, Tender, TenderKind, TillKind
from shared.wire.messages import Answer, Message, Question
from shared.wire.value_events import ValueBackReason, ValuePaidBack, ValueSold
from tests.factories import START_MS, make_event

HEAD = sha256(b"head").digest()
_WHO: dict[str, Any] = {"till": "t1", "cashier": "c1"}


def _id(number: int) -> UUID:
    return UUID(int=START_MS << 80 | 0x7 << 76 | 0b10 << 62 | number)


MEMBER = _id(1)

DESK_ASKS: dict[str, AnyDeskAsk] = {
    "top_up": AskTopUp(**_WHO, minor=50_000, member=MEMBER, identified=True),
    "gift_card": AskTopUp(**_WHO, minor=20_000, sealed_card=HEAD + HEAD, gift_card=True),
    "undo_top_up": AskTopUpUndone(**_WHO, sold=_id(120), approved_by="boss", reason="wrong_amount"),
    "gifts": AskGifts(**_WHO, code="K7Q2M9"),
    "gift": AskGiftGiven(**_WHO, member=MEMBER, gift="umbrella"),
    "card_return": AskCardReturn(**_WHO, member=MEMBER, reason="moving away"),
    "pay_out": AskPayOut(**_WHO, sealed_card=HEAD + HEAD),
}
DESK_ANSWERS: dict[str, AnyDeskAnswer] = {
    "top_up": TopUpOffered(
        offer=_id(110), minor=50_000, gift_minor=5_000, balance_minor=61_250, valid_until_ms=1_767_226_500_000,
        member=MEMBER, masked_name="王**",
    ),
    "undone": TopUpUndone(minor=50_000, balance_minor=6_250),
    "gifts": GiftsFound(
        member=MEMBER, masked_name="王**", points=1_204,
        waiting=[GiftWaiting(code="K7Q2M9", names={"en": "Umbrella", "zh": "雨伞"})],
        gifts=[GiftForPoints(gift="cup", names={"en": "Cup", "zh": "马克杯"}, points=800, left=3)],
    ),
    "gift": GiftGiven(names={"en": "Umbrella", "zh": "雨伞"}, points=204, masked_name="王**"),
    "card_return": CardReturnTaken(
        application=_id(111), state="applied", minor=6_000, fee_minor=250, forfeited_minor=5_000, masked_name="王**"
    ),
}  # fmt: skip
DESK_EVENTS: dict[str, Event] = {
    "value_sold.v1": make_event(
        ValueSold,
        id=_id(120),
        till_kind=TillKind.SERVICE_DESK,
        receipt=Receipt(series="t1-1", number=45, previous=HEAD[:9]),
        offer=_id(110),
        holder=MemberOnSale(member=MEMBER),
        tenders=[Tender(method=TenderKind.CASH, minor=50_000, change_minor=10_000)],
        currency="CNY",
        total_minor=50_000,
        gift_minor=5_000,
        balance_minor=61_250,
        identified=True,
    ),
    "value_back.v1": make_event(
        ValuePaidBack,
        id=_id(121),
        till_kind=TillKind.SERVICE_DESK,
        receipt=Receipt(series="t1-1", number=46, previous=HEAD[:9]),
        why=ValueBackReason.UNDO,
        of=_id(120),
        tenders=[Tender(method=TenderKind.CASH, minor=50_000)],
        currency="CNY",
        total_minor=50_000,
        reason="wrong_amount",
        approved_by="boss",
    ),
}


def desk_examples(envelope: dict[str, Any]) -> dict[str, Message]:
    """Return the questions and answers in an envelope."""
    asked = {
        f"question.v1.desk.{name}": Question(id=_id(112), **envelope, question=_id(110), deadline_ms=800, body=body)
        for name, body in DESK_ASKS.items()
    }
    answered = {
        f"answer.v1.desk.{name}": Answer(id=_id(113), **envelope, question=_id(110), body=body)
        for name, body in DESK_ANSWERS.items()
    }
    return {**asked, **answered}
