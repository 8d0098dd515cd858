"""How Prefect is run: settings that Prefect knows, at both sizes, and nothing of the machine's own counts."""

import os
from importlib import import_module
from typing import Any

import pytest
from prefect.settings import Settings as PrefectSettings

from complaints.settings import settings
from deployments.environment import EVENTS_KEPT_DAYS, NOT_INHERITED, RUNS_KEPT_DAYS, apply, prefect_environment
from tests.deployments.conftest import Installation

PASSWORD = "pass-word"
FIRM = {
    "REDRESS_PREFECT_DATABASE_URL": f"postgresql://redress:{PASSWORD}@db.firm.example/prefect",
    "REDRESS_PREFECT_REDIS_URL": f"redis://:{PASSWORD}@redis.firm.example:6379/0",
    "REDRESS_PREFECT_AUTH": f"redress:{PASSWORD}",
    "REDRESS_PREFECT_PAGE_URL": "https://cases.firm.example",
    "REDRESS_PREFECT_API_URL": "http://proxy.firm.example:4200/api",
    "REDRESS_PREFECT_HOST": "0.0.0.0",
}
SIZES = pytest.mark.parametrize("size", [pytest.param({}, id="one machine"), pytest.param(FIRM, id="firm")])


@pytest.fixture
def started(firm: Installation, size: dict[str, str]) -> PrefectSettings:
    """Prefect's settings, as a process that starts now reads them."""
    firm.set(**size)
    apply(settings())
    return PrefectSettings()


@SIZES
def test_every_setting_is_one_that_prefect_knows_by_this_name(started: PrefectSettings, size: dict[str, str]) -> None:
    """A name that Prefect gave up would be ignored without a word."""
    known = started.to_environment_variables(exclude_unset=True, include_secrets=True)
    of_others = {"DO_NOT_TRACK", "PREFECT_REDIS_MESSAGING_URL"}
    given = {name for name in prefect_environment(settings()) if not name.startswith("PREFECT_LOGGING_LOGGERS_")}

    assert given - known.keys() <= of_others, "what begins so is for logging.yml, not for the settings"


@SIZES
def test_what_is_dangerous_is_off_at_both_sizes(started: PrefectSettings) -> None:
    server = started.server

    assert not server.services.pause_expirations.enabled
    assert not server.analytics_enabled
    assert not server.ephemeral.enabled
    assert "*" not in server.api.cors_allowed_origins
    assert server.services.db_vacuum.enabled_vacuum_types >= {"events", "flow_runs"}
    assert server.services.db_vacuum.retention_period.days == RUNS_KEPT_DAYS
    assert server.events.retention_period.days == EVENTS_KEPT_DAYS


def places(started: PrefectSettings) -> dict[str, str]:
    server = started.server
    return {
        "broker": server.events.messaging_broker,
        "cache": server.events.messaging_cache,
        "ordering": server.events.causal_ordering,
        "leases": server.concurrency.lease_storage,
        "clean-up": server.worker_channel.cleanup_queue_storage,
    }


@pytest.mark.parametrize("size", [{}])
def test_one_machine_keeps_all_in_memory_and_in_its_home(started: PrefectSettings) -> None:
    assert {import_module(module).__name__ for module in places(started).values()} == set(places(started).values())
    assert all(module.endswith(".memory") for module in places(started).values())
    assert started.server.docket.url == "memory://"
    url = secret(started.server.database.connection_url)
    assert url == f"sqlite+aiosqlite:///{settings().home}/prefect/prefect.db"
    assert (started.server.api.auth_string, started.api.auth_string) == (None, None)
    assert not started.server.api.csrf_protection_enabled
    assert (
        started.server.api.cors_allowed_origins
        == f"http://127.0.0.1:{settings().prefect_port},http://localhost:{settings().prefect_port}"
    )


@pytest.mark.parametrize("size", [FIRM])
def test_a_firm_has_all_of_it_in_redis_and_none_in_memory(started: PrefectSettings) -> None:
    assert all(module.startswith("prefect_redis.") for module in places(started).values())
    assert started.server.docket.url == FIRM["REDRESS_PREFECT_REDIS_URL"]
    assert os.environ["PREFECT_REDIS_MESSAGING_URL"] == FIRM["REDRESS_PREFECT_REDIS_URL"]
    assert secret(started.server.database.connection_url).startswith("postgresql+asyncpg://redress:")


@pytest.mark.parametrize("size", [FIRM])
def test_the_modules_for_redis_are_there_under_these_names(started: PrefectSettings) -> None:
    pytest.importorskip("prefect_redis", reason="redress[firm] is not installed")

    assert [import_module(module).__name__ for module in places(started).values()]


@pytest.mark.parametrize("size", [FIRM])
def test_a_server_that_others_reach_asks_for_a_password_and_a_token(started: PrefectSettings) -> None:
    assert secret(started.server.api.auth_string) == secret(started.api.auth_string) == FIRM["REDRESS_PREFECT_AUTH"]
    assert started.server.api.csrf_protection_enabled
    assert started.client.csrf_support_enabled
    assert started.server.api.cors_allowed_origins == "https://cases.firm.example"
    assert (started.server.ui.api_url, started.ui_url) == (
        "https://cases.firm.example/api",
        "https://cases.firm.example",
    )
    assert started.server.api.host == "0.0.0.0"


@pytest.mark.parametrize("size", [{}])
@pytest.mark.parametrize("name", NOT_INHERITED)
def test_what_the_machine_says_of_keys_and_pages_counts_nothing(firm: Installation, name: str, size: Any) -> None:
    firm.set(**{name: "https://elsewhere.example"})

    apply(settings())

    assert name not in os.environ


@pytest.mark.parametrize(
    ("setting", "value", "shape"),
    [
        ("REDRESS_PREFECT_AUTH", PASSWORD, "user:password"),
        ("REDRESS_PREFECT_DATABASE_URL", f"mysql://redress:{PASSWORD}@db/prefect", "postgresql://"),
        ("REDRESS_PREFECT_REDIS_URL", f"http://{PASSWORD}@redis", "redis://"),
    ],
)
def test_a_secret_setting_of_another_shape_is_refused_without_showing_it(
    firm: Installation, setting: str, value: str, shape: str
) -> None:
    from complaints.errors.settings import SettingError

    firm.set(**{setting: value})

    with pytest.raises(SettingError) as refused:
        settings()

    assert setting in str(refused.value)
    assert shape in str(refused.value)
    assert PASSWORD not in str(refused.value).replace("user:password", "")


def secret(value: Any) -> str:
    assert value is not None
    return str(value.get_secret_value())
