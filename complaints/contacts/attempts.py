"""A contact with a debtor or somebody else, as a contact log has it."""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from typing import Annotated, Final, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from complaints.calendars.files import known_zone
from complaints.contacts.words import ContactOutcome, ContactPurpose, Direction, Medium, PartyRole

_INSTANT_CURE: Final = "write it with its UTC offset, such as 2026-03-02T09:00:00+08:00"


def instant(value: object) -> datetime:
    """Read an instant; numbers are refused, because nobody can see that they are right."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        moment = None
    if not isinstance(moment, datetime):
        raise ValueError(f"is no instant; {_INSTANT_CURE}")
    if moment.utcoffset() is None:
        raise ValueError(f"has no time zone; {_INSTANT_CURE}")
    if not 1970 <= moment.year <= 2199:
        raise ValueError("lies outside the years 1970 to 2199; correct it")
    return moment.astimezone(UTC)


def listed(value: object) -> object:
    """Split the cell of a table that holds several values."""
    return [part.strip() for part in value.split(";") if part.strip()] if isinstance(value, str) else value


def media_of(value: object) -> object:
    return tuple(Medium) if value in ("all", ["all"]) else listed(value)


def _zone(name: str) -> str:
    try:
        return known_zone(name)
    except ValueError:  # its sentence repeats the name, and a cell in the wrong column may hold anything
        raise ValueError("names no zone of the IANA database; write it as Asia/Shanghai") from None


Instant = Annotated[datetime, BeforeValidator(instant)]
Word = Annotated[str, Field(min_length=1, max_length=200)]


class ContactAttempt(BaseModel):
    """One line of a contact log.

    Attributes:
        id: What findings call it; the row of the file where the log gives none.
        at: When it was made; a message or a letter: when it was sent.
        by: The firm or the agency.
        debts: The debts it was about; more than one where one conversation was about several.
        debt_group: The account that holds several student loans: they count as one debt.
        person: The person contacted, by any name that is always the same.
        number: The number or address used, likewise.
        zones: The places where the person may be, the likeliest first, as IANA zones.
        consent_at: When the consent that this contact relies on was received.
        consent_until: When that consent ended: as limited by the person, or revoked.
        debtor_unreachable: It is recorded that the debtor cannot be reached, died or lacks capacity.
        disclosed: The debt was disclosed to the person.
        stops: The media that the person asked, in this contact, not to be used any more.
        stops_at: The one number or address that the request is about; None: all.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, str_strip_whitespace=True, coerce_numbers_to_str=True
    )

    id: Annotated[str, Field(pattern=r"^[\w.:/#-]{1,64}$")]
    at: Instant
    by: Word
    debts: Annotated[tuple[Word, ...], BeforeValidator(listed), Field(min_length=1, alias="debt")]
    debt_group: Word | None = None
    person: Word
    role: PartyRole = PartyRole.DEBTOR
    number: Word
    zones: Annotated[tuple[Annotated[str, AfterValidator(_zone)], ...], BeforeValidator(listed), Field(min_length=1)]
    medium: Medium
    direction: Direction = Direction.OUT
    outcome: ContactOutcome
    purpose: ContactPurpose = ContactPurpose.COLLECTION
    consent_at: Instant | None = None
    consent_until: Instant | None = None
    debtor_unreachable: bool = False
    disclosed: bool = False
    stops: Annotated[tuple[Medium, ...], BeforeValidator(media_of)] = ()
    stops_at: Word | None = None

    @model_validator(mode="after")
    def _consent_is_one(self) -> Self:
        if self.consent_until and not self.consent_at:
            raise ValueError("consent_until without consent_at; say when the consent was received")
        if self.consent_at and self.consent_until and self.consent_until < self.consent_at:
            raise ValueError("consent_until lies before consent_at; correct one of them")
        if self.stops_at and not self.stops:
            raise ValueError("stops_at without stops; say which media are not to be used there")
        return self

    @cached_property
    def local(self) -> tuple[datetime, ...]:
        """The local times at the places where the person may be."""
        return tuple(self.at.astimezone(ZoneInfo(zone)) for zone in self.zones)

    @property
    def particular_debts(self) -> tuple[tuple[str, str], ...]:
        """What counts as a debt."""
        if self.debt_group:  # 12 CFR 1006.14(b)(4): student loans under one account number are one debt
            return (("group", self.debt_group),)
        return tuple(("debt", debt) for debt in dict.fromkeys(self.debts))

    def window(self, days: int) -> list[datetime]:
        """Return, for each place, the first instant of the ``days`` local days that end with the day of the contact."""
        firsts = ((local.date() - timedelta(days=days - 1), local.tzinfo) for local in self.local)
        return [datetime.combine(first, time(), tzinfo=zone).astimezone(UTC) for first, zone in firsts]


def moment(one: ContactAttempt) -> datetime:
    """Return when a contact was."""
    return one.at


def by_time(one: ContactAttempt) -> tuple[datetime, str]:
    """Return the key by which contacts are put in order."""
    return one.at, one.id


def last_before(one: ContactAttempt, others: Sequence[ContactAttempt]) -> ContactAttempt | None:
    """Return the last of ``others``, which are in the order of time, that was strictly before a contact."""
    place = bisect_left(others, one.at, key=moment)
    return others[place - 1] if place else None
