"""PostgreSQL, Redis and the processes of a firm. Without the two the tests fail: nothing stands in for them."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch
from urllib.parse import urlsplit

import pytest
import redis
from aiosmtpd.controller import Controller
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_CLIENT_CSRF_SUPPORT_ENABLED, temporary_settings
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from complaints.adapters.store import Store
from complaints.settings import settings
from tests.conftest import POSTGRES_URL, PostgresServer
from tests.firm.balancer import Balancer
from tests.firm.company import PATIENCE, Company
from tests.flows.running import MailSink, long_ago
from tests.ports import free_port

REDIS_URL = "REDRESS_TEST_REDIS_URL"
LOCAL_POSTGRES = "postgresql://postgres@127.0.0.1:5432/postgres"
LOCAL_REDIS = "redis://127.0.0.1:6379/9"
PASSWORD = "for-tests-only"


@pytest.fixture(scope="session")
def postgres_of_the_firm(session_key: Path) -> Iterator[PostgresServer]:
    """A PostgreSQL service where databases may be created."""
    server = PostgresServer(make_url(os.environ.get(POSTGRES_URL, LOCAL_POSTGRES)), session_key)
    try:
        server.empty()
    except SQLAlchemyError as error:
        pytest.fail(f"PostgreSQL does not answer ({type(error).__name__}): start it, or set {POSTGRES_URL} to one")
    yield server
    server.close()


@pytest.fixture(scope="session")
def redis_of_the_firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Redis: the one that is named, else one of the tests' own, else the machine's service."""
    with ExitStack() as stack:
        url = os.environ.get(REDIS_URL, "")
        if not url and (program := shutil.which("redis-server")):
            port = free_port()
            options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
            folder = tmp_path_factory.mktemp("redis")
            child = subprocess.Popen([program, *options, "--dir", str(folder)], stdout=subprocess.DEVNULL)
            stack.callback(child.wait)
            stack.callback(child.terminate)
            url = f"redis://127.0.0.1:{port}/0"
        url = url or LOCAL_REDIS
        client = stack.enter_context(redis.Redis.from_url(url))
        until_answers(client, url)
        assert client.dbsize() == 0, f"the Redis database at {REDIS_URL} is not empty; the tests would mix with it"
        stack.callback(client.flushdb)
        yield url


def until_answers(client: redis.Redis, url: str) -> None:
    """Wait for Redis, a minute at most."""
    until = time.monotonic() + 60
    while True:
        try:
            client.ping()
        except redis.ConnectionError:
            if time.monotonic() > until:
                where = urlsplit(url).hostname
                pytest.fail(f"no Redis answers at {where}: install redis-server, or set {REDIS_URL} to one")
            time.sleep(0.1)
        else:
            return


@pytest.fixture
def company(
    postgres_of_the_firm: PostgresServer, redis_of_the_firm: str, session_key: Path
) -> Iterator[tuple[Company, Balancer]]:
    """A firm whose processes are up, in the year in which the tests begin, and the balancer before its servers."""
    sink, ports = MailSink(), {"api-1": free_port(), "api-2": free_port()}
    address = urlsplit(settings().smtp_url)
    page = f"http://127.0.0.1:{settings().prefect_port}"
    environment = {
        "REDRESS_DATABASE_URL": postgres_of_the_firm.empty(),
        "REDRESS_MASTER_KEY_FILE": str(session_key),
        "REDRESS_PREFECT_DATABASE_URL": postgres_of_the_firm.empty(),
        "REDRESS_PREFECT_REDIS_URL": redis_of_the_firm,
        "REDRESS_PREFECT_AUTH": f"redress:{PASSWORD}",
        "REDRESS_PREFECT_PAGE_URL": page,
        "REDRESS_PREFECT_API_URL": f"{page}/api",
    }
    guarded = {PREFECT_API_AUTH_STRING: f"redress:{PASSWORD}", PREFECT_CLIENT_CSRF_SUPPORT_ENABLED: True}
    with ExitStack() as stack:
        stack.enter_context(patch.dict(os.environ, environment))
        settings.cache_clear()
        stack.callback(settings.cache_clear)
        stack.enter_context(temporary_settings(updates=guarded))
        controller = Controller(sink, hostname=address.hostname, port=address.port)
        controller.start()
        stack.callback(controller.stop)
        balancer = stack.enter_context(Balancer(settings().prefect_port, list(ports.values())))
        store = Store(settings().cases_url, settings().key_file)
        store.migrate()
        store.make_demo(long_ago())
        firm = Company(sink, environment, ports)
        stack.callback(firm.end_all, 15)
        firm.start("api-1", "api-2", "services")  # at once, on an empty database
        assert firm.command("deploy").wait(PATIENCE) == 0, firm.log("deploy").read_text()
        firm.start("worker-1", "worker-2", "door")
        yield firm, balancer
