"""The API as its callers see it: enrolment, tokens, the HTTPS wire, and answers when something is wrong."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from httpx import Client

from cloud.api.limits import FailureLimit
from cloud.api.services import Services
from cloud.fleet import agents
from cloud.identity import tokens
from cloud.ingest import exchange, parked
from cloud.org.stores import add_till
from cloud.process.parts import build_services
from shared import codec
from shared.hashchain import GENESIS
from shared.sealing import seal
from shared.signing import open_desired
from shared.wire import framing
from shared.wire.events import encode_event
from shared.wire.messages import (
    Ack,
    Answer,
    Ask,
    Desired,
    DownlinkMessage,
    Hello,
    Message,
    Question,
    Refused,
    Reject,
    Reported,
    State,
    decode_downlink,
    encode_message,
)
from tests.cloud.apps import served_api_of
from tests.cloud.boxes import CLOCK, Box, device_token, make_box, make_csr, make_key, served_api
from tests.cloud.ingesting import Outbox
from tests.factories import DrivenMachineClock, make_series, new_id

EPOCH = new_id()
CONNECTION = new_id()


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    made = make_box(tmp_path)
    made.add_store()
    yield made
    made.database.close()


@pytest.fixture
def services(box: Box) -> Iterator[Services]:
    made = build_services(box.settings)
    yield made
    made.database.close()


@pytest.fixture
def client(box: Box, services: Services) -> Iterator[Client]:
    with served_api(served_api_of(services, box.settings)) as made:
        yield made


def _token(box: Box, *scopes: str) -> dict[str, str]:
    with box.database.session() as session:
        token = tokens.create(session, name="t", scopes=list(scopes), days=1, actor="test", now_ms=CLOCK.wall_ms())
    return {"Authorization": f"Bearer {token}"}


def _as_agent(key: ec.EllipticCurvePrivateKey, agent: str = "a1") -> dict[str, str]:
    return {"Authorization": f"Bearer {device_token(key, agent)}"}


def _envelope(**fields: object) -> dict[str, object]:
    now_ms = CLOCK.wall_ms()
    return {
        "id": new_id(), "agent": "a1", "connection": CONNECTION, "epoch": EPOCH, "at_ms": now_ms, "sent_ms": now_ms,
        **fields,
    }  # fmt: skip


def _say(client: Client, key: ec.EllipticCurvePrivateKey, message: Message) -> list[DownlinkMessage]:
    answer = client.post("/api/v1/agent/messages", content=encode_message(message), headers=_as_agent(key))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == framing.CONTENT_TYPE
    return [decode_downlink(part) for part in framing.split(answer.content)]


def _hello(**fields: object) -> Hello:
    reported = Reported(software="1", engine=1)
    return Hello(**_envelope(**{"last_seq": 0, "last_head": GENESIS, "reported": reported, **fields}))  # type: ignore[arg-type]


class TestEnrolment:
    def test_a_claim_code_gives_everything_an_agent_needs(self, client: Client, box: Box) -> None:
        key, code = make_key(), box.claim("a1")
        answer = client.post("/api/v1/enrol", json={"code": code, "csr": make_csr(key)})
        assert answer.status_code == 200
        given = answer.json()
        assert (given["agent"], given["store"]) == ("a1", "s1")
        assert given["brokers"][0].startswith("mqtts://127.0.0.1:")
        assert given["api"].startswith("https://127.0.0.1:")
        assert len(base64.b64decode(given["card_key"])) == 32
        assert len(base64.b64decode(given["sealing_key"])) == 32
        chain = x509.load_pem_x509_certificates(given["ca"].encode())
        certificate = x509.load_pem_x509_certificate(given["certificate"].encode())
        certificate.verify_directly_issued_by(chain[0])
        assert code.partition(".")[2] == box.authority.fingerprint

    def test_the_ca_is_for_everybody_to_compare(self, client: Client, box: Box) -> None:
        assert client.get("/api/v1/ca").text == box.authority.chain

    def test_a_refusal_says_why(self, client: Client, box: Box) -> None:
        answer = client.post("/api/v1/enrol", json={"code": "nonsense", "csr": make_csr(make_key())})
        assert (answer.status_code, answer.json()["code"]) == (403, "claim_unknown")
        answer = client.post("/api/v1/enrol", json={"code": box.claim("a1"), "csr": "nonsense"})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
        answer = client.post("/api/v1/enrol", json={"code": "x", "csr": "y", "agent": "a9"})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")

    def test_guessing_is_slowed_down(self, client: Client, box: Box) -> None:
        for _ in range(10):
            client.post("/api/v1/enrol", json={"code": "nonsense", "csr": "x"})
        answer = client.post("/api/v1/enrol", json={"code": box.claim("a1"), "csr": make_csr(make_key())})
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) <= 61

    def test_a_certificate_is_renewed_for_the_agent_that_asks(self, client: Client, box: Box) -> None:
        box.enrol("a1")
        fresh = make_key()
        answer = client.post("/api/v1/agent/renew", json={"csr": make_csr(fresh)}, headers=_as_agent(box.keys["a1"]))
        assert answer.status_code == 200
        assert "BEGIN CERTIFICATE" in answer.json()["certificate"]
        refused = client.post("/api/v1/agent/renew", json={"csr": make_csr(fresh)}, headers=_as_agent(box.keys["a1"]))
        assert refused.status_code == 401
        assert client.get("/api/v1/agent/messages?wait=0", headers=_as_agent(fresh)).status_code == 200


class TestHttpsWire:
    @pytest.fixture
    def key(self, box: Box) -> ec.EllipticCurvePrivateKey:
        box.enrol("a1")
        return box.keys["a1"]

    def test_p1_a_batch_is_acked_after_its_commit_and_only_once_applied(
        self, client: Client, key: ec.EllipticCurvePrivateKey, services: Services
    ) -> None:
        acked, desired = _say(client, key, _hello())[:2]
        assert isinstance(acked, Ack)
        assert acked.seq == 0
        assert isinstance(desired, Desired)
        document = open_desired(desired.desired, services.keys.signing_public())
        assert (document.agent, document.settings.store, document.serial) == ("a1", "s1", 1)
        outbox = Outbox("a1", EPOCH).add(encode_event(make_series(store="s1")))
        batch = outbox.batch().batch
        for _ in range(2):
            (ack,) = _say(client, key, batch)
            assert isinstance(ack, Ack)
            assert (ack.seq, ack.epoch, ack.connection) == (1, EPOCH, batch.connection)

    def test_an_agent_hears_how_many_of_its_stores_events_wait_for_a_decision(
        self, client: Client, key: ec.EllipticCurvePrivateKey, box: Box, services: Services
    ) -> None:
        def heard() -> int:
            desired = _say(client, key, _hello())[1]
            assert isinstance(desired, Desired)
            return open_desired(desired.desired, services.keys.signing_public()).parked

        unknown = [b'{"kind":"laser","id":"%s"}' % str(new_id()).encode() for _ in range(2)]
        outbox = Outbox("a1", EPOCH).add(*unknown, encode_event(make_series(store="s1")))
        _say(client, key, outbox.batch().batch)
        assert heard() == 2
        with box.database.session() as session:
            for one in parked.open_events(session):
                parked.dismiss(session, one.event_id, actor="test", reason="junk", now_ms=CLOCK.wall_ms())
        assert heard() == 0

    def test_a_heartbeat_is_answered_with_the_ack(
        self, client: Client, key: ec.EllipticCurvePrivateKey, box: Box
    ) -> None:
        _say(client, key, _hello())
        (ack,) = _say(client, key, State(**_envelope()))  # type: ignore[arg-type]
        assert isinstance(ack, Ack)
        with box.database.snapshot() as session:
            assert agents.status(session, now_ms=CLOCK.wall_ms())[0].online

    def test_a_question_is_answered_from_the_books(
        self, client: Client, key: ec.EllipticCurvePrivateKey, services: Services
    ) -> None:
        sealed = seal(b"6901234500001", services.keys.sealing_public(), os.urandom(32))
        question = Question(**_envelope(question=new_id(), deadline_ms=800, body=Ask(sealed_card=sealed)))  # type: ignore[arg-type]
        (answer,) = _say(client, key, question)
        assert isinstance(answer, Answer)
        assert (answer.question, answer.body) == (question.question, Refused(code="card_unknown"))

    def test_a_long_poll_brings_what_changed_and_is_empty_else(
        self, client: Client, key: ec.EllipticCurvePrivateKey, box: Box, services: Services
    ) -> None:
        _say(client, key, _hello())
        _say(client, key, State(**_envelope(reported=Reported(software="1", engine=1, desired_serial=1))))  # type: ignore[arg-type]
        assert client.get("/api/v1/agent/messages?wait=0", headers=_as_agent(key)).content == b""
        with box.database.session() as session:
            add_till(session, "s1", "t2", number=2, actor="test", now_ms=CLOCK.wall_ms())
        answer = client.get("/api/v1/agent/messages?wait=5", headers=_as_agent(key))
        (desired,) = [decode_downlink(part) for part in framing.split(answer.content)]
        assert isinstance(desired, Desired)
        document = open_desired(desired.desired, services.keys.signing_public())
        assert (document.serial, [till.till for till in document.settings.tills]) == (2, ["t1", "t2"])

    def test_p8_a_restored_office_numbers_beyond_what_its_agents_follow(
        self, client: Client, key: ec.EllipticCurvePrivateKey, services: Services
    ) -> None:
        """A backup was put back, nobody said so, and no sale since it could have shown it."""

        def told(serial: int, content: str = "") -> int:
            reported = Reported(software="1", engine=1, desired_serial=serial, desired_hash=content)
            (desired,) = [one for one in _say(client, key, _hello(reported=reported)) if isinstance(one, Desired)]
            return open_desired(desired.desired, services.keys.signing_public()).serial

        assert told(0) == 1
        assert told(7) == 8
        assert told(8, "what HQ said before") == 9
        assert told(1 << 40) == 9, "a number that no office ever gave is not believed"

    def test_p6_an_envelope_of_another_agent_is_refused(self, client: Client, key: ec.EllipticCurvePrivateKey) -> None:
        message = encode_message(State(**_envelope(agent="a2")))  # type: ignore[arg-type]
        answer = client.post("/api/v1/agent/messages", content=message, headers=_as_agent(key))
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")

    @pytest.mark.parametrize(("content", "status"), [(b"", 400), (b"nonsense", 400), (b"x" * 300_000, 422)])
    def test_what_is_no_message_is_refused(
        self, client: Client, key: ec.EllipticCurvePrivateKey, content: bytes, status: int
    ) -> None:
        answer = client.post("/api/v1/agent/messages", content=content, headers=_as_agent(key))
        assert answer.status_code == status
        assert set(answer.json()) == {"code", "message"}

    def test_p1_a_batch_that_cannot_be_opened_is_rejected_so_that_its_events_come_singly(
        self, client: Client, key: ec.EllipticCurvePrivateKey
    ) -> None:
        batch = {"type": "batch", **_envelope(), "first": 7, "previous": "", "events": "no list"}
        content = codec.pack(msgspec.json.encode(batch))
        answer = client.post("/api/v1/agent/messages", content=content, headers=_as_agent(key))
        (said,) = [decode_downlink(part) for part in framing.split(answer.content)]
        assert isinstance(said, Reject)
        assert (said.first, said.epoch, said.connection) == (7, EPOCH, CONNECTION)
        for other in ({"agent": "a2"}, {"type": "state", "reported": 1}):
            content = codec.pack(msgspec.json.encode({**batch, **other}))
            answer = client.post("/api/v1/agent/messages", content=content, headers=_as_agent(key))
            assert (answer.status_code, answer.json()["code"]) == (400, "message_unreadable"), other

    def test_a_message_on_which_hq_fails_says_so_of_itself_alone(
        self, client: Client, key: ec.EllipticCurvePrivateKey, services: Services, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object) -> None:
            raise ValueError("nobody thought of this")

        with monkeypatch.context() as broken:
            broken.setattr(exchange, "heartbeats", fail)
            state = encode_message(State(**_envelope()))  # type: ignore[arg-type]
            answer = client.post("/api/v1/agent/messages", content=state, headers=_as_agent(key))
            assert (answer.status_code, answer.json()["code"]) == (500, "internal_server_error")
            assert isinstance(_say(client, key, _hello())[0], Ack)
        assert isinstance(_say(client, key, State(**_envelope()))[0], Ack)  # type: ignore[arg-type]

    def test_p6_a_token_works_once_and_not_for_the_revoked(
        self, client: Client, key: ec.EllipticCurvePrivateKey, box: Box
    ) -> None:
        headers = _as_agent(key)
        assert client.get("/api/v1/agent/messages?wait=0", headers=headers).status_code == 200
        replayed = client.get("/api/v1/agent/messages?wait=0", headers=headers)
        assert (replayed.status_code, replayed.json()["code"]) == (401, "token_replayed")
        with box.database.session() as session:
            agents.revoke(session, "a1", actor="test", reason="stolen", now_ms=CLOCK.wall_ms())
        refused = client.get("/api/v1/agent/messages?wait=0", headers=_as_agent(key))
        assert (refused.status_code, refused.json()["code"]) == (401, "agent_revoked")


class TestHeadOffice:
    def test_a_store_its_till_and_a_claim(self, client: Client, box: Box) -> None:
        headers = _token(box, "stores:write")
        new = {"id": "s9", "name": "Nine", "time_zone": "Europe/Berlin", "currency": "EUR", "locale": "en"}
        assert client.post("/api/v1/stores", json=new, headers=headers).status_code == 201
        till = client.post("/api/v1/stores/s9/tills", json={"id": "t1", "number": 1}, headers=headers)
        assert till.status_code == 201
        claim = client.post("/api/v1/stores/s9/claims", json={"agent": "a9"}, headers=headers)
        assert claim.json()["code"].endswith(box.authority.fingerprint)
        assert [store["id"] for store in client.get("/api/v1/stores", headers=headers).json()] == ["s1", "s9"]
        assert [one["id"] for one in client.get("/api/v1/stores/s9/tills", headers=headers).json()] == ["t1"]

    def test_devices_are_bound_to_a_till_and_refused_in_words(self, client: Client, box: Box) -> None:
        headers = _token(box, "stores:write")
        client.post("/api/v1/stores/s1/tills", json={"id": "t9", "number": 9}, headers=headers)
        path = "/api/v1/stores/s1/tills/t9/devices"
        scale = {
            "device": "scale",
            "profile": "toledo_8217",
            "transport": "serial",
            "address": "/dev/serial/by-path/p1",
        }
        assert client.put(path, json=[scale], headers=headers).status_code == 200
        assert [one["address"] for one in client.get(path, headers=headers).json()] == [scale["address"]]
        refused = client.put(path, json=[scale | {"profile": "toledo"}], headers=headers)
        assert refused.status_code == 422
        assert "scale: no profile of 'toledo'" in refused.text

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"time_zone": "Mars/Olympus"}, "time zone"),
            ({"currency": "eur"}, "currency"),
            ({"locale": "fr"}, "locale"),
            ({"id": "S 1"}, "id"),
            ({"legal_entity": "nobody"}, "legal entity"),
            ({"colour": "red"}, "colour"),
        ],
    )
    def test_a_wrong_store_is_refused_in_words(
        self, client: Client, box: Box, change: dict[str, str], words: str
    ) -> None:
        new = {"id": "s9", "name": "Nine", "time_zone": "Europe/Berlin", "currency": "EUR", **change}
        answer = client.post("/api/v1/stores", json=new, headers=_token(box, "stores:write"))
        assert answer.status_code in {404, 422}
        assert words in answer.json()["message"]

    def test_a_revocation_needs_its_scope_and_a_reason(self, client: Client, box: Box) -> None:
        box.enrol("a1")
        path = "/api/v1/agents/a1/revoke"
        refused = client.post(path, json={"reason": "stolen"}, headers=_token(box, "fleet:read"))
        assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
        headers = _token(box, "fleet:write")
        assert client.post(path, json={}, headers=headers).status_code == 422
        assert client.post(path, json={"reason": "stolen"}, headers=headers).status_code == 204
        assert client.post(path, json={"reason": "stolen"}, headers=headers).status_code == 409
        (found,) = client.get("/api/v1/agents", headers=headers).json()
        assert (found["status"], found["online"]) == ("revoked", False)

    def test_nobody_gets_in_without_a_token(self, client: Client) -> None:
        for path, schema in client.get("/openapi.json").json()["paths"].items():
            for method in schema:
                if path in {"/healthz", "/readyz", "/api/v1/ca", "/api/v1/enrol"}:
                    continue
                answer = client.request(method, path, headers={"Authorization": "Bearer swt_nonsense"})
                assert answer.status_code in {401, 422}, f"{method} {path}: {answer.status_code}"

    def test_health_and_readiness(self, client: Client) -> None:
        assert client.get("/healthz").json() == {"ok": True}
        assert client.get("/readyz").json() == {"ok": True}

    def test_an_unknown_path_is_said_in_the_same_shape(self, client: Client) -> None:
        assert client.get("/api/v1/nothing").json()["code"] == "not_found"


def test_failures_are_forgotten_after_the_window() -> None:
    clock = DrivenMachineClock()
    limit = FailureLimit(clock, limit=1, window_s=10)
    limit.failed("a")
    limit.admit("b")
    with pytest.raises(Exception, match="too many"):
        limit.admit("a")
    clock.advance(11_000)
    limit.attempt("a")
    with pytest.raises(Exception, match="too many"):
        limit.attempt("a")  # while the first is still being weighed: many at once are no way around it
    limit.succeeded("a")
    limit.attempt("a")
