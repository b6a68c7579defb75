"""Questions that tills ask and what HQ answers, an example of each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from shared.loyalty import NextTier
from shared.pricing import Counter, Per
from shared.wire.budgets import AskBudgets, BudgetsElsewhere
from shared.wire.messages import (
    Answer,
    Ask,
    AskCard,
    AskClaim,
    AskCoupon,
    AskEnrol,
    AskHold,
    AskPhone,
    AskRelease,
    CouponReserved,
    Held,
    MemberChoice,
    MemberFound,
    MembersFound,
    Message,
    PointsClaimed,
    Question,
    Refused,
    Released,
)
from shared.wire.return_asks import AskReturn, ReturnAllowed, ReturnedPiece
from shared.wire.wallet_asks import AskWallet, Wallet, WalletCoupon


def question_examples(
    id_: Callable[[int], UUID], member: UUID, head: bytes, envelope: dict[str, Any]
) -> dict[str, Message]:
    """Return questions and answers with ids by number, in an envelope."""
    found = MemberFound(
        member=member, masked_name="王**", tier="silver", points=120, next_tier=NextTier(tier="gold", growth=80)
    )
    return {
        "question.v1": Question(
            id=id_(24), **envelope, question=id_(25), deadline_ms=900, body=Ask(sealed_card=head + head)
        ),
        "question.v1.hold": Question(
            id=id_(80), **envelope, question=id_(81), deadline_ms=800,
            body=AskHold(basket=id_(82), unit="CNY", amount=1250, till="t1", cashier="c1", member=member),
        ),
        "question.v1.coupon": Question(
            id=id_(83), **envelope, question=id_(84), deadline_ms=800,
            body=AskCoupon(basket=id_(82), code="K7Q2M9XA4TRD3", till="t1", cashier="c1", member=member),
        ),
        "question.v1.release": Question(
            id=id_(85), **envelope, question=id_(86), deadline_ms=800,
            body=AskRelease(basket=id_(82), till="t1", hold=id_(81)),
        ),
        "question.v1.enrol": Question(
            id=id_(90), **envelope, question=id_(91), deadline_ms=800,
            body=AskEnrol(
                till="t1", cashier="c1", sealed_phone=head + head, consents={"membership": "2026-01"}, language="zh",
            ),
        ),
        "question.v1.card": Question(
            id=id_(92), **envelope, question=id_(93), deadline_ms=800,
            body=AskCard(act="replace", till="t1", cashier="c1", member=member, sealed_card=head + head),
        ),
        "question.v1.claim": Question(
            id=id_(94), **envelope, question=id_(95), deadline_ms=800,
            body=AskClaim(sale=id_(10), till="t1", cashier="c1", member=member),
        ),
        "question.v1.phone": Question(
            id=id_(97), **envelope, question=id_(98), deadline_ms=800,
            body=AskPhone(sealed_phone=head + head, till="t1", cashier="c1"),
        ),
        "question.v1.budgets": Question(
            id=id_(170), **envelope, question=id_(171), deadline_ms=800,
            body=AskBudgets(
                basket=id_(82), till="t1", short=["p-100"], of_member=["p-once"], member=member, day="2026-05-01"
            ),
        ),
        "answer.v1.budgets": Answer(
            id=id_(172), **envelope, question=id_(171),
            body=BudgetsElsewhere(
                elsewhere=[Counter("p-once", Per.MEMBER, 1, 500)], busy=["p-twice"], raised=["p-100"]
            ),
        ),
        "question.v1.return": Question(
            id=id_(210), **envelope, question=id_(211), deadline_ms=800,
            body=AskReturn(sale=id_(10), lines=[ReturnedPiece(line=1, quantity=2)], till="t1", cashier="c1"),
        ),
        "answer.v1.return": Answer(
            id=id_(212), **envelope, question=id_(211), body=ReturnAllowed(points=41, owed=12),
        ),
        "question.v1.wallet": Question(
            id=id_(200), **envelope, question=id_(201), deadline_ms=800,
            body=AskWallet(till="t1", cashier="c1", member=member, coupons=True),
        ),
        "answer.v1.wallet": Answer(
            id=id_(202), **envelope, question=id_(201),
            body=Wallet(
                value_minor=12_050, has_value=True, points=1_204, blocks=["coupons"],
                coupons=[WalletCoupon(code="K7Q2M9XA4TRD3", promotion="c-10off", ends=date(2026, 12, 31))],
            ),
        ),
        "answer.v1": Answer(
            id=id_(31), **envelope, question=id_(25),
            body=MemberFound(member=member, masked_name="王**", tier="gold", points=120),
        ),
        "answer.v1.members": Answer(
            id=id_(99), **envelope, question=id_(98),
            body=MembersFound(
                members=[
                    MemberChoice(found=found, masked_phone="138****5678", masked_card="**** 0071", birthday_month=5),
                    MemberChoice(found=MemberFound(member=id_(5), masked_name="王*"), masked_phone="139****5678"),
                ],
                more=True,
            ),
        ),
        "answer.v1.held": Answer(
            id=id_(87), **envelope, question=id_(81),
            body=Held(hold=id_(81), unit="CNY", amount=1250, valid_until_ms=1_767_226_500_000),
        ),
        "answer.v1.coupon": Answer(
            id=id_(88), **envelope, question=id_(84),
            body=CouponReserved(
                code="K7Q2M9XA4TRD3", promotion="c-10off", valid_until_ms=1_767_226_500_000, claimed_ms=1
            ),
        ),
        "answer.v1.released": Answer(id=id_(89), **envelope, question=id_(86), body=Released()),
        "answer.v1.claimed": Answer(
            id=id_(96), **envelope, question=id_(95),
            body=PointsClaimed(member=member, masked_name="王**", earned=41, points=161),
        ),
        "answer.v1.refused": Answer(id=id_(32), **envelope, question=id_(25), body=Refused(code="card_unknown")),
    }  # fmt: skip
