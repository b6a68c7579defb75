"""The same events once more, in another order, to a head office that never heard of them."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from tests.cloud.ingesting import Outbox
from tests.promises.simulation.office import HeadOffice, standings
from tests.promises.simulation.trail import Trail
from tests.promises.simulation.verdict import Books, read_books

RECEIPT_CONFLICT = "receipt_conflict"


def check_any_order(trail: Trail, books: Books, office: HeadOffice, fresh: HeadOffice, seed: int) -> None:
    """Apply what `office` has to `fresh` in a random order, and compare.

    Of two sales with one number the first to arrive has it, so those that came second are left out. Members are made
    one in the order in which they were, at other moments.
    """
    rng = random.Random(seed)
    events = sorted(key for key in books.inbox if books.parked.get(key) != RECEIPT_CONFLICT)
    rng.shuffle(events)
    merges = list(office.merged.items())
    deeds: list[UUID | tuple[str, UUID] | None] = [*events, *office.registered.items(), *[None] * len(merges)]
    rng.shuffle(deeds)
    while deeds:
        size = rng.randint(1, 8)
        group, deeds = deeds[:size], deeds[size:]
        _apply(trail, fresh, [one for one in group if isinstance(one, UUID)])
        for one in group:
            if one is None:
                gone, keep = merges.pop(0)
                fresh.merge(keep, gone)
            elif not isinstance(one, UUID):
                card, member = one
                fresh.register(card, fresh.now(member))
    assert fresh.merged == office.merged, "another order of arrival keeps members from being made one"
    again = read_books(fresh)
    same = (again.sales, again.returns) == (books.sales, books.returns)
    assert same, "another order of arrival gives other sales or returns"
    waiting = {key: code for key, code in books.parked.items() if code != RECEIPT_CONFLICT}
    assert again.parked == waiting, f"another order of arrival parks {again.parked} instead of {waiting}"
    assert standings(fresh.database) == standings(office.database), "another order of arrival gives other points"


def _apply(trail: Trail, fresh: HeadOffice, events: Sequence[UUID]) -> None:
    by_agent: defaultdict[str, list[bytes]] = defaultdict(list)
    for event in events:
        agent, content = trail.contents[event]
        by_agent[agent].append(content)
    fresh.take_in([Outbox(agent).add(*contents).batch() for agent, contents in sorted(by_agent.items())])
