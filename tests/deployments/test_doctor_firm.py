"""``redress doctor`` at firm size: what is dangerous where others reach Prefect, or several processes work together."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from complaints.adapters.beats import arrive
from complaints.settings import settings
from deployments.doctor.examination import examine
from deployments.doctor.finding import Finding
from deployments.doctor.prefect_server import OF_MANY, OF_OTHERS
from deployments.environment import RUNS_KEPT_DAYS
from tests.builders import file_complaint
from tests.conftest import PostgresServer
from tests.deployments.conftest import Installation, Substitute

PASSWORD = "pass-word"
NOWHERE = f"postgresql://redress:{PASSWORD}@127.0.0.1:1/prefect"
NO_REDIS = f"redis://:{PASSWORD}@127.0.0.1:1/0"
DAY = 86400.0


def findings() -> dict[str, Finding]:
    return {one.what: one for one in examine(settings())}


@pytest.fixture
def server(firm: Installation, prefect: Substitute) -> Substitute:
    """A Prefect server that tells its settings; on this machine, unless a test says otherwise."""
    firm.set(REDRESS_PREFECT_API_URL=f"http://{prefect.address}/api")
    return prefect


def tells(server: Substitute, **changes: Any) -> None:
    """Let the server tell settings that are fine everywhere, with changes by their dotted names."""
    told = {
        "server.services.pause_expirations.enabled": False,
        "server.services.db_vacuum.retention_period": RUNS_KEPT_DAYS * DAY,
        "server.analytics_enabled": False,
        "server.api.host": "127.0.0.1",
        "server.api.cors_allowed_origins": "https://cases.firm.example",
        "server.api.csrf_protection_enabled": True,
        "server.api.auth_string": "**********",
        **{".".join(one.path): "prefect_redis.messaging" for one in OF_MANY},
        "server.docket.url": f"redis://:{PASSWORD}@redis:6379/0",
    }
    found: dict[str, Any] = {}
    for name, value in (told | changes).items():
        *folders, last = name.split(".")
        place = found
        for folder in folders:
            place = place.setdefault(folder, {})
        place[last] = value
    server.answers["/api/admin/settings"] = (200, json.dumps(found).encode())


# --- settings that do not fit each other ---------------------------------------------------------


def test_redis_without_postgresql_is_bad_for_prefect_and_for_the_cases(firm: Installation) -> None:
    firm.set(REDRESS_PREFECT_REDIS_URL=NO_REDIS)

    found = findings()

    assert [found[what].grade for what in ("Prefect's database", "cases of many", "Redis")] == ["bad", "bad", "bad"]
    assert "REDRESS_PREFECT_DATABASE_URL" in found["Prefect's database"].cure
    assert "REDRESS_DATABASE_URL" in found["cases of many"].cure
    assert PASSWORD not in repr(found)


def test_one_database_for_cases_and_prefect_is_bad(firm: Installation) -> None:
    firm.set(REDRESS_DATABASE_URL=NOWHERE, REDRESS_PREFECT_DATABASE_URL=NOWHERE.replace("//redress", "//other"))

    assert findings()["Prefect's database"].grade == "bad"
    assert "of its own" in findings()["Prefect's database"].cure


@pytest.mark.parametrize(
    "way", [{"REDRESS_PREFECT_HOST": "0.0.0.0"}, {"REDRESS_PREFECT_PAGE_URL": "https://cases.firm.example"}]
)
def test_a_server_that_others_reach_must_ask_for_a_password(firm: Installation, way: dict[str, str]) -> None:
    firm.set(**way)
    before = findings()["Prefect's server for others"]
    firm.set(REDRESS_PREFECT_AUTH=f"redress:{PASSWORD}")
    after = findings()["Prefect's server for others"]

    assert (before.grade, after.grade) == ("bad", "ok")
    assert "REDRESS_PREFECT_AUTH" in before.cure
    assert PASSWORD not in repr(after)


def test_a_database_of_prefect_that_does_not_answer_is_bad(firm: Installation) -> None:
    firm.set(REDRESS_PREFECT_DATABASE_URL=NOWHERE)

    one = findings()["Prefect's PostgreSQL"]

    assert (one.grade, one.found) == ("bad", "does not answer: OperationalError")


def test_a_database_of_prefect_tells_its_version_and_who_is_connected(
    firm: Installation, postgresql: PostgresServer
) -> None:
    firm.set(REDRESS_PREFECT_DATABASE_URL=postgresql.empty())

    one = findings()["Prefect's PostgreSQL"]

    assert one.grade == "ok"
    assert "0 server processes" in one.found


def test_workers_of_two_machines_on_one_file_are_bad(firm: Installation) -> None:
    arrive(firm.store, "worker-a", "north", "resident-north-1")
    assert "workers' machines" not in findings()
    arrive(firm.store, "worker-b", "south", "resident-south-1")

    one = findings()["workers' machines"]

    assert (one.grade, one.found) == ("bad", "north, south share a file of SQLite")


# --- what the server tells -----------------------------------------------------------------------


def test_a_server_of_a_firm_as_redress_starts_it_is_fine(firm: Installation, server: Substitute) -> None:
    firm.set(REDRESS_PREFECT_REDIS_URL=NO_REDIS, REDRESS_PREFECT_HOST="0.0.0.0")
    tells(server, **{"server.api.host": "0.0.0.0"})

    told = {what: one.grade for what, one in findings().items() if what.startswith("Prefect: ")}

    assert set(told.values()) == {"ok"}
    assert {one.name for one in (*OF_MANY, *OF_OTHERS)} <= told.keys()
    assert PASSWORD not in repr(findings()), "the address of Redis is told with its password"


@pytest.mark.parametrize("place", OF_MANY, ids=lambda one: one.name)
def test_memory_in_one_of_several_servers_is_bad(firm: Installation, server: Substitute, place: Any) -> None:
    firm.set(REDRESS_PREFECT_REDIS_URL=NO_REDIS)
    tells(server, **{".".join(place.path): "prefect.server.events.ordering.memory"})

    assert findings()[place.name].grade == "bad"
    assert "REDRESS_PREFECT_REDIS_URL" in findings()[place.name].cure


def test_a_single_server_may_keep_all_in_memory(server: Substitute) -> None:
    tells(server, **{".".join(place.path): "memory" for place in OF_MANY})

    assert "bad" not in {one.grade for what, one in findings().items() if what.startswith("Prefect")}


@pytest.mark.parametrize(
    ("setting", "value", "cure"),
    [
        ("server.api.cors_allowed_origins", "*", "REDRESS_PREFECT_PAGE_URL"),
        ("server.api.csrf_protection_enabled", False, "REDRESS_PREFECT_PAGE_URL"),
        ("server.api.auth_string", None, "REDRESS_PREFECT_AUTH"),
    ],
)
@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.5"])
def test_an_open_server_that_others_reach_is_bad(
    server: Substitute, host: str, setting: str, value: Any, cure: str
) -> None:
    tells(server, **{"server.api.host": host, setting: value})

    one = findings()[f"Prefect: {setting}"]

    assert one.grade == "bad"
    assert cure in one.cure


def test_on_this_machine_alone_pages_of_others_are_noted(server: Substitute) -> None:
    tells(server, **{"server.api.cors_allowed_origins": "*", "server.api.auth_string": None})

    assert findings()["Prefect: server.api.cors_allowed_origins"].grade == "note"
    assert "Prefect: server.api.auth_string" not in findings()


@pytest.mark.parametrize(("kept", "grade"), [(500, "ok"), (431, "ok"), (420, "bad"), ("P90D", "bad"), ("gone", "bad")])
def test_a_run_must_be_kept_longer_than_the_longest_case(
    firm: Installation, server: Substitute, kept: int | str, grade: str
) -> None:
    firm.store.make_demo(datetime.now(UTC) - timedelta(days=400))
    file_complaint(firm.store)
    firm.store.move_time(datetime.now(UTC))
    tells(server, **{"server.services.db_vacuum.retention_period": kept * DAY if isinstance(kept, int) else kept})

    one = findings()["Prefect: server.services.db_vacuum.retention_period"]

    assert one.grade == grade
    assert grade == "ok" or "400 days" in one.cure


@pytest.mark.parametrize(("version", "grade"), [("3.8.7", "bad"), ("3.8.8", "ok"), ("3.10.0", "ok")])
def test_a_server_older_than_what_asks_it_is_bad(server: Substitute, version: str, grade: str) -> None:
    tells(server)
    server.answers["/api/admin/version"] = (200, json.dumps(version).encode())

    assert findings()["Prefect's version"].grade == grade


def test_a_server_that_refuses_the_password_is_bad(firm: Installation, server: Substitute) -> None:
    firm.set(REDRESS_PREFECT_AUTH=f"redress:{PASSWORD}")
    server.answers["/api/admin/settings"] = (401, b"{}")

    one = findings()["Prefect's server"]

    assert one.grade == "bad"
    assert "REDRESS_PREFECT_AUTH" in one.cure
    assert PASSWORD not in repr(one)
