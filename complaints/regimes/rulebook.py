"""The rulebook: every pack in every version, every calendar, and which of them a complaint falls under."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cache
from typing import Final

from complaints.calendars.files import CalendarFile, build, packaged_names
from complaints.calendars.files import packaged as packaged_calendar
from complaints.calendars.model import WorkingCalendar
from complaints.errors.settings import SettingError
from complaints.regimes.files import packaged, unknown_regime
from complaints.regimes.model import Pack

OFFICE: Final = "cn-public"
"""The calendar of the firm's working time, where no other is set."""


@dataclass(frozen=True)
class Rulebook:
    """Packs and calendars, as they are known at a moment.

    Attributes:
        packs: By name, oldest version first.
        calendars: By name.
        office_name: The calendar of the firm's working time, in which people are told.
        updates: The calendar files that were brought in, in that order.
    """

    packs: Mapping[str, Sequence[Pack]]
    calendars: Mapping[str, WorkingCalendar] = field(repr=False)
    office_name: str = OFFICE
    updates: tuple[CalendarFile, ...] = field(default=(), repr=False)

    def pack(self, name: str, version: str | None = None) -> Pack:
        """Return a pack; without a version the newest.

        Raises:
            SettingError: there is none.
        """
        versions = self.packs.get(name)
        if not versions:
            raise unknown_regime(name, set(self.packs))
        fitting = [one for one in versions if version is None or one.version == version]
        if not fitting:
            known = ", ".join(one.version for one in versions)
            raise SettingError("regime", f"there is no version '{version}' of '{name}'", f"Known are: {known}")
        return fitting[-1]

    def in_force(self, name: str, received_at: datetime) -> Pack:
        """Return the version of a pack that applies to what was received at an instant.

        What was received before the first version that is known falls under that one, for want of an older; what was
        received after the last one's end falls under that, for want of a newer.

        Raises:
            SettingError: there is no such pack.
        """
        versions = self.packs[self.pack(name).name]
        begun = [one for one in versions if one.valid_from <= received_at.astimezone(one.tz).date()]
        valid = [one for one in begun if one.valid_to is None or received_at.astimezone(one.tz).date() <= one.valid_to]
        return (valid or begun or versions[:1])[-1]

    def calendar(self, name: str) -> WorkingCalendar:
        """Return a calendar.

        Raises:
            SettingError: there is none.
        """
        if name not in self.calendars:
            known = ", ".join(sorted(self.calendars))
            raise SettingError("calendar", f"there is no calendar '{name}'", f"Choose one of: {known}")
        return self.calendars[name]

    @property
    def office(self) -> WorkingCalendar:
        """The calendar of the firm's working time."""
        return self.calendar(self.office_name)

    def for_office(self, name: str) -> "Rulebook":
        """Return the same rules for a firm that works by another calendar."""
        return replace(self, office_name=name)

    def choose(self, regime: str, further: Iterable[str], received_at: datetime) -> tuple[Pack, tuple[Pack, ...]]:
        """Return the versions that apply to what was received at an instant: the leading regime, and others.

        Raises:
            SettingError: there is no such pack.
        """
        others = tuple(self.in_force(name, received_at) for name in further if name != regime)
        return self.in_force(regime, received_at), others

    def with_packs(self, packs: Iterable[Pack]) -> "Rulebook":
        """Return a rulebook that knows these too; the same version of the same pack is replaced."""
        return replace(self, packs=_by_name([*_flat(self.packs), *packs]))

    def with_calendars(self, files: Sequence[CalendarFile]) -> "Rulebook":
        """Return a rulebook with calendars brought up to date, and those that extend them.

        Raises:
            SettingError: one extends itself, or a calendar that is not there.
        """
        if not files:
            return self
        updates = (*self.updates, *files)
        by_name: dict[str, list[CalendarFile]] = {}
        for file in updates:
            by_name.setdefault(file.name, []).append(file)
        return replace(self, calendars=_built(by_name), updates=updates)


def _flat(packs: Mapping[str, Sequence[Pack]]) -> list[Pack]:
    return [one for versions in packs.values() for one in versions]


def _by_name(packs: Iterable[Pack]) -> dict[str, Sequence[Pack]]:
    versions: dict[str, dict[str, Pack]] = {}
    for one in packs:
        versions.setdefault(one.name, {})[one.version] = one
    return {name: sorted(known.values(), key=_valid_from) for name, known in versions.items()}


def _valid_from(pack: Pack) -> date:
    return pack.valid_from


def _built(updates: Mapping[str, Sequence[CalendarFile]]) -> dict[str, WorkingCalendar]:
    """Build every calendar, packaged and brought in, each after the one it extends."""
    built: dict[str, WorkingCalendar] = {}
    begun: set[str] = set()

    def find(name: str) -> WorkingCalendar:
        if name not in built:
            if name in begun:
                raise SettingError("calendar", f"'{name}' extends itself", "Let it extend another, such as cn-public")
            begun.add(name)
            own = list(updates.get(name, ()))
            if name in packaged_names():
                built[name] = build(packaged_calendar(name), find)
            elif own:
                built[name] = build(own.pop(0), find)
            else:
                raise SettingError("calendar", f"there is no calendar '{name}'", "See: redress calendar list")
            for update in own:
                built[name] = build(update.model_copy(update={"extends": name}), lambda _: built[name])
        return built[name]

    for name in [*packaged_names(), *updates]:
        find(name)
    return built


@cache
def packaged_rulebook() -> Rulebook:
    """Return what Redress brings along."""
    return Rulebook(_by_name(packaged()), _built({}))


def load_pack(name: str) -> Pack:
    """Return the newest packaged version of a regime.

    Raises:
        SettingError: there is no such pack.
    """
    return packaged_rulebook().pack(name)
