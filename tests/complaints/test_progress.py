import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from complaints import acts
from complaints.answers import Question
from complaints.case import Case
from complaints.correspondence import record_sent
from complaints.progress import LETTER_TITLES, Actor, Progress, Step, progress
from complaints.words import EN, LANGUAGES, ZH, Closure, Kind, Stage
from tests.builders import MONDAY, a_case, a_decision, a_finding, advance, an_act, prepare_letter, replayed, send_letter

LATER = MONDAY + timedelta(days=1)
TO_OTHERS = {"report_back"}
"""Letters that do not go to the complainant."""


def shown(case: Case, now=LATER, language=ZH) -> Progress:
    return progress(case, now, language)


@pytest.mark.parametrize(
    ("stage", "step", "actor"),
    [
        (Stage.RECEIVED, Step.RECEIVED, Actor.FIRM),
        (Stage.ACKNOWLEDGED, Step.ACCEPTED, Actor.FIRM),
        (Stage.ASSESSED, Step.ACCEPTED, Actor.FIRM),
        (Stage.UNDER_INVESTIGATION, Step.INVESTIGATING, Actor.FIRM),
        (Stage.INVESTIGATED, Step.PREPARING_ANSWER, Actor.FIRM),
        (Stage.DECIDED, Step.PREPARING_ANSWER, Actor.FIRM),
        (Stage.ANSWERED, Step.PUTTING_RIGHT, Actor.FIRM),
        (Stage.PUT_RIGHT, Step.ANSWERED, Actor.NOBODY),
        (Stage.FOLLOWED_UP, Step.ANSWERED, Actor.NOBODY),
        (Stage.CLOSED, Step.COMPLETED, Actor.NOBODY),
        (Stage.ARCHIVED, Step.COMPLETED, Actor.NOBODY),
    ],
)
def test_each_stage_is_told_in_plain_words_with_who_must_act(stage, step, actor):
    told = shown(a_case(stage))

    assert (told.step, told.actor) == (step, actor)
    assert told.stage == step.zh
    assert told.next.endswith("。")


def test_it_speaks_the_language_that_is_asked_for():
    told = shown(a_case(Stage.UNDER_INVESTIGATION), language=EN)

    assert told.stage == "being looked into"
    assert told.next.startswith("We are establishing the facts")


def test_dates_are_those_of_the_regimes_zone():
    told = shown(a_case(Stage.ACKNOWLEDGED))

    assert told.received_at.isoformat() == "2026-03-02T09:00:00+08:00"
    assert told.acknowledged_at == MONDAY
    assert told.answer_due_on == date(2026, 3, 17)
    assert told.answered_at is None
    assert not told.overdue


def test_once_answered_no_answer_is_due_any_more():
    told = shown(a_case(Stage.ANSWERED))

    assert told.answered_at == MONDAY
    assert told.answer_due_on is None


def test_an_answer_that_is_late_is_owned_up_to():
    told = shown(a_case(Stage.UNDER_INVESTIGATION), now=MONDAY + timedelta(days=30))

    assert told.overdue
    assert told.answer_due_on == date(2026, 3, 17)
    assert "深表歉意" in told.next


def test_a_limit_that_stands_still_promises_no_day():
    case = a_case(Stage.UNDER_INVESTIGATION)
    case.record(an_act(acts.ClockPaused), LATER)

    assert shown(case).answer_due_on is None


def test_materials_are_awaited_from_the_request_until_they_come():
    case = a_case(Stage.UNDER_INVESTIGATION)
    case.record(an_act(acts.MaterialsRequested), MONDAY)
    assert shown(case).awaits_materials
    assert shown(case).actor is Actor.COMPLAINANT

    came = acts.MaterialsReceived(number=1, channel="web", sender="web-form", words="给您")
    case.record(came, LATER)
    assert not shown(case).awaits_materials
    assert shown(case).step is Step.INVESTIGATING


def test_what_is_asked_for_is_told_only_once_its_letter_has_gone_out():
    case = a_case(Stage.UNDER_INVESTIGATION)
    case.record(an_act(acts.MaterialsRequested, reasons="请补充银行流水。"), MONDAY)
    prepare_letter(case, letter="materials_request")
    assert shown(case).materials_wanted is None

    case.record(an_act(acts.LetterSent, letter="materials_request"), LATER)
    assert shown(case).materials_wanted == "请补充银行流水。"


def test_letters_are_listed_once_they_left_with_their_titles():
    case = a_case()
    prepare_letter(case)
    assert shown(case).letters == ()

    case.record(an_act(acts.LetterSent), LATER)
    (letter,) = shown(case).letters
    assert (letter.title, letter.sent_at) == ("受理告知书", LATER)


def laid_ready(case: Case, letter: str, kept=acts.Kept.NOT_SENT) -> Case:
    prepare_letter(case, now=MONDAY, letter=letter)
    case.record(an_act(acts.LetterSent, letter=letter, kept=kept), LATER)
    return case


def test_a_letter_that_lies_ready_is_not_said_to_be_sent():
    (letter,) = shown(laid_ready(a_case(), "acknowledgement")).letters

    assert (letter.sent_at, letter.written_at, letter.kept) == (None, MONDAY, "已写好，待人工发送")


@pytest.mark.parametrize("stage", [Stage.ANSWERED, Stage.PUT_RIGHT])
def test_an_answer_that_lies_ready_does_not_count_as_given(stage):
    told = shown(laid_ready(a_case(stage), "decision", acts.Kept.HAND_OVER))

    assert (told.step, told.actor, told.answered_at) == (Step.ANSWER_WRITTEN, Actor.FIRM, None)
    assert "已书面答复" not in told.next
    assert "寄送或转达" in told.next


def test_where_nobody_knows_how_to_reach_them_the_complainant_is_asked_for_it():
    told = shown(laid_ready(a_case(Stage.ANSWERED), "decision", acts.Kept.ON_FILE), language=EN)

    assert "no way to reach you" in told.next


def test_a_matter_that_was_declined_by_a_letter_that_lies_ready_is_not_said_to_have_been_told():
    case = a_case(Stage.UNDER_INVESTIGATION)
    case.record(acts.Found(**a_finding(conclusion="not_ours").model_dump()), LATER)
    laid_ready(case, "decline")
    case.record(acts.Answered(), LATER)
    case.record(an_act(acts.Closed, closure=Closure.DECLINED), LATER)

    assert shown(case).step is Step.DECLINED
    assert "已书面说明" not in shown(case).next


@pytest.mark.parametrize(("kept", "told"), [(acts.Kept.HAND_OVER, "寄送或转达"), (acts.Kept.ON_FILE, "请来电告诉我们")])
def test_an_answer_that_still_lies_ready_when_the_case_is_closed_is_told_and_offers_no_page_that_takes_nothing(
    kept, told
):
    page = shown(laid_ready(a_case(Stage.CLOSED), "decision", kept))

    assert (page.step, page.actor, page.answered_at, page.takes_materials) == (Step.COMPLETED, Actor.FIRM, None, False)
    assert told in page.next
    assert "本页" not in page.next


def test_an_acknowledgement_that_lies_ready_acknowledges_nothing_yet():
    assert shown(laid_ready(a_case(Stage.ACKNOWLEDGED), "acknowledgement")).acknowledged_at is None


def test_once_a_person_has_sent_it_the_letter_is_told_as_sent_and_so_is_the_answer():
    case = laid_ready(a_case(Stage.ANSWERED), "decision")
    record_sent(case, case.letters["decision", 1].prepared.number, "li.wei", LATER + timedelta(hours=3))
    told = shown(case)

    assert [(one.sent_at, one.kept) for one in told.letters] == [(LATER + timedelta(hours=3), None)]
    assert told.step is Step.PUTTING_RIGHT
    assert told.answered_at == LATER + timedelta(hours=3)
    assert shown(replayed(case)) == told


def test_the_end_of_a_report_is_not_told_by_a_letter_that_lies_ready():
    case = laid_ready(a_case(Stage.INVESTIGATED, kind=Kind.REPORT), "report_outcome")

    assert shown(case).step is Step.IN_CONFIDENCE


def test_entries_that_do_not_say_where_a_letter_lies_mean_that_it_was_sent_as_they_always_did():
    assert acts.LetterSent(letter="decision", round=1, channel="email", receipt="accepted").kept is None


def test_a_letter_to_somebody_else_is_not_listed():
    case = a_case()
    send_letter(case, "letter_to_somebody_else", now=LATER)

    assert shown(case).letters == ()


def test_every_letter_to_a_complainant_has_a_title():
    folders = Path(__file__).parents[2] / "templates" / "letters"
    letters = {one.name for one in folders.iterdir() if one.is_dir()}

    assert letters - TO_OTHERS == LETTER_TITLES.keys()


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage.is_open and stage is not Stage.ENDED])
def test_an_open_case_takes_materials_and_until_it_is_answered_a_withdrawal(stage):
    told = shown(a_case(stage))

    assert told.takes_materials
    assert told.may_withdraw is (list(Stage).index(stage) < list(Stage).index(Stage.ANSWERED))


@pytest.mark.parametrize("stage", [Stage.ENDED, Stage.CLOSED, Stage.ARCHIVED])
@pytest.mark.parametrize("kind", [Kind.COMPLAINT, Kind.REPORT])
def test_a_case_that_is_over_takes_nothing_more(stage, kind):
    told = shown(a_case(stage, kind=kind))

    assert not told.takes_materials
    assert not told.may_withdraw
    assert not told.survey_open


def test_the_survey_is_open_from_the_follow_up_until_somebody_answered():
    case = a_case(Stage.PUT_RIGHT)
    assert not shown(case).survey_open
    case.record(an_act(acts.FollowUpOpened), LATER)
    assert shown(case).survey_open
    assert shown(case).step is Step.SURVEY

    case.record(an_act(acts.FollowedUp), LATER, "li.wei")
    assert not shown(case).survey_open


@pytest.mark.parametrize(
    ("closure", "step"),
    [
        (Closure.WITHDRAWN, Step.WITHDRAWN),
        (Closure.MERGED, Step.MERGED),
    ],
)
def test_how_a_case_ended_is_told(closure, step):
    case = a_case(Stage.UNDER_INVESTIGATION)
    case.record(an_act(acts.Closed, closure=closure), LATER)

    assert shown(case).step is step
    assert shown(case).closed_at == LATER


def test_a_declined_case_says_so_when_it_is_closed():
    case = a_case(Stage.UNDER_INVESTIGATION)
    case.record(acts.Found(**a_finding(conclusion="not_ours").model_dump()), LATER)
    assert shown(case).step is Step.PREPARING_ANSWER  # as long as no letter has told it

    case.record(acts.Answered(), LATER)
    case.record(an_act(acts.Closed, closure=Closure.DECLINED), LATER)
    assert shown(case).step is Step.DECLINED


def test_a_case_taken_up_again_is_being_looked_into():
    case = a_case(Stage.CLOSED)
    case.record(an_act(acts.Reopened), LATER)

    assert shown(case).step is Step.INVESTIGATING
    assert shown(case).answered_at is None
    assert shown(case).may_withdraw


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_from_inside_the_firm_is_told(language):
    case = a_case(Stage.UNDER_INVESTIGATION)
    case.answer(Question.FINDING, a_finding(reasons="内部核查意见", severity="major"), "li.wei", LATER)
    case.answer(Question.DECISION, a_decision(reasons="内部决定理由"), "zhao.min", LATER)
    told = json.dumps(progress(case, LATER, language).model_dump(mode="json"), ensure_ascii=False)

    for inside in ("内部", "li.wei", "zhao.min", "major", "128.50", "upheld", "substantiated", "林知夏"):
        assert inside not in told


@pytest.mark.parametrize("stage", [Stage.RECEIVED, Stage.ASSESSED, Stage.UNDER_INVESTIGATION, Stage.INVESTIGATED])
def test_of_a_report_nothing_is_told_but_what_its_letters_say(stage):
    case = a_case(stage, kind=Kind.REPORT, instead=[an_act(acts.ReportExamined, result="confirmed")])
    told = shown(case)

    assert told.step is Step.IN_CONFIDENCE
    assert (told.acknowledged_at, told.answer_due_on, told.answered_at, told.closed_at) == (None, None, None, None)
    assert not told.may_withdraw
    assert not told.overdue
    assert "举报" not in str(told)


def test_of_a_report_a_request_for_more_and_an_overdue_limit_are_not_told():
    case = a_case(Stage.UNDER_INVESTIGATION, kind=Kind.REPORT)

    assert shown(case, now=MONDAY + timedelta(days=90)) == shown(case)


def test_the_end_of_a_report_is_told_with_its_letter():
    case = a_case(Stage.INVESTIGATED, kind=Kind.REPORT)
    send_letter(case, "report_outcome", now=LATER)
    told = shown(case)

    assert told.step is Step.COMPLETED
    assert [one.title for one in told.letters] == ["关于您提交的事项"]
    assert "相应处理" in told.next


def test_a_matter_that_reads_like_a_report_is_kept_as_one_before_it_is_assessed():
    case = a_case(kind=None, narrative="我要举报贵公司员工收受贿赂。")

    assert shown(case).step is Step.IN_CONFIDENCE


def test_progress_is_the_same_after_the_case_came_back_from_its_ledger():
    case = a_case(Stage.DECIDED)
    send_letter(case, "decision", now=LATER)
    advance(case, Stage.PUT_RIGHT, now=LATER)

    assert shown(replayed(case)) == shown(case)
