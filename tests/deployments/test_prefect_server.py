"""Starting Prefect's server processes: several only where they can know of each other; each ends when it is told to."""

import pytest

from complaints.errors.settings import SettingError
from complaints.settings import settings
from deployments.prefect_server import check_settings
from tests.deployments.conftest import Installation, Redress, refused

REDIS = "redis://127.0.0.1:1/0"
POSTGRES = "postgresql://127.0.0.1:1/prefect"


@pytest.mark.parametrize("command", [("server", "--no-services"), ("services",)])
@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, "REDRESS_PREFECT_REDIS_URL"),
        ({"REDRESS_PREFECT_DATABASE_URL": POSTGRES}, "REDRESS_PREFECT_REDIS_URL"),
        ({"REDRESS_PREFECT_REDIS_URL": REDIS}, "REDRESS_PREFECT_DATABASE_URL"),
    ],
)
def test_one_of_several_servers_does_not_start_without_redis_and_postgresql(
    firm: Installation,
    redress: Redress,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
    given: dict[str, str],
    missing: str,
) -> None:
    monkeypatch.setattr("deployments.prefect_server.find_spec", lambda name: name)  # as where it is installed
    firm.set(**given)

    assert refused(redress(*command), missing, "is not set")


def test_a_server_with_redis_does_not_start_without_the_package_for_it(
    firm: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deployments.prefect_server.find_spec", lambda name: None)
    firm.set(REDRESS_PREFECT_REDIS_URL=REDIS)

    with pytest.raises(SettingError, match=r"redress\[firm\]"):
        check_settings(settings(), many=False)


def test_a_single_server_needs_neither(firm: Installation) -> None:
    check_settings(settings(), many=False)
