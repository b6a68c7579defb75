"""The ledger over HTTP, to read: what proofs found, what is owed since when and until when."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from cloud.api.auth import holder_with
from cloud.api.services import Here
from cloud.errors import NotFound
from cloud.identity.tokens import TokenHolder
from cloud.ledger import proving

router = APIRouter(prefix="/api/v1/ledger", tags=["ledger"])

MayRead = Annotated[TokenHolder, Depends(holder_with("value:read"))]
Limit = Annotated[int, Query(ge=1, le=366)]


class ProofView(BaseModel):
    """What proofs of one day found, from the first to the newest that found the same (wall time, milliseconds).

    `wrong` is empty where the ledger holds, else each finding by its name. `held` is the liability by unit, `by_kind`
    what all accounts of a kind come to, `ages` and `expiries` the liability by age and by the month it ends.
    """

    number: int
    first_ms: int
    at_ms: int
    proofs: int
    took_ms: int
    longest_ms: int
    holds: bool
    journals: int
    postings: int
    unsealed_commits: int
    wrong: dict[str, Any]
    held: dict[str, int]
    by_kind: dict[str, dict[str, int]]
    ages: dict[str, dict[str, int]]
    expiries: dict[str, dict[str, int]]
    seal_number: int
    seal_head: str


@router.get("/proofs")
def list_proofs(services: Here, _: MayRead, day: date | None = None, limit: Limit = 31) -> list[ProofView]:
    """Return what proofs found, newest first: of one day, or of all."""
    with services.database.snapshot() as session:
        return [_view(one) for one in proving.stretches(session, limit, day=day)]


@router.get("/proofs/newest")
def newest_proof(services: Here, _: MayRead) -> ProofView:
    """Return what the newest proof found. Not found before the first."""
    with services.database.snapshot() as session:
        found = proving.stretches(session, 1)
    if not found:
        raise NotFound("the ledger has not been proved yet")
    return _view(found[0])


def _view(one: proving.Stretch) -> ProofView:
    proof = one.newest.proof
    wrong = {name: msgspec.to_builtins(found) for name, found in proving.wrongs(proof).items() if found}
    return ProofView(
        number=one.number, first_ms=one.first_ms, at_ms=one.newest.at_ms, proofs=one.proofs,
        took_ms=one.newest.took_ms, longest_ms=one.longest_ms, holds=proof.holds, journals=proof.journals,
        postings=proof.postings, unsealed_commits=proof.unsealed_commits, wrong=wrong, held=proof.held,
        by_kind=proof.by_kind, ages=proof.ages, expiries=proof.expiries, seal_number=proof.seal_number,
        seal_head=proof.seal_head,
    )  # fmt: skip
