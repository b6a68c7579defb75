"""Rules of points as stores get them: each version by its number, its start and the hash of its exact bytes.

A till promises by the versions that are in force on a receipt's business date, whether it can ask anybody or not. What
it cannot work out it does not promise: a rule that is not there, one of a kind or a level that this program does not
know, one whose bytes are not what their hash says.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple, TypeVar

import msgspec

from shared.loyalty.benefits import MemberDay, PointsTimes, times_bp
from shared.loyalty.earning import EarningRule, in_force
from shared.loyalty.purchase import PieceBack, Purchase, points_earned, points_taken_back
from shared.loyalty.tiers import TierRule
from shared.money import BASIS_POINTS

EARNING = "earning"
TIERS = "tiers"
POINTS_LEVEL = 1
"""What this program works out. Raised with each new field, benefit or kind of rule that changes how many points."""
BASIS_BYTES = 8
"""How much of the hash of what it was worked out by a promise says: its numbers already name the versions."""


class TierTimes(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What tiers multiply points by, by the tier's code: all that a till needs of a tier rule."""

    times: dict[str, list[PointsTimes | MemberDay]] = {}

    @classmethod
    def of(cls, rule: TierRule) -> TierTimes:
        """Return it of a tier rule."""
        times = {
            tier.code: [one for one in tier.benefits if isinstance(one, PointsTimes | MemberDay)] for tier in rule.tiers
        }
        return cls(times={code: benefits for code, benefits in times.items() if benefits})

    def on(self, tier: str, day: date) -> int:
        """Return by how much a tier multiplies points on a business date, in basis points."""
        return times_bp([*self.times.get(tier, [])], day)


class PointsRule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One version of a rule of points. `kind` is `earning` (an `EarningRule`) or `tiers` (a `TierTimes`), as JSON.

    It counts from `valid_from` (a business date of the store; None: always) until a later version of its kind starts.
    `level` is the least POINTS_LEVEL of a program that may work by it; `hash` is the SHA-256 of `rule`, in hex.
    """

    kind: str
    version: int
    hash: str
    rule: msgspec.Raw
    valid_from: date | None = None
    level: int = 1


class PointsBasis(msgspec.Struct, frozen=True, omit_defaults=True, array_like=True):
    """What points were worked out by: the rules' versions, and the first BASIS_BYTES of the hash over their hashes.

    0 stands for a rule that there was none of.
    """

    earning: int
    tiers: int = 0
    hash: bytes = b""


class Promise(NamedTuple):
    """So many points, worked out by these rules; what is paid by the tenders of `not_by` brings none."""

    points: int
    by: PointsBasis
    not_by: tuple[str, ...] = ()


class _Rules(NamedTuple):
    """The rules of one day, read."""

    earning: EarningRule
    tiers: TierTimes | None
    by: PointsBasis


def stated(kind: str, version: int, rule: bytes, valid_from: date | None, *, level: int = 1) -> PointsRule:
    """Return a version of a rule as stores get it, from its exact bytes; `level` is what it asks of a program."""
    return PointsRule(
        kind=kind, version=version, hash=sha256(rule).hexdigest(), rule=msgspec.Raw(rule), valid_from=valid_from,
        level=level,
    )  # fmt: skip


def counting_since(rules: Sequence[PointsRule], day: date) -> list[PointsRule]:
    """Return the versions that count on a business date or on a later one, by kind and version."""
    on_that_day = _of_day(rules, day)
    later = [rule for rule in rules if rule.valid_from is not None and rule.valid_from > day]
    return sorted([*on_that_day, *later], key=lambda rule: (rule.kind, rule.version))


def promised(rules: Sequence[PointsRule], purchase: Purchase, tier: str, day: date) -> Promise | None:
    """Return the points that a purchase brings by the rules of its business date; None where that is not known here."""
    known = _known(rules, day)
    if known is None:
        return None
    times = BASIS_POINTS if known.tiers is None or not tier else known.tiers.on(tier, day)
    not_by = tuple(known.earning.excluded_tenders)
    return Promise(points_earned(purchase, known.earning, times), known.by, not_by)


def promised_back(
    rules: Sequence[PointsRule], purchase: Purchase, given: Promise, back: Sequence[PieceBack]
) -> int | None:
    """Return what goods that come back take of the points their purchase was promised; None where it is not known.

    By the very rule it was promised by, whatever counts today.
    """
    if not given.points:
        return 0
    by = [rule for rule in rules if (rule.kind, rule.version) == (EARNING, given.by.earning)]
    rule = _earning(by[0]) if by else None
    return None if rule is None else points_taken_back(purchase, rule, given.points, back)


def basis_on(rules: Sequence[PointsRule], day: date) -> PointsBasis | None:
    """Return what points of a business date are worked out by; None without a rule of earning."""
    found = {rule.kind: rule for rule in _of_day(rules, day)}
    return _basis(found) if EARNING in found else None


def _of_day(rules: Sequence[PointsRule], day: date) -> list[PointsRule]:
    kinds = sorted({rule.kind for rule in rules})
    found = (in_force([rule for rule in rules if rule.kind == kind], day) for kind in kinds)
    return [rule for rule in found if rule is not None]


def _basis(found: dict[str, PointsRule]) -> PointsBasis:
    over = sha256("".join(found[kind].hash for kind in sorted(found)).encode()).digest()
    tiers = found.get(TIERS)
    return PointsBasis(found[EARNING].version, tiers.version if tiers else 0, over[:BASIS_BYTES])


def _known(rules: Sequence[PointsRule], day: date) -> _Rules | None:
    found = {rule.kind: rule for rule in _of_day(rules, day)}
    if EARNING not in found or not all(_can_read(rule) for rule in found.values()):
        return None
    earning = _earning(found[EARNING])
    tiers = _tiers(found[TIERS]) if TIERS in found else None
    if earning is None or (TIERS in found and tiers is None):
        return None
    return _Rules(earning, tiers, _basis(found))


def _can_read(rule: PointsRule) -> bool:
    return rule.level <= POINTS_LEVEL and rule.kind in (EARNING, TIERS)


def _earning(rule: PointsRule) -> EarningRule | None:
    return _read_earning(bytes(rule.rule), rule.hash) if _can_read(rule) else None


def _tiers(rule: PointsRule) -> TierTimes | None:
    return _read_tiers(bytes(rule.rule), rule.hash) if _can_read(rule) else None


@lru_cache(maxsize=16)
def _read_earning(content: bytes, hash_: str) -> EarningRule | None:
    return _read(content, hash_, EarningRule)


@lru_cache(maxsize=16)
def _read_tiers(content: bytes, hash_: str) -> TierTimes | None:
    return _read(content, hash_, TierTimes)


_Rule = TypeVar("_Rule", EarningRule, TierTimes)


def _read(content: bytes, hash_: str, kind: type[_Rule]) -> _Rule | None:
    """Return a rule's bytes read; None where they are not what they are said to be."""
    if sha256(content).hexdigest() != hash_:
        return None
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
