"""What is true of every return: which cases it is about, when it is made, and that nothing is lost between periods."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complaints.regimes.rulebook import packaged_rulebook
from complaints.reporting.periods import Period
from complaints.reporting.returns.making import MAKERS, PUBLIC_EXPORT, names_of
from complaints.reporting.returns.model import Grade, ReturnNotMade, ReturnUnknown
from complaints.reporting.returns.population import population
from complaints.words import Closure, Kind
from tests.complaints.reporting.returns.building import AU_FIRM, LONDON, UK_FIRM, a_row, frame, made, musts, said

PERIODS = {"annex-1r": "2026-H1", "annex-1r-yearly": "2026", "consolidated": "2027-H1", "idr-data": "2026-H1"} | {
    PUBLIC_EXPORT: "2026-03",
    "local-bureau": "2026-Q1",
    "yearly-disclosure": "2026",
}


def test_every_return_that_is_made_is_one_of_its_pack():
    for regime, name in MAKERS:
        rules = [rule.name for rule in packaged_rulebook().pack(regime).reports]
        assert name in rules or name == PUBLIC_EXPORT


@pytest.mark.parametrize(("regime", "name"), sorted(MAKERS))
def test_a_period_without_a_case_is_a_nil_return(regime, name):
    one = made(regime, name, PERIODS[name])

    assert one.is_nil
    assert one.entity.name.en == "Example Consumer Finance Co., Ltd."
    assert one.dedupe.zh
    assert one.dedupe.en


@pytest.mark.parametrize(("regime", "name"), sorted(MAKERS))
def test_a_return_before_its_period_is_over_is_not_ready(regime, name):
    zone, period = packaged_rulebook().pack(regime).tz, Period.parse(PERIODS[name])
    starts_at, ends_at = period.span(zone)

    early = made(regime, name, period.name, as_at=ends_at - timedelta(microseconds=1))

    assert ("return", "period", "it is not over; this is what was known at the cut-off") in said(musts(early))
    with pytest.raises(ReturnNotMade, match="the period has not begun"):
        made(regime, name, period.name, as_at=starts_at)


def test_a_return_for_another_sort_of_period_is_refused_with_an_example():
    with pytest.raises(ReturnNotMade, match=r"it is made for a half-year\. Write 2026-H1, for example"):
        made("uk-disp", "annex-1r", "2026-Q2")


def test_a_return_that_nobody_knows_is_refused_with_those_there_are():
    with pytest.raises(ReturnUnknown, match="Known are: annex-1r, annex-1r-yearly, consolidated"):
        made("uk-disp", "annex-2", "2026-H1")
    assert names_of("hk-hkma") == []


def test_a_return_made_late_says_by_how_many_days():
    late = made("au-rg271", "idr-data", "2026-H1", as_at=datetime(2026, 9, 2, tzinfo=UTC))

    assert [x.reason.en for x in late.findings if x.grade is Grade.NOTE] == [
        "its last day had passed 2 days before the cut-off"
    ]


def test_what_weighs_most_is_said_first():
    grades = [finding.grade for finding in made("uk-disp", "annex-1r", "2026-H1", a_row()).findings]

    assert grades == sorted(grades, key=list(Grade).index)
    assert Grade.MUST in grades


# --- which cases ------------------------------------------------------------------------------------

YEAR = datetime(2026, 1, 1, tzinfo=LONDON)
SOME_DAY = st.integers(-200, 364).map(lambda days: YEAR + timedelta(days=days, hours=3))


@st.composite
def lives(draw: st.DrawFn) -> dict[str, Any]:
    """The life of a case around 2026."""
    received_at = draw(SOME_DAY)
    later = st.none() | st.integers(0, 300).map(lambda days: received_at + timedelta(days=days))
    closed_at = draw(later)
    answered_at = draw(st.none() | st.just(closed_at) | later)
    row = a_row(
        received_at=received_at,
        answered_at=answered_at,
        closed_at=closed_at,
        kind=draw(st.sampled_from([*Kind, Kind.COMPLAINT, Kind.COMPLAINT])),
        history=draw(st.booleans()) and closed_at is None and answered_at is None,
        product=draw(st.sampled_from(["Current account", "Mortgage", None])),
    )
    if closed_at and answered_at is None and draw(st.booleans()):
        row |= {"merged_into": "TS99999", "merged_at": closed_at, "closure": Closure.MERGED}
    return row


def span(name: str, zone: ZoneInfo = LONDON) -> tuple[datetime, datetime]:
    return Period.parse(name).span(zone)


@settings(max_examples=8)  # each has many lives, and a frame takes its time
@given(st.lists(lives(), min_size=10, max_size=40))
def test_what_is_open_at_the_start_is_what_was_open_at_the_end_of_the_period_before(rows):
    first, second = (population(frame(*rows), *span(name), span("2027-H1")[0]) for name in ("2026-H1", "2026-H2"))

    at_the_end = int(first.open_at_start.sum() + first.opened.sum() - first.ended.sum() - first.undated.sum())

    assert int(second.open_at_start.sum()) == at_the_end


@settings(max_examples=8)  # each has many lives, and a frame takes its time
@given(st.lists(lives(), min_size=10, max_size=40))
def test_the_rows_of_the_idr_report_are_the_cases_selected(rows):
    one = made("au-rg271", "idr-data", "2026-H1", *rows, own=AU_FIRM, as_at=datetime(2027, 6, 1, tzinfo=UTC))
    sydney = packaged_rulebook().pack("au-rg271").tz
    starts_at, ends_at = span("2026-H1", sydney)
    expected = set()
    for number, row in enumerate(rows):  # in plain words, case by case
        ends = [row[name] for name in ("answered_at", "closed_at", "merged_at") if row[name]]
        came_in = starts_at <= row["received_at"] < ends_at
        ended_before = bool(ends and min(ends) < starts_at) or row["history"]
        merged = came_in and row["merged_at"] is not None and row["merged_at"] < ends_at
        open_at_start = row["received_at"] < starts_at and not ended_before
        if row["kind"] == Kind.COMPLAINT and (came_in or open_at_start) and not merged:
            expected.add(f"TS{number:05}")

    assert {row[0] for row in one.tables[0].rows} == expected
    assert len(one.tables[0].rows) == len(expected)


@settings(max_examples=8)  # each has many lives, and a frame takes its time
@given(st.lists(lives(), min_size=10, max_size=40))
def test_the_uk_tables_add_up_to_the_cases_selected(rows):
    as_at = datetime(2027, 6, 1, tzinfo=UTC)
    one = made("uk-disp", "annex-1r", "2026-H1", *rows, own=UK_FIRM, as_at=as_at)
    people = population(frame(*rows), *span("2026-H1"), as_at)

    if one.is_nil:
        assert not people.opened.any()
        assert not people.ended.any()
        return
    *by_grouping, total = one.table("table-1").rows
    assert total[-1] == people.opened.sum() == sum(row[-1] for row in by_grouping)
    *by_grouping, total = one.table("table-2").rows
    assert total[4] == people.ended.sum() == sum(row[4] for row in by_grouping) == sum(total[1:4])
