"""A real door under load: a process of its own, and senders who note every answer."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.builders import complaint_values
from tests.deployments.door.sending import SECRET, bearer, tokens
from tests.ports import free_port

NOWHERE = "http://127.0.0.1:9/api"
"""Where no Prefect answers: what follows a filing is none of these trials."""


@contextmanager
def a_door(home: Path, log: Path, *, prefix: tuple[str, ...] = (), **environment: str) -> Iterator[str]:
    """Run a door on a home folder; yield its address.

    Args:
        home: Of the installation.
        log: Where it writes what it has to say.
        prefix: A command that runs it, such as one that moves its clock.
        environment: Settings beside those of the home folder.
    """
    port = free_port()
    given = {
        "REDRESS_HOME": str(home),
        "REDRESS_TOKENS": tokens(crm="file,read"),
        "REDRESS_WEBHOOK_SECRETS": json.dumps({"crm": SECRET}),
        "REDRESS_PREFECT_API_URL": NOWHERE,
        "REDRESS_DOOR_RATE": "100000",
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("REDRESS_", "PREFECT_"))}
    command = [*prefix, sys.executable, "-m", "uvicorn", "deployments.door.app:app", "--port", str(port)]
    with log.open("ab") as output:
        door = subprocess.Popen(
            [*command, "--log-level", "warning"],
            env=inherited | given | environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            address = f"http://127.0.0.1:{port}"
            _until_open(address, door)
            yield address
        finally:
            with suppress(ProcessLookupError):
                os.killpg(door.pid, signal.SIGTERM)  # a command that runs it may not pass on what it is told
            door.wait(20)


def _until_open(address: str, door: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + 90
    while time.monotonic() < end and door.poll() is None:
        with suppress(httpx.HTTPError):
            if httpx.get(f"{address}/healthz", timeout=2).is_success:
                return
        time.sleep(0.1)
    raise AssertionError("the door did not open")


@dataclass
class Load:
    """Senders who send one complaint after the other, each under an id of its own.

    Attributes:
        accepted: The reference of each complaint that was answered with 201 or 200, by its id.
        refused: The ids of the others.
        statuses: How often each was answered.
        wrong: Answers that say nothing of what to do.
        slowest: Seconds that the slowest answer took.
    """

    address: str
    accepted: dict[str, str] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    slowest: float = 0.0
    _ends: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def going(self, senders: int = 4) -> Iterator[None]:
        """Send from several threads while the block runs."""
        threads = [threading.Thread(target=self._send_on, args=(number,)) for number in range(senders)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._ends.set()
            for thread in threads:
                thread.join()

    def until(self, status: int, times: int, seconds: float = 60) -> None:
        """Wait until a status was answered so many times more."""
        wanted, end = self.statuses[status] + times, time.monotonic() + seconds
        while self.statuses[status] < wanted:
            assert time.monotonic() < end, f"{status} was not answered {times} times: {self.statuses}"
            time.sleep(0.05)

    def send_refused_again(self) -> None:
        """Send once more, under the same ids, what was not taken."""
        with httpx.Client(timeout=60) as client:
            for delivery in sorted(self.refused):
                self._note(delivery, self._send(client, delivery))

    def _send_on(self, sender: int) -> None:
        with httpx.Client(timeout=60) as client:
            number = 0
            while not self._ends.is_set():
                number += 1
                delivery = f"{sender}-{number}"
                self._note(delivery, self._send(client, delivery))

    def _send(self, client: httpx.Client, delivery: str) -> httpx.Response:
        body = json.dumps(complaint_values(number=delivery, narrative="服务费被扣了两次。" * 100)).encode()
        began = time.monotonic()
        answer = client.post(f"{self.address}/v1/complaints", content=body, headers=_headers(delivery))
        self.slowest = max(self.slowest, time.monotonic() - began)
        return answer

    def _note(self, delivery: str, answer: httpx.Response) -> None:
        self.statuses[answer.status_code] += 1
        if answer.status_code in (200, 201):
            self.accepted[delivery] = answer.json()["reference"]
            self.refused.discard(delivery)
            return
        self.refused.add(delivery)
        if answer.status_code != 503 or "retry-after" not in answer.headers or not answer.json()["detail"]:
            self.wrong.append(answer.text)


def _headers(delivery: str) -> Mapping[str, str]:
    return bearer(delivery) | {"content-type": "application/json"}
