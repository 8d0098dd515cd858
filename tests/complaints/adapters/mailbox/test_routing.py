from dataclasses import replace

import pytest

from complaints import acts
from complaints.adapters.mailbox.bounces import Return
from complaints.adapters.mailbox.message import read_mail
from complaints.adapters.mailbox.routing import (
    LONGEST_TEXT,
    MOST_NAMED,
    answered_cases,
    complaint_of,
    letter_returned,
    may_write,
    named_cases,
    thread_mark,
    words_of,
)
from complaints.words import DeliveryStatus
from tests.builders import EMAIL, MONDAY, PHONE, REFERENCE, a_case, an_act, prepare_letter
from tests.mails import LIN, a_mail, a_multipart

LETTER = f"<{REFERENCE}-1-0123456789abcdef@example.com>"
OTHER = "somebody@example.org"
FAILED = Return(DeliveryStatus.FAILED, "5.1.1", (), (REFERENCE,), (LIN,))


def mail(**values):
    return read_mail(a_mail(**values))


def test_cases_are_named_by_address_subject_and_text_in_this_order():
    named = mail(
        To="complaints+ts260302-2222222@example.com", subject="TS260302-3333333", text=f"{REFERENCE} TS260302-3333333"
    )

    assert named_cases(named) == ["TS260302-2222222", "TS260302-3333333", REFERENCE]


def test_of_a_flood_of_references_only_the_first_are_looked_up():
    text = " ".join(f"TS260302-{number:07}".replace("0", "2").replace("1", "3") for number in range(99))

    assert len(named_cases(mail(text=text))) == MOST_NAMED


@pytest.mark.parametrize(
    "text", ["TS260302-7K3M9Q", "TS260302-7K3M9QXY", "XTS260302-7K3M9QX", "TS26030-7K3M9QX", "TS260302-7K3M9Q0"]
)
def test_what_only_looks_like_a_reference_is_none(text):
    assert named_cases(mail(text=text)) == []


def test_the_cases_of_the_letters_that_a_mail_answers_are_read_from_their_ids():
    answers = mail(References=f"<x@y.cn> {LETTER} <TS260302-2222222-12-0123456789abcdef@example.com>")

    assert answered_cases(answers) == ["TS260302-2222222", REFERENCE]


@pytest.mark.parametrize(
    ("values", "may"),
    [
        ({"sender": LIN.upper()}, True),
        ({"sender": OTHER}, False),
        ({"sender": OTHER, "In_Reply_To": LETTER}, True),
        ({"sender": OTHER, "In_Reply_To": LETTER.replace("-1-", "-2-")}, False),
        ({"sender": OTHER, "In_Reply_To": LETTER.replace("example.com", "example.net")}, False),
        ({"sender": f"{LIN} <{OTHER}>"}, False),  # the name is not the address
    ],
)
def test_only_contacts_and_those_who_answer_a_letter_may_write_into_a_case(values, may):
    case = a_case()
    prepare_letter(case, message_id=LETTER)

    assert may_write(case, mail(**values)) is may


def test_a_telephone_number_is_no_address_to_write_from():
    case = a_case(complainant={"contacts": [PHONE]})

    assert not may_write(case, mail(sender=f"{PHONE['value']}@example.org"))


def test_a_returned_letter_is_found_by_its_id():
    case = a_case()
    prepare_letter(case, message_id=LETTER)

    assert letter_returned(case, replace(FAILED, message_ids=(LETTER,))).prepared.message_id == LETTER
    assert letter_returned(case, replace(FAILED, message_ids=(LETTER.replace("-1-", "-2-"),))) is None


def test_without_an_id_the_newest_letter_to_the_address_came_back():
    case = a_case(complainant={"contacts": [EMAIL]})
    prepare_letter(case, recipient=LIN)
    prepare_letter(case, recipient=LIN, letter="decision", number=f"{REFERENCE}-2")

    assert letter_returned(case, FAILED).prepared.letter == "decision"
    assert letter_returned(case, replace(FAILED, recipients=(OTHER,))) is None
    assert letter_returned(case, replace(FAILED, status=DeliveryStatus.DELIVERED)) is None


def test_the_record_holds_what_the_mail_says_and_nothing_invented():
    complaint = complaint_of(mail(), MONDAY)

    assert (complaint.complainant.name, complaint.channel, complaint.received_at) == ("林知夏", "email", MONDAY)
    assert complaint.kind is complaint.category is complaint.number is None


def test_an_address_in_place_of_a_name_is_no_name():
    assert complaint_of(mail(sender=f'"{LIN}" <{LIN}>'), MONDAY).complainant.name is None


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (a_mail("  ", subject=""), "（邮件无正文）"),
        (a_mail("", subject="charged twice"), "charged twice\n\n(The mail has no text.)"),
        (a_multipart("Content-Type: image/png\n\nx", subject=""), "（邮件无正文，见附件）"),
    ],
)
def test_a_mail_without_a_text_says_so(raw, words):
    assert words_of(read_mail(raw)) == words


def test_a_text_too_long_for_the_record_is_cut_and_says_so():
    words = words_of(mail(text="扣" * (LONGEST_TEXT + 1)))

    assert len(words) == LONGEST_TEXT
    assert words.endswith("（后文见邮件原件）")


def test_what_is_kept_of_a_message_id_tells_nothing():
    assert thread_mark(" <a@b.cn>") == thread_mark("<a@b.cn> ") != thread_mark("<c@b.cn>")
    assert "a@b.cn" not in thread_mark("<a@b.cn>")


def test_the_act_of_a_mail_holds_nothing_personal():
    assert set(an_act(acts.MailTaken).model_dump()) == {"evidence", "follows", "names", "notes"}
