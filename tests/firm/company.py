"""A whole firm on one machine: two API servers, background services, two workers and a door, each a process."""

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
from prefect.exceptions import PrefectHTTPStatusError

from complaints.adapters.store import Store
from complaints.settings import settings
from flows.runs import find_runs, prefect_client
from tests.deployments.door.sending import headers
from tests.flows.running import MailSink, Running

PATIENCE = 240.0
"""Seconds that a process may take to answer: five on a quiet machine, minutes where other things run beside it."""


class Company(Running):
    """The processes by name, and what happens to them."""

    def __init__(self, sink: MailSink, environment: Mapping[str, str], api_ports: Mapping[str, int]) -> None:
        self.sink, self._environment, self._api_ports = sink, environment, api_ports
        self.store = Store(settings().cases_url, settings().key_file)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.killed: list[str] = []
        self.tries = 0
        """How often complaints were sent to the door, with what it never answered."""

    def command(self, *arguments: str, name: str = "") -> subprocess.Popen[bytes]:
        """Start a command of ``redress`` as a shell does in the background: it is not to hear Ctrl-C."""
        name = name or arguments[0]
        port = {"REDRESS_PREFECT_PORT": str(self._api_ports[name])} if name in self._api_ports else {}
        with self.log(name).open("ab") as log:
            return subprocess.Popen(
                [
                    "/bin/sh",
                    "-c",
                    "trap '' INT; exec \"$@\"",
                    "sh",
                    sys.executable,
                    "-m",
                    "deployments.cli",
                    *arguments,
                ],
                env={**os.environ, **self._environment, **port},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def start(self, *names: str) -> None:
        """Start processes, and wait until those that answer do."""
        for name in names:
            self.processes[name] = self.command(*COMMANDS[name], name=name)
        for name in names:
            self.until(lambda name=name: self._answers(name), f"{name} answers:\n{self.log(name)}", PATIENCE)

    def log(self, name: str) -> Path:
        """Where a process writes what it has to say."""
        return settings().home / f"{name}.log"

    def kill(self, name: str) -> None:
        """End a process as a power cut would."""
        self.processes[name].kill()
        self.processes[name].wait()
        self.killed.append(name)

    def end_all(self, seconds: float) -> dict[str, int | None]:
        """Tell every process to end, doors first and servers last; return the exit codes, None for one that did not."""
        codes: dict[str, int | None] = {}
        for names in (["door"], ["worker-1", "worker-2"], ["services"], ["api-1", "api-2"]):
            there = [(name, self.processes.pop(name)) for name in names if name in self.processes]
            for _, process in there:
                process.terminate()
            for name, process in there:
                try:
                    codes[name] = process.wait(seconds)
                except subprocess.TimeoutExpired:
                    process.kill()
                    codes[name] = None
        return codes

    def until(self, condition: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
        """Wait longer than where nothing is killed: what a killed worker had in hand is taken up by another."""
        return super().until(condition, what, seconds)

    def send(self, number: str, seconds: float = PATIENCE) -> str:
        """Send a complaint to the door until it answers, as every sender does; return the reference."""
        record = {"channel": "app", "narrative": "重复扣款", "kind": "complaint", "number": number}
        record["complainant"] = {"name": "王明", "contacts": [{"kind": "email", "value": f"{number}@example.com"}]}
        body = json.dumps(record).encode()
        key = base64.b64decode(settings().webhook_secrets["crm"][0].get_secret_value().removeprefix("whsec_"))
        url, until = f"http://127.0.0.1:{settings().door_port}/v1/complaints", time.monotonic() + seconds
        while time.monotonic() < until:
            self.tries += 1
            with suppress(httpx.HTTPError):
                signed = headers(body, delivery=f"msg-{number}", key=key)
                answer = httpx.post(url, content=body, headers=signed, timeout=10)
                if answer.status_code in (200, 201):
                    return str(answer.json()["reference"])
                assert answer.status_code >= 500, answer.text
            time.sleep(0.3)
        raise AssertionError(f"{number} was not taken in for {seconds:.0f} s")

    def work_on(self, references: set[str]) -> int:
        """Answer what is asked once; leave closed cases out from then on. Return how many wait for a date.

        An operator whose click meets a dying server presses again later.
        """
        with suppress(httpx.HTTPError, PrefectHTTPStatusError):
            return self.answer_all(references)
        return 0

    def alive(self, references: set[str]) -> list[str]:
        """Return those cases whose runs have not completed."""
        with prefect_client() as client:
            runs = find_runs(client, references)
        states = {reference: runs[reference].state if reference in runs else None for reference in references}
        return sorted(name for name, state in states.items() if state is None or not state.is_completed())

    def memory(self) -> dict[str, int]:
        """Return the MiB of each process and those it started: what is its own, and its share of what is common."""
        return {name: sum(map(_mib, _family(process.pid))) for name, process in self.processes.items()}

    def _answers(self, name: str) -> bool:
        process = self.processes[name]
        assert process.poll() is None, f"{name} ended with code {process.returncode}:\n{self.log(name).read_text()}"
        port = self._api_ports.get(name, settings().door_port if name == "door" else None)
        if port is None:
            return True
        path = "healthz" if name == "door" else "api/health"
        with suppress(httpx.HTTPError):
            return httpx.get(f"http://127.0.0.1:{port}/{path}", timeout=2).is_success
        return False


COMMANDS: Mapping[str, tuple[str, ...]] = {
    "api-1": ("server", "--no-services"),
    "api-2": ("server", "--no-services"),
    "services": ("services",),
    "worker-1": ("worker",),
    "worker-2": ("worker",),
    "door": ("door",),
}
"""What the units of systemd start."""


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in _family(int(child)))]


def _mib(pid: int) -> int:
    found: dict[str, Any] = dict(
        line.split()[:2] for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    )
    return int(found["Pss:"]) // 1024
