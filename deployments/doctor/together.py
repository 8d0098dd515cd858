"""What the doctor looks at where several processes, or machines, work together."""

import re
from datetime import timedelta
from importlib.util import find_spec
from typing import Final

from sqlalchemy import create_engine, make_url, text

from complaints.adapters.beats import living
from complaints.settings import Settings
from deployments.doctor.cases import opened
from deployments.doctor.finding import Finding, graded

LEAST_POSTGRESQL: Final = 140009
"""14.9, as PostgreSQL counts; Prefect asks for it."""

PATIENCE: Final = timedelta(seconds=3)


def settings_of_many(settings: Settings) -> list[Finding]:
    """Look at whether the settings fit each other; nothing is asked of anybody."""
    redis, database = (
        bool(secret.get_secret_value()) for secret in (settings.prefect_redis_url, settings.prefect_database_url)
    )
    findings = []
    if redis:
        cure = "set REDRESS_PREFECT_DATABASE_URL: SQLite serves a single process"
        findings.append(graded(database, "Prefect's database", "PostgreSQL" if database else "SQLite", cure))
        cure = "install redress[firm]"
        here = find_spec("prefect_redis") is not None
        findings.append(graded(here, "prefect-redis", "installed" if here else "not installed", cure))
        postgresql = settings.cases_url.startswith("postgresql")
        cure = "set REDRESS_DATABASE_URL to PostgreSQL: several machines cannot share a file"
        findings.append(graded(postgresql, "cases of many", "PostgreSQL" if postgresql else "SQLite", cure))
    if database and _is_same(settings):
        cure = "give Prefect a database of its own: both keep the state of their schema in a table of the same name"
        findings.append(Finding("bad", "Prefect's database", "the same as that of the cases", cure))
    if settings.prefect_is_exposed:
        guarded = bool(settings.prefect_auth.get_secret_value())
        cure = "set REDRESS_PREFECT_AUTH=user:password: whoever reaches Prefect's server can answer every form"
        found = "asks for a password" if guarded else "answers everybody"
        findings.append(graded(guarded, "Prefect's server for others", found, cure))
    return findings


def _is_same(settings: Settings) -> bool:
    own, prefects = make_url(settings.cases_url), make_url(settings.prefect_database.get_secret_value())
    return (own.host, own.port or 5432, own.database) == (prefects.host, prefects.port or 5432, prefects.database)


def prefects_database(settings: Settings) -> tuple[list[Finding], int]:
    """Ask Prefect's PostgreSQL for its version and who is connected; return how many server processes are, too."""
    url = settings.prefect_database_url.get_secret_value()
    if not url:
        return [], 1
    engine = create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        connect_args={"connect_timeout": int(PATIENCE.total_seconds())},
    )
    try:
        with engine.connect() as connection:
            number = int(connection.scalar(text("SHOW server_version_num")) or 0)
            most = connection.scalar(text("SHOW max_connections"))
            used = connection.scalar(
                text("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'")
            )
            names = connection.scalars(
                text("SELECT DISTINCT application_name FROM pg_stat_activity WHERE datname = current_database()")
            )
            processes = sum(bool(re.fullmatch(r"redress-.+-[0-9a-f]{8}", name)) for name in names)
    except Exception as error:  # no driver, no server, no such database
        cure = "is it there, and reachable?"
        return [Finding("bad", "Prefect's PostgreSQL", f"does not answer: {type(error).__name__}", cure)], 1
    finally:
        engine.dispose()
    version = f"{number // 10000}.{number % 10000}"
    found = f"{version}, {processes} server processes, {used} of {most} connections"
    return [
        graded(number >= LEAST_POSTGRESQL, "Prefect's PostgreSQL", found, "use PostgreSQL 14.9 or newer")
    ], processes


def redis(settings: Settings) -> list[Finding]:
    """Ask Redis whether it is there, and whether it throws away what it has no room for."""
    url = settings.prefect_redis_url.get_secret_value()
    if not url or "+sentinel" in url:
        return []
    from redis import Redis, RedisError

    try:
        seconds = PATIENCE.total_seconds()
        with Redis.from_url(url, socket_timeout=seconds, socket_connect_timeout=seconds) as client:
            memory = client.info("memory")
    except (RedisError, ValueError, OSError) as error:
        cure = "start it: until then Prefect's servers pass on no events, and nothing is scheduled"
        return [Finding("bad", "Redis", f"does not answer: {type(error).__name__}", cure)]
    policy = str(memory.get("maxmemory_policy", ""))
    cure = "set maxmemory-policy noeviction in redis.conf: what it throws away are queued events"
    found = f"{memory.get('used_memory_human', '?')} used, {policy}"
    return [graded(policy == "noeviction" or not memory.get("maxmemory"), "Redis", found, cure)]


def machines(settings: Settings) -> list[Finding]:
    """Look whether workers of several machines share a case database that is a file."""
    if not settings.cases_url.startswith("sqlite"):
        return []
    try:
        store = opened(settings)
        hosts = sorted({host for host, _ in living(store)}) if store else []
    except Exception:  # the case database was looked at before
        return []
    if len(hosts) < 2:
        return []
    cure = "set REDRESS_DATABASE_URL to PostgreSQL: a file over a network loses what two machines write at once"
    return [Finding("bad", "workers' machines", f"{', '.join(hosts)} share a file of SQLite", cure)]
