"""How the till asks a person something: one question at a time, each answered in the one command line.

What a person is asked for is written as a plain function (a *flow*) that asks, and at last does. It is run anew from
its recorded answers for every further one, and stops at the first question without an answer. So a step back is one
answer less, two tabs show the same question, and nothing is done before everything is answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from edge_agent.web.figures import to_minor
from edge_agent.web.screen.saying import NOTHING, Notice, Said, Sayable, says
from shared.web.words import marked

Kind = Literal["text", "amount", "secret"]
CARD_MARK = "card:"
"""Before the number of a staff card that was scanned where a code was asked for."""
WEIGHED_MARK = "weighed:"
"""Before the grams that the scale said where a weight was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One of several answers: `value` is the answer, `key` the key beside its number that gives it at once.

    `number` is typed for it in place of its place in the list, where it has one of its own elsewhere: on a receipt.
    """

    value: str
    words: Sayable
    note: Sayable = NOTHING
    amount: str = ""
    key: str = ""
    group: str = ""
    disabled: bool = False
    number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked. `id` names it for the page's look and for tests.

    `title` heads it, `prompt` stands at the command line. Free text is an answer if `free`; an empty line is `default`
    if there is one, else the option that is marked. `scans`: a scanned code answers it. `detail` is what the page
    shows with it, by the template `pane`. `deliberate`: an empty line answers nothing, so that a key pressed once too
    often agrees to nothing. `weighs`: the scale answers it, by itself as soon as it is steady or with an empty line.
    `stays`: no key of another action leads away from it; it is answered, or Esc goes back.
    """

    id: str
    title: Sayable
    prompt: Sayable
    kind: Kind = "text"
    options: tuple[Option, ...] = ()
    free: bool = True
    numbered: bool = True
    default: str | None = None
    scans: bool = False
    detail: object = None
    pane: str = ""
    note: Sayable = NOTHING
    wide: bool = False
    deliberate: bool = False
    weighs: bool = False
    stays: bool = False

    def numbers(self) -> dict[str, Option]:
        """Return the answers that a number gives, as it is typed: their own, else their place in the list.

        A telephone number's end such as 0003 is none of these.
        """
        if any(one.number is not None for one in self.options):
            return {str(one.number): one for one in self.options if one.number is not None}
        return {str(n): one for n, one in enumerate(self.options, start=1)} if self.numbered else {}

    def key_of(self, option: Option) -> str:
        """Return what gives an answer at once, as it is printed beside it; '' where it has to be marked first."""
        return option.key or next((number for number, one in self.numbers().items() if one is option), "")


class Open(Exception):
    """A question has no answer yet."""

    def __init__(self, question: Question) -> None:
        super().__init__(question.id)
        self.question = question


class Wrong(Exception):
    """An answer cannot be used; the question is asked again."""

    def __init__(self, words: Said, what: str = "") -> None:
        super().__init__(words.text)
        self.notice = Notice(words=words, what=what, next=says(marked("Enter it again, or go back with Esc.")))


@dataclass(slots=True)
class Asked:
    """What was asked and answered so far."""

    answers: Sequence[str]
    ids: list[str] = field(default_factory=list)

    async def __call__(self, question: Question) -> str:
        """Return the answer to a question. Raise Open when there is none yet."""
        if len(self.ids) == len(self.answers):
            raise Open(question)
        self.ids.append(question.id)
        return self.answers[len(self.ids) - 1]

    async def amount(self, question: Question, exponent: int) -> int:
        """Return an answer in minor units. Raise Open, or Wrong when it is no amount."""
        text = await self(question)
        minor = to_minor(text, exponent)
        if minor is None:
            raise Wrong(says(marked("This is not an amount.")), text)
        return minor

    async def whole(self, question: Question, most: int) -> int:
        """Return an answer as a whole number from 0. Raise Open, or Wrong when it is none."""
        text = await self(question)
        if not text.isascii() or not text.isdigit() or int(text[:12]) > most:
            raise Wrong(says(marked("This is not a number that fits.")), text)
        return int(text)
