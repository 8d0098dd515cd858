"""What all contact rules share: whom and what they cover, consent, and what a finding says."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import ClassVar, Final, Self

from pydantic import (
    Field,
    model_validator,
)

from complaints.contacts.attempts import ContactAttempt
from complaints.contacts.words import COUNTED, ContactPurpose, Counting, Direction, Effect, Medium, PartyRole
from complaints.regimes.facts import Fact, Part
from complaints.words import Title


class Violation(Part):
    """A contact that is not as a rule has it.

    Attributes:
        rule: The rule's name.
        record: The id of the contact.
        records: The ids of all contacts involved, in the order of time.
        local: The contact's local time, where it was the wrong one.
        count: How many there were, or the day on which it was, where the rule counts.
        limit: How many there may be, or the number of days.
        to_verify: The rule is a default that must be shown as not yet verified.
        sentence: What is wrong.
    """

    rule: str
    title: Title
    effect: Effect
    record: str
    records: tuple[str, ...]
    local: datetime
    count: int | None = None
    limit: int | None = None
    article: Title
    confidence: str
    to_verify: bool
    sentence: Title


class Consent(Part):
    """What a recorded prior consent does: it lifts the rule.

    Attributes:
        days: For so many local days, the day it was received being the first; None: until it ends.
        until_conversation: Only until the next conversation with the person on the debt.
    """

    days: int | None = Field(default=None, ge=1, le=366)
    until_conversation: bool = False


Group = tuple[object, ...]
"""What the contacts that are counted together have in common."""

ALL_MEDIA: Final = tuple(Medium)
ALL_PURPOSES: Final = tuple(ContactPurpose)


class Rule(Fact):
    """What every kind of rule has.

    Attributes:
        valid_from: Contacts on earlier local days are not judged.
        roles: The persons that it protects.
        except_purposes: Contacts for these are not judged.
        counting: The outcomes that it speaks of.
        consent: What a recorded consent does; None: nothing.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")
    title: Title
    effect: Effect = Effect.VIOLATION
    valid_from: date | None = None
    media: tuple[Medium, ...] = Field(default=ALL_MEDIA, min_length=1)
    roles: tuple[PartyRole, ...] = Field(min_length=1)
    purposes: tuple[ContactPurpose, ...] = Field(default=ALL_PURPOSES, min_length=1)
    except_purposes: tuple[ContactPurpose, ...] = ()
    counting: Counting = Counting.ATTEMPTS
    consent: Consent | None = None

    _heeds_conversations: ClassVar[bool] = False

    @model_validator(mode="after")
    def _consent_can_end(self) -> Self:
        if self.consent and self.consent.until_conversation and not self._heeds_conversations:
            raise ValueError("until_conversation belongs to the kinds frequency and cool_down; leave it out")
        return self

    @property
    def binds_both_ways(self) -> bool:
        """Whether the rule judges contacts that the person began, too."""
        return False

    def covers(self, one: ContactAttempt) -> bool:
        """Whether the rule judges a contact: its direction, medium, role, purpose, outcome and day."""
        return (
            (one.direction is Direction.OUT or self.binds_both_ways)
            and one.medium in self.media
            and one.role in self.roles
            and one.purpose in self.purposes
            and one.purpose not in self.except_purposes
            and one.outcome in COUNTED[self.counting]
            and (self.valid_from is None or one.local[0].date() >= self.valid_from)
        )

    def is_lifted(self, one: ContactAttempt, since: datetime | None = None) -> bool:
        """Whether a consent that was received before the contact, and not before ``since``, lifts the rule for it."""
        if self.consent is None or one.consent_at is None or one.consent_at >= one.at:
            return False
        if one.consent_until and one.at > one.consent_until:
            return False
        if self.consent.days and one.consent_at < max(one.window(self.consent.days)):
            return False  # 12 CFR 1006.14(b)(3)(i): the day it was received is the first
        return since is None or one.consent_at >= since

    def violated(
        self,
        one: ContactAttempt,
        zh: str,
        en: str,
        *,
        local: datetime | None = None,
        others: Iterable[ContactAttempt] = (),
        count: int | None = None,
        limit: int | None = None,
    ) -> Violation:
        """Return the violation by a contact, in the words ``zh`` and ``en``."""
        return Violation(
            rule=self.name,
            title=self.title,
            effect=self.effect,
            record=one.id,
            records=(*(other.id for other in others), one.id),
            local=local or one.local[0],
            count=count,
            limit=limit,
            article=self.article,
            confidence=self.confidence,
            to_verify=self.to_verify,
            sentence=Title(zh=zh, en=en),
        )


def weight(found: Violation) -> tuple[int, tuple[str, ...]]:
    return found.count or 0, found.records
