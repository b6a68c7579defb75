"""A chain's budgets of promotions on the wire: what a store may use of them, what it has used, what only HQ knows."""

from __future__ import annotations

from uuid import UUID

import msgspec

from shared.pricing.context import Counter


class BudgetShare(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one agent may use of a chain's budget, in all since the share began: HQ gives no other store the same.

    `share` names it: uses are counted under it from nothing, in `epoch` alone (a disk that was put back counts under no
    share until HQ gives a new one). `serial` rises with every change of `uses` and `minor`; None: not limited by it.
    """

    share: UUID
    promotion: str
    epoch: UUID
    serial: int
    uses: int | None = None
    minor: int | None = None


class BudgetReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an agent holds and has used of a share, with what baskets in payment are going to use.

    Once HQ has read that the agent holds a lower share, no more than that, or than what was used already, will ever be
    used under it: what was taken off may go to another store.
    """

    share: UUID
    promotion: str
    serial: int
    most_uses: int | None = None
    most_minor: int | None = None
    uses: int = 0
    minor: int = 0


class AskBudgets(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="ask", tag="budgets"):
    """A basket could use promotions whose budgets this store alone cannot count.

    `short`: of these its share of a chain's budget is used up; HQ sends more with the desired state, if there is any.
    `of_member`: what did the member use of these elsewhere? It is then set aside for this basket for some minutes.
    """

    basket: UUID
    till: str
    short: list[str] = []
    of_member: list[str] = []
    member: UUID | None = None
    day: str = ""
    """The store's business day, for what is counted per day."""


class BudgetsElsewhere(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="answer", tag="budgets"
):
    """What a member used in other stores, by promotion and budget. `busy`: another basket has set these aside.

    `raised` are the promotions of which this store's share has just become larger.
    """

    elsewhere: list[Counter] = []
    busy: list[str] = []
    raised: list[str] = []
