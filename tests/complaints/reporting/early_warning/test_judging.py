"""Early warning on series whose truth is known: quiet ones, spikes, gaps, new products."""

from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from complaints.calendars.files import load_calendar
from complaints.reporting.early_warning.counts import (
    HOLIDAY,
    MAKE_UP,
    NAMES,
    TOTAL,
    daily_counts,
    day_classes,
    days_between,
)
from complaints.reporting.early_warning.expectation import DAYS_A_MONTH, HISTORY_DAYS
from complaints.reporting.early_warning.judging import Judged, alarming, judge, warnings_on
from complaints.reporting.early_warning.sections import warning_sections
from complaints.reporting.early_warning.telling import series_name, table
from tests.builders import SHANGHAI

CALENDAR = load_calendar("cn-finance")
FIRST = date(2023, 1, 2)
WEEKLY = np.array([1.2, 1.1, 1.0, 1.0, 1.0, 0.45, 0.35, 0.3, 1.1])  # by sort of day: holidays are quiet
RARELY = 0.05
"""False alarms a month, where a test is about something else."""
PRODUCTS = [0.02, 0.1, 0.3, 1.0, 2.0, 4.0, 8.0, 15.0]


def quiet(days: int, seed: int, *, size: float | None = None, levels: list[float] = PRODUCTS) -> pd.DataFrame:
    """Counts in which nothing happens: Poisson, or negative binomial of a size that grows with the mean."""
    chance = np.random.default_rng(seed)
    index = days_between(FIRST, FIRST + timedelta(days=days - 1))
    means = WEEKLY[day_classes(index, CALENDAR)][:, None] * np.array(levels)
    counts = chance.poisson(means) if size is None else chance.negative_binomial(size, size / (size + means))
    return frame(index, counts)


def frame(index: pd.DatetimeIndex, counts: np.ndarray) -> pd.DataFrame:
    names = [TOTAL, *(("product", f"p{n}") for n in range(counts.shape[1]))]
    both = np.column_stack([counts.sum(axis=1), counts])
    return pd.DataFrame(both, index=index, columns=pd.MultiIndex.from_tuples(names, names=NAMES))


def changed(counts: pd.DataFrame, product: str, first: int, last: int, change) -> pd.DataFrame:
    """The counts with some days of one product changed, and the total with them."""
    counts = counts.copy()
    rows = slice(first, last + 1)
    place = counts.columns.get_loc(("product", product))
    before = counts.iloc[rows, place].to_numpy()
    counts.iloc[rows, place] = change(before)
    counts.iloc[rows, 0] += counts.iloc[rows, place].to_numpy() - before
    return counts


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def of(judged: Judged, kind: str, code: str) -> pd.DataFrame:
    found = judged.warnings
    return found[(found["kind"] == kind) & (found["code"] == code)]


# --- days ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("on", "sort"),
    [
        (date(2026, 3, 2), 0),
        (date(2026, 3, 8), 6),
        (date(2026, 10, 1), HOLIDAY),
        (date(2026, 10, 4), HOLIDAY),  # a Sunday within the holiday
        (date(2026, 10, 10), MAKE_UP),  # a Saturday that is worked
    ],
)
def test_a_day_has_its_sort_by_the_regimes_calendar(on, sort):
    assert day_classes(days_between(on, on), CALENDAR).tolist() == [sort]


def cases(rows: list[tuple[datetime, str, str | None]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "reference": [f"TS{n}" for n in range(len(rows))],
            "kind": [kind for _, kind, _ in rows],
            "received_at": pd.to_datetime([at for at, _, _ in rows], utc=True),
            "channel": "web",
            "product": [product for *_, product in rows],
            "cause": None,
            "issue": None,
            "department": None,
        }
    )


def test_days_begin_in_the_regimes_zone_and_whistle_blowing_is_not_counted():
    received = [
        (datetime(2026, 3, 2, 23, 59, tzinfo=SHANGHAI), "complaint", "loan"),
        (datetime(2026, 3, 3, 0, 0, tzinfo=SHANGHAI), "complaint", None),
        (datetime(2026, 3, 3, 9, 0, tzinfo=SHANGHAI), "report", "loan"),
    ]
    counts = daily_counts(cases(received), days_between(date(2026, 3, 2), date(2026, 3, 3)), SHANGHAI)
    assert counts[TOTAL].tolist() == [1, 1]
    assert counts["product", "loan"].tolist() == [1, 0]
    assert [dimension for dimension, _ in counts.columns] == ["total", "channel", "product"]


def test_no_case_at_all_gives_no_warning_and_no_error():
    counts = daily_counts(cases([]), days_between(FIRST, FIRST + timedelta(days=100)), SHANGHAI)
    assert judge(counts, CALENDAR).warnings.empty


# --- false alarms -------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("size", [None, 4.0], ids=["poisson", "in bursts"])
def test_quiet_data_give_no_more_false_alarms_than_stated(size):
    """Four installations for two years; the bound is that of the stated rate, three standard deviations up."""
    rate, days, began = 4.0, HISTORY_DAYS + 730, 0
    for seed in range(4):
        warnings = judge(quiet(days, seed, size=size), CALENDAR, rate).warnings
        began += int(((warnings["kind"] != "new") & (warnings["begins_on"] >= day(HISTORY_DAYS))).sum())
    stated = rate * 4 * 730 / DAYS_A_MONTH
    assert 0 < began <= stated + 3 * stated**0.5


def test_the_probabilities_of_quiet_data_are_honest():
    """Of all single days, not more than one in a hundred has a probability under one in a hundred."""
    judged = judge(quiet(HISTORY_DAYS + 1500, seed=1, size=4.0), CALENDAR)
    told = judged.expectation.day.probability[HISTORY_DAYS:][judged.expectation.known[HISTORY_DAYS:]]
    assert 0.002 < (told < 0.01).mean() < 0.012


def test_a_weekend_and_a_holiday_are_no_gap_and_the_monday_after_is_no_spike():
    chance = np.random.default_rng(3)
    index = days_between(FIRST, FIRST + timedelta(days=900))
    office = np.where(np.isin(day_classes(index, CALENDAR), [5, 6, HOLIDAY]), 0.0, 12.0)
    judged = judge(frame(index, chance.poisson(office)[:, None]), CALENDAR, RARELY)
    assert judged.warnings[judged.warnings["begins_on"] >= day(HISTORY_DAYS)].empty


# --- spikes -------------------------------------------------------------------------------------


def test_a_week_of_three_times_as_many_is_one_spike():
    start = 500
    counts = changed(quiet(560, seed=5), "p5", start, start + 6, lambda cases: cases * 3 + 1)
    found = of(judge(counts, CALENDAR), "spike", "p5")
    assert len(found) == 1
    assert day(start) <= found.iloc[0]["begins_on"] <= day(start + 3)
    assert found.iloc[0]["probability"] < 1e-4
    assert found.iloc[0]["observed"] > 2 * found.iloc[0]["expected"]


def test_four_cases_are_no_spike_however_rare_they_are_and_five_are():
    start = 500
    four = changed(quiet(560, seed=6), "p0", start, start, lambda _: np.array([4]))
    five = changed(quiet(560, seed=6), "p0", start, start, lambda _: np.array([5]))
    around = slice(start, start + 7)
    four_seen, five_seen = judge(four, CALENDAR), judge(five, CALENDAR)
    assert of(five_seen, "spike", "p0")["begins_on"].tolist() == [day(start)]
    assert not alarming(four_seen.expectation.day, four_seen.expectation.limit)[around, 1].any()


def test_a_spike_does_not_hide_the_next_one():
    counts = quiet(620, seed=7)
    for start in (500, 530):
        counts = changed(counts, "p6", start, start + 4, lambda cases: cases * 4)
    began = of(judge(counts, CALENDAR, RARELY), "spike", "p6")["begins_on"]
    assert [(one - day(500)).days // 5 for one in began] == [0, 6]


def test_a_new_level_stops_to_be_a_spike_after_some_months():
    counts = changed(quiet(760, seed=8), "p5", 500, 759, lambda cases: cases * 2)
    judged = judge(counts, CALENDAR)
    assert of(judged, "spike", "p5").iloc[0]["begins_on"] < day(514)
    assert warnings_on(of(judged, "spike", "p5"), day(700), day(759)).empty


# --- gaps ---------------------------------------------------------------------------------------


def test_a_channel_that_delivers_nothing_is_a_gap_from_its_first_empty_day():
    counts = changed(quiet(560, seed=9), "p5", 500, 509, lambda cases: cases * 0)
    found = of(judge(counts, CALENDAR), "gap", "p5")
    assert found[["begins_on", "ends_on", "window", "observed"]].to_numpy().tolist() == [[day(500), day(509), 10, 0]]


def test_days_of_a_gap_do_not_lower_what_is_expected_afterwards():
    whole = quiet(600, seed=10)
    with_gap = changed(whole, "p6", 500, 519, lambda cases: cases * 0)
    place = whole.columns.get_loc(("product", "p6"))
    expected, lowered = (judge(one, CALENDAR).expectation.day.expected[545, place] for one in (whole, with_gap))
    assert lowered == pytest.approx(expected, rel=0.15)


def test_when_nothing_at_all_came_in_that_alone_is_told():
    counts = quiet(560, seed=11)
    counts.iloc[500:504] = 0
    found = judge(counts, CALENDAR, RARELY).warnings
    gaps = found[(found["kind"] == "gap") & (found["begins_on"] >= day(480))]
    assert gaps[["code", "begins_on", "ends_on"]].to_numpy().tolist() == [["all", day(500), day(503)]]


def test_a_rare_product_that_stays_away_for_months_is_no_gap():
    judged = judge(quiet(900, seed=12, levels=[0.02, 0.05, 8.0]), CALENDAR)
    assert of(judged, "gap", "p0").empty
    assert of(judged, "gap", "p1").empty


# --- new ----------------------------------------------------------------------------------------


def test_a_new_product_is_said_to_be_new_and_is_a_spike_only_once_it_has_a_history():
    counts = changed(quiet(620, seed=13), "p5", 0, 499, lambda cases: cases * 0)
    judged = judge(counts, CALENDAR, RARELY)
    assert len(of(judged, "new", "p5")) == 1
    assert day(500) <= of(judged, "new", "p5").iloc[0]["begins_on"] <= day(506)
    assert of(judged, "spike", "p5").empty
    later = judge(changed(counts, "p5", 600, 606, lambda cases: cases * 4), CALENDAR, RARELY)
    assert len(of(later, "spike", "p5")) == 1


def test_an_installation_that_has_just_begun_warns_of_nothing():
    assert judge(quiet(60, seed=14), CALENDAR).warnings.empty


# --- what is made of it -------------------------------------------------------------------------


def test_what_comes_later_changes_no_expectation_of_a_day():
    counts = quiet(560, seed=15)
    short, long = judge(counts.iloc[:520], CALENDAR), judge(counts, CALENDAR)
    assert np.array_equal(short.expectation.day.probability, long.expectation.day.probability[:520])


def test_a_warning_in_the_summary_leads_to_its_cases():
    index = days_between(FIRST, FIRST + timedelta(days=499))
    received = [
        (one.to_pydatetime().replace(hour=9, tzinfo=SHANGHAI), "complaint", "loan") for one in index for _ in "ab"
    ]
    received += [(datetime.combine(day(495), datetime.min.time(), tzinfo=SHANGHAI), "complaint", "loan")] * 12
    frame_of_cases = cases(received)
    judged = judge(daily_counts(frame_of_cases, index, SHANGHAI), CALENDAR)
    sections, members = warning_sections(judged, frame_of_cases, day(490), day(499), SHANGHAI)
    warnings = sections["warnings"].set_index("code")
    assert list(warnings.index) == ["spike/channel/web", "spike/product/loan", "spike/total/all"]
    assert warnings.loc["spike/product/loan", "day"] == day(495).isoformat()
    counted = members[members["code"] == "spike/product/loan"]["reference"]
    assert len(counted) == warnings.loc["spike/product/loan", "observed"] == 14
    days = sections["warning_days"]
    assert days["code"].is_unique
    assert set(days["series"]) == {"total/all", "product/loan", "channel/web"}
    shown = days.set_index("code").loc[f"product/loan@{day(495)}"]
    assert shown["observed"] > shown["upper"] >= shown["expected"] >= shown["lower"]


def test_warnings_of_names_that_are_not_shown_are_told_apart_and_lead_to_their_own_cases():
    index = days_between(FIRST, FIRST + timedelta(days=499))
    names = ["贷 13800000101", "贷 13800000102"]
    received = [
        (one.to_pydatetime().replace(hour=9, tzinfo=SHANGHAI), "complaint", name) for one in index for name in names
    ]
    for name, more in zip(names, (20, 30), strict=True):
        received += [(datetime.combine(day(495), datetime.min.time(), tzinfo=SHANGHAI), "complaint", name)] * more
    frame_of_cases = cases(received)
    judged = judge(daily_counts(frame_of_cases, index, SHANGHAI), CALENDAR)

    sections, members = warning_sections(judged, frame_of_cases, day(490), day(499), SHANGHAI)

    rows = sections["warnings"][sections["warnings"]["dimension"] == "product"]
    assert sorted(rows["observed"]) == [21, 31]
    assert rows["code"].is_unique
    assert rows["code"].str.fullmatch(r"spike/product/not-shown-[a-p]{10}").all()
    for row in rows.to_dict("records"):
        assert (members["code"] == row["code"]).sum() == row["observed"]
        assert "名称不予显示" in series_name("product", row["name"]).zh
    assert not sections["warning_days"].astype("str").stack().str.contains("1380000010").any()


def test_a_name_that_looks_like_somebodys_number_is_not_shown():
    assert series_name("product", "消费贷").zh == "消费贷"
    assert series_name("channel", "telephone").zh == "电话"
    assert "13800000101" not in series_name("product", "借款 13800000101").both
    assert len(series_name("product", "x" * 500).zh) == 60


def test_the_table_says_in_both_languages_what_a_warning_is():
    counts = changed(quiet(560, seed=9), "p5", 500, 509, lambda cases: cases * 0)
    judged = judge(counts, CALENDAR)
    rows = table(of(judged, "gap", "p5"))
    assert rows[0]["类型 · kind"] == "数据缺口 · gap in the data"
    assert rows[0]["实际 · observed"] == "0"


def test_a_gap_says_when_it_could_first_be_known_which_is_later_than_its_first_day():
    counts = changed(quiet(620, 4), "p5", 500, 512, lambda cases: cases * 0)
    ((begins, seen),) = of(judge(counts, CALENDAR), "gap", "p5")[["begins_on", "seen_on"]].to_numpy().tolist()
    number = (seen - day(0)).days

    assert begins == day(500) < seen <= day(512)
    assert of(judge(counts[:number], CALENDAR), "gap", "p5").empty
    assert len(of(judge(counts[: number + 1], CALENDAR), "gap", "p5")) == 1
