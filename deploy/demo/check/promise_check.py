"""Every promise of points that a till printed is what the rule gives and what head office posted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deploy.demo.check.expected import Expected
from deploy.demo.check.findings import Findings
from deploy.demo.check.ledger_check import Rules
from deploy.demo.check.sides import CloudSide, EdgeSide


@dataclass(slots=True)
class PromiseAccount:
    """What was counted on the way."""

    sales: int = 0
    """Receipts with a promise."""
    points: int = 0
    differences: int = 0
    """What head office computed otherwise, whoever looked at it since."""


def check_promises(
    cloud: CloudSide, edges: Sequence[EdgeSide], expected: Expected, rules: Rules, findings: Findings
) -> PromiseAccount:
    """Compare what tills promised with our own arithmetic; head office reports no difference.

    How many receipts have a promise is not fixed: a store that had not heard of a card yet promises nothing.
    """
    account = PromiseAccount()
    for edge in edges:
        for id_, sale in edge.sales.items():
            if sale.points is None:
                continue
            account.sales += 1
            account.points += sale.points
            wanted = expected.sales.get(id_)
            if wanted is not None:
                points = wanted.total_minor * rules.points // rules.per_minor
                findings.expect("promises", sale.points, points, f"points of basket {wanted.basket} on its receipt")
    account.differences = cloud.one("SELECT count(*) FROM points_review")
    findings.expect("promises", account.differences, 0, "promises that head office computed otherwise")
    return account
