"""The code a till scans from a member's telephone: signed by HQ for a minute, drawn to be read at arm's length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from uuid import UUID

from sqlmodel import Session, col, select

from cloud.identity.keys import Keyring
from cloud.members.cards import number_context
from cloud.members.models import ACTIVE, Card
from cloud.privacy import Vault
from shared.codes.member_code import make_member_code
from shared.receipt.qr import QUIET_MODULES, matrix

VALID_S = 90
"""How long a code counts; tills allow for clocks besides. A page that is looked at asks for a new one sooner."""
REFRESH_S = 45


def card_of(session: Session, member: UUID) -> Card | None:
    """Return the card a member uses, None while they have none."""
    found = select(Card).where(col(Card.member_id) == member, col(Card.status) == ACTIVE)
    return session.exec(found.order_by(col(Card.id))).first()


def code_text(vault: Vault, signing: Keyring, card: Card, now_ms: int) -> str:
    """Return what the code says. `now_ms` is HQ's wall time."""
    number = vault.decrypt(card.number, number_context(card.id))
    return make_member_code(number, now_ms // 1000, VALID_S, signing.secret)


def drawn(text: str) -> str:
    """Return a QR code as SVG: black on white whatever the telephone's theme."""
    modules = matrix(text)
    side = len(modules) + 2 * QUIET_MODULES
    # A stroke along each run of dark modules: a third of the bytes of a square for each, and asked for all day long.
    path = "".join(
        f"M{at + QUIET_MODULES} {line + QUIET_MODULES}.5h{length}"
        for line, row in enumerate(modules)
        for at, length in _dark_runs(row)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" width="{side * 8}" height="{side * 8}"'
        f' shape-rendering="crispEdges"><rect width="{side}" height="{side}" fill="#fff"/>'
        f'<path stroke="#000" d="{path}"/></svg>'
    )


def _dark_runs(row: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Yield where dark modules begin in a row, and how many stand together."""
    at = 0
    for dark, run in groupby(row, key=bool):
        length = len(list(run))
        if dark:
            yield at, length
        at += length
