"""Finding an item of 100,000 while its name is typed in a price change, on SQLite and on PostgreSQL.

Each keystroke is a question of its own, as the page asks it: a transaction, the text so far, up to twenty items with
their rows. The comparison, in the same run and on the same database: reading every row and looking into it. What is
prepared once a process, and again when the price book's items have changed, is timed apart.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random

import msgspec
from sqlmodel import text

from benchmarks.rig import databases
from benchmarks.rig.books import publish_rows
from benchmarks.rig.figures import latency, now, report, rss_mib
from benchmarks.rig.office import office
from benchmarks.rig.shop import barcode
from cloud.database import Database
from cloud.prices.content import encode_row
from cloud.prices.drafts import DraftRow
from cloud.prices.finding import find_items
from cloud.prices.initials import initials_of
from cloud.prices.rows import effective_rows
from cloud.prices.standing import newest_body
from shared.body import BodyKind
from shared.pricing import Item
from shared.pricing.price_list import Barcode

BUDGET = "p95 50 ms a keystroke at 100,000 items"
_BRANDS = (
    ("Golden Dragon", "金龙鱼"), ("Mengniu", "蒙牛"), ("Yili", "伊利"), ("Bright", "光明"), ("Master Kong", "康师傅"),
    ("Uni-President", "统一"), ("Haitian", "海天"), ("Lee Kum Kee", "李锦记"), ("Nongfu", "农夫山泉"),
    ("Wahaha", "娃哈哈"),
)  # fmt: skip
_GOODS = (
    ("Sunflower Oil", "葵花籽油"), ("Pure Milk", "纯牛奶"), ("Yogurt", "酸奶"), ("Beef Noodles", "红烧牛肉面"),
    ("Soy Sauce", "生抽酱油"), ("Oyster Sauce", "蚝油"), ("Spring Water", "矿泉水"), ("Green Tea", "绿茶"),
    ("Rice", "东北大米"), ("Potato Chips", "薯片"),
)  # fmt: skip
_item = msgspec.json.Decoder(Item)


def item_row(number: int, *, mark: str = "") -> DraftRow:
    """Return the n-th item as a row; a mark makes another name of it."""
    brand, goods = _BRANDS[number % 10], _GOODS[number // 10 % 10]
    size = number // 100
    chinese = f"{brand[1]}{goods[1]}{mark}"
    item = Item(
        item=f"{100_000 + number}",
        names={"en": f"{brand[0]} {goods[0]}{mark} {size} g", "zh": f"{chinese} {size}克"},
        receipt_name=chinese,
        barcodes=[Barcode(barcode(number))],
        category=f"food/{number % 40}",
        brand=brand[0],
        initials=_INITIALS[number % 100] + f"{size}k",
    )
    return DraftRow(BodyKind.ITEMS, "chain", item.item, encode_row(BodyKind.ITEMS, item.item, item))


_INITIALS = [initials_of(_BRANDS[one % 10][1] + _GOODS[one // 10][1]) for one in range(100)]


def typed(items: int, chance: Random) -> dict[str, list[str]]:
    """Return what somebody types to find one item, letter by letter, by the way it is looked for."""
    number = chance.randrange(items)
    brand, goods = _BRANDS[number % 10], _GOODS[number // 10 % 10]
    wholes = {
        "by_number": f"{100_000 + number}",
        "by_barcode": barcode(number),
        "by_name": f"{brand[0]} {goods[0]} {number // 100}",
        "by_part_of_name": f"{goods[0]} {number // 100} g",
        "by_chinese_name": f"{goods[1]} {number // 100}",
        "by_initials": f"{_INITIALS[number % 100]}{number // 100}k",
        "not_there": f"zz{number}",
    }
    return {how: [whole[:end] for end in range(1, len(whole) + 1)] for how, whole in wholes.items()}


def keystrokes(database: Database, items: int, rounds: int) -> dict[str, object]:
    """Time every keystroke of people who look for items at random."""
    chance, taken = Random(7), dict[str, list[float]]()
    for _ in range(rounds):
        for how, texts in typed(items, chance).items():
            for so_far in texts:
                found = timed(taken.setdefault(how, []), lambda so_far=so_far: find(database, so_far))  # type: ignore[misc]
            if bool(found) != (how != "not_there"):
                raise SystemExit(f"{how}: {texts[-1]!r} found {len(found)}")
    every = [seconds for times in taken.values() for seconds in times]
    return {"all": latency(every), **{how: latency(seconds) for how, seconds in taken.items()}}


def find(database: Database, so_far: str) -> list[Item]:
    """Ask as the page does."""
    with database.snapshot() as session:
        return find_items(session, so_far)


def read_every_row(database: Database, so_far: str) -> list[Item]:
    """Look into every row, as anybody would who prepares nothing."""
    with database.snapshot() as session:
        line = newest_body(session, BodyKind.ITEMS, "chain")
        sought = so_far.encode()
        rows = (row for _, _, row in effective_rows(session, line) if sought in row.lower())
        return [_item.decode(row) for row in rows]


def timed(into: list[float], act: Callable[[], list[Item]]) -> list[Item]:
    """Do it, and note what it took."""
    began = now()
    found = act()
    into.append(now() - began)
    return found


def measure(database: Database, items: int, rounds: int) -> dict[str, object]:
    """Publish the items, and time what follows."""
    with database.session() as session:
        publish_rows(session, (item_row(number) for number in range(items)), "Everything")
    with database.session() as session:
        session.execute(text("ANALYZE"))
    whole: list[float] = []
    for _ in range(5):
        timed(whole, lambda: read_every_row(database, "pure milk 77"))
    before, prepared, changed = rss_mib(os.getpid()), list[float](), list[float]()
    timed(prepared, lambda: find(database, ""))
    memory = rss_mib(os.getpid()) - before
    strokes = keystrokes(database, items, rounds)
    with database.session() as session:
        publish_rows(session, (item_row(number, mark=" New") for number in range(0, items, items // 100)), "Some")
    timed(changed, lambda: find(database, "new"))
    return {
        "keystroke": strokes,
        "reading_every_row": latency(whole),
        "prepared_once_ms": round(prepared[0] * 1000),
        "prepared_after_100_items_changed_ms": round(changed[0] * 1000),
        "memory_mib": round(memory, 1),
    }


def _parts(arguments: argparse.Namespace) -> Iterator[tuple[str, object]]:
    yield "items", arguments.items
    with ExitStack() as stack:
        server = stack.enter_context(databases.server(arguments.database))
        url = stack.enter_context(server.database("price_find"))
        for name in ("sqlite", "postgresql"):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            place = url if name == "postgresql" else f"sqlite:///{folder / 'cloud.sqlite'}"
            head = stack.enter_context(office(folder, place))
            head.add_stores(["s1"])
            yield name, measure(head.database, arguments.items, arguments.rounds)
        yield "settings", server.settings()


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=20, help="items looked for in each way")
    databases.add_option(parser)
    report("price_find", BUDGET, **dict(_parts(parser.parse_args())))


if __name__ == "__main__":
    main()
