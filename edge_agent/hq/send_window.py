"""What to send next: a pure state machine over numbers and times, without disk, network or clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

_FIRST_ACK_SECONDS = 2.0
_SHORTEST_SECONDS = 1.0
_LONGEST_SECONDS = 300.0
_SMOOTHING = 8
_DOUBLINGS = 9


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may be on its way unacked, and how much one batch may hold."""

    batch_events: int = 100
    batch_bytes: int = 256 * 1024
    window_batches: int = 4
    window_bytes: int = 1024 * 1024


@dataclass(frozen=True, slots=True)
class SayHello:
    """Say where the outbox stands, before anything else."""


@dataclass(frozen=True, slots=True)
class SendAfter:
    """Send the events after a number, at most so many, and report it with `sent` or `drained`."""

    seq: int
    max_events: int
    max_bytes: int
    turn: int


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing to do until a time, or (None) until something happens."""

    until: float | None


Step = SayHello | SendAfter | Rest


@dataclass(slots=True)
class _OnItsWay:
    first: int
    last: int
    size: int
    at: float


class SendWindow:
    """Decides what goes out on one connection. Every acked number was acked by HQ; nothing is ever skipped.

    Acks are cumulative, so what follows a lost batch is of no use to HQ: after a time-out sending starts again
    behind the last ack, one batch at a time until HQ is heard.
    """

    def __init__(self, random: Callable[[], float], limits: Limits | None = None) -> None:
        """Take a source of numbers in [0, 1) for jitter."""
        self._random = random
        self._limits = limits or Limits()
        self._smoothed: float | None = None
        self._on_its_way: deque[_OnItsWay] = deque()
        self._greeted = False
        self._due = 0.0
        self._acked = 0
        self._sent_up_to = 0
        self._singly_up_to = 0
        self._drained = False
        self._grown = False
        self._timeouts = 0
        self._turn = 0
        self._progress_at = 0.0

    @property
    def acked(self) -> int:
        """The last number known as acked."""
        return self._acked

    @property
    def sent_up_to(self) -> int:
        """The last number that went out, or was acked before."""
        return self._sent_up_to

    @property
    def in_flight(self) -> int:
        """How many batches wait for an ack."""
        return len(self._on_its_way)

    def connected(self, now: float) -> None:
        """Start a connection, or a new epoch on it: hello first, and nothing else until HQ has answered it."""
        self._greeted = False
        self._due = now
        self._timeouts = 0
        self._progress_at = now
        self._singly_up_to = 0
        self._start_after(0)

    def step(self, now: float) -> Step:
        """Return what to do now."""
        if not self._greeted:
            return SayHello() if now >= self._due else Rest(self._due)
        if self._on_its_way and now >= self._due:
            self._time_out(now)
        if self._timeouts and not self._on_its_way and now < self._due:
            return Rest(self._due)
        if self._drained or self._is_full():
            return Rest(self._due if self._on_its_way else None)
        self._grown = False
        singly = self._sent_up_to < self._singly_up_to
        events = 1 if singly else self._limits.batch_events
        return SendAfter(self._sent_up_to, events, self._limits.batch_bytes, self._turn)

    def hello_sent(self, now: float) -> None:
        """Note that hello went out; it is repeated until it is answered."""
        self._due = now + self._wait_seconds()
        self._timeouts += 1

    def sent(self, now: float, turn: int, first: int, count: int, size: int) -> None:
        """Note a batch that goes out now; `turn` is that of the step which asked for it."""
        if turn != self._turn or first != self._sent_up_to + 1:
            return  # asked for before a rewind: harmless on the wire, and sent again
        if not self._on_its_way:
            self._due = now + self._wait_seconds()
            self._progress_at = max(self._progress_at, now) if not self._timeouts else self._progress_at
        self._on_its_way.append(_OnItsWay(first, first + count - 1, size, now))
        self._sent_up_to = first + count - 1

    def drained(self, turn: int) -> None:
        """Note that there are no more events, unless some came while the caller was looking."""
        if turn == self._turn and not self._grown:
            self._drained = True

    def grown(self) -> None:
        """Note that there are new events."""
        self._drained = False
        self._grown = True

    def heard_ack(self, now: float, acked: int) -> None:
        """Take an ack that the outbox has applied: `acked` is the number it now holds as acked.

        The first one on a connection answers hello, and sending starts behind it.
        """
        if not self._greeted:
            self._greeted = True
            self._timeouts = 0
            self._progress_at = now
            self._start_after(acked)
            return
        if acked < self._acked:
            self._start_after(acked)
            return
        if acked == self._acked:
            if self._timeouts and self._on_its_way:
                self._due = min(self._due, now)  # HQ is there again and lacks what is on its way
            return
        while self._on_its_way and self._on_its_way[0].last <= acked:
            batch = self._on_its_way.popleft()
            if not self._timeouts:
                self._learn(now - batch.at)
        self._acked = acked
        self._timeouts = 0
        self._progress_at = now
        self._due = now + self._wait_seconds()
        if acked > self._sent_up_to:
            self._start_after(acked)

    def rejected(self, now: float, first: int) -> bool:
        """Send a rejected batch's events singly; return False when it was a single event already."""
        batch = next((batch for batch in self._on_its_way if batch.first == first), None)
        if batch is None:
            return True
        single = batch.first == batch.last
        last = batch.last
        self._go_back_to(first - 1)
        self._singly_up_to = max(self._singly_up_to, last)
        if single:
            self._timeouts += 1
            self._due = now + self._wait_seconds()
        return not single

    def silent_for(self, now: float) -> float:
        """Return for how long HQ has acked nothing although it was asked to."""
        waiting = self._on_its_way or self._timeouts
        return now - self._progress_at if waiting else 0.0

    def _is_full(self) -> bool:
        batches = 1 if self._timeouts else self._limits.window_batches
        size = sum(batch.size for batch in self._on_its_way)
        return len(self._on_its_way) >= batches or size >= self._limits.window_bytes

    def _start_after(self, seq: int) -> None:
        self._turn += 1
        self._acked = self._sent_up_to = seq
        self._on_its_way.clear()
        self._drained = False

    def _go_back_to(self, seq: int) -> None:
        self._turn += 1
        self._sent_up_to = seq
        while self._on_its_way and self._on_its_way[-1].last > seq:  # also one that HQ has a part of
            self._on_its_way.pop()
        self._drained = False

    def _time_out(self, now: float) -> None:
        self._timeouts += 1
        self._go_back_to(self._acked)
        self._due = now

    def _learn(self, seconds: float) -> None:
        if self._smoothed is None:
            self._smoothed = seconds
        else:
            self._smoothed += (seconds - self._smoothed) / _SMOOTHING

    def _wait_seconds(self) -> float:
        """Twice the smoothed ack time, plus after each time-out in a row a doubling share of it, fully jittered."""
        smoothed = _FIRST_ACK_SECONDS if self._smoothed is None else self._smoothed
        base = max(2 * smoothed, _SHORTEST_SECONDS)
        if not self._timeouts:
            return min(base, _LONGEST_SECONDS)
        spread = base * (1 << min(self._timeouts, _DOUBLINGS))
        return min(base + self._random() * spread, _LONGEST_SECONDS)
