"""Pausing, extending and taking up again, ordered on Prefect's page, on a real server with a real mail server."""

from datetime import timedelta

import pytest

from complaints import acts, timekeeping
from complaints.answers import Question
from complaints.words import ReopenReason, Stage
from flows.runs import take_up_case
from tests.flows.running import Running, ledger_story

MAIL = {"complainant": {"name": "林知夏", "contacts": [{"kind": "email", "value": "lin.zhixia@example.cn"}]}}


def test_a_pause_that_the_rule_does_not_allow_is_refused_with_the_reason(redress: Running) -> None:
    reference = redress.file()
    redress.until_asked(reference, Question.FINDING)

    run = redress.deploy_and_wait(
        "pause-clock", reference=reference, clock="decision", pause="holiday", asked_by="h.chen"
    )

    assert run.state is not None
    assert run.state.name == "Refused"
    assert "allowed is: appraisal" in (run.state.message or "")
    assert "clock_paused" not in [kind for kind, _, _ in ledger_story(redress.store, reference)]


def test_the_complainant_is_told_of_a_pause_and_the_form_shows_it(redress: Running) -> None:
    reference = redress.file(**MAIL)
    redress.until_asked(reference, Question.FINDING)
    before = redress.case(reference).clocks["decision"].due_at
    redress.store.move_time(redress.store.now() + timedelta(days=1))  # on the day of receipt nothing counts yet

    redress.deploy_and_wait(
        "pause-clock", reference=reference, clock="decision", pause="appraisal", proof="JD-17", asked_by="h.chen"
    )

    redress.until(lambda: ("pause_notice", 1) in redress.case(reference).letters, "the notice is prepared")
    redress.until(lambda: redress.case(reference).letters["pause_notice", 1].status == "sent", "the notice is sent")
    redress.until_asked(reference, Question.FINDING)
    redress.pass_days(3)
    redress.deploy_and_wait("resume-clock", reference=reference, clock="decision", asked_by="h.chen")
    assert redress.case(reference).clocks["decision"].due_at == before + timedelta(days=3)


def test_an_extension_counts_once_its_notice_has_gone_out(redress: Running) -> None:
    reference = redress.file(**MAIL)
    redress.until_asked(reference, Question.FINDING)
    stated = {"reference": reference, "stated": ["complex", "special_cause"], "asked_by": "h.chen"}
    redress.deploy_and_wait("state-circumstances", **stated)
    order = {"reference": reference, "clock": "decision", "asked_by": "h.chen"}
    redress.deploy_and_wait("extend-clock", tier="complex", **order)
    thirty = redress.case(reference).clocks["decision"].due_at

    redress.deploy_and_wait("extend-clock", tier="special", approver="z.wang", **order)

    redress.until(
        lambda: redress.case(reference).clocks["decision"].due_at == thirty + timedelta(days=30),
        "the second extension counts",
    )
    story = [kind for kind, _, _ in ledger_story(redress.store, reference)]
    second = len(story) - 1 - story[::-1].index("clock_extended")
    assert story[second - 1] == "letter_sent"


def test_a_notice_that_its_run_did_not_see_is_sent_once_runs_are_reconciled(redress: Running) -> None:
    reference = redress.file(**MAIL)
    redress.until_asked(reference, Question.FINDING)
    with redress.store.open_case(reference) as desk:
        timekeeping.pause(desk.case, "decision", "appraisal", "h.chen", desk.now, proof="JD-18")

    redress.deploy_and_wait("reconcile-runs")

    redress.until(lambda: ("pause_notice", 1) in redress.case(reference).letters, "the notice is prepared")


@pytest.mark.slow
def test_a_closed_case_is_taken_up_again_in_the_same_run(redress: Running) -> None:
    reference = redress.file(**MAIL)
    redress.live_on([reference])
    with redress.store.open_case(reference) as desk:
        desk.case.record(acts.Reopened(reason=ReopenReason.NEW_FACTS), desk.now, "c.zhao")

    take_up_case(reference)

    redress.until_asked(reference, Question.FINDING)
    redress.live_on([reference])
    case = redress.case(reference)
    assert case.stage is Stage.CLOSED
    assert {("decision", 1), ("decision", 2)} <= set(case.letters)


def test_the_nightly_run_of_the_rules_does_nothing_where_none_came_into_force(redress: Running) -> None:
    reference = redress.file()
    redress.until_asked(reference, Question.FINDING)
    before = ledger_story(redress.store, reference)

    redress.deploy_and_wait("apply-rules")

    assert ledger_story(redress.store, reference) == before
