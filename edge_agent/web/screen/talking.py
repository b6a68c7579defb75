"""How a till's screen talks: which flow runs, what it asks, what came of it, and what has to be asked first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

import structlog

from edge_agent.till.asks import AgeAsked, Expects, PriceAsked
from edge_agent.till.results import Paid, Refused
from edge_agent.till.stand import StandState
from edge_agent.till.till import Till
from edge_agent.web.screen.actions import FLOWS, MENUS, keys_of
from edge_agent.web.screen.asking import Asked, Open, Question, Wrong
from edge_agent.web.screen.carried import carry
from edge_agent.web.screen.flows_paying import resolved
from edge_agent.web.screen.hand import PIN, STAFF, Done, Hand, Outcome
from edge_agent.web.screen.paid_back import UNFINISHED
from edge_agent.web.screen.saying import Notice, refusal, says
from shared.clock import BusinessClock
from shared.codes import ScanContext
from shared.web.words import marked
from shared.wire.desired import StoreSettings

Sound = Literal["accepted", "refused", "paid"]

PATIENCE_SECONDS = 1.0
"""How long a press waits for what comes of it; a payment service may take longer, and the page goes on living."""
_ASK_AGAIN_SECONDS = 3.0
_PIN_CODES = frozenset({"wrong_pin", "pin_wait", "pin_locked", "unknown_staff_card"})
_FORCED = {"waiting": ("waiting", "settle"), "sign_in": ("sign_in", "free_pin")}
"""What has to be asked before anything else, and which flows may run meanwhile."""
_MOVES_MONEY = frozenset({"pay", "by_code", "desk_pay", "value_amount", "take_back", "undo_sale", "refund_cash"})
SHIFT_NEEDED = "shift_needed"
"""The refusal that opening a shift, which is asked for at once, answers."""
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Talk:
    """A flow under way: its answers so far, and the question that is open."""

    flow: str
    about: tuple[str, ...] = ()
    answers: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    question: Question | None = None
    marked: int = 0
    line: int | None = None
    expects: Expects | None = None
    menu: Talk | None = None
    """The menu it was chosen from: a step back from its first question leads there."""


class Talking:
    """What a till's screen asks and says. Whoever rings codes up is a `Screen`."""

    def __init__(self, till: Till, settings: Callable[[], StoreSettings], clock: BusinessClock) -> None:
        self.till = till
        self.talk: Talk | None = None
        self.line: int | None = None
        self.count = 1
        self.notice: Notice | None = None
        self.paid: Paid | None = None
        self.hand_out_minor = 0
        self.turn = 0
        self.sounds = 0
        self.sound: Sound = "accepted"
        self._settings = settings
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()
        self._asking: asyncio.Task[None] | None = None
        self._weight = ""
        self._pressing = 0

    @property
    def question(self) -> Question | None:
        """What is asked now."""
        return self.talk.question if self.talk else None

    @property
    def goes_back(self) -> bool:
        """Whether a step back leads anywhere: not from the first question of what has to be answered first."""
        return self.talk is not None and (bool(self.talk.answers) or not self._is_forced())

    @property
    def keys(self) -> dict[str, str]:
        """The key of each action in this store."""
        return keys_of(self._settings().policies.keys)

    async def attend(self) -> None:
        """Ask first what has to be asked first: payments that nobody knows of, and who stands here."""
        if self._pressing and self.talk is not None and self.talk.flow in _MOVES_MONEY:
            return  # most services answer within a moment, and only one that does not gets a screen of its own
        forced = ""
        if await self.till.unresolved_payments():
            forced = "waiting"
            self._keep_asking()
        else:
            who = await self.till.people.who()
            if who.signs_in and who.state is not StandState.IN:
                forced = "sign_in"
        flow = self.talk.flow if self.talk else ""
        if forced and flow not in _FORCED[forced]:
            await self.start(forced)
        elif not forced and flow in {"waiting", "settle", "sign_in"}:
            said = self.notice
            self._close(keep_notice=said is not None and (not said.refused or said.code in UNFINISHED))

    async def start(self, flow: str, about: tuple[str, ...] = (), expects: Expects | None = None) -> None:
        """Begin a flow in place of whatever is asked."""
        if flow == "ring":
            self._close()
            await self.rung_item(about[0])
            return
        if flow == "attach":
            self._close()
            await self.rung_by(about[0], ScanContext.MEMBER_CARD)
            return
        if flow != "waiting":
            self.paid, self.hand_out_minor = None, 0
        self.talk = Talk(flow, about, line=self.line, expects=expects)
        self._turned()
        await self._run(self.talk)

    def refuse(self, notice: Notice) -> None:
        """Say no, in words and by sound."""
        self.notice = notice
        self._sound("refused")

    def end(self) -> None:
        """Let go of what runs beside the presses."""
        for task in (*self._tasks, *([self._asking] if self._asking else ())):
            task.cancel()

    async def _given(self, value: str) -> None:
        talk = self.talk
        if talk is None:
            return
        self.notice = None
        talk.answers.append(value)
        self._turned()
        await self._run(talk)

    async def _run(self, talk: Talk) -> None:
        """Run a flow from its answers to its next question, or to its end."""
        ask = Asked(list(talk.answers))
        hand = Hand(self.till, self._settings(), self._clock, talk.line, talk.expects)
        try:
            outcome = await FLOWS[talk.flow](ask, hand, *talk.about)
        except Open as open_:
            talk.question, talk.asked, talk.marked = open_.question, ask.ids, 0
        except Wrong as wrong:
            del talk.answers[-1:]
            self.refuse(wrong.notice)
        else:
            talk.asked = ask.ids
            await self._ended(talk, outcome)
        self.till.changes.note()

    async def _ended(self, talk: Talk, outcome: Outcome) -> None:
        if isinstance(outcome, Refused):
            self.refuse(refusal(outcome))
            await self._asked_again(talk, outcome)
            return
        if self.talk is talk:
            self._close()
        if outcome.then:
            await self.start(outcome.then, outcome.about)
            self._came_from(talk, outcome.then)
        self.hand_out_minor = outcome.hand_out_minor
        if outcome.paid is not None:
            self.paid, self.line, self.count = outcome.paid, None, 1
            self._accept(outcome.notice, "paid")
        elif outcome.notice is not None:
            self._accept(outcome.notice) if not outcome.notice.refused else self.refuse(outcome.notice)
        elif not outcome.then:
            self._accept(self.notice if self.notice and not self.notice.refused else None)

    def _came_from(self, before: Talk, flow: str) -> None:
        """Remember which menu a step back leads to: the one it was chosen from, or that menu's own."""
        if self.talk is None or self.talk.flow != flow:
            return
        if before.flow in MENUS:
            self.talk.menu = before
        elif before.menu is not None and before.menu.flow == flow:
            self.talk.menu = before.menu.menu

    async def _asked_again(self, talk: Talk, refused: Refused) -> None:
        """Leave what was refused open at the answer that may be the reason; without one it is over."""
        if self.talk is not talk:
            return
        if isinstance(refused.asks, AgeAsked):
            await self.start("age", (str(refused.asks.years), refused.asks.born_by))
            return
        if isinstance(refused.asks, PriceAsked):
            self.notice = None
            await self.start("open_price", (carry(refused.asks),))
            return
        if refused.code == SHIFT_NEEDED:
            await self.start("open_shift")
            return
        if refused.code == "weight_missing":
            await self.start("measure", (refused.detail,))
            return
        if not talk.answers:
            self._close(keep_notice=True)
            return
        if refused.code not in _PIN_CODES:
            while len(talk.answers) > 1 and talk.asked[len(talk.answers) - 1 :][:1] in ([PIN], [STAFF]):
                talk.answers.pop()
        del talk.answers[-1:]
        self._turned()
        notice = self.notice
        await self._run_quietly(talk)
        self.notice = notice

    async def _run_quietly(self, talk: Talk) -> None:
        """Find the question that is open after answers were taken back."""
        ask = Asked(list(talk.answers))
        hand = Hand(self.till, self._settings(), self._clock, talk.line, talk.expects)
        try:
            await FLOWS[talk.flow](ask, hand, *talk.about)
        except Open as open_:
            talk.question, talk.asked, talk.marked = open_.question, ask.ids, 0
        except Wrong:
            self._close(keep_notice=True)
        else:
            self._close(keep_notice=True)

    def _is_forced(self) -> bool:
        return self.talk is not None and self.talk.flow in {"waiting", "sign_in"}

    def _turned(self) -> None:
        self.turn += 1

    def _close(self, *, keep_notice: bool = False) -> None:
        if self.talk is not None:
            self._turned()
        self.talk = None
        if not keep_notice:
            self.notice = None

    def _accept(self, notice: Notice | None, sound: Sound = "accepted") -> None:
        self.notice = notice
        self._sound(sound)

    def _sound(self, sound: Sound) -> None:
        self.sounds, self.sound = self.sounds + 1, sound

    def _keep_asking(self) -> None:
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask_services(), name=f"{self.till.id} asks")

    async def _ask_services(self) -> None:
        """Ask what became of payments until everything is known."""
        hand = Hand(self.till, self._settings(), self._clock)
        while await self.till.unresolved_payments():
            outcome = resolved(hand, await self.till.resolve_payments())
            if outcome == Done():
                continue  # somebody else heard the answer, and has said so
            if isinstance(outcome, Done):
                self._close()
                await self._ended(Talk("waiting"), outcome)
                self.till.changes.note()
                continue
            if outcome.code not in {"payment_unresolved", self.notice.code if self.notice else ""}:
                self.refuse(refusal(outcome))
                self.till.changes.note()
            with suppress(TimeoutError):
                async with asyncio.timeout(_ASK_AGAIN_SECONDS):
                    await self.till.changes.beyond(self.till.changes.count + 1)

    async def _patiently(self, work: Coroutine[Any, Any, None]) -> None:
        """Wait a moment for what a press leads to; it goes on by itself if it takes longer."""
        self._pressing += 1
        try:
            await asyncio.wait({self._spawn(work)}, timeout=PATIENCE_SECONDS)
        finally:
            self._pressing -= 1

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=f"{self.till.id} screen")
        self._tasks.add(task)
        task.add_done_callback(self._over)
        return task

    def _over(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("press_failed", till=self.till.id, exc_info=error)
            self.refuse(failed())
            self.till.changes.note()

    async def rung_by(self, text: str, context: ScanContext) -> None:
        """Ring up what a flow found: as if it had been scanned."""
        raise NotImplementedError

    async def rung_item(self, item: str) -> None:
        """Ring up an item that a flow chose, by its number."""
        raise NotImplementedError


def failed() -> Notice:
    """Say that something failed which nobody foresaw; the log has it."""
    then = says(marked("Try it once more; if it fails again, call support."))
    return Notice(words=says(marked("The till could not do this.")), next=then, code="failed")
