import time
from base64 import b64encode
from binascii import b2a_uu
from datetime import UTC, datetime

import pytest

from complaints.adapters.mailbox import limits
from complaints.adapters.mailbox.body import MOST_ATTACHMENTS, MOST_TEXT
from complaints.adapters.mailbox.headers import Mailbox, file_name
from complaints.adapters.mailbox.limits import parse, parse_header
from complaints.adapters.mailbox.message import read_header_of, read_mail
from complaints.errors.incoming_mail import MailBeyondLimits
from tests.mails import LIN, WORDS, a_mail, a_multipart

GB = WORDS.encode("gb18030")


def uuencoded(content):
    return "".join(b2a_uu(content[at : at + 45]).decode() for at in range(0, len(content), 45))


PLAIN = f"Content-Type: text/plain; charset=utf-8\n\n{WORDS}\n"
HTML = f"Content-Type: text/html; charset=utf-8\n\n<p>{WORDS}</p>\n"


def names(raw):
    return [one.name for one in read_mail(raw).attachments]


def a_file(disposition="", content_type="application/pdf", content=b"%PDF-1.4"):
    return f"Content-Type: {content_type}\nContent-Disposition: {disposition}\n\n".encode() + content


# --- the text -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        a_mail(WORDS),
        a_mail(GB, content_type="text/plain; charset=gb2312"),
        a_mail(GB, content_type='text/plain; charset="utf-8"'),
        a_mail(GB, content_type="text/plain"),
        a_mail(b64encode(GB), content_type="text/plain; charset=GBK", Content_Transfer_Encoding="base64"),
        a_mail(
            b64encode(GB)[:-1] + b"\n!", content_type="text/plain; charset=gbk", Content_Transfer_Encoding='"BASE64"'
        ),
        a_mail(WORDS, content_type="text/plain; charset*=bogus'x'utf-8"),
        a_mail(GB, content_type="text/plain; charset=gbk", Content_Transfer_Encoding="\udcf0"),
        a_mail(
            "begin 644 a\n" + uuencoded(GB) + "`\nend\n",
            content_type="text/plain",
            Content_Transfer_Encoding="x-uuencode",
        ),
        a_mail(f"<html><body>{WORDS}</body></html>", content_type="text/html; charset=utf-8"),
        a_mail(WORDS, content_type="nonsense"),
        a_mail(WORDS, content_type="multipart/mixed; boundary=never-there"),
        a_multipart(PLAIN),
        a_multipart(PLAIN, HTML, kind="alternative"),
        a_multipart(HTML, kind="related"),
        a_multipart("Content-Type: text/plain\n\n-\n", HTML, kind="alternative"),
        a_multipart('Content-Type: multipart/alternative; boundary="in"\n\n--in\n' + PLAIN + "\n--in--\n"),
        a_multipart(PLAIN).replace(b"--edge--", b""),  # cut off
    ],
)
def test_what_somebody_says_is_read_however_it_was_wrapped(raw):
    assert read_mail(raw).text == WORDS


def test_parts_one_after_the_other_are_all_read():
    assert read_mail(a_multipart(PLAIN, HTML)).text == f"{WORDS}\n\n{WORDS}"


def test_flowed_text_is_joined():
    raw = a_mail("one \ntwo", content_type="text/plain; format=flowed")

    assert read_mail(raw).text == "one two"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (WORDS, "zh-CN"),
        ("I was charged twice.", "en"),
        ("Hi 王先生, I was charged twice by your bank.", "en"),
        ("贵行 APP 的 Visa 卡被重复扣款", "zh-CN"),
        ("I was charged twice.\n> 您好，我们已收到您的投诉，正在核实有关情况，请您耐心等待，谢谢。", "en"),
    ],
)
def test_the_language_is_that_of_the_writers_own_words(text, language):
    assert read_mail(a_mail(text, subject="Re: x")).language == language


# --- files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("disposition", "content_type", "name"),
    [
        ("attachment; filename=a.pdf", "application/pdf", "a.pdf"),
        ('attachment; filename="two words.pdf"', "application/pdf", "two words.pdf"),
        ("attachment; filename=two words.pdf", "application/pdf", "two words.pdf"),
        ("attachment; filename*=utf-8''%E6%B5%81%E6%B0%B4.pdf", "application/pdf", "流水.pdf"),
        ("attachment; filename*=gb2312''%C1%F7%CB%AE.pdf", "application/pdf", "流水.pdf"),
        ("attachment; filename*0*=utf-8''%E6%B5; filename*1*=%81%E6%B0%B4; filename*2=.pdf", "x/y", "流水.pdf"),
        ("attachment; filename*1=b.pdf; filename*0=a-", "x/y", "a-b.pdf"),
        ('attachment; filename="=?gb2312?B?wffLri5wZGY=?="', "application/pdf", "流水.pdf"),
        ("attachment; filename==?utf-8?B?5rWB5rC0LnBkZg==?=", "application/pdf", "流水.pdf"),
        ("attachment", 'application/pdf; name="=?utf-8?Q?=E6=B5=81=E6=B0=B4.pdf?="', "流水.pdf"),
        ("attachment; filename=../../etc/passwd", "x/y", "passwd"),
        (r'attachment; filename="C:\\Users\\lin\\a.pdf"', "x/y", "a.pdf"),
        ('attachment; filename="a\u202efdp.exe"', "x/y", "afdp.exe"),
        ('attachment; filename=""', "application/pdf", "attachment-2.pdf"),
        ("attachment", "application/x-unheard-of", "attachment-2"),
    ],
)
def test_the_name_of_a_file_is_read_and_made_harmless(disposition, content_type, name):
    assert names(a_multipart(PLAIN, a_file(disposition, content_type))) == [name]


def test_a_name_in_bare_gb18030_is_read():
    part = a_file("attachment; filename=@").replace(b"@", "流水.pdf".encode("gb18030"))

    assert names(a_multipart(PLAIN, part)) == ["流水.pdf"]


def test_pictures_in_the_text_and_files_of_outlook_are_kept():
    raw = a_multipart(
        HTML,
        "Content-Type: image/png\nContent-ID: <1@x>\n\npixels",
        a_file("attachment; filename=winmail.dat", "application/ms-tnef", b"\x78\x9f\x3e\x22"),
        kind="related",
    )

    assert names(raw) == ["attachment-2.png", "winmail.dat"]


def test_an_attached_mail_is_a_file_and_none_of_the_writers_words():
    raw = a_multipart(PLAIN, b"Content-Type: message/rfc822\n\n" + a_mail("of somebody else"))
    mail = read_mail(raw)

    assert mail.text == WORDS
    assert [(one.name, b"of somebody else" in one.content) for one in mail.attachments] == [("attachment-2.eml", True)]


def test_a_text_file_is_a_file():
    mail = read_mail(a_multipart(PLAIN, "Content-Type: text/plain; name=log.txt\n\nlog"))

    assert (mail.text, [one.name for one in mail.attachments]) == (WORDS, ["log.txt"])


def test_more_files_than_are_taken_are_noted():
    mail = read_mail(a_multipart(*[a_file("attachment; filename=a.pdf")] * (MOST_ATTACHMENTS + 1)))

    assert len(mail.attachments) == MOST_ATTACHMENTS
    assert mail.notes == ("more_attachments",)


# --- the header -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sender", "read"),
    [
        (LIN, Mailbox("", LIN)),
        (f"=?gb2312?B?wdbWqs/E?= <{LIN}>", Mailbox("林知夏", LIN)),
        (f'"=?utf-8?B?5p6X55+l5aSP?=" <{LIN}>', Mailbox("林知夏", LIN)),
        (f'"Lin, Zhixia" <{LIN}>', Mailbox("Lin, Zhixia", LIN)),
        (f"{LIN} (Lin Zhixia)", Mailbox("Lin Zhixia", LIN)),
        (f"nobody <nobody>, {LIN}", Mailbox("", LIN)),
        (f"a@b.cn <{LIN}>", Mailbox("a@b.cn", LIN)),
        (f'"<a@b.cn>" <{LIN}>', Mailbox("<a@b.cn>", LIN)),
        (f'"<a@b.cn> <{LIN}>', Mailbox("", LIN)),
        (f"Lin <a@b.cn>, Lin <{LIN}>", Mailbox("Lin", LIN)),
        (f"Lin <<{LIN}>>", Mailbox("Lin", LIN)),
    ],
)
def test_the_sender_is_read_however_it_is_written(sender, read):
    assert read_mail(a_mail(sender=sender)).sender == read


def test_without_a_from_another_field_says_who_wrote():
    assert read_mail(a_mail(sender=None, Return_Path=f"<{LIN}>")).sender == Mailbox("", LIN)
    assert read_mail(a_mail(sender="x", Reply_To=LIN)).sender == Mailbox("", LIN)
    assert read_mail(a_mail(sender=None)).sender is None


def test_the_thread_is_read_nearest_first():
    raw = a_mail(References="<1@x>\r\n <2@x>", In_Reply_To="<2@x> (yesterday)")

    assert read_mail(raw).answers == ("<2@x>", "<1@x>")


def test_the_topmost_received_field_says_when_it_came():
    now = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
    raw = (
        b"Received: by b; Mon, 2 Mar 2026 08:58:00 +0800\r\nReceived: by a; Sun, 1 Mar 2026 08:00:00 +0800\r\n"
        + a_mail()
    )

    assert read_mail(raw).received_at(now) == datetime(2026, 3, 2, 0, 58, tzinfo=UTC)
    assert read_mail(a_mail(Received="by b; no date")).received_at(now) is None


@pytest.mark.parametrize("raw", [b"", b"\x00", b"\r\n\r\n", b": \r\n", b"\xff\xfe" * 99, b"Subject", b"--x\r\n" * 99])
def test_what_is_no_mail_at_all_is_read_as_an_empty_one(raw):
    assert read_mail(raw).sender is None


# --- limits ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "unit"),
    [
        (b"x" * (limits.LARGEST_MAIL + 1), "bytes"),
        (b"X: " + b"x" * limits.LARGEST_HEADER + b"\n\n", "bytes of header"),
        (b"\n" * (limits.MOST_LINES + 1), "lines"),
        (a_multipart(*["\n\nx"] * (limits.MOST_PARTS + 1)), "parts"),
        (b"Content-Type: message/rfc822\n\n" * (limits.DEEPEST + 2), "levels of parts"),
        (
            b"".join(
                b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(limits.DEEPEST + 2)
            ),
            "levels of parts",
        ),
    ],
)
def test_a_mail_beyond_a_limit_is_not_taken_apart(raw, unit):
    with pytest.raises(MailBeyondLimits) as beyond:
        parse(raw)

    assert beyond.value.unit == unit
    assert read_mail(raw).notes == ("beyond_limits",)


def test_a_million_parts_are_refused_at_once():
    raw = a_multipart(*["\n"] * 1000, boundary="e").replace(b"--e\r\n\r\n", b"--e\r\n\r\n" * 300)

    assert raw.count(b"--e") > 200_000
    assert read_mail(raw).notes == ("beyond_limits",)


def test_alternatives_within_alternatives_are_each_read_once():
    raw = HTML
    for number in range(limits.DEEPEST - 1):
        part = f"Content-Type: multipart/alternative; boundary=b{number}\n\n--b{number}\n"
        raw = f"{part}{PLAIN}\n--b{number}\n{raw}\n--b{number}--\n"
    started = time.process_time()

    mail = read_mail(a_multipart(raw))

    assert mail.text == WORDS
    assert time.process_time() - started < 5


@pytest.mark.slow
def test_of_more_text_than_a_book_only_the_beginning_is_read():
    mail = read_mail(a_multipart(*["Content-Type: text/html\n\n" + "<" * 1_500_000] * 3))

    assert mail.notes == ("more_text",)
    assert len(mail.text) < 2 * MOST_TEXT


def test_a_field_has_an_end():
    raw = a_mail(subject="投诉" * limits.LONGEST_FIELD)

    assert len(parse_header(raw)["Subject"]) == limits.LONGEST_FIELD


def test_hostile_parameters_take_no_longer_than_their_length():
    raw = a_multipart(PLAIN, a_file("attachment" + ';filename*0*="\\' * 2000))

    assert file_name(parse(raw).get_payload()[1]) is not None


def test_the_beginning_of_a_mail_is_enough_for_its_header():
    mail = read_header_of(a_mail()[:300])

    assert (mail.sender.address, mail.notes, mail.text) == (LIN, ("beyond_limits",), "")


# --- which mail it is -----------------------------------------------------------------------------


def test_a_copy_that_took_another_way_is_the_same_mail():
    copy = b"Received: by c\r\nX-Spam: no\r\n" + a_mail() + b"\r\n"

    assert read_mail(copy).identity == read_mail(a_mail()).identity


def test_bytes_that_are_no_text_in_the_header_do_no_harm():
    mail = read_mail(a_mail(message_id="<\udcff@x>", References="<\udcfe@x>", subject="\udcff"))

    assert len(mail.identity) == 64


@pytest.mark.parametrize("other", [{"text": "x"}, {"sender": "a@b.cn"}, {"message_id": "<2@x>"}, {"subject": "x"}])
def test_what_differs_in_any_part_is_another_mail(other):
    assert read_mail(a_mail(**other)).identity != read_mail(a_mail()).identity
