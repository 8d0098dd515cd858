"""What a complainant may know of a case: where it stands in plain words, its dates, and what comes next.

Never what is written inside the firm: no note, finding, handler, severity or suspicion. Of a whistle-blowing report
no more than its letters say.
"""

from datetime import date, datetime
from typing import Final

from pydantic import BaseModel, ConfigDict

from complaints.acts_by_subject.letters import Kept
from complaints.answers import Question
from complaints.case import Case
from complaints.correspondence import Letter
from complaints.deadlines import last_day
from complaints.letter_words import CONFIDENTIAL, hides_reporter
from complaints.words import ZH, Closure, Stage, Title, Worded


class Step(Worded):
    """Where a case stands, as a complainant reads it."""

    RECEIVED = "received", "已收到", "received"
    ACCEPTED = "accepted", "已受理", "acknowledged"
    INVESTIGATING = "investigating", "正在调查核实", "being looked into"
    AWAITING_MATERIALS = "awaiting_materials", "等待您补充材料", "waiting for material from you"
    PREPARING_ANSWER = "preparing_answer", "正在拟定答复", "answer being prepared"
    ANSWER_WRITTEN = "answer_written", "答复已写好，待送达", "answer written, to be delivered"
    ANSWERED = "answered", "已答复", "answered"
    PUTTING_RIGHT = "putting_right", "已答复，正在落实", "answered, being put right"
    SURVEY = "survey", "已答复，请您评价", "answered, your opinion is asked for"
    IN_CONFIDENCE = "in_confidence", "正在核实", "being looked into"
    COMPLETED = "completed", "已办结", "completed"
    DECLINED = "declined", "不予受理", "not accepted"
    WITHDRAWN = "withdrawn", "已撤回", "withdrawn"
    MERGED = "merged", "已合并办理", "handled together with an earlier one"


class Actor(Worded):
    """Who must act next."""

    FIRM = "firm", "由我们办理", "we"
    COMPLAINANT = "complainant", "需要您办理", "you"
    NOBODY = "nobody", "无需再办理", "nobody"


class SentLetter(BaseModel):
    """A letter to the complainant that left, or lies ready.

    Attributes:
        sent_at: When it left; None as long as it lies ready.
        written_at: When it was written.
        kept: Where it lies, in words.
    """

    model_config = ConfigDict(frozen=True)

    title: str
    sent_at: datetime | None = None
    written_at: datetime | None = None
    kept: str | None = None


class Progress(BaseModel):
    """What a complainant may know; all instants are in the zone of the case's regime.

    Attributes:
        step: Where it stands, as a code.
        stage: The same in words.
        acknowledged_at: When the complainant was told that it is dealt with; None as long as that letter lies ready.
        answer_due_on: The last day for the answer; None once answered, while the limit stands still, and where
            nothing was promised.
        overdue: Whether that day has passed.
        answered_at: When it was answered; None as long as the answer lies ready and has not left.
        next: What comes next, as a sentence.
        actor: Who must act.
        awaits_materials: Whether the firm asked for materials that have not come.
        materials_wanted: What it asked for, in the words of its letter, once that has gone out.
        takes_materials: Whether materials can still be added.
        may_withdraw: Whether the complainant can still withdraw.
        survey_open: Whether the satisfaction survey waits for an answer.
    """

    model_config = ConfigDict(frozen=True)

    reference: str
    step: Step
    stage: str
    received_at: datetime
    acknowledged_at: datetime | None = None
    answer_due_on: date | None = None
    overdue: bool = False
    answered_at: datetime | None = None
    closed_at: datetime | None = None
    next: str
    actor: Actor
    awaits_materials: bool = False
    materials_wanted: str | None = None
    takes_materials: bool = False
    may_withdraw: bool = False
    survey_open: bool = False
    letters: tuple[SentLetter, ...] = ()


LETTER_TITLES: Final = {
    "acknowledgement": Title(zh="受理告知书", en="Acknowledgement"),
    "consultation_answer": Title(zh="咨询答复", en="Answer to your question"),
    "decision": Title(zh="处理决定告知书", en="Our decision"),
    "decline": Title(zh="不予受理告知书", en="Why we cannot accept it"),
    "extension_notice": Title(zh="延期告知书", en="Notice that we need more time"),
    "follow_up_survey": Title(zh="满意度回访", en="How did we handle it?"),
    "materials_request": Title(zh="补充材料通知", en="Request for material"),
    "pause_notice": Title(zh="期间不计入告知书", en="Notice that a time limit stands still"),
    "report_outcome": Title(zh="关于您提交的事项", en="About the matter you submitted"),
    "report_receipt": Title(zh="关于您提交的事项", en="About the matter you submitted"),
    "review_decision": Title(zh="核查决定告知书", en="The result of the review"),
    "suggestion_thanks": Title(zh="感谢您的建议", en="Thank you for your suggestion"),
    "summary_resolution": Title(zh="投诉解决确认函", en="Confirmation that it has been resolved"),
}
"""What a complainant reads of a letter; one that is not here goes to somebody else and is not shown."""

_STEPS: Final = {
    Stage.RECEIVED: Step.RECEIVED,
    Stage.ACKNOWLEDGED: Step.ACCEPTED,
    Stage.ASSESSED: Step.ACCEPTED,
    Stage.UNDER_INVESTIGATION: Step.INVESTIGATING,
    Stage.INVESTIGATED: Step.PREPARING_ANSWER,  # what was found or decided is told by letter, and only there
    Stage.DECIDED: Step.PREPARING_ANSWER,
    Stage.ANSWERED: Step.ANSWERED,
    Stage.PUT_RIGHT: Step.ANSWERED,
    Stage.FOLLOWED_UP: Step.ANSWERED,
}
_ENDS: Final = {
    Closure.DECLINED: Step.DECLINED,
    Closure.WITHDRAWN: Step.WITHDRAWN,
    Closure.MERGED: Step.MERGED,
}
_NEXT: Final = {
    Step.RECEIVED: Title(
        zh="我们会尽快登记，并向您发出受理告知。您暂时不需要做什么。",
        en="We will register it and send you an acknowledgement. There is nothing you need to do for now.",
    ),
    Step.ACCEPTED: Title(
        zh="承办部门将核实有关情况。您暂时不需要做什么，也可以随时补充材料。",
        en="The department in charge will look into it. You need not do anything; you can add material any time.",
    ),
    Step.INVESTIGATING: Title(
        zh="我们正在核实有关情况，有结果后即书面告知您。您也可以随时补充材料。",
        en="We are establishing the facts and will tell you the result in writing. You can add material any time.",
    ),
    Step.AWAITING_MATERIALS: Title(
        zh="请您补充材料，收到后我们继续办理。如您没有这些材料，请在本页告诉我们。",
        en="Please send us the material; we go on when it has arrived. If you do not have it, tell us so on this page.",
    ),
    Step.PREPARING_ANSWER: Title(
        zh="我们正在拟定答复，随后书面告知您。",
        en="We are preparing our answer and will send it to you in writing.",
    ),
    Step.ANSWER_WRITTEN: Title(
        zh="我们的答复已写好，将由工作人员寄送或转达给您。",
        en="Our answer is written; our staff will send it to you, hand it over or read it out to you.",
    ),
    Step.ANSWERED: Title(
        zh="我们已书面答复您。如您不同意答复内容，答复函中写明了您可以怎么做。",
        en="We have answered you in writing. If you disagree with the answer, our letter says what you can do.",
    ),
    Step.PUTTING_RIGHT: Title(
        zh="我们已书面答复您，正在落实答复中的事项。",
        en="We have answered you in writing and are carrying out what we said we would do.",
    ),
    Step.SURVEY: Title(
        zh="请您在本页告诉我们，您对这次办理是否满意。是否评价由您决定，不影响办理结果和您的任何权利。",
        en="Please tell us on this page whether you are satisfied. It is up to you, and changes none of your rights.",
    ),
    Step.IN_CONFIDENCE: Title(
        zh="我们会认真核实。您的信息和您提交的内容均严格保密。",
        en="It will be looked into carefully. Your details and what you sent us are kept strictly confidential.",
    ),
    Step.COMPLETED: Title(zh="此事已办结。", en="The matter is closed."),
    Step.DECLINED: Title(
        zh="我们已书面说明不予受理的理由，以及您可以向哪里反映。",
        en="We have told you in writing why we cannot accept it, and where you can turn.",
    ),
    Step.WITHDRAWN: Title(
        zh="您已撤回，办理程序已经终止。您今后仍可就同一事项重新提出。",
        en="It was withdrawn, and we have stopped dealing with it. You may bring it to us again later.",
    ),
    Step.MERGED: Title(
        zh="此事已与较早收到的同一事项合并，结果在该件中一并告知。",
        en="It is handled together with the same matter received earlier; you will be told the result there.",
    ),
}
_OVERDUE: Final = Title(
    zh="我们未能在承诺的日期前答复您，对此深表歉意。我们正在抓紧办理，您也可以来电催问。",
    en="We are sorry: we have not answered you by the day we promised. We are working on it; do call us if you wish.",
)
_OPINION_LATER: Final = Title(zh="过几天我们会请您评价这次办理。", en="In a few days we will ask you for your opinion.")
_HANDLED_IN_CONFIDENCE: Final = Title(
    zh="我们已经核实，并作了相应处理。因涉及保密，具体情况不在此说明，请您理解。",
    en="We have looked into it and dealt with it. As it is confidential we set out no details, and ask for your "
    "understanding.",
)
_FIRM_ACTS: Final = frozenset(
    {
        Step.RECEIVED,
        Step.ACCEPTED,
        Step.INVESTIGATING,
        Step.PREPARING_ANSWER,
        Step.ANSWER_WRITTEN,
        Step.PUTTING_RIGHT,
        Step.IN_CONFIDENCE,
    }
)
_TELL_THAT_IT_IS_TAKEN: Final = frozenset({"acknowledgement", "report_receipt"})
_ANSWERS: Final = frozenset({"consultation_answer", "decision", "decline", "review_decision", "summary_resolution"})
_SAY_ANSWERED: Final = frozenset({Step.ANSWERED, Step.PUTTING_RIGHT})
_NO_CONTACT: Final = Title(
    zh="我们的答复已写好，但我们没有您的联系方式。请来电或在本页告诉我们如何联系您。",
    en="Our answer is written, but we know no way to reach you. Please call us, or tell us on this page how to.",
)
_NO_CONTACT_ANY_MORE: Final = Title(
    zh="我们的答复已写好，但我们没有您的联系方式。请来电告诉我们如何联系您。",
    en="Our answer is written, but we know no way to reach you. Please call us.",
)
_MAY_WAIT: Final = frozenset({Step.ANSWER_WRITTEN, Step.DECLINED, Step.COMPLETED})
"""Where a case may stand while its answer still lies ready."""
_COMPLAINANT_ACTS: Final = frozenset({Step.AWAITING_MATERIALS, Step.SURVEY})
_ARRIVAL: Final = "materials_received"
"""The act by which what was asked for may have come."""


def progress(case: Case, now: datetime, language: str) -> Progress:
    """Return what the complainant may know of a case.

    Args:
        case: The case.
        now: The firm's time.
        language: "zh-CN" or "en".
    """
    if hides_reporter(case):
        return _in_confidence(case, language)
    step, zone = _step_of(case), case.pack.tz
    due_on = _due_on(case) if step in _FIRM_ACTS | {Step.AWAITING_MATERIALS} and case.answered_at is None else None
    overdue = due_on is not None and due_on < now.astimezone(zone).date()
    return Progress(
        reference=case.reference,
        step=step,
        stage=step.word(language),
        received_at=case.facts.received_at.astimezone(zone),
        acknowledged_at=_local(case, _told_at(case, _TELL_THAT_IT_IS_TAKEN, case.acknowledged_at)),
        answer_due_on=due_on,
        overdue=overdue,
        answered_at=_local(case, _told_at(case, _ANSWERS, case.answered_at)),
        closed_at=_local(case, case.happened["handling_ended"] if case.ended else case.closed_at),
        next=_next(case, step, language, overdue=overdue),
        actor=Actor.FIRM if step in _MAY_WAIT and _lies_ready(case, _ANSWERS) else _actor(step),
        awaits_materials=step is Step.AWAITING_MATERIALS,
        materials_wanted=_materials_wanted(case) if step is Step.AWAITING_MATERIALS else None,
        takes_materials=_is_handled(case),
        may_withdraw=_is_handled(case) and case.answered_at is None,
        survey_open=step is Step.SURVEY,
        letters=_letters(case, language),
    )


def _in_confidence(case: Case, language: str) -> Progress:
    """Return what the letters about a report say, and no more: neither its limits nor where it really stands."""
    told = any(name == "report_outcome" and letter.has_left for (name, _), letter in case.letters.items())
    over = told or not _is_handled(case)
    step = Step.COMPLETED if over else Step.IN_CONFIDENCE
    return Progress(
        reference=case.reference,
        step=step,
        stage=step.word(language),
        received_at=case.facts.received_at.astimezone(case.pack.tz),
        next=(_HANDLED_IN_CONFIDENCE if over else _NEXT[step]).word(language),
        actor=_actor(step),
        takes_materials=_is_handled(case),
        letters=_letters(case, language, only=CONFIDENTIAL),
    )


def _is_handled(case: Case) -> bool:
    """Whether something is still done for the complainant; an authority may still wait for a report after that."""
    return case.stage.is_open and case.ended is None


def _step_of(case: Case) -> Step:
    if over := case.closed or case.ended:
        return _ENDS.get(over.closure, Step.COMPLETED)
    step = _open_step(case)
    return Step.ANSWER_WRITTEN if step in _SAY_ANSWERED and _lies_ready(case, _ANSWERS) else step


def _open_step(case: Case) -> Step:
    if case.stage is Stage.UNDER_INVESTIGATION and _awaits_materials(case):
        return Step.AWAITING_MATERIALS
    if case.stage is Stage.ANSWERED and case.decided and case.decided.remedy.needs_doing:
        return Step.PUTTING_RIGHT
    if case.asks is Question.FOLLOW_UP:
        return Step.SURVEY
    return _STEPS[case.stage]


def _newest(case: Case, which: frozenset[str]) -> Letter | None:
    return next((one for (name, _), one in reversed(case.letters.items()) if name in which), None)


def _lies_ready(case: Case, which: frozenset[str]) -> Letter | None:
    """Return the newest of some letters where it is written and has not left."""
    newest = _newest(case, which)
    return newest if newest and newest.kept else None


def _told_at(case: Case, which: frozenset[str], at: datetime | None) -> datetime | None:
    """Return when the newest of some letters left, where the case says that it told so; None while it lies ready."""
    newest = _newest(case, which)
    if at is None or newest is None:
        return at
    return None if newest.kept else newest.sent_at or at


def _awaits_materials(case: Case) -> bool:
    asked, came = case.happened.get("materials_requested"), case.happened.get(_ARRIVAL)
    return asked is not None and (came is None or came <= asked)


def _materials_wanted(case: Case) -> str | None:
    """Return what the newest request asks for, once its letter has told so."""
    letter = case.letters.get(("materials_request", case.materials_requested))
    return case.materials_reasons if letter and letter.status == "sent" else None


def _due_on(case: Case) -> date | None:
    """Return the last day for the answer; a limit that stands still promises none."""
    clock = case.answer_clock
    return last_day(clock.due_at, case.pack.tz) if clock and not (clock.is_over or clock.is_paused) else None


def _next(case: Case, step: Step, language: str, *, overdue: bool) -> str:
    if overdue and step is not Step.AWAITING_MATERIALS:
        return _OVERDUE.word(language)
    if step in _MAY_WAIT and (answer := _lies_ready(case, _ANSWERS)):
        unreachable = _NO_CONTACT if _is_handled(case) else _NO_CONTACT_ANY_MORE
        return (unreachable if answer.kept is Kept.ON_FILE else _NEXT[Step.ANSWER_WRITTEN]).word(language)
    sentences = [_NEXT[step]]
    if step is Step.ANSWERED and case.stage is Stage.PUT_RIGHT:
        sentences.append(_OPINION_LATER)
    return ("" if language == ZH else " ").join(one.word(language) for one in sentences)


def _actor(step: Step) -> Actor:
    if step in _COMPLAINANT_ACTS:
        return Actor.COMPLAINANT
    return Actor.FIRM if step in _FIRM_ACTS else Actor.NOBODY


def _letters(case: Case, language: str, only: frozenset[str] | None = None) -> tuple[SentLetter, ...]:
    shown = [
        (letter.sent_at or letter.written_at or case.facts.received_at, name, letter)
        for (name, _), letter in case.letters.items()
        if letter.status == "sent" and name in LETTER_TITLES and (only is None or name in only)
    ]
    return tuple(
        SentLetter(
            title=LETTER_TITLES[name].word(language),
            sent_at=_local(case, letter.sent_at),
            written_at=_local(case, letter.written_at),
            kept=letter.kept.word(language) if letter.kept else None,
        )
        for _, name, letter in sorted(shown, key=lambda one: one[0])
    )


def _local(case: Case, moment: datetime | None) -> datetime | None:
    return moment.astimezone(case.pack.tz) if moment else None
