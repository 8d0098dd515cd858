"""One running Redress for all tests of flows: real server, worker, door and mail server."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from aiosmtpd.controller import Controller

from complaints.adapters.store import Store
from complaints.settings import settings
from deployments.up import Supervisor, prepare
from tests.flows.running import MailSink, Running, long_ago


@pytest.fixture(scope="session")
def redress() -> Iterator[Running]:
    """Redress, up and running on this machine."""
    sink = MailSink()
    address = urlsplit(settings().smtp_url)
    controller = Controller(sink, hostname=address.hostname, port=address.port)
    controller.start()
    prepare(settings())
    Store(settings().cases_url, settings().key_file).make_demo(long_ago())
    try:
        with Supervisor(settings(), lambda _: None) as supervisor:
            yield Running(supervisor, sink, controller)
    finally:
        controller.stop()
