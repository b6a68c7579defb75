"""A store's disk with a large price book, as HQ would have made it: items, prices, a promotion set, one till."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from benchmarks.rig.disks import CLOCKS, Disk, mint
from edge_agent.hq import identity
from edge_agent.hq.identity import Enrolment
from edge_agent.prices import bodies, timeline
from edge_agent.till.desk import CardKeys
from shared.body import BodyKind, body_hash, bucket_hashes
from shared.pricing import Item, Price
from shared.pricing.price_list import Barcode
from shared.signing import key_id
from shared.wire.desired import BodyReference, Manifest, TimelineEntry

STORE, AGENT = "s1", "s1-a"
_HOUR_MS = 3_600_000
_SIGNING = Ed25519PrivateKey.from_private_bytes(bytes(range(32))).public_key().public_bytes_raw()
_SEALING = X25519PrivateKey.from_private_bytes(bytes(range(1, 33))).public_key().public_bytes_raw()


def card_keys() -> CardKeys:
    """Return what a till seals unknown cards with."""
    return CardKeys(_SEALING, bytes)


def barcode(number: int) -> str:
    """Return the EAN-13 of an item."""
    digits = f"690{number:09d}"
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-weighted % 10}"


def _items(count: int) -> Iterator[tuple[str, bytes]]:
    for number in range(1, count + 1):
        item = Item(
            item=f"i{number}",
            names={"en": f"Item {number}, 500 g", "zh": f"商品 {number} 500 克"},
            receipt_name=f"Item {number}",
            barcodes=[Barcode(barcode(number))],
            category=f"food/{number % 40}/{number % 400}",
            tax_rate_bp=900,
        )
        yield item.item, msgspec.json.encode(item)


def _prices(count: int) -> Iterator[tuple[str, bytes]]:
    for number in range(1, count + 1):
        price = Price(item=f"i{number}", regular_minor=100 + number % 5_000, member_minor=90 + number % 5_000)
        yield price.item, msgspec.json.encode(price)


def _promotions(count: int) -> Iterator[tuple[str, bytes]]:
    for number in range(1, count + 1):
        row = {
            "promotion": f"p{number}",
            "kind": "percent_off",
            "names": {"en": f"Promotion {number}"},
            "scope": {"items": [f"i{20 * number + piece}" for piece in range(20)]},
            "off_bp": 500,
        }
        yield f"p{number}", msgspec.json.encode(row)


def open_shop(state_dir: Path, items: int, promotions: int) -> None:
    """Make the state directory of an agent that has this price book in force and no HQ to talk to."""
    disk = Disk(state_dir, AGENT, STORE)
    with disk.transaction() as db:
        _stage(db, items, promotions)
    disk.close()
    enrol(state_dir)


def _stage(db: sqlite3.Connection, items: int, promotions: int) -> None:
    content: Mapping[tuple[BodyKind, str], Iterator[tuple[str, bytes]]] = {
        (BodyKind.ITEMS, "chain"): _items(items),
        (BodyKind.PRICES, "z1"): _prices(items),
        (BodyKind.PROMOTIONS, "chain"): _promotions(promotions),
    }
    references = []
    for (kind, scope), rows in content.items():
        some = list(rows)
        hashes = bucket_hashes(some)
        reference = BodyReference(kind=kind, scope=scope, hash=body_hash(kind, scope, hashes))
        bodies.begin(db, kind, scope, 1)
        bodies.stage(db, kind, scope, 1, some)
        bodies.finish(db, reference, 1, b"".join(hashes))
        references.append(reference)
    manifest = msgspec.json.encode(Manifest(version=1, store=STORE, engine=1, bodies=references))
    entry = TimelineEntry(
        version=1,
        manifest=msgspec.Raw(manifest),
        hash=sha256(manifest).hexdigest(),
        activates_ms=CLOCKS.business.now_ms() - _HOUR_MS,
    )
    timeline.replace_timeline(db, [entry], STORE)
    (version,) = timeline.versions(db)
    if not timeline.mark_ready_if_complete(db, version):
        raise RuntimeError("the price book is not complete")
    timeline.version_in_force(db, CLOCKS.business.now_ms())


def enrol(state_dir: Path) -> None:
    """Give the agent an identity; the HQ it names does not answer."""
    key = identity.make_key(state_dir)
    pem = _self_signed(key)
    answer = Enrolment(
        agent=AGENT,
        store=STORE,
        certificate=pem,
        ca=pem,
        brokers=["mqtts://127.0.0.1:9"],
        api="https://127.0.0.1:9",
        signing_keys={key_id(_SIGNING): _SIGNING},
        sealing_key=_SEALING,
        card_key=bytes(range(32)),
    )
    identity.keep(state_dir, answer, key)


def _self_signed(key: ec.EllipticCurvePrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, AGENT)])
    start = datetime.fromtimestamp(CLOCKS.machine.wall_ms() / 1000, UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(mint().int >> 1)
        .not_valid_before(start - timedelta(days=1))
        .not_valid_after(start + timedelta(days=90))
        .sign(key, SHA256())
    )
    return certificate.public_bytes(Encoding.PEM).decode()
