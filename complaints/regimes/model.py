"""The model of a regime pack: the rules of one regulator as data, versioned, with their sources."""

from collections.abc import Callable
from datetime import date, time
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from complaints.calendars.files import Zone
from complaints.contacts.rules import ContactRule
from complaints.deadlines import Counting, EndsAt, RestDayStart, Roll, Unit
from complaints.regimes.facts import Fact, Part, Source
from complaints.words import Category, Channel, Kind, PartyType, Severity, Title, Worded

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]


class Nature(Worded):
    """What a clock is for."""

    DUTY = "duty", "义务时限", "duty"  # the firm must have done something before it runs out
    WAIT = "wait", "等待日期", "wait"  # a date that is waited for
    WINDOW = "window", "对方期间", "window"  # somebody else may do something until it runs out


class Duty(Worded):
    """What a clock asks for; of the clocks that ask for the same, the strictest leads."""

    ACKNOWLEDGE = "acknowledge", "受理告知", "acknowledge"
    ANSWER = "answer", "答复", "answer"
    REVIEW = "review", "核查", "review"
    REPORT = "report", "报告", "report"
    OTHER = "other", "其他", "other"


class Role(Worded):
    """Whom an alert is for, and who may approve."""

    HANDLER = "handler", "经办人", "handler"
    SUPERVISOR = "supervisor", "主管", "supervisor"
    COMPLIANCE = "compliance", "合规部门", "compliance"
    HEAD_OF_COMPLAINTS = "head_of_complaints", "投诉处理部门负责人", "head of complaint handling"
    SENIOR_MANAGEMENT = "senior_management", "高级管理层", "senior management"


class Condition(Part):
    """To which cases a rule applies: every list that is given must match.

    Attributes:
        circumstances: All of these must have been stated.
        without: None of these may have been stated.
        transferred: Only cases that an authority forwarded under a number of its own.
    """

    channels: tuple[Channel, ...] = ()
    categories: tuple[Category, ...] = ()
    kinds: tuple[Kind, ...] = ()
    party_types: tuple[PartyType, ...] = ()
    severities: tuple[Severity, ...] = ()
    circumstances: tuple[Name, ...] = ()
    without: tuple[Name, ...] = ()
    transferred: bool = False


ANY_CASE: Final = Condition()


class Named(Part):
    """Something a regime knows by name: a circumstance of a case, or an event in its life."""

    name: Name
    title: Title


class PauseRule(Fact):
    """A reason for which a clock may stand still.

    Attributes:
        approver: Who must approve it; None: the handler may.
        proof: The number of a document is needed.
        cap_days: After so many calendar days the clock goes on by itself.
        letter: The letter that tells the complainant.
        ends: Acts of the ledger or events of the pack with which the clock goes on by itself: what it waited for.
    """

    name: Name
    title: Title
    approver: Role | None = None
    proof: bool = False
    cap_days: int | None = Field(default=None, gt=0)
    letter: str | None = None
    ends: tuple[Name, ...] = ()


class ExtensionRule(Fact):
    """A tier by which a limit may be lengthened.

    Attributes:
        budget: How much is added; with ``total`` the whole limit, counted from its start.
        unit: Its unit; the clock's own where it is left out.
        by_date: The firm names the new date itself; ``budget`` is then the most, in days from the start, or absent.
        after: The tier that must have been granted before.
        needs: Circumstances that must have been stated.
        approver: Who must approve it.
        letter: The notice that must have gone out before it counts.
    """

    name: Name
    title: Title
    budget: int | None = Field(default=None, gt=0)
    unit: Unit | None = None
    total: bool = False
    by_date: bool = False
    after: Name | None = None
    needs: tuple[Name, ...] = ()
    approver: Role | None = None
    letter: str | None = None


class ClockRule(Fact):
    """A time limit, a date that is waited for, or a window for somebody else.

    ``starts``, ``ends`` and ``restarts`` name acts of the ledger or events of the pack.

    Attributes:
        named_date: Where the authority that forwarded the matter named a day, the clock ends with that day instead.
        calendar: Its calendar, where that is not the pack's.
        when: The cases it runs for.
    """

    name: Name
    title: Title
    nature: Nature = Nature.DUTY
    duty: Duty = Duty.OTHER
    budget: int = Field(gt=0)
    unit: Unit
    named_date: bool = False
    calendar: str | None = None
    first_day: bool = False
    roll: Roll = Roll.NONE
    cut_off: time | None = None
    rest_day_start: RestDayStart = RestDayStart.NEXT_IS_DAY_1
    ends_at: EndsAt = EndsAt.MIDNIGHT
    starts: str
    ends: tuple[str, ...]
    restarts: tuple[str, ...] = ()
    when: Condition = ANY_CASE
    pauses: tuple[PauseRule, ...] = ()
    extensions: tuple[ExtensionRule, ...] = ()

    @property
    def wait(self) -> bool:
        """Whether it is a date that is waited for."""
        return self.nature is Nature.WAIT

    @property
    def counting(self) -> Counting:
        """How its days are counted."""
        return Counting(self.first_day, self.roll, self.cut_off, self.rest_day_start, self.ends_at)

    def pause(self, name: str) -> PauseRule | None:
        """Return the pause ``name``, or None where the rule knows none."""
        return next((one for one in self.pauses if one.name == name), None)

    def extension(self, name: str) -> ExtensionRule | None:
        """Return the tier ``name``, or None where the rule knows none."""
        return next((one for one in self.extensions if one.name == name), None)


class Suspension(Fact):
    """A time that is left out for a whole class of complaints.

    Attributes:
        begins: The first day that is left out.
        ends: The last one.
        received_from: Only complaints received on this day or later.
        received_to: Only complaints received on this day or earlier.
        clocks: Names of the clocks that stand still; empty: all.
    """

    name: Name
    title: Title
    begins: date
    ends: date
    received_from: date | None = None
    received_to: date | None = None
    clocks: tuple[Name, ...] = ()
    when: Condition = ANY_CASE


class Path(Fact):
    """Another way that replaces a duty: settled in time, a shorter letter or none will do.

    Attributes:
        on: The act or event that takes the way …
        within: … as long as this clock has not run out.
        replaces: The clocks whose duty then ends.
        letter: The letter that is due instead; None: none.
        unless: Circumstances in which the duty stays.
    """

    name: Name
    title: Title
    on: str
    within: Name
    replaces: tuple[Name, ...]
    letter: str | None = None
    unless: tuple[Name, ...] = ()


class LetterRule(Fact):
    """The elements that a letter must contain, in every language it is written in.

    Attributes:
        letter: The letter that it is about; its own name where that is left out.
        when: The cases it applies to; of two rules for a letter, the one with a condition goes first.
    """

    name: Name
    title: Title | None = None
    letter: str | None = None
    elements: tuple[str, ...]
    when: Condition = ANY_CASE

    @property
    def about(self) -> str:
        """The letter that it is about."""
        return self.letter or self.name


class Mark(Part):
    """A step of the escalation ladder before the limit: at ``percent`` of it, these are told."""

    percent: int = Field(gt=0, lt=100)
    tell: tuple[Role, ...]


class Ladder(Part):
    """Who is told when a limit comes near, runs out and stays overdue.

    Attributes:
        severities: For cases of these; empty: for all others.
        missed: Who is told when it runs out.
        overdue: Who is told on every working day after that, ``overdue_at_most`` times.
    """

    severities: tuple[Severity, ...] = ()
    marks: tuple[Mark, ...] = ()
    missed: tuple[Role, ...] = (Role.SUPERVISOR, Role.COMPLIANCE)
    overdue: tuple[Role, ...] = ()
    overdue_at_most: int = Field(default=0, ge=0, le=60)


class MonthDay(Part):
    """A day of the year."""

    month: int = Field(ge=1, le=12)
    day: int = Field(ge=1, le=31, description="31: the month's last day")


class ReportRule(Fact):
    """A return to the regulator, or a publication.

    Attributes:
        due_budget: Time after the end of the period, in ``due_unit`` …
        window: … or the last days on which it may be handed in …
        due_words: … or how the authority puts it, where no figure can.
        periods_from: The first day of the first period it is made for; None: not known, or long past.
        periods_to: The last day of the last one; None: still made.
        level: Who reports: the legal entity, a group, a branch.
        dedupe: What counts once, in a sentence.
        nil: Whether a return is due where there is nothing to report.
        publish_from: Published by the authority from so many complaints on.
    """

    name: Name
    title: Title
    period: Literal["month", "quarter", "half_year", "year"]
    due_budget: int | None = Field(default=None, gt=0)
    due_unit: Unit = Unit.CALENDAR_DAYS
    window: tuple[MonthDay, ...] = ()
    due_words: Title | None = None
    periods_from: date | None = None
    periods_to: date | None = None
    level: Literal["legal_entity", "group", "branch"] = "legal_entity"
    dedupe: Title | None = None
    nil: bool = False
    publish_from: int | None = Field(default=None, gt=0)


class RetentionRule(Fact):
    """How long files are kept: so many years from an act or event; the longest rule that applies wins.

    Attributes:
        waits: Whether the file is kept as long as ``starts`` has not happened. Not where there is nothing to keep
            before that: no call was recorded, nothing was handed over.
    """

    name: Name
    title: Title
    starts: str
    years: int = Field(gt=0)
    waits: bool = True
    when: Condition = ANY_CASE


class Provision(Fact):
    """What a regime says that no clock, letter, report or retention rule expresses.

    Attributes:
        rule: The rule in a sentence.
        figure: The number in it, for programs.
    """

    name: Name
    title: Title
    rule: Title
    figure: int | None = Field(default=None, gt=0)


class Transition(Part):
    """What a new version does to cases that are open when it comes into force."""

    open_cases: bool = False


NO_LADDER: Final = Ladder()
USUAL_LADDERS: Final = (
    Ladder(
        marks=(
            Mark(percent=50, tell=(Role.HANDLER,)),
            Mark(percent=80, tell=(Role.HANDLER, Role.SUPERVISOR)),
        ),
        overdue=(Role.HANDLER, Role.SUPERVISOR),
        overdue_at_most=10,
    ),
    Ladder(
        severities=(Severity.MAJOR,),
        marks=(
            Mark(percent=50, tell=(Role.HANDLER, Role.SUPERVISOR)),
            Mark(percent=80, tell=(Role.HANDLER, Role.SUPERVISOR, Role.COMPLIANCE)),
        ),
        missed=(Role.SUPERVISOR, Role.COMPLIANCE, Role.HEAD_OF_COMPLAINTS, Role.SENIOR_MANAGEMENT),
        overdue=(Role.SUPERVISOR, Role.COMPLIANCE, Role.HEAD_OF_COMPLAINTS),
        overdue_at_most=20,
    ),
)
"""The firm's own standard, for packs that say nothing of it."""


class Pack(Part):
    """One regime in one version.

    Attributes:
        version: The rule's own, such as ``2020-3``.
        revision: How often our encoding of it was changed.
        valid_from: The first day of receipt that it applies to.
        valid_to: The last one; None: still in force.
        calendar: Its working days.
        extends: The pack it is laid over.
        when: The cases it applies to beside the leading regime.
        events: What can happen in a case's life beside the ledger's own acts.
        ladders: Who is told of its clocks; empty: nobody.
        provisions: Everything else that it says.
    """

    name: Name
    version: str = Field(min_length=1, max_length=32)
    revision: int = Field(default=1, ge=1)
    valid_from: date
    valid_to: date | None = None
    zone: Zone
    calendar: str = "every-day"
    title: Title
    extends: str | None = None
    note: Title | None = None
    sources: tuple[Source, ...] = ()
    when: Condition = ANY_CASE
    transition: Transition = Transition()
    circumstances: tuple[Named, ...] = ()
    events: tuple[Named, ...] = ()
    clocks: tuple[ClockRule, ...] = ()
    suspensions: tuple[Suspension, ...] = ()
    paths: tuple[Path, ...] = ()
    letters: tuple[LetterRule, ...] = ()
    ladders: tuple[Ladder, ...] = USUAL_LADDERS
    contacts: tuple[ContactRule, ...] = ()
    reports: tuple[ReportRule, ...] = ()
    retention: tuple[RetentionRule, ...] = ()
    provisions: tuple[Provision, ...] = ()

    @property
    def tz(self) -> ZoneInfo:
        """The zone in which the regime counts days."""
        return ZoneInfo(self.zone)

    def clock(self, name: str) -> ClockRule:
        """Return the rule of the clock ``name``."""
        return next(rule for rule in self.clocks if rule.name == name)

    def letter(self, name: str, applies: Callable[[Condition], bool] | None = None) -> LetterRule | None:
        """Return what the regime asks of the letter ``name``, or None where it asks nothing.

        Args:
            name: The letter.
            applies: Tells whether a condition holds for the case; None: only rules for every case are looked at.
        """
        holds = applies or ANY_CASE.__eq__
        fitting = [rule for rule in self.letters if rule.about == name and holds(rule.when)]
        return max(fitting, key=lambda rule: rule.when != ANY_CASE, default=None)

    def ladder(self, severity: Severity | None) -> Ladder:
        """Return the escalation ladder for a severity."""
        fitting = [one for one in self.ladders if severity in one.severities]
        return next(iter(fitting), next((one for one in self.ladders if not one.severities), NO_LADDER))

    def knows_event(self, name: str) -> bool:
        """Whether the pack declares the event ``name``."""
        return any(event.name == name for event in self.events)
