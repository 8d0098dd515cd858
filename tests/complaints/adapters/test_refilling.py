"""New columns of a database that holds cases are filled from the ledgers, and nothing else is touched."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from complaints import acts
from complaints.adapters.migrations import refilling
from complaints.adapters.migrations.refilling import refill
from complaints.adapters.tables import CaseRow, EntryRow
from complaints.adapters.verify import verify
from complaints.case_statistics import statistics_of
from complaints.merging import merge
from complaints.timekeeping import note
from complaints.words import Stage
from tests.builders import MONDAY, REGIME, a_case, a_complaint, a_stored_case, an_act, file_complaint

COLUMNS = list(statistics_of(a_case()))
NOTHING = {
    name: {"reopened": 0, "repeats": 0, "changed_at": MONDAY - timedelta(days=9_999)}.get(name) for name in COLUMNS
} | dict.fromkeys(("represented", "forwarded", "is_group"), False)
OURS = f"""
name = "our-rules"
version = "1"
extends = "{REGIME}"
"""


def forget(store, **changes):
    """Leave the columns as they are before they are filled."""
    with store.write() as session:
        session.execute(update(CaseRow).values(NOTHING | changes))


def fill(store, columns=COLUMNS):
    """Fill columns as a migration does."""
    with store.write() as session:
        refill(session.connection(), columns)


@pytest.fixture
def some_cases(store):
    """Cases of which every statistic says something."""
    first = a_stored_case(store, Stage.CLOSED, number="1", issue="重复扣费", sub_product="十二期")
    with store.open_case(first) as desk:
        note(desk.case, "review_requested", desk.now, "li.wei", desk.now)
        desk.case.record(an_act(acts.Reopened), desk.now, "li.wei")
    later, into = (file_complaint(store, number=number, channel="hotline") for number in ("3", "2"))
    with store.open_cases(later, into) as desks:
        pair = sorted(desks.values(), key=lambda desk: desk.case.facts.received_at, reverse=True)
        merge(pair[0].case, pair[1].case, "li.wei", pair[0].now)
    return first, later, into


def test_filled_columns_are_those_of_the_ledger(store, some_cases, monkeypatch):
    monkeypatch.setattr(refilling, "_BATCH", 2)
    forget(store)
    assert verify(store).breaks

    fill(store)

    assert verify(store).breaks == []


def test_only_the_columns_that_are_new_are_filled(store, some_cases):
    forget(store, product="something else")

    fill(store, ["issue"])

    with store.read() as session:
        rows = session.execute(select(CaseRow.issue, CaseRow.product, CaseRow.reopened)).all()
    assert sorted(map(str, rows)) == sorted(
        map(str, [("重复扣费", "something else", 0), *[(None, "something else", 0)] * 2])
    )


def test_the_firms_own_rules_are_known(store):
    with store.write() as session:
        store.add_rule(session, "pack", "our-rules.toml", "1", OURS, "li.wei")
    store.file(a_complaint(), "crm", "our-rules")
    forget(store)

    fill(store)

    assert verify(store).breaks == []


def test_a_ledger_that_cannot_be_read_keeps_no_other_case_from_the_upgrade(store, some_cases, caplog):
    first, _, _ = some_cases
    forget(store)
    with store.write() as session:
        session.execute(update(EntryRow).where(EntryRow.reference == first, EntryRow.seq == 1).values(facts="{"))

    fill(store)

    assert {one.reference for one in verify(store).breaks} == {first}
    assert [record.message for record in caplog.records] == [f"case {first} was left as it was: ValidationError"]


def test_no_key_is_needed(store, some_cases):
    before = columns_of(store)
    with store.write() as session:
        session.execute(text("UPDATE case_keys SET wrapped = NULL"))
    forget(store)

    fill(store)

    assert columns_of(store) == before


def columns_of(store):
    """What the columns hold."""
    with store.read() as session:
        query = select(*(getattr(CaseRow, name) for name in COLUMNS)).order_by(CaseRow.reference)
        return session.execute(query).all()
