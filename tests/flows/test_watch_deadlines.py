"""The sweep on a real server: warned and missed once each, told to operators by tag, event, board and message."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.sorting import ArtifactSort
from prefect.states import Completed
from prefect.states import Running as RunningState

from complaints.adapters.alerting import LEASE, claim_announcements
from complaints.adapters.store import Store
from complaints.answers import Question
from complaints.settings import settings
from flows import deadline_board
from flows.deadline_board import KEPT, KEY, show_board
from flows.runs import find_runs, prefect_client
from flows.watch_deadlines import announce, event_of, makes_needless, tell, wake_sleepers
from tasks.deadlines import sweep
from tests.flows.running import Running, ledger_story
from tests.http_sink import http_sink


def events(reference: str, name: str = "redress.clock.") -> list[dict]:
    """The events about a case's clocks on Prefect's server, the newest first."""
    body = {
        "filter": {
            "occurred": {"since": "2020-01-01T00:00:00Z"},
            "event": {"prefix": [name]},
            "resource": {"id": [f"redress.case.{reference}"]},
        }
    }
    with prefect_client() as client:
        return client.request("POST", "/events/filter", json=body).json()["events"]


def boards() -> list:
    """Every version of the board that is kept, the newest first."""
    key = ArtifactFilter(key=ArtifactFilterKey(any_=[KEY]))
    with prefect_client() as client:
        return client.read_artifacts(artifact_filter=key, sort=ArtifactSort.CREATED_DESC)


def rows_of(board, reference: str) -> list[dict[str, str]]:
    return [row for row in json.loads(board.data) if reference in row["案件 · case"]]


def test_a_deadline_is_warned_of_once_missed_once_and_shown_until_it_is_met(redress: Running) -> None:
    reference = redress.file()
    redress.until_asked(reference, Question.FINDING)
    redress.pass_days(13)
    assert "due:soon" in redress.run(reference).tags
    redress.sweep()
    redress.pass_days(4)
    redress.sweep()
    run = redress.run(reference)
    assert "due:late" in run.tags
    assert "due:soon" not in run.tags
    kinds = [kind for kind, _, _ in ledger_story(redress.store, reference)]
    assert kinds.count("clock_warned") == 1
    assert kinds.count("clock_missed") == 1

    redress.until(lambda: len(events(reference)) == 2, "both events are on the server", 30)
    found = events(reference)
    assert [one["event"] for one in found] == ["redress.clock.missed", "redress.clock.warned"]
    assert found[0]["payload"] | {"due_at": ""} == {
        "reference": reference,
        "clock": "decision",
        "percent": None,
        "due_at": "",
    }
    assert [one["prefect.resource.id"] for one in found[0]["related"]] == [f"prefect.flow-run.{run.id}"]
    (row,) = rows_of(boards()[0], reference)
    assert (row["待办 · waits for"], row["依据 · rule"]) == ("调查结论 · finding", "cn-nfra 第十八条 · art. 18")
    assert str(run.id) in row["案件 · case"]
    assert "late" in row["剩余 · left"]

    redress.answer(reference, Question.FINDING)
    redress.answer(reference, Question.DECISION)
    redress.until(lambda: redress.case(reference).answered_at, "the complainant was answered")
    redress.sweep()
    assert not {"due:late", "due:soon"} & set(redress.run(reference).tags)
    assert rows_of(boards()[0], reference) == []


@pytest.mark.slow
def test_what_was_recorded_is_announced_although_the_worker_died_before_and_only_once(redress: Running) -> None:
    redress.withdraw_all()  # what is announced at a time is bounded
    redress.sweep()
    reference = redress.file()
    redress.until_asked(reference, Question.FINDING)
    redress.store.move_time(redress.store.now() + timedelta(days=17))
    assert reference in {one.reference for one in sweep.fn()}  # and here the worker dies
    assert events(reference) == []

    with prefect_client() as client:
        for one in claim_announcements(redress.store):  # and the next one between telling and noting it
            event = event_of(one, find_runs(client, [one.reference]).get(one.reference))
            client.request("POST", "/events", json=[event.model_dump(mode="json")])
        redress.until(lambda: events(reference), "the event is on the server", 90)
        assert announce(client) == 0  # somebody seems to be at it
        redress.store.move_time(redress.store.now() + 2 * LEASE)
        assert announce(client) > 0

    marker = redress.file()  # the server takes events in order: once the marker's is there, a second one would be too
    redress.until_asked(marker, Question.FINDING)
    redress.pass_days(17)
    redress.until(lambda: events(marker), "the marker's event is on the server", 90)
    assert len(events(reference, "redress.clock.missed")) == 1


def test_people_get_a_message_with_links_to_the_runs(redress: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    redress.withdraw_all()  # a message names only what is latest
    reference = redress.file()
    redress.until_asked(reference, Question.FINDING)
    redress.sweep()  # what others have left to tell
    with http_sink() as sink, prefect_client() as client:
        monkeypatch.setenv("REDRESS_ALERTS__COMPLIANCE", sink.url("compliance"))
        settings.cache_clear()
        redress.store.move_time(a_working_morning(redress.store, redress.store.now() + timedelta(days=17)))
        sweep.fn()
        assert tell(client) == 1
        assert tell(client) == 0
        ((_, text),) = sink.messages("compliance")
    settings.cache_clear()
    assert reference in text
    assert f"/runs/flow-run/{redress.run(reference).id}" in text
    assert text.endswith(f"/artifacts/key/{KEY}")


def a_working_morning(store: Store, instant: datetime) -> datetime:
    """The next Wednesday on which the firm's people work, 10:00 in Shanghai."""
    days = (instant + timedelta(days=(2 - instant.weekday()) % 7 + 7 * week) for week in range(9))
    day = next(one for one in days if store.rules().office.is_working(one.date()))
    return day.replace(hour=2, minute=0)


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
    with prefect_client() as client:
        assert wake_sleepers(client) == 0  # it knows


def test_nothing_is_due_means_nothing_is_written(redress: Running) -> None:
    reference = redress.file()
    redress.until_asked(reference, Question.FINDING)
    redress.sweep()
    before, board = ledger_story(redress.store, reference), boards()[0]
    redress.sweep()
    assert ledger_story(redress.store, reference) == before
    assert boards()[0].id == board.id


@pytest.mark.filterwarnings("ignore:Artifact creation outside of a flow")
def test_old_versions_of_the_board_do_not_pile_up(redress: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    with prefect_client() as client:
        for count in range(KEPT + 3):
            monkeypatch.setattr(deadline_board, "board_note", lambda _, count=count: f"note {count}")
            show_board(client)
    assert [one.description for one in boards()] == [f"note {count}" for count in range(KEPT + 2, 2, -1)]


# --- scheduled sweeps that pile up ----------------------------------------------------------------

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def a_sweep(state, *, due: int = 0, began: int | None = 0, id: UUID | None = None) -> FlowRun:
    """A sweep that was due and began so many minutes after noon."""
    return FlowRun(
        id=id or uuid4(),
        flow_id=uuid4(),
        state=state,
        expected_start_time=NOON + timedelta(minutes=due),
        start_time=None if began is None else NOON + timedelta(minutes=began),
    )


@pytest.mark.parametrize(
    ("other", "needless"),
    [
        (a_sweep(RunningState(), due=9, began=9), True),  # at work since before
        (a_sweep(RunningState(), due=11, began=11), False),  # came later
        (a_sweep(Completed(), due=9, began=9), False),  # had ended, or not, when this one was due
        (a_sweep(Completed(), due=9, began=10), True),  # began when this one was due already
        (a_sweep(Completed(), due=12, began=12), True),  # this one is late
        (a_sweep(RunningState(), due=9, began=None), False),
    ],
)
def test_a_scheduled_sweep_leaves_to_another_what_that_does(other: FlowRun, needless: bool) -> None:
    this = a_sweep(RunningState(), due=10, began=10 if other.state.is_running() else 13)

    assert makes_needless(other, this) is needless


def test_of_two_sweeps_that_begin_at_once_one_sweeps() -> None:
    first, second = (a_sweep(RunningState(), id=UUID(int=number)) for number in (1, 2))

    assert (makes_needless(first, second), makes_needless(second, first)) == (True, False)
    assert not makes_needless(first, first)
