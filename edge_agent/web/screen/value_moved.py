"""What a page says of stored value that was sold or paid back."""

from __future__ import annotations

from edge_agent.till.results import Paid
from edge_agent.till.service.results import ValueMoved, ValueSoldNow
from edge_agent.web.screen.hand import Done, Hand
from edge_agent.web.screen.paid_back import cash_in
from edge_agent.web.screen.saying import news, says
from edge_agent.web.screen.words import TENDERS
from shared.web.words import marked


def moved(hand: Hand, answer: ValueMoved) -> Done:
    """Say what was sold, with its change as after a sale; or what to hand back, and how."""
    if isinstance(answer, ValueSoldNow):
        paid = Paid(answer.id, answer.receipt, answer.minor, answer.change_minor, lines=0)
        notice = news(marked("Sold {minor}. The card now holds {balance}."), minor=hand.money(answer.minor),
                      balance=hand.money(answer.balance_minor))  # fmt: skip
        return Done(notice, paid=paid)
    way = says(TENDERS[answer.tenders[0].method])
    said = news(marked("Hand back {total} · {way}"), total=hand.money(answer.minor), way=way)
    return Done(said, hand_out_minor=cash_in(answer.tenders))
