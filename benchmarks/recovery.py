"""How long it takes until all open cases wait again after Prefect's whole database was lost.

``python -m benchmarks.recovery``: cases that wait for a finding, for a decision and for the date of their follow-up,
real ones with ledgers, keys and sealed data, whose letters are recorded as sent. Then everything is started as
``redress up`` starts it, on an empty database of Prefect's, and it is counted until each case has its run at the place
where it waits. A mail server counts the letters that leave: there must be none. At last some forms are answered.
"""

import argparse
import secrets
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import Engine, create_engine, delete, text

from benchmarks.deadlines import a_case
from benchmarks.installation import Installation, difference, installation
from benchmarks.operators import ANSWERS, complaint
from benchmarks.postgres import say, seconds
from complaints import acts
from complaints.adapters.tables import StartRow
from complaints.answers import Question, parse_answer
from complaints.case import Case
from complaints.intake import Complaint
from complaints.regimes.rulebook import Rulebook
from deployments.demo import free_port

BATCH: Final = 500
ANSWERED: Final = 12
PATIENCE_SECONDS: Final = 7200.0
WAITS: Final = (Question.FINDING, Question.FINDING, Question.DECISION, None)
"""What the cases wait for, in turn; None: the date of the follow-up."""


class Sink:
    """A mail server that counts."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Take a letter."""
        self.taken.update(envelope.rcpt_tos)
        return "250 taken"


def main() -> None:
    """Measure, print the figures, and end with 1 where a letter left twice or a case did not wait again."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cases", type=int, default=10_000, help="open cases [default: 10000]")
    parser.add_argument("--server", choices=("sqlite", "postgresql"), default="sqlite", help="[default: sqlite]")
    given = parser.parse_args()
    with (
        a_sink() as (sink, url),
        installation(postgresql=given.server == "postgresql", REDRESS_SMTP_URL=url) as redress,
    ):
        took = seconds(lambda: make_cases(redress, given.cases))
        say(f"{given.cases:,} open cases, {took:.0f} s")
        prefect = create_engine(redress.prefect_url)
        before, began = redress.used(), time.perf_counter()
        redress.start_server()
        redress.deploy()
        redress.start_worker()
        again = until_waiting(prefect, given.cases)
        took, used = time.perf_counter() - began, difference(redress.used(), before)
        letters = sink.taken.total()
        show(given.cases, again, took, used, letters)
        asked = [reference_of(number) for number in range(0, given.cases, len(WAITS))][:ANSWERED]
        answers = [seconds_to_next(prefect, reference) for reference in asked]
        say(f"{len(asked)} findings answered: each came to its decision, the longest after {max(answers):.1f} s")
        prefect.dispose()
    sys.exit(letters > 0 or again < given.cases)


def show(cases: int, again: int, took: float, used: Mapping[str, float], letters: int) -> None:
    """Print the figures."""
    shares = ", ".join(f"{name} {one / cases:.3f}" for name, one in used.items())
    say(f"{again:,} of {cases:,} cases wait again after {took / 60:.1f} minutes, server and worker started included")
    say(f"CPU seconds a case: {sum(used.values()) / cases:.3f} ({shares})")
    say(f"letters sent again: {letters}")


@contextmanager
def a_sink() -> Iterator[tuple[Sink, str]]:
    """Yield a mail server, and its URL."""
    sink, port = Sink(), free_port(0)
    controller = Controller(sink, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield sink, f"smtp://127.0.0.1:{port}"
    finally:
        controller.stop()


# --- making cases -------------------------------------------------------------------------------


def reference_of(number: int) -> str:
    """Return a reference."""
    return f"TS260101-R{number:06}"


def make_cases(redress: Installation, number: int) -> None:
    """Store cases that wait, each kind in turn."""
    rules, now = redress.store.rules(), datetime.now(UTC)
    for start in range(0, number, BATCH):
        some = range(start, min(start + BATCH, number))
        with redress.store.write() as session:
            redress.store.add_many(session, [waiting_case(one, now, rules) for one in some])
            references = [reference_of(one) for one in some]
            session.execute(delete(StartRow).where(StartRow.reference.in_(references)))  # they had their runs


def waiting_case(number: int, now: datetime, rules: Rulebook) -> Case:
    """Return a case that waits for somebody, or for a date."""
    at = now - timedelta(days=2)
    case = a_case(reference_of(number), at, rules, Complaint.model_validate(complaint(f"{number:07}")))
    waits = WAITS[number % len(WAITS)]
    if waits is not Question.FINDING:
        case.answer(Question.FINDING, parse_answer(Question.FINDING, ANSWERS[Question.FINDING]), "li.wei", at)
    if waits is None:
        case.answer(Question.DECISION, parse_answer(Question.DECISION, ANSWERS[Question.DECISION]), "li.wei", at)
        record_letter(case, "decision", at)
        case.record(acts.Answered(), at)
        case.record(acts.PutRight(), at)
    return case


def record_letter(case: Case, letter: str, at: datetime) -> None:
    """Record a letter as sent."""
    which = {"letter": letter, "round": 1, "channel": "email"}
    name = f"{case.reference}-{letter}"
    sealed = {"sha256": secrets.token_hex(32), "recipient": "lin@example.com"}
    prepared = {"number": name, "language": "zh-CN", "message_id": f"<{name}@example.com>"} | sealed
    case.record(acts.LetterPrepared.model_validate(which | prepared), at)
    case.record(acts.LetterSent.model_validate(which | {"receipt": "250 accepted"}), at)


# --- watching -----------------------------------------------------------------------------------

_WAITING: Final = text("SELECT count(DISTINCT name) FROM flow_run WHERE state_type = 'PAUSED'")
_KEY: Final = text(
    """
    SELECT flow_run.id, flow_run_state.state_details FROM flow_run
    JOIN flow_run_state ON flow_run_state.id = flow_run.state_id
    WHERE flow_run.name = :reference AND flow_run.state_type = 'PAUSED'
    """
)


def until_waiting(prefect: Engine, cases: int) -> int:
    """Wait until all cases have a suspended run; return how many have one in the end."""
    end, told = time.monotonic() + PATIENCE_SECONDS, time.monotonic()
    while (number := _count(prefect)) < cases and time.monotonic() < end:
        time.sleep(1)
        if time.monotonic() - told > 30:
            told = time.monotonic()
            say(f"  {number:,} wait")
    return number


def _count(prefect: Engine) -> int:
    with prefect.connect() as connection:
        return int(connection.execute(_WAITING).scalar_one())


def seconds_to_next(prefect: Engine, reference: str) -> float:
    """Answer the finding of a case as Prefect's page does; return the seconds until it asks for the decision."""
    from flows.forms import fill_form
    from flows.runs import find_runs, prefect_client, resume

    with prefect_client() as client:
        run = find_runs(client, [reference])[reference]
        refused = resume(client, run, fill_form(Question.FINDING, ANSWERS[Question.FINDING], "li.wei"))
    if refused:
        raise SystemExit(f"Prefect refused the answer to {reference}: {refused}")
    began = time.perf_counter()
    while "decision-1-" not in _details(prefect, reference):
        if time.perf_counter() - began > 120:
            raise SystemExit(f"{reference} did not go on after its answer")
        time.sleep(0.05)
    return time.perf_counter() - began


def _details(prefect: Engine, reference: str) -> str:
    with prefect.connect() as connection:
        rows: Sequence[object] = [row.state_details for row in connection.execute(_KEY, {"reference": reference})]
    return str(rows)


if __name__ == "__main__":
    say(f"recovery of runs, {datetime.now(UTC):%Y-%m-%d}")
    main()
