from concurrent.futures import ThreadPoolExecutor

import pytest
from imapclient import FLAGGED

from complaints.adapters.mailbox.holding import DAY
from complaints.adapters.mailbox.maildir import MaildirMailbox
from complaints.adapters.mailbox.transport import Folder, open_mailbox
from complaints.adapters.tables import CaseRow, DeliveryRow, EntryRow, StartRow
from complaints.errors.evidence import EvidenceStoreAway
from complaints.errors.incoming_mail import MailboxRefused, MailboxUnavailable
from complaints.errors.settings import SettingError
from complaints.settings import settings
from tasks import desk, incoming_mail, mail_intake
from tasks.mail_intake import take_in_waiting
from tests.builders import MONDAY
from tests.dovecot import HOST, Imap, imap_server
from tests.mails import FIRM, LIN, a_bounce, a_mail
from tests.ports import free_port
from tests.tasks.mail.looking import a_sent_letter, count, lying, put, use_mailbox

# --- too many of one address ----------------------------------------------------------------------


@pytest.fixture
def two_a_day(monkeypatch):
    """Each address opens two cases a day; the mailbox is set before."""
    monkeypatch.setenv("REDRESS_MAIL_CASES_A_DAY", "2")
    settings.cache_clear()


def mails(number, **more):
    return [a_mail(f"第 {one} 件", message_id=f"<{one}@x.cn>", **more) for one in range(number)]


def test_beyond_what_an_address_opens_in_a_day_mails_wait_for_a_person(store, maildir, two_a_day):
    put(maildir, *mails(3))

    report = take_in_waiting.fn()

    assert dict(report.counts) == {"opened": 2, "held": 1, "to_be_looked_at": 1}
    assert (count(store, CaseRow), lying(maildir), lying(maildir, "held")) == (2, 0, 1)


def test_what_a_person_flagged_and_put_back_opens_its_case_and_is_moved_once(store, maildir, two_a_day):
    put(maildir, *mails(3))
    take_in_waiting.fn()
    (held,) = (maildir / ".Redress.held" / "cur").iterdir()
    back = maildir / "cur" / held.name

    held.rename(back)
    assert take_in_waiting.fn().counts["held"] == 1  # put back as it was, it waits again
    (held,) = (maildir / ".Redress.held" / "cur").iterdir()
    held.rename(back.with_name(f"{held.name.partition(':')[0]}:2,F"))

    assert take_in_waiting.fn().counts["opened"] == 1
    assert (count(store, CaseRow), lying(maildir, "held"), lying(maildir, "done")) == (3, 0, 3)


def test_another_address_and_another_day_are_counted_for_themselves(store, maildir, two_a_day):
    put(maildir, *mails(2))
    take_in_waiting.fn()

    put(maildir, a_mail("另一人", sender="chen@example.cn", message_id="<other@x.cn>"))
    assert take_in_waiting.fn().counts["opened"] == 1
    put(maildir, a_mail("次日", message_id="<later@x.cn>"), at=MONDAY + DAY)
    store.move_time(MONDAY + 2 * DAY)
    assert take_in_waiting.fn().counts["opened"] == 1


def test_however_an_address_is_written_it_is_one(store, maildir, two_a_day):
    put(maildir, *mails(2), a_mail("第三件", sender=LIN.upper(), message_id="<3@x.cn>"))

    assert take_in_waiting.fn().counts["held"] == 1


def test_what_belongs_to_a_case_is_added_to_it_however_many_mails_there_are(store, maildir, two_a_day):
    _, message_id = a_sent_letter(store)
    put(maildir, *mails(2))
    take_in_waiting.fn()

    put(maildir, *mails(4, subject="补充", In_Reply_To=message_id, sender=LIN))
    assert dict(take_in_waiting.fn().counts) == {"added": 4}


def test_a_flag_is_known_to_an_imap_server_too(store, imap_mailbox, two_a_day):
    for mail in mails(2):
        imap_mailbox.deliver(mail)
    take_in_waiting.fn()
    imap_mailbox.deliver(a_mail("第三件", message_id="<3@x.cn>"))
    assert take_in_waiting.fn().counts["held"] == 1

    with imap_mailbox.client() as client:
        held = next(name for _, _, name in client.list_folders() if name.endswith("held"))
        client.select_folder(held)
        client.add_flags(client.search(), [FLAGGED])
        client.move(client.search(), "INBOX")
    assert take_in_waiting.fn().counts["opened"] == 1


# --- never lost, never twice ----------------------------------------------------------------------


def test_a_mailbox_is_emptied_into_its_folders(store, maildir):
    _, message_id = a_sent_letter(store)
    put(maildir, a_mail(), a_mail(Auto_Submitted="auto-replied"), a_bounce(message_id), b"\x00\xff no mail at all")

    report = take_in_waiting.fn()

    assert dict(report.counts) == {"opened": 1, "auto": 1, "bounce": 1, "unreadable": 1, "to_be_looked_at": 1}
    assert lying(maildir) == 0
    assert {folder: lying(maildir, folder) for folder in Folder} == dict.fromkeys(Folder, 1) | {Folder.HELD: 0}


@pytest.mark.parametrize("mail", [a_mail(), a_mail("补充", In_Reply_To="{letter}")], ids=["opens", "adds"])
def test_a_worker_that_dies_before_the_move_leaves_exactly_one(store, maildir, monkeypatch, mail):
    _, message_id = a_sent_letter(store)
    put(maildir, mail.replace(b"{letter}", message_id.encode()))
    monkeypatch.setattr(MaildirMailbox, "move", _die)

    with pytest.raises(_Killed):
        take_in_waiting.fn()
    monkeypatch.undo()
    use_mailbox(monkeypatch, f"maildir://{maildir}")
    cases, entries = count(store, CaseRow), count(store, EntryRow)
    report = take_in_waiting.fn()

    assert dict(report.counts) == {"known": 1}
    assert (count(store, CaseRow), count(store, EntryRow)) == (cases, entries)
    assert (lying(maildir), lying(maildir, "done")) == (0, 1)


class _Killed(BaseException):
    """What no code catches."""


def _die(*_):
    raise _Killed


def test_two_workers_at_once_make_one_case_of_a_mail(store, maildir):
    put(maildir, *(a_mail(f"第 {number} 件", message_id=f"<{number}@x.cn>") for number in range(8)))

    with ThreadPoolExecutor(2) as pool:
        reports = [one.result() for one in [pool.submit(take_in_waiting.fn) for _ in range(2)]]

    assert count(store, CaseRow) == 8
    assert sum(one.counts["opened"] for one in reports) == 8
    assert lying(maildir, "done") == 8


def test_what_cannot_be_stored_now_stays_and_keeps_no_other_waiting(store, maildir, monkeypatch):
    put(maildir, a_mail("一"), a_mail("二", message_id="<2@x.cn>"))
    real, calls = mail_intake.take_in, []

    def away_at_first(*given, **options):
        calls.append(1)
        if len(calls) == 1:
            raise EvidenceStoreAway("away")
        return real(*given, **options)

    monkeypatch.setattr(mail_intake, "take_in", away_at_first)

    first, second = take_in_waiting.fn(), take_in_waiting.fn()

    assert (dict(first.counts), first.postponed) == ({"opened": 1}, ["EvidenceStoreAway"])
    assert dict(second.counts) == {"opened": 1}
    assert count(store, CaseRow) == 2


def test_an_evidence_store_that_fails_leaves_nothing_half_stored(store, maildir, monkeypatch):
    put(maildir, a_mail())

    def fail(*_):
        raise EvidenceStoreAway("full")

    monkeypatch.setattr(desk.evidence_store().files, "write", fail)
    report = take_in_waiting.fn()

    assert report.postponed == ["EvidenceStoreAway"]
    assert count(store, CaseRow) == count(store, DeliveryRow) == count(store, StartRow) == 0
    assert lying(maildir) == 1


def test_a_bug_stops_no_other_mail_and_says_nothing_of_what_it_says(store, maildir, monkeypatch, caplog):
    put(maildir, a_mail("一"), a_mail("二", message_id="<2@x.cn>"))
    real = incoming_mail.read_mail
    monkeypatch.setattr(incoming_mail, "read_mail", lambda raw: real(raw) if b"<2@" in raw else 1 / 0)

    report = take_in_waiting.fn()

    assert dict(report.counts) == {"opened": 1, "unreadable": 1, "to_be_looked_at": 1}
    assert lying(maildir, "unreadable") == 1
    assert "ZeroDivisionError" in caplog.text
    assert LIN not in caplog.text


def test_no_word_of_a_mail_enters_a_log_or_a_report(store, maildir, caplog):
    caplog.set_level("DEBUG")
    put(maildir, a_mail(), a_mail(b"\xff", content_type="text/plain; charset=x"), b"\x00")

    report = take_in_waiting.fn()

    told = caplog.text + repr(report)
    assert all(secret not in told for secret in (LIN, "林知夏", "投诉", "扣了两次", "mail.example.cn"))


# --- over IMAP ------------------------------------------------------------------------------------


def test_an_imap_mailbox_is_emptied_into_its_folders(store, imap_mailbox: Imap):
    _, message_id = a_sent_letter(store)
    imap_mailbox.deliver(a_mail(), a_mail(Precedence="list"), a_bounce(message_id), b"x\r\n\r\ny")

    report = take_in_waiting.fn()

    assert dict(report.counts) == {"opened": 1, "list": 1, "bounce": 1, "unreadable": 1, "to_be_looked_at": 1}
    assert imap_mailbox.folders() == {f"Redress/{folder}": 1 for folder in Folder if folder is not Folder.HELD}
    with open_mailbox(imap_mailbox.url, 10) as mailbox:
        assert [mailbox.lying(folder) for folder in (Folder.UNREADABLE, Folder.HELD)] == [1, 0]
    assert f"Redress/{Folder.HELD}" not in imap_mailbox.folders()  # to count makes none


def test_a_mail_that_is_only_looked_at_stays_unread(store, imap_mailbox: Imap, monkeypatch):
    imap_mailbox.deliver(a_mail())
    monkeypatch.setattr(mail_intake, "take_in", _away)

    take_in_waiting.fn()

    with imap_mailbox.client() as client:
        client.select_folder("INBOX")
        assert client.get_flags(client.search()) == {1: (b"\\Recent",)} or b"\\Seen" not in client.get_flags([1])[1]


def _away(*_, **__):
    raise EvidenceStoreAway("away")


@pytest.mark.parametrize(
    ("capability", "left"),
    [("IMAP4rev1 UIDPLUS", [b"by somebody else"]), ("IMAP4rev1", [b"by somebody else", b"by us"])],
    ids=["uidplus", "bare"],
)
def test_without_move_only_our_own_message_is_removed(store, monkeypatch, capability, left):
    with imap_server(f"imap_capability = {capability}") as server:
        use_mailbox(monkeypatch, server.url)
        server.deliver(a_mail("somebody deleted this", message_id="<d@x.cn>"), a_mail())
        with server.client() as client:
            client.select_folder("INBOX")
            client.delete_messages([1])

        reports = [take_in_waiting.fn() for _ in range(2)]

        assert [dict(one.counts) for one in reports] == [{"opened": 1}, {}]
        folders = server.folders()
    assert (folders["INBOX"], folders["Redress/done"]) == (len(left), 1)


def test_a_mailbox_that_numbers_anew_brings_no_case_twice(store, imap_mailbox: Imap):
    imap_mailbox.deliver(a_mail())
    take_in_waiting.fn()
    imap_mailbox.deliver(a_mail())  # the same mail, under another UID

    assert dict(take_in_waiting.fn().counts) == {"known": 1}
    assert count(store, CaseRow) == 1


def test_a_folder_below_the_inbox_can_be_the_mailbox(store, imap_mailbox: Imap, monkeypatch):
    with imap_mailbox.client() as client:
        client.create_folder("投诉")
        client.append("投诉", a_mail())
    use_mailbox(monkeypatch, imap_mailbox.url.replace("/INBOX", "/%E6%8A%95%E8%AF%89"))

    assert dict(take_in_waiting.fn().counts) == {"opened": 1}


def test_a_refused_login_says_so_without_the_password(imap_mailbox: Imap, monkeypatch):
    use_mailbox(monkeypatch, imap_mailbox.url.replace("right", "wrong"))

    with pytest.raises(MailboxRefused) as refused:
        take_in_waiting.fn()

    assert "refused the login" in str(refused.value)
    assert "wrong" not in str(refused.value)
    assert FIRM not in str(refused.value)


def test_a_certificate_that_nobody_vouches_for_is_refused(imap_mailbox: Imap, monkeypatch):
    url = imap_mailbox.url.replace("imap://", "imaps://").replace(str(imap_mailbox.port), str(imap_mailbox.tls_port))
    use_mailbox(monkeypatch, url)

    with pytest.raises(MailboxRefused, match="certificate"):
        take_in_waiting.fn()


def test_a_trusted_certificate_is_used(store, imap_mailbox: Imap, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(imap_mailbox.certificate))
    url = imap_mailbox.url.replace("imap://", "imaps://").replace(str(imap_mailbox.port), str(imap_mailbox.tls_port))
    use_mailbox(monkeypatch, url)
    imap_mailbox.deliver(a_mail())

    assert dict(take_in_waiting.fn().counts) == {"opened": 1}


@pytest.mark.parametrize("offers", ["yes", "no"])
def test_another_machine_is_never_sent_the_password_in_clear(store, monkeypatch, offers):
    with imap_server("" if offers == "yes" else "ssl = no") as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate))
        monkeypatch.setattr("complaints.adapters.mailbox.transport.LOOPBACK", frozenset())
        use_mailbox(monkeypatch, server.url)
        if offers == "yes":
            assert dict(take_in_waiting.fn().counts) == {}
        else:
            with pytest.raises(MailboxRefused, match="offers no encryption"):
                take_in_waiting.fn()


def test_a_server_that_is_away_is_told_plainly(monkeypatch):
    use_mailbox(monkeypatch, f"imap://a%40b.cn:secret@{HOST}:{free_port()}/INBOX")

    with pytest.raises(MailboxUnavailable, match="no connection"):
        take_in_waiting.fn()


@pytest.mark.parametrize(
    "url", ["imap://host/INBOX", "ftp://a:secret@b", "maildir://relative", "imap://a:secret@[", "secret"]
)
def test_what_is_no_mailbox_is_refused_without_repeating_it(url, monkeypatch):
    use_mailbox(monkeypatch, url)

    with pytest.raises(SettingError) as wrong:
        take_in_waiting.fn()

    assert "secret" not in str(wrong.value)
