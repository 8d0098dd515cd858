import json
from datetime import UTC, date, datetime, time

import pytest

from complaints.calendars.files import build, load_calendar, packaged, packaged_names, read_calendar
from complaints.calendars.model import WEEKEND, Standing, Window
from complaints.errors.settings import RuleFileInvalid, SettingError
from complaints.words import Title

OURS = """\
name = "ours"
version = "3"
title = { zh = "本行", en = "our bank" }
zone = "Asia/Shanghai"
working_weekdays = ["mon", "tue", "wed", "thu", "fri"]
hours = ["09:00-12:00", "13:00-17:00"]

[[sources]]
title = "the board"

[[sources]]
title = "the works council"
url = "https://example.com/days"

[hours_of]
fri = ["09:00-12:00"]

[year.2025]
off = [
  [2025-01-01, "元旦", "New Year's Day"],
]

[year.2026]
source = "https://example.com/2026"
off = [
  # a comment does not count as a day
  [2026-01-01, "元旦", "New Year's Day"],
  [2026-07-03, "行庆", "the bank's birthday"],
]
work = [
  [2026-07-04, "行庆", "the bank's birthday"],
]

[year.2027]
standing = "expected"
off = [[2027-01-01, "元旦", "New Year's Day"]]
"""
MORNING, AFTERNOON = Window(time(9), time(12)), Window(time(13), time(17))


def nothing_to_extend(name):
    raise AssertionError(f"asked for {name}")


def ours():
    return build(read_calendar(OURS, "ours.toml"), nothing_to_extend)


def extended(text, base=None):
    """Return the calendar of a file that extends ours."""
    file = read_calendar(f'name = "theirs"\nversion = "1"\nextends = "ours"\n{text}', "theirs.toml")
    return build(file, lambda name: base or ours())


# --- what a file says -------------------------------------------------------------------------


def test_a_file_says_hours_days_and_how_well_years_are_known():
    calendar = ours()

    assert (calendar.name, calendar.version, str(calendar.zone), calendar.title.zh) == (
        "ours",
        "3",
        "Asia/Shanghai",
        "本行",
    )
    assert [calendar.standing(year) for year in (2024, 2025, 2027)] == ["unknown", "published", "expected"]
    assert calendar.windows(date(2026, 7, 2)) == (MORNING, AFTERNOON)  # a Thursday
    assert calendar.windows(date(2026, 7, 10)) == (MORNING,)  # a Friday
    assert calendar.why_off(date(2026, 7, 3)) == Title(zh="行庆", en="the bank's birthday")
    assert calendar.windows(date(2026, 7, 4)) == (MORNING, AFTERNOON)  # a Saturday that makes up for it
    assert calendar.why_off(date(2026, 7, 5)) == WEEKEND


def test_hours_mean_the_clocks_of_the_calendars_zone():
    opening = ours().next_opening(datetime(2026, 7, 2, 0, 0, tzinfo=UTC))

    assert opening == datetime(2026, 7, 2, 1, 0, tzinfo=UTC)


def test_without_hours_the_whole_day_counts_and_without_weekdays_monday_to_friday():
    text = 'name = "plain"\nversion = "1"\nzone = "UTC"\ntitle = { zh = "平", en = "plain" }'

    calendar = build(read_calendar(text, "plain.toml"), nothing_to_extend)

    assert [bool(windows) for windows in calendar.weekly] == [True] * 5 + [False] * 2
    assert [str(window) for window in calendar.windows(date(2026, 7, 2))] == ["00:00-24:00"]


def test_windows_are_put_in_order():
    calendar = extended('hours = ["13:00-17:00", "09:00-12:00"]')

    assert calendar.windows(date(2026, 7, 2)) == (MORNING, AFTERNOON)


def test_a_weekday_can_have_hours_of_its_own_or_none():
    calendar = extended('[hours_of]\nsat = ["10:00-14:00"]\nmon = []')

    assert [str(window) for window in calendar.windows(date(2026, 8, 1))] == ["10:00-14:00"]
    assert not calendar.is_working(date(2026, 8, 3))


def test_a_bom_before_the_file_is_no_part_of_it():
    assert read_calendar(f"\ufeff{OURS}", "ours.toml") == read_calendar(OURS, "ours.toml")


# --- what it takes over -----------------------------------------------------------------------


def test_what_a_calendar_does_not_say_it_takes_from_the_one_it_extends():
    calendar, base = extended(""), ours()

    assert (calendar.name, calendar.version) == ("theirs", "1")
    assert (calendar.zone, calendar.title, calendar.weekly, calendar.extra) == (
        base.zone,
        base.title,
        base.weekly,
        base.extra,
    )
    assert (calendar.off, calendar.work, calendar.years) == (base.off, base.work, base.years)


def test_other_hours_keep_the_days_of_rest():
    calendar = extended('hours = ["08:00-16:00"]')

    assert [str(*windows) if windows else "" for windows in calendar.weekly] == ["08:00-16:00"] * 5 + [""] * 2
    assert [str(window) for window in calendar.windows(date(2026, 7, 4))] == ["08:00-16:00"]


def test_other_weekdays_keep_the_hours():
    calendar = extended('working_weekdays = ["sun"]')

    assert calendar.windows(date(2026, 7, 5)) == (MORNING, AFTERNOON)
    assert not calendar.is_working(date(2026, 7, 2))


def test_a_year_it_names_replaces_the_others_and_leaves_the_rest():
    calendar = extended('[year.2026]\noff = [[2026-08-03, "休", "rest"]]')

    assert calendar.is_working(date(2026, 7, 3))
    assert not calendar.is_working(date(2026, 7, 4))
    assert calendar.why_off(date(2026, 8, 3)) == Title(zh="休", en="rest")
    assert not calendar.is_working(date(2025, 1, 1))


def test_a_year_that_is_published_replaces_what_was_expected():
    calendar = extended('[year.2027]\noff = [[2027-01-04, "休", "rest"]]')

    assert calendar.standing(2027) is Standing.PUBLISHED
    assert calendar.is_working(date(2027, 1, 1))


def test_a_year_of_which_nothing_is_published_leaves_what_is_known():
    calendar = extended('[year.2027]\nstanding = "expected"\n[year.2028]\nstanding = "expected"')

    assert not calendar.is_working(date(2027, 1, 1))
    assert [calendar.standing(year) for year in (2026, 2027, 2028)] == ["published", "expected", "expected"]


def test_single_days_are_added_to_a_year_and_prevail_over_it():
    calendar = extended('off = [[2026-07-04, "盘点", "stocktaking"]]\nwork = [[2026-07-03, "加班", "overtime"]]')

    assert calendar.why_off(date(2026, 7, 4)) == Title(zh="盘点", en="stocktaking")
    assert calendar.is_working(date(2026, 7, 3))
    assert not calendar.is_working(date(2026, 1, 1))


def test_a_firm_that_rests_on_make_up_days_says_why():
    calendar = extended('make_up_days = "rest"')

    assert calendar.why_off(date(2026, 7, 4)) == Title(
        zh="行庆调休，本机构休息", en="the bank's birthday: make-up day, the firm rests"
    )


def test_such_a_firms_own_days_of_work_are_worked():
    calendar = extended('make_up_days = "rest"\n[year.2027]\nwork = [[2027-01-02, "加班", "overtime"]]')

    assert not calendar.is_working(date(2026, 7, 4))
    assert calendar.is_working(date(2027, 1, 2))


def test_what_extends_a_calendar_that_knows_every_year_knows_every_year():
    assert extended("", base=load_calendar("every-day")).standing(1999) is Standing.PUBLISHED


# --- what is wrong ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("right", "wrong", "line", "field", "reason"),
    [
        ('name = "ours"', 'name = "Our Bank"', 1, "name", "match pattern"),
        ('name = "ours"\n', "", 1, "name", "required"),
        ('version = "3"', "version = 3", 2, "version", "string"),
        ('zone = "Asia/Shanghai"', 'zone = "Asia/Peking"', 4, "zone", "'Asia/Peking' is no zone"),
        ('zone = "Asia/Shanghai"', 'zone = "../../etc/passwd"', 4, "zone", "is no zone"),
        ('zone = "Asia/Shanghai"', 'timezone = "Asia/Shanghai"', 4, "timezone", "not permitted"),
        ('zone = "Asia/Shanghai"\n', "", 1, "zone", "is needed"),
        (', en = "our bank" }', " }", 3, "title.en", "required"),
        ('"thu", "fri"]', '"thu", "friday"]', 5, "working_weekdays.4", "'sat'"),
        ('"13:00-17:00"]', '"11:30-17:00"]', 6, "hours", "the windows 09:00-12:00 and 11:30-17:00 overlap"),
        ('"13:00-17:00"]', '"13:00-24:00", "18:00-24:00"]', 6, "hours", "overlap"),
        ('"13:00-17:00"]', '"13:00 to 17:00"]', 6, "hours.1", "'13:00 to 17:00' is no window"),
        ('"13:00-17:00"]', '"13:00+08:00-17:00"]', 6, "hours.1", "is no window"),
        ('"13:00-17:00"]', '"13:00-17:00:30"]', 6, "hours.1", "is no window"),
        ('"13:00-17:00"]', '"17:00-13:00"]', 6, "hours.1", "closes before it opens"),
        ('"13:00-17:00"]', '"13:00-25:00"]', 6, "hours.1", "there is no such time of day"),
        ('"13:00-17:00"]', "13]", 6, "hours.1", "'13' is no window"),
        ('["09:00-12:00", "13:00-17:00"]', "[]", 6, "hours", "at least 1"),
        ('title = "the works council"', 'titel = "the works council"', 11, "sources.1.title", "required"),
        ('fri = ["09:00-12:00"]', 'fri = ["12:00-09:00"]', 16, "hours_of.fri.0", "closes before it opens"),
        ('standing = "expected"', 'standing = "certain"', 35, "year.2027.standing", "'published'"),
        ("source = ", "sauce = ", 24, "year.2026.sauce", "not permitted"),
        # a day has its own line
        ("[2025-01-01", "[2024-12-31", 20, "year.2025.off.0", "2024-12-31 lies in another year"),
        ("[2026-07-03", "[2025-07-03", 28, "year.2026.off.1", "2025-07-03 lies in another year"),
        ("[2026-07-03", "[2026-01-01", 28, "year.2026.off.1", "named twice"),
        ("[2026-07-04", "[2026-07-03", 31, "year.2026.work.0", "2026-07-03 is named twice, or is both off and work"),
        ("[2026-07-04", '["4 July"', 31, "year.2026.work.0.0", "date"),
        (', "the bank\'s birthday"],\n]\nwork', "],\n]\nwork", 28, "year.2026.off.1.2", "required"),
        ('"行庆", "the bank\'s birthday"],\n]\nwork', '"行庆", ""],\n]\nwork', 28, "year.2026.off.1.2", "at least 1"),
        ("[[2027-01-01", "[[2026-01-01", 36, "year.2027.off.0", "lies in another year"),
        # what is no TOML at all
        ('version = "3"', "version = ", 2, "", "Invalid value"),
        ("[year.2027]", "[year.2026]", 34, "", "twice"),
        ('en = "our bank" }', 'en = "our bank" ', 3, "", "Unclosed"),
        ('off = [[2027-01-01, "元旦", "New Year\'s Day"]]', "off = [", 36, "", "end of document"),
    ],
)
def test_an_error_names_the_file_the_line_and_the_field(right, wrong, line, field, reason):
    assert OURS.count(right) >= 1

    with pytest.raises(RuleFileInvalid) as found:
        read_calendar(OURS.replace(right, wrong, 1), "ours.toml")

    assert (found.value.file, found.value.line, found.value.field) == ("ours.toml", line, field)
    assert reason in found.value.reason
    assert str(found.value).startswith(f"ours.toml, line {line}: {field}")


def test_a_day_that_is_both_off_and_work_is_refused_outside_of_years_too():
    days = '[\n[2026-07-03, "甲", "a"],\n]'
    text = f'name = "x1"\nversion = "1"\nextends = "ours"\noff = {days}\nwork = {days}'

    with pytest.raises(RuleFileInvalid, match=r"^x\.toml, line 8: work\.0: 2026-07-03 is named twice"):
        read_calendar(text, "x.toml")


# --- the State Council's days -----------------------------------------------------------------

COUNCIL = """\
{
  "$schema": "https://example.com/schema.json",
  "year": 2028,
  "papers": ["https://www.gov.cn/2028", "https://www.gov.cn/2028/amended"],
  "days": [
    {"name": "元旦", "date": "2027-12-31", "isOffDay": true},
    {"name": "元旦", "date": "2028-01-01", "isOffDay": true},
    {"name": "元旦", "date": "2028-01-08", "isOffDay": false},
    {
      "name": "国庆节、中秋节",
      "date": "2028-10-02",
      "isOffDay": true
    }
  ]
}
"""


def test_the_state_councils_days_become_an_update_of_the_public_calendar():
    file = read_calendar(COUNCIL, "2028.json")

    assert (file.name, file.extends, file.version) == ("cn-public", "cn-public", "2028.1")
    assert file.year[2028].standing is Standing.PUBLISHED
    assert file.year[2028].source == "https://www.gov.cn/2028"
    assert file.year[2028].off == (
        (date(2028, 1, 1), "元旦", "New Year's Day"),
        (date(2028, 10, 2), "国庆节、中秋节", "National Day and Mid-Autumn Festival"),
    )
    assert file.year[2028].work == ((date(2028, 1, 8), "元旦", "New Year's Day"),)


def test_an_arrangement_that_begins_in_december_adds_to_the_year_before():
    calendar = build(read_calendar(COUNCIL, "2028.json"), load_calendar)

    assert not calendar.is_working(date(2027, 12, 31))  # a Friday
    assert calendar.is_working(date(2028, 1, 8))  # a Saturday
    assert calendar.why_off(date(2027, 2, 5)) == load_calendar("cn-public").why_off(date(2027, 2, 5))
    assert [calendar.standing(year) for year in (2026, 2027, 2028)] == ["published", "expected", "published"]


def test_a_name_that_is_not_known_stays_chinese():
    file = read_calendar(COUNCIL.replace("国庆节、", "新节、"), "2028.json")

    assert file.year[2028].off[1][1:] == ("新节、中秋节", "新节 and Mid-Autumn Festival")


def test_a_year_without_days_is_expected_and_takes_nothing_away():
    file = read_calendar('{"year": 2027, "papers": [], "days": []}', "2027.json")
    calendar = build(file, load_calendar)

    assert file.year[2027].standing is Standing.EXPECTED
    assert calendar.standing(2027) is Standing.EXPECTED
    assert not calendar.is_working(date(2027, 2, 5))


def test_the_financial_calendar_follows_the_public_one():
    public = build(read_calendar(COUNCIL, "2028.json"), load_calendar)

    finance = build(packaged("cn-finance"), lambda name: public)

    assert not finance.is_working(date(2027, 12, 31))
    assert not finance.is_working(date(2028, 1, 8))
    assert finance.standing(2028) is Standing.PUBLISHED


@pytest.mark.parametrize(
    ("right", "wrong", "line", "field", "reason"),
    [
        ('"year": 2028', '"jahr": 2028', 1, "year", "required"),
        ('"year": 2028', '"year": "soon"', 3, "year", "integer"),
        ('"days": [', '"tage": [', 1, "days", "required"),
        ('"date": "2028-01-08"', '"date": "2028-13-08"', 8, "days.2.date", "date"),
        ('"date": "2028-01-08"', '"date": "2026-01-08"', 8, "days.2.date", "2026-01-08 lies in another year"),
        ('"date": "2028-01-08"', '"date": "2027-11-30"', 8, "days.2.date", "2027-11-30 lies in another year"),
        ('"date": "2028-01-08"', '"date": "2028-01-01"', 8, "days.2.date", "both off and work"),
        ('"date": "2028-10-02",', "", 9, "days.3.date", "required"),
        (', "isOffDay": false', "", 8, "days.2.isOffDay", "required"),
        ('{"name": "元旦", "date": "2028-01-08", "isOffDay": false}', "8", 8, "days.2", "dictionary"),
        ('"papers": ["https://www.gov.cn/2028", ', '"papers": [2028, ', 4, "papers.0", "string"),
        ('"year": 2028,', '"year": 2028', 4, "", "delimiter"),
    ],
)
def test_an_error_in_the_state_councils_days_names_the_line(right, wrong, line, field, reason):
    assert COUNCIL.count(right) == 1

    with pytest.raises(RuleFileInvalid) as found:
        read_calendar(COUNCIL.replace(right, wrong), "2028.json")

    assert (found.value.file, found.value.line, found.value.field) == ("2028.json", line, field)
    assert reason in found.value.reason


def test_a_json_file_may_stand_on_one_line():
    text = json.dumps(json.loads(COUNCIL), ensure_ascii=False)

    assert read_calendar(text, "2028.json") == read_calendar(COUNCIL, "2028.json")


# --- those that come along --------------------------------------------------------------------


def test_a_packaged_calendar_is_read_once():
    assert load_calendar("cn-public") is load_calendar("cn-public")


@pytest.mark.parametrize("name", ["atlantis", "../data/cn-public", ""])
def test_a_calendar_that_does_not_come_along_is_refused_with_those_that_do(name):
    with pytest.raises(SettingError, match=r"there is no calendar .*cn-finance, cn-public"):
        load_calendar(name)


def test_the_names_are_those_of_the_files():
    assert {"cn-public", "cn-finance", "england-and-wales", "us-federal", "every-day"} <= set(packaged_names())
    assert all(packaged(name).name == name for name in packaged_names())
