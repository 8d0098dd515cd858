"""The calculator: a line of JSON in, a line of JSON out, whatever the line."""

import json
import re
from datetime import UTC, datetime, timedelta
from threading import Thread
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import to_json

from complaints.calculator import requests
from complaints.calculator.answers import answer, working_time
from complaints.calculator.lines import answer_line, working_time_line
from complaints.calculator.requests import Request, WorkingTimeRequest
from complaints.calendars.model import Standing, Window, WorkingCalendar
from complaints.deadlines import EndsAt, RestDayStart, Roll, Unit
from complaints.errors.case import StageError
from complaints.errors.deadlines import CalendarNotPublished, RequestRefused
from complaints.errors.settings import SettingError
from complaints.words import Title

OWN = {
    "working_weekdays": ["mon", "tue", "wed", "thu", "fri"],
    "holidays": ["2026-10-01", {"on": "2026-10-02", "name": "国庆节"}],
    "extra_working_days": ["2026-10-10"],
    "windows": ["09:00-12:00", "13:00-17:00"],
    "years": [2025, 2026],
}
BASE = {
    "id": "c-1",
    "calendar": OWN,
    "zone": "Asia/Shanghai",
    "start": "2026-03-02T09:00:00+08:00",
    "budget": 15,
    "unit": "calendar_days",
}
LEAVE_OUT = object()


def a_request(**changes):
    return {name: value for name, value in (BASE | changes).items() if value is not LEAVE_OUT}


def answered(**changes):
    return answer_line(json.dumps(a_request(**changes)))


def refused(**changes):
    found = answered(**changes)
    assert set(found) == {"id", "error"}, found
    assert found["id"] == "c-1"
    assert set(found["error"]) == {"name", "field", "message"}
    return found["error"]


def firm_calendars(name):
    """What a firm might have: one calendar, whose year 2027 is expected."""
    if name != "firm":
        raise SettingError("calendar", f"there is no calendar '{name}'", "Choose one of: firm")
    return WorkingCalendar(
        name="firm",
        version="1",
        zone=ZoneInfo("Asia/Shanghai"),
        title=Title(zh="本行", en="the firm"),
        weekly=((Window(*(datetime.strptime(one, "%H:%M").time() for one in ("09:00", "17:00"))),),) * 5 + ((),) * 2,  # noqa: DTZ007
        extra=(),
        off={},
        work={},
        years={2026: Standing.PUBLISHED, 2027: Standing.EXPECTED},
    )


# --- answers ---------------------------------------------------------------------------------------


def test_an_answer_names_the_first_instant_that_is_too_late_and_the_last_that_is_not():
    assert answered() == {
        "id": "c-1",
        "due": "2026-03-18T00:00:00+08:00",
        "last_day": "2026-03-17",
        "last_moment": "2026-03-17 24:00",
        "assumed": [],
        "stands": False,
    }


@pytest.mark.parametrize(
    ("changes", "due"),
    [
        ({"start": "2026-03-02"}, "2026-03-18T00:00:00+08:00"),  # a day is 00:00 of it
        ({"start": "2026-03-02", "unit": "hours"}, "2026-03-02T15:00:00+08:00"),
        ({"start": "2026-03-02T01:00:00Z"}, "2026-03-18T00:00:00+08:00"),
        ({"start": "2026-03-01T16:00Z", "zone": "Europe/London"}, "2026-03-17T00:00:00+00:00"),
        ({"start": "2026-03-20", "zone": "Europe/London"}, "2026-04-05T00:00:00+01:00"),  # summer time by then
        ({"unit": "working_days"}, "2026-03-24T00:00:00+08:00"),
        ({"unit": "working_days", "start": "2026-09-28", "budget": 5}, "2026-10-08T00:00:00+08:00"),
        ({"unit": "working_days", "start": "2026-10-09", "budget": 1}, "2026-10-11T00:00:00+08:00"),  # worked Saturday
        ({"unit": "working_minutes", "budget": 180}, "2026-03-02T12:00:00+08:00"),
        ({"unit": "working_minutes", "start": "2026-10-10", "budget": 420}, "2026-10-10T17:00:00+08:00"),
        ({"unit": "weeks", "budget": 8}, "2026-04-28T00:00:00+08:00"),
        ({"unit": "months", "budget": 1}, "2026-04-03T00:00:00+08:00"),
        ({"cut_off": "08:59"}, "2026-03-19T00:00:00+08:00"),
        ({"cut_off": "09:00"}, "2026-03-18T00:00:00+08:00"),
        ({"count_first_day": True}, "2026-03-17T00:00:00+08:00"),
        ({"budget": 5, "roll": "next_working_day"}, "2026-03-10T00:00:00+08:00"),
        ({"budget": 5, "roll": "previous_working_day"}, "2026-03-07T00:00:00+08:00"),
        ({"ends_at": "closing"}, "2026-03-17T17:00:00+08:00"),
        (
            {"unit": "working_days", "start": "2026-03-07", "rest_day_start": "next_working_day_is_day_0", "budget": 1},
            "2026-03-11T00:00:00+08:00",
        ),
        ({"pauses": [{"from": "2026-03-05", "to": "2026-03-08", "reason": "mediation"}]}, "2026-03-21T00:00:00+08:00"),
        (
            {"pauses": [{"from": "2026-03-10", "to": "2026-03-11"}, {"from": "2026-03-05", "to": "2026-03-06"}]},
            "2026-03-20T00:00:00+08:00",  # in any order
        ),
        ({"extensions": [{"by": 30}]}, "2026-04-17T00:00:00+08:00"),
        ({"extensions": [{"to": 60}]}, "2026-05-02T00:00:00+08:00"),
        ({"extensions": [{"by": 5, "unit": "working_days"}]}, "2026-03-25T00:00:00+08:00"),
        ({"extensions": [{"to": 5, "unit": "working_days"}]}, "2026-03-10T00:00:00+08:00"),
        (
            {"extensions": [{"by": 1, "approval_required": True, "approved_by": "head.of.complaints"}]},
            "2026-03-19T00:00:00+08:00",
        ),
        (
            {"extensions": [{"by": 1, "notice_required": True, "notice_sent_at": "2026-03-10"}]},
            "2026-03-19T00:00:00+08:00",
        ),
        ({"restart": "2026-03-10"}, "2026-03-26T00:00:00+08:00"),
        ({"restart": "2026-03-10T09:00:00+08:00", "unit": "hours"}, "2026-03-11T00:00:00+08:00"),
    ],
)
def test_every_field_of_a_request_has_its_effect(changes, due):
    assert answered(**changes)["due"] == due


@pytest.mark.parametrize(
    ("changes", "due"),
    [
        ({"pauses": [{"from": "2026-03-04", "to": "2026-03-06"}]}, "2026-03-26T00:00:00+08:00"),  # over before
        ({"pauses": [{"from": "2026-03-04", "to": "2026-03-12"}]}, "2026-03-27T00:00:00+08:00"),  # 11 March
        ({"pauses": [{"from": "2026-03-12", "to": "2026-03-14"}]}, "2026-03-28T00:00:00+08:00"),
        ({"extensions": [{"by": 9, "granted_at": "2026-03-09"}]}, "2026-03-26T00:00:00+08:00"),
        ({"extensions": [{"by": 9, "granted_at": "2026-03-10"}]}, "2026-04-04T00:00:00+08:00"),
        ({"extensions": [{"by": 9, "notice_sent_at": "2026-03-09"}]}, "2026-03-26T00:00:00+08:00"),
        # what fell away needs no approval any more
        (
            {"extensions": [{"by": 9, "granted_at": "2026-03-09", "approval_required": True}]},
            "2026-03-26T00:00:00+08:00",
        ),
    ],
)
def test_after_a_restart_what_was_before_it_falls_away(changes, due):
    assert answered(restart="2026-03-10", **changes)["due"] == due


def test_while_a_clock_stands_still_it_is_not_due():
    found = answered(pauses=[{"from": "2026-03-05T10:00:00+09:00"}], explain=True)

    assert [found[name] for name in ("due", "last_day", "last_moment")] == [None, None, None]
    assert (found["stands"], found["paused_since"]) == (True, "2026-03-05T09:00:00+08:00")
    assert found["steps"][-1]["en"].startswith("not due while it stands still")


def test_a_pause_without_an_end_that_begins_too_late_changes_nothing():
    assert answered(pauses=[{"from": "2026-03-18"}]) == answered()


def test_an_explanation_is_given_if_it_is_asked_for():
    found = answered(explain=True, budget=2)

    assert found["steps"][0] == {
        "zh": "2026-03-02 09:00 起算（Asia/Shanghai）",
        "en": "starts 2026-03-02 09:00 (Asia/Shanghai)",
    }
    assert found["days"] == [{"on": "2026-03-03", "counted": 1}, {"on": "2026-03-04", "counted": 2}]


def test_the_name_of_a_holiday_stands_in_the_explanation():
    steps = answered(explain=True, unit="working_days", start="2026-09-28", budget=5)["steps"]

    assert "1 day left out (holiday): 2026-10-01" in [step["en"] for step in steps]
    assert "不计 1 日（国庆节）：2026-10-02" in [step["zh"] for step in steps]


@pytest.mark.parametrize(
    "number",
    ["c-1", 7, 7.5, None, True, ["a", {"b": None}], {}, "投诉", 10**300, LEAVE_OUT],
    ids=lambda one: str(one)[:9],
)
def test_the_id_comes_back_as_it_was_sent(number):
    expected = None if number is LEAVE_OUT else number

    for found in (answered(id=number), answered(id=number, budget=0)):
        assert json.loads(to_json(found))["id"] == expected


@pytest.mark.parametrize("unit", ["hours", "calendar_days", "weeks", "months"])
def test_no_calendar_is_needed_where_nothing_asks_for_working_time(unit):
    assert answered(calendar=LEAVE_OUT, unit=unit) == answered(unit=unit)


def test_a_named_calendar_lends_its_zone():
    text = json.dumps(a_request(calendar="firm", zone=LEAVE_OUT, start="2026-03-02"))

    assert answer_line(text, firm_calendars)["due"] == "2026-03-18T00:00:00+08:00"


def test_a_line_without_a_calendar_gets_the_one_that_was_named_for_all():
    text = json.dumps(a_request(calendar=LEAVE_OUT, unit="working_days"))

    assert answer_line(text, firm_calendars, "firm")["due"] == "2026-03-24T00:00:00+08:00"


def test_a_year_that_is_only_expected_is_answered_and_named():
    text = json.dumps(a_request(calendar="firm", unit="working_days", start="2026-12-28"))

    found = answer_line(text, firm_calendars)

    assert (found["last_day"], found["assumed"]) == ("2027-01-18", [2027])


def test_the_working_hours_of_weekdays_may_differ():
    windows = {"mon": ["09:00-10:00"], "wed": ["09:00-10:00", "22:00-24:00"]}
    own = {"windows": windows, "extra_working_days": ["2026-03-03"]}  # a Tuesday, with the hours of Monday

    dues = [answered(calendar=own, unit="working_minutes", budget=budget)["due"] for budget in (60, 120, 300)]

    assert dues == ["2026-03-02T10:00:00+08:00", "2026-03-03T10:00:00+08:00", "2026-03-05T00:00:00+08:00"]


def test_a_calendar_without_years_knows_every_year():
    own = {name: value for name, value in OWN.items() if name != "years"}

    assert answered(calendar=own, unit="working_days", start="2040-01-02")["due"] == "2040-01-24T00:00:00+08:00"


def test_a_request_can_be_made_in_python_too():
    assert answer(Request.model_validate(a_request()))["due"] == "2026-03-18T00:00:00+08:00"
    with pytest.raises(RequestRefused, match="zone: 'Asia/Atlantis' is no zone"):
        answer(Request.model_validate(a_request(zone="Asia/Atlantis")))


# --- refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "name", "field", "words"),
    [
        # what is not as a request is written
        ({"start": LEAVE_OUT}, "invalid_field", "start", "is needed"),
        ({"unit": "days"}, "invalid_field", "unit", "'calendar_days', 'working_days'"),
        ({"budget": "15"}, "invalid_field", "budget", "is no whole number"),
        ({"budget": 1.5}, "invalid_field", "budget", "is no whole number"),
        ({"budget": True}, "invalid_field", "budget", "is no whole number"),
        ({"count_first_day": "yes"}, "invalid_field", "count_first_day", "neither true nor false"),
        ({"narrative": "…"}, "invalid_field", "narrative", "is no field of this request"),
        ({"roll": "next"}, "invalid_field", "roll", "'next_working_day'"),
        ({"ends_at": None}, "invalid_field", "ends_at", "'midnight' or 'closing'"),
        ({"cut_off": "5pm"}, "invalid_field", "cut_off", "write it as 17:00"),
        ({"cut_off": "24:00"}, "invalid_field", "cut_off", "write it as 17:00"),
        ({"cut_off": 17}, "invalid_field", "cut_off", "write it as 17:00"),
        ({"start": "2026-02-30"}, "invalid_field", "start", "is no day and no instant"),
        ({"start": "yesterday"}, "invalid_field", "start", "is no day and no instant"),
        ({"start": "2026-03-02T25:00:00Z"}, "invalid_field", "start", "is no day and no instant"),
        ({"start": 1772413200}, "invalid_field", "start", "is no text"),
        ({"start": "1899-12-31"}, "invalid_field", "start", "outside the years 1900 to 2199"),
        ({"start": "0001-01-01T00:00:00+14:00"}, "invalid_field", "start", "outside the years"),
        ({"restart": "9999-12-31T23:59:59-12:00"}, "invalid_field", "restart", "outside the years"),
        ({"restart": "2026-03-01"}, "invalid_field", "restart", "lies before the start"),
        ({"zone": 8}, "invalid_field", "zone", "is no text"),
        ({"zone": LEAVE_OUT}, "invalid_field", "zone", "is needed, unless a calendar is named"),
        ({"pauses": {}}, "invalid_field", "pauses", "is no list"),
        ({"pauses": [{}]}, "invalid_field", "pauses.0.from", "is needed"),
        ({"pauses": [{"from": "2026-03-05", "until": "2026-03-06"}]}, "invalid_field", "pauses.0.until", "no field"),
        ({"extensions": [{}]}, "invalid_field", "extensions.0", "either 'by' (so much more) or 'to'"),
        ({"extensions": [{"by": 1, "to": 2}]}, "invalid_field", "extensions.0", "either 'by'"),
        ({"extensions": [{"by": "1"}]}, "invalid_field", "extensions.0.by", "is no whole number"),
        ({"extensions": [{"to": 10}]}, "invalid_field", "extensions.0.to", "shorter than the 15"),
        ({"extensions": [{"by": 10}, {"to": 20}]}, "invalid_field", "extensions.1.to", "shorter than the 25"),
        ({"extensions": [{"by": 1}], "restart": "2026-03-10"}, "invalid_field", "extensions.0.granted_at", "is needed"),
        # calendars
        ({"calendar": 7}, "invalid_field", "calendar", "is no object"),
        ({"calendar": []}, "invalid_field", "calendar", "is no object"),
        ({"calendar": ""}, "invalid_field", "calendar", "at least 1 character"),
        ({"calendar": {}}, "invalid_field", "calendar.working_weekdays", "is needed"),
        ({"calendar": {"working_weekdays": ["monday"]}}, "invalid_field", "calendar.working_weekdays.0", "'mon'"),
        ({"calendar": OWN | {"windows": ["9-12"]}}, "invalid_field", "calendar.windows.0", "write it as 09:00-12:00"),
        ({"calendar": OWN | {"windows": ["12:00-09:00"]}}, "invalid_field", "calendar.windows.0", "closes before"),
        (
            {"calendar": OWN | {"windows": ["09:00-12:00", "11:00-13:00"]}},
            "invalid_field",
            "calendar.windows",
            "overlap",
        ),
        (
            {"calendar": OWN | {"windows": {"mon": ["09:00-12:00"]}}},
            "invalid_field",
            "calendar.windows",
            "differ in tue",
        ),
        ({"calendar": {"windows": {"mon": [1]}}}, "invalid_field", "calendar.windows.mon.0", "is no window"),
        ({"calendar": OWN | {"holidays": ["10-01"]}}, "invalid_field", "calendar.holidays.0.on", "is no day"),
        ({"calendar": OWN | {"holidays": [{"on": 1}]}}, "invalid_field", "calendar.holidays.0.on", "is no day"),
        ({"calendar": OWN | {"holidays": ["2026-10-10"]}}, "invalid_field", "calendar.holidays", "name it once"),
        ({"calendar": OWN | {"years": ["2026"]}}, "invalid_field", "calendar.years.0", "is no whole number"),
        (
            {"calendar": {"working_weekdays": ["mon"]}, "unit": "working_minutes"},
            "invalid_field",
            "calendar.windows",
            "is needed to count working minutes",
        ),
        ({"calendar": None, "unit": "working_days"}, "invalid_field", "calendar", "is needed to count working time"),
        ({"calendar": None, "roll": "next_working_day"}, "invalid_field", "calendar", "is needed"),
        ({"calendar": None, "ends_at": "closing"}, "invalid_field", "calendar", "is needed"),
        ({"calendar": "cn-publik"}, "unknown_calendar", "calendar", "Choose one of: "),
        ({"calendar": "../../etc/passwd"}, "unknown_calendar", "calendar", "there is no calendar"),
        (
            {"unit": "working_days", "start": "2026-12-28"},
            "calendar_not_published",
            "calendar.years",
            "2027 is needed and not among them",
        ),
        ({"unit": "working_days", "start": "2024-12-30"}, "calendar_not_published", "calendar.years", "2024 is needed"),
        ({"roll": "next_working_day", "start": "2027-01-01"}, "calendar_not_published", "calendar.years", "2027"),
        (
            {"unit": "working_days", "calendar": OWN | {"windows": []}},
            "no_working_time",
            "calendar",
            "give it working weekdays and windows",
        ),
        ({"unit": "working_minutes", "calendar": OWN | {"windows": []}}, "no_working_time", "calendar", "windows"),
        (
            {"unit": "working_days", "calendar": {"working_weekdays": []}},
            "no_working_time",
            "calendar",
            "no working time",
        ),
        # instants and zones
        ({"start": "2026-03-02T09:00:00"}, "naive_instant", "start", "has no time zone"),
        ({"pauses": [{"from": "2026-03-05 09:00"}]}, "naive_instant", "pauses.0.from", "with its UTC offset"),
        (
            {"pauses": [{"from": "2026-03-05"}, {"from": "2026-03-06", "to": "2026-03-07T09:00"}]},
            "naive_instant",
            "pauses.1.to",
            "UTC offset",
        ),
        ({"restart": "2026-03-10T09:00"}, "naive_instant", "restart", "has no time zone"),
        ({"zone": "Asia/Atlantis"}, "unknown_zone", "zone", "write it as Asia/Shanghai"),
        ({"zone": "Asia"}, "unknown_zone", "zone", "is no zone"),
        ({"zone": "../../etc/passwd"}, "unknown_zone", "zone", "is no zone"),
        ({"zone": ""}, "unknown_zone", "zone", "is no zone"),
        ({"zone": "\x00"}, "unknown_zone", "zone", "is no zone"),
        # budgets
        ({"budget": 0}, "budget_not_positive", "budget", "give a whole number above zero"),
        ({"budget": -15}, "budget_not_positive", "budget", "-15"),
        ({"extensions": [{"by": 0}]}, "budget_not_positive", "extensions", "0 is no time limit"),
        ({"extensions": [{"to": -1}]}, "budget_not_positive", "extensions", "-1"),
        ({"budget": 1_000_000}, "budget_too_large", "budget", "give a shorter time limit"),
        ({"budget": 10**4000}, "budget_too_large", "budget", "give a shorter time limit"),
        ({"budget": -(10**4000)}, "budget_not_positive", "budget", "is no time limit"),
        ({"extensions": [{"by": 10**30}]}, "budget_too_large", "extensions", "shorter"),
        # pauses and extensions
        (
            {"pauses": [{"from": "2026-03-06", "to": "2026-03-05"}]},
            "pause_reversed",
            "pauses",
            "ends before it begins",
        ),
        (
            {"pauses": [{"from": "2026-03-06", "to": "2026-03-05"}], "restart": "2026-03-10"},
            "pause_reversed",
            "pauses",
            "exchange the two",
        ),
        (
            {"pauses": [{"from": "2026-03-05", "to": "2026-03-08"}, {"from": "2026-03-07", "to": "2026-03-09"}]},
            "pauses_overlap",
            "pauses",
            "write them as one",
        ),
        (
            {"pauses": [{"from": "2026-03-05"}, {"from": "2026-03-07", "to": "2026-03-09"}]},
            "pauses_overlap",
            "pauses",
            "overlap",
        ),
        (
            {"extensions": [{"by": 1, "approval_required": True}]},
            "extension_without_approval",
            "extensions.0.approved_by",
            "say in 'approved_by' who gave it",
        ),
        (
            {"extensions": [{"by": 1, "approval_required": True, "approved_by": " "}]},
            "extension_without_approval",
            "extensions.0.approved_by",
            "leave the extension out",
        ),
        (
            {"extensions": [{"by": 1}, {"by": 1, "notice_required": True}]},
            "extension_without_notice",
            "extensions.1.notice_sent_at",
            "say in 'notice_sent_at' when",
        ),
    ],
)
def test_what_is_wrong_has_a_name_a_field_and_a_cure(changes, name, field, words):
    error = refused(**changes)

    assert (error["name"], error["field"]) == (name, field), error
    assert words in error["message"]
    assert "\n" not in error["message"]


def test_a_year_of_a_named_calendar_that_is_not_published_is_refused():
    request = Request.model_validate(a_request(calendar="firm", unit="working_days", start="2027-12-28"))

    with pytest.raises(CalendarNotPublished, match="'firm' has no data for 2028; bring the year in"):
        answer(request, firm_calendars)
    found = answer_line(json.dumps(a_request(calendar="firm", unit="working_days", start="2027-12-28")), firm_calendars)
    assert found["error"]["name"] == "calendar_not_published"


def test_calendars_may_be_looked_up_in_a_dictionary():
    found = answer_line(json.dumps(a_request(calendar="firm")), {}.__getitem__)

    assert found["error"] == {
        "name": "unknown_calendar",
        "field": "calendar",
        "message": "there is no calendar 'firm'",
    }


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "[]",
        "7",
        "null",
        '"c-1"',
        "{} {}",
        "{'id': 1}",
        "NaN",
        '{"id": 1, "budget": NaN}',
        '{"id": 1, "budget": -Infinity}',
        '{"id": 1e999}',
        '{"budget": 1e999}',
        '{"id": 1, "id": 2}',
        '{"id": 1, "calendar": {"years": [], "years": []}}',
        '{"id": "\\ud800"}',
        '{"id": ["\\ud800"]}',
        '{"budget": ' + "9" * 5000 + "}",
        "[" * 100_000,
        '{"id": ' + "[" * 100_000,
        '{"id": ' + "[" * 500 + "]" * 500 + "}",
        b"\xff\xfe{}",
        "{}".encode("utf-16"),
        "\ud800",
        "\x00",
    ],
    ids=lambda line: repr(line)[:24],
)
@pytest.mark.parametrize("read", [answer_line, working_time_line])
def test_what_is_no_json_is_refused_too(read, line):
    found = read(line)

    assert (found["id"], found["error"]["name"]) == (None, "not_json")
    assert json.loads(to_json(found)) == found


def test_a_hundred_pauses_are_the_most():
    found = answer_line(json.dumps(a_request(pauses=[{"from": "2026-03-05"}] * 101)))

    assert (found["error"]["name"], found["error"]["field"]) == ("invalid_field", "pauses")


def test_a_mistake_in_the_program_is_an_answer_as_well():
    def broken(name):
        raise RuntimeError

    found = answer_line(json.dumps(a_request(calendar="firm")), broken)

    assert found["error"]["name"] == "not_computed"
    assert found["id"] == "c-1"


def test_errors_of_other_parts_keep_their_sentence():
    def broken(name):
        raise StageError("TS1", "received", "decide")

    error = answer_line(json.dumps(a_request(calendar="firm")), broken)["error"]

    assert (error["name"], error["field"]) == ("stage_error", "")
    assert error["message"].startswith("Case TS1 is at stage")


def test_a_name_with_half_a_character_can_be_written_again():
    text = json.dumps(a_request()).replace("Asia/Shanghai", "Asia/\\ud800")

    for line in (text, text.replace('"budget"', '"\\ud800": 1, "budget"'), text.replace("mon", "\\udc00")):
        found = answer_line(line)
        assert json.loads(to_json(found))["error"]["name"] in ("invalid_field", "unknown_zone")


# --- working time ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("begins", "ends", "minutes"),
    [
        ("2026-03-02T09:00:00+08:00", "2026-03-02T17:00:00+08:00", 420),
        ("2026-03-02", "2026-03-09", 5 * 420),
        ("2026-03-09", "2026-03-02", -5 * 420),
        ("2026-03-02T01:30:00Z", "2026-03-02T12:30:00+08:00", 150),
        ("2026-12-31", "2027-01-01", 420),  # up to the first instant of 2027, which is not asked about
    ],
)
def test_working_time_between_two_instants(begins, ends, minutes):
    request = {"id": 1, "calendar": OWN, "zone": "Asia/Shanghai", "from": begins, "to": ends}

    assert working_time_line(json.dumps(request)) == {"id": 1, "working_minutes": minutes, "assumed": []}
    assert working_time(WorkingTimeRequest.model_validate(request))["working_minutes"] == minutes


@pytest.mark.parametrize(
    ("changes", "name", "field"),
    [
        ({"from": "2026-03-02T09:00"}, "naive_instant", "from"),
        ({"to": LEAVE_OUT}, "invalid_field", "to"),
        ({"calendar": LEAVE_OUT}, "invalid_field", "calendar"),
        ({"calendar": {"working_weekdays": ["mon"]}}, "invalid_field", "calendar.windows"),
        ({"calendar": "nowhere"}, "unknown_calendar", "calendar"),
        ({"zone": "nowhere"}, "unknown_zone", "zone"),
        ({"to": "2027-01-01T00:00:01+08:00"}, "calendar_not_published", "calendar.years"),
        ({"budget": 1}, "invalid_field", "budget"),
    ],
)
def test_working_time_that_cannot_be_counted_is_refused(changes, name, field):
    request = {"id": 1, "calendar": OWN, "zone": "Asia/Shanghai", "from": "2026-03-02", "to": "2026-03-03"} | changes
    found = working_time_line(json.dumps({key: value for key, value in request.items() if value is not LEAVE_OUT}))

    assert (found["error"]["name"], found["error"]["field"]) == (name, field)


def test_working_time_in_a_year_that_is_only_expected_says_so():
    request = {"calendar": "firm", "from": "2026-12-31", "to": "2027-01-02"}

    found = working_time_line(json.dumps(request), firm_calendars)

    assert found == {"id": None, "working_minutes": 960, "assumed": [2027]}


# --- calendars are kept ----------------------------------------------------------------------------


def test_lines_with_the_same_calendar_make_it_once(monkeypatch):
    made = []
    monkeypatch.setattr(requests, "WorkingCalendar", lambda **fields: made.append(1) or WorkingCalendar(**fields))
    own = OWN | {"holidays": ["2026-05-01", "2026-05-04"]}

    dues = {answered(calendar=own, unit="working_days", budget=budget)["due"] for budget in range(1, 41)}

    assert (len(dues), len(made)) == (40, 1)


def test_only_so_many_calendars_are_kept():
    for year in range(1900, 1900 + 3 * requests._KEPT):
        assert "due" in answered(calendar=OWN | {"holidays": [f"{year}-01-01"]}, unit="working_days")

    assert len(requests._OWN._made) <= requests._KEPT


def test_the_same_calendar_in_another_zone_is_another_one():
    starts = {"start": "2026-03-02T09:00:00+08:00", "unit": "working_minutes", "budget": 60}

    dues = [answered(zone=zone, **starts)["due"] for zone in ("Asia/Shanghai", "Europe/London")]

    assert dues == ["2026-03-02T10:00:00+08:00", "2026-03-02T10:00:00+00:00"]


def test_two_threads_may_ask_at_once():
    found = []

    def ask(number):
        for day in range(1, 29):
            found.append(answered(calendar=OWN | {"years": [2026, 2027, number]}, start=f"2026-02-{day:02}")["due"])

    threads = [Thread(target=ask, args=(2030 + number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 4 * 28
    assert len(set(found)) == 28


# --- whatever comes --------------------------------------------------------------------------------

texts = st.text(max_size=8) | st.sampled_from(
    ["2026-03-02", "2026-03-05T09:00:00+08:00", "2026-03-05T09:00", "Asia/Shanghai", "cn-public", "mon", "09:00-17:00"]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
fields = st.sampled_from([*Request.model_fields, "from", "to", "windows", "holidays"])


def writable(found):
    """Whether an answer is what it should be, and can be written."""
    again = json.loads(to_json(found))
    assert "due" in again or re.fullmatch("[a-z_]+", again["error"]["name"])
    assert again.get("error", {}).get("name") != "not_computed", again
    return True


@pytest.mark.slow
@given(st.text() | st.binary() | values.map(json.dumps))
def test_any_line_gets_an_answer(line):
    assert writable(answer_line(line))


@settings(max_examples=120)
@given(st.dictionaries(fields, values, max_size=3))
def test_any_field_may_hold_anything(changes):
    assert writable(answer_line(json.dumps(BASE | changes)))
    assert writable(answer_line(json.dumps(BASE | {"calendar": OWN | changes})))
    assert writable(answer_line(json.dumps(BASE | {"pauses": [changes], "extensions": [changes]})))


days = st.integers(0, 364).map(lambda number: (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(number)).isoformat())


@given(
    st.fixed_dictionaries(
        {"start": days, "budget": st.integers(1, 40), "unit": st.sampled_from(Unit)},
        optional={
            "roll": st.sampled_from(Roll),
            "ends_at": st.sampled_from(EndsAt),
            "rest_day_start": st.sampled_from(RestDayStart),
            "count_first_day": st.booleans(),
            "cut_off": st.sampled_from(["00:00", "17:00", "23:59"]),
            "pauses": st.lists(st.fixed_dictionaries({"from": days}, optional={"to": days}), max_size=2),
            "extensions": st.lists(st.fixed_dictionaries({"by": st.integers(1, 20)}), max_size=2),
        },
    )
)
def test_an_explained_answer_is_the_same_answer(changes):
    plain, explained = answered(**changes), answered(**changes, explain=True)

    assert writable(plain)
    assert {name: value for name, value in explained.items() if name not in ("steps", "days")} == plain
