"""The audit log speaks to people: no act that the product records lacks words, and no actor shows as a code."""

from __future__ import annotations

import re
from pathlib import Path

import cloud
from cloud import audit
from cloud.audit import words as audit_words
from cloud.database import Database
from tests.cloud.console_data import console
from tests.cloud.visiting import Visitor
from tests.factories import START_MS

FAMILIES = {code.partition(".")[0] for code in audit_words.ACTION}
NO_ACTS = {
    "agent.id", "keys.layout", "member.id", "picture.hash", "staff.code", "store.id", "till.id", "till.store_id",
    "run.json", "ca.crt",
}  # fmt: skip
"""Columns, settings and files that look like an act."""


def written() -> set[str]:
    """Every text in the product that could be an act: a family of acts, a point, a name."""
    found: set[str] = set()
    for path in Path(cloud.__file__).parent.rglob("*.py"):
        if "migrations" not in path.parts and path.name != "audit_words.py":
            found |= set(re.findall(r'"([a-z]+(?:\.[a-z_]+)+)"', path.read_text(encoding="utf-8")))
    return {code for code in found if code.partition(".")[0] in FAMILIES} - NO_ACTS


def recorded() -> set[str]:
    """Every text that stands as the action of a record, whatever its family."""
    found: set[str] = set()
    for path in Path(cloud.__file__).parent.rglob("*.py"):
        found |= set(re.findall(r'action="([a-z_.]+)"', path.read_text(encoding="utf-8")))
    return found


def test_no_act_lacks_words() -> None:
    assert recorded()
    assert (written() | recorded()) - set(audit_words.ACTION) == set()


def test_the_log_shows_words_in_the_readers_language(sqlite_database: Database) -> None:
    with sqlite_database.session() as session:
        for who in ("person:admin", "token:demo"):
            audit.record(session, at_ms=START_MS, actor=who, action="loyalty.change_draft", subject="tiers")
    app = console(sqlite_database)
    for language, told in (
        ("en", ("sign-in admin", "token demo", "Draft of tiers or earning changed")),
        ("zh", ("登录名 admin", "令牌 demo", "修改等级或积分草稿")),
    ):
        page = Visitor(app, language).get("/audit?actor=").text
        assert all(word in page for word in told), language
        assert "person:admin" not in page
    assert "token demo" not in Visitor(app, "en").get("/audit?actor=admin").text, "found by the name as it is shown"


SALE = "01a20393-d1e5-728a-8041-c821cad3b147"
SAID = (
    ("prices.publish", "version 53", "Week 53; 3 stores", 'href="/prices">price book 53', "Week 53; 3 stores",
     'href="/prices">价格册 53', "Week 53；3 家门店"),
    ("prices.write", SALE, "rows written: 3; rows taken out: 1", f'href="/prices/changes/{SALE}">price change cad3b147',
     "3 rows written, 1 taken out", "调价单 cad3b147", "写入 3 行，移除 1 行"),
    ("promotions.push", SALE, "Spring; all", f'href="/promotions/{SALE}">promotion cad3b147', "Spring; all stores",
     "促销 cad3b147", "Spring；全部门店"),
    ("member.segment", "parents", "4 came, 0 went", 'open=parents">segment parents', "4 came, 0 went",
     "人群 parents", "加入 4 人，移出 0 人"),
    ("member.rule", "entry 2", "{}", "who may join, version 2", "{}", "入会条件，第 2 版", "{}"),
    ("coupons.give", "batch welcome-back", "3 coupons", 'href="/coupons/welcome-back">batch', "3 coupons",
     "批次 welcome-back", "3 张券"),
    ("member.block", SALE, "buy", f'href="/members/{SALE}">member cad3b147', "buy", "会员 cad3b147", "buy"),
    ("person.add", "bo", "marketer", "bo", "Marketer", "bo", "营销"),
    ("gift.stock", "gift shopping-bag", "s367 +20, 20 left", "gift shopping-bag", "store s367: +20, 20 left",
     "礼品 shopping-bag", "门店 s367：+20，剩余 20"),
)  # fmt: skip


def test_subjects_and_details_are_said_and_lead_there(sqlite_database: Database) -> None:
    with sqlite_database.session() as session:
        for action, subject, detail, *_ in SAID:
            audit.record(session, at_ms=START_MS, actor="cli:x", action=action, subject=subject, detail=detail)
    app = console(sqlite_database)
    english, chinese = (Visitor(app, language).get("/audit").text for language in ("en", "zh"))
    for _, _, _, subject_en, detail_en, subject_zh, detail_zh in SAID:
        for page, facts in ((english, (subject_en, detail_en)), (chinese, (subject_zh, detail_zh))):
            for fact in facts:
                assert fact in page, fact
    for code in (f">{SALE}", "version 53<", "came, 0 went<"):
        assert code not in chinese
