"""How Redress runs Prefect: every setting that matters, in one place, with its reason.

The two sizes differ in data alone. Every name stands in both, so that nothing a machine's own environment says about
Prefect's database or brokers is ever mixed in.
"""

import os
import secrets
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from complaints.settings import LOOPBACK, Settings

RUNS_KEPT_DAYS: Final = 400
"""How long Prefect keeps a run that has ended. A case that lasts longer could lose its run while it is open."""

EVENTS_KEPT_DAYS: Final = 30
"""How long Prefect keeps events. What matters of them stands in the ledger."""

CONNECTIONS: Final = (10, 10)
"""Connections to PostgreSQL that each of Prefect's server processes keeps, and may open beyond that."""

NOT_INHERITED: Final = (
    "PREFECT_API_KEY",  # it would win over the server's own password
    "PREFECT_API_AUTH_STRING",
    "PREFECT_SERVER_API_AUTH_STRING",
    "PREFECT_UI_API_URL",
    "PREFECT_SERVER_UI_API_URL",
    "PREFECT_UI_URL",
)
"""What counts only where Redress sets it: an empty value is not the same as none."""


def prefect_environment(settings: Settings) -> dict[str, str]:
    """Return the environment of every process that imports Prefect."""
    home = settings.home / "prefect"
    return {
        "PREFECT_HOME": str(home),
        "PREFECT_PROFILES_PATH": str(home / "profiles.toml"),  # the user's own profile must not change anything
        "PREFECT_API_URL": settings.api_url,
        "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",  # a missing server is an error, not a hidden second one
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        # With it on, every waiting case costs for ever: all paused runs are loaded every five seconds.
        # No suspension has a timeout; the case's own clocks watch the time.
        "PREFECT_SERVER_SERVICES_PAUSE_EXPIRATIONS_ENABLED": "false",
        "PREFECT_SERVER_SERVICES_LATE_RUNS_AFTER_SECONDS": "60",
        "PREFECT_WORKER_QUERY_SECONDS": "0.25",  # 10 would add up to 10 s to every answer
        "PREFECT_WORKER_PREFETCH_SECONDS": "1",
        "PREFECT_WORKER_HEARTBEAT_SECONDS": "15",
        "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",  # the ledger holds every result
        # By default each event of a task is a transaction of its own: a fifth of the server's work.
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "100",
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "100",
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
        "PREFECT_LOGGING_LEVEL": "INFO",
        # That a task completed is a state, shown as such; as lines of a log it would be half of what the server stores.
        "PREFECT_LOGGING_LOGGERS_PREFECT_TASK_RUNS_LEVEL": "WARNING",
        "PREFECT_LOGGING_CONFIG_PATH": str(Path(__file__).parent / "logs" / "logging.yml"),
        "PREFECT_LOGGING_EXTRA_LOGGERS": "redress",  # what tasks log stands in the run's log too
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
        **_database(settings),
        **_messages(settings),
        **_guards(settings),
    }


def _database(settings: Settings) -> dict[str, str]:
    """Where Prefect's server keeps what it knows, and for how long."""
    kept, more = CONNECTIONS
    return {
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": settings.prefect_database.get_secret_value(),
        "PREFECT_SERVER_DATABASE_SQLALCHEMY_POOL_SIZE": str(kept),
        "PREFECT_SERVER_DATABASE_SQLALCHEMY_MAX_OVERFLOW": str(more),
        "PREFECT_SERVER_DATABASE_TIMEOUT": "30",  # a page that lists 100,000 runs must not end in an error after 10 s
        "PREFECT_SERVER_DATABASE_CONNECTION_TIMEOUT": "10",
        # Who holds a connection stands in pg_stat_activity; redress doctor counts the processes by it.
        "PREFECT_SERVER_DATABASE_SQLALCHEMY_CONNECT_ARGS_APPLICATION_NAME": (
            f"redress-{socket.gethostname()[:40]}-{secrets.token_hex(4)}"
        ),
        # Runs would be kept for ever, with their logs and states: a sweep a minute makes half a million a year.
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(RUNS_KEPT_DAYS * 86400),
        "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": f"P{EVENTS_KEPT_DAYS}D",
    }


def _messages(settings: Settings) -> dict[str, str]:
    """Through what Prefect's processes work together: all six by Redis, or all six in the memory of the only one.

    Memory in one place and Redis in another has states arrive a quarter of an hour late, and doubles what is scheduled.
    """
    redis = settings.prefect_redis_url.get_secret_value()
    module = "prefect_redis.{}" if redis else "prefect.server.{}.memory"
    parts = ("messaging", "ordering", "lease_storage", "cleanup_queue") if redis else _IN_MEMORY
    messaging, ordering, leases, clean_up = (module.format(part) for part in parts)
    addresses = {"PREFECT_REDIS_MESSAGING_URL": redis} if redis else {}
    return {
        "PREFECT_SERVER_EVENTS_MESSAGING_BROKER": messaging,
        "PREFECT_SERVER_EVENTS_MESSAGING_CACHE": messaging,
        "PREFECT_SERVER_EVENTS_CAUSAL_ORDERING": ordering,
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": leases,
        "PREFECT_SERVER_WORKER_CHANNEL_CLEANUP_QUEUE_STORAGE": clean_up,
        "PREFECT_SERVER_DOCKET_URL": redis or "memory://",
        **addresses,
    }


_IN_MEMORY: Final = (
    "utilities.messaging",
    "events.ordering",
    "concurrency.lease_storage",
    "worker_communication.cleanup_queue",
)


def _guards(settings: Settings) -> dict[str, str]:
    """Where the server listens, and whom it answers.

    A token against forged requests costs each client one more request; it is asked for where others can reach the
    server. Pages of other origins are never answered: one that an operator has open could press Resume.
    """
    exposed = str(settings.prefect_is_exposed).lower()
    auth = settings.prefect_auth.get_secret_value()
    page = settings.prefect_page_url
    own = page or f"http://{LOOPBACK[0]}:{settings.prefect_port},http://localhost:{settings.prefect_port}"
    return {
        "PREFECT_SERVER_API_HOST": settings.prefect_host,
        "PREFECT_SERVER_API_PORT": str(settings.prefect_port),
        "PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS": own,
        "PREFECT_SERVER_API_CSRF_PROTECTION_ENABLED": exposed,
        "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED": exposed,  # without it no client asks for what the server does not give
        **({"PREFECT_SERVER_API_AUTH_STRING": auth, "PREFECT_API_AUTH_STRING": auth} if auth else {}),
        **({"PREFECT_SERVER_UI_API_URL": f"{page}/api", "PREFECT_UI_URL": page} if page else {}),
    }


def apply(settings: Settings) -> None:
    """Set this process's environment; call it before anything imports Prefect."""
    for name in NOT_INHERITED:
        os.environ.pop(name, None)
    os.environ.update(prefect_environment(settings))


def child_environment(settings: Settings) -> Mapping[str, str]:
    """Return the environment of a process that ``redress up`` starts."""
    inherited = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
    return inherited | prefect_environment(settings) | {"REDRESS_HOME": str(settings.home), "PYTHONUNBUFFERED": "1"}
