"""The sections of a summary that come from the ledgers and from the days before the period."""

from datetime import timedelta

import pandas as pd
from sqlalchemy import delete, select

from complaints import acts
from complaints.adapters.extra_sections import conformance_section, extra_sections, history_of
from complaints.adapters.frames import load_frame
from complaints.adapters.store import Store
from complaints.adapters.tables import EntryRow
from complaints.regimes.rulebook import load_pack
from complaints.reporting.periods import Period, PeriodKind
from complaints.words import Stage
from tests.builders import REGIME, a_case, a_stored_case, advance, an_act

PACK = load_pack(REGIME)


def this_month(store: Store) -> tuple[Period, pd.DataFrame]:
    now = store.now()
    period = Period.containing(PeriodKind.MONTH, now.astimezone(PACK.tz).date())
    return period, load_frame(store, now, windows=[history_of(period, PACK)], regime=REGIME)


def counted(sections: dict[str, pd.DataFrame]) -> dict[str, int]:
    frame = sections["conformance"]
    return {code: cases for code, cases in zip(frame["code"], frame["cases"], strict=True) if cases}


def test_each_case_closed_in_the_period_is_counted_and_can_be_listed(store: Store) -> None:
    good, bad = (a_stored_case(store, Stage.CLOSED, number=str(n)) for n in range(2))
    a_stored_case(store, Stage.DECIDED, number="open")
    with store.write() as session:  # as if somebody had removed it
        session.execute(delete(EntryRow).where(EntryRow.reference == bad, EntryRow.kind == "acknowledged"))
    period, frame = this_month(store)
    sections, members = conformance_section(store, frame, period, PACK, store.now())
    assert counted(sections) == {"conforming": 1, "not_acknowledged": 1}
    listed = members.set_index("code")["reference"].to_dict()
    assert listed == {"conforming": good, "not_acknowledged": bad}
    assert set(members["measure"]) == {"cases"}


def test_what_was_recorded_after_the_cut_off_does_not_count(store: Store) -> None:
    reference = a_stored_case(store, Stage.CLOSED)
    period, frame = this_month(store)
    as_at = store.now()
    with store.open_case(reference) as desk:
        desk.case.record(an_act(acts.Reopened), desk.now, "li.wei")
    before, _ = conformance_section(store, frame, period, PACK, as_at)
    assert counted(before) == {"conforming": 1}
    with store.read() as session:
        assert session.scalar(select(EntryRow.at).where(EntryRow.kind == "reopened")) > as_at


def test_a_month_without_cases_has_the_sections_and_nothing_in_them(store: Store) -> None:
    period, frame = this_month(store)
    sections, members = extra_sections(store, frame, period.before, PACK, store.now())
    assert list(sections) == ["conformance", "warnings", "warning_days"]
    assert counted(sections) == {}
    assert sections["warnings"].empty
    assert members.empty


def test_a_period_of_which_no_day_is_over_has_no_warnings(store: Store) -> None:
    period, frame = this_month(store)
    starts_at, _ = period.span(PACK.tz)
    sections, _ = extra_sections(store, frame, period, PACK, starts_at + timedelta(hours=3))
    assert list(sections) == ["conformance"]


def test_the_order_of_the_ledger_is_that_of_its_numbers_where_times_are_equal(store: Store) -> None:
    case = a_case()
    advance(case, Stage.CLOSED)
    with store.write() as session:
        store.add(session, case)
    frame = load_frame(store, store.now(), windows=[Period.parse("2026-03").span(PACK.tz)], regime=REGIME)
    sections, _ = conformance_section(store, frame, Period.parse("2026-03"), PACK, store.now())
    assert counted(sections) == {"conforming": 1}
