"""The plan of harm: drawn from the seed, complete, in order."""

from __future__ import annotations

from deploy.demo.chaos import Harm, plan

STORES = (367, 406, 343)


def test_a_plan_is_the_same_for_the_same_seed_and_another_for_another():
    assert plan(1, 5000, STORES, postgresql=True) == plan(1, 5000, STORES, postgresql=True)
    assert plan(1, 5000, STORES, postgresql=True) != plan(2, 5000, STORES, postgresql=True)


def test_every_kind_of_harm_comes_at_least_once():
    assert {act.harm for act in plan(1, 100, STORES, postgresql=True)} == set(Harm)


def test_connections_are_cut_only_where_there_is_a_server():
    assert Harm.CUT_DATABASE not in {act.harm for act in plan(1, 20_000, STORES, postgresql=False)}


def test_acts_come_in_order_within_the_run_and_agents_harms_name_a_store():
    acts = plan(3, 400, STORES, postgresql=False)
    assert [act.after for act in acts] == sorted(act.after for act in acts)
    assert all(0 <= act.after < 400 for act in acts)
    assert all((act.store in STORES) == str(act.harm).endswith("agent") for act in acts)
