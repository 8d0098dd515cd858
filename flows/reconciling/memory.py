"""What one reconciliation leaves to the next, as variables on Prefect's server: they are lost with its runs.

So after the loss of Prefect's database the next reconciliation knows of none before it, and goes over every case.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import VariableCreate, VariableUpdate

LOOK: Final = "redress_reconciliation_look"
PASS: Final = "redress_reconciliation_pass"


@dataclass(frozen=True)
class Look:
    """The last look at what is in trouble.

    Attributes:
        at: When, in the firm's time.
        missing: How many runs there seemed to be too few, or too many.
        told_at: When it was last told that runs are owed, in the firm's time.
    """

    at: datetime | None = None
    missing: int = 0
    told_at: datetime | None = None


@dataclass(frozen=True)
class Pass:
    """The last pass over all cases; real time.

    Attributes:
        done_at: When one was finished.
        at_work_at: When one that is not finished was last seen at work.
    """

    done_at: datetime | None = None
    at_work_at: datetime | None = None


def read_look(client: SyncPrefectClient) -> Look:
    """Return what the last look left."""
    return Look(**_read(client, LOOK))


def read_pass(client: SyncPrefectClient) -> Pass:
    """Return what the last pass left."""
    return Pass(**_read(client, PASS))


def keep(client: SyncPrefectClient, kept: Look | Pass, **changes: Any) -> None:
    """Leave something to the next reconciliation."""
    name, values = LOOK if isinstance(kept, Look) else PASS, asdict(replace(kept, **changes))
    value = {key: one.isoformat() if isinstance(one, datetime) else one for key, one in values.items()}
    if client.read_variable_by_name(name) is None:
        client.create_variable(VariableCreate(name=name, value=value, tags=["redress"]))
    else:
        client.update_variable(VariableUpdate(name=name, value=value))


def _read(client: SyncPrefectClient, name: str) -> Mapping[str, Any]:
    variable = client.read_variable_by_name(name)
    known = variable.value if variable else {}
    values = json.loads(known) if isinstance(known, str) else known
    if not isinstance(values, dict):
        return {}  # somebody wrote something else: as if there were none
    return {key: datetime.fromisoformat(one) if isinstance(one, str) else one for key, one in values.items()}
