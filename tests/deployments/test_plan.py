"""``prefect.yaml`` says what Redress needs on Prefect's server, all of it, and once."""

import importlib
import pkgutil
import re
from typing import Any

import pytest
from prefect import Flow
from prefect.utilities.callables import parameter_schema

import flows
from complaints.settings import Settings
from deployments.plan import Planned, read_plan
from flows.runs import POOL

PLAN = read_plan(Settings())
MODULES = [importlib.import_module(one.name) for one in pkgutil.iter_modules(flows.__path__, "flows.")]
FLOWS: dict[str, Flow[Any, Any]] = {
    f"{module.__name__}.{one.fn.__name__}": one
    for module in MODULES
    for one in vars(module).values()
    if isinstance(one, Flow) and one.fn.__module__ == module.__name__
}
by_name = pytest.mark.parametrize("planned", PLAN.deployments, ids=lambda one: one.name)


def planned(name: str, **settings: Any) -> Planned:
    return next(one for one in read_plan(Settings(**settings)).deployments if one.name == name)


def test_every_flow_is_deployed_once() -> None:
    assert sorted(one.entrypoint for one in PLAN.deployments) == sorted(FLOWS)


@by_name
def test_a_deployment_is_called_as_its_flow_and_says_in_both_languages_what_it_does(planned: Planned) -> None:
    assert planned.name == FLOWS[planned.entrypoint].name
    assert re.match(r".*[\u4e00-\u9fff].* · [A-Z].*\.$", planned.description)


@by_name
def test_whatever_is_asked_for_when_a_flow_is_started_by_hand_is_explained(planned: Planned) -> None:
    asked = parameter_schema(FLOWS[planned.entrypoint]).properties

    assert [name for name, one in asked.items() if not one.get("description")] == []


@by_name
def test_a_deployment_waits_in_a_queue_that_is_planned_too(planned: Planned) -> None:
    assert planned.work_pool.name == POOL
    assert planned.work_pool.work_queue_name in {queue.name for queue in PLAN.queues}
    assert planned.tags[0] == "redress"


@by_name
def test_times_are_those_of_a_named_zone(planned: Planned) -> None:
    assert all(timing.timezone == "Asia/Shanghai" for timing in planned.schedules)


def test_urgent_cases_go_first_then_sweeps_and_orders_and_long_runs_last_with_room_left_beside() -> None:
    priorities = {queue.name: queue.priority for queue in PLAN.queues}

    assert priorities == {"urgent": 1, "upkeep": 2, "default": 3, "long": 4}
    assert {queue.name: queue.concurrency_limit for queue in PLAN.queues if queue.concurrency_limit} == {"long": 2}
    places = {one.name: one.work_pool.work_queue_name for one in PLAN.deployments}
    assert places["watch-deadlines"] == places["pause-clock"] == "upkeep"
    assert places["archive-closed"] == places["import-spreadsheet"] == "long"


def test_the_sweep_comes_as_often_as_the_settings_say() -> None:
    timing = planned("watch-deadlines", sweep_seconds=17).timing

    assert timing is not None
    assert timing.interval == 17


def test_nothing_is_scheduled_for_a_mailbox_and_receivers_that_are_not_there() -> None:
    assert planned("take-in-mail").timing is None
    assert planned("send-announcements").timing is None
    assert planned("take-in-mail", mailbox_url="maildir:///var/mail/complaints").timing is not None
