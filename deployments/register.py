"""Registers every flow with its schedule on Prefect's server. Safe to run twice."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast
from uuid import UUID

from prefect import Flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import StateType
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import ObjectAlreadyExists
from prefect.schedules import Cron, Interval, Schedule
from prefect.types.entrypoint import EntrypointType

from complaints.settings import settings
from deployments.automations import register_automations
from deployments.resident import POOL
from flows.apply_rules import apply_rules
from flows.archive_closed import archive_closed
from flows.clock_orders import extend_clock, note_event, pause_clock, resume_clock, state_circumstances
from flows.handle_complaint import handle_complaint
from flows.merge_orders import merge_cases, unmerge_case
from flows.monthly_summary import monthly_summary
from flows.reconcile_runs import reconcile_runs
from flows.runs import URGENT
from flows.send_announcements import send_announcements
from flows.take_in_mail import take_in_mail
from flows.watch_deadlines import watch_deadlines

ZONE: Final = "Asia/Shanghai"
ORDERS: Final = (
    pause_clock,
    resume_clock,
    extend_clock,
    note_event,
    state_circumstances,
    merge_cases,
    unmerge_case,
)
"""What operators start by hand, on Prefect's page."""


@dataclass(frozen=True)
class Planned:
    """A flow and when it runs by itself."""

    flow: Flow[Any, Any]
    description: str
    schedule: Schedule | None = None


def plan() -> Sequence[Planned]:
    """Return every flow of Redress with its schedule."""
    return (
        Planned(handle_complaint, "投诉处理:每件投诉一次运行 · One complaint from receipt to closed case."),
        Planned(
            watch_deadlines,
            "时限监控 · Watches every clock: warns, records breaches, wakes what waited for a date.",
            Interval(timedelta(seconds=settings().sweep_seconds)),
        ),
        Planned(
            reconcile_runs,
            "运行核对 · Makes sure that every open case has one live run.",
            Interval(timedelta(minutes=2)),
        ),
        Planned(
            send_announcements,
            "对外通知 · Tells other systems of cases, by signed webhooks.",
            Interval(timedelta(minutes=1)) if settings().receivers else None,
        ),
        Planned(
            take_in_mail,
            "邮件收件 · Takes in complaints and answers that come by mail, and letters that came back.",
            Interval(timedelta(minutes=1)) if settings().mailbox_url.get_secret_value() else None,
        ),
        *(Planned(order, str(order.description).partition(" Args:")[0].strip()) for order in ORDERS),
        Planned(
            apply_rules,
            "规则生效 · Lets packs whose first day has come reach open cases, where their transition says so.",
            Cron("5 0 * * *", timezone=ZONE),
        ),
        Planned(archive_closed, "归档 · Archives closed cases every night.", Cron("30 2 * * *", timezone=ZONE)),
        Planned(
            monthly_summary,
            "月度投诉监管报告 · Writes the summary of the month before.",
            Cron("0 8 1 * *", timezone=ZONE),
        ),
    )


def register() -> list[str]:
    """Register all deployments and return their names."""
    with get_client(sync_client=True) as client:
        with contextlib.suppress(ObjectAlreadyExists):
            client.create_work_pool(WorkPoolCreate(name=POOL, type="redress"))
        with contextlib.suppress(ObjectAlreadyExists):
            client.create_work_queue(
                URGENT,
                work_pool_name=POOL,
                priority=1,
                description="紧急投诉 · Cases marked as urgent, before all others.",
            )
        names = []
        for planned in plan():
            made = planned.flow.to_deployment(
                name=planned.flow.name,
                schedules=[planned.schedule] if planned.schedule else [],
                description=planned.description,
                tags=["redress"],
                work_pool_name=POOL,
                entrypoint_type=EntrypointType.MODULE_PATH,
            )
            deployment_id = cast(UUID, cast(RunnerDeployment, made).apply())
            if planned.flow is reconcile_runs:
                at_once = deployment_id
            names.append(f"{planned.flow.name}/{planned.flow.name}")
        register_automations(client)
        _drop_missed_ticks(client)
        client.create_flow_run_from_deployment(at_once)  # cases may have been filed while nothing ran
    return names


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
