"""The table of what works without a network is the one the till is held to."""

from __future__ import annotations

from edge_agent.till.offline import ACTIONS
from edge_agent.till.offline_document import NAMES, text
from tests.docs.promises import ROOT


def test_p2_the_table_in_the_documents_is_the_tills_own() -> None:
    assert (ROOT / "docs" / "works-offline.md").read_text() == text(), (
        "docs/works-offline.md differs from the code: make documents"
    )


def test_p2_every_action_has_a_name_in_both_languages() -> None:
    assert {name.rpartition(".")[2] for name in ACTIONS} == set(NAMES)
    assert all(english and chinese for english, chinese in NAMES.values())
