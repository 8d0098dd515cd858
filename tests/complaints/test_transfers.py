"""Matters that an authority forwarded: their record, the clock of the report, and that none is closed without it."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from complaints import acts, timekeeping
from complaints.answers import Question
from complaints.case import closure_of
from complaints.case_explanation import explain_case
from complaints.deadlines import last_day
from complaints.errors.case import AnswerRefused, NoReportOwed, ReportOwed, StageError
from complaints.reception import receive
from complaints.regimes.rulebook import load_pack
from complaints.transfers import REPORT_BACK, REPORT_BACK_SENT, key_of_authority, name_of_authority, polite_you
from complaints.words import EN, ZH, Closure, GiveUpReason, Kind, NoReport, Repair, Stage
from tests.builders import (
    AUTHORITY_EMAIL,
    EMAIL,
    MONDAY,
    PHONE,
    POST,
    REFERENCE,
    REGIME,
    SHANGHAI,
    TRANSFER,
    a_case,
    a_case_under,
    a_complaint,
    a_repair,
    advance,
    an_act,
    fail_letter,
    prepare_letter,
    replayed,
    send_letter,
    sweep,
)

LATER = MONDAY + timedelta(days=2)
OPEN_BUT_ENDED = [stage for stage in Stage if stage.is_open and stage is not Stage.ENDED]
WITHOUT_CONTACT = {name: value for name, value in TRANSFER.items() if name != "contact"}
AUTHORITY_POST = {"kind": "post", "value": "上海市某某路100号 消费者权益保护处"}


def forwarded(stage=Stage.RECEIVED, *, kind=Kind.COMPLAINT, now=MONDAY, instead=(), complaint=None, **transfer):
    """A case that an authority forwarded; ``transfer`` is what is different about that."""
    return a_case(stage, kind=kind, now=now, instead=instead, transfer=TRANSFER | transfer, **(complaint or {}))


def report_due_on(case):
    return last_day(case.clocks["report-back"].due_at, case.pack.tz)


# --- the record -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("transfer", "field", "reason"),
    [
        ({"number": "1"}, "transfer.authority", "required"),
        ({"authority": "pbc"}, "transfer.number", "required"),
        (TRANSFER | {"number": "  "}, "transfer.number", "at least 1 character"),
        (TRANSFER | {"number": "1\x00"}, "transfer.number", "control characters"),
        (TRANSFER | {"number": "x" * 201}, "transfer.number", "at most 200"),
        (TRANSFER | {"report_by": "9999-12-31"}, "transfer.report_by", "less than or equal"),
        (TRANSFER | {"sent_on": "0001-01-01"}, "transfer.sent_on", "greater than or equal"),
        (TRANSFER | {"report_by": "2026-02-26"}, "transfer", "lies before sent_on"),
        (TRANSFER | {"contact": {"kind": "email", "value": "nobody"}}, "transfer.contact", "not an e-mail address"),
        (TRANSFER | {"language": "fr"}, "transfer.language", "pattern"),
        (TRANSFER | {"clerk": "王"}, "transfer.clerk", "not permitted"),
    ],
)
def test_a_transfer_that_cannot_be_taken_names_the_field_and_the_reason(transfer, field, reason):
    with pytest.raises(ValidationError) as wrong:
        a_complaint(transfer=transfer)

    first = wrong.value.errors()[0]
    assert ".".join(str(part) for part in first["loc"]) == field
    assert reason in first["msg"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("沪金监转〔2026〕123号", "沪金监转[2026]123号"),
        ("沪金监转〔2026〕123号", "沪金监转（２０２６） 123 号"),
        ("ZB-2026-7", " zb–2026-7"),
        ("NFRA-Shanghai", "nfra-shanghai"),
    ],
)
def test_a_number_written_in_another_way_is_the_same(one, other):
    assert key_of_authority(one) == key_of_authority(other)


@pytest.mark.parametrize(("one", "other"), [("2026-1-12", "2026-11-2"), ("2026 12", "202 612"), ("转123", "转124")])
def test_another_number_is_another(one, other):
    assert key_of_authority(one) != key_of_authority(other)


@pytest.mark.parametrize(
    ("authority", "zh", "en", "you"),
    [
        (
            "nfra-shanghai",
            "国家金融监督管理总局上海监管局",
            "Shanghai Bureau of the National Financial Regulatory Administration",
            "贵局",
        ),
        ("PBC", "中国人民银行", "People’s Bank of China", "贵行"),
        ("12378", "12378银行保险消费者投诉维权热线", "12378 banking and insurance consumer hotline", "贵单位"),
        ("浦东新区消费者权益保护委员会", "浦东新区消费者权益保护委员会", "浦东新区消费者权益保护委员会", "贵会"),
        ("nfra-atlantis", "nfra-atlantis", "nfra-atlantis", "贵单位"),
    ],
)
def test_an_authority_is_called_by_its_name(authority, zh, en, you):
    assert (name_of_authority(authority, ZH), name_of_authority(authority, EN)) == (zh, en)
    assert polite_you(zh) == you


def test_a_transfer_is_part_of_the_content():
    assert a_complaint(transfer=TRANSFER).fingerprint != a_complaint().fingerprint
    assert a_complaint(transfer=TRANSFER | {"number": "2"}).fingerprint != a_complaint(transfer=TRANSFER).fingerprint


def test_two_senders_of_one_matter_differ_in_their_own_number_and_in_when_they_had_it():
    one = a_complaint(transfer=TRANSFER)

    assert one.is_same_matter(a_complaint(transfer=TRANSFER, number="OA-7", received_at=MONDAY))
    assert not one.is_same_matter(a_complaint(transfer=TRANSFER, narrative="另一件事。"))


def test_authority_number_and_its_date_stand_in_the_ledger_and_its_contact_is_sealed():
    case = forwarded(report_by="2026-03-12")

    facts = case.facts.model_dump(mode="json", exclude={"complaint"})
    assert (facts["authority"], facts["authority_number"]) == (TRANSFER["authority"], TRANSFER["number"])
    assert facts["report_by"] == "2026-03-12"
    assert AUTHORITY_EMAIL["value"] not in str(facts)
    assert "complaint" in acts.Received.personal


# --- its own clock --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("received_at", "report_by", "due_on"),
    [
        # no date of the authority's own: fifteen days, as for the answer
        (MONDAY, None, date(2026, 3, 17)),
        (datetime(2026, 3, 1, 16, 30, tzinfo=ZoneInfo("UTC")), None, date(2026, 3, 17)),  # 2 March in Shanghai
        (datetime(2026, 3, 1, 15, 30, tzinfo=ZoneInfo("UTC")), None, date(2026, 3, 16)),
        # the date that the authority named leads, earlier or later
        (MONDAY, "2026-03-12", date(2026, 3, 12)),
        (MONDAY, "2026-03-03", date(2026, 3, 3)),
        (MONDAY, "2026-05-01", date(2026, 5, 1)),  # a holiday, all the same
        # on the day of receipt, or before: that day
        (MONDAY, "2026-03-02", date(2026, 3, 2)),
        (MONDAY, "2026-02-27", date(2026, 3, 2)),
        (datetime(2026, 3, 2, 23, 59, tzinfo=SHANGHAI), "2026-03-02", date(2026, 3, 2)),
    ],
)
def test_the_report_is_due(received_at, report_by, due_on):
    case = forwarded(now=received_at, report_by=report_by)

    clock = case.clocks["report-back"]
    assert report_due_on(case) == due_on
    assert clock.due_at.astimezone(SHANGHAI).time().isoformat() == "00:00:00"
    assert case.clocks["decision"].due_at == a_case(now=received_at).clocks["decision"].due_at
    assert case.answer_clock is case.clocks["decision"]  # to report is no answer to the complainant


def test_a_case_that_no_authority_forwarded_has_no_such_clock():
    case = a_case(channel="regulator")

    assert "report-back" not in case.clocks
    assert not case.owes_report


@pytest.mark.parametrize("regime", ["uk-disp", "au-rg271", "hk-hkma"])
def test_a_regime_that_has_no_such_rule_asks_for_no_report(regime):
    case = a_case_under(load_pack(regime), transfer=TRANSFER)

    assert not case.owes_report
    case.withdraw("li.wei", MONDAY)
    assert case.stage is Stage.CLOSED


def test_further_regimes_have_the_limit_too_and_one_report_does_all():
    further = [load_pack("cn-pbc"), load_pack("cn-collections")]
    changes = {"channel": "regulator", "category": "collection", "transfer": TRANSFER | {"report_by": "2026-03-09"}}
    case = a_case_under(load_pack("cn-nfra"), *further, **changes)

    clocks = [name for name in case.clocks if name.endswith("report-back")]
    assert sorted(clocks) == ["cn-collections/report-back", "cn-pbc/report-back", "report-back"]
    assert {last_day(case.clocks[name].due_at, SHANGHAI) for name in clocks} == {date(2026, 3, 9)}
    send_letter(case, REPORT_BACK, now=LATER)
    assert [case.clocks[name].late for name in clocks] == [False] * 3


def test_the_explanation_says_that_the_authority_s_date_leads_and_that_the_rule_is_to_be_verified():
    case = forwarded(report_by="2026-03-12")

    [one] = [one for one in explain_case(case) if one.name == "report-back"]
    assert any("转办机关要求于 2026-03-12 前（含当日）反馈，以此为准" in line for line in one.lines(ZH))
    assert any("by 2026-03-12, which leads" in line for line in one.lines(EN))
    assert one.due == "2026-03-12 24:00"
    assert one.rule.to_verify
    assert one.explanation.due.at == case.clocks["report-back"].due_at


def test_without_a_date_the_explanation_counts_the_rule_s_own_days():
    [one] = [one for one in explain_case(forwarded()) if one.name == "report-back"]

    assert not any("转办机关要求" in step.zh for step in one.steps)
    assert one.due == "2026-03-17 24:00"


def test_people_are_warned_and_told_of_a_report_that_is_missing():
    case = forwarded(Stage.ANSWERED, report_by="2026-03-11")
    pressing = [case.report_presses]

    said = sweep(case, MONDAY + timedelta(days=6))
    pressing.append(case.report_presses)
    said += sweep(case, MONDAY + timedelta(days=10))

    told = [act for act in said if getattr(act, "clock", "") == "report-back"]
    assert [type(act) for act in told] == [acts.ClockWarned, acts.ClockMissed]
    assert told[1].tell == ("supervisor", "compliance")
    assert pressing == [False, True]


def test_another_day_may_be_agreed_with_the_authority():
    case = forwarded(report_by="2026-03-12")

    timekeeping.extend(case, "report-back", "agreed", "li.wei", LATER, promised_on=date(2026, 3, 20))

    assert report_due_on(case) == date(2026, 3, 20)
    assert report_due_on(replayed(case)) == date(2026, 3, 20)


# --- no case is closed without its report ---------------------------------------------------------


@pytest.mark.parametrize("late", [False, True])
def test_the_report_ends_its_clock_and_nothing_else_does(late):
    sent_at = MONDAY + timedelta(days=16 if late else 3)
    case = forwarded(Stage.FOLLOWED_UP)

    with pytest.raises(ReportOwed, match="redress no-report"):
        case.record(acts.Closed(closure=Closure.COMPLETED), LATER)
    assert case.stage is Stage.FOLLOWED_UP
    send_letter(case, REPORT_BACK, now=sent_at)

    assert case.clocks["report-back"].late is late
    case.record(acts.Closed(closure=Closure.COMPLETED), sent_at)
    assert case.stage is Stage.CLOSED


def test_a_letter_to_the_complainant_is_no_report():
    case = forwarded(Stage.DECIDED)

    send_letter(case, "decision", now=LATER)

    assert case.owes_report


@pytest.mark.parametrize("reason", NoReport)
def test_an_operator_may_say_why_there_is_no_report(reason):
    case = forwarded(Stage.FOLLOWED_UP)

    case.waive_report(reason, "sun.lei", LATER)

    assert case.clocks["report-back"].ended == "report_waived"
    assert not case.clocks["report-back"].is_breach
    case.record(acts.Closed(closure=Closure.COMPLETED), LATER)
    assert replayed(case) == case
    with pytest.raises(NoReportOwed):
        case.waive_report(reason, "sun.lei", LATER)


def test_a_report_that_was_missed_before_it_was_waived_stays_missed():
    case = forwarded(Stage.FOLLOWED_UP)
    sweep(case, MONDAY + timedelta(days=16))

    case.waive_report(NoReport.RECALLED, "sun.lei", MONDAY + timedelta(days=17))

    assert case.clocks["report-back"].is_breach


def test_a_report_that_was_made_in_another_way_is_noted_with_its_time():
    case = forwarded(Stage.FOLLOWED_UP)

    timekeeping.note(case, REPORT_BACK_SENT, MONDAY + timedelta(hours=3), "li.wei", MONDAY + timedelta(days=20))

    assert case.clocks["report-back"].met_at == MONDAY + timedelta(hours=3)
    assert not case.clocks["report-back"].is_breach
    assert not case.owes_report


@pytest.mark.parametrize(
    ("reason", "ended", "late"),
    [
        (GiveUpReason.TOLD_OTHERWISE, None, False),
        (GiveUpReason.NOT_REACHABLE, "report_waived", None),
        (GiveUpReason.REFUSED, "report_waived", None),
    ],
)
def test_giving_the_report_up_is_a_reason_too(reason, ended, late):
    case = with_failed_report()

    case.answer(Question.DELIVERY, a_repair(choice="give_up", reason=reason), "li.wei", LATER)

    assert (case.clocks["report-back"].ended, case.clocks["report-back"].late) == (ended, late)
    assert not case.owes_report


@pytest.mark.parametrize("stage", OPEN_BUT_ENDED)
def test_a_withdrawn_case_ends_the_same_day_and_is_closed_once_the_authority_was_told(stage):
    case = forwarded(stage)

    case.withdraw("li.wei", LATER)

    assert (case.stage, case.withdrawn, case.asks) == (Stage.ENDED, True, None)
    assert [name for name, clock in case.clocks.items() if not clock.is_over] == ["report-back"]
    with pytest.raises(ReportOwed):
        case.record(acts.Closed(closure=closure_of(case)), LATER)
    send_letter(case, REPORT_BACK, now=LATER)
    case.record(acts.Closed(closure=closure_of(case)), LATER)
    assert case.closed.closure is Closure.WITHDRAWN
    assert replayed(case) == case


def test_once_handling_has_ended_nothing_but_the_report_goes_on():
    case = forwarded(Stage.UNDER_INVESTIGATION)
    prepare_letter(case, now=MONDAY)
    fail_letter(case, now=MONDAY)

    case.withdraw("li.wei", LATER)

    assert case.undelivered is None
    assert (case.sends("decision"), case.sends(REPORT_BACK)) == (False, True)
    for act in (acts.Found, acts.Answered, acts.HandlingEnded):
        with pytest.raises(StageError):
            case.record(an_act(act), LATER)


def test_a_case_that_was_told_of_before_is_closed_by_the_withdrawal_at_once():
    case = forwarded(Stage.PUT_RIGHT)
    send_letter(case, REPORT_BACK, now=MONDAY)

    case.withdraw("li.wei", LATER)

    assert case.stage is Stage.CLOSED


def test_a_merged_case_is_reported_back_too():
    case = forwarded(Stage.ASSESSED)

    case.end(Closure.MERGED, "li.wei", LATER)

    assert (case.stage, case.owes_report, closure_of(case)) == (Stage.ENDED, True, Closure.MERGED)


def test_a_case_taken_up_again_goes_its_usual_way_and_is_closed_for_its_own_reason():
    case = forwarded()
    case.withdraw("li.wei", MONDAY)
    send_letter(case, REPORT_BACK, now=MONDAY)
    case.record(acts.Closed(closure=closure_of(case)), MONDAY)

    case.record(acts.Reopened(reason="new_facts"), LATER, "li.wei")
    advance(case, Stage.FOLLOWED_UP, now=LATER)

    assert closure_of(case) is Closure.COMPLETED


def test_imported_history_owes_nothing():
    case = receive(REFERENCE, load_pack(REGIME), a_complaint(transfer=TRANSFER), "crm", MONDAY, history=True)

    case.record(acts.Closed(closure=Closure.HISTORY), MONDAY)
    assert case.stage is Stage.CLOSED


# --- to whom a letter goes ------------------------------------------------------------------------


def with_failed_report(**transfer):
    """A case whose report to the authority came back."""
    contacts = {"complainant": {"name": "林知夏", "contacts": [EMAIL, PHONE, POST]}}
    case = forwarded(Stage.ANSWERED, complaint=contacts, **transfer)
    channel, recipient = case.delivery_of(REPORT_BACK)
    prepare_letter(case, letter=REPORT_BACK, channel=channel, recipient=recipient, now=MONDAY)
    fail_letter(case, letter=REPORT_BACK, now=MONDAY)
    return case


def test_each_letter_goes_to_its_own_party():
    case = forwarded()

    assert case.delivery_of("decision") == ("email", EMAIL["value"])
    assert case.delivery_of(REPORT_BACK) == ("email", AUTHORITY_EMAIL["value"])
    assert AUTHORITY_EMAIL["value"] not in [one.value for one in case.contacts]


def test_a_complainant_without_a_contact_is_not_reached_by_way_of_the_authority():
    case = forwarded(complaint={"complainant": {"name": "林知夏"}})

    assert case.delivery_of("decision") == ("file", None)


def test_an_authority_without_an_address_gets_its_report_by_a_clerk_and_never_by_the_complainant():
    case = a_case(transfer=WITHOUT_CONTACT)

    assert case.delivery_of(REPORT_BACK) == ("hand", "国家金融监督管理总局上海监管局")


@pytest.mark.parametrize(
    ("transfer", "repair", "channel", "recipient"),
    [
        ({}, {"choice": "resend"}, "email", AUTHORITY_EMAIL["value"]),
        ({}, {"choice": "other_contact", "contact": 1}, "email", AUTHORITY_EMAIL["value"]),
        ({"contact": AUTHORITY_POST}, {"choice": "by_post"}, "hand", AUTHORITY_POST["value"]),
        ({}, {"choice": "by_post"}, "hand", "国家金融监督管理总局上海监管局"),
    ],
)
def test_a_report_that_came_back_goes_to_the_authority_again(transfer, repair, channel, recipient):
    case = with_failed_report(**transfer)

    case.answer(Question.DELIVERY, a_repair(**repair), "li.wei", LATER)

    letter = case.letters[REPORT_BACK, 1]
    assert (letter.status, letter.channel, letter.recipient) == ("prepared", channel, recipient)


def test_the_complainant_s_contacts_are_not_offered_for_the_report():
    case = with_failed_report()

    with pytest.raises(AnswerRefused, match="there are 1 contacts"):
        case.answer(Question.DELIVERY, a_repair(choice="other_contact", contact=2), "li.wei", LATER)


def test_the_authority_s_contacts_are_not_offered_for_the_complainant_s_letters():
    case = forwarded()
    prepare_letter(case, now=MONDAY)
    fail_letter(case, now=MONDAY, refused=True)

    with pytest.raises(AnswerRefused, match="there are 1 contacts"):
        case.answer(Question.DELIVERY, a_repair(choice="other_contact", contact=2), "li.wei", LATER)
    with pytest.raises(AnswerRefused, match="no postal address"):
        case.answer(Question.DELIVERY, a_repair(choice=Repair.BY_POST), "li.wei", LATER)


def test_another_contact_of_the_authority_is_kept_apart_and_used_where_the_first_refuses():
    case = with_failed_report()
    fail_letter(case, letter=REPORT_BACK, now=MONDAY, refused=True)
    other = {"kind": "email", "value": "xiaobao@nfra.example.cn"}

    case.record(acts.ContactAdded(contact=other, of_authority=True), LATER, "li.wei")

    assert [one.value for one in case.contacts_of_authority] == [AUTHORITY_EMAIL["value"], other["value"]]
    assert other["value"] not in [one.value for one in case.contacts]
    assert case.delivery_of(REPORT_BACK) == ("email", other["value"])
    assert replayed(case) == case


def test_the_authority_is_written_to_in_chinese_whatever_the_complainant_speaks():
    case = forwarded(complaint={"language": EN})

    assert (case.language_of("decision"), case.language_of(REPORT_BACK)) == (EN, ZH)
