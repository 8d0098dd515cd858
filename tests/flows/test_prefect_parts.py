"""What Redress takes from Prefect's inner parts: each fails here, by name, when an upgrade changes it."""

import inspect
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.metadata import version
from typing import Any

import anyio
import pytest
from prefect import flow, task, task_engine
from prefect._flow_run_suspension import observe_flow_run_suspension
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import FlowRun, State, StateType, TaskRun
from prefect.flow_engine import FlowRunEngine
from prefect.states import Cancelled, Completed, Failed, Late, Pending, Running, Scheduled, Suspended
from prefect.workers.base import BaseWorker

from flows import prefect_parts
from flows.prefect_parts import _Engine, execute, holder_of, say_less_of_tasks, take
from flows.transitions import move
from tests.flows.running import Running as Redress


def test_the_parts_were_looked_at_for_this_version_of_prefect() -> None:
    assert version("prefect") == "3.8.8", "read flows/prefect_parts.py beside the new version, then change this"


@pytest.mark.parametrize(
    "name", ["initialize_run", "setup_flow_run_suspension_request", "setup_run_context", "set_state"]
)
def test_the_engine_has_the_steps_that_ours_replaces(name: str) -> None:
    assert getattr(FlowRunEngine, name) is not getattr(_Engine, name)


def test_a_run_goes_through_the_engine_s_steps_in_the_order_that_ours_counts_on() -> None:
    source = inspect.getsource(FlowRunEngine.start)
    steps = ["initialize_run", "setup_flow_run_suspension_request", "begin_run"]
    assert [source.index(step) for step in steps] == sorted(source.index(step) for step in steps)


def test_prefect_still_watches_each_run_for_its_suspension_which_ours_leaves_out() -> None:
    """Where this fails, Prefect may have found a cheaper way, and ours may be needless."""
    assert "asyncio.run" in inspect.getsource(observe_flow_run_suspension)


def test_a_transition_that_was_just_made_is_refused_a_second_time() -> None:
    policy = import_module("prefect.server.models").flow_runs.MinimalFlowPolicy.__module__
    rules = import_module(policy)
    assert rules.PreventDuplicateTransitions in rules.CoreFlowPolicy.priority()


def test_the_worker_has_what_the_resident_one_replaces_or_reads() -> None:
    for name in ("get_and_submit_flow_runs", "_submit_run", "run", "setup", "teardown", "start"):
        assert hasattr(BaseWorker, name)
    source = inspect.getsource(BaseWorker.__init__) + inspect.getsource(BaseWorker.setup)
    for name in ("_has_successfully_synced", "_last_polled_time", "_runs_task_group", "_work_pool_name"):
        assert f"self.{name}" in source


def test_tasks_tell_of_themselves_by_the_function_that_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "emit_task_run_state_change_event"
    monkeypatch.setattr(task_engine, name, getattr(task_engine, name))
    say_less_of_tasks([double])
    assert f"{name}(" in inspect.getsource(task_engine.SyncTaskRunEngine)
    for argument in ("task_run=", "validated_state="):
        assert argument in inspect.getsource(task_engine.SyncTaskRunEngine.set_state)


def test_of_a_brief_task_the_server_knows_begin_and_end_although_it_was_told_once(
    redress: Redress, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "emit_task_run_state_change_event"
    told: list[str] = []

    def note(*, validated_state: State[Any], **others: Any) -> Any:
        told.append(validated_state.name or "")
        return emitted(validated_state=validated_state, **others)

    emitted = vars(prefect_parts)[name]
    monkeypatch.setattr(prefect_parts, name, note)
    monkeypatch.setattr(task_engine, name, emitted)
    say_less_of_tasks([double])
    run = a_run("10", {"number": 10})
    take_as(run, "worker")
    with get_client(sync_client=True) as client:
        execute(doubling, client.read_flow_run(run.id), "worker")

        def stored() -> list[TaskRun]:
            return client.read_task_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run.id])))

        redress.until(stored, "the task is on the server")
        one = stored()[0]

    assert told == ["Completed"]
    assert (one.state_name, one.run_count) == ("Completed", 1)
    assert one.start_time is not None
    assert one.end_time is not None
    assert one.start_time <= one.end_time


@task
def double(number: int) -> int:
    return 2 * number


@flow(flow_run_name="{number}")
def doubling(number: int, seen: bool = True) -> int:
    assert seen
    return double(number)


def a_run(name: str, parameters: dict[str, Any]) -> FlowRun:
    with get_client(sync_client=True) as client:
        return client.create_flow_run(doubling, parameters=parameters, name=name, state=Scheduled())


def take_as(run: FlowRun, holder: str, *, counted: bool = False) -> tuple[bool, str]:
    async def taken() -> bool:
        async with get_client() as client:
            return await take(client, run.model_copy(), holder, counted=counted)

    done = anyio.run(taken)
    with get_client(sync_client=True) as client:
        return done, holder_of(client.read_flow_run(run.id).state)


def test_of_two_workers_that_take_a_run_prefect_lets_one_have_it(redress: Redress) -> None:
    run = a_run("7", {"number": 7})

    assert take_as(run, "first") == (True, "first")
    assert take_as(run, "second") == (False, "first")


def test_a_run_that_became_late_since_it_was_read_is_taken_once_all_the_same(redress: Redress) -> None:
    read_before = a_run("11", {"number": 11})
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(read_before.id, Late(scheduled_time=read_before.next_scheduled_start_time))
        read_after = client.read_flow_run(read_before.id)

    assert take_as(read_after, "second") == (True, "second")
    assert take_as(read_before, "first") == (False, "second")


MOVED_ON = {
    "is about to be executed": [Pending],
    "is executed": [Pending, Running],
    "waits again": [Running, partial(Suspended, pause_key="finding-1-1")],
    "is completed": [Running, Completed],
    "has failed": [Running, Failed],
    "was cancelled": [Cancelled],
    "was given back": [Running, partial(Scheduled, name="AwaitingRetry")],
}


@pytest.mark.parametrize("counted", [False, True], ids=["at once", "pending first"])
@pytest.mark.parametrize("since", MOVED_ON.values(), ids=MOVED_ON)
def test_a_run_that_moved_on_since_it_was_read_is_not_taken(
    redress: Redress, since: list[Callable[[], State[Any]]], counted: bool
) -> None:
    read_before = a_run("12", {"number": 12})
    with get_client(sync_client=True) as client:
        for state in since:
            client.set_flow_run_state(read_before.id, state(), force=True)

        assert take_as(read_before, "worker", counted=counted) == (False, "")

        assert client.read_flow_run(read_before.id).state_type == since[-1]().type


@pytest.mark.parametrize("force", [False, True], ids=["by the rules", "by force"])
def test_who_would_wake_or_revive_a_run_that_is_executed_by_now_changes_nothing(redress: Redress, force: bool) -> None:
    read_before = a_run("13", {"number": 13})
    take_as(read_before, "worker")

    with get_client(sync_client=True) as client:
        assert move(client, read_before, Scheduled(name="Resuming"), force=force) is None

        assert holder_of(client.read_flow_run(read_before.id).state) == "worker"


def test_a_run_that_was_given_back_can_be_taken_again(redress: Redress) -> None:
    run = a_run("8", {"number": 8})
    take_as(run, "first")
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(run.id, Scheduled(name="AwaitingRetry"), force=True)
        again = client.read_flow_run(run.id)

    assert take_as(again, "second") == (True, "second")


@pytest.mark.parametrize(("name", "expected"), [("9", "9"), ("any", "9")])
def test_a_run_that_was_taken_is_executed_named_and_completed(redress: Redress, name: str, expected: str) -> None:
    run = a_run(name, {"number": 9})
    take_as(run, "worker")
    with get_client(sync_client=True) as client:
        execute(doubling, client.read_flow_run(run.id), "worker")
        done = client.read_flow_run(run.id)

    assert done.state is not None
    assert (done.name, done.state.type, done.run_count) == (expected, StateType.COMPLETED, 1)


def test_a_run_whose_flow_fails_is_failed_and_the_worker_goes_on(redress: Redress) -> None:
    run = a_run("5", {"number": 5, "seen": False})
    take_as(run, "worker")
    with get_client(sync_client=True) as client:
        execute(doubling, client.read_flow_run(run.id), "worker")
        done = client.read_flow_run(run.id)

    assert done.state is not None
    assert done.state.type is StateType.FAILED


def test_who_has_a_run_is_read_from_its_state() -> None:
    assert holder_of(Running(message="In the hands of worker host:1")) == "host:1"
    assert holder_of(Running()) == ""
    assert holder_of(None) == ""
