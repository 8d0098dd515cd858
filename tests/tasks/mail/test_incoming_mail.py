from base64 import b64encode
from datetime import timedelta
from email.utils import format_datetime

import pytest

from complaints import acts
from complaints.adapters.evidence import read_evidence
from complaints.adapters.mailbox import limits
from complaints.adapters.mailbox.transport import Fetched, Folder
from complaints.adapters.tables import CaseRow, DeliveryRow, StartRow
from complaints.answers import Question
from complaints.words import Channel, Closure, Stage
from tasks import desk
from tasks.contributions import withdraw
from tasks.incoming_mail import Outcome, Taken, take_in
from tests.builders import MONDAY, advance
from tests.mails import FIRM, LIN, WORDS, a_bounce, a_mail, a_multipart
from tests.tasks.mail.looking import a_sent_letter, case_of, count, mail_taken, take

OTHER = "Somebody <somebody@example.org>"


# --- what opens a case ----------------------------------------------------------------------------


def test_a_mail_opens_a_case_with_the_raw_mail_and_its_files_as_evidence(store):
    png = b"\x89PNG\r\n\x1a\n" + bytes(100)
    raw = a_multipart(
        f"Content-Type: text/plain; charset=utf-8\n\n{WORDS}",
        b"Content-Type: image/png\nContent-Transfer-Encoding: base64\n"
        b"Content-Disposition: attachment; filename*=utf-8''%E6%88%AA%E5%9B%BE.png\n\n" + b64encode(png),
    )

    taken = take(raw)

    case = case_of(store, taken)
    assert (taken.outcome, taken.folder) == (Outcome.OPENED, Folder.DONE)
    assert (case.facts.channel, case.facts.sender, case.facts.language) == (Channel.EMAIL, "mail", "zh-CN")
    assert case.facts.received_at == MONDAY - timedelta(minutes=1)
    assert case.complaint.complainant.name == "林知夏"
    assert [one.value for one in case.contacts] == [LIN]
    assert case.complaint.narrative == f"投诉：重复扣款\n\n{WORDS}"
    with store.open_case(case.reference) as opened:
        kept = [read_evidence(opened, desk.evidence_store(), one) for one in opened.case.evidence]
    assert kept == [raw, png]
    assert [one.added.name for one in case.evidence] == ["mail.eml", "截图.png"]
    assert count(store, StartRow) == 1


def test_the_same_mail_twice_is_one_case_even_by_another_way(store):
    first = take(a_mail())
    again = take(b"Received: from elsewhere\r\n" + a_mail())

    assert again.outcome is Outcome.KNOWN
    assert count(store, CaseRow) == 1
    assert first.references


def test_another_mail_under_the_same_message_id_is_not_lost(store):
    take(a_mail())

    assert take(a_mail("另一件事")).outcome is Outcome.OPENED
    assert count(store, CaseRow) == 2


@pytest.mark.parametrize(
    ("server", "header", "received_at"),
    [
        (MONDAY - timedelta(hours=2), MONDAY - timedelta(hours=3), MONDAY - timedelta(hours=2)),
        (None, MONDAY - timedelta(hours=3), MONDAY - timedelta(hours=3)),
        (MONDAY + timedelta(days=9), None, MONDAY),
        (None, MONDAY + timedelta(days=9), MONDAY),
        (None, None, MONDAY),
    ],
)
def test_the_instant_of_receipt_is_the_servers_and_never_in_the_future(store, server, header, received_at):
    more = {"Received": f"from a by b; {format_datetime(header)}"} if header else {}

    taken = take_in(Fetched(a_mail(Date="Fri, 1 Jan 2038 00:00:00 +0000", **more), server))

    assert abs(case_of(store, taken).facts.received_at - received_at) < timedelta(minutes=2)


@pytest.mark.parametrize(
    "more",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"List_Id": "<news.example.org>"},
        {"X_Autoreply": "yes"},
        {"subject": "自动回复：休假中"},
    ],
)
def test_what_a_machine_sent_opens_no_case(store, more):
    taken = take(a_mail(**more))

    assert taken.folder is Folder.AUTO
    assert count(store, CaseRow) == count(store, DeliveryRow) == 0


def test_a_mail_from_nobody_is_put_where_a_person_looks(store):
    assert take(a_mail(sender="undisclosed")) == Taken(Outcome.UNREADABLE, Folder.UNREADABLE)
    assert count(store, CaseRow) == 0


@pytest.mark.parametrize(
    "raw",
    [
        a_mail("x\n" * 600_000 + "y\n" * 600_000),
        a_multipart(*["Content-Type: text/plain\n\nx"] * (limits.MOST_PARTS + 1)),
        a_mail(X_Long="a" * (limits.LARGEST_HEADER + 1)),
    ],
    ids=["lines", "parts", "header"],
)
def test_a_mail_beyond_the_limits_opens_a_case_and_waits_for_a_person(store, raw):
    taken = take(raw)

    case = case_of(store, taken)
    assert (taken.outcome, taken.folder) == (Outcome.OPENED, Folder.UNREADABLE)
    assert "Redress/unreadable" in case.complaint.narrative
    assert len(case.evidence) == 1
    assert '"beyond_limits"' in mail_taken(store, case.reference)


def test_of_a_mail_too_large_to_be_fetched_the_header_opens_a_case(store):
    taken = take(a_mail(), is_whole=False)

    case = case_of(store, taken)
    assert (taken.outcome, taken.folder) == (Outcome.OPENED, Folder.UNREADABLE)
    assert case.complaint.narrative.startswith("投诉：重复扣款")
    assert case.evidence == ()


def test_a_file_that_is_refused_does_not_keep_the_complaint_out(store):
    program = a_multipart(
        f"Content-Type: text/plain; charset=utf-8\n\n{WORDS}",
        b"Content-Type: application/pdf\nContent-Disposition: attachment; filename=a.pdf\n\n\x7fELF" + bytes(64),
    )

    case = case_of(store, take(program))

    assert [one.added.name for one in case.evidence] == ["mail.eml"]
    assert len(case.evidence_refused) == 1


# --- which case -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "named",
    [
        {"subject": "Re: {reference}"},
        {"text": "关于 {reference}，补充流水。"},
        {"To": "complaints+{reference}@example.com"},
    ],
)
def test_a_contact_of_a_case_adds_to_it_by_naming_it(store, named):
    reference, _ = a_sent_letter(store)

    taken = take(a_mail(**{name: value.format(reference=reference) for name, value in named.items()}))

    case = store.read_case(reference)
    assert (taken.outcome, taken.references) == (Outcome.ADDED, (reference,))
    assert [one.channel for one in case.materials] == [Channel.EMAIL]
    assert case.materials[0].evidence == (1,)
    assert count(store, CaseRow) == 1


def test_a_stranger_who_names_a_case_does_not_get_into_it(store):
    reference, _ = a_sent_letter(store)

    taken = take(a_mail(sender=OTHER, subject=f"Re: {reference}"))

    assert taken.outcome is Outcome.OPENED
    assert not store.read_case(reference).materials
    assert reference in mail_taken(store, taken.references[0])  # a hint for the handler


def test_an_answer_to_a_letter_of_ours_adds_to_its_case_from_any_address(store):
    reference, message_id = a_sent_letter(store)

    taken = take(a_mail(sender=OTHER, subject="thanks", References=f"<x@y.cn> {message_id}"))

    assert (taken.outcome, taken.references) == (Outcome.ADDED, (reference,))


def test_a_letter_number_that_was_never_sent_opens_no_way_in(store):
    reference, message_id = a_sent_letter(store)
    another = message_id.replace("-1-", "-7-", 1)

    assert take(a_mail(sender=OTHER, In_Reply_To=another)).outcome is Outcome.OPENED
    assert not store.read_case(reference).materials


@pytest.mark.parametrize("mark", ["", f"-{'0' * 16}"])
def test_who_knows_only_a_reference_cannot_answer_its_letters_nor_have_them_come_back(store, mark):
    reference, message_id = a_sent_letter(store)
    guessed = f"<{reference}-1{mark}@{message_id.strip('<>').partition('@')[2]}>"

    assert take(a_mail(sender=OTHER, In_Reply_To=guessed)).outcome is Outcome.OPENED
    take(a_bounce(guessed))
    assert not store.read_case(reference).refused_by
    assert not store.read_case(reference).materials


def test_a_second_mail_of_a_thread_finds_the_case_of_the_first(store):
    first = take(a_mail())
    second = take(a_mail("补充", message_id="<2@mail.example.cn>", In_Reply_To="<1@mail.example.cn>"))
    third = take(a_mail("再补充", sender=OTHER, message_id=None, References="<2@mail.example.cn>"))

    assert second.references == third.references == first.references
    assert len(case_of(store, first).materials) == 2


def test_an_answer_on_a_closed_case_opens_a_new_one_that_refers_to_it(store):
    reference, message_id = a_sent_letter(store)
    with store.open_case(reference) as opened:
        withdraw(opened, "li.wei")

    taken = take(a_mail(In_Reply_To=message_id))

    assert taken.outcome is Outcome.OPENED
    assert f'"follows":"{reference}"' in mail_taken(store, taken.references[0]).replace(": ", ":")
    assert store.read_case(reference).closed.closure is Closure.WITHDRAWN


def test_the_same_answer_twice_is_taken_once(store):
    reference, message_id = a_sent_letter(store)

    outcomes = [take(a_mail(In_Reply_To=message_id)).outcome for _ in range(2)]

    assert outcomes == [Outcome.ADDED, Outcome.KNOWN]
    assert len(store.read_case(reference).materials) == 1


# --- letters that came back -----------------------------------------------------------------------


def test_a_letter_that_came_back_is_asked_about(store):
    reference, message_id = a_sent_letter(store)

    taken = take(a_bounce(message_id))

    case = store.read_case(reference)
    assert (taken.outcome, taken.folder, taken.references) == (Outcome.BOUNCE, Folder.BOUNCES, (reference,))
    assert case.asks is Question.DELIVERY
    assert case.refused_by == {LIN}
    assert [one.added.name for one in case.evidence] == ["returned.eml"]


def test_a_letter_that_came_back_twice_is_asked_about_once(store):
    reference, message_id = a_sent_letter(store)

    takens = [take(a_bounce(message_id)) for _ in range(2)]

    assert [len(one.references) for one in takens] == [1, 0]
    assert sum(one.kind == "letter_failed" for one in store.entries(reference)) == 1


def test_a_letter_that_is_only_late_asks_nothing(store):
    reference, message_id = a_sent_letter(store)

    take(a_bounce(message_id, action="delayed", status="4.4.1"))

    assert store.read_case(reference).asks is None


@pytest.mark.parametrize(
    "text",
    [
        "很抱歉，您的邮件被退回来了……\n收件人邮件地址：{recipient}\n退信原因：用户不存在\n主题：受理告知书（编号：{reference}）",
        "550 5.1.1 <{recipient}>: no such user\n受理告知书（编号：{reference}）",
    ],
)
def test_a_letter_returned_in_free_words_is_found_by_its_reference_and_address(store, text):
    reference, _ = a_sent_letter(store)
    words = text.format(recipient=LIN, reference=reference)

    take(a_mail(words, sender="PostMaster@qq.com", subject="系统退信", message_id="<r@qq.com>"))

    case = store.read_case(reference)
    assert case.asks is Question.DELIVERY
    assert not case.refused_by  # anybody may have written this: a person decides


def test_a_letter_of_an_erased_case_that_comes_back_changes_nothing(store, tmp_path):
    reference, message_id = a_sent_letter(store)
    with store.open_case(reference) as desk:
        advance(desk.case, Stage.CLOSED, now=desk.now)
        desk.case.record(acts.Erased(ground="consent_withdrawn", approver="w.f"), desk.now, "li.wei")
    before = len(store.entries(reference))

    taken = take(a_bounce(message_id))

    assert (taken.outcome, taken.references) == (Outcome.BOUNCE, ())
    assert len(store.entries(reference)) == before


def test_a_return_that_speaks_of_no_letter_of_ours_changes_nothing(store):
    reference, message_id = a_sent_letter(store)
    before = len(store.entries(reference))

    takens = [
        take(a_bounce("<other@example.org>")),
        take(a_bounce(message_id.replace("-1-", "-9-"))),
        take(a_bounce(f"<TS260302-2222222-1-0123456789abcdef@{FIRM.partition('@')[2]}>")),
    ]

    assert [one.references for one in takens] == [()] * 3
    assert len(store.entries(reference)) == before
