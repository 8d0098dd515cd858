"""What comes in for a case that is there."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from complaints import acts, timekeeping
from complaints.answers import Question
from complaints.case import Case
from complaints.contributions import DeliveryReceipt, receive_materials, report_delivery, withdraw
from complaints.correspondence import waiting_letters
from complaints.errors.case import AnswerRefused, StageError
from complaints.errors.intake import ContributionTooLate
from complaints.errors.letters import LetterUnderWay, UnknownLetter
from complaints.sheet import case_sheet
from complaints.words import Channel, Closure, DeliveryStatus, Kind, Stage
from tests.builders import (
    EMAIL,
    MONDAY,
    POST,
    REFERENCE,
    a_case,
    a_case_under,
    a_pack,
    a_repair,
    advance,
    an_act,
    fail_letter,
    prepare_letter,
    replayed,
    send_letter,
)

LATER = MONDAY + timedelta(hours=5)
OPEN = [stage for stage in Stage if stage.is_open and stage is not Stage.ENDED]
NUMBER = f"{REFERENCE}-1"


def materials(case: Case, **changes: Any) -> acts.MaterialsReceived:
    given: dict[str, Any] = {"channel": Channel.WEB, "words": "补充三月的银行流水。", "evidence": (2, 3)}
    return receive_materials(case, **given | {"sender": "crm", "by": "crm", "now": LATER} | changes)


def receipt(status: str = "failed", **changes: Any) -> DeliveryReceipt:
    return DeliveryReceipt.model_validate({"letter": NUMBER, "status": status} | changes)


# --- materials ---------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", OPEN)
def test_an_open_case_takes_materials_at_any_stage(stage: Stage) -> None:
    case = a_case(stage)

    first, second = materials(case), materials(case, words=None)

    assert (first.number, second.number) == (1, 2)
    assert case.stage is stage
    assert replayed(case).materials == (first, second)


@pytest.mark.parametrize("stage", [Stage.CLOSED, Stage.ARCHIVED])
def test_a_closed_case_takes_no_materials_and_says_what_to_do(stage: Stage) -> None:
    case = a_case(stage)
    case.new.clear()

    with pytest.raises(ContributionTooLate, match="as a new complaint"):
        materials(case)

    assert not case.new


def test_a_withdrawn_case_takes_no_materials() -> None:
    case = a_case(Stage.UNDER_INVESTIGATION)
    case.withdraw("li.wei", LATER)

    with pytest.raises(ContributionTooLate):
        materials(case)


@pytest.mark.parametrize(
    ("stage", "question"),
    [(Stage.UNDER_INVESTIGATION, Question.FINDING), (Stage.INVESTIGATED, Question.DECISION)],
)
def test_what_rests_on_materials_is_asked_anew_by_a_form_that_shows_them(stage: Stage, question: Question) -> None:
    case = a_case(stage)
    before = case.round_of(question)

    materials(case)

    assert (case.asks, case.round_of(question)) == (question, before + 1)
    assert "补充材料 · Materials | 已收到 1 次，最近一次 2026-03-02 14:00" in case_sheet(case, LATER)


def test_a_form_that_has_nothing_to_do_with_materials_stays_as_it_is() -> None:
    case = a_case(Stage.ANSWERED)

    materials(case)

    assert (case.asks, case.round_of(Question.REMEDY)) == (Question.REMEDY, 1)


def test_the_sheet_says_that_what_was_asked_for_has_not_come() -> None:
    case = a_case(Stage.UNDER_INVESTIGATION)
    materials(case, now=MONDAY)
    case.record(an_act(acts.MaterialsRequested), MONDAY + timedelta(hours=1), "li.wei")

    assert "尚未收到 · asked for, not come yet" in case_sheet(case, LATER)
    materials(case)
    assert "已收到 2 次" in case_sheet(case, LATER)


def test_the_form_of_a_report_says_that_materials_came_and_nothing_of_them() -> None:
    case = a_case(Stage.UNDER_INVESTIGATION, kind=Kind.REPORT)

    materials(case)

    sheet = case_sheet(case, LATER)
    assert "已收到 1 次" in sheet
    assert "流水" not in sheet


PAUSES = """
[[clocks]]
name = "decision"

[[clocks.pauses]]
name = "materials"
title = { zh = "等待材料", en = "waiting for materials" }
ends = ["materials_received"]
article = { zh = "本机构标准", en = "firm's own standard" }
confidence = "L"

[[clocks.pauses]]
name = "other"
title = { zh = "其他", en = "something else" }
article = { zh = "本机构标准", en = "firm's own standard" }
confidence = "L"
"""


def paused(name: str) -> Case:
    case = a_case_under(a_pack(PAUSES))
    advance(case, Stage.UNDER_INVESTIGATION)
    timekeeping.pause(case, "decision", name, "li.wei", MONDAY + timedelta(days=1))
    return case


def test_a_clock_that_stands_still_for_materials_goes_on_when_they_come() -> None:
    case = paused("materials")
    before = case.clocks["decision"].due_at

    materials(case, now=MONDAY + timedelta(days=4))

    clock = case.clocks["decision"]
    assert not clock.is_paused
    assert clock.due_at == before + timedelta(days=3)
    assert clock.own_pauses[-1].ends == MONDAY + timedelta(days=4)


def test_a_clock_that_stands_still_for_something_else_does_not_go_on() -> None:
    case = paused("other")

    materials(case, now=MONDAY + timedelta(days=4))

    assert case.clocks["decision"].is_paused


# --- a withdrawal ------------------------------------------------------------------------------


def test_a_withdrawal_twice_is_one() -> None:
    case = a_case(Stage.UNDER_INVESTIGATION)

    first = withdraw(case, "crm", LATER, channel=Channel.TELEPHONE, words="不再追究。")
    case.new.clear()
    second = withdraw(case, "crm", LATER)

    assert (first, second) == (True, False)
    assert not case.new
    assert case.closed is not None
    assert case.closed.closure is Closure.WITHDRAWN


def test_a_case_that_was_closed_for_another_reason_cannot_be_withdrawn() -> None:
    with pytest.raises(StageError):
        withdraw(a_case(Stage.CLOSED), "crm", LATER)


# --- receipts ----------------------------------------------------------------------------------


def sent(stage: Stage = Stage.UNDER_INVESTIGATION, **changes: Any) -> Case:
    case = a_case(stage, **changes)
    send_letter(case, "acknowledgement", now=MONDAY)
    return case


def test_a_letter_that_came_back_is_asked_about_and_its_address_is_not_used_again() -> None:
    case = sent(complainant={"name": "林知夏", "contacts": [EMAIL, POST]})

    assert report_delivery(case, receipt(code="5.1.1"), "mail", LATER)

    letter = case.letters["acknowledgement", 1]
    assert (case.asks, letter.status) == (Question.DELIVERY, "failed")
    assert letter.reason == "mail reported that it was not delivered (5.1.1)"
    assert case.best_contact is not None
    assert case.best_contact.value == POST["value"]
    assert replayed(case).letters == case.letters


def test_a_failure_that_may_pass_does_not_spoil_the_address() -> None:
    case = sent()

    report_delivery(case, receipt(code="4.2.2"), "mail", LATER)

    assert case.asks is Question.DELIVERY
    assert not case.refused_by


@pytest.mark.parametrize("status", [DeliveryStatus.DELIVERED, DeliveryStatus.DELAYED])
def test_a_receipt_that_asks_for_nothing_is_recorded_and_changes_nothing(status: DeliveryStatus) -> None:
    case = sent()

    assert report_delivery(case, receipt(status), "gateway", LATER)

    letter = case.letters["acknowledgement", 1]
    assert (letter.status, case.asks) == ("sent", Question.FINDING)
    assert letter.reported is not None
    assert letter.reported.status is status


@pytest.mark.parametrize("uncertain", [True, False])
def test_a_letter_that_arrived_after_all_is_not_asked_about_any_more(uncertain: bool) -> None:
    case = a_case(Stage.UNDER_INVESTIGATION)
    prepare_letter(case)
    fail_letter(case, uncertain=uncertain)

    report_delivery(case, receipt("delivered"), "gateway", LATER)

    assert (case.letters["acknowledgement", 1].status, case.asks) == ("sent", Question.FINDING)
    kinds = [one.act.kind_name() for one in case.new][-3:]
    assert kinds == ["letter_failed", "delivery_reported", "letter_sent"]


def test_a_letter_that_came_back_after_it_had_arrived_is_asked_about() -> None:
    case = sent()
    report_delivery(case, receipt("delivered"), "gateway", LATER)

    report_delivery(case, receipt("failed"), "gateway", LATER + timedelta(hours=1))

    assert case.asks is Question.DELIVERY


def test_the_same_receipt_twice_is_recorded_once() -> None:
    case = sent()
    told = receipt(code="5.1.1", occurred_at=LATER)

    first = report_delivery(case, told, "mail", LATER)
    case.new.clear()
    second = report_delivery(case, told, "mail", LATER + timedelta(hours=1))

    assert (first, second) == (True, False)
    assert not case.new


@pytest.mark.parametrize("stage", [Stage.CLOSED, Stage.ARCHIVED])
def test_what_becomes_of_a_letter_of_a_closed_case_is_recorded_and_asks_nobody(stage: Stage) -> None:
    case = a_case(Stage.UNDER_INVESTIGATION)
    send_letter(case, "acknowledgement", now=MONDAY)
    advance(case, stage)

    assert report_delivery(case, receipt(), "mail", LATER)

    assert (case.stage, case.asks) == (stage, None)


def repaired() -> Case:
    """A case whose letter came back from the e-mail address and was sent by post."""
    case = sent(complainant={"name": "林知夏", "contacts": [EMAIL, POST]})
    report_delivery(case, receipt(code="5.1.1", occurred_at=LATER), "mail", LATER)
    case.answer(Question.DELIVERY, a_repair(choice="by_post"), "li.wei", LATER + timedelta(hours=1))
    return case


def test_a_bounce_of_an_earlier_try_does_not_bring_the_letter_back() -> None:
    case = repaired()
    waiting = report_delivery(case, receipt(code="5.0.0"), "mail", LATER + timedelta(hours=1))
    before = case.letters["acknowledgement", 1].status
    case.record(an_act(acts.LetterSent, channel="hand"), LATER + timedelta(hours=2))

    by_time = report_delivery(case, receipt(occurred_at=LATER), "mail", LATER + timedelta(hours=3))
    by_address = report_delivery(case, receipt(recipient=EMAIL["value"].upper()), "post", LATER + timedelta(hours=3))

    assert (waiting, by_time, by_address) == (True, True, True)
    assert (before, case.letters["acknowledgement", 1].status) == ("prepared", "sent")
    assert case.asks is Question.FINDING


def test_a_bounce_of_an_earlier_try_leaves_a_letter_that_lies_ready_where_it_is() -> None:
    case = repaired()
    case.record(an_act(acts.LetterSent, channel="hand", kept=acts.Kept.HAND_OVER), LATER + timedelta(hours=2))

    report_delivery(case, receipt(occurred_at=LATER), "mail", LATER + timedelta(hours=3))

    assert [one.prepared.letter for one in waiting_letters(case)] == ["acknowledgement"]
    assert case.asks is Question.FINDING


@pytest.mark.parametrize(
    "stale", [{"occurred_at": LATER}, {"recipient": EMAIL["value"]}], ids=["by time", "by address"]
)
def test_nor_does_the_delivery_of_an_earlier_try_send_it(stale: dict[str, Any]) -> None:
    case = repaired()
    case.record(an_act(acts.LetterSent, channel="hand", kept=acts.Kept.HAND_OVER), LATER + timedelta(hours=2))

    report_delivery(case, receipt(status=DeliveryStatus.DELIVERED, **stale), "mail", LATER + timedelta(hours=3))

    assert [one.prepared.letter for one in waiting_letters(case)] == ["acknowledgement"]
    assert case.letters["acknowledgement", 1].sent_at is None


def test_a_letter_that_lay_ready_has_left_once_its_delivery_is_reported() -> None:
    case = repaired()
    case.record(an_act(acts.LetterSent, channel="hand", kept=acts.Kept.HAND_OVER), LATER + timedelta(hours=2))

    report_delivery(case, receipt(status=DeliveryStatus.DELIVERED), "post", LATER + timedelta(hours=3))

    assert waiting_letters(case) == []
    assert case.letters["acknowledgement", 1].has_left


def test_a_bounce_of_the_second_try_does() -> None:
    case = repaired()
    case.record(an_act(acts.LetterSent, channel="hand"), LATER + timedelta(hours=2))

    report_delivery(case, receipt(occurred_at=LATER + timedelta(hours=3)), "post", LATER + timedelta(hours=4))

    assert case.asks is Question.DELIVERY


def test_a_gateway_whose_clock_is_behind_is_believed_all_the_same() -> None:
    case = sent()

    report_delivery(case, receipt(occurred_at=MONDAY - timedelta(minutes=20)), "gateway", LATER)

    assert case.asks is Question.DELIVERY


def test_a_report_of_a_letter_that_is_just_being_sent_is_taken_a_moment_later() -> None:
    case = a_case(Stage.UNDER_INVESTIGATION)
    prepare_letter(case)

    with pytest.raises(LetterUnderWay, match="again in a minute"):
        report_delivery(case, receipt(), "gateway", LATER)

    case.record(an_act(acts.LetterSent), LATER)
    assert report_delivery(case, receipt(), "gateway", LATER)


@pytest.mark.parametrize(
    "named",
    [
        {"letter": None, "message_id": f"<{NUMBER}@example.com>"},
        {"letter": None, "message_id": f"{NUMBER}@example.com"},
        {"message_id": f"<{NUMBER}@example.com>"},
    ],
)
def test_a_letter_is_known_by_its_number_or_its_message_id(named: dict[str, Any]) -> None:
    assert report_delivery(sent(), receipt(**named), "gateway", LATER)


@pytest.mark.parametrize("named", [{"letter": f"{REFERENCE}-2"}, {"message_id": "<other@example.com>"}])
def test_a_letter_that_the_case_does_not_have_is_refused(named: dict[str, Any]) -> None:
    with pytest.raises(UnknownLetter, match="as it stands on the letter"):
        report_delivery(sent(), receipt(**named), "gateway", LATER)


def test_a_receipt_from_the_future_is_refused() -> None:
    case = sent()

    with pytest.raises(AnswerRefused, match="occurred_at: is in the future"):
        report_delivery(case, receipt(occurred_at=LATER + timedelta(minutes=6)), "gateway", LATER)
    assert report_delivery(case, receipt(occurred_at=LATER + timedelta(minutes=4)), "gateway", LATER)


def test_a_receipt_must_name_a_letter() -> None:
    with pytest.raises(ValidationError, match="name the letter"):
        receipt(letter=None)


def test_what_a_mail_system_says_of_a_person_is_sealed() -> None:
    assert acts.DeliveryReported.personal == {"detail"}
    assert acts.MaterialsReceived.personal == {"words"}
    assert acts.Withdrawn.personal == {"words"}
