"""Senders, operators and the passing of time, played by script: complaints live through their whole life.

Complaints go through the door, signed. Every form is answered the moment it is up, by the request that Prefect's page
makes. The date of the follow-up comes by moving the firm's time, followed by what the sweep does. To see a form, the
script looks into Prefect's database, so that looking costs the server nothing.
"""

import json
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import httpx
from sqlalchemy import bindparam, create_engine, text
from standardwebhooks.webhooks import Webhook

from benchmarks.dates import Dates
from benchmarks.installation import SECRET, Installation, installation
from benchmarks.play import ANSWERS, REGIME, RULES, complaint
from complaints.answers import Question

LOOK_SECONDS: Final = 0.025
LOST_SECONDS: Final = 180.0
"""After so long without any step the cases that are left are lost."""

_STATES: Final = text(
    """
    SELECT flow_run.id, flow_run.name, flow_run.state_type, flow_run.state_id, flow_run_state.state_details
    FROM flow_run JOIN flow_run_state ON flow_run_state.id = flow_run.state_id
    WHERE flow_run.name IN :names
      AND flow_run.state_type IN ('PAUSED', 'COMPLETED', 'FAILED', 'CRASHED', 'CANCELLED')
    """
).bindparams(bindparam("names", expanding=True))


@dataclass(frozen=True)
class Step:
    """A run that waits or has ended, as Prefect's database has it."""

    run: UUID
    reference: str
    state_type: str
    state: str
    key: str

    @property
    def question(self) -> Question | None:
        """The form that is up, or None."""
        return next((one for one in Question if self.key.startswith(f"{one}-")), None)


@dataclass
class Lives:
    """What came of the complaints.

    Attributes:
        seconds: From the first filing to the last end.
        waited: Seconds from an accepted answer to the next step (the next form or date up, or the run completed), by
            what was answered.
        ended: How many runs ended, by type of their state.
        lost: How many came to no end.
        busy: Answers that the server could not take at once.
    """

    seconds: float = 0.0
    waited: dict[str, list[float]] = field(default_factory=dict)
    ended: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    busy: int = 0

    @property
    def completed(self) -> int:
        """How many complaints reached their end."""
        return self.ended["COMPLETED"]

    def percentile(self, percent: int) -> float:
        """Return the seconds from answer to next step that so many percent of all forms did not exceed."""
        values = [one for name, values in self.waited.items() if name in set(Question) for one in values]
        return percentile(values, percent)


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the value under which ``percent`` of the values lie."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1] if len(values) > 1 else values[0]


@contextmanager
def a_playground(*, postgresql: bool = False, counting: bool = False) -> "Iterator[tuple[Installation, Operators]]":
    """Yield a demo with the benchmark's rules, its server and its door up, and the operators of it.

    Args:
        postgresql: Whether cases and Prefect's server are on PostgreSQL.
        counting: Whether Prefect's server counts what it is asked.
    """
    with installation(postgresql=postgresql, REDRESS_REGIME=REGIME) as redress:
        redress.store.make_demo(datetime.now(UTC))
        with redress.store.write() as session:
            redress.store.add_rule(session, "pack", REGIME, "1", RULES, "benchmark")
        redress.start_server(counting=counting)
        redress.start_door()
        operators = Operators(redress)
        try:
            yield redress, operators
        finally:
            operators.close()


class Operators:
    """The script of one installation.

    Attributes:
        prefect: Prefect's database.
        filed: How many complaints were filed.
    """

    def __init__(self, redress: Installation) -> None:
        self.redress = redress
        self.prefect = create_engine(redress.prefect_url)
        self.door = httpx.Client(base_url=f"http://{redress.where.door_host}:{redress.where.door_port}", timeout=60)
        self.api = httpx.Client(base_url=redress.where.api_url, timeout=60)
        self.filed = 0
        self._open: set[str] = set()
        self._answered: dict[str, tuple[str, float]] = {}
        self._seen: set[str] = set()
        self._dates = Dates(redress)

    def close(self) -> None:
        """Give back what is held."""
        self.door.close()
        self.api.close()
        self.prefect.dispose()

    def live(self, complaints: int, in_flight: int) -> Lives:
        """Let complaints live through their whole life.

        Args:
            complaints: How many.
            in_flight: How many are open at a time; a new one is filed when one is closed.
        """
        lives, began = Lives(), time.perf_counter()
        moved, left = began, complaints
        with ThreadPoolExecutor(8) as hands, self._dates.passing():
            waiting: list[Future[int]] = []
            while (left or self._open) and time.perf_counter() < moved + LOST_SECONDS:
                while left and len(self._open) < in_flight:
                    self.file()
                    left -= 1
                for step in self.look():
                    moved = time.perf_counter()
                    self._note(step, moved, lives)
                    if step.question in ANSWERS:
                        waiting.append(hands.submit(self.answer, step))
                lives.busy += sum(one.result() for one in waiting if one.done())
                waiting = [one for one in waiting if not one.done()]
                time.sleep(LOOK_SECONDS)
        lives.seconds, lives.lost = moved - began, len(self._open) + left
        self._open.clear()
        return lives

    def _note(self, step: Step, now: float, lives: Lives) -> None:
        if step.reference in self._answered:
            answered, at = self._answered.pop(step.reference)
            lives.waited.setdefault(answered, []).append(now - at)
        self._dates.woke(step.reference)
        if step.state_type != "PAUSED":
            lives.ended[step.state_type] += 1
            self._open.discard(step.reference)
        elif step.key.startswith("until-"):
            self._dates.sleeps(step.reference)
        elif step.question not in ANSWERS:
            raise SystemExit(f"{step.reference} waits with {step.key!r}: the benchmark is wrong")

    def look(self) -> list[Step]:
        """Return what has come to rest since the last look."""
        if not self._open:
            return []
        with self.prefect.connect() as connection:
            rows = connection.execute(_STATES, {"names": sorted(self._open)}).all()
        steps = [
            Step(UUID(str(run)), name, str(state_type), str(state), _details(details).get("pause_key") or "")
            for run, name, state_type, state, details in rows
            if str(state) not in self._seen
        ]
        self._seen.update(step.state for step in steps)
        return steps

    def file(self) -> str:
        """Send a complaint to the door, signed; its run is started by the door."""
        self.filed += 1
        number, now = f"{self.filed:06}", datetime.now(UTC)
        body = json.dumps(complaint(number), ensure_ascii=False)
        headers = {
            "webhook-id": number,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(SECRET).sign(number, now, body),
            "webhook-sender": "crm",
            "content-type": "application/json",
        }
        answer = self.door.post("/v1/complaints", content=body.encode(), headers=headers).raise_for_status()
        reference: str = answer.json()["reference"]
        self._open.add(reference)
        return reference

    def answer(self, step: Step) -> int:
        """Answer a form as Prefect's page does; return how often the server was too busy for it."""
        from flows.forms import fill_form

        assert step.question is not None
        values = fill_form(step.question, ANSWERS[step.question], "li.wei")
        busy = 0
        while True:
            answer = self.api.post(f"/flow_runs/{step.run}/resume", json={"run_input": values})
            if answer.status_code < 500:
                break
            busy += 1
            time.sleep(0.1)
        if answer.raise_for_status().json()["status"] != "ACCEPT":
            raise SystemExit(f"Prefect refused {step.question} of {step.reference}: {answer.text[:500]}")
        self._answered[step.reference] = (step.question, time.perf_counter())
        return busy

    def until_asked(self, complaints: int) -> list[Step]:
        """File complaints and return their runs, once each waits with its first form."""
        for _ in range(complaints):
            self.file()
        asked: list[Step] = []
        until = time.perf_counter() + LOST_SECONDS
        while len(asked) < complaints:
            if time.perf_counter() > until:
                raise SystemExit(f"{len(asked)} of {complaints} runs waited within {LOST_SECONDS:.0f} seconds")
            time.sleep(LOOK_SECONDS)
            asked += self.look()
        return asked

    def seconds_to_next(self, step: Step) -> float:
        """Answer a form and return the seconds from the accepted answer to the next step of its case."""
        self.answer(step)
        _, answered = self._answered.pop(step.reference)
        until = answered + LOST_SECONDS
        while not any(one.reference == step.reference for one in self.look()):
            if time.perf_counter() > until:
                raise SystemExit(f"{step.reference} made no step within {LOST_SECONDS:.0f} seconds of its answer")
            time.sleep(LOOK_SECONDS)
        return time.perf_counter() - answered


def _details(details: Any) -> Mapping[str, Any]:
    content: Mapping[str, Any] = json.loads(details) if isinstance(details, str) else details or {}
    return content
