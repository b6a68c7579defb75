"""The page of the rules about members: what each says, who set it when and why, and its form."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session, col, select

from cloud.api.services import Here
from cloud.audit.models import AuditEntry
from cloud.errors import Conflict, Invalid, NotFound
from cloud.identity.people import Right
from cloud.members import rule_form, rules
from cloud.members.profile import PROFILE
from cloud.members.rule_words import rule_words
from cloud.org.stores import house_money
from cloud.web.rendering import Context, page
from cloud.web.signing_in import NotAllowed, Posted, form_by
from cloud.web.speaking import language_of
from shared.web.phrases import Phrase
from shared.web.words import marked

router = APIRouter(prefix="/members/rules", include_in_schema=False)

MayRule = Annotated[Posted, Depends(form_by(Right.PUBLISH))]
"""The least that any of these rules asks for; each asks for its own besides."""
_REFUSALS = {
    "rule": marked("These figures do not make a rule together: look at them once more."),
    "reason": marked("Say why: it is kept in the audit log."),
    "conflict": marked("Somebody else changed this meanwhile: look at it once more."),
}


@router.get("")
def show(request: Request, services: Here, refused: str = "") -> Response:
    """Which rules count for members?"""
    language = language_of(request)

    def read(session: Session, _now_ms: int) -> Context:
        exponent = house_money(session)[1]
        found = {kind: rules.newest(session, kind) for kind in rule_form.SHEETS}
        return {
            "sheets": [(kind.KIND, sheet, found[kind]) for kind, sheet in rule_form.SHEETS.items()],
            "said_by": {kind.KIND: rule_words(rule, language, exponent) for kind, rule in found.items()},
            "shown": {kind.KIND: rule_form.shown(rule, exponent) for kind, rule in found.items()},
            "changed": _changed(session, [f"{rule.KIND} {rule.version}" for rule in found.values() if rule.version]),
            "profile": PROFILE,
            "refused": _REFUSALS.get(refused, _REFUSALS["rule"]) if refused else "",
        }

    return page(request, services, "member_rules", read)


@router.post("/{kind}")
def publish(services: Here, kind: str, posted: MayRule) -> Response:
    """Publish the next version of a rule, if it is the one after what its form showed."""
    if kind not in rule_form.BY_KIND:
        raise NotFound("there is no such rule")
    rule_kind, now_ms, code = rule_form.BY_KIND[kind], services.clocks.machine.wall_ms(), ""
    if not posted.who.may(rule_form.SHEETS[rule_kind].right):
        raise NotAllowed(Phrase("Your role does not let you do this. Ask an admin of the console."))
    reason, version = posted.get("reason").strip()[:500], posted.get("version")
    if not reason:
        return _back("reason")
    try:
        with services.database.session() as session:
            rule = rule_form.read(rule_kind, posted, house_money(session)[1])
            following = msgspec.structs.replace(rule, version=int(version) + 1 if version.isdecimal() else 0)
            rules.publish(session, following, actor=posted.who.actor, now_ms=now_ms, reason=reason)
    except Conflict:
        code = "conflict"
    except Invalid:
        code = "rule"
    return _back(code)


def _changed(session: Session, subjects: list[str]) -> dict[str, AuditEntry]:
    """Return who set these versions, when and why, by rule."""
    query = select(AuditEntry).where(AuditEntry.action == "member.rule", col(AuditEntry.subject).in_(subjects))
    return {entry.subject.partition(" ")[0]: entry for entry in session.exec(query.order_by(col(AuditEntry.id)))}


def _back(code: str) -> Response:
    where = f"/members/rules?refused={code}" if code else "/members/rules"
    return RedirectResponse(where, HTTPStatus.SEE_OTHER)
