"""Head office sees what became of messages, why some did not go, and how each channel is set."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cloud.channels.choosing import ChannelSettings
from cloud.channels.models import MemberMessage
from cloud.channels.reading import became, not_sent, ways
from cloud.channels.reasons import WORDS, reason
from cloud.cli import app
from cloud.database import Database
from tests.cloud.calling import call
from tests.cloud.console_data import CLOCK, a_normal_day, console
from tests.factories import new_id

HOUR_MS = 3_600_000


def message(database: Database, state: str, code: str = "", *, channel: str = "sms", hours_ago: int = 1) -> None:
    at_ms = CLOCK.wall_ms() - hours_ago * HOUR_MS
    with database.session() as session:
        session.add(
            MemberMessage(
                id=new_id(), member_id=new_id(), channel=channel, template="card_expires", language="zh", digest=b"d",
                state=state, code=code, tries=1, made_ms=at_ms, next_ms=at_ms, until_ms=at_ms, changed_ms=at_ms,
            )
        )  # fmt: skip


def test_what_did_not_go_is_said_with_what_to_do(database: Database) -> None:
    a_normal_day(database)
    for state, code in (
        ("delivered", ""), ("sent", ""), ("failed", "isv.SMS_TEMPLATE_ILLEGAL"),
        ("failed", "isv.SMS_TEMPLATE_ILLEGAL"), ("failed", "isv.SOMETHING_NEW"), ("failed", "member_closed"),
        ("unknown", "no_answer TimeoutError"), ("queued", "not_reached ConnectionRefusedError"),
    ):  # fmt: skip
        message(database, state, code)
    message(database, "failed", "wechat_47003", channel="wechat", hours_ago=30)
    message(database, "failed", "smtp_550", channel="email", hours_ago=24 * 8)
    with database.snapshot() as session:
        assert not_sent(session, CLOCK.wall_ms()) == 3, "of a day, without who has left"
        found = became(session, CLOCK.wall_ms())
    assert (found.of("failed"), found.of("failed", channel="wechat")) == (5, 1)
    assert found.wrong[0].code == "isv.SMS_TEMPLATE_ILLEGAL", "the most first"
    assert "member_closed" not in {one.code for one in found.wrong}
    head_office = console(database)
    page = call(head_office, "GET", "/messages", headers={"Accept-Language": "en"}).text
    for fact in (
        "5 messages of the last 7 days did not go.", "has not approved it", "isv.SMS_TEMPLATE_ILLEGAL",
        "the provider says isv.SOMETHING_NEW", "under fields in the settings", "into a file on the server",
    ):  # fmt: skip
        assert fact in page, fact
    one = call(head_office, "GET", "/messages?code=smtp_550", headers={"Accept-Language": "zh-CN"}).text
    assert "邮件服务器拒收" in one
    assert call(head_office, "GET", "/messages?member=nobody").status_code == 200
    today = call(head_office, "GET", "/", headers={"Accept-Language": "en"}).text
    assert "Messages not sent" in today


def test_texts_without_a_registered_template_are_named() -> None:
    aliyun = {"key_id": "k", "key_secret": "s", "signature": "x", "templates": {"sign_in_code.zh": "SMS_1"}}
    settings = ChannelSettings.model_validate(
        {"sms": "aliyun", "aliyun": aliyun, "wechat": "account", "account": {"app_id": "wx", "app_secret": "s"}}
    )
    found = {one.channel: (one.way, list(one.lacking)) for one in ways(settings)}
    texts = ["card_expires", "points_expire", "coupon_arrived"]
    assert found == {"sms": ("aliyun", texts), "email": ("file", []), "wechat": ("account", texts)}


def test_the_longest_beginning_of_a_code_counts() -> None:
    assert reason("") == ("", {})
    assert reason("smtp_550") == (WORDS["smtp_5"], {})
    assert reason("smtp_SSLError") == (WORDS["smtp_"], {})
    assert reason("not_reached status 503") == (WORDS["not_reached"], {})
    assert reason("isv.NEW") == ("the provider says {code}", {"code": "isv.NEW"})


@pytest.mark.parametrize(("sms", "to", "said"), [("file", "13800138000", "took it"), ("off", "13800138000", "is off"),
                                                 ("file", "12", "phone")])  # fmt: skip
def test_a_channel_is_tried_from_the_command_line(tmp_path: Path, sms: str, to: str, said: str) -> None:
    config = tmp_path / "storewire.toml"
    config.write_text(f'data_dir = "{tmp_path}/data"\n[channels]\nsms = "{sms}"\n')
    run = CliRunner()
    assert run.invoke(app, ["--config", str(config), "init"]).exit_code == 0
    done = run.invoke(app, ["--config", str(config), "messages", "try", "sms", to])
    assert said in done.output
    assert (done.exit_code == 0) == (said == "took it")
    if done.exit_code == 0:
        (line,) = (tmp_path / "data" / "messages" / "sms.jsonl").read_text().splitlines()
        assert json.loads(line)["to"] == "+8613800138000"
    assert f"sms: {sms}" in run.invoke(app, ["--config", str(config), "messages", "channels"]).output
