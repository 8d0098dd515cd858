import hashlib
import re
from contextlib import nullcontext
from threading import Thread

import pytest

from complaints.acts_by_subject.letters import Kept
from complaints.adapters.mail import FolderCarrier, HandOver, KeptOnFile, SmtpCarrier
from complaints.adapters.tables import LetterRow
from complaints.answers import Question
from complaints.correspondence import delivery_channel
from complaints.errors.letters import LetterIncomplete, MailRefused, MailUnavailable
from complaints.errors.settings import SettingError
from complaints.settings import settings
from complaints.words import Kind, Repair
from tasks import letters
from tasks.desk import carrier
from tasks.letters import deliver_letter, prepare_letter
from tests.builders import EMAIL, PHONE, POST, a_repair, a_stored_case, file_complaint
from tests.mail_servers import Misdeed, wayward_server
from tests.ports import free_port

LETTER = "acknowledgement"
OTHER_EMAIL = {"kind": "email", "value": "daughter@example.cn"}
REACHABLE = {"complainant": {"name": "林知夏", "contacts": [EMAIL, PHONE, POST, OTHER_EMAIL]}}
LAST_TRY = len(letters._DELAYS) + 1


def kinds(store, reference):
    """The ledger of a case in a line."""
    return [entry.kind for entry in store.entries(reference)]


def told(store, reference):
    """What the ledger says about letters, after they were prepared."""
    return [kind for kind in kinds(store, reference) if kind.startswith("letter_")][1:]


def letter_of(store, reference, letter=LETTER, round=1):
    return store.read_case(reference).letters[letter, round]


def row_of(store, reference, letter=LETTER, round=1):
    with store.read() as session:
        return session.get_one(LetterRow, (reference, letter, round))


def a_prepared_letter(store, letter=LETTER, **changes):
    """A case of which a letter lies in the outbox."""
    reference = file_complaint(store, **REACHABLE | changes)
    prepare_letter.fn(reference, letter, 1)
    return reference


def deliver(reference, letter=LETTER, round=1):
    deliver_letter.fn(reference, letter, round)


def repair(store, reference, **changes):
    with store.open_case(reference) as desk:
        desk.case.answer(Question.DELIVERY, a_repair(**changes), "li.wei", desk.now)


@pytest.fixture
def try_number(monkeypatch):
    """Says which of Prefect's tries this is."""

    def set_number(number):
        monkeypatch.setenv("PREFECT__RUNTIME__TASK_RUN__RUN_COUNT", str(number))

    set_number(1)
    return set_number


@pytest.fixture
def no_server(use_mail_server):
    """The mail server is not there."""
    use_mail_server(free_port())


@pytest.fixture
def folder():
    """Where letters go that no mail server takes."""
    return settings().letters_folder


def files_in(folder):
    return sorted(file.name for file in folder.iterdir()) if folder.exists() else []


# --- preparing ----------------------------------------------------------------------------------


def test_a_prepared_letter_lies_in_the_outbox_and_in_the_ledger(store):
    reference = a_prepared_letter(store)

    known = letter_of(store, reference)
    stored = store.read_letter(reference, LETTER, 1)
    assert (known.status, known.channel, known.recipient) == ("prepared", "email", EMAIL["value"])
    assert known.prepared.number == f"{reference}-1"
    assert re.fullmatch(rf"<{reference}-1-[0-9a-f]{{16}}@example\.com>", known.prepared.message_id)
    assert known.prepared.language == "zh-CN"
    assert known.prepared.sha256 == stored.sha256
    assert "尊敬的林知夏" in stored.text
    assert (row_of(store, reference).attempt, row_of(store, reference).sending_since) == (0, None)


def test_a_letter_prepared_twice_is_one_letter(store):
    reference = a_prepared_letter(store)
    before = store.entries(reference)
    stored = store.read_letter(reference, LETTER, 1)

    prepare_letter.fn(reference, LETTER, 1)

    assert store.entries(reference) == before
    assert store.read_letter(reference, LETTER, 1) == stored


def test_a_letter_prepared_by_two_workers_at_once_is_one_letter(store):
    reference = file_complaint(store)
    workers = [Thread(target=prepare_letter.fn, args=(reference, LETTER, 1)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert kinds(store, reference).count("letter_prepared") == 1


def test_each_letter_of_a_case_has_a_number_and_a_message_id_of_its_own(store):
    reference = a_prepared_letter(store)
    for round in (1, 2):
        prepare_letter.fn(reference, "materials_request", round)

    prepared = [letter.prepared for letter in store.read_case(reference).letters.values()]
    assert [one.number for one in prepared] == [f"{reference}-{number}" for number in (1, 2, 3)]
    assert len({one.message_id for one in prepared}) == 3


@pytest.mark.parametrize(
    ("contacts", "channel", "recipient"),
    [
        ([PHONE, EMAIL], "email", EMAIL["value"]),  # e-mail first
        ([PHONE, POST], "hand", PHONE["value"]),
        ([POST], "hand", POST["value"]),
        ([{"kind": "portal", "value": "12378-42"}], "hand", "12378-42"),
        ([], "file", None),
    ],
)
def test_a_letter_goes_to_the_best_contact_on_file(store, contacts, channel, recipient):
    reference = a_prepared_letter(store, complainant={"name": "林知夏", "contacts": contacts})

    known = letter_of(store, reference)
    assert (known.channel, known.recipient) == (channel, recipient)
    deliver(reference)
    assert letter_of(store, reference).status == "sent"


def test_an_incomplete_letter_is_not_put_into_the_outbox(store):
    stricter = (
        'name = "cn-nfra"\nversion = "9"\nextends = "cn-nfra"\nvalid_from = 2026-01-01\n[[letters]]\n'
        f'name = "{LETTER}"\nelements = ["received", "ombudsman"]\n'
        'article = { zh = "第九十九条", en = "art. 99" }\nconfidence = "H"\n'
    )
    with store.write() as session:
        store.add_rule(session, "pack", "cn-nfra", "9", stricter, "c.zhao")
    reference = file_complaint(store)

    with pytest.raises(LetterIncomplete, match="ombudsman"):
        prepare_letter.fn(reference, LETTER, 1)

    assert "letter_prepared" not in kinds(store, reference)


def test_a_letter_that_was_prepared_is_never_rendered_again(store, mailbox, monkeypatch):
    """What goes out is what the ledger's hash stands for, whatever the templates say by then."""
    reference = a_prepared_letter(store)
    sha256 = letter_of(store, reference).prepared.sha256
    monkeypatch.setenv("REDRESS_FIRM__NAME_ZH", "另一家公司")
    settings.cache_clear()

    deliver(reference)

    (sent,) = mailbox.letters
    assert "另一家公司" not in sent.get_body(("plain",)).get_content()
    assert hashlib.sha256(store.read_letter(reference, LETTER, 1).dump()).hexdigest() == sha256


# --- how letters leave --------------------------------------------------------------------------


def test_the_channel_and_the_settings_decide_how_a_letter_leaves(monkeypatch):
    assert isinstance(carrier("file"), KeptOnFile)
    assert isinstance(carrier("hand"), HandOver)
    assert isinstance(carrier("email"), FolderCarrier)
    monkeypatch.setenv("REDRESS_SMTP_URL", "smtp://mail.example.cn")
    settings.cache_clear()
    assert isinstance(carrier("email"), SmtpCarrier)
    assert isinstance(carrier("hand"), HandOver)
    assert isinstance(carrier(delivery_channel(None)), KeptOnFile)


def test_a_letter_is_sent(store, mailbox):
    reference = a_prepared_letter(store)

    deliver(reference)

    (letter,) = mailbox.letters
    assert letter["Message-ID"].startswith(f"<{reference}-1-")
    assert letter["To"] == EMAIL["value"]
    assert told(store, reference) == ["letter_sent"]
    assert letter_of(store, reference).is_settled
    assert (row_of(store, reference).attempt, row_of(store, reference).sending_since) == (1, None)


def test_a_letter_delivered_twice_is_sent_once(store, mailbox):
    reference = a_prepared_letter(store)
    deliver(reference)
    before = store.entries(reference)

    deliver(reference)

    assert len(mailbox.letters) == 1
    assert store.entries(reference) == before


def test_without_a_mail_server_the_letter_is_a_file_and_the_receipt_says_so(store, folder):
    reference = a_prepared_letter(store)

    deliver(reference)
    deliver(reference)

    assert files_in(folder / "not-sent") == [f"{reference}-1.eml"]
    assert told(store, reference) == ["letter_sent"]
    assert "not sent" in store.entries(reference)[-1].facts
    assert not letter_of(store, reference).has_left


def test_a_letter_to_nobody_is_kept_on_file(store, folder):
    reference = a_prepared_letter(store, complainant={})

    deliver(reference)

    assert "kept on file" in store.entries(reference)[-1].facts
    assert letter_of(store, reference).kept is Kept.ON_FILE
    assert not folder.exists()


@pytest.mark.parametrize(
    ("kind", "letter", "to"),
    [
        (Kind.COMPLAINT, "acknowledgement", EMAIL["value"]),
        (Kind.REPORT, "report_receipt", "undisclosed-recipients:;"),
        (None, "report_receipt", "undisclosed-recipients:;"),  # not assessed yet
        (Kind.REPORT, "acknowledgement", "undisclosed-recipients:;"),
    ],
)
def test_a_letter_about_a_report_shows_nobody_whom_it_goes_to(store, mailbox, kind, letter, to):
    deliver(a_prepared_letter(store, letter, kind=kind), letter)

    (sent,), (envelope,) = mailbox.letters, mailbox.envelopes
    assert sent["To"] == to
    assert envelope.rcpt_tos == [EMAIL["value"]]


def test_a_letter_about_a_report_lies_on_the_list_without_its_address(store, folder):
    reference = a_prepared_letter(store, "report_receipt", kind=Kind.REPORT, complainant={"contacts": [PHONE]})

    deliver(reference, "report_receipt")

    listed = folder / "hand-over"
    assert files_in(listed) == [f"{reference}-1.address.txt", f"{reference}-1.html"]
    assert all(PHONE["value"] not in file.read_text() for file in listed.iterdir())


# --- when it goes wrong -------------------------------------------------------------------------


def test_while_tries_are_left_an_unavailable_server_is_tried_again(store, no_server, try_number):
    reference = a_prepared_letter(store)
    before = store.entries(reference)

    for number in range(1, LAST_TRY):
        try_number(number)
        with pytest.raises(MailUnavailable):
            deliver(reference)

        assert store.entries(reference) == before
        assert (row_of(store, reference).attempt, row_of(store, reference).sending_since) == (number, None)


def test_when_tries_run_out_a_person_is_asked(store, no_server, try_number):
    reference = a_prepared_letter(store)
    try_number(LAST_TRY)

    deliver(reference)

    assert store.read_case(reference).asks is Question.DELIVERY
    assert letter_of(store, reference).status == "failed"
    assert letter_of(store, reference).reason == "The mail server did not take the letter: ConnectionRefusedError."
    assert row_of(store, reference).sending_since is None


def test_a_letter_that_a_server_takes_at_the_second_try_is_sent_once(store, no_server, use_mail_server, try_number):
    reference = a_prepared_letter(store)
    with pytest.raises(MailUnavailable):
        deliver(reference)

    with wayward_server() as server:
        use_mail_server(server.port)
        try_number(2)
        deliver(reference)

    assert server.heard.count("content") == 1
    assert told(store, reference) == ["letter_sent"]


def test_a_refused_letter_is_not_tried_again_but_a_person_is_asked(store, mailbox, try_number):
    mailbox.at_recipient = f"550 5.1.1 <{EMAIL['value']}> unknown"
    reference = a_prepared_letter(store)

    deliver(reference)
    deliver(reference)

    assert told(store, reference) == ["letter_failed"]
    assert len(mailbox.senders) == 1
    assert store.read_case(reference).asks is Question.DELIVERY
    assert EMAIL["value"] not in "".join(entry.facts for entry in store.entries(reference))


@pytest.mark.parametrize("deed", [Misdeed.DROP, Misdeed.STALL, "what?"], ids=str)
def test_a_letter_that_may_have_been_taken_is_never_sent_again_by_itself(store, use_mail_server, try_number, deed):
    reference = a_prepared_letter(store)
    with wayward_server(content=deed) as server:
        use_mail_server(server.port, seconds=3)
        deliver(reference)
        deliver(reference)

    assert server.heard.count("content") == 1
    assert letter_of(store, reference).status == "uncertain"
    assert store.read_case(reference).asks is Question.DELIVERY


class WorkerDied(BaseException):
    """The process was killed: nothing catches it, nothing is recorded."""


@pytest.fixture
def die_after_sending(monkeypatch):
    """The worker dies between sending a letter and recording that it was sent; the next one lives."""

    def die(*_):
        monkeypatch.setattr(letters, "_end", end)
        raise WorkerDied

    end = letters._end
    monkeypatch.setattr(letters, "_end", die)


def test_what_a_dead_worker_may_have_sent_is_not_sent_again_but_asked(store, mailbox, die_after_sending):
    reference = a_prepared_letter(store)
    with pytest.raises(WorkerDied):
        deliver(reference)
    assert row_of(store, reference).sending_since is not None

    deliver(reference)
    deliver(reference)

    assert len(mailbox.letters) == 1
    assert told(store, reference) == ["letter_failed"]
    assert letter_of(store, reference).status == "uncertain"
    assert letter_of(store, reference).reason == "the worker stopped while it was being sent"
    assert row_of(store, reference).sending_since is None


@pytest.mark.parametrize(
    ("contacts", "files"),
    [([EMAIL], ["not-sent"]), ([POST], ["hand-over"]), ([], [])],
    ids=["a folder", "the list", "the file"],
)
def test_what_a_dead_worker_wrote_to_a_folder_is_simply_written_again(
    store, folder, die_after_sending, contacts, files
):
    reference = a_prepared_letter(store, complainant={"name": "林知夏", "contacts": contacts})
    with pytest.raises(WorkerDied):
        deliver(reference)

    deliver(reference)

    assert told(store, reference) == ["letter_sent"]
    assert files_in(folder) == files
    for each in files:
        assert {name.partition(".")[0] for name in files_in(folder / each)} == {f"{reference}-1"}


def test_two_workers_that_deliver_at_once_send_one_letter(store, mailbox):
    reference = a_prepared_letter(store)
    workers = [Thread(target=deliver, args=(reference,)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert len(mailbox.letters) == 1
    # Whoever finds the mark of another takes the letter for uncertain; the receipt stands last in any case.
    assert told(store, reference) in (["letter_sent"], ["letter_failed", "letter_sent"])
    assert letter_of(store, reference).status == "sent"
    assert row_of(store, reference).sending_since is None


def test_a_receipt_counts_though_the_letter_was_meanwhile_thought_uncertain(store, mailbox, monkeypatch):
    reference = a_prepared_letter(store)
    send = SmtpCarrier.send

    def send_and_meanwhile(self, post):
        receipt = send(self, post)
        deliver(reference)  # another worker finds the mark, and asks
        assert letter_of(store, reference).status == "uncertain"
        assert store.read_case(reference).asks is Question.DELIVERY
        return receipt

    monkeypatch.setattr(SmtpCarrier, "send", send_and_meanwhile)
    deliver(reference)

    assert told(store, reference) == ["letter_failed", "letter_sent"]
    assert letter_of(store, reference).status == "sent"
    assert row_of(store, reference).sending_since is None
    assert store.read_case(reference).asks is None  # nobody need repair what arrived
    assert len(mailbox.letters) == 1


@pytest.mark.parametrize(
    ("outcome", "tries_are_over"),
    [(MailUnavailable("code 451"), False), (MailUnavailable("code 451"), True), (MailRefused("code 550"), True)],
    ids=["unavailable", "unavailable at the last try", "refused"],
)
def test_only_a_receipt_ends_the_uncertainty(store, no_server, monkeypatch, try_number, outcome, tries_are_over):
    reference = a_prepared_letter(store)
    try_number(LAST_TRY if tries_are_over else 1)

    def fail_and_meanwhile(self, post):
        deliver(reference)  # another worker finds the mark, and asks
        raise outcome

    monkeypatch.setattr(SmtpCarrier, "send", fail_and_meanwhile)
    with nullcontext() if tries_are_over else pytest.raises(MailUnavailable):
        deliver(reference)

    assert told(store, reference) == ["letter_failed"]
    assert letter_of(store, reference).status == "uncertain"


def test_a_case_that_moved_on_while_its_letter_was_sent_keeps_what_it_says(store, mailbox, monkeypatch):
    """Meanwhile a person wrote down that the letter arrived."""
    reference = a_prepared_letter(store)
    send = SmtpCarrier.send

    def send_and_meanwhile(self, post):
        receipt = send(self, post)
        deliver(reference)  # another worker finds the mark, and asks
        repair(store, reference, choice=Repair.ARRIVED)
        return receipt

    monkeypatch.setattr(SmtpCarrier, "send", send_and_meanwhile)
    deliver(reference)

    assert told(store, reference) == ["letter_failed", "letter_repaired", "letter_sent"]
    assert len(mailbox.letters) == 1


# --- repair -------------------------------------------------------------------------------------


@pytest.fixture
def undelivered(store, no_server, try_number):
    """A case that waits for a person to repair the delivery of its acknowledgement."""
    reference = a_prepared_letter(store)
    try_number(LAST_TRY)
    deliver(reference)
    try_number(1)
    return reference


def test_a_letter_sent_again_goes_to_the_same_address(store, undelivered, mailbox):
    repair(store, undelivered, choice=Repair.RESEND)
    assert store.read_case(undelivered).asks is None

    deliver(undelivered)

    assert [envelope.rcpt_tos for envelope in mailbox.envelopes] == [[EMAIL["value"]]]
    assert told(store, undelivered) == ["letter_failed", "letter_repaired", "letter_sent"]


def test_a_letter_goes_to_the_other_contact_that_was_chosen(store, undelivered, mailbox):
    repair(store, undelivered, choice=Repair.OTHER_CONTACT, contact=4)

    deliver(undelivered)

    (letter,), (envelope,) = mailbox.letters, mailbox.envelopes
    assert envelope.rcpt_tos == [letter["To"]] == [OTHER_EMAIL["value"]]
    assert letter["Message-ID"].startswith(f"<{undelivered}-1-")


@pytest.mark.parametrize(
    ("answer", "address"),
    [
        ({"choice": Repair.OTHER_CONTACT, "contact": 2}, PHONE["value"]),
        ({"choice": Repair.BY_POST}, POST["value"]),
    ],
    ids=["the telephone", "post"],
)
def test_a_letter_that_does_not_go_by_mail_is_put_on_the_list(store, undelivered, mailbox, folder, answer, address):
    repair(store, undelivered, **answer)

    deliver(undelivered)

    assert mailbox.letters == []
    assert (folder / "hand-over" / f"{undelivered}-1.address.txt").read_text().strip() == address
    assert letter_of(store, undelivered).is_settled


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ({"choice": Repair.ARRIVED}, "sent"),
        ({"choice": Repair.GIVE_UP, "reason": "not_reachable"}, "given_up"),
    ],
)
def test_a_letter_that_arrived_or_was_given_up_is_settled_and_not_sent(store, undelivered, mailbox, answer, status):
    repair(store, undelivered, **answer)
    before = store.entries(undelivered)

    deliver(undelivered)

    assert letter_of(store, undelivered).status == status
    assert letter_of(store, undelivered).is_settled
    assert store.read_case(undelivered).asks is None
    assert mailbox.letters == []
    assert store.entries(undelivered) == before


def test_a_repaired_letter_can_fail_again_and_is_asked_for_again(store, undelivered, try_number):
    repair(store, undelivered, choice=Repair.RESEND)
    try_number(LAST_TRY)

    deliver(undelivered)

    assert store.read_case(undelivered).asks is Question.DELIVERY
    assert store.read_case(undelivered).round_of(Question.DELIVERY) == 2


def test_the_next_letter_avoids_the_address_that_refuses_letters(store, mailbox, try_number):
    mailbox.at_recipient = "550 5.1.1 unknown"
    reference = a_prepared_letter(store)
    deliver(reference)
    repair(store, reference, choice=Repair.GIVE_UP, reason="not_reachable")

    prepare_letter.fn(reference, "materials_request", 1)

    assert letter_of(store, reference, "materials_request").recipient == OTHER_EMAIL["value"]


def test_the_next_letter_still_goes_to_an_address_whose_server_was_away(store, undelivered):
    repair(store, undelivered, choice=Repair.GIVE_UP, reason="not_reachable")

    prepare_letter.fn(undelivered, "materials_request", 1)

    assert letter_of(store, undelivered, "materials_request").recipient == EMAIL["value"]


# --- a letter that stands in the outbox of an older case ----------------------------------------


def test_a_letter_stored_by_an_older_version_is_delivered_as_it_was_written(store, mailbox):
    reference = a_stored_case(store, letter=True)

    deliver(reference)

    (letter,) = mailbox.letters
    assert letter["Subject"] == "已收到您的投诉"


def test_a_wrong_setting_stops_the_run_and_names_itself(store, monkeypatch):
    monkeypatch.setenv("REDRESS_SMTP_URL", "mail.example.cn")
    settings.cache_clear()
    reference = a_prepared_letter(store)

    with pytest.raises(SettingError, match="REDRESS_SMTP_URL"):
        deliver(reference)

    assert letter_of(store, reference).status == "prepared"


def test_after_a_wrong_setting_was_corrected_the_letter_is_sent(store, monkeypatch, mailbox):
    right = settings().smtp_url
    reference = a_prepared_letter(store)
    monkeypatch.setenv("REDRESS_SMTP_URL", "mail.example.cn")
    settings.cache_clear()
    with pytest.raises(SettingError):
        deliver(reference)

    monkeypatch.setenv("REDRESS_SMTP_URL", right)
    settings.cache_clear()
    deliver(reference)

    assert told(store, reference) == ["letter_sent"]
