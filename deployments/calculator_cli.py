"""The calculator on the command line: ``redress due`` and ``redress working-time``, singly and for streams of lines."""

import os
import sys
from collections.abc import Callable, Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final, TypeVar

import typer
from pydantic import ValidationError
from pydantic_core import to_json

from complaints.calculator.answers import answer
from complaints.calculator.answers import working_time as time_between
from complaints.calculator.lines import answer_line, invalid, working_time_line
from complaints.calculator.requests import Request, WorkingTimeRequest
from complaints.calendars.files import build, load_calendar, read_calendar
from complaints.calendars.model import WorkingCalendar
from complaints.deadlines import EndsAt, RestDayStart, Roll, Unit
from complaints.errors.deadlines import RequestRefused
from complaints.errors.settings import RuleFileInvalid
from complaints.words import EN, ZH

find_calendar: Callable[[str], WorkingCalendar] = load_calendar
"""Returns the calendar of a name; the command line may put one here that knows a firm's own too."""

_BOM: Final = b"\xef\xbb\xbf"


class Tongue(StrEnum):
    """The languages of explanations."""

    CHINESE = ZH
    ENGLISH = EN


Asked = TypeVar("Asked", Request, WorkingTimeRequest)
Lines = Annotated[str, typer.Argument(metavar="[-]", help="'-': read requests from standard input, as --jsonl does")]
Jsonl = Annotated[
    bool,
    typer.Option("--jsonl", help="a JSON request on each line of standard input, its answer on a line of the output"),
]
Json = Annotated[bool, typer.Option("--json", help="print one line of JSON")]
CalendarName = Annotated[
    str, typer.Option("--calendar", metavar="NAME|FILE.toml", help="such as cn-public; with lines: of those without")
]
Zone = Annotated[str, typer.Option(help="such as Asia/Shanghai [default: the calendar's]")]
Language = Annotated[Tongue, typer.Option("--lang", help="the language: zh-CN or en")]


def due(
    lines: Lines = "",
    calendar: CalendarName = "",
    zone: Zone = "",
    start: Annotated[str, typer.Option(help="a day, or an instant such as 2026-03-02T09:00:00+08:00")] = "",
    budget: Annotated[int | None, typer.Option(help="the length, in --unit")] = None,
    unit: Annotated[Unit, typer.Option(help="what is counted")] = Unit.CALENDAR_DAYS,
    cut_off: Annotated[str, typer.Option(help="what arrives later counts as the next day, such as 17:00")] = "",
    count_first_day: Annotated[bool, typer.Option("--count-first-day", help="the day of the start is day 1")] = False,
    roll: Annotated[Roll, typer.Option(help="where a last day goes that is no working day")] = Roll.NONE,
    ends_at: Annotated[EndsAt, typer.Option(help="when the last day ends")] = EndsAt.MIDNIGHT,
    rest_day_start: Annotated[
        RestDayStart, typer.Option(help="for working days, from a start on a day of rest")
    ] = RestDayStart.NEXT_IS_DAY_1,
    pause: Annotated[
        list[str] | None, typer.Option(metavar="FROM/TO", help="left out; FROM/ still stands; may be repeated")
    ] = None,
    extend: Annotated[
        list[str] | None,
        typer.Option(metavar="N[:UNIT]", help="by so much longer, or =N[:UNIT] in all; may be repeated"),
    ] = None,
    restart: Annotated[str, typer.Option(help="the whole period runs again from this day or instant")] = "",
    language: Language = Tongue.CHINESE,
    as_json: Json = False,
    jsonl: Jsonl = False,
) -> None:
    """Compute when a time limit runs out, and explain it.

    A day stands for 00:00 of it, in the zone.

    With --jsonl or '-', each line of standard input is a request such as {"id": 1, "calendar": "cn-public",
    "start": "2026-03-02", "budget": 15, "unit": "working_days"}, and its answer a line of the output, in the same
    order; of the options only --calendar counts, for lines without one.

    Ends with exit code 0 if every line was answered, 1 if any was refused, 2 if nothing could be read.
    """
    if _wants_lines(lines, jsonl):
        raise typer.Exit(_answer_lines(answer_line, calendar))
    name, find = _calendar(calendar)
    wanted = {
        "start": start,
        "budget": budget,
        "unit": unit,
        "cut_off": cut_off,
        "count_first_day": count_first_day,
        "roll": roll,
        "ends_at": ends_at,
        "rest_day_start": rest_day_start,
        "pauses": [_pause(text) for text in pause or []],
        "extensions": [_extension(text) for text in extend or []],
        "restart": restart,
        "calendar": name,
        "zone": zone,
        "explain": True,
    }
    found = answer(_read(Request, wanted), find)
    _write(found) if as_json else _show(found, language)


def working_time(
    lines: Lines = "",
    calendar: CalendarName = "",
    begins: Annotated[str, typer.Option("--from", help="a day, or an instant such as 2026-03-02T09:00:00+08:00")] = "",
    ends: Annotated[str, typer.Option("--to", help="likewise")] = "",
    zone: Zone = "",
    language: Language = Tongue.CHINESE,
    as_json: Json = False,
    jsonl: Jsonl = False,
) -> None:
    """Count the working minutes between two instants.

    A day stands for 00:00 of it, in the zone.

    With --jsonl or '-', each line of standard input is a request such as {"id": 1, "calendar": "cn-public",
    "from": "2026-03-02", "to": "2026-03-05T10:00:00+08:00"}, and its answer a line of the output, in the same order;
    of the options only --calendar counts, for lines without one.

    Ends with exit code 0 if every line was answered, 1 if any was refused, 2 if nothing could be read.
    """
    if _wants_lines(lines, jsonl):
        raise typer.Exit(_answer_lines(working_time_line, calendar))
    name, find = _calendar(calendar)
    wanted = {"calendar": name, "zone": zone, "from": begins, "to": ends}
    found = time_between(_read(WorkingTimeRequest, wanted), find)
    if as_json:
        _write(found)
        return
    minutes = found["working_minutes"]
    hours = f"{'-' if minutes < 0 else ''}{abs(minutes) // 60}:{abs(minutes) % 60:02}"
    typer.echo(
        f"{minutes} 分钟工作时间（{hours}）" if language is Tongue.CHINESE else f"{minutes} working minutes ({hours})"
    )
    _show_assumed(found, language)


def _wants_lines(lines: str, jsonl: bool) -> bool:
    if lines not in ("", "-"):
        raise RequestRefused("invalid_field", lines, "is not known; write '-' to read lines from standard input")
    return jsonl or lines == "-"


def _calendar(name: str) -> tuple[str, Callable[[str], WorkingCalendar]]:
    """Return a calendar's name, and what finds it; a name that ends with .toml is a file."""
    if not name.endswith(".toml"):
        return name, find_calendar
    try:
        text = Path(name).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise RuleFileInvalid(name, 0, "", "is not text in UTF-8; save it as UTF-8") from None
    own, others = build(read_calendar(text, name), find_calendar), find_calendar
    return own.name, lambda asked: own if asked == own.name else others(asked)


def _pause(text: str) -> dict[str, str]:
    begins, _, ends = text.partition("/")
    return {"from": begins} | ({"to": ends} if ends else {})


def _extension(text: str) -> dict[str, Any]:
    amount, _, unit = text.partition(":")
    try:
        value = int(amount.removeprefix("="))
    except ValueError:
        reason = f"'{text}' is no extension; write it as 10, 10:working_days or =30"
        raise RequestRefused("invalid_field", "--extend", reason) from None
    return {"to" if amount.startswith("=") else "by": value} | ({"unit": unit} if unit else {})


def _read(model: type[Asked], wanted: dict[str, Any]) -> Asked:
    try:
        return model.model_validate({field: value for field, value in wanted.items() if value not in ("", None)})
    except ValidationError as wrong:
        raise invalid(wrong) from None


def _show(found: dict[str, Any], language: Tongue) -> None:
    """Print when it is due, and why, for people."""
    zh = language is Tongue.CHINESE
    if found["stands"]:
        typer.echo(f"中止计时，自 {found['paused_since']}" if zh else f"stands still since {found['paused_since']}")
    else:
        late = f"{found['due']} 起超期" if zh else f"too late from {found['due']}"
        moment = found["last_moment"]
        typer.echo(f"到期 {moment}（{late}）" if zh else f"due {moment} ({late})")
    for step in found["steps"]:
        typer.echo(f"  {step['zh' if zh else 'en']}")


def _show_assumed(found: dict[str, Any], language: Tongue) -> None:
    for year in found["assumed"]:
        zh, en = f"{year} 年放假安排尚未公布，暂按已知规则推算", f"the {year} arrangement is not published yet"
        typer.echo(zh if language is Tongue.CHINESE else en)


def _write(found: dict[str, Any]) -> None:
    sys.stdout.buffer.write(to_json(found) + b"\n")
    sys.stdout.buffer.flush()


def _answer_lines(answer_one: Callable[..., dict[str, Any]], calendar: str) -> int:
    """Answer every line of standard input; return the exit code."""
    name, find = _calendar(calendar)
    sys.stdout.flush()
    try:
        refused = answer_stream(sys.stdin.buffer, sys.stdout.buffer, lambda line: answer_one(line, find, name or None))
    except BrokenPipeError:  # who reads the answers has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 1 if refused else 0


def answer_stream(lines: Iterable[bytes], out: BinaryIO, answer_one: Callable[[bytes], dict[str, Any]]) -> int:
    """Write the answer to each line as soon as it is known; empty lines are passed over.

    Args:
        lines: Requests, one a line, in UTF-8.
        out: Where the answers go, one a line, in order.
        answer_one: Answers one line.

    Returns:
        How many lines were refused.
    """
    refused = 0
    for number, line in enumerate(lines):
        if not (line := (line.removeprefix(_BOM) if number == 0 else line).strip()):
            continue
        found = answer_one(line)
        refused += "error" in found
        out.write(to_json(found) + b"\n")
        out.flush()
    return refused
