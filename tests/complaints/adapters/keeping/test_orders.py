"""Nothing is erased because a rule says so alone: two people order it, up to a day and a number they have seen."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import insert, select, update

from complaints import holds
from complaints.adapters.keeping.erasing import erase
from complaints.adapters.keeping.orders import (
    OrderTooLarge,
    OrderTooSmall,
    _mark,
    erase_over,
    order_erasure,
    outlook,
    page,
)
from complaints.adapters.tables import ErasureOrderRow
from complaints.adapters.verify import verify
from complaints.errors.case import AnswerRefused
from complaints.words import Stage
from tests.builders import a_stored_case, utc
from tests.complaints.adapters.keeping.conftest import EXPIRED, OVER, reference_of

LAST_DAY = date(2025, 3, 2)
PEOPLE = ("li.wei", "wang.fang")


def erased(store):
    return sorted(row.number for row in store.list_cases() if row.erased_at)


def test_without_an_order_nothing_is_erased_however_long_it_is_over(store, outside):
    store.move_time(utc(2035, 1, 1))

    assert outlook(store).over_count == 2
    assert erase_over(store, outside).erased == []
    assert erased(store) == []


@pytest.mark.parametrize(
    ("now", "over", "coming"),
    [
        (OVER - timedelta(days=31), 0, 0),
        (OVER - timedelta(days=30), 0, 2),
        (OVER - timedelta(minutes=1), 0, 2),
        (OVER, 2, 0),
    ],
)
def test_what_will_be_over_is_told_thirty_days_before(store, now, over, coming):
    store.move_time(now)

    seen = outlook(store)

    assert (seen.over_count, seen.coming, seen.held) == (over, coming, 0)
    assert seen.over_by_year == ({("cn-nfra", 2020): 2} if over else {})
    assert [one.regime for one in seen.over] == ["cn-nfra"] * over


def test_two_people_order_it_and_the_next_run_does_it(store, outside):
    store.move_time(OVER)
    done = []

    assert order_erasure(store, LAST_DAY, 2, *PEOPLE) == 2
    assert erase_over(store, outside, done.append).refused == {}

    assert erased(store) == ["OLD-1", "OLD-2"]
    assert done == [2]
    assert outlook(store).ordered == 0
    assert erase_over(store, outside).erased == []


def test_an_order_serves_what_ends_later_up_to_its_day(store, outside):
    store.move_time(OVER - timedelta(days=100))
    order_erasure(store, LAST_DAY, 2, *PEOPLE)
    assert erase_over(store, outside).erased == []

    store.move_time(OVER)
    erase_over(store, outside)

    assert erased(store) == ["OLD-1", "OLD-2"]


def test_an_order_that_ends_a_day_earlier_covers_nothing(store, outside):
    store.move_time(OVER)
    reference = reference_of(store, "OLD-1")

    done = erase(store, outside, [reference], replace(EXPIRED, until=LAST_DAY - timedelta(days=1)))

    assert erased(store) == []
    assert "covers what was kept until 2025-03-01" in str(done.refused[reference])


def test_an_order_ends_thirty_days_after_its_day(store, outside):
    store.move_time(OVER)
    order_erasure(store, LAST_DAY, 2, *PEOPLE)

    store.move_time(OVER + timedelta(days=29))
    assert outlook(store).ordered == 2
    store.move_time(OVER + timedelta(days=31))

    assert outlook(store).ordered == 0
    assert erase_over(store, outside).erased == []


def test_an_order_for_more_cases_than_there_are_is_refused(store):
    store.move_time(OVER)

    with pytest.raises(OrderTooLarge, match="names 3 cases, but retention ends by 2025-03-02 for 2 only"):
        order_erasure(store, LAST_DAY, 3, *PEOPLE)


def test_an_order_covers_no_case_that_changed_after_it(store, outside):
    store.move_time(OVER)
    order_erasure(store, LAST_DAY, 2, *PEOPLE)
    with store.open_case(reference_of(store, "OLD-1")) as desk:
        held = holds.place(desk.case, "合规部", "HG-7", "li.wei", desk.now)
        holds.lift(desk.case, held.number, "合规部", "HG-8", "li.wei", desk.now)

    assert (outlook(store).over_count, outlook(store).ordered) == (2, 1)
    erase_over(store, outside)

    assert erased(store) == ["OLD-2"]


def test_orders_for_other_cases_do_not_hide_what_waits_for_one(store):
    store.move_time(OVER + timedelta(days=10))
    a_stored_case(store, Stage.CLOSED, number="NEW-1")
    order_erasure(store, LAST_DAY, 2, *PEOPLE)
    store.move_time(utc(2030, 4, 1))

    assert (outlook(store).over_count, outlook(store).ordered) == (3, 0)


@pytest.mark.parametrize("altered", [False, True], ids=["written by hand", "altered"])
def test_an_order_that_nobody_with_the_master_key_gave_erases_nothing_and_verify_names_it(store, outside, altered):
    store.move_time(OVER)
    values = {"until": LAST_DAY, "most": 2, "done": 0, "asked_by": "x.y", "approver": "z.w", "at": store.now()}
    if altered:
        order_erasure(store, LAST_DAY, 2, *PEOPLE)
    with store.write() as session:
        if altered:
            session.execute(update(ErasureOrderRow).values(most=9999))
        else:
            session.execute(insert(ErasureOrderRow).values(**values, mark="0" * 64))
        number = session.scalar(select(ErasureOrderRow.id))

    assert erase_over(store, outside).erased == []
    assert [str(one) for one in verify(store).breaks] == [
        f"order for erasure {number}: was altered, or written by hand; it is not carried out"
    ]


def test_never_more_are_erased_than_were_seen(store, outside):
    store.move_time(OVER)
    with pytest.raises(OrderTooSmall, match="ends by 2025-03-02 for 2 cases, but the order names 1"):
        order_erasure(store, LAST_DAY, 1, *PEOPLE)

    order_erasure(store, LAST_DAY, 2, *PEOPLE)
    erase_over(store, outside)
    for number in ("NEW-1", "NEW-2"):
        a_stored_case(store, Stage.CLOSED, number=number)
    order = date(2030, 3, 4)
    store.move_time(utc(2030, 3, 3))
    assert order_erasure(store, order, 2, *PEOPLE) == 2
    store.move_time(utc(2030, 3, 10))

    erase_over(store, outside)

    assert erased(store) == ["NEW-1", "NEW-2", "OLD-1", "OLD-2"]


def test_a_run_goes_on_in_batches_and_stops_at_the_number_of_the_order(store, outside, monkeypatch):
    monkeypatch.setattr("complaints.adapters.keeping.orders._BATCH", 2)
    for number in range(3):
        a_stored_case(store, Stage.CLOSED, number=f"MORE-{number}")
    store.move_time(OVER)
    order_erasure(store, LAST_DAY, 5, *PEOPLE)
    with store.write() as session:  # as if there had been so many, and one more came to light
        row = session.scalars(select(ErasureOrderRow)).one()
        row.most = 4
        row.mark = _mark(row, store.master)

    erase_over(store, outside)

    assert len(erased(store)) == 4
    assert verify(store).breaks == []


def test_held_cases_are_counted_apart_and_left(store, outside):
    with store.open_case(reference_of(store, "OLD-1")) as desk:
        holds.place(desk.case, "合规部", "HG-7", "li.wei", desk.now)
    store.move_time(OVER)
    order_erasure(store, LAST_DAY, 1, *PEOPLE)

    assert (outlook(store).over_count, outlook(store).held) == (1, 1)
    erase_over(store, outside)
    assert erased(store) == ["OLD-2"]


@pytest.mark.parametrize(
    ("until", "people", "field"),
    [
        (LAST_DAY, ("li.wei", "li.wei"), "approver"),
        (LAST_DAY, ("li.wei", "Li.Wei"), "approver"),
        (date(2026, 3, 5), PEOPLE, "until"),
    ],
    ids=["one person alone", "one person in two cases of letters", "more than a year ahead"],
)
def test_an_order_is_refused(store, until, people, field):
    store.move_time(OVER)

    with pytest.raises(AnswerRefused, match=field):
        order_erasure(store, until, 9, *people)


def test_the_page_says_it_in_both_languages_and_names_no_person(store):
    store.move_time(OVER)

    shown = page(outlook(store), 1)

    assert "已到期，待批准删除 · over, waiting for an order: **2**" in shown
    assert "| cn-nfra | 2020 | 2 |" in shown
    assert shown.count("| TS200302-") == 1
    assert "林知夏" not in shown
