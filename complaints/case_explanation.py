"""Why each time limit of a case runs out when it does: counted days, pauses, extensions, authors, articles."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from complaints import acts
from complaints.acts import Recorded
from complaints.case import Case
from complaints.clock_rules import rule_behind, with_named_date
from complaints.clocks import Clock, term_of
from complaints.deadlines import last_moment
from complaints.explanation import Explanation, explain
from complaints.regimes.facts import Fact
from complaints.regimes.model import ClockRule, Duty, ExtensionRule, Nature, Pack, PauseRule, Role
from complaints.words import ZH, Severity, Title

NATURES: Final[Mapping[Nature, Title]] = {
    Nature.DUTY: Title(zh="办理时限", en="time limit"),
    Nature.WAIT: Title(zh="等待日期", en="date waited for"),
    Nature.WINDOW: Title(zh="对方可行使权利的期限", en="window for somebody else"),
}

CAUSES: Final = {
    "calendar": "日历",
    "regime": "规则",
    "severity": "严重程度",
    "circumstances": "案件情形",
    "merge_undone": "撤销并案",
}
"""Why a due time was computed again, as the first word of the ledger's cause says it, in Chinese."""


@dataclass(frozen=True)
class Event:
    """Something that was done to a clock, when and by whom."""

    at: datetime
    by: str
    what: Title


@dataclass(frozen=True)
class ClockExplanation:
    """One clock of a case, explained.

    Attributes:
        name: Its name within the case.
        clock: What the ledger says.
        rule: The rule it follows.
        pack: The regime.
        explanation: How its due time is counted.
        events: What was done to it.
        leads: Whether it is the strictest limit for the answer.
        named_on: The day that the authority named for its report, which takes the place of the rule's own limit.
    """

    name: str
    clock: Clock
    rule: ClockRule
    pack: Pack
    explanation: Explanation
    events: tuple[Event, ...]
    leads: bool
    named_on: date | None = None

    @property
    def state(self) -> Title:
        """Where it stands."""
        return state_of(self.clock)

    @property
    def due(self) -> str:
        """The last moment that is in time, as people write it."""
        return last_moment(self.clock.due_at, self.pack.tz)

    @property
    def steps(self) -> tuple[Title, ...]:
        """The reasons, what was left out for its whole class, and where the ledger says otherwise, that it does."""
        *counted, ending = self.explanation.steps
        known = (*self._named(), *counted, *self._suspended(), *self._standing_still(), ending)
        if self.explanation.due.at == self.clock.due_at or self.clock.is_paused:
            return known
        version = self.clock.schedule.calendar_version or "—"
        return (
            *known,
            Title(
                zh=f"案卷记载的到期时间为 {self.due}（按日历版本 {version} 计算），以案卷为准",
                en=f"the ledger says {self.due} (by calendar version {version}), which stands",
            ),
        )

    def _named(self) -> Iterator[Title]:
        """Yield that the authority's own date leads."""
        if self.named_on:
            yield Title(
                zh=f"转办机关要求于 {self.named_on} 前（含当日）反馈，以此为准",
                en=f"the authority asks for its report by {self.named_on}, which leads",
            )

    def _standing_still(self) -> Iterator[Title]:
        """Yield that a clock stands still, where the count does not say so: it leaves out a later time."""
        if self.clock.is_paused and not self.explanation.due.stands:
            since = f"{self.clock.pauses[-1].begins.astimezone(self.pack.tz):%Y-%m-%d %H:%M}"
            yield Title(zh=f"自 {since} 起中止计时，尚未恢复", en=f"stands still since {since}")

    def _suspended(self) -> Iterator[Title]:
        """Yield the rules by which time was left out for the class of complaints that the case belongs to."""
        begun = {begins.astimezone(self.pack.tz).date() for begins, _ in self.clock.schedule.left_out}
        for one in self.pack.suspensions:
            if one.begins in begun:
                yield Title(
                    zh=f"{one.begins} 至 {one.ends} 不计入：{one.title.zh}（{_standing(one).zh}）",
                    en=f"{one.begins} to {one.ends} left out: {one.title.en} ({_standing(one).en})",
                )

    def lines(self, language: str) -> list[str]:
        """Return it as plain text."""
        zh, rule, zone = language == ZH, self.rule, self.pack.tz
        lead = ("【最严，以此为准】" if zh else " [strictest: leads]") if self.leads else ""
        number = self.clock.started.round
        if number > 1:
            lead = (f"（第 {number} 次）" if zh else f" (round {number})") + lead
        head = f"{rule.title.word(language)}{lead}  {self.pack.title.word(language)} {rule.article.word(language)}"
        nature, state = NATURES[self.clock.nature].word(language), self.state.word(language)
        found = [head, f"  {nature}：{state}" if zh else f"  {nature}: {state}"]
        found += [f"  - {step.word(language)}" for step in self.steps]
        if rule.to_verify:
            doubt = f"待核实（{rule.confidence}）" if zh else f"to verify ({rule.confidence})"
            source = f"{'：' if zh else ': '}{rule.source.word(language)}" if rule.source else ""
            found.append(f"  * {doubt}{source}")
        for event in self.events:
            found.append(f"  · {event.at.astimezone(zone):%Y-%m-%d %H:%M} {event.by} {event.what.word(language)}")
        return found

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        rule, clock = self.rule, self.clock
        return {
            "clock": self.name,
            "round": clock.started.round,
            "title": rule.title.model_dump(),
            "regime": self.pack.name,
            "version": self.pack.version,
            "article": rule.article.model_dump(),
            "source": rule.source.model_dump() if rule.source else None,
            "confidence": rule.confidence,
            "to_verify": rule.to_verify,
            "nature": clock.nature,
            "leads": self.leads,
            "state": self.state.model_dump(),
            "started_at": clock.started_at.isoformat(),
            "due_at": clock.due_at.isoformat(),
            "last_moment": self.due,
            "met_at": clock.met_at.isoformat() if clock.met_at else None,
            "late": clock.late,
            "calendar": {
                "name": clock.schedule.calendar,
                "version": clock.schedule.calendar_version,
                "assumed": list(clock.schedule.assumed),
            },
            **self.explanation.as_json(),
            "steps": [step.model_dump() for step in self.steps],
            "events": [{"at": one.at.isoformat(), "by": one.by, "what": one.what.model_dump()} for one in self.events],
        }


def explain_case(case: Case) -> list[ClockExplanation]:
    """Return every clock of a case explained, those that ran before first."""
    leading = case.answer_clock if _has_rivals(case) else None
    return [
        _explained(case, name, clock, leads=clock is leading)
        for name, clock in (*case.past_clocks, *case.clocks.items())
    ]


def _has_rivals(case: Case) -> bool:
    """Whether there are several limits for the answer, so that one of them leads."""
    rules = [rule_behind(case, name, clock)[0] for name, clock in case.clocks.items() if clock.ended is None]
    return sum(rule.duty is Duty.ANSWER and rule.nature is Nature.DUTY for rule in rules) > 1


def _explained(case: Case, name: str, clock: Clock, *, leads: bool) -> ClockExplanation:
    rule, pack = rule_behind(case, name, clock)
    calendar = case.rules.calendar(clock.schedule.calendar or rule.calendar or pack.calendar)
    for_case = with_named_date(case, rule, pack, clock.started_at)
    term = term_of(for_case, pack, calendar, clock.started_at, clock.left_out, clock.extensions)
    events = tuple(event for one in clock.history if (event := _event(case, one, rule, pack)))
    named_on = case.facts.report_by if rule.named_date else None
    return ClockExplanation(name, clock, rule, pack, explain(term), events, leads, named_on)


def state_of(clock: Clock) -> Title:
    """Return where a clock stands, in words."""
    if clock.ended is not None:
        return Title(zh="已不适用", en="fell away")
    if clock.met_at:
        return _done(clock.nature, late=bool(clock.late))
    if clock.reached:
        return Title(zh="已到期", en="reached")
    if clock.is_paused:
        return Title(zh="中止计时", en="stands still")
    if clock.missed:
        return Title(zh="超期", en="missed")
    return Title(zh="临近到期", en="near") if clock.warned else Title(zh="计时中", en="running")


def _done(nature: Nature, *, late: bool) -> Title:
    if nature is not Nature.DUTY:
        return Title(zh="已结束", en="over")
    return Title(zh="超期完成", en="done late") if late else Title(zh="按时完成", en="done in time")


def _event(case: Case, one: Recorded, rule: ClockRule, pack: Pack) -> Event | None:
    what = _what(case, one, rule, pack)
    return Event(one.at, one.by, what) if what else None


def _what(case: Case, one: Recorded, rule: ClockRule, pack: Pack) -> Title | None:  # noqa: C901 - one branch an act
    act, zone = one.act, pack.tz
    match act:
        case acts.ClockPaused():
            name = _named(rule.pause(act.pause), act.pause)
            return _joined(Title(zh=f"中止计时：{name.zh}", en=f"paused: {name.en}"), act.proof, act.approver)
        case acts.ClockResumed():
            due_zh, due_en = _until(act.until, zone)
            if act.capped:
                return Title(
                    zh=f"中止达到上限，自动恢复，{due_zh}", en=f"goes on: the pause may be no longer; {due_en}"
                )
            return Title(zh=f"恢复计时，{due_zh}", en=f"goes on; {due_en}")
        case acts.ExtensionGranted():
            name = _named(rule.extension(act.tier), act.tier)
            waits = act.letter is not None
            words = Title(
                zh=f"批准延期：{name.zh}" + ("，告知函发出后生效" if waits else ""),
                en=f"extension approved: {name.en}" + (", counts once the notice has gone out" if waits else ""),
            )
            return _joined(words, None, act.approver)
        case acts.ClockExtended():
            due_zh, due_en = _until(act.until, zone)
            return Title(zh=f"延期生效，{due_zh}", en=f"the extension counts; {due_en}")
        case acts.ClockRestarted():
            name, (due_zh, due_en) = _event_title(case, act.event), _until(act.until, zone)
            return Title(zh=f"重新起算：{name.zh}，{due_zh}", en=f"runs again: {name.en}; {due_en}")
        case acts.ClockRecomputed():
            due_zh, due_en = _until(act.until, zone)
            cause = _cause(act.cause)
            return Title(zh=f"重新计算（{cause.zh}），{due_zh}", en=f"computed again ({cause.en}); {due_en}")
        case acts.ClockWarned() | acts.ClockReminded() | acts.ClockMissed():
            return _told(act)
        case acts.ClockMet():
            done = f"{act.done_at.astimezone(zone):%Y-%m-%d %H:%M}" if act.done_at else None
            zh, en = (f"，完成于 {done}", f", on {done}") if done else ("", "")
            words = _done(rule.nature, late=act.late)
            return Title(zh=f"{words.zh}{zh}", en=f"{words.en}{en}")
        case acts.ClockEnded():
            return _fell_away(act, pack)
        case acts.MergeUndone():
            return Title(zh="撤销并案，时限视为从未停止", en="the merger was undone: runs as if it had never stopped")
        case acts.BreachExplained():
            return Title(zh=f"超期原因：{act.cause.zh}", en=f"missed because: {act.cause.en}")
    return None


def _named(rule: PauseRule | ExtensionRule | None, name: str) -> Title:
    """Return what a pause or a tier is called, and where that stands."""
    if rule is None:
        return Title(zh=name, en=name)
    return Title(zh=f"{rule.title.zh}（{_standing(rule).zh}）", en=f"{rule.title.en} ({_standing(rule).en})")


def _standing(fact: Fact) -> Title:
    """Return the article of a rule, and where it is not sure, that it must be verified."""
    if not fact.to_verify:
        return fact.article
    return Title(zh=f"{fact.article.zh}，待核实", en=f"{fact.article.en}, to verify")


def _cause(cause: str) -> Title:
    """Return why a due time was computed again."""
    kind, _, what = cause.partition(" ")
    if kind == "severity" and what in set(Severity):
        return Title(zh=f"{CAUSES[kind]}：{Severity(what).zh}", en=f"severity: {Severity(what).en}")
    return Title(zh=f"{CAUSES.get(kind, kind)} {what}".strip(), en=cause)


def _joined(words: Title, proof: str | None, approver: str | None) -> Title:
    zh = [words.zh, *([f"凭证 {proof}"] if proof else []), *([f"审批人 {approver}"] if approver else [])]
    en = [words.en, *([f"document {proof}"] if proof else []), *([f"approved by {approver}"] if approver else [])]
    return Title(zh="，".join(zh), en=", ".join(en))


def _until(until: acts.Schedule, zone: Any) -> tuple[str, str]:
    moment = last_moment(until.due_at, zone)
    return f"到期 {moment}", f"due {moment}"


def _event_title(case: Case, name: str) -> Title:
    titles = {one.name: one.title for pack in case.all_packs for one in pack.events}
    titles[acts.MergeUndone.kind_name()] = Title(zh="撤销并案", en="a merger was undone")
    return titles.get(name, Title(zh=name, en=name))


def _told(act: acts.ClockWarned | acts.ClockReminded | acts.ClockMissed) -> Title:
    zh = "、".join(Role(role).zh for role in act.tell)
    en = ", ".join(Role(role).en for role in act.tell)
    to_zh, to_en = (f"，提醒{zh}", f"; told: {en}") if act.tell else ("", "")
    match act:
        case acts.ClockMissed():
            return Title(zh=f"超期{to_zh}", en=f"missed{to_en}")
        case acts.ClockReminded():
            return Title(zh=f"仍未完成{to_zh}", en=f"still not done{to_en}")
    percent = f"{act.percent}%" if act.percent else ""
    return Title(
        zh=f"临近到期{f'（已用 {percent}）' if percent else ''}{to_zh}",
        en=f"near{f' ({percent} used)' if percent else ''}{to_en}",
    )


def _fell_away(act: acts.ClockEnded, pack: Pack) -> Title:
    kind, _, name = act.reason.partition(":")
    if kind == "path":
        path = next((one.title for one in pack.paths if one.name == name), Title(zh=name, en=name))
        return Title(zh=f"由其他方式代替：{path.zh}", en=f"replaced: {path.en}")
    words = {
        "not_applicable": Title(zh="不再适用于本案", en="does not apply to this case any more"),
        "withdrawn": Title(zh="投诉人撤回，程序当日终结", en="withdrawn: the procedure ends the same day"),
        "merged": Title(zh="已并案", en="merged into an earlier case"),
        "report_waived": Title(zh="不再向转办机关反馈", en="no report is sent to the authority"),
        "begins_again": Title(zh="再次答复后重新起算", en="begins again with the next answer"),
    }
    return words.get(kind, Title(zh=act.reason, en=act.reason))
