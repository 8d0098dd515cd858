from datetime import timedelta
from threading import Thread
from types import SimpleNamespace

import pytest
from prefect.states import Completed, Failed
from sqlalchemy import func, select

from complaints import acts, timekeeping
from complaints.adapters.tables import SignRow
from complaints.answers import FREE_WORDS, Question
from complaints.errors.case import AnswerRefused, CaseConflict, StageError
from complaints.errors.letters import LetterIncomplete, MailRefused, MailUnavailable, MailUncertain
from complaints.words import BreachCause, Closure, Kind, Outcome, Remedy, Repair, Stage
from tasks import steps
from tasks.desk import forget_retried, is_retryable, look
from tests.builders import (
    AN_ANSWER,
    EMAIL,
    WAYS,
    a_remedy_done,
    a_repair,
    a_stored_case,
    advance,
    an_act,
    fail_letter,
    file_complaint,
)

STAGES = list(Stage)

# The stage that each step moves a case on from, for each kind whose way it is on; from every other it does nothing.
STEPS = [
    (steps.acknowledge, Kind.COMPLAINT, Stage.RECEIVED, Stage.ACKNOWLEDGED),
    (steps.assess, Kind.COMPLAINT, Stage.ACKNOWLEDGED, Stage.ASSESSED),
    (steps.open_investigation, Kind.COMPLAINT, Stage.ASSESSED, Stage.UNDER_INVESTIGATION),
    (steps.open_investigation, Kind.REPORT, Stage.ASSESSED, Stage.UNDER_INVESTIGATION),
    (steps.mark_answered, Kind.COMPLAINT, Stage.DECIDED, Stage.ANSWERED),
    (steps.mark_answered, Kind.CONSULTATION, Stage.ASSESSED, Stage.ANSWERED),
    (steps.mark_answered, Kind.REPORT, Stage.INVESTIGATED, Stage.ANSWERED),
    (steps.mark_put_right, Kind.COMPLAINT, Stage.ANSWERED, Stage.PUT_RIGHT),
    (steps.open_follow_up, Kind.COMPLAINT, Stage.PUT_RIGHT, Stage.PUT_RIGHT),
    (steps.close, Kind.COMPLAINT, Stage.FOLLOWED_UP, Stage.CLOSED),
    (steps.close, Kind.CONSULTATION, Stage.ANSWERED, Stage.CLOSED),
    (steps.close, Kind.SUGGESTION, Stage.ANSWERED, Stage.CLOSED),
    (steps.close, Kind.REPORT, Stage.ANSWERED, Stage.CLOSED),
]
STEP = pytest.mark.parametrize(
    ("step", "kind", "stage", "leads_to"),
    [pytest.param(*row, id=f"{row[0].name}: {row[1]} {row[2]}") for row in STEPS],
)
NO_REMEDY = an_act(acts.Decided, outcome=Outcome.NOT_UPHELD, remedy=Remedy.NONE, amount=0)


def a_case_at(store, stage, kind=Kind.COMPLAINT, **changes):
    """A stored case at a stage; a complaint's decision is one that needs no remedy to be carried out."""
    reference = file_complaint(store, kind=kind, **changes)
    with store.open_case(reference) as desk:
        if stage is Stage.ENDED:  # on nobody's way
            desk.case.record(an_act(acts.HandlingEnded), desk.now, "li.wei")
        else:
            advance(desk.case, stage, now=desk.now, instead=[NO_REMEDY])
    return reference


def answer(reference, question, values, by="li.wei"):
    steps.record_answer.fn(reference, question, values, by)


def given(question, **changes):
    """A valid answer as it comes from the form."""
    return AN_ANSWER[question](**changes).model_dump(mode="json")


def last(store, reference):
    return store.entries(reference)[-1]


# --- the steps of the way -----------------------------------------------------------------------


@STEP
def test_a_step_moves_a_case_on(store, step, kind, stage, leads_to):
    reference = a_case_at(store, stage, kind)
    before = store.entries(reference)

    step.fn(reference)

    assert store.read_case(reference).stage is leads_to
    assert store.entries(reference)[: len(before)] == before
    assert {entry.by for entry in store.entries(reference)[len(before) :]} == {"redress"}


@STEP
def test_a_step_done_twice_changes_nothing(store, step, kind, stage, leads_to):
    reference = a_case_at(store, stage, kind)
    step.fn(reference)
    before = store.entries(reference)

    step.fn(reference)

    assert store.entries(reference) == before


@pytest.mark.parametrize("stage", STAGES)
def test_a_step_leaves_a_case_alone_that_is_elsewhere(store, stage):
    reference = a_case_at(store, stage)
    before = store.entries(reference)

    for step in {row[0] for row in STEPS} - {steps.close}:
        if stage not in {at for one, _, at, _ in STEPS if one is step}:
            step.fn(reference)

    assert store.entries(reference) == before


@STEP
def test_a_step_done_by_two_workers_at_once_is_done_once(store, step, kind, stage, leads_to):
    reference = a_case_at(store, stage, kind)
    workers = [Thread(target=step.fn, args=(reference,)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    entries = [entry.kind for entry in store.entries(reference) if not entry.kind.startswith("clock_")]
    assert len(entries) == len(set(entries))
    assert store.read_case(reference).stage is leads_to


def test_the_whole_way_step_by_step_twice_over_is_one_way(store):
    reference = file_complaint(store)
    way = [
        (steps.acknowledge.fn, (reference,)),
        (steps.assess.fn, (reference,)),
        (steps.open_investigation.fn, (reference,)),
        (answer, (reference, Question.FINDING, given(Question.FINDING))),
        (answer, (reference, Question.DECISION, given(Question.DECISION))),
        (steps.mark_answered.fn, (reference,)),
        (answer, (reference, Question.REMEDY, given(Question.REMEDY))),
        (steps.mark_put_right.fn, (reference,)),
        (steps.open_follow_up.fn, (reference,)),
        (answer, (reference, Question.FOLLOW_UP, given(Question.FOLLOW_UP))),
        (steps.close.fn, (reference,)),
    ]
    for step, arguments in way:
        step(*arguments)
        before = store.entries(reference)
        for again, same in way[: way.index((step, arguments)) + 1]:  # the flow begins again from the top
            again(*same)
        assert store.entries(reference) == before
        assert look(reference) == store.read_case(reference)  # as the steps left it, and as its ledger tells it

    assert [entry.kind for entry in store.entries(reference) if not entry.kind.startswith("clock_")] == [
        "received",
        *(type(act).kind_name() for act in WAYS[Kind.COMPLAINT][:4]),
        *("decided", "answered", "put_right", "follow_up_opened", "followed_up", "closed"),
    ]


def test_a_remedy_that_must_be_carried_out_is_not_marked_done_by_the_system(store):
    reference = a_stored_case(store, Stage.ANSWERED)
    before = store.entries(reference)

    steps.mark_put_right.fn(reference)

    assert store.entries(reference) == before
    assert store.read_case(reference).asks is Question.REMEDY


@pytest.mark.parametrize(
    ("kind", "stage", "instead", "closure"),
    [
        (Kind.COMPLAINT, Stage.FOLLOWED_UP, (), Closure.COMPLETED),
        (Kind.REPORT, Stage.ANSWERED, (), Closure.COMPLETED),
        (Kind.CONSULTATION, Stage.ANSWERED, (), Closure.ANSWERED_AT_ONCE),
        (Kind.SUGGESTION, Stage.ANSWERED, (), Closure.RECORDED),
    ],
)
def test_a_case_is_closed_with_the_reason_that_its_way_ended_for(store, kind, stage, instead, closure):
    reference = a_case_at(store, stage, kind)

    steps.close.fn(reference)

    assert store.read_case(reference).closed.closure is closure


def test_a_declined_complaint_is_closed_as_declined(store):
    reference = a_case_at(store, Stage.UNDER_INVESTIGATION)
    answer(reference, Question.FINDING, given(Question.FINDING, conclusion="not_ours"))
    steps.mark_answered.fn(reference)

    steps.close.fn(reference)

    assert store.read_case(reference).closed.closure is Closure.DECLINED


def test_a_withdrawn_case_is_left_as_it_is(store):
    reference = a_case_at(store, Stage.ASSESSED)
    with store.open_case(reference) as desk:
        desk.case.withdraw("li.wei", desk.now)
    before = store.entries(reference)

    for step in {row[0] for row in STEPS}:
        step.fn(reference)

    assert store.entries(reference) == before


def test_a_case_is_not_closed_before_its_way_has_ended(store):
    reference = a_case_at(store, Stage.UNDER_INVESTIGATION)
    before = store.entries(reference)

    with pytest.raises(StageError):
        steps.close.fn(reference)

    assert store.entries(reference) == before


def test_the_assessment_that_the_core_makes_is_recorded(store):
    reference = a_case_at(store, Stage.ACKNOWLEDGED, category="collection", narrative="催收电话半夜打来。", kind=None)

    steps.assess.fn(reference)

    assessed = store.read_case(reference).assessed
    assert (assessed.kind, assessed.category, assessed.department) == ("complaint", "collection", "collection")


# --- answers ------------------------------------------------------------------------------------

ASKING = {
    Question.FINDING: (Kind.COMPLAINT, Stage.UNDER_INVESTIGATION),
    Question.DECISION: (Kind.COMPLAINT, Stage.INVESTIGATED),
    Question.REPLY: (Kind.CONSULTATION, Stage.ASSESSED),
    Question.REPORT: (Kind.REPORT, Stage.UNDER_INVESTIGATION),
    Question.BREACH: (Kind.COMPLAINT, Stage.FOLLOWED_UP),
}
ASKED = pytest.mark.parametrize("question", ASKING)


def asking(store, question, **changes):
    """A case that waits for the answer to ``question``."""
    kind, stage = ASKING[question]
    return a_late_case(store) if question is Question.BREACH else a_case_at(store, stage, kind, **changes)


def a_late_case(store):
    """A case whose acknowledgement and decision came too late; why the first one did has been said."""
    reference = a_case_at(store, Stage.FOLLOWED_UP, received_at=store.now() - timedelta(days=20))
    with store.open_case(reference) as desk:
        timekeeping.explain_breach(desk.case, "acknowledgement", BreachCause.STAFFING, "li.wei", desk.now)
    return reference


@ASKED
def test_a_valid_answer_is_recorded_with_who_gave_it(store, question):
    reference = asking(store, question)

    answer(reference, question, given(question), by="wang.fang")

    case = store.read_case(reference)
    assert case.answered_by[question] == "wang.fang"
    assert case.asks is not question


@ASKED
def test_an_answer_recorded_twice_changes_nothing(store, question):
    reference = asking(store, question)
    answer(reference, question, given(question))
    before = store.entries(reference)

    answer(reference, question, given(question))

    assert store.entries(reference) == before


def test_the_first_valid_answer_stands_and_a_late_one_is_silent(store):
    reference = asking(store, Question.FINDING)
    answer(reference, Question.FINDING, given(Question.FINDING, conclusion="substantiated"), by="li.wei")
    before = store.entries(reference)

    answer(reference, Question.FINDING, given(Question.FINDING, conclusion="unsubstantiated"), by="wang.fang")
    answer(reference, Question.FINDING, {"conclusion": "nonsense"}, by="wang.fang")
    answer(reference, Question.FINDING, given(Question.FINDING, reasons="林知夏来电"), by="wang.fang")

    assert store.entries(reference) == before
    assert store.read_case(reference).answered_by[Question.FINDING] == "li.wei"


def test_of_two_answers_at_the_same_moment_one_stands(store):
    reference = asking(store, Question.FINDING)
    people = {"li.wei": "substantiated", "wang.fang": "unsubstantiated"}
    threads = [
        Thread(target=answer, args=(reference, Question.FINDING, given(Question.FINDING, conclusion=what), by))
        for by, what in people.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    case = store.read_case(reference)
    assert [entry.kind for entry in store.entries(reference)].count("found") == 1
    assert case.found.conclusion == people[case.answered_by[Question.FINDING]]


@pytest.mark.parametrize("question", [Question.REMEDY, Question.FOLLOW_UP, Question.DELIVERY, Question.BREACH])
def test_an_answer_that_nobody_asked_for_is_silent(store, question):
    reference = asking(store, Question.FINDING)
    before = store.entries(reference)

    answer(reference, question, given(question))
    answer(reference, question, {})

    assert store.entries(reference) == before


@pytest.mark.parametrize(
    ("question", "values", "field", "reason"),
    [
        (Question.FINDING, {"conclusion": "maybe"}, "conclusion", "Input should be"),
        (Question.FINDING, {}, "conclusion", "Field required"),
        (Question.FINDING, {"conclusion": "substantiated"}, "reasons", "Field required"),
        (Question.DECISION, {"outcome": "upheld"}, "reasons", "Field required"),
        (
            Question.DECISION,
            {"outcome": "upheld", "remedy": "refund", "reasons": "属重复扣收。"},
            "amount",
            "needs an amount above zero",
        ),
        (Question.REPLY, {"topic": "weather"}, "topic", "Input should be"),
        (Question.REPORT, {"result": "guilty"}, "result", "Input should be"),
    ],
)
def test_a_wrong_answer_is_recorded_as_refused_and_the_question_is_asked_again(store, question, values, field, reason):
    reference = asking(store, question)
    assert store.read_case(reference).round_of(question) == 1

    answer(reference, question, values, by="wang.fang")

    case = store.read_case(reference)
    assert case.asks is question
    assert case.round_of(question) == 2
    assert (case.refusal.question, case.refusal.field) == (question, field)
    assert reason in case.refusal.reason
    assert (last(store, reference).kind, last(store, reference).by) == ("answer_was_refused", "wang.fang")


def test_every_wrong_answer_opens_a_new_round_until_a_valid_one_ends_it(store):
    reference = asking(store, Question.FINDING)
    for round in (2, 3, 4):
        answer(reference, Question.FINDING, {"conclusion": "maybe"})
        assert store.read_case(reference).round_of(Question.FINDING) == round

    answer(reference, Question.FINDING, given(Question.FINDING))

    assert store.read_case(reference).refusal is None
    assert store.read_case(reference).asks is Question.DECISION


@pytest.mark.parametrize(
    ("question", "field"),
    [
        (Question.FINDING, "reasons"),
        (Question.DECISION, "reasons"),
        (Question.REPLY, "words"),
    ],
)
@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("已与林知夏核实。", "a name or contact of the complainant"),
        (f"已发至{EMAIL['value']}", "an e-mail address"),
        ("已致电13800000101", "a long number"),
    ],
)
def test_words_that_name_the_complainant_are_refused_without_being_repeated(store, question, field, words, kind):
    reference = asking(store, question)

    answer(reference, question, given(question, **{field: words}))

    case = store.read_case(reference)
    assert case.asks is question
    assert case.refusal.field == field
    assert case.refusal.reason.startswith(f"contains {kind}")
    for secret in ("林知夏", EMAIL["value"], "13800000101"):
        assert secret not in last(store, reference).facts
    assert last(store, reference).sealed is None


def test_a_voucher_may_be_a_long_number_but_names_nobody(store):
    reference = file_complaint(store)
    with store.open_case(reference) as desk:
        advance(desk.case, Stage.ANSWERED, now=desk.now)

    answer(reference, Question.REMEDY, given(Question.REMEDY, voucher="林知夏-1"))
    assert store.read_case(reference).refusal.field == "voucher"

    answer(reference, Question.REMEDY, given(Question.REMEDY, voucher="2026030300012345"))
    assert store.read_case(reference).stage is Stage.PUT_RIGHT


def test_the_lesson_of_a_follow_up_is_looked_at_too(store):
    reference = a_case_at(store, Stage.PUT_RIGHT)
    steps.open_follow_up.fn(reference)

    answer(reference, Question.FOLLOW_UP, given(Question.FOLLOW_UP, lesson="林知夏很满意"))

    assert store.read_case(reference).refusal.field == "lesson"
    assert frozenset({"reasons", "words", "lesson"}) == FREE_WORDS


def test_what_an_operator_may_write_is_recorded_sealed(store):
    reference = asking(store, Question.FINDING)
    words = "2026-03-02 已核对TS260302-7K3M9QX的扣款记录,应退128.50元。"

    answer(reference, Question.FINDING, given(Question.FINDING, reasons=words))

    assert store.read_case(reference).found.reasons == words
    (entry,) = [entry for entry in store.entries(reference) if entry.kind == "found"]
    assert "扣款" not in entry.facts


def test_a_remedy_that_is_said_to_be_done_tomorrow_is_refused(store):
    reference = a_stored_case(store, Stage.ANSWERED)

    answer(reference, Question.REMEDY, a_remedy_done(done_on="2026-03-03").model_dump(mode="json"))

    assert store.read_case(reference).refusal.field == "done_on"
    assert "future" in store.read_case(reference).refusal.reason


def test_asking_for_materials_opens_a_new_round_of_the_finding(store):
    reference = asking(store, Question.FINDING)

    answer(reference, Question.FINDING, given(Question.FINDING, conclusion="need_materials", reasons="请补充流水"))

    case = store.read_case(reference)
    assert (case.stage, case.materials_requested, case.asks) == (Stage.UNDER_INVESTIGATION, 1, Question.FINDING)
    assert case.round_of(Question.FINDING) == 2


def test_materials_cannot_be_asked_of_somebody_who_cannot_be_reached(store):
    reference = asking(store, Question.FINDING, complainant={"name": "林知夏"})

    answer(reference, Question.FINDING, given(Question.FINDING, conclusion="need_materials"))

    assert "no contact is known" in store.read_case(reference).refusal.reason


@pytest.mark.parametrize(
    ("repair", "field"),
    [
        ({"choice": Repair.OTHER_CONTACT, "contact": 7}, "contact"),
        ({"choice": Repair.BY_POST}, "choice"),
    ],
)
def test_a_repair_that_the_file_cannot_serve_is_refused(store, repair, field):
    reference = a_stored_case(store, letter=True)
    with store.open_case(reference) as desk:
        fail_letter(desk.case, now=desk.now)

    answer(reference, Question.DELIVERY, a_repair(**repair).model_dump(mode="json"))

    case = store.read_case(reference)
    assert (case.asks, case.refusal.field) == (Question.DELIVERY, field)


def test_a_field_of_words_that_holds_no_words_is_refused_like_any_wrong_answer(store):
    reference = asking(store, Question.FINDING)

    answer(reference, Question.FINDING, given(Question.FINDING) | {"reasons": None})

    assert store.read_case(reference).refusal.field == "reasons"


# --- what is worth another try ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "retryable"),
    [
        (MailUnavailable("code 451"), True),
        (CaseConflict("TS260302-7K3M9QX", 7), True),
        (MailRefused("code 550"), False),
        (MailUncertain("TimeoutError"), False),
        (LetterIncomplete("decision", ("basis",), "art. 19"), False),
        (StageError("TS260302-7K3M9QX", "received", "closed"), False),
        (AnswerRefused("amount", "is wrong"), False),
        (ValueError("a bug"), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_only_what_may_go_better_later_is_tried_again(error, retryable):
    """The state is made as Prefect's task engine makes it for a task that raised."""
    state = Failed(data=error, message="the task raised")

    assert is_retryable(steps.acknowledge, SimpleNamespace(), state) is retryable
    assert forget_retried() == (("acknowledge",) if retryable else ())


def test_a_task_that_went_well_is_not_tried_again():
    assert is_retryable(steps.acknowledge, SimpleNamespace(), Completed()) is False


def test_every_step_asks_whether_another_try_is_worth_it():
    for step in {row[0] for row in STEPS} | {steps.record_answer}:
        assert step.retry_condition_fn is is_retryable
        assert step.retries == 4


# --- the same complaint twice -------------------------------------------------------------------

AGAIN = {
    "number": None,
    "complainant": {"name": "林知夏", "contacts": [EMAIL]},
    "narrative": "客服承诺不收服务费，但三月五日扣款时被重复收取了两次，要求退还多扣的费用并书面道歉。",
}


def test_what_looks_like_the_same_complaint_is_suggested_once_however_often_the_step_is_run(store):
    first, second = (a_case_at(store, Stage.ASSESSED, **AGAIN) for _ in range(2))

    for _ in range(2):
        steps.suggest_repeats.fn(second)

    assert [one.reference for one in store.read_case(second).repeats] == [first]
    assert [entry.kind for entry in store.entries(second)].count("repeats_suggested") == 1


def test_of_two_that_are_assessed_at_one_moment_one_at_least_finds_the_other(store):
    both = [a_case_at(store, Stage.ACKNOWLEDGED, kind=None, **AGAIN) for _ in range(2)]
    threads = [Thread(target=steps.assess.fn, args=(one,)) for one in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert any(steps.has_repeats(one) for one in both)


def test_nothing_is_suggested_where_nothing_is_alike_or_the_case_has_gone_on(store):
    alone = a_case_at(store, Stage.ASSESSED, **AGAIN)
    assert not steps.has_repeats(alone)
    steps.suggest_repeats.fn(alone)
    beyond = a_case_at(store, Stage.UNDER_INVESTIGATION, **AGAIN)
    steps.suggest_repeats.fn(beyond)

    assert not store.read_case(alone).repeats
    assert not store.read_case(beyond).repeats


def test_what_proves_to_be_a_report_can_no_longer_be_found_by_its_signs(store):
    story = "我要举报某员工收受回扣，有转账记录。"
    report = a_case_at(store, Stage.ACKNOWLEDGED, kind=None, **AGAIN | {"narrative": story})
    steps.assess.fn(report)

    assert store.read_case(report).kind is Kind.REPORT
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(SignRow)) == 0
