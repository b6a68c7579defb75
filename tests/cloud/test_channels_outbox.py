"""The outbox of messages: once for each id, within limits, tried again, and forgotten as soon as can be."""

from __future__ import annotations

import json
import stat
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

import pytest

from cloud.channels.choosing import ChannelSettings, channels_of
from cloud.channels.files import KEPT_S
from cloud.channels.models import MemberMessage
from cloud.channels.outbox import DAY_MS, Ask, forget, queue
from cloud.channels.ports import Channel, ChannelName, Delivery, Message, Outcome, later, refused, sent, unclear
from cloud.channels.sending import KEPT_MS, MOST_TRIES, REPORT_PAUSES_MS, Sender
from cloud.channels.texts import TEMPLATES, words
from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.errors import Conflict, Invalid, Refused
from cloud.member_lifecycle.leaving import erase
from cloud.members import consent
from tests.cloud.members_data import everything_stored, join, mint, open_chain, vault
from tests.factories import DrivenMachineClock, new_id

PHONE = "+8613800138000"
CODE = "483920"


class Told:
    """A channel that says what it was told to say, in turn, and then that all was well."""

    def __init__(self, *outcomes: Outcome, reports: tuple[Outcome, ...] = ()) -> None:
        self.outcomes, self.reports = list(outcomes), list(reports)
        self.messages: list[Message] = []

    def send(self, message: Message) -> Outcome:
        self.messages.append(message)
        return self.outcomes.pop(0) if self.outcomes else sent("r1", reports=bool(self.reports))

    def ask(self, message: Message, reference: str, sent_ms: int) -> Outcome:
        assert reference == "r1"
        return self.reports.pop(0) if self.reports else sent(reference)


def asked(clock: DrivenMachineClock, **changes: object) -> Ask:
    facts: dict[str, object] = {
        "id": new_id(), "channel": ChannelName.SMS, "template": "sign_in_code", "language": "zh",
        "recipient": PHONE, "parameters": {"code": CODE, "minutes": "5"}, "until_ms": clock.wall_ms() + DAY_MS,
    }  # fmt: skip
    return Ask(**{**facts, **changes})  # type: ignore[arg-type]


def put(database: Database, clock: DrivenMachineClock, ask: Ask) -> Delivery:
    with database.session() as session:
        return queue(session, vault(), ask, now_ms=clock.wall_ms())


def row(database: Database, message: UUID) -> MemberMessage:
    with database.snapshot() as session:
        found = session.get_one(MemberMessage, message)
        session.expunge(found)
        return found


def sender(database: Database, clock: DrivenMachineClock, channel: Channel) -> Sender:
    return Sender(database, vault(), clock, {ChannelName.SMS: channel, ChannelName.EMAIL: channel})


def test_a_message_is_sent_once_however_often_it_is_asked_for(database: Database, clock: DrivenMachineClock) -> None:
    ask, channel = asked(clock), Told()
    assert put(database, clock, ask) is Delivery.QUEUED
    assert put(database, clock, ask) is Delivery.QUEUED
    send = sender(database, clock, channel)
    send()
    send()
    assert [(one.recipient, dict(one.parameters)) for one in channel.messages] == [
        (PHONE, {"code": CODE, "minutes": "5"})
    ]
    assert put(database, clock, ask) is Delivery.SENT
    with pytest.raises(Conflict):
        put(database, clock, asked(clock, id=ask.id, parameters={"code": "111111", "minutes": "5"}))


def test_p7_nothing_personal_stands_open_and_after_delivery_it_is_gone(
    database: Database, clock: DrivenMachineClock
) -> None:
    ask = asked(clock)
    put(database, clock, ask)
    stored = everything_stored(database)
    assert PHONE.encode() not in stored
    assert CODE.encode() not in stored
    assert row(database, ask.id).personal is not None
    sender(database, clock, Told())()
    after = row(database, ask.id)
    assert (after.state, after.personal) == (Delivery.SENT, None)
    assert after.recipient_index is not None, "counted for a day"
    clock.advance(DAY_MS + 1)
    sender(database, clock, Told())()
    assert row(database, ask.id).recipient_index is None
    clock.advance(KEPT_MS)
    sender(database, clock, Told())()
    with database.snapshot() as session:
        assert session.get(MemberMessage, ask.id) is None


@pytest.mark.parametrize(
    ("outcome", "state", "personal_kept"),
    [
        (sent("r1"), Delivery.SENT, False),
        (sent("r1", reports=True), Delivery.SENT, True),
        (refused("isv.MOBILE_NUMBER_ILLEGAL"), Delivery.FAILED, False),
        (later("not_reached"), Delivery.QUEUED, True),
        (unclear("no_answer"), Delivery.UNKNOWN, False),
    ],
)
def test_a_state_says_what_is_known_and_no_more(
    sqlite_database: Database, clock: DrivenMachineClock, outcome: Outcome, state: Delivery, personal_kept: bool
) -> None:
    ask = asked(clock)
    put(sqlite_database, clock, ask)
    sender(sqlite_database, clock, Told(outcome))()
    found = row(sqlite_database, ask.id)
    assert (found.state, found.personal is not None) == (state, personal_kept)
    assert found.code == outcome.code


def test_what_certainly_did_not_go_is_tried_again_after_growing_pauses_and_then_given_up(
    sqlite_database: Database, clock: DrivenMachineClock
) -> None:
    ask, channel = asked(clock), Told(*[later("busy")] * 20)
    put(sqlite_database, clock, ask)
    send, pauses = sender(sqlite_database, clock, channel), []
    for _ in range(MOST_TRIES):
        send()
        found = row(sqlite_database, ask.id)
        if found.state == Delivery.QUEUED:
            pauses.append(found.next_ms - clock.wall_ms())
            send()
            assert len(channel.messages) == len(pauses), "not before its time"
            clock.advance(pauses[-1])
    assert pauses == sorted(pauses)
    assert pauses[0] >= 5_000
    assert (row(sqlite_database, ask.id).state, len(channel.messages)) == (Delivery.FAILED, MOST_TRIES)


def test_what_may_have_gone_is_never_sent_again(sqlite_database: Database, clock: DrivenMachineClock) -> None:
    class Dies(Told):
        def send(self, message: Message) -> Outcome:
            self.messages.append(message)
            raise KeyboardInterrupt

    ask, channel = asked(clock), Dies()
    put(sqlite_database, clock, ask)
    with pytest.raises(KeyboardInterrupt):
        sender(sqlite_database, clock, channel)()
    assert (row(sqlite_database, ask.id).state, row(sqlite_database, ask.id).code) == (Delivery.UNKNOWN, "interrupted")
    clock.advance(DAY_MS)
    after = Told()
    sender(sqlite_database, clock, after)()
    assert after.messages == []
    assert row(sqlite_database, ask.id).personal is None


def test_a_code_that_comes_too_late_is_not_sent(sqlite_database: Database, clock: DrivenMachineClock) -> None:
    ask, channel = asked(clock, until_ms=clock.wall_ms() + 300_000), Told()
    put(sqlite_database, clock, ask)
    clock.advance(300_000)
    sender(sqlite_database, clock, channel)()
    assert channel.messages == []
    assert (row(sqlite_database, ask.id).state, row(sqlite_database, ask.id).code) == (Delivery.FAILED, "too_late")


@pytest.mark.parametrize(
    ("report", "state"),
    [(Outcome(state=Delivery.DELIVERED), Delivery.DELIVERED), (refused("DELIVRD_FAIL"), Delivery.FAILED)],
)
def test_a_provider_that_reports_is_asked_until_it_knows(
    sqlite_database: Database, clock: DrivenMachineClock, report: Outcome, state: Delivery
) -> None:
    ask, channel = asked(clock), Told(reports=(sent("r1"), report))
    put(sqlite_database, clock, ask)
    send = sender(sqlite_database, clock, channel)
    send()
    assert row(sqlite_database, ask.id).state == Delivery.SENT
    for pause in REPORT_PAUSES_MS[:2]:
        clock.advance(pause)
        send()
    assert (row(sqlite_database, ask.id).state, row(sqlite_database, ask.id).personal) == (state, None)


def test_a_provider_that_never_knows_leaves_it_at_sent(sqlite_database: Database, clock: DrivenMachineClock) -> None:
    ask, channel = asked(clock), Told(reports=(sent("r1"),) * 10)
    put(sqlite_database, clock, ask)
    send = sender(sqlite_database, clock, channel)
    for _ in range(10):
        send()
        clock.advance(DAY_MS)
    assert (row(sqlite_database, ask.id).state, row(sqlite_database, ask.id).personal) == (Delivery.SENT, None)


def test_one_number_gets_only_so_many_codes(database: Database, clock: DrivenMachineClock) -> None:
    def again(recipient: str = PHONE) -> None:
        put(database, clock, asked(clock, recipient=recipient))

    again()
    with pytest.raises(Refused, match="had 1 messages") as refusal:
        again()
    assert refusal.value.code == "message_limit"
    again("+8613900139000")
    for _ in range(4):
        clock.advance(61_000)
        again()
    clock.advance(61_000)
    with pytest.raises(Refused, match="had 5 messages"):
        again()


def test_marketing_needs_a_consent_when_asked_for_and_when_sent(
    sqlite_database: Database, clock: DrivenMachineClock
) -> None:
    open_chain(sqlite_database)
    member, channel = join(sqlite_database), Told()
    ask = asked(clock, member=member, template="coupon_arrived", parameters={"title": "满 100 减 15", "day": "5-31"})
    with pytest.raises(Refused) as refusal:
        put(sqlite_database, clock, ask)
    assert refusal.value.code == "no_consent"
    facts = {"actor": "test", "now_ms": clock.wall_ms()}
    with sqlite_database.session() as session:
        consent.give(session, member, "sms", version="1", source="test", **facts)  # type: ignore[arg-type]
    put(sqlite_database, clock, ask)
    with sqlite_database.session() as session:
        consent.withdraw(session, member, "sms", **facts)  # type: ignore[arg-type]
    sender(sqlite_database, clock, channel)()
    assert channel.messages == []
    assert row(sqlite_database, ask.id).code == "no_consent"


def test_who_left_gets_nothing_more(sqlite_database: Database, clock: DrivenMachineClock) -> None:
    open_chain(sqlite_database)
    member, channel = join(sqlite_database), Told()
    ask = asked(clock, member=member)
    put(sqlite_database, clock, ask)
    with sqlite_database.session() as session:
        now_ms = clock.wall_ms()
        erase(session, mint, member, confirm=str(member), reason="x", actor="test",
              commit_no=open_commit(session, now_ms), now_ms=now_ms)  # fmt: skip
    sender(sqlite_database, clock, channel)()
    assert channel.messages == []
    with sqlite_database.session() as session:
        forget(session, member)
        assert session.get(MemberMessage, ask.id) is None


@pytest.mark.parametrize(
    ("template", "parameters"),
    [
        ("nothing", {}),
        ("sign_in_code", {"code": "1"}),
        ("sign_in_code", {"code": "1", "minutes": "5", "more": "x"}),
        ("sign_in_code", {"code": "", "minutes": "5"}),
        ("sign_in_code", {"code": "1\n2", "minutes": "5"}),
        ("sign_in_code", {"code": "x" * 101, "minutes": "5"}),
    ],
)
def test_a_message_is_exactly_its_template(
    sqlite_database: Database, clock: DrivenMachineClock, template: str, parameters: Mapping[str, str]
) -> None:
    with pytest.raises(Invalid):
        put(sqlite_database, clock, asked(clock, template=template, parameters=parameters))


def test_every_template_says_the_same_in_both_languages() -> None:
    for name, one in TEMPLATES.items():
        values = {parameter: f"<{parameter}>" for parameter in one.parameters}
        for language in ("en", "zh"):
            subject, text = words(name, language, values)
            assert subject, name
            assert all(value in text for value in values.values()), (name, language)


def test_as_shipped_messages_go_to_a_file_of_the_owners(
    sqlite_database: Database, clock: DrivenMachineClock, tmp_path: Path
) -> None:
    channels = channels_of(ChannelSettings(), tmp_path / "messages", clock)
    ask = asked(clock)
    put(sqlite_database, clock, ask)
    Sender(sqlite_database, vault(), clock, channels)()
    path = tmp_path / "messages" / "sms.jsonl"
    assert f"您的验证码是 {CODE}" in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert row(sqlite_database, ask.id).state == Delivery.SENT
    path.with_suffix(".old").write_text(path.read_text())
    clock.advance((KEPT_S + 1) * 1000)
    again = asked(clock)
    put(sqlite_database, clock, again)
    Sender(sqlite_database, vault(), clock, channels)()
    lines = path.read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == [str(again.id)], "who leaves does not stand there for good"
    assert (stat.S_IMODE(path.stat().st_mode), path.with_suffix(".old").read_text()) == (0o600, "")


def test_the_console_shows_a_message(
    clock: DrivenMachineClock, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    channels = channels_of(ChannelSettings(sms="console", email="off"), tmp_path, clock)
    assert set(channels) == {ChannelName.SMS, ChannelName.WECHAT}
    facts = {"template": "sign_in_code", "language": "en", "parameters": {"code": CODE, "minutes": "5"}}
    message = Message(id=new_id(), channel=ChannelName.SMS, recipient=PHONE, **facts)  # type: ignore[arg-type]
    assert channels[ChannelName.SMS].send(message).state is Delivery.SENT
    assert f"Your code is {CODE}" in capsys.readouterr().out


def test_a_channel_that_is_off_says_so(sqlite_database: Database, clock: DrivenMachineClock) -> None:
    ask = asked(clock, channel=ChannelName.WECHAT)
    put(sqlite_database, clock, ask)
    sender(sqlite_database, clock, Told())()
    assert row(sqlite_database, ask.id).code == "channel_off"


def test_a_way_without_its_settings_is_refused() -> None:
    with pytest.raises(ValueError, match=r"channels\.aliyun"):
        ChannelSettings(sms="aliyun")
