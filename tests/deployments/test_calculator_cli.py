"""The calculator as people and programs call it: ``redress due`` and ``redress working-time``."""

import io
import json
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from complaints.calendars.files import build, read_calendar
from complaints.errors.deadlines import BudgetNotPositive, CalendarNotPublished, RequestRefused
from complaints.errors.settings import RuleFileInvalid, SettingError
from deployments import calculator_cli

ROOT = Path(__file__).parents[2]
CALENDAR = """
name = "our-office"
version = "1"
title = { zh = "本行", en = "our office" }
zone = "Asia/Shanghai"
working_weekdays = ["mon", "tue", "wed", "thu", "fri"]
hours = ["09:00-12:00", "13:00-17:00"]
off = [[2026-03-05, "行庆", "Founders' Day"]]

[year.2026]
[year.2027]
standing = "expected"
"""
OFFICE = build(read_calendar(CALENDAR, "our-office.toml"), dict[str, "object"]().__getitem__)
SINGLY = ("--calendar", "our-office", "--start", "2026-03-02", "--budget", "3", "--unit", "working_days")


def find(name):
    if name == "our-office":
        return OFFICE
    raise SettingError("calendar", f"there is no calendar '{name}'", "Choose one of: our-office")


@pytest.fixture(autouse=True)
def _our_office(monkeypatch):
    monkeypatch.setattr(calculator_cli, "find_calendar", find)


@pytest.fixture
def redress():
    """Runs a command as ``redress`` mounts it."""
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command("due")(calculator_cli.due)
    app.command("working-time")(calculator_cli.working_time)
    return lambda *arguments, stdin=b"": CliRunner().invoke(app, arguments, input=stdin)


def lines(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def a_line(**changes):
    request = {"id": 1, "calendar": "our-office", "start": "2026-03-02", "budget": 3, "unit": "working_days"}
    return json.dumps(request | changes).encode() + b"\n"


# --- singly ----------------------------------------------------------------------------------------


def test_a_due_time_is_printed_with_its_reasons_in_chinese(redress):
    result = redress("due", *SINGLY)

    assert (result.exit_code, result.stdout.splitlines()) == (
        0,
        [
            "到期 2026-03-06 24:00（2026-03-07T00:00:00+08:00 起超期）",
            "  2026-03-02 00:00 起算（Asia/Shanghai）",
            "  当日不计入，自次日起算",
            "  计 3 个工作日：第 1 日 2026-03-03，第 3 日 2026-03-06",
            "  不计 1 日（行庆）：2026-03-05",
            "  到期：2026-03-06 24:00",
        ],
    )


def test_and_in_english(redress):
    said = redress("due", *SINGLY, "--lang", "en").stdout.splitlines()

    assert said[0] == "due 2026-03-06 24:00 (too late from 2026-03-07T00:00:00+08:00)"
    assert "  1 day left out (Founders' Day): 2026-03-05" in said


@pytest.mark.parametrize(
    ("options", "due"),
    [
        ((), "2026-03-07T00:00:00+08:00"),
        (("--zone", "Europe/London"), "2026-03-07T00:00:00+00:00"),
        (("--start", "2026-03-02T17:30:00+08:00", "--cut-off", "17:00"), "2026-03-10T00:00:00+08:00"),
        (("--count-first-day",), "2026-03-05T00:00:00+08:00"),
        (("--unit", "calendar_days", "--budget", "5", "--roll", "next_working_day"), "2026-03-10T00:00:00+08:00"),
        (("--unit", "calendar_days", "--budget", "5", "--roll", "previous_working_day"), "2026-03-07T00:00:00+08:00"),
        (("--ends-at", "closing"), "2026-03-06T17:00:00+08:00"),
        (("--start", "2026-03-07", "--rest-day-start", "next_working_day_is_day_0"), "2026-03-13T00:00:00+08:00"),
        (("--pause", "2026-03-03/2026-03-04"), "2026-03-10T00:00:00+08:00"),
        (("--pause", "2026-03-03/2026-03-04", "--pause", "2026-03-06/2026-03-07"), "2026-03-11T00:00:00+08:00"),
        (("--pause", "2026-03-03T00:00:00+08:00/2026-03-04T00:00:00+08:00"), "2026-03-10T00:00:00+08:00"),
        (("--extend", "1"), "2026-03-10T00:00:00+08:00"),
        (("--extend", "1", "--extend", "1"), "2026-03-11T00:00:00+08:00"),
        (("--extend", "1:weeks"), "2026-03-14T00:00:00+08:00"),
        (("--extend", "=5"), "2026-03-11T00:00:00+08:00"),
        (("--extend", "=5:calendar_days"), "2026-03-08T00:00:00+08:00"),
        (("--restart", "2026-03-09"), "2026-03-13T00:00:00+08:00"),
    ],
)
def test_every_option_has_its_effect(redress, options, due):
    result = redress("due", *SINGLY, *options, "--json")

    assert (result.exit_code, lines(result)[0]["due"]) == (0, due)


def test_with_json_the_explanation_comes_too(redress):
    (found,) = lines(redress("due", *SINGLY, "--json"))

    assert found["days"][2] == {"on": "2026-03-05", "left_out": {"zh": "行庆", "en": "Founders' Day"}}
    assert found["steps"][-1]["zh"] == "到期：2026-03-06 24:00"


@pytest.mark.parametrize(
    ("language", "said"),
    [("zh-CN", "中止计时，自 2026-03-04T00:00:00+08:00"), ("en", "stands still since 2026-03-04T00:00:00+08:00")],
)
def test_a_pause_without_an_end_is_still_on(redress, language, said):
    for pause in ("2026-03-04", "2026-03-04/"):
        assert redress("due", *SINGLY, "--pause", pause, "--lang", language).stdout.startswith(said)


@pytest.mark.parametrize("calendar", ["our-office.toml", "child.toml"])
def test_a_calendar_may_be_a_file(redress, tmp_path, calendar):
    (tmp_path / "our-office.toml").write_text(CALENDAR.replace("our-office", "from-a-file"), encoding="utf-8")
    (tmp_path / "child.toml").write_text(
        'name = "child"\nversion = "1"\nextends = "our-office"\n', encoding="utf-8"
    )  # extends one that is found by its name

    result = redress("due", *SINGLY, "--calendar", str(tmp_path / calendar), "--json")

    assert lines(result)[0]["due"] == "2026-03-07T00:00:00+08:00"


@pytest.mark.parametrize(
    ("options", "wrong", "words"),
    [
        (("--start", "2026-03-02T09:00"), RequestRefused, "start: has no time zone"),
        (("--start", ""), RequestRefused, "start: is needed"),
        (("--budget", "0"), BudgetNotPositive, "budget: 0 is no time limit"),
        (("--zone", "Atlantis"), RequestRefused, "zone: 'Atlantis' is no zone"),
        (("--calendar", "nowhere"), RequestRefused, "calendar: there is no calendar 'nowhere'"),
        (("--calendar", ""), RequestRefused, "zone: is needed"),
        (("--calendar", "nowhere.toml"), FileNotFoundError, "nowhere.toml"),
        (("--cut-off", "5pm"), RequestRefused, "cut_off: is no time of day"),
        (("--pause", "2026-03-05T09:00/"), RequestRefused, "pauses.0.from: has no time zone"),
        (("--extend", "more"), RequestRefused, "--extend: 'more' is no extension; write it as 10"),
        (("--extend", "1:days"), RequestRefused, "extensions.0.unit: "),
        (("--extend", "=2"), RequestRefused, "extensions.0.to: 2 is shorter than the 3"),
        (("--start", "2027-12-30"), CalendarNotPublished, "calendar: 'our-office' has no data for 2028"),
        (("requests.jsonl",), RequestRefused, "requests.jsonl: is not known; write '-'"),
    ],
)
def test_what_is_wrong_is_refused_with_what_to_do(redress, options, wrong, words):
    result = redress("due", *SINGLY, *options)

    assert isinstance(result.exception, wrong), result.exception  # one line and exit code 2, as main() does it
    assert words in str(result.exception)
    assert result.stdout == ""


@pytest.mark.parametrize(("content", "words"), [(b"name = 7", "line 1"), (b"name =", "line 1"), (b"\xff\xfe", "UTF-8")])
def test_a_calendar_file_that_is_wrong_is_refused_with_its_line(redress, tmp_path, content, words):
    file = tmp_path / "wrong.toml"
    file.write_bytes(content)

    result = redress("due", *SINGLY, "--calendar", str(file))

    assert isinstance(result.exception, RuleFileInvalid)
    assert words in str(result.exception)


# --- lines -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["-", "--jsonl"])
def test_lines_are_answered_in_order_and_empty_ones_passed_over(redress, how):
    stdin = b"\n".join(a_line(id=number, budget=number) for number in (3, 1, 2)) + b"\n  \n\r\n"

    result = redress("due", how, stdin=stdin)

    assert result.exit_code == 0
    assert [(one["id"], one["last_day"]) for one in lines(result)] == [
        (3, "2026-03-06"),
        (1, "2026-03-03"),
        (2, "2026-03-04"),
    ]


def test_a_line_that_is_refused_stops_nothing_and_ends_with_exit_code_1(redress):
    stdin = a_line() + b"{\n" + b"\xff\n" + a_line(budget=0) + a_line(id="last")

    result = redress("due", "-", stdin=stdin)

    assert result.exit_code == 1
    assert [one.get("error", {}).get("name") for one in lines(result)] == [
        None,
        "not_json",
        "not_json",
        "budget_not_positive",
        None,
    ]


def test_no_lines_are_no_mistake(redress):
    result = redress("due", "-")

    assert (result.exit_code, result.stdout) == (0, "")


def test_a_byte_order_mark_before_the_first_line_and_a_missing_end_of_the_last_do_no_harm(redress):
    result = redress("due", "-", stdin=b"\xef\xbb\xbf" + a_line() + a_line(id=2).rstrip())

    assert [one["id"] for one in lines(result)] == [1, 2]
    assert result.exit_code == 0


def test_lines_without_a_calendar_use_the_one_that_was_named(redress, tmp_path):
    file = tmp_path / "our.toml"
    file.write_text(CALENDAR.replace("our-office", "of-the-file"), encoding="utf-8")
    without = json.dumps({"start": "2026-03-02", "budget": 3, "unit": "working_days"}).encode() + b"\n"

    for calendar in ("our-office", str(file)):
        result = redress("due", "-", "--calendar", calendar, stdin=without + a_line())
        assert [one["last_day"] for one in lines(result)] == ["2026-03-06"] * 2


def test_chinese_stays_readable_in_the_output(redress):
    assert "行庆" in redress("due", "-", stdin=a_line(explain=True)).stdout


def test_each_answer_is_there_before_the_next_line_is_read():
    class Out(io.BytesIO):
        shown = 0

        def flush(self):
            self.shown = self.getvalue().count(b"\n")

    def asking():
        for number in range(3):
            assert out.shown == number
            yield a_line(id=number)

    out = Out()

    assert calculator_cli.answer_stream(asking(), out, lambda line: json.loads(line)) == 0
    assert out.shown == 3


def test_who_reads_only_the_first_answer_sees_no_traceback():
    script = "import typer; from deployments.calculator_cli import due; typer.run(due)"
    several = b"".join(a_line(calendar=None, zone="UTC", unit="hours", id=number) for number in range(5000))
    with subprocess.Popen(
        [sys.executable, "-c", script, "-"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        assert running.stdin
        assert running.stdout
        assert running.stderr
        running.stdin.write(several[:200])
        running.stdin.flush()
        first = running.stdout.readline()
        running.stdout.close()
        with suppress(BrokenPipeError):
            running.stdin.write(several[200:])
            running.stdin.close()
        said = running.stderr.read()

    assert json.loads(first)["last_moment"] == "2026-03-02 03:00"
    assert (running.returncode, said) == (1, b"")


# --- working time ----------------------------------------------------------------------------------

SPAN = ("--calendar", "our-office", "--from", "2026-03-02", "--to", "2026-03-03T10:30:00+08:00")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "510 分钟工作时间（8:30）\n"),
        (("--lang", "en"), "510 working minutes (8:30)\n"),
        (("--json",), '{"id":null,"working_minutes":510,"assumed":[]}\n'),
        (("--from", "2026-03-04", "--lang", "en"), "-330 working minutes (-5:30)\n"),
        (("--zone", "Europe/London", "--lang", "en"), "510 working minutes (8:30)\n"),
        (
            ("--from", "2027-01-04", "--to", "2027-01-05"),
            "420 分钟工作时间（7:00）\n2027 年放假安排尚未公布，暂按已知规则推算\n",
        ),
        (
            ("--from", "2027-01-04", "--to", "2027-01-05", "--lang", "en"),
            "420 working minutes (7:00)\nthe 2027 arrangement is not published yet\n",
        ),
    ],
)
def test_working_time_between_two_instants(redress, options, said):
    result = redress("working-time", *SPAN, *options)

    assert (result.exit_code, result.stdout) == (0, said)


@pytest.mark.parametrize(
    ("options", "wrong", "words"),
    [
        (("--from", "2026-03-02T09:00"), RequestRefused, "from: has no time zone"),
        (("--to", ""), RequestRefused, "to: is needed"),
        (("--calendar", ""), RequestRefused, "calendar: is needed"),
        (("--from", "2025-12-31"), CalendarNotPublished, "2025"),
    ],
)
def test_working_time_that_cannot_be_counted_is_refused(redress, options, wrong, words):
    result = redress("working-time", *SPAN, *options)

    assert isinstance(result.exception, wrong)
    assert words in str(result.exception)


def test_working_time_is_counted_for_lines_too(redress):
    span = {"id": 1, "from": "2026-03-02", "to": "2026-03-04"}
    stdin = b"".join(json.dumps(span | one).encode() + b"\n" for one in ({}, {"calendar": "nowhere"}))

    result = redress("working-time", "--jsonl", "--calendar", "our-office", stdin=stdin)

    assert result.exit_code == 1
    assert lines(result)[0] == {"id": 1, "working_minutes": 840, "assumed": []}
    assert lines(result)[1]["error"]["name"] == "unknown_calendar"


def test_a_command_asks_whoever_knows_the_calendars_now(redress, monkeypatch):
    monkeypatch.setattr(calculator_cli, "find_calendar", lambda name: replace(OFFICE, off={}))

    assert lines(redress("due", *SINGLY, "--json"))[0]["last_day"] == "2026-03-05"


@pytest.mark.parametrize("command", ["due", "working-time"])
def test_the_help_says_what_an_exit_code_means(redress, command):
    said = " ".join(redress(command, "--help").stdout.split())

    assert "1 if any was refused" in said
