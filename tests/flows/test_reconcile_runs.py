"""Every open case has one live run, whatever became of it on Prefect's side."""

from datetime import timedelta

import pytest
from prefect.states import Crashed

from complaints.answers import Question, parse_answer
from complaints.intake import Complaint
from complaints.settings import settings
from flows import reconcile_runs
from flows.runs import find_runs, prefect_client, revive, wake
from tests.flows.running import PLAY, Running


def test_a_case_without_a_run_gets_one(redress: Running) -> None:
    complaint = Complaint.model_validate({"channel": "post", "narrative": "信函投诉", "kind": "complaint"})
    reference = redress.store.file(complaint, "tests", settings().regime).reference
    redress.deploy_and_wait("reconcile-runs")
    redress.until_asked(reference, Question.FINDING)


def test_a_case_whose_run_was_lost_with_prefects_database_goes_on_where_it_waited(redress: Running) -> None:
    reference = redress.file()
    redress.answer(reference, Question.FINDING)
    redress.until_asked(reference, Question.DECISION)
    with prefect_client() as client:
        client.delete_flow_run(redress.run(reference).id)
    redress.deploy_and_wait("reconcile-runs")
    redress.until_asked(reference, Question.DECISION)
    assert len(redress.case(reference).letters) == 1


def test_a_crashed_run_is_revived_but_not_at_once(redress: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    reference = redress.file()
    redress.until_asked(reference, Question.FINDING)
    with prefect_client() as client:
        client.set_flow_run_state(redress.run(reference).id, Crashed(message="by the test"), force=True)
        assert reconcile_runs.reconcile(client, reference, redress.run(reference)) == ""
        monkeypatch.setattr(reconcile_runs, "PATIENCE", timedelta(0))
        assert reconcile_runs.reconcile(client, reference, redress.run(reference)) == "revived"
    redress.until_asked(reference, Question.FINDING)


def test_a_run_that_waits_for_what_was_answered_elsewhere_is_woken(redress: Running) -> None:
    reference = redress.file()
    redress.until_asked(reference, Question.FINDING)
    with redress.store.open_case(reference) as desk:
        desk.case.answer(Question.FINDING, parse_answer(Question.FINDING, PLAY[Question.FINDING]), "li.wei", desk.now)
    redress.deploy_and_wait("reconcile-runs")
    redress.until_asked(reference, Question.DECISION)


def test_what_waits_rightly_is_left_alone(redress: Running) -> None:
    reference = redress.file()
    redress.until_asked(reference, Question.FINDING)
    with prefect_client() as client:
        run = find_runs(client, [reference])[reference]
        assert reconcile_runs.reconcile(client, reference, run) == ""


def test_a_run_that_moved_on_after_it_was_listed_is_neither_woken_nor_revived(redress: Running) -> None:
    """An operator may press Resume between the listing and the act; the run must not be executed twice at a time."""
    reference = redress.file()
    redress.until_asked(reference, Question.FINDING)
    listed = redress.run(reference)
    redress.answer(reference, Question.FINDING)
    redress.until_asked(reference, Question.DECISION)
    with prefect_client() as client:
        assert not wake(client, listed)
        revive(client, listed, "by the test")
    redress.until_rest(reference)
    redress.until_asked(reference, Question.DECISION)


def test_a_withdrawn_case_whose_run_still_waits_is_let_end(redress: Running) -> None:
    reference = redress.file()
    redress.until_asked(reference, Question.FINDING)
    with redress.store.open_case(reference) as desk:
        desk.case.withdraw("li.wei", desk.now)
    redress.deploy_and_wait("reconcile-runs")
    redress.until(lambda: (state := redress.run(reference).state) and state.is_completed(), "the run has ended")
