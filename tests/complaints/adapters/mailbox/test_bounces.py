import pytest

from complaints.adapters.mailbox.bounces import returned
from complaints.adapters.mailbox.message import read_mail
from complaints.words import DeliveryStatus
from tests.builders import REFERENCE
from tests.mails import LIN, a_bounce, a_mail, a_multipart

LETTER = f"<{REFERENCE}-1-0123456789abcdef@example.com>"


def only(raw):
    (report,) = returned(read_mail(raw))
    return report


def test_a_standard_report_says_which_letter_whom_and_why():
    report = only(a_bounce(LETTER))

    assert (report.status, report.code, report.recipients) == (DeliveryStatus.FAILED, "5.1.1", (LIN,))
    assert (report.message_ids, report.references) == ((LETTER,), (REFERENCE,))


@pytest.mark.parametrize(
    ("action", "status"),
    [
        ("failed", DeliveryStatus.FAILED),
        ("Delayed", DeliveryStatus.DELAYED),
        ("delivered (ok)", DeliveryStatus.DELIVERED),
    ],
)
def test_an_action_has_its_status(action, status):
    assert only(a_bounce(LETTER, action=action)).status is status


def test_a_mail_that_was_only_passed_on_is_no_return():
    assert not [one for one in returned(read_mail(a_bounce(LETTER, action="expanded"))) if one.code]


def test_each_recipient_of_a_report_is_told_of():
    raw = a_bounce(LETTER).replace(
        b"Status: 5.1.1\r\n",
        b"Status: 5.1.1\r\n\r\nFinal-Recipient: rfc822;b@c.cn\r\nAction: failed\r\nStatus: 5.2.2\r\n",
    )

    assert [one.code for one in returned(read_mail(raw))] == ["5.1.1", "5.2.2"]


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [
        ("退信原因：用户不存在", DeliveryStatus.FAILED, "5.1.1"),
        ("收件人邮箱不存在，请核实", DeliveryStatus.FAILED, "5.1.1"),
        ("550 Mailbox is full", DeliveryStatus.FAILED, "5.5.0"),
        ("host said: 552 5.2.2 over quota", DeliveryStatus.FAILED, "5.2.2"),
        ("451 4.7.1 try again; will be retried", DeliveryStatus.DELAYED, "4.7.1"),
        ("delivery is delayed, we will keep trying", DeliveryStatus.DELAYED, None),
        ("对方服务器拒收", DeliveryStatus.FAILED, None),
    ],
)
def test_free_words_are_read_as_far_as_they_tell(text, status, code):
    report = only(a_mail(f"{text}\n主题：受理告知书（编号：{REFERENCE}）\n{LIN}", sender="postmaster@qq.com"))

    assert (report.status, report.code, report.references) == (status, code, (REFERENCE,))
    assert LIN in report.recipients


def test_a_letter_attached_as_a_whole_is_recognised():
    letter = a_mail("x", message_id=LETTER, sender="complaints@example.com")
    raw = a_multipart("Content-Type: text/plain\n\n未送达", b"Content-Type: message/rfc822\n\n" + letter)

    assert only(raw).message_ids == (LETTER,)


@pytest.mark.parametrize("raw", [a_bounce("<x@y.cn>"), a_mail("TS260302-7K3M9Q0"), a_mail("xTS260302-7K3M9QXx"), b""])
def test_what_names_no_letter_of_ours_says_nothing(raw):
    assert returned(read_mail(raw)) == []
