"""Making the runs of cases that have none: where a case only waits, its run is made to wait right away.

To execute a run from the top until it waits costs tenths of a second of CPU, and thousands of them hours. A run can
as well be made in the state in which it waits: with its form stored, and its key among those that have fired, it goes
on from there when it is resumed, as any other.

Such runs are made to begin in a quarter of an hour. Then their forms are stored, and only then are they suspended:
where this process dies in between, they simply begin, from the top, and nothing waits without a form.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentFlowRunCreate
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterNextScheduledStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRunPolicy, State, StateType
from prefect.exceptions import PrefectHTTPStatusError
from prefect.states import Scheduled, Suspended, to_state_create

from complaints.adapters.driving import shown_on
from complaints.answers import Question
from complaints.case import Case
from complaints.sheet import case_sheet
from complaints.words import Urgency
from flows.forms import FORMS
from flows.prefect_parts import keyset_from_paused_state
from flows.reconciling.findings import Findings, Found
from flows.reconciling.waits import awaited, rests
from flows.runs import DEPLOYMENT, URGENT
from flows.watch_deadlines import TAGS
from tasks.desk import look, store

BATCH: Final = 25
"""Runs that are made by one request: on SQLite nobody else writes meanwhile."""

AHEAD: Final = timedelta(minutes=15)
"""How long before their time runs are made that are to wait."""

_CONFLICT: Final = 409


@dataclass(frozen=True)
class Wanted:
    """A run that is to be made.

    Attributes:
        case: Its case.
        key: That of the suspension in which it is to be; empty: it is to begin now.
        tags: What operators filter it by.
    """

    case: Case
    key: str
    tags: tuple[str, ...]


def make_runs(client: SyncPrefectClient, references: Sequence[str], findings: Findings) -> None:
    """Make the runs of up to :data:`BATCH` cases that have none.

    A run that somebody else makes at the same moment stays as it is: Prefect knows both by the case's reference.
    """
    shown = shown_on(store(), references)
    wanted = [_wanted(look(one), shown) for one in references]
    ids = _create(client, wanted)
    made = sorted((one for one in wanted if one.case.reference in ids), key=lambda one: one.key)
    for one in made:
        if one.key:
            _store_form(client, ids[one.case.reference], one)
    for key, some in groupby(made, key=lambda one: one.key):
        group = [one.case.reference for one in some]
        if key:
            _suspend(client, key, [ids[reference] for reference in group])
        findings.add(Found.PLACED if key else Found.STARTED, *group)
    findings.add(Found.REFUSED, *(one for one in references if one not in ids))


def _wanted(case: Case, shown: Mapping[str, str]) -> Wanted:
    tags = (TAGS[shown[case.reference]],) if case.reference in shown else ()
    return Wanted(case, f"{awaited(case)}1" if rests(case) else "", tags)


def _create(client: SyncPrefectClient, wanted: Sequence[Wanted]) -> dict[str, UUID]:
    """Make runs and return their ids by case; of a case that has one already, that one's."""
    deployment = client.read_deployment_by_name(DEPLOYMENT).id
    body = [_request(one).model_dump(mode="json", exclude_unset=True, serialize_as_any=True) for one in wanted]
    results = _post(client, f"/deployments/{deployment}/create_flow_run/bulk", body)["results"]
    made = zip((one.case.reference for one in wanted), results, strict=True)
    return {reference: UUID(one["flow_run_id"]) for reference, one in made if one["status"] == "CREATED"}


def _post(client: SyncPrefectClient, path: str, body: Any) -> Any:
    """Send something to one of the addresses that take many runs at once; Prefect's client knows no method for them."""
    return client.request("POST", path, json=body).json()  # type: ignore[arg-type] # mypy: nor their names


def _request(one: Wanted) -> DeploymentFlowRunCreate:
    later: dict[str, Any] = {}
    if one.key:
        begins: State[None] = Scheduled(scheduled_time=datetime.now(UTC) + AHEAD)
        later = {"state": to_state_create(begins), "empirical_policy": FlowRunPolicy(pause_keys={one.key})}
    assessed = one.case.assessed
    if assessed and assessed.urgency is Urgency.URGENT:
        later["work_queue_name"] = URGENT
    return DeploymentFlowRunCreate(
        name=one.case.reference,
        parameters={"reference": one.case.reference},
        idempotency_key=one.case.reference,
        tags=list(one.tags),
        **later,
    )


def _store_form(client: SyncPrefectClient, run: UUID, one: Wanted) -> None:
    """Store the form of a run that is to wait for a person; a date has none."""
    if (question := one.case.asks) is None:
        return
    keyset = keyset_from_paused_state(_suspension(one.key))
    parts = {"schema": _schema(question), "description": json.dumps(case_sheet(one.case, store().now()))}
    for part, content in parts.items():
        try:
            client.create_flow_run_input(run, keyset[part], content)  # type: ignore[index] # mypy: a literal's name
        except PrefectHTTPStatusError as error:
            if error.response.status_code != _CONFLICT:  # else it was stored at the same moment
                raise


def _suspend(client: SyncPrefectClient, key: str, runs: list[UUID]) -> None:
    """Suspend runs that were just made; one that is not to begin later was there before, and goes its way."""
    body = {
        "flow_runs": FlowRunFilter(
            id=FlowRunFilterId(any_=runs),
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
            next_scheduled_start_time=FlowRunFilterNextScheduledStartTime(after_=datetime.now(UTC) + AHEAD / 3),
        ).model_dump(mode="json", exclude_unset=True),
        "state": to_state_create(_suspension(key)).model_dump(mode="json", serialize_as_any=True),
        "force": True,
    }
    _post(client, "/flow_runs/bulk_set_state", body)


def _suspension(key: str) -> State[None]:
    """Return the state in which a run waits under a key, as ``flows.waiting`` makes it."""
    state: State[None] = Suspended(pause_key=key)
    if not key.startswith("until-"):
        state.state_details.run_input_keyset = {
            str(part): name for part, name in keyset_from_paused_state(state).items()
        }
    return state


@cache
def _schema(question: Question) -> str:
    """Return a form as Prefect's page wants it."""
    schema = FORMS[question].model_json_schema(ref_template="#/definitions/{model}")
    if "$defs" in schema:
        schema["definitions"] = schema.pop("$defs")
    return json.dumps(schema)
