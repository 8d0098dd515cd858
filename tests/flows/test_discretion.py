"""What a run that fails leaves on Prefect's server, on the worker's disk and in its log: no name of a person."""

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    LogFilter,
    LogFilterFlowRunId,
)
from prefect.client.schemas.objects import FlowRun, Log, State, StateType, TaskRun
from prefect.states import Failed, Scheduled

from complaints.errors.case import UnknownCase
from complaints.settings import settings
from flows.prefect_parts import LEFT_OUT, discreet, execute
from flows.runs import prefect_client
from tests.flows.misbehaving import NAME, KeyboardCrash, crash, quote
from tests.flows.running import Running
from tests.flows.test_prefect_parts import take_as
from tests.flows.test_worker import Begin, begin, until_state

__all__ = ["begin"]  # a fixture


def tasks_of(run: FlowRun) -> list[TaskRun]:
    with prefect_client() as client:
        return client.read_task_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run.id])))


def logs_of(run: FlowRun) -> list[Log]:
    with prefect_client() as client:
        return client.read_logs(LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run.id])))


def files_that_name(folder: Path, name: str) -> list[str]:
    """Which files of a folder hold a name, as text, as JSON, or as the beginning of a pickled and encoded one."""
    forms = [name.encode(), json.dumps(name)[1:-1].encode()]
    forms += [b64encode(b" " * shift + name.encode())[4:8] for shift in range(3)]
    return [
        str(file.relative_to(folder))
        for file in folder.rglob("*")
        if file.is_file() and any(form in file.read_bytes() for form in forms)
    ]


def test_no_word_of_an_error_reaches_prefect_s_server_or_a_file(redress: Running, begin: Begin) -> None:
    runs = {how: begin(quote, in_step=how) for how in ("input", "timeout", "none")}
    states = {how: until_state(redress, run, StateType.FAILED) for how, run in runs.items()}
    redress.until(lambda: logs_of(runs["none"]), "the worker's lines have arrived")
    redress.until(lambda: [one.state_name for one in tasks_of(runs["input"])] == ["Failed"], "so have its steps")

    assert str(states["input"].message).startswith("pydantic_core._pydantic_core.ValidationError (")
    assert str(states["none"].message).startswith("KeyError (")
    assert {state.message for state in states.values() if str(state.message).endswith(LEFT_OUT)} == {
        state.message for state in states.values()
    }
    assert str(tasks_of(runs["input"])[0].state.message).startswith("pydantic_core._pydantic_core.ValidationError (")
    logged = "\n".join(line.message for line in logs_of(runs["none"]))
    assert "KeyError" in logged
    assert "in quote\n    raise KeyError(NAME)" in logged  # where it happened
    assert files_that_name(settings().home / "prefect", NAME) == []
    assert files_that_name(settings().home / "logs", NAME) == []


def test_a_crash_says_no_word_either(redress: Running) -> None:
    with get_client(sync_client=True) as client:
        run = client.create_flow_run(crash, state=Scheduled())
        take_as(run, "worker")
        with pytest.raises(KeyboardCrash):
            execute(crash, client.read_flow_run(run.id), "worker")
        state = client.read_flow_run(run.id).state

    assert state is not None
    assert state.type is StateType.CRASHED
    assert "KeyboardCrash" in str(state.message)
    assert NAME not in str(state.message)


def told_of(error: Exception) -> str:
    try:
        raise error
    except Exception as raised:
        state: State[Any] = discreet(Failed(data=raised, message=f"Task run encountered an exception: {error}"))
    return str(state.message)


def test_what_our_own_errors_say_is_shown_for_it_names_the_case_and_the_cure() -> None:
    assert "There is no case TS260302-7K3M9QX. 'redress list'" in told_of(UnknownCase("TS260302-7K3M9QX"))


def test_a_state_without_an_error_keeps_its_message() -> None:
    assert discreet(Scheduled(message="The case has moved on.")).message == "The case has moved on."
