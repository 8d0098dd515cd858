"""What a letter tells of a pause or an extension, and whether it is owed."""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from complaints.clock_rules import rule_of
from complaints.deadlines import due
from complaints.schedules import term_for
from complaints.words import Title

if TYPE_CHECKING:
    from complaints.case import Case


@dataclass(frozen=True)
class Notice:
    """What a letter tells of a pause or an extension.

    Attributes:
        clock: The limit.
        title: The pause or the tier.
        article: The rule.
        reason: In the words of who asked for it.
        new_due_on: The last day, once an extension counts.
        resumes_on: When a pause ends by itself.
    """

    clock: Title
    title: Title
    article: Title
    reason: str | None
    new_due_on: date | None = None
    resumes_on: date | None = None


def notice_of(case: "Case", letter: str, round: int) -> Notice | None:
    """Return what a letter tells of a pause or an extension; None where it tells of none."""
    for key, clock in case.clocks.items():
        rule, pack = rule_of(case, key)
        for granted in (*clock.granted, *clock.extensions):
            if (granted.letter, granted.round) == (letter, round):
                tier = rule.extension(granted.tier)
                longer = (*(one for one in clock.extensions if one is not granted), granted)
                until = due(term_for(case, rule, pack, clock.started_at, clock, extensions=longer))
                title = tier.title if tier else Title(zh=granted.tier, en=granted.tier)
                return Notice(rule.title, title, rule.article, granted.reason, new_due_on=until.on)
        for paused in clock.pauses:
            if (paused.letter, paused.round) == (letter, round):
                known = rule.pause(paused.pause)
                title = known.title if known else Title(zh=paused.pause, en=paused.pause)
                resumes = paused.resumes_at.astimezone(pack.tz).date() if paused.resumes_at else None
                return Notice(rule.title, title, rule.article, paused.reason, resumes_on=resumes)
    return None


def is_owed(case: "Case", letter: str, round: int) -> bool:
    """Whether the notice of a pause or an extension must be sent: it was begun, or its clock still runs."""
    running = [clock for clock in case.clocks.values() if not clock.is_over]
    granted = [(one.letter, one.round) for clock in running for one in clock.granted]
    paused = [(one.letter, one.round) for clock in running for one in clock.pauses]
    return (letter, round) in [*case.letters, *granted, *paused]
