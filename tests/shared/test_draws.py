"""Prize draws: exact odds, the same for everybody who checks."""

from __future__ import annotations

from collections import Counter

import pytest

from shared.draws import NOTHING, DrawRules, Prize, commitment

SEED = bytes(range(32))


def test_weights_are_exact_within_chance_and_nothing_falls_beyond_the_last() -> None:
    rules = DrawRules(
        prizes=[Prize(prize="a", weight=1, worth_minor=1), Prize(prize="b", weight=2, worth_minor=1)],
        nothing_weight=1,
    )
    landed = Counter(rules.land(SEED, ticket) for ticket in range(20_000))
    assert set(landed) == {"a", "b", NOTHING}
    for prize, share in (("a", 5_000), ("b", 10_000), (NOTHING, 5_000)):
        assert abs(landed[prize] - share) < 300  # five standard deviations of a fair draw are 306 and 354


def test_a_ticket_lands_where_it_landed_before_and_another_seed_elsewhere() -> None:
    rules = DrawRules(prizes=[Prize(prize="a", weight=1, worth_minor=1)], nothing_weight=1)
    first = [rules.land(SEED, ticket) for ticket in range(64)]
    assert first == [rules.land(SEED, ticket) for ticket in range(64)]
    assert first != [rules.land(bytes(32), ticket) for ticket in range(64)]
    assert commitment(SEED) != commitment(bytes(32))


@pytest.mark.parametrize(
    ("prizes", "nothing"),
    [
        ([], 1),
        ([("a", 0)], 1),
        ([("a", 1), ("a", 1)], 1),
        ([("", 1)], 1),
        ([("a", 1)], -1),
        ([("a", 1)], 2**64),
        ([("a", 2**64)], 1),
    ],
)
def test_rules_that_make_no_sense_are_refused(prizes: list[tuple[str, int]], nothing: int) -> None:
    with pytest.raises(ValueError, match="prize"):
        DrawRules(
            prizes=[Prize(prize=name, weight=weight, worth_minor=1) for name, weight in prizes], nothing_weight=nothing
        )
