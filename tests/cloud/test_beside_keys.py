"""Keys of tills that are not ours, in the wrong hands: another store's business, numbers tried one after the other."""

from __future__ import annotations

from typing import Any

from cloud.database import Database
from tests.cloud.members_data import CARD, join, open_chain
from tests.cloud.test_beside import PHONE, code, till


def test_p6_a_key_for_one_store_does_nothing_in_the_name_of_another(sqlite_database: Database) -> None:
    open_chain(sqlite_database)
    ann, ask = join(sqlite_database, [CARD], home_store="s001"), till(sqlite_database, stores=("s001",))
    asked: dict[str, dict[str, Any]] = {
        "quote": {"member": str(ann), "minor": 100}, "earn": {"member": str(ann), "minor": 100},
        "spend": {"member": str(ann), "points": 1}, "coupon": {"code": "ABCD"}, "reverse": {"of": "k-earn"},
    }  # fmt: skip
    for path, body in asked.items():
        assert code(ask(path, {**body, "store": "s002"}, f"k-{path}")) == (403, "store_not_yours"), path
    assert ask("earn", {**asked["earn"], "store": "s001"}, "k-earn").json()["points"] == 1, "the id is still free"


def test_p7_a_key_that_tries_numbers_is_slowed(sqlite_database: Database) -> None:
    open_chain(sqlite_database)
    join(sqlite_database, [CARD], fields={"phone": PHONE})
    ask = till(sqlite_database)
    for n in range(3):
        assert ask("identify", {"card": CARD}).status_code == 200, "members cost nothing"
        assert ask("identify", {"phone": f"1380013900{n}"}).status_code == 404
    assert code(ask("identify", {"phone": PHONE})) == (429, "too_many"), "a member's number tells nothing either"
    assert till(sqlite_database, name="maker-y")("identify", {"phone": PHONE}).status_code == 200
