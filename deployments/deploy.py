"""``redress deploy``: everything of Redress on Prefect's server, as planned. Safe to run twice; says what changed.

What an operator has set by hand (a schedule, a pause, a queue's limit, an automation, a block) is left so, and said.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterTags,
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import StateType, WorkPool, WorkQueue
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.workers.base import BaseWorker

from complaints.settings import settings
from deployments.automations import register_automations
from deployments.changes import Change, Difference
from deployments.plan import Planned, Queue, read_plan
from deployments.registering import Memory, register
from flows.installation import check_installation, claimed, installation_of
from flows.runs import POOL

RECONCILE: Final = "reconcile-runs"


def deploy() -> list[Change]:
    """Bring Prefect's server to what is planned, and look after the open cases at once; return what changed.

    Raises:
        SettingError: the work pool belongs to another installation; nothing was changed.
    """
    plan = read_plan(settings())
    with get_client(sync_client=True) as client:
        changes = [claim_pool(client), *deploy_queues(client, plan.queues)]
        memory = Memory(client)
        ids = {}
        for planned in plan.deployments:
            ids[planned.name], change = register(client, planned, memory)
            changes.append(change)
        memory.keep()
        changes += retire(client, plan.deployments)
        changes += register_automations(client)
        _drop_missed_ticks(client)
        client.create_flow_run_from_deployment(ids[RECONCILE])  # cases may have been filed while nothing ran
    return changes


def claim_pool(client: SyncPrefectClient) -> Change:
    """Make the work pool, or claim the one that is there for this installation.

    Raises:
        SettingError: it belongs to another one.
    """
    try:
        pool = client.read_work_pool(POOL)
    except ObjectNotFound:
        return _create_pool(client)
    check_installation(pool)
    return _mark_pool(client, pool)


def _create_pool(client: SyncPrefectClient) -> Change:
    template = claimed(BaseWorker.get_default_base_job_template())
    description = "投诉处理 · The flows of Redress; its resident workers take them from here."
    try:
        client.create_work_pool(
            WorkPoolCreate(name=POOL, type="redress", description=description, base_job_template=template)
        )
    except ObjectAlreadyExists:  # a worker, or another call, was first
        return claim_pool(client)
    return Change("work pool", POOL, created=True)


def _mark_pool(client: SyncPrefectClient, pool: WorkPool) -> Change:
    if installation_of(pool):
        kept = (Difference("work pool", "paused", "active"),) if pool.is_paused else ()
        return Change("work pool", POOL, kept=kept)
    template = pool.base_job_template or BaseWorker.get_default_base_job_template()
    marked = claimed(template)
    client.update_work_pool(POOL, WorkPoolUpdate(base_job_template=marked))
    ours = pool.model_copy(update={"base_job_template": marked})
    return Change("work pool", POOL, changed=(Difference("installation", "none", installation_of(ours)),))


# --- queues -------------------------------------------------------------------------------------


def deploy_queues(client: SyncPrefectClient, queues: Sequence[Queue]) -> Iterator[Change]:
    """Make the queues, and put them into the order of their priorities; limits and pauses are the operators'."""
    there = {one.name: one for one in client.read_work_queues(work_pool_name=POOL)}
    for wanted in sorted(queues, key=lambda one: one.priority):
        if was := there.get(wanted.name):
            yield _settle_queue(client, was, wanted)
        else:
            client.create_work_queue(
                wanted.name,
                work_pool_name=POOL,
                priority=wanted.priority,
                description=wanted.description,
                concurrency_limit=wanted.concurrency_limit,
            )
            yield Change("work queue", wanted.name, created=True)
    _put_in_order(client, queues)


def _settle_queue(client: SyncPrefectClient, was: WorkQueue, wanted: Queue) -> Change:
    changed = []
    if was.priority != wanted.priority:
        changed.append(Difference("priority", str(was.priority), str(wanted.priority)))
    if was.description != wanted.description:
        changed.append(Difference("description", was.description or "none", wanted.description))
        client.update_work_queue(was.id, description=wanted.description)
    kept = []
    if was.concurrency_limit != wanted.concurrency_limit:
        limits = (str(limit or "none") for limit in (was.concurrency_limit, wanted.concurrency_limit))
        kept.append(Difference("concurrency_limit", *limits))
    if was.is_paused:
        kept.append(Difference("work queue", "paused", "active"))
    return Change("work queue", wanted.name, changed=tuple(changed), kept=tuple(kept))


def _put_in_order(client: SyncPrefectClient, queues: Sequence[Queue]) -> None:
    """Set priorities, the first first: Prefect moves the others down when one takes the place of another."""
    for wanted in sorted(queues, key=lambda one: one.priority):
        now = client.read_work_queue_by_name(wanted.name, work_pool_name=POOL)
        if now.priority != wanted.priority:  # by its pool: changed by its id, it could share the place of another
            client.request(
                "PATCH",
                "/work_pools/{work_pool_name}/queues/{name}",
                path_params={"work_pool_name": POOL, "name": wanted.name},
                json={"priority": wanted.priority},
            )


# --- what is no part of Redress any more, or too late -------------------------------------------


def retire(client: SyncPrefectClient, planned: Sequence[Planned]) -> Iterator[Change]:
    """Stop the schedules of deployments that are planned no more.

    They stay, as runs of theirs may still wait: without its deployment no run goes on.
    """
    names = {one.name for one in planned}
    ours = client.read_deployments(
        deployment_filter=DeploymentFilter(tags=DeploymentFilterTags(all_=["redress"])),
        work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[POOL])),
        limit=200,
    )
    for one in ours:
        if one.name in names:
            continue
        stopped = [schedule for schedule in one.schedules if schedule.active]
        for schedule in stopped:
            client.update_deployment_schedule(one.id, schedule.id, active=False)
        changed = tuple(Difference("schedule", "active", "paused") for _ in stopped)
        yield Change("deployment", one.name, gone=True, changed=changed)


def _drop_missed_ticks(client: SyncPrefectClient) -> None:
    """Remove scheduled runs whose time passed while nothing ran: one sweep catches up with everything."""
    missed = client.read_flow_runs(
        flow_run_filter=FlowRunFilter(
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
            expected_start_time=FlowRunFilterExpectedStartTime(before_=datetime.now(UTC) - timedelta(minutes=1)),
        ),
        work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[POOL])),
        limit=200,
    )
    for run in missed:
        if run.auto_scheduled:
            client.delete_flow_run(run.id)
