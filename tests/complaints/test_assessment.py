import pytest

from complaints.assessment import LARGE_AMOUNT, assess
from complaints.words import Category, Cause, Channel, Kind, Severity, Urgency
from tests.builders import a_case

NOTHING_SAID = {"category": None, "amount": None, "narrative": "…"}
"""A complaint of which the sender says nothing but that it is one."""


def assessed(**changes):
    return assess(a_case(**(NOTHING_SAID | changes)))


@pytest.mark.parametrize(
    ("narrative", "kind"),
    [
        ("我要举报客户经理飞单。", Kind.REPORT),
        ("建议你们延长营业时间。", Kind.SUGGESTION),
        ("请问提前还款怎么办理?", Kind.CONSULTATION),
        ("Could you tell me how to repay early?", Kind.CONSULTATION),
        ("I would like to blow the whistle on a manager who took a BRIBE.", Kind.REPORT),
        ("扣款两次。", Kind.COMPLAINT),
        ("", Kind.COMPLAINT),
    ],
)
def test_the_kind_is_suggested_by_the_words_of_the_story(narrative, kind):
    assert assessed(kind=None, narrative=narrative or "…").kind is kind


@pytest.mark.parametrize(
    ("narrative", "category", "department"),
    [
        ("催收人员每天打电话。", Category.COLLECTION, "collection"),
        ("The insurance claim was refused.", Category.CLAIM, "claims"),
        ("征信上有一笔不是我的贷款。", Category.CREDIT_REPORT, "credit"),
        ("转账一直没有到账。", Category.PAYMENT, "operations"),
        ("手续费太高。", Category.FEES, "complaints"),
        ("We were charged the annual fees twice.", Category.FEES, "complaints"),
        ("柜员让我等了一上午。", Category.CONDUCT, "complaints"),
        ("…", Category.OTHER, "complaints"),
        # words that only contain one of ours
        ("I feel that the coffee machine in the lobby is a nuisance.", Category.OTHER, "complaints"),
        ("She was disinterested and discharged me.", Category.OTHER, "complaints"),
    ],
)
def test_category_and_department_are_suggested_by_the_words_of_the_story(narrative, category, department):
    suggested = assessed(narrative=narrative)

    assert (suggested.category, suggested.department) == (category, department)


@pytest.mark.parametrize(
    ("narrative", "cause"),
    [
        ("催收员威胁要上门。", Cause.IMPROPER_COMMUNICATION),
        ("催收的人联系我单位。", Cause.LEAKED_INFORMATION),
        ("催收电话半夜还在打。", Cause.FORBIDDEN_TIME),
        ("贷款已经结清,还在催收。", Cause.REPEATED_COLLECTION),
        ("The debt collector was threatening and abusive.", Cause.IMPROPER_COMMUNICATION),
        ("催收人员每天打电话。", Cause.GENERAL),
    ],
)
def test_the_four_classic_causes_of_collection_complaints_are_recognised(narrative, cause):
    suggested = assessed(narrative=narrative)

    assert (suggested.category, suggested.cause) == (Category.COLLECTION, cause)


def test_a_classic_cause_alone_suggests_that_it_is_about_collection():
    assert assessed(narrative="半夜还打电话。").category is Category.COLLECTION


def test_what_the_sender_stated_stands():
    stated = {"kind": "suggestion", "category": "fees", "cause": "forbidden_time"}

    suggested = assessed(narrative="我要举报:催收员威胁我。", **stated)

    assert (suggested.kind, suggested.category, suggested.cause) == (
        Kind.SUGGESTION,
        Category.FEES,
        Cause.FORBIDDEN_TIME,
    )


def test_a_cause_of_collection_is_not_suggested_for_another_matter():
    assert assessed(category="claim", narrative="理赔员威胁我。").cause is Cause.GENERAL


@pytest.mark.parametrize(
    ("amount", "severity"),
    [
        (None, Severity.ORDINARY),
        ({"value": LARGE_AMOUNT - 1}, Severity.ORDINARY),
        ({"value": LARGE_AMOUNT}, Severity.COMPLEX),
        ({"value": LARGE_AMOUNT, "currency": "USD"}, Severity.COMPLEX),
    ],
)
def test_a_large_amount_makes_a_matter_complex(amount, severity):
    assert assessed(amount=amount).severity is severity


@pytest.mark.parametrize(
    ("changes", "urgency"),
    [
        ({}, Urgency.GENERAL),
        ({"urgent": True}, Urgency.URGENT),
        ({"channel": Channel.REGULATOR}, Urgency.URGENT),
        ({"channel": Channel.HOTLINE}, Urgency.URGENT),
        ({"channel": Channel.TELEPHONE}, Urgency.GENERAL),
        ({"cause": Cause.IMPROPER_COMMUNICATION}, Urgency.URGENT),
        ({"cause": Cause.LEAKED_INFORMATION}, Urgency.URGENT),
        ({"cause": Cause.REPEATED_COLLECTION}, Urgency.GENERAL),
        ({"category": "claim", "narrative": "理赔员威胁我。"}, Urgency.URGENT),  # threats are urgent in any matter
    ],
)
def test_what_makes_a_matter_urgent(changes, urgency):
    assert assessed(**changes).urgency is urgency


def test_a_report_goes_to_compliance_whatever_it_is_about():
    assert assessed(kind=Kind.REPORT, category="collection").department == "compliance"


def test_every_suggestion_gives_its_reason_in_our_words_only():
    narrative = "催收员张三半夜打 13800000101 骂人。"

    suggested = assessed(kind=None, narrative=narrative, amount={"value": 60_000}, urgent=True)

    assert suggested.reasons == (
        "improper_communication: suggested by '骂人'",
        "collection: suggested by '催收'",
        "amount from 50000 CNY on: complex",
        "marked urgent by the sender",
    )


def test_an_erased_person_s_case_can_still_be_assessed():
    case = a_case(kind=Kind.COMPLAINT)
    case.received = case.facts.model_copy(update={"complaint": None})

    assert assess(case).category is Category.FEES
