"""Bytes a sale costs on the wire, on real baskets: in batches of 100 and alone, against plain zstd of the same JSON."""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Sequence

import msgspec
import zstandard

from benchmarks.rig.figures import report
from benchmarks.rig.real_sales import real_sales
from shared.hashchain import GENESIS, link_all
from shared.ids import uuid7
from shared.wire.events import encode_event
from shared.wire.messages import Batch, encode_message


def batch_bytes(store: str, events: Sequence[bytes], previous: bytes, first: int) -> int:
    """Return the size of one published batch."""
    some_id = uuid7(1_700_000_000_000 + first, first * 7919)
    message = Batch(
        id=some_id,
        agent=store,
        connection=uuid7(1_700_000_000_000, 1),
        epoch=uuid7(1_690_000_000_000, 2),
        at_ms=1_500_000_000_000 + first,
        sent_ms=1_700_000_000_000 + first,
        first=first,
        previous=previous,
        events=[msgspec.Raw(event) for event in events],
    )
    return len(encode_message(message))


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sales", type=int, default=5000)
    options = parser.parse_args()
    by_store: dict[str, list[tuple[bytes, int]]] = defaultdict(list)
    for one in real_sales(stores=5, baskets=options.sales):
        by_store[one.store].append((encode_event(one.sale), len(one.sale.lines)))
    batched, sales, lines, singles, ten_lines, plain = 0, 0, 0, 0, [0, 0], 0
    for store, events in by_store.items():
        head = GENESIS
        for start in range(0, len(events) - 99, 100):
            chunk = [content for content, _ in events[start : start + 100]]
            batched += batch_bytes(store, chunk, head, start + 1)
            plain += len(zstandard.ZstdCompressor(level=3).compress(b"[" + b",".join(chunk) + b"]"))
            sales, lines = sales + 100, lines + sum(count for _, count in events[start : start + 100])
            head = link_all(head, chunk)
        for content, count in events[:200]:
            size = batch_bytes(store, [content], head, 1)
            singles += size
            if count == 10:
                ten_lines = [ten_lines[0] + size, ten_lines[1] + 1]
    if not sales:
        raise SystemExit("No store sold a batch of 100: ask for more with --sales (1000 are enough).")
    alone = sum(min(200, len(events)) for events in by_store.values())
    report(
        "wire_bytes",
        "160 B a sale in batches of 100; 400 B single",
        batch_of_100_bytes_per_sale=round(batched / sales, 1),
        lines_per_sale=round(lines / sales, 2),
        batch_of_100_bytes_per_10_lines=round(10 * batched / lines, 1),
        single_bytes=round(singles / alone, 1),
        single_10_line_bytes=round(ten_lines[0] / max(1, ten_lines[1]), 1),
        compared_with={"plain zstd-3 of the same events, no envelope, bytes per sale": round(plain / sales, 1)},
    )


if __name__ == "__main__":
    main()
