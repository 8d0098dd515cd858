"""Which installation a work pool belongs to: two of them at one Prefect server would execute each other's runs.

The pool carries the fingerprint of the master key, as the default of a variable of its job template: a place that
is kept as it is, and that operators see on Prefect's page and do not write into by accident.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final

from prefect.client.schemas.objects import WorkPool

from complaints.errors.settings import SettingError
from tasks.desk import store

_VARIABLE: Final = "installation"


def installation_of(pool: WorkPool) -> str:
    """Return the installation that a work pool belongs to; "" where none has claimed it yet."""
    variables = pool.base_job_template.get("variables", {}).get("properties", {})
    return str(variables.get(_VARIABLE, {}).get("default", ""))


def claimed(template: Mapping[str, Any]) -> dict[str, Any]:
    """Return a pool's job template with the mark of this installation on it."""
    marked = deepcopy({"job_configuration": {}, "variables": {}} | dict(template))
    marked["variables"].setdefault("type", "object")
    marked["variables"].setdefault("properties", {})[_VARIABLE] = {
        "type": "string",
        "title": "安装标识 · installation",
        "description": "本工作池所属的安装，请勿修改 · Whose work pool this is; leave it as it is.",
        "default": store().master.fingerprint,
    }
    return marked


def check_installation(pool: WorkPool) -> None:
    """Let nobody work on the pool of another installation; one that nobody has claimed is anybody's.

    Raises:
        SettingError: it belongs to an installation with another master key.
    """
    theirs, ours = installation_of(pool), store().master.fingerprint
    if theirs and theirs != ours:
        raise SettingError(
            f"work pool '{pool.name}'",
            f"belongs to installation {theirs} on this Prefect server; this is installation {ours}",
            "Use another Prefect server (REDRESS_PREFECT_API_URL, REDRESS_PREFECT_PORT), or the case database and "
            "master key of that installation",
        )
