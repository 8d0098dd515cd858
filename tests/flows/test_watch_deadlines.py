"""The sweep on a real server: warned and missed once each, told to operators by tag and event."""

from datetime import timedelta

from complaints.answers import Question
from flows.runs import prefect_client
from tests.flows.running import Running, ledger_story


def test_a_deadline_is_warned_of_once_missed_once_and_shown_on_the_run(redress: Running) -> None:
    reference = redress.file()
    redress.until_asked(reference, Question.FINDING)
    redress.pass_days(13)
    redress.sweep()
    assert "due:soon" in redress.run(reference).tags
    redress.pass_days(4)
    redress.sweep()
    run = redress.run(reference)
    assert "due:late" in run.tags
    assert "due:soon" not in run.tags
    kinds = [kind for kind, _, _ in ledger_story(redress.store, reference)]
    assert kinds.count("clock_warned") == 1
    assert kinds.count("clock_missed") == 1
    redress.until(lambda: event_count(reference) == 2, "both events are on the server", 30)


def event_count(reference: str) -> int:
    """Count the events about a case's clocks on Prefect's server."""
    body = {
        "filter": {
            "occurred": {"since": "2020-01-01T00:00:00Z"},
            "event": {"prefix": ["redress.clock."]},
            "resource": {"id": [f"redress.case.{reference}"]},
        }
    }
    with prefect_client() as client:
        response = client.request("POST", "/events/filter", json=body)
        response.raise_for_status()
        return int(response.json()["total"])


def test_the_follow_up_form_comes_when_its_date_has_come(redress: Running) -> None:
    reference = redress.file()
    redress.answer(reference, Question.FINDING)
    redress.answer(reference, Question.DECISION)
    redress.until(lambda: "follow-up" in redress.case(reference).clocks, "the follow-up is planned")
    redress.until_rest(reference)
    redress.pass_days(6)
    assert not redress.case(reference).follow_up_opened
    redress.pass_days(2)
    redress.until_asked(reference, Question.FOLLOW_UP)


def test_nothing_is_due_means_nothing_is_written(redress: Running) -> None:
    reference = redress.file()
    redress.until_asked(reference, Question.FINDING)
    before = ledger_story(redress.store, reference)
    redress.store.move_time(redress.store.now() + timedelta(hours=1))
    redress.sweep()
    assert ledger_story(redress.store, reference) == before
