import os
import smtplib
import subprocess
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from benchmarks.chaos.checks import check_cases, check_ledger, check_letters, done_twice
from benchmarks.chaos.plan import LONGEST_STALL, draw_plan
from benchmarks.chaos.sink import taken
from benchmarks.deadlines import a_case
from benchmarks.play import complaint
from benchmarks.recovery import record_letter
from complaints import acts
from complaints.intake import Complaint
from complaints.words import Repair
from tests.ports import free_port

VICTIMS = {"api": ("api-1", "api-2"), "door": ("door",), "smtp": ("smtp",), "worker": ("worker-1", "worker-2")}
NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
REFERENCE = "TS260302-1"
ACKNOWLEDGEMENT = f"<{REFERENCE}-1@example.com>"
LETTERS = [ACKNOWLEDGEMENT, f"<{REFERENCE}-decision@example.com>", f"<{REFERENCE}-follow_up_survey@example.com>"]


# --- the plan -----------------------------------------------------------------------------------


def test_the_same_seed_draws_the_same_plan():
    assert draw_plan(3, 300, VICTIMS) == draw_plan(3, 300, VICTIMS) != draw_plan(4, 300, VICTIMS)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("seconds", [60, 300])
def test_every_sort_is_killed_and_stopped_and_a_worker_stands_still_until_it_is_taken_for_dead(seed, seconds):
    plan = draw_plan(seed, seconds, VICTIMS)

    for processes in VICTIMS.values():
        assert {one.stall > 0 for one in plan if one.victim in processes} == {True, False}
    assert any(one.stall == LONGEST_STALL for one in plan if one.victim in VICTIMS["worker"])


@pytest.mark.parametrize("seed", range(20))
def test_of_one_sort_one_process_at_a_time_is_away(seed):
    plan = draw_plan(seed, 300, VICTIMS)

    for processes in VICTIMS.values():
        assert all(
            before.at + before.stall < after.at
            for before, after in pairwise(one for one in plan if one.victim in processes)
        )


# --- the mail server ----------------------------------------------------------------------------


def test_what_the_mail_server_accepted_is_in_its_file_after_it_was_killed(tmp_path):
    file, port = tmp_path / "mails.jsonl", free_port()
    command = [sys.executable, "-m", "benchmarks.chaos.sink", str(port), str(file)]
    with subprocess.Popen(command, env=os.environ) as process:
        until = time.monotonic() + 30
        while time.monotonic() < until:
            with suppress(OSError), smtplib.SMTP("127.0.0.1", port, timeout=5) as server:
                server.sendmail("firm@example.com", ["lin@example.com"], b"Message-ID: <1@example.com>\r\n\r\n.")
                break
            time.sleep(0.1)
        process.kill()

    assert taken(file) == ["<1@example.com>"]


# --- the checks ---------------------------------------------------------------------------------


@pytest.fixture
def store(sqlite):
    with sqlite.shared() as store:
        yield store


def lived(store, *more):
    """Store a case whose three letters were sent; return it as it stands."""
    case = a_case(REFERENCE, NOW, store.rules(), Complaint.model_validate(complaint("000001")))
    for act in more:
        case.record(act, NOW)
    for letter in ("decision", "follow_up_survey"):
        record_letter(case, letter, NOW)
    with store.write() as session:
        store.add_many(session, [case])
    return store.read_case(REFERENCE)


def bad(checks):
    return [check.what.strip() for check in checks if not check.is_good]


def letters(store, case, mails):
    return bad(check_letters([case], {REFERENCE: store.entries(REFERENCE)}, mails))


def test_letters_that_arrived_once_are_right(store):
    assert letters(store, lived(store), LETTERS) == []


def test_a_letter_that_never_arrived_is_found(store):
    assert letters(store, lived(store), LETTERS[1:]) == ["letters that arrived"]


def test_a_letter_under_another_message_id_is_found(store):
    assert letters(store, lived(store), [*LETTERS, "<another@example.com>"]) == ["letters that nobody wrote"]


def test_a_letter_that_arrived_again_is_wrong_unless_a_person_had_it_sent_again(store):
    assert letters(store, lived(store), [*LETTERS, ACKNOWLEDGEMENT]) == ["without a person's decision"]


def test_a_letter_that_a_person_had_sent_again_may_arrive_again(store):
    which = {"letter": "acknowledgement", "round": 1}
    case = lived(
        store,
        acts.LetterFailed(**which, reason="TimeoutError", uncertain=True),
        acts.LetterRepaired(**which, choice=Repair.RESEND, channel="email", recipient="lin@example.com"),
        acts.LetterSent(**which, channel="email", receipt="250 accepted"),
    )

    assert letters(store, case, [*LETTERS, ACKNOWLEDGEMENT]) == []
    assert letters(store, case, [*LETTERS, ACKNOWLEDGEMENT, ACKNOWLEDGEMENT]) == ["without a person's decision"]


def test_a_complaint_that_was_accepted_and_is_not_there_is_found(store):
    case = lived(store)

    found = check_cases(store, {"000001": REFERENCE, "000002": "TS260302-2"}, ["000001", "000002"], [case])

    assert "complaints" in bad(found)


def test_a_case_that_is_not_closed_is_found(store):
    assert bad(check_cases(store, {"000001": REFERENCE}, ["000001"], [lived(store)])) == ["cases closed"]


def test_an_act_that_may_be_done_once_and_was_done_twice_is_found(store):
    assert done_twice(store.entries(lived(store).reference)) == []

    with store.open_case(REFERENCE) as desk:
        desk.case.record(acts.LetterSent(letter="decision", round=1, channel="email", receipt="250"), NOW)

    assert done_twice(store.entries(REFERENCE)) == ["letter_sent decision 1"]
    assert not check_ledger(store, [REFERENCE]).is_good
