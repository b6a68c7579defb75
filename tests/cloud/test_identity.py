"""Keys, certificates, claim codes, tokens: who gets in, and every way in which one does not."""

from __future__ import annotations

import stat
from pathlib import Path

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from sqlmodel import select

from cloud import audit
from cloud.audit.models import AuditEntry
from cloud.database import Database
from cloud.errors import Conflict, Invalid, Refused
from cloud.fleet import agents, card_keys, claims, device_tokens, enrolment
from cloud.fleet.models import Agent, Certificate, ClaimCode
from cloud.identity import ca, keys, tokens
from cloud.identity.ca import Authority, CsrRefused
from cloud.identity.refusals import Unproven
from cloud.org import stores
from cloud.org.models import Store
from cloud.privacy import CannotOpen
from tests.cloud.boxes import device_token, make_csr, make_key
from tests.cloud.members_data import everything_stored, vault

NOW = 1_770_000_000_000
HOUR = 3_600_000


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return ca.create(tmp_path_factory.mktemp("ca") / "keys", NOW)


@pytest.fixture
def store(database: Database) -> str:
    with database.session() as session:
        row = Store(id="s1", name="One", time_zone="Asia/Shanghai", currency="CNY", price_zone="main")
        stores.add_store(session, row, actor="test", now_ms=NOW)
    return "s1"


def _claim(database: Database, agent: str = "a1", hours: int = 1) -> str:
    with database.session() as session:
        return claims.create(
            session, store="s1", agent=agent, fingerprint="f" * 32, actor="it", now_ms=NOW, valid_hours=hours
        )


def _enrol(database: Database, authority: Authority, code: str, csr: str, now_ms: int = NOW) -> enrolment.Enrolled:
    with database.session() as session:
        return enrolment.enrol(session, authority, vault(), code=code, csr=csr, now_ms=now_ms, days=90)


class TestKeys:
    def test_they_are_made_once_and_are_ours_alone(self, tmp_path: Path) -> None:
        made = keys.create(tmp_path / "keys")
        assert keys.load(tmp_path / "keys") == made
        for path in (tmp_path / "keys").iterdir():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
        with pytest.raises(keys.KeysExist):
            keys.create(tmp_path / "keys")

    def test_no_secret_is_ever_in_their_text(self, tmp_path: Path) -> None:
        made = keys.create(tmp_path / "keys")
        assert repr(made.signing.secret) not in repr(made)
        assert "secrets" not in repr(made)

    def test_rotation_keeps_what_closed_older_things(self, tmp_path: Path) -> None:
        before = keys.create(tmp_path / "keys").fields
        after = keys.rotate(tmp_path / "keys", "fields")
        assert after.current != before.current
        assert after.secrets[before.current] == before.secret
        assert keys.load(tmp_path / "keys").fields == after

    @pytest.mark.parametrize(
        ("content", "words"),
        [(None, "no .*signing.json"), (b"{", "damaged"), (b'{"current":"x","secrets":{}}', "damaged")],
    )
    def test_what_is_missing_or_damaged_is_named(self, tmp_path: Path, content: bytes | None, words: str) -> None:
        keys.create(tmp_path)
        (tmp_path / "signing.json").unlink()
        if content is not None:
            (tmp_path / "signing.json").write_bytes(content)
        with pytest.raises(keys.KeysMissing, match=words):
            keys.load(tmp_path)


class TestCertificates:
    def test_an_agent_gets_the_name_we_give_it_and_may_only_be_a_client(self, authority: Authority) -> None:
        issued = authority.sign_agent(make_csr(make_key(), "a2"), "a1", days=90, now_ms=NOW)
        certificate = x509.load_pem_x509_certificate(issued.pem.encode())
        assert certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "a1"
        assert len(certificate.subject) == 1
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert list(names) == [x509.UniformResourceIdentifier("urn:storewire:agent:a1")]
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
        assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        assert issued.not_after_ms == NOW + 90 * 24 * HOUR
        certificate.verify_directly_issued_by(authority.issuing)
        authority.issuing.verify_directly_issued_by(authority.root)

    def test_extensions_of_the_request_are_not_copied(self, authority: Authority) -> None:
        key = make_key()
        request = (
            x509.CertificateSigningRequestBuilder()
            .subject_name(x509.Name([]))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("hq")]), critical=False)
            .sign(key, SHA256())
        )
        pem = request.public_bytes(serialization.Encoding.PEM).decode()
        issued = authority.sign_agent(pem, "a1", days=1, now_ms=NOW)
        certificate = x509.load_pem_x509_certificate(issued.pem.encode())
        assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        assert "hq" not in str(certificate.extensions)

    @pytest.mark.parametrize(
        ("csr", "words"),
        [
            ("", "not PEM"),
            ("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n", "not PEM"),
            ("x" * 9000, "longer than"),
        ],
    )
    def test_a_request_that_is_none_is_refused(self, authority: Authority, csr: str, words: str) -> None:
        with pytest.raises(CsrRefused, match=words):
            authority.sign_agent(csr, "a1", days=90, now_ms=NOW)

    def test_only_p256_is_signed(self, authority: Authority) -> None:
        for key in (rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP384R1())):
            request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, SHA256())
            with pytest.raises(CsrRefused, match="P-256"):
                authority.sign_agent(
                    request.public_bytes(serialization.Encoding.PEM).decode(), "a1", days=90, now_ms=NOW
                )

    def test_a_key_that_the_sender_does_not_hold_is_refused(self, authority: Authority) -> None:
        request = x509.load_pem_x509_csr(make_csr(make_key()).encode())
        der = bytearray(request.public_bytes(serialization.Encoding.DER))
        der[-1] ^= 1
        changed = x509.load_der_x509_csr(bytes(der)).public_bytes(serialization.Encoding.PEM).decode()
        with pytest.raises(CsrRefused, match="not signed by the key"):
            authority.sign_agent(changed, "a1", days=90, now_ms=NOW)

    def test_server_certificates_are_renewed_in_time_and_for_new_hosts(
        self, authority: Authority, tmp_path: Path
    ) -> None:
        day = 24 * HOUR
        assert ca.ensure_server(authority, tmp_path, "api", ["hq.example"], NOW)
        assert not ca.ensure_server(authority, tmp_path, "api", ["hq.example"], NOW + 300 * day)
        assert ca.ensure_server(authority, tmp_path, "api", ["hq.example"], NOW + 380 * day)
        assert ca.ensure_server(authority, tmp_path, "api", ["10.0.0.7"], NOW + 380 * day)


class TestEnrolment:
    def test_a_code_makes_an_agent_once(self, database: Database, store: str, authority: Authority) -> None:
        key, code = make_key(), _claim(database)
        enrolled = _enrol(database, authority, code, make_csr(key))
        assert (enrolled.agent.id, enrolled.agent.store_id, enrolled.agent.status) == ("a1", "s1", "active")
        with pytest.raises(Refused) as caught:
            _enrol(database, authority, code, make_csr(make_key()))
        assert caught.value.code == "claim_used"
        with database.snapshot() as session:
            assert session.exec(select(Certificate.agent_id)).all() == ["a1"]
            assert session.get_one(Agent, "a1").public_key == ca.public_der(key.public_key())

    def test_p7_the_key_for_its_cards_is_told_once_and_kept_encrypted(
        self, database: Database, store: str, authority: Authority
    ) -> None:
        enrolled = _enrol(database, authority, _claim(database), make_csr(make_key()))
        stored = everything_stored(database)
        assert enrolled.card_key not in stored
        assert enrolled.card_key.hex().encode() not in stored
        assert str(enrolled.card_key) not in repr(enrolled)
        with database.snapshot() as session:
            closed = session.get_one(Agent, "a1").card_key
        assert card_keys.opened(vault(), "a1", closed) == enrolled.card_key
        with pytest.raises(CannotOpen):
            card_keys.opened(vault(), "a2", closed)

    def test_only_the_hash_of_a_code_is_kept(self, database: Database, store: str) -> None:
        secret = _claim(database).partition(".")[0]
        with database.snapshot() as session:
            row = session.exec(select(ClaimCode)).one()
        assert secret.encode() not in row.code_hash
        assert len(secret) >= 20

    def test_an_expired_or_unknown_code_is_refused(self, database: Database, store: str, authority: Authority) -> None:
        code = _claim(database)
        for given, now_ms, expected in (
            (code, NOW + HOUR, "claim_expired"),
            ("nonsense." + "f" * 32, NOW, "claim_unknown"),
            ("", NOW, "claim_unknown"),
        ):
            with pytest.raises(Refused) as caught:
                _enrol(database, authority, given, make_csr(make_key()), now_ms)
            assert caught.value.code == expected

    def test_a_bad_request_does_not_use_the_code_up(self, database: Database, store: str, authority: Authority) -> None:
        code = _claim(database)
        with pytest.raises(Invalid, match="not PEM"):
            _enrol(database, authority, code, "nonsense")
        _enrol(database, authority, code, make_csr(make_key()))

    def test_the_stores_former_agent_drains(self, database: Database, store: str, authority: Authority) -> None:
        _enrol(database, authority, _claim(database), make_csr(make_key()))
        _enrol(database, authority, _claim(database, "a2"), make_csr(make_key()))
        with database.snapshot() as session:
            found = {row.id: row.status for row in session.exec(select(Agent))}
        assert found == {"a1": "draining", "a2": "active"}

    def test_an_agent_id_is_never_given_twice(self, database: Database, store: str, authority: Authority) -> None:
        second = _claim(database)
        _enrol(database, authority, _claim(database), make_csr(make_key()))
        with pytest.raises(Conflict):
            _claim(database)
        with pytest.raises(Conflict):
            _enrol(database, authority, second, make_csr(make_key()))

    def test_renewal_takes_a_new_key(self, database: Database, store: str, authority: Authority) -> None:
        _enrol(database, authority, _claim(database), make_csr(make_key()))
        fresh = make_key()
        with database.session() as session:
            agent = agents.find(session, "a1")
            enrolment.renew(session, authority, agent, csr=make_csr(fresh), now_ms=NOW, days=90)
        with database.session() as session:
            assert device_tokens.accept(session, device_token(fresh, "a1", now_s=NOW / 1000), NOW).id == "a1"

    def test_every_privileged_act_is_on_record(self, database: Database, store: str, authority: Authority) -> None:
        _enrol(database, authority, _claim(database), make_csr(make_key()))
        with database.session() as session:
            agents.revoke(session, "a1", actor="it", reason="stolen", now_ms=NOW)
        with database.snapshot() as session:
            entries = {(row.action, row.actor, row.subject, row.reason) for row in audit.latest(session)}
        assert entries >= {
            ("store.add", "test", "s1", ""),
            ("claim.create", "it", "a1", ""),
            ("agent.enrol", "it", "a1", ""),
            ("agent.revoke", "it", "a1", "stolen"),
        }


class TestDeviceTokens:
    @pytest.fixture
    def key(self, database: Database, store: str, authority: Authority) -> ec.EllipticCurvePrivateKey:
        key = make_key()
        _enrol(database, authority, _claim(database), make_csr(key))
        return key

    def _refusal(self, database: Database, token: str, now_ms: int = NOW) -> str:
        with pytest.raises(Unproven) as caught, database.session() as session:
            device_tokens.accept(session, token, now_ms)
        return caught.value.code

    def test_a_token_works_once(self, database: Database, key: ec.EllipticCurvePrivateKey) -> None:
        token = device_token(key, "a1", now_s=NOW / 1000)
        with database.session() as session:
            assert device_tokens.accept(session, token, NOW).id == "a1"
        assert self._refusal(database, token) == "token_replayed"

    def test_many_at_once_are_each_judged_alone_and_a_repeat_in_their_midst_is_one(
        self, database: Database, key: ec.EllipticCurvePrivateKey
    ) -> None:
        now_s = NOW / 1000
        used, other, late = (device_token(key, "a1", now_s=now_s, jti=f"token-00{number}") for number in range(3))
        with database.session() as session:
            device_tokens.accept(session, used, NOW)
        group = [other, used, "nonsense", other, device_token(make_key(), "a1", now_s=now_s), late]
        with database.session() as session:
            found = device_tokens.accept_all(session, group, NOW)
        said = [one.code if isinstance(one, Unproven) else one.id for one in found]
        assert said == ["a1", "token_replayed", "token_invalid", "token_replayed", "token_invalid", "a1"]
        assert self._refusal(database, late) == "token_replayed"

    def test_what_does_not_prove_the_agent_is_refused(
        self, database: Database, key: ec.EllipticCurvePrivateKey
    ) -> None:
        now_s = NOW / 1000
        assert self._refusal(database, device_token(make_key(), "a1", now_s=now_s)) == "token_invalid"
        assert self._refusal(database, device_token(key, "a2", now_s=now_s)) == "token_invalid"
        assert self._refusal(database, device_token(key, "a1", audience="other", now_s=now_s)) == "token_invalid"
        assert self._refusal(database, device_token(key, "a1", jti="short", now_s=now_s)) == "token_invalid"
        assert self._refusal(database, device_token(key, "a1", jti="half \ud800 pair", now_s=now_s)) == "token_invalid"
        assert self._refusal(database, "nonsense") == "token_invalid"

    @pytest.mark.parametrize(
        "claims",
        [
            b'{"sub":"a1","aud":"storewire-cloud","jti":"12345678","exp":NaN}',
            b'{"sub":"a1","aud":"storewire-cloud","jti":"12345678","exp":-1}',
            b'{"sub":"\\u0000","aud":"storewire-cloud","jti":"12345678","exp":1}',
            b'{"sub":"a1","aud":"storewire-cloud","jti":"12345678","exp":1,"x":' + b"[" * 9000 + b"]" * 9000 + b"}",
        ],
        ids=["nan", "past", "nul", "depth"],
    )
    def test_claims_that_no_agent_makes_are_refused_in_words(
        self, database: Database, key: ec.EllipticCurvePrivateKey, claims: bytes
    ) -> None:
        token = jwt.PyJWS().encode(claims, key, algorithm="ES256")
        assert self._refusal(database, token) == "token_invalid"

    def test_life_is_bounded_on_both_sides(self, database: Database, key: ec.EllipticCurvePrivateKey) -> None:
        now_s = NOW / 1000
        assert self._refusal(database, device_token(key, "a1", now_s=now_s, life_s=3600)) == "token_too_long"
        assert self._refusal(database, device_token(key, "a1", now_s=now_s - 120)) == "token_expired"

    def test_a_revoked_agent_is_refused(self, database: Database, key: ec.EllipticCurvePrivateKey) -> None:
        with database.session() as session:
            agents.revoke(session, "a1", actor="it", reason="stolen", now_ms=NOW)
        assert self._refusal(database, device_token(key, "a1", now_s=NOW / 1000)) == "agent_revoked"

    def test_ids_are_forgotten_once_they_cannot_come_back(
        self, database: Database, key: ec.EllipticCurvePrivateKey
    ) -> None:
        token = device_token(key, "a1", now_s=NOW / 1000)
        with database.session() as session:
            device_tokens.accept(session, token, NOW)
            assert device_tokens.forget_expired(session, NOW + 60_000) == 0
            assert device_tokens.forget_expired(session, NOW + 180_000) == 1
        assert self._refusal(database, token, NOW + 180_000) == "token_expired"


class TestApiTokens:
    def _make(self, database: Database, *scopes: str) -> str:
        with database.session() as session:
            return tokens.create(session, name="ci", scopes=list(scopes), days=1, actor="it", now_ms=NOW)

    def test_scopes_widen_as_they_say(self, database: Database) -> None:
        with database.session() as session:
            holder = tokens.accept(session, self._stored(session), NOW)
        assert holder.may("prices:read")
        assert holder.may("prices:write")
        assert not holder.may("members:read")

    def _stored(self, session: object) -> str:
        return tokens.create(session, name="ci", scopes=["prices:write"], days=1, actor="it", now_ms=NOW)  # type: ignore[arg-type]

    def test_an_end_is_an_end(self, database: Database) -> None:
        token = self._make(database, "admin")
        with database.session() as session, pytest.raises(Unproven, match="expired"):
            tokens.accept(session, token, NOW + 24 * HOUR)
        with database.session() as session:
            assert tokens.revoke(session, name="ci", actor="it", now_ms=NOW) == 1
        with database.session() as session, pytest.raises(Unproven, match="not valid"):
            tokens.accept(session, token, NOW)

    def test_unknown_scopes_are_named(self, database: Database) -> None:
        with pytest.raises(Invalid, match="fly"):
            self._make(database, "fly")

    @pytest.mark.parametrize(
        ("scopes", "stores", "said"),
        [(["beside:read", "admin"], ["s1"], "admin cannot"), (["beside:read"], ["s9", "s8"], "no store s8, s9")],
    )
    def test_stores_limit_only_what_knows_stores(
        self, database: Database, scopes: list[str], stores: list[str], said: str
    ) -> None:
        with database.session() as session, pytest.raises(Invalid, match=said):
            tokens.create(session, name="ci", scopes=scopes, stores=stores, days=1, actor="it", now_ms=NOW)

    def test_only_the_hash_is_kept(self, database: Database) -> None:
        token = self._make(database, "admin")
        with database.snapshot() as session:
            kept = session.connection().exec_driver_sql("SELECT token_hash, name, scopes FROM api_token").all()
            entries = session.exec(select(AuditEntry)).all()
        assert token not in str(kept)
        assert token not in str(entries)
