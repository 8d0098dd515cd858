"""Calendars as files: read, validated with the line that is wrong, put together from what they extend."""

import json
import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date, time
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Annotated, Final, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from complaints.calendars.model import Standing, Window, WorkingCalendar
from complaints.errors.settings import RuleFileInvalid, SettingError
from complaints.rulefile import first_error, line_of
from complaints.words import Title

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WHOLE_DAY: Final = (Window(time(), time()),)


def _window(text: object) -> Window:
    """Read ``09:00-12:00``; 24:00 is the end of the day."""
    if isinstance(text, Window):
        return text
    if not isinstance(text, str) or not re.fullmatch(r"\d\d:\d\d-\d\d:\d\d", text):
        raise ValueError(f"'{text}' is no window; write it as 09:00-12:00")
    opens, _, closes = text.partition("-")
    try:
        window = Window(time.fromisoformat(opens), time() if closes == "24:00" else time.fromisoformat(closes))
    except ValueError:
        raise ValueError(f"'{text}' is no window: there is no such time of day") from None
    if not window.ends_with_the_day and window.opens >= window.closes:
        raise ValueError(f"'{text}' closes before it opens")
    return window


def _in_order(windows: tuple[Window, ...]) -> tuple[Window, ...]:
    """Sort a day's windows and refuse overlapping ones."""
    ordered = tuple(sorted(windows, key=lambda one: one.opens))
    for earlier, later in pairwise(ordered):
        if earlier.ends_with_the_day or later.opens < earlier.closes:
            raise ValueError(f"the windows {earlier} and {later} overlap")
    return ordered


def known_zone(name: str) -> str:
    """Refuse a zone that is not in the IANA database."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"'{name}' is no zone of the IANA database; write it as Asia/Shanghai") from None
    return name


Windows = Annotated[
    tuple[Annotated[Window, BeforeValidator(_window)], ...],
    AfterValidator(_in_order),
]
Zone = Annotated[str, AfterValidator(known_zone)]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Name = Annotated[str, Field(min_length=1)]
Day = tuple[date, Name, Name]
"""A day with its name in zh-CN and en."""
Place = tuple[str | int, ...]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Part):
    """Where the days come from."""

    title: str
    url: str | None = None


class Year(_Part):
    """The days of one year that are not as the week has it."""

    standing: Standing = Standing.PUBLISHED
    source: str | None = None
    off: tuple[Day, ...] = ()
    work: tuple[Day, ...] = ()

    @property
    def says_nothing(self) -> bool:
        """Whether it is there only to say that nothing is published yet."""
        return self.standing is not Standing.PUBLISHED and not self.off and not self.work


class CalendarFile(_Part):
    """A calendar as it is written down.

    With ``extends`` it takes everything it does not say itself from another calendar; years it names replace the
    other's, and its own ``off`` and ``work`` are added to what there is. ``make_up_days = "rest"`` turns the working
    weekends of the other into days of rest.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{1,31}$")
    version: str = Field(min_length=1, max_length=32)
    title: Title | None = None
    zone: Zone | None = None
    extends: str | None = None
    make_up_days: Literal["work", "rest"] = "work"
    working_weekdays: tuple[Weekday, ...] | None = None
    hours: Annotated[Windows, Field(min_length=1)] | None = None
    hours_of: Mapping[Weekday, Windows] = Field(default_factory=dict)
    always: bool = False
    sources: tuple[Source, ...] = ()
    off: tuple[Day, ...] = ()
    work: tuple[Day, ...] = ()
    year: Mapping[int, Year] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        for key in ("zone", "title"):
            if self.extends is None and getattr(self, key) is None:
                raise _at((key,), "is needed, unless it extends another calendar")
        _check_days(_rows((), self))
        for number, year in self.year.items():
            _check_days(_rows(("year", number), year), {number})
        return self


def _rows(place: Place, part: Year | CalendarFile) -> Iterator[tuple[Place, date]]:
    for key, days in (("off", part.off), ("work", part.work)):
        for row, (day, *_) in enumerate(days):
            yield (*place, key, row), day


def _check_days(days: Iterable[tuple[Place, date]], years: Collection[int] = ()) -> None:
    """Refuse days of another year, and those that are named twice: nobody knows which of both is meant."""
    seen: set[date] = set()
    for place, day in days:
        if years and day.year not in years:
            raise _at(place, f"{day} lies in another year")
        if day in seen:
            raise _at(place, f"{day} is named twice, or is both off and work")
        seen.add(day)


def _at(place: Place, message: str) -> PydanticCustomError:
    """Return an error that knows its place: a model's own check has none to give."""
    return PydanticCustomError("calendar", "{message}", {"message": message, "place": place})


def read_calendar(text: str, where: str) -> CalendarFile:
    """Read a calendar file: our TOML, or the State Council's days as JSON (``year`` and ``days``).

    Args:
        text: The file's content.
        where: Its name, for the error.

    Raises:
        RuleFileInvalid: the first thing that is wrong, with its line.
    """
    text = text.removeprefix("\ufeff")
    if text.lstrip().startswith("{"):
        return _read_council(text, where)
    try:
        return CalendarFile.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as wrong:
        raise RuleFileInvalid(where, _syntax_line(str(wrong), text), "", str(wrong)) from None
    except ValidationError as wrong:
        raise _invalid(wrong, text, where, _toml_line) from None


def _invalid(wrong: ValidationError, text: str, where: str, line: Callable[[str, Place], int]) -> RuleFileInvalid:
    """Return the first thing that is wrong, with its line."""
    found = first_error(wrong, "", where)
    place: Place = tuple(found.field.split(".")) if found.field else wrong.errors()[0]["ctx"]["place"]
    return RuleFileInvalid(where, line(text, place), ".".join(str(part) for part in place), found.reason)


def _syntax_line(message: str, text: str) -> int:
    """Return the line that a message of :mod:`tomllib` names; only from Python 3.14 on has it a field for it."""
    found = re.search(r"at line (\d+)", message)
    return int(found[1]) if found else max(1, text.count("\n", 0, len(text.rstrip())) + 1)


def _toml_line(text: str, place: Place) -> int:
    """Return the line of a field; of a day, its own line where every day has one."""
    line = line_of(text, place)
    lines = text.splitlines()
    match [str(part) for part in place]:
        case [*_, "off" | "work", row, _] | [*_, "off" | "work", row] if lines[line - 1].rstrip().endswith("["):
            days = [at for at, day in enumerate(lines[line:], line + 1) if re.match(r"\s*\[.*,", day)]
            return days[int(row)] if int(row) < len(days) else line
    return line


class _CouncilDay(BaseModel):
    on: date = Field(alias="date")
    name: Name
    is_off: bool = Field(alias="isOffDay")


class _CouncilYear(BaseModel):
    """The days of one year, as they are published for programs; it may begin in the December before."""

    year: int
    papers: tuple[str, ...] = ()
    days: tuple[_CouncilDay, ...]

    @model_validator(mode="after")
    def _is_of_one_year(self) -> Self:
        days = [(("days", number, "date"), one.on) for number, one in enumerate(self.days)]
        _check_days(days, {self.year, self.year - 1})
        for place, day in days:
            if day < date(self.year - 1, 12, 1):
                raise _at(place, f"{day} lies in another year")
        return self

    def days_of(self, year: int, *, is_off: bool) -> list[tuple[date, str, str]]:
        """Return its days in a year, named in both languages."""
        own = [one for one in self.days if one.on.year == year and one.is_off is is_off]
        return [(one.on, one.name, english(one.name)) for one in own]


def _read_council(text: str, where: str) -> CalendarFile:
    """Turn the State Council's days of a year into an update of ``cn-public``; no days: none are published yet."""
    try:
        council = _CouncilYear.model_validate(json.loads(text))
    except json.JSONDecodeError as wrong:
        raise RuleFileInvalid(where, wrong.lineno, "", wrong.msg) from None
    except ValidationError as wrong:
        raise _invalid(wrong, text, where, _json_line) from None
    number = council.year
    year = Year(
        standing=Standing.PUBLISHED if council.days else Standing.EXPECTED,
        source=next(iter(council.papers), None),
        off=tuple(council.days_of(number, is_off=True)),
        work=tuple(council.days_of(number, is_off=False)),
    )
    return CalendarFile(
        name="cn-public",
        version=f"{number}.1",
        extends="cn-public",
        off=tuple(council.days_of(number - 1, is_off=True)),
        work=tuple(council.days_of(number - 1, is_off=False)),
        year={number: year},
    )


def _json_line(text: str, place: Place) -> int:
    """Return the line on which a field of the State Council's JSON begins, or a day of its list."""
    at = max(0, text.find(f'"{place[0]}"'))
    if place[0] == "days" and len(place) > 1:
        decoder, end = json.JSONDecoder(), text.index("[", at) + 1
        for _ in range(int(place[1]) + 1):
            at = len(text) - len(text[end:].lstrip(" \t\r\n,"))
            _, end = decoder.raw_decode(text, at)
    return text.count("\n", 0, at) + 1


ENGLISH: Final[Mapping[str, str]] = {
    "元旦": "New Year's Day",
    "春节": "Spring Festival",
    "除夕": "Lunar New Year's Eve",
    "清明节": "Tomb-Sweeping Day",
    "劳动节": "Labour Day",
    "“五一”": "Labour Day",
    "“五一”国际劳动节": "International Labour Day",
    "端午节": "Dragon Boat Festival",
    "中秋节": "Mid-Autumn Festival",
    "国庆节": "National Day",
    "“十一”": "National Day",
    "抗日战争暨世界反法西斯战争胜利纪念日": "Victory Day",
    "抗日战争暨世界反法西斯战争胜利70周年纪念日": "70th anniversary of victory in the War of Resistance",
}


def english(name: str) -> str:
    """Return a Chinese public holiday's name in English, of several of them all; what is not known stays Chinese."""
    return " and ".join(ENGLISH.get(part, part) for part in name.split("、"))


def build(file: CalendarFile, find: Callable[[str], WorkingCalendar]) -> WorkingCalendar:
    """Return the calendar that a file describes.

    Args:
        file: The file.
        find: Returns the calendar that it extends.
    """
    base = find(file.extends) if file.extends else None
    years, off, work = _taken_over(file, base)
    for number, year in file.year.items():
        years.setdefault(number, year.standing)
        off |= _titled(year.off)
        work |= _titled(year.work)
    rested, worked = _titled(file.off), _titled(file.work)
    off = {day: name for day, name in off.items() if day not in worked} | rested
    work = {day: name for day, name in work.items() if day not in rested} | worked
    zone = ZoneInfo(file.zone) if file.zone else base.zone if base else ZoneInfo("UTC")
    weekly, extra = _weekly(file, base)
    title = file.title or (base.title if base else Title(zh=file.name, en=file.name))
    always = file.always or bool(base and base.always)
    return WorkingCalendar(file.name, file.version, zone, title, weekly, extra, off, work, years, always)


def _taken_over(
    file: CalendarFile, base: WorkingCalendar | None
) -> tuple[dict[int, Standing], dict[date, Title], dict[date, Title]]:
    """Return what a file leaves of the calendar it extends: years, days off and days of work."""
    if base is None:
        return {}, {}, {}
    replaced = {number for number, year in file.year.items() if not (year.says_nothing and number in base.years)}
    years = {number: standing for number, standing in base.years.items() if number not in replaced}
    off = {day: name for day, name in base.off.items() if day.year not in replaced}
    work = {day: name for day, name in base.work.items() if day.year not in replaced}
    if file.make_up_days == "rest":
        off |= {day: _at_rest(name) for day, name in work.items()}
        work = {}
    return years, off, work


_AT_REST: Final = Title(zh="调休，本机构休息", en=": make-up day, the firm rests")


def _at_rest(name: Title) -> Title:
    return Title(zh=f"{name.zh}{_AT_REST.zh}", en=f"{name.en}{_AT_REST.en}")


def is_make_up(day: date, calendar: WorkingCalendar) -> bool:
    """Whether the country works on ``day`` although it falls on a weekend, also where the firm itself rests."""
    return day in calendar.work or (day in calendar.off and calendar.off[day].en.endswith(_AT_REST.en))


def _titled(days: Iterable[Day]) -> dict[date, Title]:
    return {day: Title(zh=zh, en=en) for day, zh, en in days}


def _weekly(
    file: CalendarFile, base: WorkingCalendar | None
) -> tuple[tuple[tuple[Window, ...], ...], tuple[Window, ...]]:
    """Return the windows of Monday … Sunday, and those of a make-up working day."""
    usual = file.hours or (base.extra if base else _WHOLE_DAY)
    if file.working_weekdays is not None or base is None:
        worked = file.working_weekdays if file.working_weekdays is not None else WEEKDAYS[:5]
        weekly = [usual if name in worked else () for name in WEEKDAYS]
    else:
        weekly = [(usual if file.hours else windows) if windows else () for windows in base.weekly]
    for name, windows in file.hours_of.items():
        weekly[WEEKDAYS.index(name)] = windows
    return tuple(weekly), usual


@cache
def packaged(name: str) -> CalendarFile:
    """Return the packaged calendar ``name``.

    Raises:
        SettingError: there is none.
    """
    file = resources.files("complaints.calendars") / "data" / f"{name}.toml"
    if name not in packaged_names():  # a name with a slash would lead elsewhere
        cure = f"Choose one of: {', '.join(packaged_names())}"
        raise SettingError("calendar", f"there is no calendar '{name}'", cure)
    return read_calendar(file.read_text(encoding="utf-8"), f"{name}.toml")


def packaged_names() -> list[str]:
    """Return the names of all packaged calendars."""
    folder = resources.files("complaints.calendars") / "data"
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


@cache
def load_calendar(name: str) -> WorkingCalendar:
    """Return the packaged calendar ``name``, ready to be asked.

    Raises:
        SettingError: there is none.
    """
    return build(packaged(name), load_calendar)
