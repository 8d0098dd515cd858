"""``redress webhooks``, and what ``redress doctor`` says of receivers."""

import json
from collections.abc import Iterator

import pytest

from complaints.adapters.dispatching import Dispatch, claim, settle
from complaints.adapters.webhooks import Outcome
from complaints.settings import settings
from deployments.doctor.examination import examine
from deployments.doctor.finding import Finding
from tests.builders import file_complaint
from tests.crm import SECRET, Crm, a_crm, status
from tests.deployments.conftest import Installation, Redress, refused


@pytest.fixture
def crm(firm: Installation) -> Iterator[Crm]:
    """A CRM that the firm tells of its cases."""
    with a_crm() as crm:
        firm.set(REDRESS_RECEIVERS__CRM__URL=f"{crm.url}?key=k-123", REDRESS_RECEIVERS__CRM__SECRET=SECRET)
        firm.store.wants = settings().wants
        yield crm


def a_dead_letter(firm: Installation) -> Dispatch:
    file_complaint(firm.store, number=None)
    (one,) = claim(firm.store, "crm", 1)
    settle(firm.store, [(one, Outcome("HTTP 410", is_final=True))])
    return one


# --- list and show -----------------------------------------------------------------------------


def test_what_the_command_line_does_to_a_case_is_to_be_told(crm: Crm, redress: Redress) -> None:
    redress("file", "--narrative", "账户服务费被扣了两次。", "--by", "li.wei")

    assert "case.opened" in redress("webhooks", "list").words


def test_dead_letters_are_listed_with_the_reason(crm: Crm, firm: Installation, redress: Redress) -> None:
    dead = a_dead_letter(firm)
    waiting = file_complaint(firm.store, number=None)

    listed = redress("webhooks", "list", "--dead").words
    assert f"{dead.id} crm case.opened {dead.reference}" in listed
    assert "dead 1 HTTP 410" in listed
    assert waiting not in listed
    assert waiting in redress("webhooks", "list").words


def test_an_announcement_is_shown_as_it_is_sent_but_for_what_is_personal(
    crm: Crm, firm: Installation, redress: Redress
) -> None:
    dead = a_dead_letter(firm)

    shown = redress("webhooks", "show", dead.id).out

    assert json.loads(shown[shown.index("{") :])["data"]["reference"] == dead.reference
    assert "webhook-id: msg_" in shown
    assert "crm: dead, 1 attempts: HTTP 410" in shown
    assert [words for words in ("林知夏", "k-123", SECRET) if words in shown] == []


def test_what_is_not_there_is_not_shown(crm: Crm, redress: Redress) -> None:
    assert refused(redress("webhooks", "show", 99), "no announcement 99", "redress webhooks list")


# --- replay ------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["id", "all"])
def test_a_dead_letter_is_sent_on_its_way_again(crm: Crm, firm: Installation, redress: Redress, by: str) -> None:
    dead = a_dead_letter(firm)

    replayed = redress("webhooks", "replay", *([dead.id] if by == "id" else ["--all-dead", "--receiver", "crm"]))

    assert "1 on their way again" in replayed.words
    assert [one.id for one in claim(firm.store, "crm", 5)] == [dead.id]


@pytest.mark.parametrize("arguments", [(), (1, "--all-dead")])
def test_a_replay_says_of_what(crm: Crm, redress: Redress, arguments: tuple[object, ...]) -> None:
    assert refused(redress("webhooks", "replay", *arguments), "--all-dead")


def test_a_replay_of_what_is_not_there_is_refused(crm: Crm, firm: Installation, redress: Redress) -> None:
    dead = a_dead_letter(firm)

    assert refused(redress("webhooks", "replay", dead.id, 99), "no announcement 99")
    assert refused(redress("webhooks", "replay", "--all-dead", "--receiver", "crn"), "no 'crn'", "there are: crm")
    assert claim(firm.store, "crm", 5) == []


# --- test --------------------------------------------------------------------------------------


def test_a_receiver_is_tested_with_a_signed_message_that_tells_of_no_case(crm: Crm, redress: Redress) -> None:
    answer = redress("webhooks", "test", "crm")

    assert (answer.code, answer.words) == (0, f"crm (127.0.0.1:{crm.port}) took it.")
    assert crm.told[0].verified()["type"] == "redress.ping"
    assert crm.told[0].data == {}


def test_a_test_says_what_went_wrong(crm: Crm, redress: Redress) -> None:
    crm.usual = status(401)

    answer = redress("webhooks", "test", "crm")

    assert answer.code == 1
    assert "did not take it: HTTP 401" in answer.words
    assert "k-123" not in answer.out


def test_a_receiver_that_is_not_set_cannot_be_tested(crm: Crm, redress: Redress) -> None:
    assert refused(redress("webhooks", "test", "hotline"), "no 'hotline'", "there are: crm")


def test_an_address_without_https_stops_every_command(firm: Installation, redress: Redress) -> None:
    firm.set(REDRESS_RECEIVERS__CRM__URL="http://crm.example.cn/", REDRESS_RECEIVERS__CRM__SECRET=SECRET)

    assert refused(redress("webhooks", "list"), "REDRESS_RECEIVERS__CRM__URL", "https://")


# --- doctor ------------------------------------------------------------------------------------


def finding(what: str) -> Finding:
    (found,) = [one for one in examine(settings()) if one.what == what]
    return found


def test_doctor_names_who_is_told_but_no_address(crm: Crm, firm: Installation) -> None:
    firm.set(REDRESS_RECEIVERS__CRM__PERSONAL="true", REDRESS_RECEIVERS__CRM__EVENTS="case.opened")

    told = f"127.0.0.1:{crm.port}, 1 events, with personal data"
    assert finding("receiver crm") == Finding("ok", "receiver crm", told)


def test_doctor_finds_a_dead_letter_bad_and_names_its_cure(crm: Crm, firm: Installation) -> None:
    a_dead_letter(firm)

    found = finding("receiver crm")
    assert (found.grade, found.found) == ("bad", f"127.0.0.1:{crm.port}: 1 dead letters")
    assert "redress webhooks replay --all-dead --receiver crm" in found.cure


def test_doctor_notes_what_waits_for_a_receiver_that_is_gone(crm: Crm, firm: Installation) -> None:
    file_complaint(firm.store)
    made = settings().model_copy(update={"receivers": {}})

    (found,) = [one for one in examine(made) if one.what == "receiver crm"]
    assert (found.grade, found.found) == ("note", "not in the settings: 1 wait to be told")
