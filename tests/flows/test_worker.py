"""The resident worker: what becomes of runs that hang, die, are cancelled, or are at work when it is told to end."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prefect import Flow
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.states import Cancelling
from prefect.types.entrypoint import EntrypointType

from complaints.answers import Question
from flows.runs import POOL, prefect_client
from tests.flows import misbehaving
from tests.flows.running import Running
from tests.flows.test_kill import replace_worker

Begin = Callable[..., FlowRun]


@pytest.fixture
def begin(redress: Running) -> Begin:
    """Starts a run of a flow that misbehaves."""

    def start(flow: Flow[..., Any], **parameters: object) -> FlowRun:
        made = flow.to_deployment(flow.name, work_pool_name=POOL, entrypoint_type=EntrypointType.MODULE_PATH)
        with prefect_client() as client:
            return client.create_flow_run_from_deployment(made.apply(), parameters=parameters)

    return start


def state_of(run: FlowRun) -> State[Any]:
    with prefect_client() as client:
        state = client.read_flow_run(run.id).state
    assert state is not None
    return state


def until_state(redress: Running, run: FlowRun, wanted: StateType, seconds: float = 60) -> State[Any]:
    redress.until(lambda: state_of(run).type is wanted, f"the run is {wanted}", seconds)
    return state_of(run)


def test_a_run_that_hangs_is_ended_within_ten_seconds_of_its_cancellation_and_others_go_on(
    redress: Running, begin: Begin
) -> None:
    hanging = begin(misbehaving.hang)
    until_state(redress, hanging, StateType.RUNNING)
    reference = redress.file()
    redress.until_asked(reference, Question.FINDING)

    with prefect_client() as client:
        client.set_flow_run_state(hanging.id, Cancelling())
    began = time.monotonic()
    until_state(redress, hanging, StateType.CANCELLED)

    assert time.monotonic() - began < 10
    redress.live_on([reference])


def test_a_run_that_waits_is_cancelled_at_once(redress: Running) -> None:
    reference = redress.file()
    redress.until_asked(reference, Question.FINDING)
    run = redress.run(reference)

    with prefect_client() as client:
        client.set_flow_run_state(run.id, Cancelling())

    assert state_of(run).is_cancelled()
    redress.withdraw_all()


def test_a_run_whose_process_dies_is_executed_again(redress: Running, begin: Begin, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    run = begin(misbehaving.die, marks=str(marks), times=2)

    until_state(redress, run, StateType.COMPLETED)
    assert len(marks.read_text().splitlines()) == 3


def test_a_run_that_kills_every_process_is_given_up_with_the_reason(
    redress: Running, begin: Begin, tmp_path: Path
) -> None:
    run = begin(misbehaving.die, marks=str(tmp_path / "marks"), times=100)

    assert "its process died" in str(until_state(redress, run, StateType.CRASHED).message)


@pytest.mark.slow
def test_a_worker_that_is_told_to_end_finishes_what_is_at_work_and_leaves_the_rest_to_the_next(
    redress: Running, begin: Begin, tmp_path: Path
) -> None:
    short, long = tmp_path / "short", tmp_path / "long"
    runs = (
        begin(misbehaving.dawdle, marks=str(short), seconds=4),
        begin(misbehaving.dawdle, marks=str(long), seconds=20),
    )
    redress.until(lambda: short.exists() and long.exists(), "both are at work")

    replace_worker(redress)

    assert short.read_text().split() == ["begun", "done"]
    until_state(redress, runs[0], StateType.COMPLETED)
    until_state(redress, runs[1], StateType.COMPLETED)
    assert long.read_text().split() == ["begun", "begun", "done"]
