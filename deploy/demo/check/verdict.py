"""The whole check: the expected run against both sides, as one report."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from deploy.demo.check.books_check import check_books, timelines
from deploy.demo.check.expected import Expected, expect
from deploy.demo.check.findings import Findings
from deploy.demo.check.ledger_check import LedgerAccount, Rules, check_ledger
from deploy.demo.check.promise_check import check_promises
from deploy.demo.check.sales_check import check_receipts, check_sales, store_name
from deploy.demo.check.sides import CloudSide, EdgeSide, WrittenSale, open_cloud, read_edge


@dataclass(frozen=True, slots=True)
class Run:
    """What a run was, as its manifest says."""

    data: Path
    stores: int
    baskets: int
    seed: int
    cloud_url: str
    edges: dict[str, Path]
    rules: Rules
    seconds: float
    served_on: bool = False
    """Whether people could go on by hand after the run's own check."""


def examine(run: Run) -> dict[str, Any]:
    """Compute everything from the source, compare, and return the report; `failures` is empty when all is kept."""
    expected = expect(run.data, run.stores, run.baskets, run.seed)
    findings = Findings()
    edges = _edges(run, expected, findings)
    with open_cloud(run.cloud_url) as cloud:
        at_cloud = list(cloud.sales())
        sales = check_sales(expected, edges, at_cloud, findings)
        check_receipts(edges, _receipt_numbers(cloud), findings)
        ledger = check_ledger(cloud, expected, run.rules, findings)
        promises = check_promises(cloud, edges, expected, run.rules, findings)
        published, applied = check_books(timelines(cloud), edges, len(expected.weeks), findings)
        audited = _audit_differences(cloud, len(expected.sales), findings)
        _check_nothing_waits(cloud, edges, findings)
    tender_minor = sum(sale.total_minor for sale in expected.sales.values())
    findings.expect("tender", sales.edge_tender_minor, tender_minor, "taken by all tills")
    findings.expect("tender", sales.cloud_tender_minor, tender_minor, "known to the cloud")
    _check_rows(expected, findings)
    return {
        "stores": len(expected.stores),
        "baskets": len(expected.sales),
        "lines": expected.lines,
        "skipped": dict(sorted(expected.skipped.items())),
        "skipped_minor": {reason: minor for reason, minor in sorted(expected.skipped_minor.items()) if minor},
        "loose_coupons": expected.loose_coupons,
        "coupon_excess_minor": expected.coupon_excess_minor,
        "source_tender_minor": expected.source_tender_minor,
        "tender_minor": sales.edge_tender_minor,
        "data_price_differences": {"lines": expected.difference_lines, "minor": expected.difference_minor},
        "campaign_coupons": expected.coupons.report(),
        "cloud_sales": sales.cloud_sales,
        "cloud_lines": sales.cloud_lines,
        "cloud_tender_minor": sales.cloud_tender_minor,
        "lost": sales.lost,
        "duplicated": sales.duplicated,
        "audit_differences": audited,
        "points_posted": ledger.points_posted,
        "points_promised": promises.points,
        "sales_with_a_promise": promises.sales,
        "promise_differences": promises.differences,
        "ledger_balanced": ledger.balanced,
        "price_books_published": published,
        "price_books_applied": applied,
        "state_sha256": state_sha256(at_cloud, ledger),
        "seconds": round(run.seconds, 1),
        "failures": findings.sentences(),
    }


def state_sha256(sales: list[WrittenSale], ledger: LedgerAccount) -> str:
    """Hash what must be the same however the run went: sales with their tenders, every card's points and tier."""
    lines = [
        f"sale {sale.id} {sale.store} {sale.total_minor} "
        + ",".join(f"{method}={minor}" for method, minor in sale.tenders)
        for sale in sales
    ]
    lines += [f"member 88{household:08d} {balance} {tier}" for household, (balance, tier) in ledger.members.items()]
    return sha256("\n".join(sorted(lines)).encode()).hexdigest()


def _edges(run: Run, expected: Expected, findings: Findings) -> list[EdgeSide]:
    wanted = sorted(store_name(store) for store in expected.stores)
    findings.expect("stores", sorted(run.edges), wanted, "agents of the run")
    return [read_edge(store, path) for store, path in sorted(run.edges.items())]


def _receipt_numbers(cloud: CloudSide) -> list[tuple[str, str, str, int]]:
    rows = cloud.rows("SELECT store_id, till_id, series, number FROM receipt_number")
    return [(store, till, series, number) for store, till, series, number in rows]


def _check_rows(expected: Expected, findings: Findings) -> None:
    """Every source row is a line, a coupon handed over, or skipped by name; every cent is accounted for."""
    skipped = sum(count for reason, count in expected.skipped.items() if reason != "basket_without_lines")
    accounted = expected.lines + expected.loose_coupons + skipped
    findings.expect("source_rows", accounted, expected.source_rows, "source rows accounted for")
    taken = sum(sale.total_minor for sale in expected.sales.values())
    named = expected.difference_minor + expected.coupons.total_difference_minor
    findings.expect("named_causes", taken - expected.source_tender_minor, named, "cents that differ from the source")


def _audit_differences(cloud: CloudSide, sales: int, findings: Findings) -> int:
    """HQ priced every sale again and found the same."""
    waiting = cloud.one("SELECT count(*) FROM ingest_commit WHERE NOT audited")
    findings.expect("audited", waiting, 0, "commits not yet audited")
    confirmed = cloud.one("SELECT coalesce(sum(sales), 0) FROM price_audit_day WHERE verdict = 'same'")
    findings.expect("audited", confirmed, sales, "sales that HQ priced again and confirmed")
    differences = cloud.one("SELECT count(*) FROM price_audit")
    findings.expect("audit_differences", differences, 0, "differences HQ's audit found")
    return differences


def _check_nothing_waits(cloud: CloudSide, edges: list[EdgeSide], findings: Findings) -> None:
    parked = cloud.one("SELECT count(*) FROM parked_event WHERE resolved_ms IS NULL")
    findings.expect("nothing_waits", parked, 0, "events parked")
    gaps = cloud.one("SELECT count(*) FROM agent_gap")
    findings.expect("nothing_waits", gaps, 0, "gaps declared by agents")
    for edge in edges:
        findings.expect("nothing_waits", edge.unacked, 0, f"events of {edge.store} not acknowledged")
        findings.expect("nothing_waits", edge.open_baskets, 0, f"baskets left open in {edge.store}")
