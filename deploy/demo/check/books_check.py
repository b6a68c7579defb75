"""One publication a week, staged ahead; every sale priced by the version that was in force in its store."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from deploy.demo.check.findings import Findings
from deploy.demo.check.sides import CloudSide, EdgeSide, WrittenSale

Timeline = list[tuple[int, int]]
"""(instant, version) of a store's switches, in order."""


def timelines(cloud: CloudSide) -> dict[str, Timeline]:
    """Return each store's switches, as HQ published them."""
    found: dict[str, Timeline] = defaultdict(list)
    for store, at_ms, version in cloud.rows(
        "SELECT store_id, activates_ms, version FROM timeline_entry WHERE status = 'staged'"
        " ORDER BY store_id, activates_ms, version"
    ):
        found[store].append((at_ms, version))
    return dict(found)


def check_books(
    published: Mapping[str, Timeline], edges: Sequence[EdgeSide], weeks: int, findings: Findings
) -> tuple[int, int]:
    """Return how many versions were published, and how many of them every store really sold by or went past.

    A version counts as applied when each store's sales in its time were all priced by it, and the newest one is in
    force on every agent's disk.
    """
    versions = {version for timeline in published.values() for _, version in timeline}
    findings.expect("price_books", len(versions), weeks, "versions published")
    broken = set()
    for edge in edges:
        timeline = published.get(edge.store, [])
        newest = timeline[-1][1] if timeline else 0
        findings.expect("price_books", edge.version_in_force, newest, f"version in force in {edge.store}")
        if edge.version_in_force != newest:
            broken.add(newest)
        broken |= _wrongly_priced(timeline, edge.sales.values(), findings)
    return len(versions), len(versions - broken)


def _wrongly_priced(timeline: Timeline, sales: Iterable[WrittenSale], findings: Findings) -> set[int]:
    """Return the versions by which a sale should have been priced and was not."""
    broken = set()
    instants = [at_ms for at_ms, _ in timeline]
    for sale in sales:
        place = bisect_right(instants, sale.at_ms)
        due = timeline[place - 1][1] if place else 0
        if sale.book_version != due:
            findings.add("price_books", f"sale {sale.id} was priced by {sale.book_version}, {due} was in force")
            broken.add(due)
    return broken
