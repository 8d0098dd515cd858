"""The model of a regime pack: the rules of one regulator as data, versioned, with their sources."""

import tomllib
from datetime import date
from enum import StrEnum
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from complaints.errors import SettingError
from complaints.words import ZH


class Unit(StrEnum):
    """The unit of a time budget."""

    HOURS = "hours"
    CALENDAR_DAYS = "calendar_days"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Title(_Part):
    """A name in both languages."""

    zh: str
    en: str

    def word(self, language: str) -> str:
        """Return the name in ``language`` ("zh-CN" or "en")."""
        return self.zh if language == ZH else self.en

    @property
    def both(self) -> str:
        """Return both, as the operators' forms show them."""
        return f"{self.zh} · {self.en}"


class Fact(_Part):
    """Where a rule stands and how sure that is: H primary text, M one secondary source, L weak."""

    article: Title
    source: Title | None = None
    confidence: str = Field(pattern="^[HML]$")

    @property
    def to_verify(self) -> bool:
        """Whether the rule must be shown as not yet verified."""
        return self.confidence != "H"


class ClockRule(Fact):
    """A time limit, or with ``wait`` a date that is waited for.

    ``starts`` and ``ends`` are the names of ledger entries that start the clock and do its duty.
    """

    name: str
    title: Title
    budget: int = Field(gt=0)
    unit: Unit
    starts: str
    ends: tuple[str, ...]
    wait: bool = False
    warn_before_hours: int | None = Field(default=None, gt=0)


class LetterRule(Fact):
    """The elements that a letter must contain."""

    name: str
    elements: tuple[str, ...]


class Pack(_Part):
    """One regime in one version."""

    name: str
    version: str
    valid_from: date
    zone: str
    title: Title
    clocks: tuple[ClockRule, ...]
    letters: tuple[LetterRule, ...] = ()

    @property
    def tz(self) -> ZoneInfo:
        """The zone in which the regime counts days."""
        return ZoneInfo(self.zone)

    def clock(self, name: str) -> ClockRule:
        """Return the rule of the clock ``name``."""
        return next(rule for rule in self.clocks if rule.name == name)

    def letter(self, name: str) -> LetterRule | None:
        """Return what the regime asks of the letter ``name``, or None where it asks nothing."""
        return next((rule for rule in self.letters if rule.name == name), None)


@cache
def load_pack(name: str) -> Pack:
    """Return the packaged regime ``name``.

    Raises:
        SettingError: there is no such pack.
    """
    folder = resources.files("complaints.regimes") / "packs"
    file = folder / f"{name}.toml"
    if not file.is_file():
        known = sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))
        raise SettingError("regime", f"there is no regime pack '{name}'", f"Choose one of: {', '.join(known)}")
    return Pack.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
