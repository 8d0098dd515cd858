import pytest

from complaints.adapters.mailbox.message import read_mail
from complaints.adapters.mailbox.sorting import Sort, sort_of
from tests.mails import a_bounce, a_mail, a_multipart


def sort(raw):
    return sort_of(read_mail(raw), "example.com")


@pytest.mark.parametrize(
    "more",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-generated; owner=x"},
        {"X_Autoreply": "yes"},
        {"X_Autorespond": "x"},
        {"Return_Path": "<>"},
        {"sender": "MAILER-DAEMON@example.org", "subject": "hello"},
        {"content_type": "multipart/report; report-type=disposition-notification; boundary=x"},
        {"subject": "自动回复：我在休假"},
        {"subject": "=?utf-8?B?6Ieq5Yqo5Zue5aSNOiDlpJblh7o=?="},  # 自动回复: 外出
        {"subject": "Re: 【自动回复】已收到"},
        {"subject": "自動回覆"},
        {"subject": "Automatic reply: 受理告知书"},
        {"subject": "Out of Office: back on Monday"},
        {"subject": "Auto-Reply"},
    ],
)
def test_an_automatic_mail_is_known(more):
    assert sort(a_mail(**more)) is Sort.AUTO


@pytest.mark.parametrize(
    "more",
    [
        {"List_Id": "News <news.example.org>"},
        {"List_Unsubscribe": "<mailto:x@example.org>"},
        {"Precedence": "bulk"},
        {"Precedence": "List"},
        {"List_Id": "<x.notexample.com>"},
    ],
)
def test_mail_of_a_list_is_known(more):
    assert sort(a_mail(**more)) is Sort.LIST


@pytest.mark.parametrize(
    "raw",
    [
        a_bounce("<x@y.cn>"),
        a_mail(X_Failed_Recipients="a@b.cn"),
        a_mail(sender="PostMaster@qq.com", subject="系统退信"),
        a_mail(sender="Postmaster@163.com", subject="=?gb2312?B?z7XNs83L0MU=?="),
        a_mail(sender="Mailer-Daemon@x.cn", subject="Mail delivery failed: returning message to sender"),
        a_mail(Return_Path="<>", subject="Undeliverable: hello"),
        a_multipart("Content-Type: text/plain\n\nx", content_type="multipart/report; boundary=edge"),
    ],
)
def test_a_mail_that_came_back_is_known(raw):
    assert sort(raw) is Sort.BOUNCE


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"Auto_Submitted": "no"},
        {"X_Autoreply": "no"},
        {"Precedence": "normal"},
        {"X_Auto_Response_Suppress": "All"},  # Exchange sets it on mail of people too
        {"subject": "自动回复太多，没有人理我"},
        {"subject": "Out of office hours your staff called me"},
        {"subject": "投诉：挂号信被退信"},
        {"subject": "Undelivered goods"},
        {"sender": "postmaster@example.org", "subject": "投诉"},
        {"List_Id": "<complaints.example.com>"},  # the firm's own, by which staff share the mailbox
        {"List_Id": "<complaints.example.com>", "Precedence": "list", "List_Unsubscribe": "<mailto:x@example.com>"},
    ],
)
def test_what_a_person_wrote_is_never_taken_for_a_machines(more):
    assert sort(a_mail(**more)) is Sort.PERSONAL
