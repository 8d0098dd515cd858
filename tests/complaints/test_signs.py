import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.signs import common_wording, folded_name, folded_phone, marks_of, signs_of
from complaints.words import Likeness
from tests.builders import EMAIL, PHONE, POST, a_complaint

KEY, OTHER_KEY = b"k" * 32, b"o" * 32

STORY = (
    "本人于三月二日在贵公司办理轻舟消费贷，客服承诺不收取账户服务费，但三月五日扣款时发现被重复收取了两次服务费，"
    "共计二百五十七元。多次致电客服均未得到解决，现要求退还多扣的费用并书面道歉。"
)
OTHER_STORY = (
    "催收人员每天拨打我家人和单位的电话十余次，言语威胁，还把我的欠款情况告诉了我的同事，"
    "严重影响了我的生活和工作。要求停止骚扰，追究催收公司的责任，并向我公开道歉。"
)
ENGLISH = (
    "I was charged an overdraft fee twice on 3 March although my account was in credit. I called four times, "
    "was promised a refund each time, and have heard nothing since. Please refund both fees and the interest."
)


def kinds(**changes):
    return {kind for kind, _ in signs_of(a_complaint(**changes), KEY)}


def wording(narrative):
    return next(sign for kind, sign in signs_of(a_complaint(narrative=narrative), KEY) if kind is Likeness.WORDING)


@pytest.mark.parametrize(
    "written",
    [
        "13800000101",
        "138 0000 0101",
        "138-0000-0101",
        "+8613800000101",
        "+86 138 0000 0101",
        "(+86)138-0000-0101",
        "008613800000101",
        "8613800000101",
        "１３８００００010１",
        "13800000101转8",
    ],
)
def test_a_mobile_number_is_the_same_however_it_is_written(written):
    assert folded_phone(written) == "13800000101"


@pytest.mark.parametrize("written", ["021-5550 0000", "+86 21 5550 0000", "(021)55500000", "02155500000 转 801"])
def test_a_landline_is_the_same_with_and_without_the_country(written):
    assert folded_phone(written) == "2155500000"


@pytest.mark.parametrize("written", ["95588", "12378", "138****0101", "138××××0101", "138xxxx0101"])
def test_a_hotline_and_a_masked_number_tell_of_nobody(written):
    assert folded_phone(written) == ""


@given(st.text("0123456789", min_size=9, max_size=9), st.lists(st.sampled_from(["", " ", "-", "　", "("]), min_size=11))
def test_blanks_and_signs_within_a_number_do_not_count(rest, between):
    number = f"13{rest}"
    written = "".join(digit + sign for digit, sign in zip(number, between, strict=False))

    assert folded_phone(written) == folded_phone(f"+86{written}") == number


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Smith, Mary", "Ms. Mary SMITH"),
        ("王明", "王 明 先生"),
        ("王明", "王明女士"),
        ("Jean-Luc Picard", "PICARD, Jean Luc"),
    ],
)
def test_a_name_is_the_same_however_it_is_written(one, other):
    assert folded_name(one) == folded_name(other) != ""


def test_a_surname_alone_is_no_name():
    assert folded_name("王先生") == ""


@pytest.mark.parametrize(
    ("one", "other"),
    [("310101198001011237", "310101800101123"), ("31010119800101123x", "31010119800101123X")],
    ids=["of 18 and of 15 digits", "its last sign in either case"],
)
def test_an_identity_number_is_the_same_in_its_forms(one, other):
    marks = [marks_of(a_complaint(complainant={"identity_number": number})) for number in (one, other)]

    assert marks[0][Likeness.IDENTITY] == marks[1][Likeness.IDENTITY]


def test_a_mailbox_is_the_same_in_capitals_and_with_a_tag():
    marks = [
        marks_of(a_complaint(complainant={"contacts": [{"kind": "email", "value": value}]}))
        for value in ("lin.zhixia@example.cn", "Lin.Zhixia+bank@Example.CN")
    ]

    assert marks[0] == marks[1]


def test_every_sort_of_sign_is_taken_from_a_full_record():
    person = {"name": "林知夏", "identity_number": "310101198001011237", "contacts": [EMAIL, PHONE, POST]}
    agent = {
        "name": "张律",
        "relation": "律师",
        "authority": "委托书",
        "contacts": [{"kind": "phone", "value": "13900000909"}],
    }

    found = kinds(
        complainant=person, representative=agent, contract="QZ-2026-001", happened_on="2026-03-01", narrative=STORY
    )

    assert found == set(Likeness) - {Likeness.PRODUCT, Likeness.AMOUNT, Likeness.TIME, Likeness.OTHER_NAME}


def test_wording_leaves_no_sign_where_nothing_tells_of_a_person():
    portal = {"contacts": [{"kind": "portal", "value": "CFPB Company Portal"}]}

    assert kinds(complainant=portal, narrative=STORY) == set()


def test_a_few_words_are_anybodys_and_leave_no_sign():
    assert Likeness.WORDING not in kinds(narrative="重复扣款两次")


def test_a_sign_shows_nothing_of_what_it_is_made_of_and_depends_on_the_key():
    complaint = a_complaint(narrative=STORY, contract="QZ-2026-001", happened_on="2026-03-01")
    mine, others = signs_of(complaint, KEY), signs_of(complaint, OTHER_KEY)

    assert all(len(sign) == 32 and set(sign) <= set(string.hexdigits) for _, sign in mine)
    assert mine.isdisjoint(others)
    assert {kind for kind, _ in mine} == {kind for kind, _ in others}


def test_the_same_complaint_leaves_the_same_signs():
    assert signs_of(a_complaint(), KEY) == signs_of(a_complaint(), KEY)


@pytest.mark.parametrize(
    ("one", "other", "least", "most"),
    [
        (STORY, STORY, 1, 1),
        (STORY, STORY.replace("三月五日", "3月5日").replace("多次", "四次"), 0.5, 1),
        (STORY, f"您好，{STORY}请尽快答复，谢谢。", 0.6, 1),
        (STORY, OTHER_STORY, 0, 0.2),
        (ENGLISH, ENGLISH.upper().replace(",", ""), 1, 1),
        (ENGLISH, ENGLISH.replace("four times", "five times"), 0.6, 1),
        (ENGLISH, "The collector called my employer every day and told my colleagues what I owe the bank.", 0, 0.2),
    ],
    ids=["same", "words changed", "words added", "another story", "capitals", "a number changed", "another in English"],
)
def test_common_wording_tells_how_much_two_texts_share(one, other, least, most):
    assert least <= common_wording(wording(one), wording(other)) <= most


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=40, max_size=400))
def test_a_text_has_its_wording_in_common_with_itself_whatever_stands_between(text):
    spaced = "，".join(text[start : start + 9] for start in range(0, len(text), 9))

    assert common_wording(wording(text), wording(spaced)) == 1
