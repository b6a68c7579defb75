"""One till's screen: takes keys, text, scans and weights, and says what came of them.

It is held by the agent and not by a page, so two tabs show the same, and a tab that is loaded anew loses nothing. The
basket itself is on the disk; what is asked just now is not, and a power cut takes it back to selling.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from unicodedata import normalize

import structlog

from edge_agent.devices.ports import Scanned, WeightProblem
from edge_agent.disk.errors import StorageError
from edge_agent.till.asks import AgeAsked, Expects, PriceAsked
from edge_agent.till.commands import refused
from edge_agent.till.results import LineAdded, MemberAttached, Refused, SignedIn
from edge_agent.till.selling.basket_commands import NOT_FOUND
from edge_agent.till.selling.scaled import CODES
from edge_agent.web.screen.actions import BY_NAME
from edge_agent.web.screen.asking import CARD_MARK, WEIGHED_MARK, Option
from edge_agent.web.screen.carried import carry
from edge_agent.web.screen.flows_members import let_go
from edge_agent.web.screen.flows_paying import with_amount
from edge_agent.web.screen.flows_weighing import SCALE, TAKES_THE_SCALE, tare_of
from edge_agent.web.screen.hand import STAFF
from edge_agent.web.screen.saying import Notice, refusal, says
from edge_agent.web.screen.talking import SHIFT_NEEDED, Talk, Talking, failed
from shared.codes import ScanContext
from shared.pricing import Unit
from shared.web.words import marked

Rung = LineAdded | MemberAttached | SignedIn | Refused

_MAX_PIECES = 9_999
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a page showed when a key was pressed there: its turn, and the basket with its steps."""

    turn: int
    expects: Expects | None = None


class Screen(Talking):
    """The screen of one till."""

    _taking: asyncio.Task[None] | None = None

    async def enter(self, text: str, seen: Seen) -> None:
        """Take a line that was typed; what an input method wrote in full width (３＊, ￥50) is read as 3*, ¥50."""
        text = normalize("NFKC", text)
        await self.attend()
        if self.talk is not None:
            if self._is_old(seen):
                return
            await self._patiently(self._answer(text))
        elif text:
            await self._patiently(self._typed(text))
        elif seen.turn == self.turn:  # an Enter meant for a question that is over does not put the change away
            await self._entered()
        self.till.changes.note()

    async def choose(self, value: str, seen: Seen) -> None:
        """Take one of the answers offered, by its value."""
        await self.attend()
        if self._is_old(seen):
            return
        question = self.question
        known = question is not None and value in {one.value for one in question.options if not one.disabled}
        if known:
            await self._patiently(self._given(value))
        self.till.changes.note()

    async def press(self, key: str, text: str, seen: Seen) -> None:
        """Take a key that stands on the page; `text` is what stood in the command line."""
        text = normalize("NFKC", text)
        await self.attend()
        option = self._option_at(key)
        if option is not None:
            if not self._is_old(seen):
                value = (
                    with_amount(option.value, text, self._settings().exponent)
                    if option.group == "way"
                    else option.value
                )
                await self._patiently(self._given(value))
        elif key == "Escape":
            self.back()
        elif key in {"ArrowUp", "ArrowDown"}:
            await self._move(1 if key == "ArrowDown" else -1)
        else:
            name = next((name for name, at in self.keys.items() if at == key), key)
            stays = self.question is not None and self.question.stays
            if name in BY_NAME and self.till.kind in BY_NAME[name].kinds and not stays and not self._is_forced():
                self.notice = None  # whatever was said before is over: another action was chosen
                await self._patiently(self.start(name, expects=seen.expects))
        self.till.changes.note()

    async def scanned(self, reading: Scanned) -> Rung | None:
        """Take what a scanner of this till read. None when it went elsewhere than into the basket.

        What fails for no reason that anybody foresaw is said at this till, as of a key: the others go on selling.
        """
        try:
            return await self._scanned(reading)
        except StorageError:
            raise
        except Exception as error:
            _log.error("scan_failed", till=self.till.id, exc_info=error)
            self.refuse(failed())
            self.till.changes.note()
            return None

    async def _scanned(self, reading: Scanned) -> Rung | None:
        await self.attend()
        question, text = self.question, reading.text.strip()
        if question is not None and question.scans:
            known = question.id == STAFF
            await self._patiently(self._given(CARD_MARK + text if known else text))
            self.till.changes.note()
            return None
        context = ScanContext(reading.role.value)
        if (self.talk is not None and self.talk.flow == "pay") or context is ScanContext.PAYMENT_CODE:
            told = self.till.told_payment(text)
            if not isinstance(told, Refused) or context is ScanContext.PAYMENT_CODE:
                await self._patiently(self.start("by_code", (text,)))
                self.till.changes.note()
                return None
        answer = await self.ring(text, context, reading.symbology)
        self.till.changes.note()
        return answer

    async def ring(self, text: str, context: ScanContext = ScanContext.GOODS, symbology: str = "") -> Rung:
        """Ring a code up, as many times as was typed before it, and say what came of it."""
        count, self.count = self.count, 1
        answer = await self.till.scan(text, context, symbology, count=count)
        if await self._is_coupon(answer, text):
            await self.start("coupon_scanned", (text,))
        else:
            await self._after_scan(answer)
        return answer

    async def _is_coupon(self, answer: Rung, text: str) -> bool:
        """Tell whether what is no item is a coupon: it is taken without a key pressed first."""
        unknown = isinstance(answer, Refused) and answer.code in NOT_FOUND
        return unknown and await self.till.is_coupon(text)

    def cut(self) -> None:
        """Say that a code broke off."""
        words = says(marked("The code broke off."))
        self.refuse(Notice(words=words, next=says(marked("Scan it again.")), code="scan_cut"))
        self.till.changes.note()

    def weighed(self) -> None:
        """Take note that the scale says something else; a line that waits for a steady weight takes it."""
        scaled = self.till.scaled
        weight = repr((scaled.name, scaled.is_unclear, [scaled.shown_by(name) for name in scaled.names]))
        if weight == self._weight:
            return
        self._weight = weight
        if self.notice is not None and self.notice.code in {*CODES.values(), "weight_on_two_scales"}:
            self.notice = None  # what was wrong with the weight was said of another one
        if self.till.scaled.is_steady and (self._taking is None or self._taking.done()):
            self._take_weight()
        self.till.changes.note()

    def _take_weight(self) -> None:
        """Answer what is asked by the scale, once: a weight that flickers meanwhile is no second answer."""
        question = self.question
        if question is not None and question.id in TAKES_THE_SCALE:
            self._taking = self._spawn(self._given(SCALE))
        elif question is not None and question.weighs:
            self._taking = self._spawn(self._by_scale())

    def back(self) -> None:
        """Go one step back: one answer less, then out of what is asked; nothing that was done is undone."""
        talk = self.talk
        self.notice = None
        if talk is None:
            self._clear()
        elif talk.answers and not self._is_forced():
            talk.answers.pop()
            self._turned()
            self._spawn(self._run(talk))
        elif not self._is_forced():
            self._close()
            if talk.menu is not None:
                self._to_menu(talk.menu)
        elif talk.answers:
            talk.answers.clear()
            self._spawn(self._run(talk))

    def _to_menu(self, menu: Talk) -> None:
        """Ask again what to choose from a menu."""
        menu.answers.pop()
        self.talk = menu
        self._turned()
        self._spawn(self._run(menu))

    async def _entered(self) -> None:
        """Take an Enter with nothing typed and nothing asked: a chosen line, or one that waits for it, is weighed."""
        view = await self.till.view()
        lines = view.priced.lines if view else []
        chosen = [line.n for line in lines if line.n == self.line and line.unit is not Unit.EACH]
        meant = chosen if self.line is not None else [line.n for line in lines if not line.quantity]
        if meant:
            await self.start("measure", (str(meant[-1]),))
        else:
            self._clear()

    async def _typed(self, text: str) -> None:
        """Take a line typed while nothing is asked: a code, a quantity, or what to look for."""
        times, star, rest = text.partition("*")
        if star and not rest and times.isascii() and times.isdigit() and 0 < int(times[:9]) <= _MAX_PIECES:
            self.count, self.notice = int(times), None
            return
        if star and not times and rest.isascii() and rest.isdigit():
            answer = await self.till.set_quantity(int(rest[:9]), self.line)
            self._close()
            self.refuse(refusal(answer)) if isinstance(answer, Refused) else self._accept(None)
            return
        if (tare_g := tare_of(text)) is not None:
            await self.start("tare", (str(tare_g),))
            return
        has_letters = any(char.isalpha() for char in text)
        if has_letters and await self._named(text):
            return
        count, self.count = self.count, 1
        answer_ = await self.till.type_in(text, count=count)
        short = isinstance(answer_, Refused) and answer_.code in NOT_FOUND
        if short and not has_letters and await self._found(text):
            return
        if await self._is_coupon(answer_, text):
            await self.start("coupon_scanned", (text,))
        elif short and not any(char.isdigit() for char in text):  # a part of a name that nothing has
            self.notice = None
            await self.start("found", (text, carry([])))
            self._sound("refused")
        else:
            await self._after_scan(answer_)

    async def _named(self, text: str) -> bool:
        """Take a text with letters: an item's own number, else a part of a name. False when it is neither."""
        if any(char.isdigit() for char in text):
            rung = await self.till.ring_item(text, count=self.count)
            if not isinstance(rung, Refused) or rung.code not in NOT_FOUND:
                self.count = 1
                await self._after_scan(rung)
                return True
        return await self._found(text)

    async def _found(self, text: str) -> bool:
        """Look for items by a part of their name, once; False when there is none."""
        found = await self.till.catalogue.search(text)
        if found:
            self.notice = None
            await self.start("found", (text, carry(found)))
        return bool(found)

    async def _after_scan(self, answer: Rung) -> None:
        self._rung(answer)
        if isinstance(answer, LineAdded) and answer.measure is not None:
            await self._measure(answer)
        elif isinstance(answer, Refused) and isinstance(answer.asks, AgeAsked):
            await self.start("age", (str(answer.asks.years), answer.asks.born_by))
        elif isinstance(answer, Refused) and isinstance(answer.asks, PriceAsked):
            self.notice = None
            await self.start("open_price", (carry(answer.asks),))
        elif isinstance(answer, Refused) and answer.code == SHIFT_NEEDED:
            await self.start("open_shift")

    def _rung(self, answer: Rung) -> None:
        if isinstance(answer, Refused):
            self.refuse(refusal(answer))
            return
        if not self._is_forced() or isinstance(answer, SignedIn):
            self._close()
        self.line = self.paid = None
        self.hand_out_minor = 0
        self._accept(let_go(answer) if isinstance(answer, MemberAttached) else None)

    async def _measure(self, added: LineAdded) -> None:
        """Weigh a line at once where its goods lie still already, else ask for it."""
        flow = "weigh" if added.measure is Unit.GRAM else "pour"
        at_once = flow == "weigh" and self.till.scaled.is_steady
        if at_once and not isinstance(await self.till.weigh_from_scale(added.line.n), Refused):
            return
        await self.start(flow, (str(added.line.n),))

    async def _answer(self, text: str) -> None:
        """Take a typed answer: a number of the list, free text, or an empty line."""
        question = self.question
        if question is None or self.talk is None:
            return
        value: str | None = None
        if not text and question.weighs:
            await self._by_scale()
            return
        if not text:
            value = question.default
            if value is None and question.deliberate:
                self.refuse(_not_said())
            elif value is None and question.options:
                value = question.options[self.talk.marked].value
        elif text in question.numbers():
            value = question.numbers()[text].value
        elif question.free:
            value = text
        else:
            self.refuse(_not_listed(text))
        if value is not None:
            await self._given(value)

    async def _by_scale(self) -> None:
        """Answer with what lies on the scale, once it is steady."""
        if self.till.scaled.is_unclear:
            self.refuse(refusal(refused("weight_on_two_scales")))
            return
        weight = await self.till.scaled.settled()
        if isinstance(weight, WeightProblem) or weight.grams is None:
            code = CODES[weight if isinstance(weight, WeightProblem) else WeightProblem.MOVING]
            self.refuse(refusal(refused(code)))
        elif self.question is not None and self.question.weighs:
            await self._given(f"{WEIGHED_MARK}{weight.grams}")

    async def _move(self, by: int) -> None:
        """Mark the next answer of a list, or the next line of the basket."""
        if self.talk is not None and self.talk.question is not None and self.talk.question.options:
            self.talk.marked = (self.talk.marked + by) % len(self.talk.question.options)
            return
        view = await self.till.view()
        lines = [line.n for line in view.priced.lines] if view else []
        if lines:
            at = lines.index(self.line) if self.line in lines else len(lines) - 1 + (by > 0)
            self.line = lines[max(0, min(len(lines) - 1, at + by))]

    def _option_at(self, key: str) -> Option | None:
        question = self.question
        return next((one for one in question.options if one.key == key), None) if question else None

    def _is_old(self, seen: Seen) -> bool:
        """Tell whether a press was meant for another question, and say so."""
        if seen.turn == self.turn:
            return False
        self.refuse(_answered())
        self.till.changes.note()
        return True

    def _clear(self) -> None:
        self.notice, self.paid, self.line, self.count = None, None, None, 1
        self.hand_out_minor = 0

    async def rung_by(self, text: str, context: ScanContext) -> None:
        """Ring up what a flow found: as if it had been scanned."""
        await self.ring(text, context)

    async def rung_item(self, item: str) -> None:
        """Ring up an item that a flow chose, as many times as was typed before it."""
        count, self.count = self.count, 1
        await self._after_scan(await self.till.ring_item(item, count=count))


def _not_listed(text: str) -> Notice:
    then = says(marked("Type a number of the list, or go back with Esc."))
    return Notice(words=says(marked("This is not in the list.")), what=text, next=then, code="not_listed")


def _not_said() -> Notice:
    then = says(marked("Type a number of the list, or go back with Esc."))
    return Notice(words=says(marked("Enter alone is no answer here.")), next=then, code="not_said")


def _answered() -> Notice:
    words = says(marked("This was answered already, on another page of this till."))
    return Notice(words=words, next=says(marked("Look what is asked now.")), code="answered_elsewhere")
