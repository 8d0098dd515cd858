"""The report to an authority on its way: to the authority, and never to the complainant."""

import pytest

from complaints.answers import Question
from complaints.settings import settings
from complaints.transfers import REPORT_BACK
from complaints.words import Kind, Stage
from tasks import steps
from tasks.letters import deliver_letter, prepare_letter
from tests.builders import AUTHORITY_EMAIL, EMAIL, TRANSFER, a_repair, a_stored_case

NAME = "国家金融监督管理总局上海监管局"
WITHOUT_CONTACT = {name: value for name, value in TRANSFER.items() if name != "contact"}


def forwarded(store, stage=Stage.ANSWERED, **changes):
    return a_stored_case(store, stage, **{"transfer": TRANSFER} | changes)


def send(reference, letter=REPORT_BACK):
    prepare_letter.fn(reference, letter, 1)
    deliver_letter.fn(reference, letter, 1)


def handed_over(reference):
    folder = settings().letters_folder / "hand-over"
    return {file.name.removeprefix(f"{reference}-"): file.read_text(encoding="utf-8") for file in folder.iterdir()}


def test_each_letter_arrives_at_its_own_party(store, mailbox):
    reference = forwarded(store)

    send(reference)
    send(reference, "acknowledgement")

    to_authority, to_complainant = mailbox.envelopes
    assert (to_authority.rcpt_tos, to_complainant.rcpt_tos) == ([AUTHORITY_EMAIL["value"]], [EMAIL["value"]])
    assert not store.read_case(reference).owes_report


def test_the_report_sent_twice_goes_once(store, mailbox):
    reference = forwarded(store)

    send(reference)
    send(reference)

    assert len(mailbox.letters) == 1


def test_a_report_to_an_authority_without_an_address_lies_on_the_clerk_s_list_under_its_name(store):
    reference = forwarded(store, transfer=WITHOUT_CONTACT)

    send(reference)

    files = handed_over(reference)
    assert files["1.address.txt"] == f"{NAME}\n"
    assert TRANSFER["number"] in files["1.html"]


def test_the_authority_s_address_is_no_secret_in_a_confidential_matter(store):
    reference = forwarded(store, kind=Kind.REPORT, transfer=WITHOUT_CONTACT)

    send(reference)

    assert handed_over(reference)["1.address.txt"] == f"{NAME}\n"
    assert "林知夏" not in handed_over(reference)["1.html"]


def test_a_report_that_the_mail_server_refuses_is_repaired_among_the_authority_s_contacts(store):
    refused = {"kind": "email", "value": "gone@nfra.invalid"}
    reference = forwarded(store, transfer=TRANSFER | {"contact": refused})
    send(reference)

    assert store.read_case(reference).asks is Question.DELIVERY
    assert store.read_case(reference).owes_report
    with store.open_case(reference) as desk:
        desk.case.answer(Question.DELIVERY, a_repair(choice="by_post"), "li.wei", desk.now)
    deliver_letter.fn(reference, REPORT_BACK, 1)

    assert handed_over(reference)["1.address.txt"] == f"{NAME}\n"
    assert not store.read_case(reference).owes_report


@pytest.mark.parametrize("told", [False, True])
def test_the_step_closes_a_withdrawn_case_for_its_own_reason_once_the_authority_was_told(store, told):
    reference = forwarded(store, Stage.UNDER_INVESTIGATION, transfer=WITHOUT_CONTACT)
    with store.open_case(reference) as desk:
        desk.case.withdraw("li.wei", desk.now)
    if told:
        send(reference)
        steps.close.fn(reference)

    closed = store.read_case(reference).closed
    assert (closed.closure.value if closed else None) == ("withdrawn" if told else None)
