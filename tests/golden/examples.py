"""One example of every wire class, the same in every run, beside its golden file.

`python -m tests.golden.examples` writes the files that do not exist yet and no others: a golden is bytes that some
agent in the field may send for ever, so it is added and never edited.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from uuid import UUID

import msgspec

from shared import codec
from shared.hashchain import GENESIS, link_all
from shared.loyalty import NextTier
from shared.money import UnitPrice
from shared.pricing import (
    Choice,
    Counter,
    Coupon,
    PaperCoupon,
    Per,
    PointsOffer,
    PricingFacts,
    PromotionUse,
)
from shared.signing import sign_desired, sign_members
from shared.wire.desired import (
    BodyReference,
    DesiredState,
    KnownMember,
    Manifest,
    MemberStep,
    StoreSettings,
    Till,
    TimelineEntry,
)
from shared.wire.drawer_events import DrawerOpened, DrawerReason
from shared.wire.events import (
    RECEIPT_LINK_BYTES,
    Event,
    HeldAck,
    MemberOnSale,
    TillKind,
    encode_event,
)
from shared.wire.messages import (
    Ack,
    Batch,
    Desired,
    Fork,
    Gone,
    Hello,
    Members,
    Message,
    Reject,
    Reported,
    State,
    TillReport,
)
from shared.wire.policies import TillPolicies
from shared.wire.till_events import Adjustment, AdjustmentKind, AgeCheck, AgeProof
from tests.factories import (
    START_MS,
    make_device_time,
    make_epoch,
    make_gap,
    make_return,
    make_sale,
    make_series,
    make_swipe,
    make_void,
)
from tests.golden import points_examples
from tests.golden.asks import question_examples
from tests.golden.desk_examples import DESK_EVENTS, desk_examples
from tests.golden.devices import BINDINGS, LABELS, PLUGGED, REPORTS, STANDING, TERMINALS
from tests.golden.till_examples import TILL_EXAMPLES

HERE = Path(__file__).parent


def _id(number: int) -> UUID:
    return UUID(int=START_MS << 80 | 0x7 << 76 | 0b10 << 62 | number)


MEMBER, EPOCH, CONNECTION, INCARNATION = _id(1), _id(2), _id(3), _id(4)
HQ_PRIVATE = bytes(range(32))
HEAD = sha256(b"head").digest()

_sale = make_sale(
    [("1001", 2), ("1003", 1236)],
    id=_id(10),
    member=MemberOnSale(member=MEMBER, tier="gold"),
    coupons=[PaperCoupon(code="5000123", line=1, supplier_minor=50, chain_minor=50)],
    number=41,
    previous=HEAD[:RECEIPT_LINK_BYTES],
)
_sale = msgspec.structs.replace(_sale, book=msgspec.structs.replace(_sale.book, engine=1))  # whatever it is by now

EVENT_EXAMPLES: dict[str, Event] = {
    "sale.v1": _sale,
    "return.v1": make_return(_sale, [(1, 1)], id=_id(11), number=42, previous=HEAD[16:]),
    "void.v1": make_void(id=_id(12), number=43, previous=HEAD[:16], original=_id(10), reason="wrong_goods"),
    "swipe.v1": make_swipe(MemberOnSale(sealed_card=HEAD + HEAD), id=_id(13), basket=_id(10)),
    "series.v1": make_series(
        "t1-2", id=_id(14), reason="new_disk", previous_series="t1-1", previous_number=43, previous_head=HEAD
    ),
    "epoch.v1": make_epoch(id=_id(15), reason="restored", previous_epoch=EPOCH, previous_seq=99, resent=7),
    "epoch.v1.held": make_epoch(
        id=_id(17),
        reason="restored",
        previous_epoch=EPOCH,
        previous_seq=99,
        resent=7,
        previous_ack=HeldAck(incarnation=INCARNATION, seq=92, head=HEAD[:16], proof=HEAD[16:]),
    ),
    "drawer.v1": DrawerOpened(
        id=_id(18),
        store="s001",
        till="t1",
        cashier="c1",
        at_ms=START_MS,
        business_date="2026-01-01",
        device=make_device_time(),
        reason=DrawerReason.BY_HAND,
    ),
    **TILL_EXAMPLES,
    **DESK_EVENTS,
    "sale.v1.by_hand": msgspec.structs.replace(
        _sale,
        id=_id(30),
        book=msgspec.structs.replace(_sale.book, engine=1),
        shift=_id(21),
        adjustments=[
            Adjustment(
                kind=AdjustmentKind.PRICE_OVERRIDE,
                minor=50,
                line=1,
                price=UnitPrice(400),
                reason="damaged",
                by="c1",
                approved_by="boss",
            )
        ],
        age_checks=[AgeCheck(years=18, proof=AgeProof.SEEN, by="c1")],
        exchange=_id(11),
    ),
    "sale.v1.promotions": msgspec.structs.replace(
        _sale,
        id=_id(40),
        pricing=PricingFacts(
            segments=["families"],
            birthday_month=5,
            purchases=12,
            counters=[Counter("spring", Per.STORE, 3, 2_500)],
            uncounted=[Per.CHAIN],
            coupons=[Coupon("7K2M9Q", "five-off", START_MS - 86_400_000)],
            choices=[Choice("exchange", ["1002"])],
            points=PointsOffer(800, 300),
        ),
        promotions=[
            PromotionUse("five-off", coupon="7K2M9Q"),
            PromotionUse("three-for-ten", 2),
            PromotionUse("redeem", spent_points=300),
            PromotionUse("double", multiplier_bp=20_000, base_minor=4_042),
            PromotionUse("spend-100", points=50, issues=["next-visit"]),
        ],
    ),
    "return.v1.exchange": msgspec.structs.replace(
        make_return(_sale, [(1, 1)], id=_id(31), number=45), void=True, exchange=_id(30), shift=_id(21)
    ),
    "sale.v1.points": points_examples.promised(msgspec.structs.replace(_sale, id=_id(41))),
    "return.v1.points": points_examples.taken_back(make_return(_sale, [(1, 1)], id=_id(42), number=46)),
    "gap.v1": make_gap(EPOCH, 5, 9, id=_id(16)),
}

_reported = Reported(
    software="0.1.0",
    engine=1,
    desired_serial=3,
    staged=[2],
    tills=[TillReport(till="t1", version=1, oldest_open_version=1)],
    body_hashes={"prices/z1": "ab" * 32},
    members_version=5,
    backlog=12,
    backlog_since_ms=START_MS,
    parked=1,
    disk_free_bytes=10**9,
    problems=["time_unknown"],
)

_manifest = msgspec.json.encode(
    Manifest(version=1, store="s001", engine=1, bodies=[BodyReference(kind="prices", scope="z1", hash="ab" * 32)])
)

DESIRED = DesiredState(
    agent="s001-a",
    incarnation=INCARNATION,
    serial=3,
    settings=StoreSettings(
        store="s001",
        name="人民路店",
        legal_entity="chain",
        time_zone="Asia/Shanghai",
        currency="CNY",
        price_zone="z1",
        card_prefixes=["9"],
        card_digits=10,
        tills=[Till(till="t1", number=1), Till(till="desk", number=9, kind=TillKind.SERVICE_DESK)],
    ),
    timeline=[
        TimelineEntry(
            version=1,
            manifest=msgspec.Raw(_manifest),
            hash=sha256(_manifest).hexdigest(),
            activates_ms=START_MS,
            activates_local="2026-01-01T08:00:00",
        )
    ],
    members_version=5,
    software="0.1.0",
)

WITH_DEVICES = msgspec.structs.replace(
    DESIRED,
    settings=msgspec.structs.replace(
        DESIRED.settings,
        tills=[
            Till(
                till="t1",
                number=1,
                devices=BINDINGS,
            )
        ],
    ),
)

WITH_SLIPS = msgspec.structs.replace(
    DESIRED,
    settings=msgspec.structs.replace(DESIRED.settings, policies=TillPolicies(card_reference="required")),
)

WITH_POINTS = msgspec.structs.replace(
    DESIRED,
    settings=msgspec.structs.replace(DESIRED.settings, points_rules=points_examples.POINTS_RULES),
)

WITH_PICTURES = msgspec.structs.replace(DESIRED, pictures=BodyReference(kind="pictures", scope="chain", hash="cd" * 32))

STEP = MemberStep(
    agent="s001-a",
    incarnation=INCARNATION,
    base=4,
    version=5,
    put=[KnownMember(member=MEMBER, cards=[HEAD[:16]], masked_name="王**", tier="gold", points=120)],
    gone=[_id(5)],
    more=True,
)
BLOCKED_STEP = MemberStep(
    agent="s001-a",
    incarnation=INCARNATION,
    base=5,
    version=6,
    put=[
        KnownMember(
            member=MEMBER,
            cards=[HEAD[:16]],
            masked_name="王**",
            tier="silver",
            points=120,
            blocks=["coupons", "points"],
            next_tier=NextTier(tier="gold", spend_minor=120_000, visits=3, either=True, until="2026-12-31"),
        )
    ],
)
_envelope = {
    "agent": "s001-a",
    "connection": CONNECTION,
    "at_ms": START_MS,
    "sent_ms": START_MS + 5,
    "epoch": EPOCH,
}
_batch_events = [encode_event(EVENT_EXAMPLES[name]) for name in ("sale.v1", "void.v1")]

MESSAGE_EXAMPLES: dict[str, Message] = {
    "hello.v1": Hello(
        id=_id(20), **_envelope, last_seq=9, last_head=HEAD, oldest_seq=2, acked_seq=8, incarnation=INCARNATION,
        reported=_reported,
    ),
    "hello.v1.proven": Hello(
        id=_id(35), **_envelope, last_seq=9, last_head=HEAD, oldest_seq=2, acked_seq=8, incarnation=INCARNATION,
        acked_head=HEAD[:16], acked_proof=HEAD[16:], reported=_reported,
    ),
    "batch.v1": Batch(
        id=_id(21), **_envelope, first=8, previous=link_all(GENESIS, [b"before"]),
        events=[msgspec.Raw(content) for content in _batch_events],
    ),
    "state.v1": State(id=_id(22), **_envelope, reported=_reported),
    "state.v1.standing": State(id=_id(34), **_envelope, acked_seq=8, incarnation=INCARNATION),
    "state.v1.devices": State(
        id=_id(38),
        **_envelope,
        reported=Reported(
            software="0.1.0",
            engine=1,
            devices=REPORTS,
        ),
    ),
    "state.v1.plugged": State(
        id=_id(47),
        **_envelope,
        reported=Reported(software="0.1.0", engine=1, devices=STANDING, found=PLUGGED),
    ),
    "state.v1.terminals": State(
        id=_id(57),
        **_envelope,
        reported=Reported(software="0.1.0", engine=1, terminals=TERMINALS),
    ),
    "state.v1.labels": State(id=_id(130), **_envelope, reported=Reported(software="0.1.0", engine=1, labels=LABELS)),
    "state.v1.proven": State(
        id=_id(36), **_envelope, acked_seq=8, incarnation=INCARNATION, acked_head=HEAD[:16], acked_proof=HEAD[16:]
    ),
    "state.v1.drained": State(
        id=_id(48), **_envelope, acked_seq=8, incarnation=INCARNATION, drained_ms=1_767_225_600_000
    ),
    "state.v1.followed": State(
        id=_id(63),
        **_envelope,
        reported=Reported(software="0.1.0", engine=1, desired_serial=3, desired_hash="0f8fad5bd9cb469f"),
    ),
    "gone.v1": Gone(id=_id(23), **_envelope),
    **question_examples(_id, MEMBER, HEAD, _envelope),
    **desk_examples(_envelope),
    "ack.v1": Ack(id=_id(26), **_envelope, incarnation=INCARNATION, seq=9),
    "ack.v1.head": Ack(id=_id(33), **_envelope, incarnation=INCARNATION, seq=9, head=HEAD[:16]),
    "ack.v1.proof": Ack(
        id=_id(37), **_envelope, incarnation=INCARNATION, seq=9, head=HEAD[:16], proof=HEAD[16:]
    ),
    "reject.v1": Reject(id=_id(27), **_envelope, first=8, reason="frame declares 9999999 bytes, limit is 4194304"),
    "fork.v1": Fork(id=_id(28), **_envelope, incarnation=INCARNATION, watermark=9, reason="chain"),
    "desired.v1": Desired(
        id=_id(29), **_envelope, desired=sign_desired(DESIRED, HQ_PRIVATE), deltas=[b'{"kind":"prices"}\n']
    ),
    "desired.v1.devices": Desired(
        id=_id(70), **_envelope, desired=sign_desired(WITH_DEVICES, HQ_PRIVATE)
    ),
    "desired.v1.card_reference": Desired(
        id=_id(110), **_envelope, desired=sign_desired(WITH_SLIPS, HQ_PRIVATE)
    ),
    "desired.v1.points_rules": Desired(
        id=_id(111), **_envelope, desired=sign_desired(WITH_POINTS, HQ_PRIVATE)
    ),
    "desired.v1.pictures": Desired(
        id=_id(140), **_envelope, desired=sign_desired(WITH_PICTURES, HQ_PRIVATE)
    ),
    "members.v1": Members(id=_id(30), **_envelope, members=sign_members(STEP, HQ_PRIVATE)),
    "members.v1.blocked": Members(id=_id(100), **_envelope, members=sign_members(BLOCKED_STEP, HQ_PRIVATE)),
}  # fmt: skip


def event_bytes(name: str) -> bytes:
    """Return an event's exact bytes."""
    return encode_event(EVENT_EXAMPLES[name])


def message_bytes(name: str) -> bytes:
    """Return a message's JSON as it stands inside the frame."""
    return msgspec.json.encode(MESSAGE_EXAMPLES[name])


def _add(path: Path, content: bytes) -> None:
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)


def add_missing() -> None:
    """Write each golden file that does not exist yet."""
    for name in EVENT_EXAMPLES:
        _add(HERE / "events" / f"{name}.json", event_bytes(name) + b"\n")
    for name in MESSAGE_EXAMPLES:
        _add(HERE / "messages" / f"{name}.json", message_bytes(name) + b"\n")
    _add(HERE / "packed" / "batch.v1.zst", codec.pack(message_bytes("batch.v1")))


if __name__ == "__main__":
    add_missing()
