"""P5: what returns give back of points and money reaches somebody who can spend it, with the goods it paid for."""

from __future__ import annotations

from uuid import UUID

import msgspec

from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.member_lifecycle.merging import merge
from cloud.value import purses
from cloud.value.card_returns import Application, apply, decide
from shared.pricing.model import Discount
from shared.pricing.record import PromotionUse
from shared.wire.events import MemberOnSale, SaleCompleted, Tender, TenderKind
from shared.wire.messages import AskRelease, Held, Refused, Released
from tests.cloud.members_data import OTHER_CARD, join, mint, take, vault
from tests.cloud.test_value_sales import Chain
from tests.factories import START_MS, make_return, make_sale, new_id


class Till(Chain):
    """The chain, with sales of several lines and a card that is given back."""

    def sell_lines(
        self, lines: dict[int, tuple[int, list[Discount]]], basket: UUID, uses: list[PromotionUse]
    ) -> SaleCompleted:
        """Sell pieces, each for so much less its discounts, for cash."""
        self.number += 1
        member = MemberOnSale(member=self.ann)
        sale = make_sale([("1001", 1)] * len(lines), id=basket, store="s001", number=self.number, member=member)
        sold = [
            msgspec.structs.replace(
                line, price=msgspec.structs.replace(line.price, minor=minor, basis=1), discounts=discounts, tax_minor=0,
                net_minor=minor - sum(one.minor for one in discounts),
            )
            for line, (minor, discounts) in zip(sale.lines, lines.values(), strict=True)
        ]  # fmt: skip
        total = sum(line.net_minor for line in sold)
        tenders = [Tender(method=TenderKind.CASH, minor=total)]
        sale = msgspec.structs.replace(sale, lines=sold, tenders=tenders, total_minor=total, promotions=uses)
        assert take(self.database, [sale]) == {}
        return sale

    def give_back_line(self, sale: SaleCompleted, line: int) -> None:
        self.number += 1
        assert take(self.database, [make_return(sale, [(line, 1)], number=self.number)]) == {}

    def paid_out(self) -> int:
        """Have the card given back and paid out; return how much."""
        wanted = Application(id=new_id(), purse=self.purse, store="s001", by="ann")
        with self.database.session() as session:
            apply(session, wanted, now_ms=START_MS)
        with self.database.session() as session:
            commit_no = open_commit(session, START_MS)
            return decide(
                session, commit_no, wanted.id, by="bob", approve=True, at_ms=START_MS, now_ms=START_MS
            ).paid_minor


def test_p5_points_of_an_exchange_come_back_with_what_was_exchanged_and_points_as_money_with_what_they_paid(
    database: Database,
) -> None:
    """Of 1,070 points 70 bought the add-on offer of the second line; the rest paid 10.00, spread over both lines."""
    chain = Till(database)
    chain.earn(1_070)
    basket = new_id()
    assert isinstance(chain.hold("POINTS", 1_070, basket), Held)
    paid = [Discount(reason="points_redemption", minor=minor, source="pts") for minor in (750, 250)]
    offer = Discount(reason="buy_with_purchase", minor=1_000, source="exchange")
    sale = chain.sell_lines(
        {1: (5_000, [paid[0]]), 2: (3_000, [offer, paid[1]])}, basket,
        [PromotionUse("pts", spent_points=1_000), PromotionUse("exchange", spent_points=70)],
    )  # fmt: skip
    after = chain.points
    chain.give_back_line(sale, 2)
    assert chain.points == after + 250 + 70 - 17, "what the goods had earned goes, their points come back"
    chain.give_back_line(sale, 1)
    assert chain.points == 1_070
    chain.prove()


def test_money_that_comes_back_onto_a_card_that_was_paid_out_can_be_spent_or_paid_out_again(database: Database) -> None:
    chain = Till(database)
    assert chain.top_up(10_000) == ""
    basket = new_id()
    chain.hold("CNY", 3_000, basket)
    sale = chain.sell(3_000, id=basket, value=3_000)
    assert chain.paid_out() == 7_000
    assert chain.hold("CNY", 1, new_id()) == Refused(code="purse_returned")
    chain.give_back(sale, value=3_000)
    assert chain.money == (3_000, 0)
    basket = new_id()
    assert isinstance(chain.hold("CNY", 1_000, basket), Held)
    assert chain.ask(AskRelease(basket=basket, till="t1")) == Released()
    assert chain.paid_out() == 3_000
    assert chain.money == (0, 0)
    chain.prove()


def test_money_of_somebody_who_is_made_one_with_who_was_paid_out_can_be_spent(database: Database) -> None:
    chain = Till(database)
    assert chain.top_up(10_000) == ""
    assert chain.paid_out() == 10_000
    ann, chain.ann = chain.ann, join(database, [OTHER_CARD])
    with database.session() as session:
        wanted = {"member": chain.ann, "card": None, "legal_entity": "main", "now_ms": START_MS}
        chain.purse = purses.open_purse(session, "s001", **wanted).id  # type: ignore[arg-type]
    assert chain.top_up(4_000) == ""
    with database.session() as session:
        commit_no = open_commit(session, START_MS)
        merge(session, vault(), mint, ann, chain.ann, reason="one", actor="ann", commit_no=commit_no, now_ms=START_MS)
    chain.ann = ann
    assert chain.money == (4_000, 0)
    assert isinstance(chain.hold("CNY", 1_000, new_id()), Held)
    chain.prove()
