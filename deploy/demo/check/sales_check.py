"""Every source basket is one sale, the same at the till, in the cloud and by our own arithmetic."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from deploy.demo.check.expected import Expected, ExpectedSale
from deploy.demo.check.findings import Findings
from deploy.demo.check.sides import EdgeSide, WrittenSale


@dataclass(slots=True)
class SalesAccount:
    """What was counted on the way."""

    cloud_sales: int = 0
    cloud_lines: int = 0
    cloud_tender_minor: int = 0
    edge_tender_minor: int = 0
    lost: int = 0
    duplicated: int = 0


def store_name(store: int) -> str:
    """Return a source store's id in the product."""
    return f"s{store}"


def check_sales(
    expected: Expected, edges: Sequence[EdgeSide], cloud: Iterable[WrittenSale], findings: Findings
) -> SalesAccount:
    """Compare all sales, three ways."""
    account = SalesAccount()
    at_cloud = _count_cloud(cloud, expected, account, findings)
    at_edge = {id_: sale for edge in edges for id_, sale in edge.sales.items()}
    account.edge_tender_minor = sum(minor for sale in at_edge.values() for _, minor in sale.tenders)
    for id_, wanted in expected.sales.items():
        tills, chain = at_edge.get(id_), at_cloud.get(id_)
        if tills is None:
            findings.add("rung", f"basket {wanted.basket} is not on the disk of store {wanted.store}")
        else:
            _check_sale(wanted, tills, "till", findings)
        if chain is None:
            account.lost += 1
            findings.add("lost", f"basket {wanted.basket} is not in the cloud")
        else:
            _check_sale(wanted, chain, "cloud", findings)
        if tills is not None and chain is not None:
            findings.expect("cloud_equals_till", chain, tills, f"basket {wanted.basket}")
    for id_ in at_edge.keys() - expected.sales.keys():
        findings.add("invented", f"sale {id_} at a till has no source basket")
    return account


def _count_cloud(
    cloud: Iterable[WrittenSale], expected: Expected, account: SalesAccount, findings: Findings
) -> dict[str, WrittenSale]:
    moments: dict[tuple[str, int], list[ExpectedSale]] = defaultdict(list)
    for wanted in expected.sales.values():
        moments[store_name(wanted.store), wanted.at_ms].append(wanted)
    known: dict[str, WrittenSale] = {}
    for sale in cloud:
        account.cloud_sales += 1
        account.cloud_lines += len(sale.lines)
        account.cloud_tender_minor += sum(minor for _, minor in sale.tenders)
        if sale.id in expected.sales:
            known[sale.id] = sale
        elif moments.get((sale.store, sale.at_ms)):
            account.duplicated += 1
            findings.add("duplicated", f"sale {sale.id} repeats a basket of {sale.store} at {sale.at_ms}")
        else:
            findings.add("invented", f"sale {sale.id} in the cloud has no source basket")
    return known


def _check_sale(wanted: ExpectedSale, sale: WrittenSale, where: str, findings: Findings) -> None:
    of = f"basket {wanted.basket} ({where})"
    findings.expect("store", sale.store, store_name(wanted.store), of)
    findings.expect("moment", sale.at_ms, wanted.at_ms, of)
    findings.expect("total", sale.total_minor, wanted.total_minor, of)
    findings.expect("tender", sum(minor for _, minor in sale.tenders), wanted.total_minor, of)
    lines = tuple((f"p{line.product}", line.quantity, line.net_minor) for line in wanted.lines)
    findings.expect("price", sale.lines, lines, of)
    findings.expect("coupons", sale.coupons, wanted.coupons, of)


def check_receipts(edges: Sequence[EdgeSide], cloud: Iterable[tuple[str, str, str, int]], findings: Findings) -> None:
    """Numbers are gapless per till and series, and both sides hold the same ones."""
    at_cloud: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for store, till, series, number in cloud:
        at_cloud[store, till, series].append(number)
    at_edge: Mapping[tuple[str, str, str], list[int]] = {
        (edge.store, *place): numbers for edge in edges for place, numbers in edge.receipts.items()
    }
    for place in at_cloud.keys() | at_edge.keys():
        of = "/".join(place)
        tills, chain = at_edge.get(place, []), sorted(at_cloud.get(place, []))
        findings.expect("receipts_gapless", tills, list(range(1, len(tills) + 1)), f"{of} (till)")
        findings.expect("receipts_gapless", chain, tills, f"{of} (cloud)")
