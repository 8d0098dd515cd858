"""A running Redress, as a test uses it: files complaints, answers forms, moves time, waits for what must follow."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from prefect.client.schemas.objects import FlowRun

from complaints.adapters.store import Store
from complaints.answers import Question
from complaints.case import Case
from complaints.errors.case import StageError
from complaints.intake import Complaint
from complaints.settings import settings
from deployments.up import Supervisor
from flows.forms import fill_form
from flows.runs import find_runs, prefect_client, resume, start_run

PLAY: Mapping[Question, Mapping[str, Any]] = {
    Question.FINDING: {"conclusion": "substantiated", "reasons": "核对了通话录音,情况属实。"},
    Question.DECISION: {"outcome": "upheld", "remedy": "apology", "reasons": "催收人员用语不当。"},
    Question.REMEDY: {"done_on": "2026-01-05", "voucher": "PAY-17"},
    Question.FOLLOW_UP: {"satisfaction": "satisfied"},
    Question.REPLY: {"topic": "fees"},
    Question.REPORT: {"result": "confirmed"},
    Question.DELIVERY: {"choice": "give_up", "reason": "not_reachable"},
    Question.BREACH: {"cause": "staffing"},
}
"""A valid answer to every question."""


class MailSink:
    """A real mail server that keeps what it takes, and behaves badly towards chosen recipients."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []
        self.refuses: set[str] = set()
        self.is_away_for: set[str] = set()

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuses:
            return f"550 no such user {address}"
        if address in self.is_away_for:
            return "451 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.taken.append(envelope)
        return "250 taken"

    def message_ids(self) -> list[str]:
        """Return the Message-ID of every letter taken, in order."""
        lines = (content.split(b"\r\n\r\n", 1)[0].split(b"\r\n") for content in (one.content for one in self.taken))
        return [line.decode() for head in lines for line in head if line.lower().startswith(b"message-id")]


class Running:
    """Redress with its server, worker and door up."""

    def __init__(self, supervisor: Supervisor, sink: MailSink, controller: Controller) -> None:
        self.supervisor, self.sink, self.controller = supervisor, sink, controller
        self.store = Store(settings().cases_url, settings().key_file)

    def file(self, **complaint: Any) -> str:
        """File a complaint and start its run; return the reference."""
        content = {"channel": "web", "narrative": "催收电话过多", "kind": "complaint"} | complaint
        reference = self.store.file(Complaint.model_validate(content), "tests", settings().regime).reference
        with prefect_client() as client:
            start_run(client, reference)
        return reference

    def case(self, reference: str) -> Case:
        """Return a case as it stands."""
        return self.store.read_case(reference)

    def run(self, reference: str) -> FlowRun:
        """Return the run of a case."""
        with prefect_client() as client:
            return find_runs(client, [reference])[reference]

    def until(self, condition: Callable[[], Any], what: str, seconds: float = 60) -> Any:
        """Wait until ``condition`` holds and return what it returned."""
        end = time.monotonic() + seconds
        while not (result := condition()):
            assert time.monotonic() < end, f"waited {seconds} s in vain until {what}"
            time.sleep(0.15)
        return result

    def until_rest(self, *references: str, seconds: float = 90) -> None:
        """Wait until the runs of all cases wait for somebody or have ended."""

        def rests() -> bool:
            with prefect_client() as client:
                states = [run.state for run in find_runs(client, references).values()]
            return len(states) == len(set(references)) and all(
                state is not None and (state.is_paused() or state.is_final()) for state in states
            )

        self.until(rests, f"{len(references)} runs are at rest", seconds)

    def until_asked(self, reference: str, question: Question) -> None:
        """Wait until the form of a question is up."""

        def asked() -> bool:
            case, state = self.case(reference), self.run(reference).state
            key = (state.state_details.pause_key or "") if state and state.is_paused() else ""
            return case.asks is question and key.startswith(f"{question}-{case.round_of(question)}-")

        self.until(asked, f"{reference} asks for {question}")

    def answer(self, reference: str, question: Question, by: str = "li.wei", **values: Any) -> None:
        """Answer a form as Prefect's page does."""
        self.until_asked(reference, question)
        assert self.resume(reference, fill_form(question, values or self.valid(reference, question), by)) is None

    def valid(self, reference: str, question: Question) -> Mapping[str, Any]:
        """Return a valid answer; a remedy was carried out on the day of the complaint."""
        if question is not Question.REMEDY:
            return PLAY[question]
        case = self.case(reference)
        return {**PLAY[question], "done_on": case.facts.received_at.astimezone(case.pack.tz).date().isoformat()}

    def resume(self, reference: str, values: Mapping[str, Any]) -> str | None:
        """Press Resume with what a form holds; return why Prefect refused it, or None."""
        with prefect_client() as client:
            return resume(client, self.run(reference), values)

    @contextmanager
    def stopped_worker(self) -> Iterator[None]:
        """Let the worker do nothing for some seconds."""
        worker = self.supervisor.children["worker"].process
        assert worker is not None
        os.kill(worker.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(worker.pid, signal.SIGCONT)

    def withdraw_all(self) -> None:
        """End every case that other tests left open."""
        for reference in self.store.open_references():
            with suppress(StageError), self.store.open_case(reference) as desk:
                desk.case.withdraw("tests", desk.now)

    def sweep(self) -> None:
        """Run the deadline sweep and wait for its end."""
        self.deploy_and_wait("watch-deadlines")

    def deploy_and_wait(self, flow: str, **parameters: Any) -> FlowRun:
        """Run a deployment now; return the run once it has completed."""
        with prefect_client() as client:
            deployment = client.read_deployment_by_name(f"{flow}/{flow}")
            run = client.create_flow_run_from_deployment(deployment.id, parameters=parameters)

            def ended() -> bool:
                state = client.read_flow_run(run.id).state
                return state is not None and state.is_final()

            self.until(ended, f"{flow} has ended")
            done = client.read_flow_run(run.id)
        assert done.state is not None
        assert done.state.is_completed(), done.state
        return done

    def pass_days(self, days: float) -> None:
        """Move the firm's time forward and sweep."""
        self.store.move_time(self.store.now() + timedelta(days=days))
        self.sweep()

    def live_on(self, references: Iterable[str], seconds: float = 120) -> None:
        """Answer every form with a valid answer, moving time where cases wait for a date, until all are closed."""
        still_open, end = set(references), time.monotonic() + seconds
        while still_open:
            assert time.monotonic() < end, f"not at their end after {seconds:.0f} s: {self.stand(still_open)}"
            waiting = self.answer_all(still_open)
            if waiting and waiting == len(still_open):
                self.pass_days(8)
            time.sleep(0.2)

    def answer_all(self, still_open: set[str]) -> int:
        """Answer every form that is up, and leave out what has ended; return how many cases wait for a date."""
        with prefect_client() as client:
            runs = find_runs(client, still_open)
        waiting = 0
        for reference in sorted(still_open):
            case, run = self.case(reference), runs.get(reference)
            if run and run.state and run.state.is_paused():
                waiting += self._press_on(case, run)
            elif not case.stage.is_open and run and run.state and run.state.is_final():
                assert run.state.is_completed(), run.state
                still_open.discard(reference)
        return waiting

    def stand(self, references: Iterable[str]) -> str:
        """Say where cases and their runs stand, for the message of a test that waited in vain."""
        with prefect_client() as client:
            runs = find_runs(client, references)
        return "; ".join(
            f"{reference} {case.stage} asks {case.asks}, run {state and (state.name, state.timestamp.isoformat())}"
            for reference, case, state in (
                (one, self.case(one), runs[one].state if one in runs else None) for one in references
            )
        )

    def _press_on(self, case: Case, run: FlowRun) -> bool:
        """Answer what is asked; return whether the case waits for a date instead."""
        assert run.state is not None
        key = run.state.state_details.pause_key or ""
        if key.startswith("until-"):
            return True
        if (question := case.asks) and key.startswith(f"{question}-{case.round_of(question)}-"):
            with prefect_client() as client:
                resume(client, run, fill_form(question, self.valid(case.reference, question), "li.wei"))
        return False


def ledger_story(store: Store, reference: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Return a ledger without what differs from one telling to the next: times, and what carries the reference."""
    telling = {"started_at", "warn_at", "due_at", "message_id", "number", "sha256", "receipt", "received_at", "until"}
    return [
        (entry.kind, entry.by, {name: value for name, value in json.loads(entry.facts).items() if name not in telling})
        for entry in store.entries(reference)
    ]


def long_ago() -> datetime:
    """Return when the tests' firm begins to live."""
    return datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
