"""What 100,000 waiting cases cost while nothing happens, and how long an answer to one of them takes.

``python -m benchmarks.waiting``: on PostgreSQL, with Prefect's server, resident worker and door, and the sweep of
deadlines (every minute) and the reconciliation (every two minutes) on their usual schedules. All cases are real, with
ledgers, keys and sealed data as in production, under investigation and with a form up. The answered ones came through
the door; the runs of the others are copies in Prefect's database of a real suspended one, with its states and form.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, delete, text

from benchmarks.asked import asked, show_asked
from benchmarks.copies import copy_run
from benchmarks.deadlines import a_case, settle
from benchmarks.installation import Installation, difference, installation
from benchmarks.operators import Operators, percentile
from benchmarks.play import complaint
from benchmarks.postgres import say, seconds
from benchmarks.usage import memory
from complaints.adapters.store import Store
from complaints.adapters.tables import StartRow
from complaints.intake import Complaint

DAYS: Final = 6
"""Within so many days the cases were received: none has come to half of its fifteen days."""

BATCH: Final = 500
SETTLE_SECONDS: Final = 60.0
"""How long the processes are left alone before they are measured."""

GOAL_PERCENT: Final = 10.0


def main() -> None:
    """Measure, print the figures, and end with 1 where the goal is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--waiting", type=int, default=100_000, help="cases that wait [default: 100000]")
    parser.add_argument("--seconds", type=float, default=240, help="how long it is looked at [default: 240]")
    parser.add_argument("--answers", type=int, default=20, help="cases that are answered then [default: 20]")
    parser.add_argument("--requests", action="store_true", help="count what Prefect's server is asked meanwhile")
    given = parser.parse_args()
    with installation(postgresql=True) as redress:
        redress.start_server(counting=given.requests)
        redress.deploy()
        redress.start_worker()
        redress.start_door()
        operators = Operators(redress)
        forms = operators.until_asked(given.answers)
        show_answers(given.answers, [operators.seconds_to_next(one) for one in forms])
        forms = operators.until_asked(given.answers)
        redress.stop("worker")  # or it would start runs for cases whose run is not there yet
        references = [reference_of(number) for number in range(given.waiting - given.answers)]
        say(f"{len(references):,} cases, {seconds(lambda: make_cases(redress, references)):.0f} s")
        copy = seconds(lambda: copy_run(operators.prefect, forms[0].run, forms[0].reference, references, DAYS))
        say(f"{len(references):,} suspended runs, {copy:.0f} s")
        for engine in (redress.store.engine, operators.prefect):
            settle(engine)
        redress.start_worker()
        time.sleep(SETTLE_SECONDS)
        is_good = show_idle(redress, operators.prefect, given)
        show_answers(given.waiting, [operators.seconds_to_next(one) for one in forms])
        show_pass(redress)
        operators.close()
    sys.exit(not is_good)


# --- filling ------------------------------------------------------------------------------------


def reference_of(number: int) -> str:
    """Return a reference."""
    return f"TS260101-W{number:06}"


def make_cases(redress: Installation, references: Sequence[str]) -> None:
    """Store cases that wait for their finding, in as many processes as there are processors."""
    url, key = redress.where.cases_url, redress.where.key_file
    share = -(-len(references) // (os.cpu_count() or 1))
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        jobs = [pool.submit(_make_some, url, key, part) for part in _parts(references, share)]
        for job in jobs:
            job.result()


def _make_some(url: str, key_file: Path, references: Sequence[str]) -> None:
    store, now = Store(url, key_file), datetime.now(UTC)
    rules = store.rules()
    for some in _parts(references, BATCH):
        with store.write() as session:
            cases = []
            for reference in some:
                number = reference[-6:]
                at = now - timedelta(days=DAYS) * (int(number) % 9973 / 9973)
                cases.append(a_case(reference, at, rules, Complaint.model_validate(complaint(f"1{number}"))))
            store.add_many(session, cases)
            session.execute(delete(StartRow).where(StartRow.reference.in_(some)))  # their runs are copied
    store.engine.dispose()


def _parts(references: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (references[start : start + size] for start in range(0, len(references), size))


# --- measuring ----------------------------------------------------------------------------------


def show_idle(redress: Installation, prefect: Engine, given: argparse.Namespace) -> bool:
    """Print what the processes use while nothing happens; return whether the goal is met."""
    period: float = given.seconds
    counted = asked(redress.where) if given.requests else {}
    since, before = datetime.now(UTC), redress.used()
    time.sleep(period)
    used = difference(redress.used(), before)
    if given.requests:
        show_asked(counted, asked(redress.where), period / 60, "minute")
    own = sum(one for name, one in used.items() if name != "postgresql") / period * 100
    say(f"\nidle over {period:.0f} s, in percent of one processor: {_percent(used, period)}")
    say(f"  together without the database {own:.1f} %  (goal: under {GOAL_PERCENT:.0f} %)")
    for name, number, took in _runs_since(prefect, since):
        say(f"  meanwhile {number} runs of {name}, {took:.2f} s each")
    for name, process in redress.processes.items():
        size = memory([process.pid])
        say(f"  memory of {name}: {size.proportional / 2**20:.0f} MiB in {size.processes} processes")
    say("Goal met." if own < GOAL_PERCENT else "Goal missed.")
    return own < GOAL_PERCENT


def show_answers(waiting: int, took: Sequence[float]) -> None:
    """Print how long answers took while so many cases wait."""
    say(
        f"{len(took)} answered one after the other while {waiting:,} wait, from the accepted answer to the next form: "
        f"p50 {statistics.median(took):.2f} s, p95 {percentile(took, 95):.2f} s, longest {max(took):.2f} s"
    )


def show_pass(redress: Installation) -> None:
    """Print what it takes to go over all cases, as happens once a night."""
    from flows.runs import prefect_client

    before, began = redress.used(), time.perf_counter()
    with prefect_client() as client:
        deployment = client.read_deployment_by_name("reconcile-runs/reconcile-runs")
        run = client.create_flow_run_from_deployment(deployment.id)
        while not (run.state and run.state.is_final()):
            time.sleep(1)
            run = client.read_flow_run(run.id)
    took, used = time.perf_counter() - began, difference(redress.used(), before)
    shares = ", ".join(f"{name} {one:.1f}" for name, one in used.items())
    say(f"the reconciliation of all cases: {run.state.name} after {took:.0f} s; CPU seconds: {shares}")


def _percent(used: Mapping[str, float], period: float) -> str:
    return ", ".join(f"{name} {one / period * 100:.1f}" for name, one in used.items())


def _runs_since(prefect: Engine, since: datetime) -> Sequence[tuple[str, int, float]]:
    """Return what ran by itself: name, how often, seconds each."""
    query = text(
        """
        SELECT flow.name, count(*), avg(extract(epoch FROM end_time - start_time))
        FROM flow_run JOIN flow ON flow.id = flow_run.flow_id
        WHERE end_time >= :since GROUP BY flow.name ORDER BY flow.name
        """
    )
    with prefect.connect() as connection:
        return [(name, number, float(took)) for name, number, took in connection.execute(query, {"since": since})]


if __name__ == "__main__":
    say(f"waiting cases, {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} processors shared with PostgreSQL")
    main()
