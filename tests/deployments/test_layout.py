"""What starts Redress at firm size: compose.yaml, the units of systemd, the proxy; each names only what there is.

docker compose, nginx and systemd themselves are asked where they are installed.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.main import get_command

from complaints.settings import Firm, Settings
from deployments.cli import app
from deployments.door.limits import LARGEST_DELIVERY

ROOT = Path(__file__).parents[2]
HERE = ROOT / "deployments"
COMPOSE = yaml.safe_load((HERE / "compose.yaml").read_text())
UNITS = sorted((HERE / "systemd").glob("*.service"))
TEXTS = [HERE / "compose.yaml", HERE / "redress.env.example", ROOT / "docs/firm-size.md", *UNITS]


def ours() -> dict[str, Any]:
    """The services of compose.yaml that run Redress."""
    return {name: service for name, service in COMPOSE["services"].items() if "build" in service}


def commands() -> Iterator[tuple[str, list[str]]]:
    for name, service in ours().items():
        yield f"compose {name}", service["command"]
    for unit in UNITS:
        (line,) = re.findall(r"^ExecStart=\S+/(redress .*)$", unit.read_text(), re.MULTILINE)
        yield unit.name, line.split()


@pytest.mark.parametrize(("where", "command"), [pytest.param(*one, id=one[0]) for one in commands()])
def test_every_command_is_one_of_redress(where: str, command: list[str]) -> None:
    group = get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    program, name, *options = command

    assert program == "redress"
    known = {option for parameter in group.commands[name].params for option in parameter.opts}
    assert set(options) <= known


@pytest.mark.parametrize("file", TEXTS, ids=lambda file: file.name)
def test_every_setting_is_one_of_redress(file: Path) -> None:
    named = set(re.findall(r"\bREDRESS_([A-Z_]+[A-Z])", file.read_text()))
    known = {name.upper() for name in Settings.model_fields}
    of_the_tests_and_compose = {"VERSION", "TEST_POSTGRES_URL", "TEST_REDIS_URL"}

    nested = {name for name in named if "__" in name}
    assert {name.partition("__")[0] for name in nested} <= known
    assert {name.partition("__")[2].lower() for name in nested if name.startswith("FIRM__")} <= Firm.model_fields.keys()
    assert named - nested - of_the_tests_and_compose <= known


def test_every_process_of_the_layout_is_there_in_both() -> None:
    of_units = {" ".join(command[1:]) for where, command in commands() if where.endswith(".service")}
    of_compose = {" ".join(command[1:]) for where, command in commands() if where.startswith("compose")}

    assert of_units == {"server --no-services", "services", "worker", "door"}
    assert of_units <= of_compose
    assert COMPOSE["services"]["server"]["deploy"]["replicas"] == 2


def test_what_executes_runs_has_a_minute_to_finish_and_is_started_again() -> None:
    worker = (HERE / "systemd/redress-worker@.service").read_text()

    assert COMPOSE["services"]["worker"]["stop_grace_period"] == "60s"
    assert "TimeoutStopSec=60" in worker
    assert "KillMode=mixed" in worker
    assert all("Restart=always" in unit.read_text() for unit in UNITS)
    assert {
        service["restart"] for name, service in ours().items() if name in ("server", "services", "worker", "door")
    } == {"unless-stopped"}


def test_every_process_has_a_limit_of_memory() -> None:
    assert all("MemoryMax=" in unit.read_text() for unit in UNITS)
    assert all("mem_limit" in ours()[name] for name in ("server", "services", "worker", "door"))


def test_redis_throws_nothing_away_and_nobody_outside_reaches_it() -> None:
    redis = " ".join(COMPOSE["services"]["redis"]["command"])

    assert "--maxmemory-policy noeviction" in redis
    assert "--requirepass" in redis
    assert [name for name, service in COMPOSE["services"].items() if "ports" in service] == ["proxy"]


def test_every_volume_config_and_secret_that_is_used_is_declared() -> None:
    for service in COMPOSE["services"].values():
        for kind in ("secrets", "configs"):
            used = {one if isinstance(one, str) else one["source"] for one in service.get(kind, [])}
            assert used <= COMPOSE[kind].keys()
        named = {one.partition(":")[0] for one in service.get("volumes", []) if not one.startswith(".")}
        assert named <= COMPOSE["volumes"].keys()
        assert set(service.get("depends_on", {})) <= COMPOSE["services"].keys()


def test_the_proxy_takes_what_the_door_takes_and_shows_no_metrics() -> None:
    proxy = (HERE / "proxy/nginx.conf").read_text()

    (largest,) = re.findall(r"client_max_body_size (\d+)m; # what the door takes", proxy)
    assert int(largest) * 1024**2 >= LARGEST_DELIVERY
    assert "location ~ ^/(metrics|readyz)$" in proxy
    assert "X-Forwarded-For $remote_addr" in proxy, "what a caller claims is never passed on"


def test_the_image_holds_every_package() -> None:
    image = (HERE / "Dockerfile").read_text()
    packages = re.search(r"^packages = \[(.*)\]$", (ROOT / "pyproject.toml").read_text(), re.MULTILINE)

    assert packages
    for package in re.findall(r'"(\w+)"', packages[1]):
        assert f"COPY {package} {package}" in image


# --- where the programs are there ---------------------------------------------------------------


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    program = shutil.which("true")
    names = []
    for unit in UNITS:
        name = unit.name.replace("@.", "@4201.")
        text = re.sub(r"^ExecStart=\S+/redress", f"ExecStart={program}", unit.read_text(), flags=re.MULTILINE)
        (tmp_path / name).write_text(text)
        names.append(f"./{name}")
    shutil.copy(HERE / "systemd/redress.target", tmp_path)

    done = subprocess.run(
        ["systemd-analyze", "verify", "./redress.target", *names],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not (shutil.which("nginx") and shutil.which("openssl")), reason="nginx is not installed")
def test_nginx_finds_nothing_wrong_with_the_proxy(tmp_path: Path) -> None:
    key = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run([*key, "-subj", "/CN=cases.firm.example"], cwd=tmp_path, capture_output=True, check=True)
    text = (HERE / "proxy/nginx.conf").read_text().replace("/etc/nginx/", f"{tmp_path}/")
    file = tmp_path / "nginx.conf"
    file.write_text(re.sub(r"server (door|server):", "server 127.0.0.1:", text))

    done = subprocess.run(
        ["nginx", "-t", "-q", "-c", str(file), "-g", f"pid {tmp_path}/pid;"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(
    not shutil.which("docker") or subprocess.run(["docker", "compose", "version"], capture_output=True).returncode != 0,
    reason="docker compose is not installed",
)
def test_compose_finds_nothing_wrong(tmp_path: Path) -> None:
    for name in ("compose.yaml", "Dockerfile"):
        shutil.copy(HERE / name, tmp_path)
    (tmp_path / "redress.env").touch()

    done = subprocess.run(
        ["docker", "compose", "config", "-q"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
