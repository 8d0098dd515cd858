import json
import tarfile
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import chinese_calendar
import holidays
import pytest

from complaints.calendars import make
from complaints.calendars.files import load_calendar, packaged, packaged_names
from complaints.calendars.model import Standing
from complaints.calendars.recipes import Disagreement, Recipe
from complaints.words import Title

SHARED = Path(__file__).parents[3] / ".." / "shared" / "data" / "holidays"
needs_shared = pytest.mark.skipif(
    not SHARED.is_dir(), reason="needs the State Council's days in ../shared/data/holidays"
)
DATA = Path(make.__file__).parent / "data"
STATES = ("NSW", "VIC", "QLD", "SA", "WA", "TAS", "ACT", "NT")
SHOW = "The Royal Queensland Show"  # of the Brisbane district; the others have days of their own
KINDS = ("public", "optional")  # Hong Kong's statutory and its general holidays


@pytest.fixture(scope="module")
def council(tmp_path_factory):
    """Return the folder of the State Council's days, unpacked."""
    folder = tmp_path_factory.mktemp("council")
    [archive] = SHARED.glob("holiday-cn-*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    return folder / "holiday-cn"


def every_day_of(years):
    day = date(min(years), 1, 1)
    while day.year <= max(years):
        yield day
        day += timedelta(days=1)


def australia(state):
    return holidays.country_holidays("AU", subdiv=state, years=range(2020, 2029), language="en_AU")


@cache
def listed(name):
    """Return the days of rest that the package knows, except those that it is known to be wrong about."""
    years = range(2020, 2037)
    if name == "au-national":
        first, *others = [set(australia(state)) for state in STATES]
        return first.intersection(*others)
    if name.startswith("au-"):
        return {day for day, said in australia(name.removeprefix("au-").upper()).items() if said != SHOW}
    if name == "hong-kong":
        wrong = {date(2023, 10, 3)}  # 2 October took the place of Sunday 1 October
        return set(holidays.country_holidays("HK", years=years, categories=KINDS)) - wrong
    if name == "target":
        return set(holidays.financial_holidays("XECB", years=years))
    code, state = {
        "england-and-wales": ("GB", "ENG"),
        "us-federal": ("US", None),
        "singapore": ("SG", None),
        "india": ("IN", None),
    }[name]
    return set(holidays.country_holidays(code, subdiv=state, years=range(2020, 2036)))


# --- all of them ------------------------------------------------------------------------------

STANDINGS = {
    # published up to, expected up to
    "cn-public": (2007, 2026, 2027),
    "cn-finance": (2007, 2026, 2027),
    "england-and-wales": (2020, 2027, 2028),
    "us-federal": (2020, 2035, 2035),
    "au-national": (2020, 2026, 2027),
    "au-nsw": (2020, 2027, 2027),
    "au-vic": (2020, 2026, 2027),
    "au-qld": (2020, 2027, 2027),
    "au-sa": (2020, 2026, 2027),
    "au-wa": (2020, 2026, 2027),
    "au-tas": (2020, 2026, 2027),
    "au-act": (2020, 2027, 2027),
    "au-nt": (2020, 2026, 2027),
    "hong-kong": (2020, 2027, 2027),
    "singapore": (2020, 2027, 2027),
    "india": (2020, 2026, 2027),
    "target": (2020, 2035, 2035),
}
ABROAD = [name for name in STANDINGS if not name.startswith("cn-")]


def test_these_calendars_come_along():
    assert set(packaged_names()) == {*STANDINGS, "every-day"}


@pytest.mark.parametrize(("name", "years"), STANDINGS.items())
def test_a_calendar_says_how_well_it_knows_a_year(name, years):
    first, published, expected = years
    known = dict.fromkeys(range(first, published + 1), Standing.PUBLISHED)
    guessed = dict.fromkeys(range(published + 1, expected + 1), Standing.EXPECTED)

    assert load_calendar(name).years == known | guessed
    assert load_calendar(name).standing(expected + 1) is Standing.UNKNOWN


@pytest.mark.parametrize("name", STANDINGS)
def test_every_day_has_a_name_in_both_languages(name):
    calendar = load_calendar(name)
    names = {*calendar.off.values(), *calendar.work.values(), calendar.title}

    assert calendar.off
    assert not [one for one in names if one.zh.isascii() or not one.en.isascii()]
    assert not [one for one in names if "estimated" in one.en]


@pytest.mark.parametrize("name", [name for name in STANDINGS if name != "cn-finance"])
def test_a_calendar_names_its_source(name):
    file = packaged(name)

    assert file.version
    assert file.sources
    assert all(source.url and source.url.startswith("http") for source in file.sources)


@pytest.mark.parametrize("name", STANDINGS)
def test_work_is_from_nine_to_five_on_weekdays(name):
    calendar = load_calendar(name)
    lunch = "09:00-12:00 13:00-17:00" if name.startswith("cn-") else "09:00-17:00"

    said = [" ".join(str(window) for window in windows) for windows in calendar.weekly]

    assert said == [lunch] * 5 + [""] * 2


def test_every_day_is_every_day():
    calendar = load_calendar("every-day")

    assert all(calendar.is_working(day) for day in every_day_of(range(2024, 2026)))
    assert [str(window) for window in calendar.windows(date(2026, 1, 1))] == ["00:00-24:00"]
    assert calendar.standing(2099) is Standing.PUBLISHED


# --- China ------------------------------------------------------------------------------------


@needs_shared
def test_the_public_calendar_is_the_state_councils_day_by_day(council):
    calendar, said = load_calendar("cn-public"), {}
    for path in council.glob("[0-9]*.json"):
        said |= {one["date"]: not one["isOffDay"] for one in json.loads(path.read_text(encoding="utf-8"))["days"]}
    years = range(2007, 2027)

    assert len(said) > 600
    assert not [day for day in every_day_of(years) if calendar.is_working(day) != said.get(str(day), day.weekday() < 5)]


@needs_shared
def test_each_year_names_the_notice_that_arranged_it(council):
    years = packaged("cn-public").year

    for year in range(2007, 2027):
        papers = json.loads((council / f"{year}.json").read_text(encoding="utf-8"))["papers"]
        assert years[year].source == papers[0]
        assert set(papers) <= {source.url for source in packaged("cn-public").sources}


def test_the_public_calendar_is_that_of_chinesecalendar_in_its_years():
    calendar = load_calendar("cn-public")

    assert not [
        day for day in every_day_of(range(2007, 2027)) if calendar.is_working(day) != chinese_calendar.is_workday(day)
    ]


def test_the_public_calendar_is_that_of_holidays():
    calendar, china = load_calendar("cn-public"), holidays.country_holidays("CN", years=range(2007, 2027))

    assert not [day for day in every_day_of(range(2007, 2027)) if calendar.is_working(day) != china.is_working_day(day)]


def test_what_is_not_arranged_yet_has_the_thirteen_days_of_the_measure():
    calendar = load_calendar("cn-public")

    off = sorted(day for day in calendar.off if day.year == 2027)

    # 国务院令第795号
    assert off == [
        date(2027, 1, 1),
        *(date(2027, 2, day) for day in (5, 6, 7, 8)),  # from the eve of the Spring Festival
        date(2027, 4, 5),
        date(2027, 5, 1),
        date(2027, 5, 2),
        date(2027, 6, 9),
        date(2027, 9, 15),
        *(date(2027, 10, day) for day in (1, 2, 3)),
    ]
    assert not [day for day in calendar.work if day.year == 2027]


def test_make_up_days_are_worked_in_public_and_not_in_finance():
    public, finance = load_calendar("cn-public"), load_calendar("cn-finance")

    assert public.is_working(date(2026, 2, 14))  # a Saturday before the Spring Festival
    assert finance.why_off(date(2026, 2, 14)) == Title(
        zh="春节调休，本机构休息", en="Spring Festival: make-up day, the firm rests"
    )
    assert [day for day in every_day_of(range(2007, 2028)) if public.is_working(day) != finance.is_working(day)] == (
        sorted(public.work)
    )


# --- elsewhere --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ABROAD)
def test_a_calendar_is_that_of_holidays_day_by_day(name):
    calendar, off = load_calendar(name), listed(name)
    first, published, _ = STANDINGS[name]

    assert not [
        day
        for day in every_day_of(range(first, published + 1))
        if calendar.is_working(day) != (day.weekday() < 5 and day not in off)
    ]


@pytest.mark.parametrize(
    ("name", "rest", "work"),
    [
        # worked dates that no package has to be asked for
        ("england-and-wales", ["2026-04-03", "2026-04-06", "2026-12-28", "2027-12-28"], ["2026-12-29"]),
        ("england-and-wales", ["2020-05-08", "2022-06-02", "2022-06-03", "2022-09-19"], ["2020-05-04", "2022-05-30"]),
        ("us-federal", ["2021-12-31", "2026-07-03", "2027-06-18", "2027-12-24", "2027-12-31"], ["2026-07-06"]),
        ("us-federal", ["2021-06-18"], ["2020-06-19"]),  # Juneteenth, since 2021
        ("au-national", ["2022-09-22", "2026-01-26", "2026-12-28", "2027-12-28"], ["2026-04-27", "2026-06-08"]),
        ("au-nsw", ["2026-04-27", "2027-04-26"], ["2020-04-27"]),
        ("au-act", ["2020-04-27", "2026-04-27", "2026-06-01"], []),
        ("au-vic", ["2020-10-23", "2026-11-03"], ["2026-04-27"]),
        ("au-qld", ["2026-05-04"], ["2026-08-12"]),  # the Show is Brisbane's
        ("au-wa", ["2022-12-27", "2024-09-23", "2026-04-27"], ["2026-06-08"]),
        ("au-sa", ["2026-03-09"], ["2026-04-27"]),
        ("au-tas", ["2026-03-09"], ["2026-10-05"]),
        ("au-nt", ["2026-08-03"], ["2026-10-05"]),
        ("hong-kong", ["2020-04-30", "2026-04-07", "2026-10-19", "2027-02-09", "2027-12-27"], ["2023-10-03"]),
        ("singapore", ["2022-05-16", "2022-07-11", "2024-02-12", "2026-11-09", "2027-02-08"], ["2027-02-09"]),
        ("india", ["2026-01-26", "2026-10-20"], ["2026-08-17"]),  # no day in lieu of Saturday 15 August
        ("target", ["2026-04-03", "2026-04-06", "2026-05-01", "2026-12-25"], ["2026-05-14", "2026-12-28"]),
    ],
)
def test_days_in_lieu_and_days_of_one_place_are_as_they_were_announced(name, rest, work):
    calendar = load_calendar(name)

    assert not [day for day in rest if calendar.is_working(date.fromisoformat(day))]
    assert [day for day in work if calendar.is_working(date.fromisoformat(day))] == work


@pytest.mark.parametrize(
    ("name", "day", "zh", "en"),
    [
        ("england-and-wales", date(2026, 4, 6), "复活节星期一", "Easter Monday"),
        ("us-federal", date(2026, 1, 19), "马丁·路德·金纪念日", "Martin Luther King Jr. Day"),
        ("us-federal", date(2026, 7, 3), "独立日（补假）", "Independence Day (observed)"),
        ("hong-kong", date(2026, 10, 19), "重阳节翌日", "The day following Chung Yeung Festival"),
        ("india", date(2025, 10, 2), "十胜节、圣雄甘地诞辰", "Dussehra and Mahatma Gandhi's Jayanti"),
    ],
)
def test_days_have_the_names_that_people_know(name, day, zh, en):
    assert load_calendar(name).why_off(day) == Title(zh=zh, en=en)


# --- how they are made ------------------------------------------------------------------------


@needs_shared
def test_the_files_are_what_the_tool_writes(council):
    made = make.all_files(council)

    assert set(made) == set(packaged_names())
    assert [name for name, content in made.items() if content != (DATA / f"{name}.toml").read_text("utf-8")] == []


@needs_shared
def test_nothing_is_written_where_the_sources_disagree(council, tmp_path, monkeypatch, capsys):
    for path in council.glob("202[56].json"):
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8").replace("2026-02-14", "2026-02-07"), "utf-8")
    into = tmp_path / "into"
    into.mkdir()
    monkeypatch.setattr("sys.argv", ["make", "--state-council", str(tmp_path), "--into", str(into)])

    assert make.main() == 1

    said = capsys.readouterr().err
    assert "cn-public 2026-02-07: work, but not so holidays" in said
    assert "cn-public 2026-02-14: rest, but not so chinesecalendar" in said
    assert not list(into.iterdir())


@pytest.mark.parametrize(
    ("days", "left_out", "problem"),
    [
        ({date(2026, 5, 1): "Unheard-of Day"}, [], "'Unheard-of Day' has no Chinese name"),
        ({date(2026, 5, 1): "Vesak Day (estimated)"}, [], "2026-05-01: 'Vesak Day \\(estimated\\)' is only estimated"),
        ({}, [date(2026, 5, 1)], "2026-05-01 is left out, but not there"),
    ],
)
def test_a_source_that_does_not_say_enough_is_refused(days, left_out, problem):
    title = Title(zh="某地", en="somewhere")
    recipe = Recipe("somewhere", "UTC", title, {}, lambda _: days, published=2026, left_out=left_out)

    with pytest.raises(Disagreement, match=problem):
        make.calendar_of(recipe)
