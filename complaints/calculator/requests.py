"""What the calculator can be asked: its requests in JSON, validated."""

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from threading import Lock
from typing import Annotated, Any, Final, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainValidator,
    PrivateAttr,
    Tag,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from complaints.calendars.files import WEEKDAYS, Weekday, Windows
from complaints.calendars.model import Standing, Window, WorkingCalendar
from complaints.deadlines import (
    EndsAt,
    RestDayStart,
    Roll,
    Unit,
)
from complaints.words import Title

YEARS: Final = (1900, 2199)
_KEPT: Final = 64
_MOST: Final = 10**12  # what a message can show of a number; every budget that large is refused
_WHOLE_DAY: Final = (Window(time(), time()),)
LONGEST_NAME: Final = 100


def _moment(value: object) -> date:
    """Read a day or an instant with its UTC offset."""
    if not isinstance(value, str):
        raise ValueError("is no text; write it as 2026-03-02 or 2026-03-02T09:00:00+08:00")
    try:
        found = date.fromisoformat(value) if len(value) == len("2026-03-02") else datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("is no day and no instant; write it as 2026-03-02 or 2026-03-02T09:00:00+08:00") from None
    if isinstance(found, datetime) and found.tzinfo is None:
        message = "has no time zone; write it with its UTC offset, such as 2026-03-02T09:00:00+08:00"
        raise PydanticCustomError("naive_instant", "{message}", {"message": message})
    if not YEARS[0] <= found.year <= YEARS[1]:
        raise ValueError(f"lies outside the years {YEARS[0]} to {YEARS[1]}")
    return found


def _time_of_day(value: object) -> time:
    if not isinstance(value, str) or not re.fullmatch(r"[0-2][0-9]:[0-5][0-9]", value) or value >= "24:00":
        raise ValueError("is no time of day; write it as 17:00")
    return time.fromisoformat(value)


def _printable(value: int) -> int:
    """Return a number that a message can show; what is so large is refused as a budget later."""
    return max(-_MOST, min(value, _MOST))


def _named_day(value: object) -> object:
    return {"on": value} if isinstance(value, str) else value


def _calendar_day(value: object) -> date:
    try:
        return date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise ValueError("is no day; write it as 2026-10-01") from None


Moment = Annotated[date, PlainValidator(_moment)]
"""A day or an instant (datetime is a kind of date)."""
Count = Annotated[int, Field(strict=True), AfterValidator(_printable)]
Flag = Annotated[bool, Field(strict=True)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class NamedDay(_Part):
    """A day that is not as the week has it."""

    on: Annotated[date, PlainValidator(_calendar_day)]
    name: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)] | None = None


_Days = Annotated[tuple[Annotated[NamedDay, BeforeValidator(_named_day)], ...], Field(max_length=10_000)]


def _windows_tag(value: object) -> str:
    return "{week}" if isinstance(value, dict) else "{day}"


class OwnCalendar(_Part):
    """A calendar that a request brings along.

    Attributes:
        working_weekdays: Needed, unless ``windows`` are named for each weekday.
        holidays: Days of rest.
        extra_working_days: Days of work on what would be a rest day; their hours are the first working weekday's.
        windows: The working hours of each working day, or by weekday.
        years: The years whose days it knows; without them, every one.
    """

    working_weekdays: tuple[Weekday, ...] | None = None
    holidays: _Days = ()
    extra_working_days: _Days = ()
    windows: (
        Annotated[
            Annotated[Windows, Tag("{day}")] | Annotated[Mapping[Weekday, Windows], Tag("{week}")],
            Discriminator(_windows_tag),
        ]
        | None
    ) = None
    years: tuple[Annotated[int, Field(strict=True, ge=1, le=9999)], ...] | None = None
    _built: dict[str, WorkingCalendar] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.working_weekdays is None and not isinstance(self.windows, Mapping):
            raise _at("working_weekdays", "is needed, such as ['mon', 'tue', 'wed', 'thu', 'fri']")
        if self.working_weekdays is not None and isinstance(self.windows, Mapping):
            odd = sorted(set(self.working_weekdays) ^ set(self.windows), key=WEEKDAYS.index)
            if odd:
                raise _at("windows", f"and working_weekdays do not name the same weekdays; they differ in {odd[0]}")
        both = {one.on for one in self.holidays} & {one.on for one in self.extra_working_days}
        if both:
            raise _at("holidays", f"{min(both)} is an extra working day too; name it once")
        return self

    def in_zone(self, zone: ZoneInfo) -> WorkingCalendar:
        """Return it ready to be asked, with its hours in a zone; made once for each zone."""
        if (built := self._built.get(zone.key)) is None:
            built = self._built[zone.key] = self._build(zone)
        return built

    def _build(self, zone: ZoneInfo) -> WorkingCalendar:
        weekly = self._weekly()
        holiday, extra = Title(zh="假日", en="holiday"), Title(zh="调休上班日", en="extra working day")
        return WorkingCalendar(
            name="own",
            version="",
            zone=zone,
            title=Title(zh="自带日历", en="the request's own calendar"),
            weekly=weekly,
            extra=next((windows for windows in weekly if windows), ()),
            off={one.on: _title(one, holiday) for one in self.holidays},
            work={one.on: _title(one, extra) for one in self.extra_working_days},
            years=dict.fromkeys(self.years or (), Standing.PUBLISHED),
            always=self.years is None,
        )

    def _weekly(self) -> tuple[tuple[Window, ...], ...]:
        windows = self.windows
        if isinstance(windows, Mapping):
            return tuple(windows.get(name, ()) for name in WEEKDAYS)
        usual = _WHOLE_DAY if windows is None else windows
        return tuple(usual if name in (self.working_weekdays or ()) else () for name in WEEKDAYS)


def _title(day: NamedDay, otherwise: Title) -> Title:
    return Title(zh=day.name, en=day.name) if day.name else otherwise


def _at(field: str, message: str) -> PydanticCustomError:
    """Return an error that knows its field: a model's own check has none to give."""
    return PydanticCustomError("invalid_field", "{message}", {"message": message, "field": field})


class _Calendars:
    """The calendars that requests brought along last, so that a million lines with the same one make it once."""

    def __init__(self) -> None:
        self._lock, self._made = Lock(), dict[str, OwnCalendar]()

    def read(self, value: object, read: ValidatorFunctionWrapHandler) -> OwnCalendar:
        """Return what was made of the same text before, or read it."""
        key = repr(value)
        if known := self._made.get(key):
            return known
        made: OwnCalendar = read(value)
        with self._lock:
            self._made[key] = made
            if len(self._made) > _KEPT:
                del self._made[next(iter(self._made))]
        return made


_OWN: Final = _Calendars()


def _calendar_tag(value: object) -> str:
    return "{name}" if isinstance(value, str) else "{own}"


Calendar = Annotated[
    Annotated[str, Field(min_length=1, max_length=LONGEST_NAME), Tag("{name}")]
    | Annotated[OwnCalendar, WrapValidator(_OWN.read), Tag("{own}")],
    Discriminator(_calendar_tag),
]


class PauseRequest(_Part):
    """A time that is left out; without ``to`` the clock still stands."""

    begins: Moment = Field(alias="from")
    ends: Moment | None = Field(default=None, alias="to")
    reason: Annotated[str, Field(max_length=1000)] | None = None


class ExtensionRequest(_Part):
    """A longer budget: by so much more, or to so much in all.

    Attributes:
        granted_at: When it was granted; needed beside a restart, unless ``notice_sent_at`` says it.
    """

    by: Count | None = None
    to: Count | None = None
    unit: Unit | None = None
    approval_required: Flag = False
    approved_by: Annotated[str, Field(max_length=LONGEST_NAME)] | None = None
    notice_required: Flag = False
    notice_sent_at: Moment | None = None
    granted_at: Moment | None = None

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if (self.by is None) == (self.to is None):
            raise _at("", "give either 'by' (so much more) or 'to' (so much in all)")
        return self


class AnyRequest(_Part):
    """What both kinds of request have: the echoed ``id``, the calendar, the zone."""

    id: Any = None
    calendar: Calendar | None = None
    zone: Annotated[str, Field(max_length=LONGEST_NAME)] | None = None


class Request(AnyRequest):
    """A time limit in full.

    Attributes:
        calendar: A name, or a calendar of its own; may be left out where nothing asks for working time.
        zone: In which days begin and end; without it, a named calendar's own. Hours are meant in the calendar's zone,
            which for a calendar of the request's own is this one.
        start: The day or instant of receipt.
        budget: In ``unit``.
        restart: The whole period runs again from here.
        explain: Give the steps and the days too.
    """

    start: Moment
    budget: Count
    unit: Unit
    cut_off: Annotated[time, PlainValidator(_time_of_day)] | None = None
    count_first_day: Flag = False
    roll: Roll = Roll.NONE
    ends_at: EndsAt = EndsAt.MIDNIGHT
    rest_day_start: RestDayStart = RestDayStart.NEXT_IS_DAY_1
    pauses: Annotated[tuple[PauseRequest, ...], Field(max_length=100)] = ()
    extensions: Annotated[tuple[ExtensionRequest, ...], Field(max_length=20)] = ()
    restart: Moment | None = None
    explain: Flag = False


class WorkingTimeRequest(AnyRequest):
    """The working time between two days or instants."""

    calendar: Calendar
    begins: Moment = Field(alias="from")
    ends: Moment = Field(alias="to")
