"""What whole histories found, told as short as it gets: each was a way to lose a sale, or to hide that one is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge_agent.record import outbox
from tests.promises.conftest import MakePlace
from tests.promises.simulation.history import History

HERE, THERE = 0, 1
"""Boxes: one in each of the two stores."""


@pytest.fixture
def history(history_folders: Callable[[], Path], sqlite_places: MakePlace) -> Iterator[History]:
    found = History(history_folders(), sqlite_places, seed=1)
    yield found
    found.close()


def sell(history: History, number: int, times: int) -> None:
    for _ in range(times):
        history.sell(number)


def end(history: History) -> None:
    history.heal()
    history.judge()


def test_p1_a_restored_box_does_not_take_acks_of_the_disk_before_it_for_its_own(history: History) -> None:
    """Database and witness are put back together, and it sells past HQ's watermark before it hears of HQ again."""
    history.write_witness(HERE)
    history.copy_disk(HERE)
    sell(history, HERE, 4)
    history.heal()
    history.restore_disk(0, with_witness=True)
    sell(history, HERE, 7)
    end(history)
    assert len(history.boxes[HERE].kept()) > 7


def test_p1_a_clone_does_not_take_acks_of_its_twin_for_its_own(history: History) -> None:
    history.copy_disk(HERE)
    history.clone(0, same_machine=True)
    twin = len(history.boxes) - 1
    sell(history, HERE, 2)
    sell(history, twin, 3)
    history.converse(HERE)
    history.check()
    end(history)


def test_p1_two_clones_that_both_fork_lose_nothing(history: History) -> None:
    sell(history, HERE, 2)
    history.copy_disk(HERE)
    history.clone(0, same_machine=True)
    history.clone(0, same_machine=True)
    for number in (HERE, 2, 3):
        sell(history, number, 3)
        history.pump(number)
    history.deliver(range(len(history.wire.on_its_way)))
    end(history)


def test_p1_what_was_pruned_of_an_earlier_epoch_is_named_to_a_restored_hq(history: History) -> None:
    history.back_up_office()
    sell(history, HERE, 4)
    history.heal()
    history.lose_witness(HERE)
    sell(history, HERE, 1)
    history.heal()
    history.prune(HERE, everything=True)
    history.restore_office(0)
    end(history)


def test_p1_a_late_ack_of_an_earlier_incarnation_hides_nothing(history: History) -> None:
    sell(history, HERE, 1)
    history.heal()
    history.back_up_office()
    sell(history, HERE, 3)
    history.pump(HERE)
    history.deliver(range(len(history.wire.on_its_way)))
    late, history.wire.on_its_way[:] = list(history.wire.on_its_way), []
    assert late
    history.restore_office(0)
    history.reconnect(HERE)
    history.converse(HERE)
    for packet in late:
        history.wire.put(packet)
    end(history)


def test_p5_a_return_at_another_store_that_is_early_counts_when_its_sale_comes(history: History) -> None:
    history.sell(HERE)
    history.bring_back(THERE, 0)
    history.converse(THERE)
    end(history)


@pytest.mark.parametrize("contact", [False, True])
def test_p1_a_new_epoch_does_not_hide_that_hq_was_put_back_untold(history: History, *, contact: bool) -> None:
    """It opens before the box hears of HQ again, whose watermark of it then says nothing of the epoch before."""
    sell(history, HERE, 2)
    history.heal()
    history.back_up_office()
    sell(history, HERE, 4)
    history.heal()
    history.cut_power(HERE)
    history.lose_witness(HERE)
    history.restore_office(0, told=False)
    if contact:
        sell(history, HERE, 1)
        history.pump(HERE)
    end(history)


def test_p1_hq_put_back_untold_is_noticed_by_whoever_it_acked_more(history: History) -> None:
    history.back_up_office()
    sell(history, HERE, 4)
    history.heal()
    before = history.office.incarnation()
    history.restore_office(0, told=False)
    end(history)
    assert history.office.incarnation() != before


def test_p1_a_late_copy_of_a_batch_does_not_hide_what_hq_lacks_of_earlier_epochs(history: History) -> None:
    """The restored HQ has this epoch from a copy on the wire, and says so: of the epoch before it lacks four sales."""
    history.back_up_office()
    sell(history, HERE, 4)
    history.heal()
    history.lose_witness(HERE)
    sell(history, HERE, 1)
    for _ in range(3):
        history.pump(HERE)
        late = list(history.wire.on_its_way)
        history.deliver(range(len(history.wire.on_its_way)))
    history.heal()
    for packet in late:
        history.wire.put(packet)
    history.restore_office(0)
    history.deliver(range(len(late)))
    end(history)


def test_p1_hq_and_a_box_restored_together_lose_only_what_neither_has(history: History) -> None:
    sell(history, HERE, 2)
    history.heal()
    history.copy_disk(HERE)
    history.back_up_office()
    sell(history, HERE, 3)
    history.heal()
    history.restore_office(0)
    history.restore_disk(0, with_witness=False)
    sell(history, HERE, 2)
    end(history)
    at = outbox.position(history.boxes[HERE].disk.db)
    assert at.acked_seq == at.last_seq
