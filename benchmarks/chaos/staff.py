"""Operators by script: they answer what is asked, on Prefect's page or by ``redress answer``, and press again later.

To see what is asked, they look into Prefect's database, so that looking costs the servers nothing and goes on while
one is away. Where cases wait for a date, the firm's time is moved; that the date has come must be found by the sweep.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Event, Thread, local
from typing import Any, Final
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from sqlalchemy import Engine, bindparam, text
from sqlalchemy.exc import OperationalError

from benchmarks.operators import Step
from benchmarks.play import ANSWERS
from complaints.adapters.store import Store
from complaints.answers import Question, parse_answer
from complaints.errors.case import NotAsked
from flows.forms import fill_form
from flows.runs import prefect_client, resume, wake_case

HANDS: Final = 6
LOOK_SECONDS: Final = 0.25
AGAIN_SECONDS: Final = 15.0
"""After so long an operator whose answer seems to have come to nothing gives it again."""

BY_COMMAND: Final = 5
"""Every so many answers one comes by the command."""

PLAY: Final[Mapping[Question, Mapping[str, str]]] = {
    **ANSWERS,
    Question.DELIVERY: {"choice": "resend"},
    Question.BREACH: {"cause": "staffing"},
}
"""Whoever is asked for a letter whose fate nobody knows has it sent again: it has the same Message-ID."""

_RUNS: Final = text(
    """
    SELECT flow_run.id, flow_run.name, flow_run.state_type, flow_run.state_id, flow_run_state.state_details
    FROM flow_run JOIN flow_run_state ON flow_run_state.id = flow_run.state_id
    WHERE flow_run.name IN :names AND flow_run.state_type IN ('PAUSED', 'COMPLETED')
    """
).bindparams(bindparam("names", expanding=True))
_PASSING: Final = (httpx.HTTPError, PrefectHTTPStatusError, ObjectNotFound, OperationalError, NotAsked)

PassTime = Callable[[set[str], int], None]
"""Moves the firm's time, told which cases wait for a date and how many are not at their end."""


class Staff:
    """The operators.

    Args:
        store: The case database.
        prefect: Prefect's database.
        references: Returns the cases that were filed so far.
        pass_time: Is called again and again.

    Attributes:
        ended: The cases whose run has completed.
        answered: How many answers were given, by what was asked and the way they took.
        repeated: Answers that were given again.
        troubles: What an operator met with and tried again later, by type.
        wrong: What must not happen.
    """

    def __init__(
        self, store: Store, prefect: Engine, references: Callable[[], Collection[str]], pass_time: PassTime
    ) -> None:
        self._store, self._prefect = store, prefect
        self._references, self._pass_time = references, pass_time
        self.ended: set[str] = set()
        self.answered: Counter[str] = Counter()
        self.repeated = 0
        self.troubles: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._taken_up: dict[str, float] = {}
        self._turns = 0
        self._hand, self._clients = local(), ExitStack()
        self._stop = Event()
        self._pool = ThreadPoolExecutor(HANDS, thread_name_prefix="staff")
        self._thread = Thread(target=self._work, daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self) -> None:
        """Stop working."""
        self._stop.set()
        self._thread.join()
        self._pool.shutdown(cancel_futures=True)
        self._clients.close()

    def until_all_ended(self, cases: int, seconds: float) -> bool:
        """Wait until so many cases are at their end; return whether they are."""
        until = time.monotonic() + seconds
        while len(self.ended) < cases and time.monotonic() < until:
            time.sleep(LOOK_SECONDS)
        return len(self.ended) >= cases

    def _work(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            try:
                still_open = {*self._references()} - self.ended
                steps = self._look(still_open)
                self._pass_time({one.reference for one in steps if one.key.startswith("until-")}, len(still_open))
                for step in steps:
                    self._take_up(step)
            except Exception as error:  # or nobody would answer any more, and the reason would be lost
                self.wrong.append(f"the script of the operators: {error!r}")

    def _look(self, references: Collection[str]) -> list[Step]:
        if not references:
            return []
        with self._prefect.connect() as connection:
            rows = connection.execute(_RUNS, {"names": sorted(references)}).all()
        steps = []
        for run, name, state_type, state, details in rows:
            if str(state_type) == "COMPLETED":
                self.ended.add(name)
            else:
                steps.append(Step(UUID(str(run)), name, str(state_type), str(state), _pause_key(details)))
        return steps

    def _take_up(self, step: Step) -> None:
        """Have a form answered; nobody answers it twice within some seconds."""
        now = time.monotonic()
        if step.key.startswith("until-") or now < self._taken_up.get(step.state, -AGAIN_SECONDS) + AGAIN_SECONDS:
            return
        self.repeated += step.state in self._taken_up
        self._taken_up[step.state] = now
        self._turns += 1
        self._pool.submit(self._answer, step, self._turns % BY_COMMAND == 0)

    def _answer(self, step: Step, by_command: bool) -> None:
        """Answer what is asked. What was asked before and is answered already is not: its run must go on by itself."""
        try:
            case, question = self._store.read_case(step.reference), step.question
            if question is None or not step.key.startswith(f"{case.asks}-{case.round_of(question)}-"):
                return
            if question not in PLAY:
                self.wrong.append(f"{step.reference} asks for {question}")
            elif by_command:
                self._answer_by_command(step.reference, question)
                self.answered[f"{question} by command"] += 1
            else:
                self._press_resume(step, question)
                self.answered[f"{question} on the page"] += 1
        except _PASSING as error:
            self.troubles[type(error).__name__] += 1
        except Exception as error:
            self.wrong.append(f"{step.reference} could not be answered: {error!r}")

    def _press_resume(self, step: Step, question: Question) -> None:
        if not hasattr(self._hand, "client"):  # a page keeps its connection, and its token against forged requests
            self._hand.client = self._clients.enter_context(prefect_client())
        client: SyncPrefectClient = self._hand.client
        run = client.read_flow_run(step.run)
        if run.state is not None and str(run.state.id) == step.state:
            refused = resume(client, run, fill_form(question, PLAY[question], "li.wei"))
            self.troubles["refused by Prefect"] += refused is not None

    def _answer_by_command(self, reference: str, question: Question) -> None:
        with self._store.open_case(reference) as desk:
            desk.case.answer(question, parse_answer(question, PLAY[question]), "zhang.min", desk.now)
        wake_case(reference)


def _pause_key(details: Any) -> str:
    content: Mapping[str, Any] = json.loads(details) if isinstance(details, str) else details or {}
    return content.get("pause_key") or ""
