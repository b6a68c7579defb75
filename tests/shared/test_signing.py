"""HQ's signature: what it covers, whose key counts, and that no other document passes for it."""

from __future__ import annotations

from uuid import UUID

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from shared.signing import SignatureRefused, key_id, open_desired, open_members, sign_desired, sign_members
from shared.wire.desired import DesiredState, MemberStep, SignedDesired, SignedMembers, StoreSettings, Till

HQ, STRANGER = bytes([1]) * 32, bytes([2]) * 32
INCARNATION = UUID(int=7)
DESIRED = DesiredState(
    agent="s001-a",
    incarnation=INCARNATION,
    serial=3,
    settings=StoreSettings(
        store="s001", name="店", legal_entity="e1", time_zone="Asia/Shanghai", currency="CNY", price_zone="z1",
        tills=[Till(till="t1", number=1)],
    ),
    timeline=[],
)  # fmt: skip
STEP = MemberStep(agent="s001-a", incarnation=INCARNATION, base=0, version=1)


def public(private: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


TRUSTED = {key_id(public(HQ)): public(HQ)}


def test_p6_what_hq_signs_opens() -> None:
    assert open_desired(sign_desired(DESIRED, HQ), TRUSTED) == DESIRED
    assert open_members(sign_members(STEP, HQ), TRUSTED) == STEP


def test_p6_a_signature_survives_the_wire() -> None:
    sent = msgspec.json.encode(sign_desired(DESIRED, HQ))
    assert open_desired(msgspec.json.decode(sent, type=SignedDesired), TRUSTED) == DESIRED


def test_p6_a_strangers_key_is_refused_by_name() -> None:
    with pytest.raises(SignatureRefused, match=key_id(public(STRANGER))):
        open_desired(sign_desired(DESIRED, STRANGER), TRUSTED)


def test_p6_a_stranger_who_claims_hqs_key_is_refused() -> None:
    forged = msgspec.structs.replace(sign_desired(DESIRED, STRANGER), key=key_id(public(HQ)))
    with pytest.raises(SignatureRefused, match="does not match"):
        open_desired(forged, TRUSTED)


@given(st.data())
def test_p6_any_changed_byte_is_refused(data: st.DataObject) -> None:
    signed = sign_desired(DESIRED, HQ)
    document = bytearray(bytes(signed.document))
    place = data.draw(st.integers(min_value=0, max_value=len(document) - 1))
    document[place] ^= data.draw(st.integers(min_value=1, max_value=255))
    with pytest.raises(SignatureRefused):
        open_desired(msgspec.structs.replace(signed, document=msgspec.Raw(bytes(document))), TRUSTED)


@given(st.binary(max_size=80))
def test_p6_no_other_bytes_are_a_signature(signature: bytes) -> None:
    with pytest.raises(SignatureRefused):
        open_desired(msgspec.structs.replace(sign_desired(DESIRED, HQ), signature=signature), TRUSTED)


def test_p6_a_signed_step_is_no_signed_desired_state() -> None:
    step = sign_members(STEP, HQ)
    disguised = SignedDesired(document=step.document, key=step.key, signature=step.signature)
    with pytest.raises(SignatureRefused):
        open_desired(disguised, TRUSTED)
    state = sign_desired(DESIRED, HQ)
    with pytest.raises(SignatureRefused):
        open_members(SignedMembers(document=state.document, key=state.key, signature=state.signature), TRUSTED)


def test_p6_a_signed_document_of_the_wrong_shape_is_refused() -> None:
    key = Ed25519PrivateKey.from_private_bytes(HQ)
    document = b'{"agent":1}'
    signed = SignedDesired(
        document=msgspec.Raw(document),
        key=key_id(public(HQ)),
        signature=key.sign(b"storewire SignedDesired 1\n" + document),
    )
    with pytest.raises(SignatureRefused, match="cannot be read"):
        open_desired(signed, TRUSTED)
