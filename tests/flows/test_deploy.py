"""``redress deploy`` on a real server: once is enough, it says what it changed, and leaves what people set by hand."""

import os
import subprocess
import sys
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate, DeploymentUpdate, WorkPoolUpdate
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule
from prefect.workers.base import BaseWorker

from complaints.errors.settings import SettingError
from complaints.settings import settings
from deployments.changes import Change, Difference
from deployments.deploy import claim_pool, deploy, deploy_queues, retire
from deployments.environment import child_environment
from deployments.plan import Planned, read_plan
from deployments.registering import Memory, register
from flows.runs import POOL, prefect_client
from tests.flows.running import Running

PLAN = read_plan(settings())


@pytest.fixture
def client(redress: Running) -> Iterator[SyncPrefectClient]:
    """Prefect's API, with everything deployed by ``redress up``."""
    with prefect_client() as client:
        yield client


def planned(name: str, **changes: object) -> Planned:
    return next(one for one in PLAN.deployments if one.name == name).model_copy(update=changes)


def read(client: SyncPrefectClient, name: str) -> DeploymentResponse:
    return client.read_deployment_by_name(f"{name}/{name}")


def redo(client: SyncPrefectClient, one: Planned) -> Change:
    memory = Memory(client)
    _, change = register(client, one, memory)
    memory.keep()
    return change


def test_a_second_deployment_changes_nothing_and_says_so(client: SyncPrefectClient) -> None:
    changes = deploy()

    assert [one.name for one in changes if one.is_news or one.kept or one.gone] == []
    assert {one.what for one in changes} == {"work pool", "work queue", "deployment", "block", "automation"}


def test_what_redress_says_of_a_deployment_is_put_back_and_told(client: SyncPrefectClient) -> None:
    there = read(client, "apply-rules")
    client.update_deployment(there.id, DeploymentUpdate(description="mine", tags=["mine"], parameter_openapi_schema={}))

    change = redo(client, planned("apply-rules"))

    assert [(one.field, one.was) for one in change.changed] == [
        ("description", "mine"),
        ("tags", "mine"),
        *([("parameters", "none")] if there.parameter_openapi_schema else []),
    ]
    assert read(client, "apply-rules").model_dump(include={"description", "tags", "schedules", "work_queue_name"}) == (
        there.model_dump(include={"description", "tags", "schedules", "work_queue_name"})
    )


def test_a_run_moves_to_the_queue_that_is_planned(client: SyncPrefectClient) -> None:
    elsewhere = planned("apply-rules").work_pool.model_copy(update={"work_queue_name": "default"})

    moved = redo(client, planned("apply-rules", work_pool=elsewhere))

    assert moved.changed == (Difference("work_queue_name", "long", "default"),)
    assert read(client, "apply-rules").work_queue_name == "default"
    assert redo(client, planned("apply-rules")).is_news


def test_a_schedule_follows_the_plan_as_long_as_nobody_touched_it(client: SyncPrefectClient) -> None:
    archive = planned("archive-closed")
    assert archive.timing is not None
    later = archive.model_copy(update={"schedules": (archive.timing.model_copy(update={"cron": "0 4 * * *"}),)})

    assert redo(client, later).changed == (
        Difference("schedule", "30 2 * * * (Asia/Shanghai)", "0 4 * * * (Asia/Shanghai)"),
    )
    assert redo(client, archive.model_copy(update={"schedules": ()})).changed[0].planned == "none"
    assert read(client, "archive-closed").schedules == []
    assert redo(client, archive).changed[0].was == "none"
    assert len(read(client, "archive-closed").schedules) == 1


def test_a_schedule_that_an_operator_moved_or_paused_or_deleted_is_left_so(client: SyncPrefectClient) -> None:
    archive, there = planned("archive-closed"), read(client, "archive-closed")
    (mine,) = there.schedules
    by_hand = CronSchedule(cron="45 3 * * *", timezone="Asia/Shanghai")

    client.update_deployment_schedule(there.id, mine.id, active=False, schedule=by_hand)
    change = redo(client, archive)

    assert not change.is_news
    assert change.kept == (
        Difference("schedule", "45 3 * * * (Asia/Shanghai)", "30 2 * * * (Asia/Shanghai)"),
        Difference("schedule", "paused", "active"),
    )
    assert [(one.schedule, one.active) for one in read(client, "archive-closed").schedules] == [(by_hand, False)]

    client.delete_deployment_schedule(there.id, mine.id)
    assert redo(client, archive).kept == (Difference("schedule", "none", "30 2 * * * (Asia/Shanghai)"),)

    client.delete_variable_by_name("redress_schedules")  # nothing is remembered: what is planned counts again
    assert redo(client, archive).changed == (Difference("schedule", "none", "30 2 * * * (Asia/Shanghai)"),)
    deploy()


def test_the_limit_of_a_queue_is_the_operators_and_its_place_is_not(client: SyncPrefectClient) -> None:
    queue = client.read_work_queue_by_name("long", work_pool_name=POOL)
    client.update_work_queue(queue.id, concurrency_limit=5, priority=2)

    changes = {one.name: one for one in deploy_queues(client, PLAN.queues)}

    assert changes["long"].kept == (Difference("concurrency_limit", "5", "2"),)
    assert changes["long"].changed == (Difference("priority", "2", "4"),)
    there = client.read_work_queues(work_pool_name=POOL)
    assert {one.name: one.priority for one in there} == {one.name: one.priority for one in PLAN.queues}
    client.update_work_queue(queue.id, concurrency_limit=2)


def test_a_deployment_that_is_planned_no_more_runs_no_more_by_itself_and_stays(client: SyncPrefectClient) -> None:
    old = client.create_deployment(
        flow_id=client.create_flow_from_name("old-sweep"),
        name="old-sweep",
        schedules=[DeploymentScheduleCreate(schedule=CronSchedule(cron="0 0 * * *", timezone="Asia/Shanghai"))],
        tags=["redress"],
        work_pool_name=POOL,
    )
    (first,), (second,) = retire(client, PLAN.deployments), retire(client, PLAN.deployments)

    assert first.gone
    assert first.changed == (Difference("schedule", "active", "paused"),)
    assert second.gone
    assert not second.is_news
    assert [one.active for one in client.read_deployment(old).schedules] == [False]
    client.delete_deployment(old)


def test_the_pool_of_another_installation_is_left_alone(client: SyncPrefectClient) -> None:
    template = client.read_work_pool(POOL).base_job_template
    foreign = deepcopy(template)
    foreign["variables"]["properties"]["installation"]["default"] = "0123456789abcdef"
    client.update_work_pool(POOL, WorkPoolUpdate(base_job_template=foreign))
    try:
        with pytest.raises(SettingError, match="0123456789abcdef"):
            claim_pool(client)
    finally:
        client.update_work_pool(POOL, WorkPoolUpdate(base_job_template=template))


def test_a_pool_that_a_worker_made_is_claimed_once(client: SyncPrefectClient) -> None:
    template = client.read_work_pool(POOL).base_job_template
    client.update_work_pool(POOL, WorkPoolUpdate(base_job_template=BaseWorker.get_default_base_job_template()))

    assert claim_pool(client).changed[0].was == "none"
    assert not claim_pool(client).is_news
    client.update_work_pool(POOL, WorkPoolUpdate(base_job_template=template))


@pytest.mark.slow
def test_prefects_own_command_deploys_the_same_and_takes_nothing_away(redress: Running) -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
    environment = dict(child_environment(settings())) | {"PYTHONPATH": os.pathsep.join([str(root), *sys.path])}

    done = subprocess.run(
        [*command, "--prefect-file", "deployments/prefect.yaml"],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    unneeded = {one.name: [field.field for field in one.kept] for one in deploy() if one.kept or one.is_news}
    assert unneeded == {
        "watch-deadlines": ["schedule"],  # the tests sweep by themselves, and the file every minute
        "send-announcements": ["schedule"],
        "take-in-mail": ["schedule"],
    }
