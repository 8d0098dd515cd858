"""How processes come to log: Prefect's own way, with our file in the place of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from string import Template

import httpx
import pytest
import yaml
from prefect.logging.configuration import DEFAULT_LOGGING_SETTINGS_PATH
from prefect.settings import get_current_settings

import deployments.logs
from complaints.settings import Settings
from deployments.up import prepare
from tests.ports import free_port

OURS = Path(deployments.logs.__path__[0]) / "logging.yml"


def read(file: Path) -> dict[str, dict[str, dict[str, object]]]:
    """A file as Prefect reads it."""
    known = get_current_settings().to_environment_variables(include_aliases=True)
    return yaml.safe_load(Template(file.read_text()).substitute(known))


def test_every_handler_and_logger_that_prefect_sets_up_is_set_up_here_too():
    """Fails when a new Prefect brings another logger: take it over into our file."""
    ours, prefects = read(OURS), read(DEFAULT_LOGGING_SETTINGS_PATH)

    assert ours["handlers"].keys() == prefects["handlers"].keys()
    assert ours["loggers"].keys() - prefects["loggers"].keys() == {"redress", "redress.access", "uvicorn.access"}
    assert {name: ours["loggers"][name] for name in prefects["loggers"]} == prefects["loggers"]
    assert ours["root"] == prefects["root"]


def test_what_prefect_writes_to_the_console_is_written_by_us():
    ours = read(OURS)

    for name in ("console", "debug"):
        assert ours["handlers"][name] == {
            "level": 0,
            "class": "deployments.logs.lines.ToStandardError",
            "formatter": "lines",
        }


def test_what_prefect_stores_of_a_run_s_lines_is_written_by_us():
    ours, prefects = read(OURS), read(DEFAULT_LOGGING_SETTINGS_PATH)

    for name in ("api", "worker_api"):
        assert ours["handlers"][name] == prefects["handlers"][name] | {"formatter": "page"}


SECRETS = ("secret-link-of-a-page", "rdt_secret-token", "secret-query", "林知夏", "13800000101", "%E6%9E%97")
REFERENCE = "TS260302-7K3M9QX"


@pytest.mark.slow
@pytest.mark.parametrize("log_format", ["text", "json"])
def test_no_link_token_query_or_person_enters_the_log_of_a_door_in_whatever_way_it_is_started(
    tmp_path: Path, log_format: str
):
    """With the access log of uvicorn on, as whoever starts a door by hand has it."""
    port, log = free_port(), tmp_path / "door.log"
    environment = {name: one for name, one in os.environ.items() if not name.startswith(("REDRESS_", "PREFECT_"))}
    environment |= {"REDRESS_HOME": str(tmp_path), "REDRESS_LOG_FORMAT": log_format}
    prepare(Settings(home=tmp_path))
    command = [sys.executable, "-m", "uvicorn", "deployments.door.app:app", "--port", str(port), "--access-log"]
    with log.open("wb") as output:
        door = subprocess.Popen(
            command, env=environment, stdout=output, stderr=output, cwd=Path(deployments.logs.__path__[0]).parents[1]
        )
    try:
        visit(f"http://127.0.0.1:{port}")
    finally:
        door.send_signal(signal.SIGTERM)
        door.wait(20)

    written = log.read_text(encoding="utf-8")
    assert not [secret for secret in SECRETS if secret in written], written
    lines = [line for line in written.splitlines() if "redress.access" in line]
    assert len(lines) == 5, written
    assert sum("/c/{reference}/{token}" in line for line in lines) == 2
    if log_format == "json":
        assert all(json.loads(line)["level"] for line in written.splitlines()), written


def visit(door: str) -> None:
    """Do what leaves secrets behind where a door is careless."""
    for _ in range(300):
        try:
            httpx.get(f"{door}/healthz")
            break
        except httpx.TransportError:
            time.sleep(0.1)
    page = f"{door}/c/{REFERENCE}/secret-link-of-a-page"
    httpx.get(page)
    httpx.post(f"{page}/materials?done=secret-query", data={"words": "林知夏 13800000101"})
    httpx.get(f"{door}/v1/complaints/{REFERENCE}", headers={"Authorization": "Bearer rdt_secret-token"})
    httpx.get(f"{door}/林知夏?secret-query")
    httpx.post(f"{door}/complain", data={"name": "林知夏", "phone": "13800000101", "narrative": "林知夏"})
