"""What the reconciliation of cases and runs asks of the case database."""

from datetime import timedelta

import pytest
from sqlalchemy import text, update

from complaints.adapters.driving import are_open, count_driven, driven, moved_since, shown_on
from complaints.adapters.starting import settle_start
from complaints.adapters.store import Store
from complaints.adapters.tables import ClockRow
from complaints.answers import Question
from complaints.words import Stage
from tests.builders import MONDAY, a_stored_case, file_complaint


def test_an_open_case_must_have_a_run_unless_it_is_owed_its_first(store: Store) -> None:
    started, owed = (file_complaint(store, number=number) for number in ("1", "2"))
    settle_start(store, started)

    assert driven(store) == {started: None}
    assert count_driven(store) == 1
    assert are_open(store, [started, owed, "TS260302-NOTHERE"]) == {started: True, owed: True}


def test_a_closed_case_needs_no_run(store: Store) -> None:
    closed = a_stored_case(store, Stage.CLOSED)

    assert driven(store) == {}
    assert count_driven(store) == 0
    assert are_open(store, [closed]) == {closed: False}


def test_what_each_case_asks_is_known_without_opening_it(store: Store) -> None:
    reference = a_stored_case(store, Stage.UNDER_INVESTIGATION)
    settle_start(store, reference)

    assert driven(store) == {reference: Question.FINDING}


def test_a_case_has_moved_when_anything_was_recorded_on_it_since(store: Store) -> None:
    reference = a_stored_case(store)

    assert moved_since(store, MONDAY - timedelta(hours=1)) == [reference]
    assert moved_since(store, store.now() + timedelta(hours=1)) == []


@pytest.mark.parametrize("late", [True, False])
def test_a_run_shows_the_worst_of_the_limits_of_its_case(store: Store, late: bool) -> None:
    reference = a_stored_case(store, Stage.UNDER_INVESTIGATION)
    with store.write() as session:
        assert session.execute(update(ClockRow).values(shown="soon")).rowcount > 1
        if late:
            session.execute(update(ClockRow).where(ClockRow.name == "decision").values(shown="late"))

    assert shown_on(store, [reference]) == {reference: "late" if late else "soon"}
    assert shown_on(store, []) == {}


def test_what_moved_is_found_by_an_index(store: Store) -> None:
    with store.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            plan = connection.execute(text("EXPLAIN QUERY PLAN SELECT reference FROM ledger WHERE at >= '2026'"))
        else:
            connection.execute(text("SET enable_seqscan = off"))
            plan = connection.execute(text("EXPLAIN SELECT reference FROM ledger WHERE at >= now()"))
        assert "ix_ledger_at" in " ".join(str(row) for row in plan)
