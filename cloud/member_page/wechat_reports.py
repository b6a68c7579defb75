"""The address that WeChat's servers speak to: they prove the configuration once, then report what messages became."""

from __future__ import annotations

from http import HTTPStatus

import structlog
from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse, Response

from cloud.api.body import read_body
from cloud.channels import wechat_events
from cloud.member_page.visiting import Here, Page

_MOST_BYTES = 16 * 1024
_HEARD = "success"
"""What WeChat wants to read, whatever it said; it repeats what gets no answer."""

log = structlog.get_logger()
router = APIRouter(include_in_schema=False)


@router.get("/me/wechat/events")
def prove(page: Here, signature: str = "", timestamp: str = "", nonce: str = "", echostr: str = "") -> Response:
    """Answer what WeChat asks when the address is set: only who knows the token can say that it is ours."""
    if not _is_signed(page, signature, timestamp, nonce):
        return PlainTextResponse("", HTTPStatus.FORBIDDEN)
    return PlainTextResponse(echostr[:200])


@router.post("/me/wechat/events")
async def hear(request: Request, page: Here, signature: str = "", timestamp: str = "", nonce: str = "") -> Response:
    """Write down what became of a message; other events are heard and mean nothing here."""
    if not _is_signed(page, signature, timestamp, nonce):
        return PlainTextResponse("", HTTPStatus.FORBIDDEN)
    report = wechat_events.report_in(await read_body(request, _MOST_BYTES, "this event is too large"))
    if report is not None:
        await run_in_threadpool(_note, page, report)
    return PlainTextResponse(_HEARD)


def _note(page: Page, report: wechat_events.Report) -> None:
    with page.database.session() as session:
        known = wechat_events.note(session, report, page.clocks.machine.wall_ms())
    if not known:
        log.info("wechat reports a message that does not wait for it", reference=report.reference)


def _is_signed(page: Page, signature: str, timestamp: str, nonce: str) -> bool:
    return wechat_events.is_signed(page.wechat_token, signature, timestamp, nonce, page.clocks.machine.wall_ms())
