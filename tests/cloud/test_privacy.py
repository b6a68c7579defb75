"""HQ's keys at work: fields that open only in their place, keys that rotate, hashes that find."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import LargeBinary
from sqlmodel import Session, select

import cloud.models  # noqa: F401 - every table there is
from cloud.channels import outbox
from cloud.channels.models import MemberMessage
from cloud.database import Database, Table
from cloud.database.sweeping import sweep
from cloud.errors import Invalid
from cloud.fleet import card_keys
from cloud.fleet.models import Agent
from cloud.identity import keys
from cloud.member_import import uploads
from cloud.member_import.models import OpeningUpload
from cloud.member_lifecycle import rotation
from cloud.member_page import codes, following
from cloud.member_page.models import MemberSignIn
from cloud.members import enrolling
from cloud.members.cards import number_context
from cloud.members.models import Card
from cloud.members.profile import checked
from cloud.privacy import CannotOpen, Vault, normal
from cloud.rewards.drawing import seed_context
from cloud.rewards.models import Draw
from shared.sealing import seal
from tests.cloud.members_data import (
    CARD,
    OTHER_CARD,
    everything_stored,
    join,
    make_keys,
    open_chain,
    shown,
    take,
    vault,
)
from tests.factories import START_MS, make_sale, new_id


def test_p7_a_field_opens_only_in_its_own_place() -> None:
    content = vault().encrypt("李小明", "member/1/name")
    assert "李小明".encode() not in content
    assert vault().decrypt(content, "member/1/name") == "李小明"
    assert content != vault().encrypt("李小明", "member/1/name")
    for wrong in (
        lambda: vault().decrypt(content, "member/2/name"),
        lambda: vault().decrypt(content[:-1] + bytes([content[-1] ^ 1]), "member/1/name"),
        lambda: vault().decrypt(b"\x02" + content[1:], "member/1/name"),
        lambda: vault().decrypt(content[:5], "member/1/name"),
        lambda: vault().decrypt(b"", "member/1/name"),
    ):
        with pytest.raises(CannotOpen) as refused:
            wrong()
        assert "李" not in str(refused.value)


def test_keys_rotate_and_what_they_closed_still_opens(tmp_path: Path) -> None:
    old = Vault(keys.create(tmp_path / "keys"))
    field, card = old.encrypt("Ann", "x"), seal(b"8801", old.sealing_public, os.urandom(32))
    keys.rotate(tmp_path / "keys", "fields")
    keys.rotate(tmp_path / "keys", "sealing")
    new = Vault(keys.load(tmp_path / "keys"))
    assert new.sealing_public != old.sealing_public
    assert not field.startswith(new.current_prefix)
    assert new.encrypt("Ann", "x").startswith(new.current_prefix)
    assert (new.decrypt(field, "x"), new.unseal(card)) == ("Ann", "8801")
    assert new.blind_index("card", "8801") == old.blind_index("card", "8801")
    with pytest.raises(CannotOpen):
        old.decrypt(new.encrypt("Ann", "x"), "x")
    with pytest.raises(CannotOpen):
        old.unseal(seal(b"8801", new.sealing_public, os.urandom(32)))


def test_the_rotation_encrypts_everything_anew_and_can_be_interrupted(database: Database, tmp_path: Path) -> None:
    open_chain(database)
    ann = join(database, [CARD], fields={"name": "Ann", "phone": "+442079460000", "email": "a@example.com"})
    take(database, [make_sale(member=shown(OTHER_CARD))])  # a card that nobody has registered
    read = one_of_each_short_lived(database, ann)
    keys.create(tmp_path / "keys")
    old_key = bytes.fromhex(make_keys().fields.current)
    with database.session() as session:
        assert rotation.encrypt_anew(session, vault()) == 0
    ring = vault_after_rotation(tmp_path / "keys")
    steps = []
    while not steps or steps[-1]:
        with database.session() as session:
            steps.append(rotation.encrypt_anew(session, ring, limit=2))
        with database.snapshot() as session:
            assert rotation.left(session, ring) == 12 - sum(steps)
    assert steps == [2] * 6 + [0]
    assert old_key in everything_stored(database) or database.is_postgresql
    sweep(database)
    assert old_key not in everything_stored(database)
    with database.session() as session:
        assert read(session, ring) == SHORT_LIVED
        assert enrolling.fields_of(session, ring, ann)["name"] == "Ann"
        for card in session.exec(select(Card)):
            assert ring.decrypt(card.number, number_context(card.id)) in {CARD, OTHER_CARD}
        for agent in session.exec(select(Agent)):
            assert card_keys.opened(ring, agent.id, agent.card_key) == agent.store_id.encode() * 8


def one_of_each_short_lived(database: Database, member: UUID) -> Callable[[Session, Vault], list[str]]:
    """Write one of whatever is encrypted beside members, cards and agents; return how it is read again."""
    message, attempt, upload = new_id(), new_id(), new_id()
    wechat, message_text, phone, file, seed = SHORT_LIVED
    with database.session() as session:
        following.link(session, vault(), member, wechat, START_MS)
        kept = vault().encrypt(message_text, outbox.context(message))
        session.add(
            MemberMessage(
                id=message,
                channel="sms",
                template="t",
                language="en",
                personal=kept,
                digest=b"",
                state="queued",
                made_ms=1,
                next_ms=1,
                until_ms=1,
                changed_ms=1,
            )
        )
        closed = vault().encrypt(phone, codes.sign_in_context(attempt))
        session.add(
            MemberSignIn(
                id=attempt, token_hash=b"t", phone=closed, phone_index=b"i", language="en", made_ms=1, expires_ms=2
            )
        )
        content = vault().encrypt(file, uploads.upload_context(upload))
        session.add(OpeningUpload(id=upload, name="f", size=1, content=content, asked_by="ann", asked_ms=1))
        sealed = vault().encrypt(seed, seed_context("spring"))
        session.add(
            Draw(id="spring", names="{}", rules="{}", points=1, commitment=b"", sealed=sealed, author="ann", made_ms=1)
        )

    def read(session: Session, ring: Vault) -> list[str]:
        return [
            str(following.openid_of(session, ring, member)),
            ring.decrypt(session.get_one(MemberMessage, message).personal or b"", outbox.context(message)),
            ring.decrypt(session.get_one(MemberSignIn, attempt).phone or b"", codes.sign_in_context(attempt)),
            ring.decrypt(session.get_one(OpeningUpload, upload).content or b"", uploads.upload_context(upload)),
            ring.decrypt(session.get_one(Draw, "spring").sealed, seed_context("spring")),
        ]

    return read


SHORT_LIVED = ["openid-7", '{"to": "+44"}', "+442079460000", "a,file", "00ff"]
NOT_ENCRYPTED = {
    "hashes": {
        "api_token.token_hash", "claim_code.code_hash", "console_session.token_hash", "member_session.token_hash",
        "member_sign_in.token_hash", "member_sign_in.code_hash", "agent.desired_digest", "event.digest",
        "member_message.digest", "member_opening.checksum", "store_member.digest", "prize_draw.commitment",
        "price_body.buckets", "sale.book_manifest", "ledger_seal.head", "audit_link.head", "agent_epoch.head",
        "receipt_number.previous", "receipt_number.head", "receipt_series.previous_head", "card.blind_index",
        "member_field.blind_index", "member_key.blind_index", "member_message.recipient_index",
        "member_sign_in.phone_index", "member_wechat.openid_index", "staff.card",
    },
    "nothing personal": {
        "agent.public_key", "agent.reported", "budgeted_promotion.content", "chain_setting.value", "picture.content",
        "gift_picture.content", "ledger_proof.found", "owed_report.report", "price_row.row", "price_draft_row.row",
        "promotion_preview.row", "promotion_preview.result", "store_manifest.content", "prize_draw.seed",
    },
    "as the till signed it, cards sealed": {"parked_event.content", "parked_event.original"},
}  # fmt: skip
"""Columns of bytes that no field key closes, and why."""


def test_p7_of_every_column_of_bytes_it_is_known_whether_a_rotation_has_to_reach_it() -> None:
    bytes_columns = {
        f"{table.name}.{column.name}"
        for table in Table.metadata.sorted_tables
        for column in table.c
        if isinstance(column.type, LargeBinary)
    }
    rotated = {f"{one.table.name}.{one.column}" for one in rotation.ENCRYPTED}
    assert bytes_columns == rotated.union(*NOT_ENCRYPTED.values()), "say of a new column whether it is encrypted"
    assert not rotated & set().union(*NOT_ENCRYPTED.values())


def test_a_running_process_learns_of_a_new_key(tmp_path: Path) -> None:
    directory = tmp_path / "keys"
    running = Vault(keys.create(directory), again=lambda: keys.load(directory))
    keys.rotate(directory, "fields")
    fresh = Vault(keys.load(directory))
    assert running.decrypt(fresh.encrypt("Ann", "x"), "x") == "Ann"
    assert running.current_prefix == fresh.current_prefix
    with pytest.raises(CannotOpen):
        running.decrypt(Vault(keys.create(tmp_path / "other")).encrypt("Ann", "x"), "x")


def vault_after_rotation(directory: Path) -> Vault:
    """Return the tests' vault with a field key on top, as a rotation leaves it."""
    fresh = keys.rotate(directory, "fields")
    known = make_keys()
    fields = keys.Keyring(fresh.current, {**known.fields.secrets, fresh.current: fresh.secret})
    return Vault(replace(known, fields=fields))


def test_a_blind_index_tells_kinds_and_deployments_apart(tmp_path: Path) -> None:
    other = Vault(keys.create(tmp_path / "keys"))
    assert vault().blind_index("card", "8801") == vault().blind_index("card", "8801")
    assert vault().blind_index("card", "8801") != vault().blind_index("phone", "8801")
    assert vault().blind_index("card", "8801") != other.blind_index("card", "8801")


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("138 0013 8000", "86", "+8613800138000"),
        ("+86-138-0013-8000", "86", "+8613800138000"),
        ("0086 13800138000", "44", "+8613800138000"),
        ("020 7946 0000", "44", "+442079460000"),
        ("（010）8888-8888", "86", "+861088888888"),
        ("１３８００１３８０００", "86", "+8613800138000"),
    ],
)
def test_a_phone_has_one_spelling(text: str, country: str, expected: str) -> None:
    assert normal.phone(text, country) == expected


@given(st.text(alphabet="0123456789+-() ٣３x", max_size=20))
def test_whatever_is_a_phone_is_e164_and_stays_itself(text: str) -> None:
    with suppress(Invalid):
        phone = normal.phone(text)
        assert re.fullmatch(r"\+[1-9][0-9]{6,14}", phone)
        assert normal.phone(phone) == phone


def test_a_refusal_does_not_repeat_what_it_refuses() -> None:
    for refuse in (normal.phone, normal.card):
        with pytest.raises(Invalid) as refused:
            refuse("secret-12-secret!")
        assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "masked"),
    [("李小明", "李**"), ("李", "李*"), ("欧阳娜娜", "欧***"), ("Smith Ann", "S***"), ("Bo", "B*"), ("  ", "")],
)
def test_a_till_shows_a_masked_name(name: str, masked: str) -> None:
    assert normal.masked_name(name) == masked


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("\x1b@\x1bp李", "@p李"),
        ("\x00李明", "李明"),
        ("\u202e李\n\t明 ", "李 明"),
        ("李\u3000明", "李 明"),
        ("\ud800x", "x"),
        ("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e"),
        ("\U0001f468\u200d\U0001f469", "\U0001f468\u200d\U0001f469"),
        ("\ue863", "\ue863"),
    ],
)
def test_a_text_of_a_members_holds_nothing_that_machines_obey(typed: str, kept: str) -> None:
    """No command for a printer, no turn of direction, nothing PostgreSQL refuses; letters of every script stay."""
    assert checked("name", typed) == kept
    assert normal.masked_name(typed).startswith(kept[0])
