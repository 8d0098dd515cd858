"""How Redress runs Prefect: every setting that matters, in one place, with its reason."""

import os
from collections.abc import Mapping

from complaints.settings import Settings


def prefect_environment(settings: Settings) -> dict[str, str]:
    """Return the environment of every process that imports Prefect."""
    home = settings.home / "prefect"
    return {
        "PREFECT_HOME": str(home),
        "PREFECT_PROFILES_PATH": str(home / "profiles.toml"),  # the user's own profile must not change anything
        "PREFECT_API_URL": settings.api_url,
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",  # a missing server is an error, not a hidden second one
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        # With it on, every waiting case costs for ever: all paused runs are loaded every five seconds.
        # No suspension has a timeout; the case's own clocks watch the time.
        "PREFECT_SERVER_SERVICES_PAUSE_EXPIRATIONS_ENABLED": "false",
        "PREFECT_SERVER_SERVICES_LATE_RUNS_AFTER_SECONDS": "60",
        "PREFECT_WORKER_QUERY_SECONDS": "0.5",  # 10 would add up to 10 s to every answer
        "PREFECT_WORKER_PREFETCH_SECONDS": "1",
        "PREFECT_WORKER_HEARTBEAT_SECONDS": "15",
        "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",  # the ledger holds every result
        "PREFECT_LOGGING_LEVEL": "INFO",
        "PREFECT_LOGGING_EXTRA_LOGGERS": "redress",  # what tasks log stands in the run's log too
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    }


def apply(settings: Settings) -> None:
    """Set this process's environment; call it before anything imports Prefect."""
    os.environ.update(prefect_environment(settings))
    os.environ.pop("PREFECT_API_KEY", None)  # it would win over everything else


def child_environment(settings: Settings) -> Mapping[str, str]:
    """Return the environment of a process that ``redress up`` starts."""
    inherited = {name: value for name, value in os.environ.items() if name != "PREFECT_API_KEY"}
    return inherited | prefect_environment(settings) | {"REDRESS_HOME": str(settings.home), "PYTHONUNBUFFERED": "1"}
