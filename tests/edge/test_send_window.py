"""The send window: whatever the wire loses, doubles or reorders, nothing is skipped and everything drains."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from edge_agent.hq.send_window import Limits, Rest, SayHello, SendAfter, SendWindow

EVENT_BYTES = 10
LIMITS = Limits(batch_events=5, batch_bytes=1000, window_batches=3, window_bytes=120)


class Exchange(RuleBasedStateMachine):
    """A window over an outbox, a wire that misbehaves, and an HQ that only goes forward without gaps."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.outbox = 0
        self.hq = 0
        self.acked = 0
        self.up: list[tuple[int, int] | None] = []
        self.down: list[int] = []
        self.window = SendWindow(random.Random(1).random, LIMITS)
        self.window.connected(self.now)

    @rule(count=st.integers(1, 12))
    def sell(self, count: int) -> None:
        self.outbox += count
        self.window.grown()

    @rule()
    def act(self) -> None:
        step = self.window.step(self.now)
        match step:
            case SayHello():
                self.window.hello_sent(self.now)
                self.up.append(None)
            case SendAfter():
                self.send(step)
            case Rest(until):
                assert until is None or until > self.now

    def send(self, step: SendAfter) -> None:
        count = min(step.max_events, self.outbox - step.seq)
        if count <= 0:
            self.window.drained(step.turn)
            return
        assert step.seq >= self.acked, "an acked event was sent again"
        self.window.sent(self.now, step.turn, step.seq + 1, count, count * EVENT_BYTES)
        self.up.append((step.seq + 1, count))

    @precondition(lambda self: self.up)
    @rule(data=st.data(), keep=st.booleans())
    def arrive(self, data: st.DataObject, *, keep: bool) -> None:
        place = data.draw(st.integers(0, len(self.up) - 1))
        message = self.up[place] if keep else self.up.pop(place)
        if message is not None:
            first, count = message
            if first <= self.hq + 1 <= first + count - 1:
                self.hq = first + count - 1
        self.down.append(self.hq)

    @precondition(lambda self: self.down)
    @rule(data=st.data(), keep=st.booleans())
    def ack(self, data: st.DataObject, *, keep: bool) -> None:
        place = data.draw(st.integers(0, len(self.down) - 1))
        seq = self.down[place] if keep else self.down.pop(place)
        self.acked = max(self.acked, seq)
        self.window.heard_ack(self.now, self.acked)

    @precondition(lambda self: self.up)
    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        self.up.pop(data.draw(st.integers(0, len(self.up) - 1)))

    @precondition(lambda self: self.up)
    @rule(data=st.data())
    def reject(self, data: st.DataObject) -> None:
        message = self.up.pop(data.draw(st.integers(0, len(self.up) - 1)))
        if message is not None:
            single = self.window.rejected(self.now, message[0])
            assert single or message[1] == 1

    @rule(seconds=st.floats(0.01, 400))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def reconnect(self) -> None:
        self.up.clear()
        self.down.clear()
        self.window.connected(self.now)

    @invariant()
    def bounded(self) -> None:
        assert self.window.in_flight <= LIMITS.window_batches
        assert self.window.acked <= self.hq

    def teardown(self) -> None:
        """From any state, a wire that works drains everything."""
        self.up.clear()
        self.down.clear()
        for _ in range(40 + 6 * self.outbox):
            step = self.window.step(self.now)
            if isinstance(step, Rest):
                if step.until is None and self.acked == self.outbox:
                    break
                self.now = step.until if step.until is not None else self.now + 1
                continue
            self.act()
            for message in self.up:
                if message is not None and message[0] <= self.hq + 1:
                    self.hq = max(self.hq, message[0] + message[1] - 1)
            self.up.clear()
            self.acked = self.hq
            self.window.heard_ack(self.now, self.acked)
        assert self.hq == self.outbox, "not everything drained"


TestExchange = Exchange.TestCase


def window(draw: Callable[[], float] = lambda: 0.5, limits: Limits = LIMITS) -> SendWindow:
    made = SendWindow(draw, limits)
    made.connected(0.0)
    made.step(0.0)
    made.hello_sent(0.0)
    made.heard_ack(0.1, 0)
    return made


def send(window: SendWindow, now: float, count: int = 5) -> int:
    step = window.step(now)
    assert isinstance(step, SendAfter)
    window.sent(now, step.turn, step.seq + 1, count, count * EVENT_BYTES)
    return step.seq + 1


def test_hello_comes_first_and_again_until_answered() -> None:
    made = SendWindow(lambda: 0.5, LIMITS)
    made.connected(0.0)
    assert made.step(0.0) == SayHello()
    made.hello_sent(0.0)
    rest = made.step(0.1)
    assert isinstance(rest, Rest)
    assert rest.until is not None
    assert made.step(rest.until) == SayHello()
    made.heard_ack(rest.until, 7)
    step = made.step(rest.until)
    assert isinstance(step, SendAfter)
    assert step.seq == 7


def test_window_is_bounded_by_batches_and_by_bytes() -> None:
    made = window()
    assert [send(made, 0.2) for _ in range(3)] == [1, 6, 11]
    assert isinstance(made.step(0.2), Rest)
    made.heard_ack(0.3, 5)
    assert send(made, 0.3) == 16
    fat = window()
    step = fat.step(0.2)
    assert isinstance(step, SendAfter)
    fat.sent(0.2, step.turn, 1, 1, LIMITS.window_bytes)
    assert isinstance(fat.step(0.2), Rest)


def test_after_a_timeout_one_batch_goes_out_at_a_time() -> None:
    made = window()
    for _ in range(3):
        send(made, 0.2)
    assert send(made, 1000.0) == 1
    assert isinstance(made.step(1000.0), Rest)
    made.heard_ack(1000.1, 5)
    assert [send(made, 1000.1) for _ in range(3)] == [6, 11, 16]


def test_timeouts_grow_to_a_cap_of_five_minutes() -> None:
    made, now, waits = window(lambda: 0.999, Limits(window_batches=1)), 0.2, []
    for _ in range(14):
        send(made, now)
        rest = made.step(now)
        assert isinstance(rest, Rest)
        assert rest.until is not None
        waits.append(round(rest.until - now, 6))
        now = rest.until
    assert waits == sorted(waits)
    assert waits[0] < 5
    assert waits[-1] == pytest.approx(300.0)


def test_rejected_batch_goes_out_singly_then_batches_again() -> None:
    made = window()
    first = send(made, 0.2)
    assert made.rejected(0.3, first)
    for number in range(1, 6):
        step = made.step(0.3)
        assert isinstance(step, SendAfter)
        assert (step.seq + 1, step.max_events) == (number, 1)
        made.sent(0.3, step.turn, number, 1, EVENT_BYTES)
        made.heard_ack(0.4, number)
    step = made.step(0.4)
    assert isinstance(step, SendAfter)
    assert step.max_events == LIMITS.batch_events


def test_rejected_single_event_is_said_and_not_hammered() -> None:
    made = window()
    send(made, 0.2, count=1)
    assert not made.rejected(0.3, 1)
    assert isinstance(made.step(0.3), Rest)


def test_restored_hq_is_rewound_to() -> None:
    made = window()
    send(made, 0.2)
    made.heard_ack(0.3, 5)
    made.heard_ack(0.4, 2)
    step = made.step(0.4)
    assert isinstance(step, SendAfter)
    assert step.seq == 2


def test_silence_counts_only_while_something_is_asked() -> None:
    made = window()
    assert made.silent_for(500.0) == 0.0
    send(made, 500.0)
    assert made.silent_for(560.0) == pytest.approx(60.0)
    made.heard_ack(560.0, 5)
    assert made.silent_for(900.0) == 0.0


def greeted_window() -> SendWindow:
    """A window at the start of a connection whose hello was answered: nothing acked, nothing on its way."""
    window = SendWindow(lambda: 0.0)
    window.connected(0.0)
    assert isinstance(window.step(0.0), SayHello)
    window.hello_sent(0.0)
    window.heard_ack(0.0, 0)
    return window


def sends(window: SendWindow, now: float, count: int) -> SendAfter:
    step = window.step(now)
    assert isinstance(step, SendAfter)
    window.sent(now, step.turn, step.seq + 1, count, count * EVENT_BYTES)
    return step


def test_p1_the_rest_of_a_batch_that_hq_has_a_part_of_is_sent_again() -> None:
    window = greeted_window()
    sends(window, 0.0, 1)  # arrives, but its ack is lost with the worker that died
    sends(window, 0.0, 3)  # is lost with it
    assert sends(window, 10.0, 4).seq == 0  # everything again, in one batch now
    window.heard_ack(10.1, 1)  # the next worker says what the first one had
    step = window.step(30.0)
    assert isinstance(step, SendAfter), "stuck behind a batch that is acked in part"
    assert step.seq == 1


def test_p1_a_repeated_ack_shows_that_hq_is_back() -> None:
    window = greeted_window()
    sends(window, 0.0, 2)
    for now in (10.0, 20.0, 40.0):
        assert sends(window, now, 2).seq == 0
    assert isinstance(window.step(40.5), Rest)
    window.heard_ack(40.5, 0)
    assert isinstance(window.step(40.5), SendAfter)


def test_p1_an_event_that_comes_while_the_outbox_is_read_is_not_forgotten() -> None:
    window = greeted_window()
    step = window.step(0.0)
    assert isinstance(step, SendAfter)
    window.grown()  # after the read began
    window.drained(step.turn)  # what the read saw
    assert isinstance(window.step(0.0), SendAfter)
