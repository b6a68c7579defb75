"""The device's identity and settings: made here, kept to this user, refused when wrong, in words."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from typer.testing import CliRunner

from edge_agent.cli import app
from edge_agent.configuration import SettingsRefused, load
from edge_agent.disk.state_lock import StateInUse, StateLock, is_running
from edge_agent.hq import identity
from edge_agent.hq.enrol import EnrolmentRefused, enrol
from edge_agent.hq.identity import IdentityMissing, Renewal
from tests.edge.agents import enrolled, self_signed
from tests.edge.hq import SEALING_PUBLIC, TRUSTED
from tests.factories import AGENT

CODE = "abcdefghijklmnop234567.0123456789abcdef0123456789abcdef"


def test_key_is_made_once_and_only_this_user_reads_it(tmp_path: Path) -> None:
    key = identity.make_key(tmp_path)
    assert identity.make_key(tmp_path).private_numbers() == key.private_numbers()
    who = enrolled(tmp_path)
    assert {path.stat().st_mode & 0o077 for path in who.directory.iterdir()} == {0}
    assert who.directory.stat().st_mode & 0o077 == 0
    assert identity.load(tmp_path).enrolment == who.enrolment
    request = x509.load_pem_x509_csr(who.request().encode())
    assert request.is_signature_valid
    assert request.public_key() == key.public_key()


def test_renewal_keeps_key_and_refuses_a_strangers_certificate(tmp_path: Path) -> None:
    who = enrolled(tmp_path)
    fresh = Renewal(
        certificate=self_signed(identity.make_key(tmp_path), days=400),
        ca="new ca",
        brokers=["mqtts://b:1"],
        signing_keys=TRUSTED,
        sealing_key=SEALING_PUBLIC,
    )
    renewed = who.renewed(fresh)
    assert renewed.not_after_ms > who.not_after_ms
    assert identity.load(tmp_path).enrolment.brokers == ["mqtts://b:1"]
    stranger = msgspec.structs.replace(fresh, certificate=self_signed(identity.make_key(tmp_path / "other")))
    with pytest.raises(ValueError, match="not for this agent's key"):
        renewed.renewed(stranger)


def test_renewal_is_due_in_the_last_third(tmp_path: Path) -> None:
    who = enrolled(tmp_path)
    day_ms = 86_400_000
    assert not who.renewal_due(who.not_after_ms - 31 * day_ms)
    assert who.renewal_due(who.not_after_ms - 30 * day_ms)


def test_missing_and_damaged_identity_are_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(IdentityMissing, match="enroll"):
        identity.load(tmp_path)
    (enrolled(tmp_path).directory / "enrolment.json").write_text("{}")
    with pytest.raises(IdentityMissing, match="damaged"):
        identity.load(tmp_path)


def test_signing_key_must_bear_its_own_name(tmp_path: Path) -> None:
    who = enrolled(tmp_path)
    with pytest.raises(ValueError, match="not the key of that name"):
        msgspec.structs.replace(who.enrolment, signing_keys={"0" * 16: bytes(32)}).__post_init__()


@pytest.mark.parametrize(
    ("cloud", "code", "words"),
    [
        ("https://127.0.0.1:1", "short", "claim code looks like"),
        ("http://127.0.0.1:1", CODE, "starts with https"),
        ("https://127.0.0.1:1", CODE, "cannot be reached"),
    ],
)
def test_enrolment_says_what_is_wrong(tmp_path: Path, cloud: str, code: str, words: str) -> None:
    with pytest.raises(EnrolmentRefused, match=words):
        enrol(tmp_path, cloud, code)


def test_second_enrolment_is_refused(tmp_path: Path) -> None:
    enrolled(tmp_path)
    with pytest.raises(EnrolmentRefused, match=f"already belongs to agent {AGENT}"):
        enrol(tmp_path, "https://127.0.0.1:1", CODE)


def test_settings_come_from_file_and_environment_and_unknown_ones_refuse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "edge.toml").write_text('link = "mqtt"\nheartbeat_seconds = 5.0\n')
    monkeypatch.setenv("STOREWIRE_EDGE_LINK", "https")
    found = load(tmp_path)
    assert (found.link, found.heartbeat_seconds, found.state_dir) == ("https", 5.0, tmp_path)
    for wrong, words in (("typo = 1", "'typo'"), ("heartbeat_seconds = 0", "heartbeat_seconds"), ("=", "edge.toml")):
        (tmp_path / "edge.toml").write_text(wrong)
        with pytest.raises(SettingsRefused, match=words):
            load(tmp_path)


def test_one_process_per_state_directory(tmp_path: Path) -> None:
    assert not is_running(tmp_path / "nowhere")
    with StateLock(tmp_path):
        assert is_running(tmp_path)
        with pytest.raises(StateInUse), StateLock(tmp_path):
            pass
    assert not is_running(tmp_path)


@pytest.mark.parametrize("command", ["run", "status"])
def test_commands_speak_plainly_before_enrolment(tmp_path: Path, command: str) -> None:
    result = CliRunner().invoke(app, [command, "--state", str(tmp_path)])
    assert result.exit_code == 1
    assert "no agent is enrolled" in result.output
    assert "Traceback" not in result.output


def test_status_and_doctor_of_an_enrolled_agent_that_never_ran(tmp_path: Path) -> None:
    enrolled(tmp_path)
    result = CliRunner().invoke(app, ["status", "--state", str(tmp_path)])
    assert result.exit_code == 0
    assert "none yet: the agent has never run" in result.output
    result = CliRunner().invoke(app, ["doctor", "--state", str(tmp_path)])
    assert result.exit_code == 1
    assert "selling goes on without it" in result.output
