"""The five kinds of contact rules."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import time
from typing import Annotated, ClassVar, Literal, Self

from pydantic import (
    Field,
    field_validator,
    model_validator,
)

from complaints.contacts.attempts import ContactAttempt, by_time, last_before, moment
from complaints.contacts.base import Group, Rule, Violation, weight
from complaints.contacts.words import ContactOutcome, ContactPurpose, Per
from complaints.regimes.facts import Part
from complaints.words import Title


class Hours(Part):
    """A time of day; where it ends before it begins it crosses midnight.

    Each bound says whether its own instant belongs to it: ``from`` and ``until`` do, ``after`` and ``before`` do not.
    """

    from_: time | None = Field(default=None, alias="from")
    after: time | None = None
    before: time | None = None
    until: time | None = None

    @model_validator(mode="after")
    def _has_two_bounds(self) -> Self:
        if (self.from_ is None) is (self.after is None):
            raise ValueError("give either from (its own instant belongs to it) or after (it does not)")
        if (self.before is None) is (self.until is None):
            raise ValueError("give either before (its own instant does not belong to it) or until (it does)")
        if self.begins == self.ends:
            raise ValueError("it ends when it begins; give two different times")
        if self.begins.tzinfo or self.ends.tzinfo:
            raise ValueError("a time of day is local and has no offset; leave it out")
        return self

    @property
    def begins(self) -> time:
        """Its first bound."""
        return self.from_ or self.after or time()

    @property
    def ends(self) -> time:
        """Its second bound."""
        return self.before or self.until or time()

    def hold(self, at: time) -> bool:
        """Whether a local time lies in it."""
        has_begun = at >= self.begins if self.from_ is not None else at > self.begins
        has_not_ended = at < self.ends if self.before is not None else at <= self.ends
        return has_begun or has_not_ended if self.begins > self.ends else has_begun and has_not_ended

    @property
    def words(self) -> Title:
        """How it is said."""
        begins, ends = f"{self.begins:%H:%M}", f"{self.ends:%H:%M}"
        from_, before = self.from_ is not None, self.before is not None
        zh = f"{begins}{'起' if from_ else '之后'}至{ends}{'之前' if before else '（含）'}"
        both = "or" if self.begins > self.ends else "and"
        en = f"{'from' if from_ else 'after'} {begins} {both} {'before' if before else 'until'} {ends}"
        return Title(zh=zh, en=en)


class HoursRule(Rule):
    """Hours in which nobody may be contacted, at any of the places where the person may be."""

    kind: Literal["hours"]
    forbidden: Hours

    def violations(self, log: Sequence[ContactAttempt]) -> Iterator[Violation]:
        """Return what is wrong in a log that is in the order of time."""
        for one in log:
            # 12 CFR 1006.6(b)(1)(i), comment 2: the time must be convenient in all of the locations indicated
            wrong = next((local for local in one.local if self.forbidden.hold(local.time())), None)
            if wrong and self.covers(one) and not self.is_lifted(one):
                at = f"{wrong:%Y-%m-%d %H:%M:%S}"
                zh = f"联系记录 {one.id} 发生在对方当地时间 {at}，属于禁止联系的时段（{self.forbidden.words.zh}）"
                en = f"Contact {one.id} was made at {at} local time, in the forbidden hours ({self.forbidden.words.en})"
                yield self.violated(one, zh, en, local=wrong)


class GroupedRule(Rule):
    """A rule that looks at the contacts of one group together.

    Attributes:
        per: What the contacts of a group have in common. Without ``organisation`` the firm and its agencies count
            together.
    """

    per: tuple[Per, ...] = Field(min_length=1)

    def groups(self, one: ContactAttempt) -> Iterator[Group]:
        """Return the groups that a contact belongs to: one for each debt, where debts count apart."""
        of = {Per.PERSON: one.person, Per.NUMBER: one.number, Per.ORGANISATION: one.by}
        rest = tuple(of[by] for by in self.per if by is not Per.DEBT)
        if Per.DEBT not in self.per:
            yield rest
            return
        for debt in one.particular_debts:
            yield (debt, *rest)

    def conversations(self, log: Iterable[ContactAttempt]) -> Mapping[Group, list[ContactAttempt]]:
        """Return the conversations of each group, whoever began them, in the order of time."""
        found: dict[Group, list[ContactAttempt]] = defaultdict(list)
        for one in log:
            if one.outcome is ContactOutcome.ANSWERED and one.medium in self.media:
                for group in self.groups(one):
                    found[group].append(one)
        return found

    def counts(self, one: ContactAttempt, last: ContactAttempt | None) -> bool:
        """Whether a contact counts, the last conversation before it being ``last``."""
        # 12 CFR 1006.14(b)(3)(i), comment 2(3): a consent expires with the next conversation on the debt
        expiring = self.consent is not None and self.consent.until_conversation
        return not self.is_lifted(one, last.at if expiring and last else None)

    @property
    def counted_by(self) -> Title:
        """How contacts are counted, in words."""
        return Title(zh="、".join(per.zh for per in self.per), en=", ".join(per.en for per in self.per))


class FrequencyRule(GroupedRule):
    """At most so many contacts in so many days.

    Attributes:
        maximum: How many are allowed.
        days: 1: on each local calendar day; more: in any so many consecutive local days; None: ever.
    """

    _heeds_conversations: ClassVar[bool] = True

    kind: Literal["frequency"]
    maximum: int = Field(ge=0, le=1000)
    days: int | None = Field(default=None, ge=1, le=366)

    def violations(self, log: Sequence[ContactAttempt]) -> Iterator[Violation]:
        """Return what is wrong in a log that is in the order of time: every contact that is one too many."""
        worst: dict[str, Violation] = {}
        for counted in self._counted(log).values():
            for found in self._excess(counted):
                known = worst.get(found.record)
                if known is None or weight(found) > weight(known):  # of several debts, the one with the most
                    worst[found.record] = found
        yield from worst.values()

    def _counted(self, log: Sequence[ContactAttempt]) -> Mapping[Group, list[ContactAttempt]]:
        conversations = self.conversations(log)
        counted: dict[Group, list[ContactAttempt]] = defaultdict(list)
        for one in filter(self.covers, log):
            for group in self.groups(one):
                if self.counts(one, last_before(one, conversations.get(group, ()))):
                    counted[group].append(one)
        return counted

    def _excess(self, counted: Sequence[ContactAttempt]) -> Iterator[Violation]:
        span = self._span
        for place, one in enumerate(counted):
            oldest = bisect_left(counted, min(one.window(self.days)), key=moment) if self.days else 0
            count = place - oldest + 1
            if count > self.maximum:
                zh = f"联系记录 {one.id} 是{span.zh}第 {count} 次{self.counting.zh}，上限为 {self.maximum} 次"
                en = f"Contact {one.id} is number {count} of the {self.counting.en} {span.en}"
                en += f"; {self.maximum} are allowed"
                # one more than allowed proves it; all of them would make the report grow with the square of the log
                others = counted[place - self.maximum : place]
                yield self.violated(one, zh, en, others=others, count=count, limit=self.maximum)

    @property
    def _span(self) -> Title:
        zh, en = "累计", "in all"
        if self.days:
            zh = "当日" if self.days == 1 else f"连续 {self.days} 日内"
            en = "on one day" if self.days == 1 else f"within {self.days} consecutive days"
        return Title(zh=f"{zh}（按{self.counted_by.zh}计）", en=f"{en} (per {self.counted_by.en})")


class CoolDownRule(GroupedRule):
    """No contact within so many local days after a conversation, whose own day is the first of them."""

    _heeds_conversations: ClassVar[bool] = True

    kind: Literal["cool_down"]
    days: int = Field(ge=1, le=366)

    def violations(self, log: Sequence[ContactAttempt]) -> Iterator[Violation]:
        """Return what is wrong in a log that is in the order of time."""
        conversations = self.conversations(log)
        for one in filter(self.covers, log):
            lasts = (last_before(one, conversations.get(group, ())) for group in self.groups(one))
            # 12 CFR 1006.14(b)(2)(i)(B): the date of the conversation is the first day of the period
            close = [
                last for last in lasts if last and last.at >= min(one.window(self.days)) and self.counts(one, last)
            ]
            if close:
                yield self._too_soon(one, max(close, key=by_time))

    def _too_soon(self, one: ContactAttempt, last: ContactAttempt) -> Violation:
        day = 1 + min((local.date() - last.at.astimezone(local.tzinfo).date()).days for local in one.local)
        zh = f"联系记录 {one.id} 发生在通话 {last.id} 后的第 {day} 日（通话当日为第 1 日），{self.days} 日内不应再联系"
        en = f"Contact {one.id} was made on day {day} after conversation {last.id}, whose own day is day 1"
        en += f"; there may be none within {self.days} days"
        return self.violated(one, zh, en, others=(last,), count=day, limit=self.days)


class ThirdPersonRule(Rule):
    """What a contact with a third person must fulfil.

    Attributes:
        demand: ``unreachable``: the debtor is recorded as not to be reached; ``purpose``: it is for one of
            ``allowed``; ``secrecy``: the debt is not disclosed, whoever began the contact.
    """

    kind: Literal["third_person"]
    demand: Literal["unreachable", "purpose", "secrecy"]
    allowed: tuple[ContactPurpose, ...] = ()

    @model_validator(mode="after")
    def _allows_something(self) -> Self:
        if (self.demand == "purpose") is not bool(self.allowed):
            raise ValueError("'allowed' names the purposes for demand = \"purpose\", and belongs to nothing else")
        return self

    @property
    def binds_both_ways(self) -> bool:
        """A secret can be told on a call that the person makes, too."""
        return self.demand == "secrecy"

    def violations(self, log: Sequence[ContactAttempt]) -> Iterator[Violation]:
        """Return what is wrong in a log that is in the order of time."""
        for one in log:
            if not self._is_met(one) and self.covers(one) and not self.is_lifted(one):
                words = self._words(one)
                yield self.violated(one, words.zh, words.en)

    def _is_met(self, one: ContactAttempt) -> bool:
        match self.demand:
            case "unreachable":
                return one.debtor_unreachable
            case "purpose":
                return one.purpose in self.allowed
            case "secrecy":
                return not one.disclosed

    def _words(self, one: ContactAttempt) -> Title:
        zh, en = f"联系记录 {one.id} 联系了第三人", f"Contact {one.id} was with a third person"
        match self.demand:
            case "unreachable":
                zh += "，但未记录债务人无法联系、死亡或丧失行为能力"
                en += ", and it is not recorded that the debtor cannot be reached, died or lacks capacity"
            case "purpose":
                zh += f"，目的为“{one.purpose.zh}”，仅允许：{'、'.join(one.zh for one in self.allowed)}"
                en += f" for '{one.purpose.en}'; allowed is only: {', '.join(one.en for one in self.allowed)}"
            case "secrecy":
                zh += "，并透露了债务信息"
                en += " and disclosed the debt"
        return Title(zh=zh, en=en)


class StopRule(GroupedRule):
    """No contact through a medium, at a number or at all, that the person asked not to be used any more.

    Attributes:
        any_medium: A request about one medium or number stops them all.
    """

    kind: Literal["stop"]
    any_medium: bool = False

    def violations(self, log: Sequence[ContactAttempt]) -> Iterator[Violation]:
        """Return what is wrong in a log that is in the order of time."""
        requests = self._requests(log)
        for one in filter(self.covers, log):
            lasts = (last_before(one, requests.get(key, ())) for key in self._stopped_by(one))
            last = max(filter(None, lasts), key=by_time, default=None)
            if last and not self.is_lifted(one, last.at):  # a later consent takes the request back
                zh = "联系" if self.any_medium else "以此方式联系"
                zh = f"对方已在联系记录 {last.id} 中要求不再{zh}，仍有联系记录 {one.id}"
                en = "not to be contacted" if self.any_medium else "that this medium not be used"
                en = f"Contact {one.id} was made although the person had asked in {last.id} {en}"
                yield self.violated(one, zh, en, others=(last,))

    def _requests(self, log: Iterable[ContactAttempt]) -> Mapping[Group, list[ContactAttempt]]:
        found: dict[Group, list[ContactAttempt]] = defaultdict(list)
        for one in log:
            media = (None,) if self.any_medium and one.stops else dict.fromkeys(one.stops)
            for group in self.groups(one):
                for medium in media:
                    found[(*group, medium, None if self.any_medium else one.stops_at)].append(one)
        return found

    def _stopped_by(self, one: ContactAttempt) -> Iterator[Group]:
        for group in self.groups(one):
            yield (*group, None if self.any_medium else one.medium, None)
            if not self.any_medium:  # 12 CFR 1006.14(h)(1), comment 2: a request may name one number or address
                yield (*group, one.medium, one.number)


ContactRule = Annotated[
    HoursRule | FrequencyRule | CoolDownRule | ThirdPersonRule | StopRule, Field(discriminator="kind")
]


class ContactRules(Part):
    """A set of contact rules as a file of its own: the ``[[contacts]]`` of a pack."""

    contacts: tuple[ContactRule, ...]

    @field_validator("contacts")
    @classmethod
    def _named_once(cls, rules: tuple[ContactRule, ...]) -> tuple[ContactRule, ...]:
        names = [rule.name for rule in rules]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"'{twice[0]}' is there twice; give each rule a name of its own")
        return rules
