"""What people agree to at the service desk, as head office gives it: refused where nobody could join by it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from cloud.database import Database
from cloud.errors import Invalid
from cloud.store_days.policies import policies, set_policies
from edge_agent.till.service.consents import AS_SHIPPED, consents_of
from shared.wire.policies import TillPolicies

TERMS: dict[str, Any] = {"channel": "membership", "version": "2026-01", "words": {"zh": "同意"}, "required": True}
SMS: dict[str, Any] = {"channel": "sms", "version": "1", "words": {"zh": "同意"}}


def given(database: Database, texts: list[dict[str, Any]]) -> TillPolicies:
    with database.session() as session:
        return set_policies(session, msgspec.json.encode({"consents": texts}), actor="test", now_ms=1)


def test_a_chains_own_texts_come_in_place_of_those_as_shipped(sqlite_database: Database) -> None:
    assert consents_of(TillPolicies()) == AS_SHIPPED
    given(sqlite_database, [SMS, TERMS])
    with sqlite_database.session() as session:
        texts = consents_of(policies(session))
    assert [(one.channel, one.version) for one in texts] == [("membership", "2026-01"), ("sms", "1")]


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        ([SMS], "nobody joins without it"),
        ([{**TERMS, "required": False}], "nobody joins without it"),
        ([TERMS, TERMS], "one text a channel"),
        ([{**TERMS, "version": ""}], "1 to 32 characters"),
        ([{**TERMS, "version": "v" * 33}], "1 to 32 characters"),
        ([{**TERMS, "words": {"zh": " "}}], "no words"),
    ],
)
def test_texts_that_nobody_could_join_by_are_refused(
    sqlite_database: Database, texts: list[dict[str, Any]], says: str
) -> None:
    with pytest.raises(Invalid, match=says):
        given(sqlite_database, texts)
