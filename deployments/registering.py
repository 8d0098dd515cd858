"""One deployment on Prefect's server: made, or brought to what is planned, its schedule with regard for people's hands.

What a deployment is (its flow, texts, tags, queue) is Redress's to say. When it runs is the operators' once they have
touched it: the schedule that was set last is remembered in a variable of Prefect's, and one that is not as it was set
has been changed by somebody. It is left so, until the variable is deleted.
"""

import json
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from prefect import Flow
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import (
    DeploymentScheduleCreate,
    DeploymentUpdate,
    VariableCreate,
    VariableUpdate,
)
from prefect.client.schemas.objects import DeploymentSchedule
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import SCHEDULE_TYPES, CronSchedule, IntervalSchedule
from prefect.exceptions import ObjectNotFound
from prefect.flows import load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema

from deployments.changes import Change, Difference
from deployments.plan import Planned, Timing

MEMORY: Final = "redress_schedules"
"""The variable that holds the schedules as they were set last."""

NONE: Final = "none"


class Memory:
    """The schedules as Redress set them last, by the deployment's name."""

    def __init__(self, client: SyncPrefectClient) -> None:
        self._client = client
        self._known = client.read_variable_by_name(MEMORY)
        value = self._known.value if self._known else None
        self.schedules: dict[str, str] = dict(value) if isinstance(value, dict) else {}
        self._before = dict(self.schedules)

    def keep(self) -> None:
        """Store what was set now."""
        value: Any = self.schedules
        if self._known is None:
            self._client.create_variable(VariableCreate(name=MEMORY, value=value, tags=["redress"]))
        elif self.schedules != self._before:
            self._client.update_variable(VariableUpdate(name=MEMORY, value=value))


def register(client: SyncPrefectClient, planned: Planned, memory: Memory) -> tuple[UUID, Change]:
    """Bring one deployment to what is planned; return its id, and what changed."""
    flow: Flow[Any, Any] = load_flow_from_entrypoint(planned.entrypoint, use_placeholder_flow=False)
    try:
        there = client.read_deployment_by_name(f"{flow.name}/{planned.name}")
    except ObjectNotFound:
        memory.schedules[planned.name] = in_words(planned.timing)
        return _create(client, planned, flow), Change("deployment", planned.name, created=True)
    changed = _update(client, planned, flow, there)
    moved, kept = _settle_schedule(client, planned, there, memory)
    if there.paused:
        kept.append(Difference("deployment", "paused", "active"))
    return there.id, Change("deployment", planned.name, changed=(*changed, *moved), kept=tuple(kept))


def _create(client: SyncPrefectClient, planned: Planned, flow: Flow[Any, Any]) -> UUID:
    return client.create_deployment(
        flow_id=client.create_flow_from_name(flow.name),
        name=planned.name,
        schedules=[_schedule(timing) for timing in planned.schedules],
        description=planned.description,
        tags=list(planned.tags),
        work_pool_name=planned.work_pool.name,
        work_queue_name=planned.work_pool.work_queue_name,
        entrypoint=planned.entrypoint,
        parameter_openapi_schema=_form(flow),
        enforce_parameter_schema=True,
    )


def _update(
    client: SyncPrefectClient, planned: Planned, flow: Flow[Any, Any], there: DeploymentResponse
) -> list[Difference]:
    """Make what a deployment is as planned, in one request where anything differs."""
    texts = {
        "description": (there.description, planned.description),
        "entrypoint": (there.entrypoint, planned.entrypoint),
        "work_pool_name": (there.work_pool_name, planned.work_pool.name),
        "work_queue_name": (there.work_queue_name, planned.work_pool.work_queue_name),
    }
    update: dict[str, Any] = {name: wanted for name, (was, wanted) in texts.items() if was != wanted}
    changed = [Difference(name, texts[name][0] or NONE, wanted) for name, wanted in update.items()]
    if sorted(there.tags) != sorted(planned.tags):
        update["tags"] = list(planned.tags)
        changed.append(Difference("tags", ", ".join(there.tags) or NONE, ", ".join(planned.tags)))
    if (was := there.parameter_openapi_schema or {}) != (form := _form(flow)):
        update["parameter_openapi_schema"] = form
        changed.append(Difference("parameters", _parameters(was), _parameters(form)))
    if {"work_pool_name", "work_queue_name"} & update.keys():  # the queue is looked for in the pool that is named
        update |= {"work_pool_name": planned.work_pool.name, "work_queue_name": planned.work_pool.work_queue_name}
    if update:
        client.update_deployment(there.id, DeploymentUpdate(**update))
    return changed


def _form(flow: Flow[Any, Any]) -> dict[str, Any]:
    """Return what Prefect's page asks for when somebody starts a flow by hand."""
    form: dict[str, Any] = json.loads(json.dumps(parameter_schema(flow).model_dump(exclude_unset=True)))
    return form


def _parameters(form: dict[str, Any]) -> str:
    return ", ".join(form.get("properties", {})) or NONE


# --- schedules ----------------------------------------------------------------------------------


def _settle_schedule(
    client: SyncPrefectClient, planned: Planned, there: DeploymentResponse, memory: Memory
) -> tuple[list[Difference], list[Difference]]:
    """Make a schedule as planned, unless somebody changed it; return what was changed, and what was kept."""
    changed, kept = [], []
    ours = _ours(there.schedules)
    was, wanted = in_words(ours.schedule if ours else None), in_words(planned.timing)
    difference = Difference("schedule", was, wanted)
    if was != wanted and was != memory.schedules.get(planned.name, was):
        kept.append(difference)
    else:
        memory.schedules[planned.name] = wanted
        if was != wanted:
            _set_schedule(client, there.id, ours, planned.timing)
            changed.append(difference)
    if ours and not ours.active and wanted != NONE:
        kept.append(Difference("schedule", "paused", "active"))
    return changed, kept


def _ours(schedules: list[DeploymentSchedule]) -> DeploymentSchedule | None:
    """Return the schedule that Redress made: the one with its mark, or the only one without any."""
    marked = [one for one in schedules if one.slug == "redress"]
    unmarked = [one for one in schedules if not one.slug]
    return marked[0] if marked else unmarked[0] if len(unmarked) == 1 else None


def _set_schedule(
    client: SyncPrefectClient, deployment: UUID, ours: DeploymentSchedule | None, timing: Timing | None
) -> None:
    if timing is None:
        if ours:
            client.delete_deployment_schedule(deployment, ours.id)
    elif ours:
        client.update_deployment_schedule(deployment, ours.id, schedule=_schedule(timing).schedule, slug=timing.slug)
    else:
        client.create_deployment_schedules(deployment, [_schedule(timing)])


def _schedule(timing: Timing) -> DeploymentScheduleCreate:
    schedule: SCHEDULE_TYPES = (
        CronSchedule(cron=timing.cron, timezone=timing.timezone)
        if timing.cron
        else IntervalSchedule(interval=timedelta(seconds=timing.interval or 0), timezone=timing.timezone)
    )
    return DeploymentScheduleCreate(schedule=schedule, active=True, slug=timing.slug)


def in_words(schedule: SCHEDULE_TYPES | Timing | None) -> str:
    """Return when something runs, as people read it."""
    match schedule:
        case None:
            return NONE
        case Timing():
            return in_words(_schedule(schedule).schedule)
        case CronSchedule():
            return f"{schedule.cron} ({schedule.timezone})"
        case IntervalSchedule():
            return f"every {schedule.interval.total_seconds():g} s"
        case _:
            return str(getattr(schedule, "rrule", "unknown"))
