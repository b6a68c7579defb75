"""The ledger sums to zero, balances are their postings, and every member has exactly the points their sales earn."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from deploy.demo.check.expected import Expected
from deploy.demo.check.findings import Findings
from deploy.demo.check.sides import CloudSide, canonical


@dataclass(frozen=True, slots=True)
class Rules:
    """How members earn and rise, as the run asked head office for it: `points` for each whole `per_minor` spent."""

    points: int
    per_minor: int
    tiers: list[tuple[int, str]]
    """From how many minor units spent in the year, and the tier's code, rising."""


@dataclass(slots=True)
class LedgerAccount:
    """What was counted on the way."""

    points_posted: int = 0
    balanced: bool = True
    members: dict[int, tuple[int, str]] = field(default_factory=dict)
    """Balance and tier by household."""


def check_ledger(cloud: CloudSide, expected: Expected, rules: Rules, findings: Findings) -> LedgerAccount:
    """Prove the ledger by itself, then against the sales."""
    account = LedgerAccount()
    before = sum(findings.counts.values())
    _check_sums(cloud, findings)
    balances = _check_balances(cloud, findings)
    account.balanced = sum(findings.counts.values()) == before
    households = _households(cloud, expected, findings)
    account.points_posted = _check_points(cloud, expected, households, balances, findings, rules=rules)
    tiers = _check_years(cloud, expected, rules, households, findings)
    for member, household in households.items():
        account.members[household] = (balances.get(member, 0), tiers.get(member, ""))
    return account


def _check_sums(cloud: CloudSide, findings: Findings) -> None:
    for cause, purpose, total in cloud.rows(
        "SELECT p.cause, p.purpose, sum(p.amount) FROM posting p GROUP BY p.cause, p.purpose HAVING sum(p.amount) <> 0"
    ):
        findings.add("ledger_balanced", f"journal {cause} {purpose} sums to {total}")
    for unit, total in cloud.rows(
        "SELECT a.unit, sum(p.amount) FROM posting p JOIN account a ON a.id = p.account_id GROUP BY a.unit"
    ):
        findings.expect("ledger_balanced", int(total), 0, f"sum of all {unit}")
    strays = cloud.one(
        "SELECT count(*) FROM posting p LEFT JOIN journal j ON j.cause = p.cause AND j.purpose = p.purpose"
        " LEFT JOIN account a ON a.id = p.account_id WHERE j.cause IS NULL OR a.id IS NULL"
    )
    findings.expect("ledger_balanced", strays, 0, "postings without journal or account")


def _check_balances(cloud: CloudSide, findings: Findings) -> dict[str, int]:
    """Return the points of each member, proven to be the sum of their postings."""
    balances: dict[str, int] = {}
    for owner, unit, amount, posted in cloud.rows(
        "SELECT a.owner, a.unit, b.amount, (SELECT coalesce(sum(p.amount), 0) FROM posting p WHERE p.account_id = a.id)"
        " FROM account a JOIN balance b ON b.account_id = a.id WHERE a.kind = 'member_points'"
    ):
        findings.expect("ledger_balanced", amount, int(posted), f"balance of {owner} in {unit}")
        if amount < 0:
            findings.add("ledger_balanced", f"balance of {owner} is {amount}")
        balances[canonical(owner)] = amount
    without = cloud.one(
        "SELECT count(*) FROM account a LEFT JOIN balance b ON b.account_id = a.id"
        " WHERE a.kind = 'member_points' AND b.account_id IS NULL"
    )
    findings.expect("ledger_balanced", without, 0, "members' accounts without a balance")
    return balances


def _households(cloud: CloudSide, expected: Expected, findings: Findings) -> dict[str, int]:
    """Return the household behind each member, as their sales show it: one of each for the other."""
    households: dict[str, int] = {}
    members: dict[int, str] = {}
    for sale, member in cloud.buyers():
        wanted = expected.sales.get(sale)
        if wanted is None:
            continue
        if member is None:
            findings.add("member", f"basket {wanted.basket} has no member")
            continue
        findings.expect("member", households.setdefault(member, wanted.household), wanted.household, f"member {member}")
        findings.expect("member", members.setdefault(wanted.household, member), member, f"card of {wanted.household}")
    return households


def _check_points(
    cloud: CloudSide,
    expected: Expected,
    households: Mapping[str, int],
    balances: Mapping[str, int],
    findings: Findings,
    *,
    rules: Rules,
) -> int:
    """Every sale earns by the rule, rounded down once, under its own id; return the points posted to members."""
    earned: Counter[str] = Counter()
    owners: dict[str, set[str]] = defaultdict(set)
    for cause, owner, amount in cloud.rows(
        "SELECT p.cause, a.owner, p.amount FROM posting p JOIN account a ON a.id = p.account_id"
        " WHERE a.kind = 'member_points' AND p.purpose = 'earn'"
    ):
        earned[canonical(cause)] += amount
        owners[canonical(cause)].add(canonical(owner))
    by_household: Counter[int] = Counter()
    for sale in expected.sales.values():
        wanted = sale.total_minor * rules.points // rules.per_minor
        by_household[sale.household] += wanted
        findings.expect("points", earned.pop(sale.id, 0), wanted, f"basket {sale.basket}")
        for owner in owners.get(sale.id, ()):
            findings.expect("points", households.get(owner), sale.household, f"owner of basket {sale.basket}'s points")
    for cause in earned:
        findings.add("points", f"points were earned by {cause}, which is no sale of ours")
    for member, household in households.items():
        findings.expect("points", balances.get(member, 0), by_household[household], f"balance of household {household}")
    return sum(balances.values())


def _check_years(
    cloud: CloudSide, expected: Expected, rules: Rules, households: Mapping[str, int], findings: Findings
) -> dict[str, str]:
    """Spend and tier of the year of each member; return the tiers."""
    spend: Counter[int] = Counter()
    for sale in expected.sales.values():
        spend[sale.household] += sale.total_minor
    found: dict[str, str] = {}
    for id_, minor, tier in cloud.rows("SELECT member_id, spend_minor, tier FROM member_year WHERE year = 2017"):
        member = canonical(id_)
        household = households.get(member)
        if household is None:
            findings.add("tier", f"member {member} has spent {minor} without a sale of ours")
            continue
        reached = [code for from_minor, code in rules.tiers if from_minor <= spend[household]]
        findings.expect("tier", minor, spend[household], f"spend of household {household}")
        findings.expect("tier", tier, reached[-1] if reached else "", f"tier of household {household}")
        found[member] = tier
    for member, household in households.items():
        if member not in found:
            findings.add("tier", f"household {household} has no year")
    return found
