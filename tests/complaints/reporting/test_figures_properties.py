"""What holds of all figures, whatever the cases."""

import random
from decimal import Decimal

import pandas as pd
import pytest

from complaints.reporting.figures import Figures, make_figures
from complaints.reporting.frame import COLUMNS, frame_of
from complaints.reporting.periods import Period, PeriodKind
from complaints.reporting.sections import BREAKDOWNS
from tests.builders import SHANGHAI
from tests.complaints.reporting.rows import a_row, measure, on, random_rows, totals

AS_AT = on(8, 1)
PERIODS = ["2026-03", "2026-Q1", "2026-H1", "2026"]


def figures_of(seed: int, period: str, count: int = 400) -> Figures:
    """The figures of random cases."""
    return make_figures(frame(seed, count), Period.parse(period), SHANGHAI, AS_AT)


def frame(seed: int, count: int = 400) -> pd.DataFrame:
    """Random cases."""
    return frame_of(random_rows(seed, count))


def assert_same(one: Figures, other: Figures) -> None:
    """Make sure that two are the same to the last member."""
    for name in ("sections", "before", "year_before"):
        sections, others = getattr(one, name), getattr(other, name)
        assert list(sections) == list(others)
        for section, table in sections.items():
            pd.testing.assert_frame_equal(table, others[section])
    pd.testing.assert_frame_equal(one.members, other.members)


@pytest.mark.parametrize("period", PERIODS)
def test_totals_are_the_sums_of_their_breakdowns(period: str) -> None:
    figures = figures_of(11, period)
    sums = {
        (section, name): int(table[name].sum())
        for section, table in figures.sections.items()
        for name in table.columns.drop("code")
        if name not in ("average_days", "median_days")
    }
    whole = totals(figures)

    assert whole["matters"] > whole["complaints"] > whole["complaints_deduplicated"] > 0
    for section in (*BREAKDOWNS, "dimension_time"):
        assert sums[section, "received"] == whole["matters"], section
        assert sums[section, "complaints"] == whole["complaints"], section
        assert sums[section, "deduplicated"] == whole["complaints_deduplicated"], section
    for section in ("dimension_people", "dimension_event", "dimension_channel"):
        assert sums[section, "complaints"] == whole["complaints"], section
        assert sums[section, "deduplicated"] == whole["complaints_deduplicated"], section
        assert sums[section, "late"] == measure(figures, "timeliness", "late").get("complaint", 0), section
    for section in ("handlers", "departments"):
        assert sums[section, "received"] == whole["matters"], section
        assert sums[section, "closed"] == whole["closed"] == sums["closed_by", "closed"], section
        assert sums[section, "open"] == sums["open_by_age", "open"], section
        assert sums[section, "late"] == sums["timeliness", "late"] == sums["breach_causes", "cases"], section
    by_category = [sums["upheld", name] for name in ("upheld", "partly_upheld", "not_upheld")]
    assert by_category == list(figures.sections["outcomes"]["cases"])
    assert sums["root_causes", "cases"] == by_category[0] + by_category[1]
    assert measure(figures, "closed_by", "closed").get("withdrawn", 0) == whole["withdrawn"]


@pytest.mark.parametrize("period", PERIODS)
def test_every_count_is_the_number_of_its_cases(period: str) -> None:
    figures = figures_of(12, period)
    listed = figures.members.groupby(["section", "code", "measure"], observed=True)["reference"].agg(
        ["size", "nunique"]
    )

    assert (listed["size"] == listed["nunique"]).all()  # no case twice behind a figure
    numbers = {tuple(map(str, key)): size for key, size in listed["size"].items()}
    for section, table in figures.sections.items():
        for row in table.to_dict("records"):
            for name in table.columns.drop("code"):
                cases = figures.cases_of(f"{section}.{row['code']}.{name}")
                assert cases == sorted(cases)
                assert len(cases) == numbers.pop((section, row["code"], name), 0)
                if not isinstance(row[name], Decimal) and row[name] is not None:
                    assert len(cases) == row[name], (section, row["code"], name)
    assert numbers == {}


@pytest.mark.parametrize("seed", [13, 14])
def test_the_order_of_the_rows_changes_nothing(seed: int) -> None:
    cases = frame(seed)
    shuffled = cases.sample(frac=1, random_state=seed)
    recoded = cases.copy()
    for name in recoded.select_dtypes("category"):
        codes = list(recoded[name].cat.categories)
        random.Random(seed).shuffle(codes)
        recoded[name] = recoded[name].cat.set_categories([*codes, "nobody's"])
    period = Period.parse("2026-03")

    expected = make_figures(cases, period, SHANGHAI, AS_AT)

    assert_same(make_figures(shuffled, period, SHANGHAI, AS_AT), expected)
    assert_same(make_figures(recoded, period, SHANGHAI, AS_AT), expected)


def test_cases_of_another_time_change_nothing() -> None:
    cases = frame(15)
    old = frame_of(
        a_row(reference=f"OLD{n}", received_at=on(1, 3, year=2019), answered_at=on(1, 9, year=2019), closed_at=at)
        for n, at in enumerate([on(1, 9, year=2019), on(12, 31, year=2024)])
    )
    both = pd.concat([cases.astype("object"), old.astype("object")]).astype(dict(COLUMNS))
    period = Period.parse("2026-03")

    one, other = (make_figures(some, period, SHANGHAI, AS_AT) for some in (cases, both))

    for section, table in one.sections.items():
        pd.testing.assert_frame_equal(table, other.sections[section])


NOT_ADDITIVE = {"open_by_age", "durations", "dimension_time"}
"""A state at one instant, averages, and what is divided otherwise; deduplicated and repeat look ahead to the end."""


@pytest.mark.parametrize("whole", ["2026-Q1", "2026"])
def test_a_longer_periods_figures_are_the_sum_of_its_months(whole: str) -> None:
    cases, period = frame(16), Period.parse(whole)
    month, parts = Period.containing(PeriodKind.MONTH, period.first_day), []
    while month.first_day < period.after.first_day and month.first_day < AS_AT.date():
        parts.append(make_figures(cases, month, SHANGHAI, AS_AT))
        month = month.after

    figures = make_figures(cases, period, SHANGHAI, AS_AT)

    for section in figures.sections.keys() - NOT_ADDITIVE:
        for name in figures.sections[section].columns.drop("code"):
            if name in ("deduplicated", "open"):
                continue
            added: dict[str, int | Decimal] = {}
            for part in parts:
                for code, value in measure(part, section, name).items():
                    added[code] = added.get(code, 0) + value
            found = measure(figures, section, name)
            if section == "totals":
                assert found.pop("complaints_deduplicated") <= added.pop("complaints_deduplicated")
                assert found.pop("repeat") >= added.pop("repeat")
            if (section, name) == ("redress", "cases"):  # one that was paid in two months is one in the quarter
                assert found.keys() == added.keys()
                assert all(found[code] <= number for code, number in added.items())
            elif section == "handled":  # merged in a later month, answered in its own before
                assert all(found.get(code, 0) <= number for code, number in added.items())
            else:
                assert found == added, (section, name)
