"""The same complaints through their whole life under three engines, on one Prefect server.

``python -m benchmarks.engine`` runs (a) Prefect's stock process worker, (b) ``serve()`` and (c) the resident worker,
one after the other. Each complaint has five segments: it is taken in, three forms are answered the moment they are up
(finding, decision, follow-up), and in between the date of the follow-up comes. CPU time is that of server, engine
and door with everything they start; the script that plays the operators is left out, and so is PostgreSQL, which is
told separately.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, cast

from benchmarks.asked import asked, show_asked
from benchmarks.installation import PATIENCE, Installation, difference
from benchmarks.operators import Lives, Operators, a_playground
from benchmarks.postgres import say

STOCK_POOL: Final = "bench-stock"
SETTLE_SECONDS: Final = 5.0
"""How long the engine is watched after the last complaint was closed: what it still does belongs to it."""

GOAL_RATE: Final = 100.0
GOAL_RATIO: Final = 25.0
GOAL_CPU_SECONDS: Final = 1.2
GOAL_SECONDS: Final = 2.0


@dataclass(frozen=True)
class Outcome:
    """What came of one engine."""

    engine: str
    lives: Lives
    used: Mapping[str, float]

    @property
    def rate(self) -> float:
        """Complaints a minute, from the first filing to the last end."""
        return self.lives.completed / self.lives.seconds * 60

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds a complaint of all processes but the database's."""
        return sum(used for name, used in self.used.items() if name != "postgresql") / max(self.lives.completed, 1)


def main() -> None:
    """Measure, print the figures, and end with 1 where a goal is missed."""
    given = arguments()
    with a_playground(postgresql=given.server == "postgresql", counting=given.requests) as (redress, operators):
        outcomes = [measure(redress, operators, engine, given) for engine in given.engine]
    show(outcomes)
    sys.exit(not judge(outcomes))


def arguments() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--engine", action="append", choices=ENGINES, help="only this one; may be given again")
    parser.add_argument("--cases", type=int, default=60, help="complaints under the resident worker [default: 60]")
    parser.add_argument("--slow-cases", type=int, default=12, help="complaints under the others [default: 12]")
    parser.add_argument("--in-flight", type=int, default=12, help="complaints open at a time [default: 12]")
    parser.add_argument("--server", choices=("sqlite", "postgresql"), default="sqlite", help="[default: sqlite]")
    parser.add_argument("--requests", action="store_true", help="count what Prefect's server is asked")
    given = parser.parse_args()
    given.engine = given.engine or list(ENGINES)
    return given


def measure(redress: Installation, operators: Operators, engine: str, given: argparse.Namespace) -> Outcome:
    """Let complaints live under one engine, after one that warms it up."""
    cases = given.cases if engine == "resident" else given.slow_cases
    say(f"{engine}: {cases} complaints, {given.in_flight} open at a time")
    ENGINES[engine](redress)
    if operators.live(1, 1).lost:
        raise SystemExit(f"{engine} does not work; it said at last:\n{redress.last_words('worker')}")
    time.sleep(SETTLE_SECONDS)
    counted, before = asked(redress.where) if given.requests else {}, redress.used()
    lives = operators.live(cases, given.in_flight)
    if lives.lost:
        say(f"{lives.lost} complaints came to no end; the worker said at last:\n{redress.last_words('worker')}")
    time.sleep(SETTLE_SECONDS)
    outcome = Outcome(engine, lives, difference(redress.used(), before))
    if given.requests:
        show_asked(counted, asked(redress.where), lives.completed, "complaint")
    redress.stop(*[name for name in redress.processes if name not in ("server", "door")])
    return outcome


# --- engines ------------------------------------------------------------------------------------


def start_stock(redress: Installation) -> None:
    """Deploy the flow to a pool of Prefect's process worker, and start that."""
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.deployments.runner import RunnerDeployment
    from prefect.types.entrypoint import EntrypointType

    from flows.handle_complaint import handle_complaint
    from flows.runs import prefect_client

    with prefect_client() as client:
        client.create_work_pool(WorkPoolCreate(name=STOCK_POOL, type="process"))
    name, by_module = handle_complaint.name, EntrypointType.MODULE_PATH
    made = handle_complaint.to_deployment(name=name, work_pool_name=STOCK_POOL, entrypoint_type=by_module)
    cast(RunnerDeployment, made).apply()
    redress.start("worker", "prefect", "worker", "start", "--type", "process", "--pool", STOCK_POOL)


def start_serve(redress: Installation) -> None:
    """Start ``serve()``, which deploys the flow itself."""
    undeploy()
    redress.start("worker", "benchmarks.serving", PREFECT_RUNNER_POLL_FREQUENCY="1")
    until = time.monotonic() + PATIENCE
    while not is_deployed():  # what is filed before waits for a reconciliation, which nobody makes here
        if time.monotonic() > until:
            raise SystemExit(f"serve() deployed nothing:\n{redress.last_words('worker')}")
        time.sleep(0.2)


def start_resident(redress: Installation) -> None:
    """Deploy everything as in production, and start the resident worker."""
    undeploy()
    redress.deploy()
    redress.start_worker()


def is_deployed() -> bool:
    """Return whether the flow of a case has a deployment."""
    from prefect.exceptions import ObjectNotFound

    from flows.runs import DEPLOYMENT, prefect_client

    with prefect_client() as client, suppress(ObjectNotFound):
        return bool(client.read_deployment_by_name(DEPLOYMENT))
    return False


def undeploy() -> None:
    """Remove the deployment of the engine before, if there was one: it is bound to that."""
    from prefect.exceptions import ObjectNotFound

    from flows.runs import DEPLOYMENT, prefect_client

    with prefect_client() as client, suppress(ObjectNotFound):
        client.delete_deployment(client.read_deployment_by_name(DEPLOYMENT).id)


ENGINES: Final[Mapping[str, Callable[[Installation], None]]] = {
    "stock": start_stock,
    "serve": start_serve,
    "resident": start_resident,
}


# --- telling ------------------------------------------------------------------------------------


def show(outcomes: Sequence[Outcome]) -> None:
    """Print the table."""
    base = next((one.rate for one in outcomes if one.engine == "stock"), 0.0)
    say(f"\n{'engine':9} complaints  a minute  CPU-s each      p50      p95  times (a)   CPU-s each by process")
    for one in outcomes:
        times = f"{one.rate / base:8.1f}" if base else "       -"
        shares = ", ".join(f"{name} {used / max(one.lives.completed, 1):.2f}" for name, used in one.used.items())
        p50, p95 = one.lives.percentile(50), one.lives.percentile(95)
        figures = f"{one.lives.completed:10} {one.rate:9.1f} {one.cpu_seconds:11.2f} {p50:6.2f} s {p95:6.2f} s"
        say(f"{one.engine:9} {figures}   {times}   {shares}")
    for one in outcomes:
        by_form = ", ".join(f"{name} {statistics_of(values)}" for name, values in one.lives.waited.items())
        ended = ", ".join(f"{number} {state}" for state, number in one.lives.ended.items())
        say(f"{one.engine}: {by_form}; {ended}, {one.lives.lost} lost, {one.lives.busy} answers met a busy server")


def statistics_of(values: Sequence[float]) -> str:
    """Return the median of some seconds in words."""
    return f"{statistics.median(values):.2f} s (of {len(values)})"


def judge(outcomes: Sequence[Outcome]) -> bool:
    """Print how the figures stand to the goals; return whether all are met."""
    found = {one.engine: one for one in outcomes}
    resident, stock = found.get("resident"), found.get("stock")
    goals: list[tuple[str, bool]] = []
    if resident:
        goals = [
            (f"{GOAL_RATE:.0f} complaints a minute", resident.rate >= GOAL_RATE),
            (f"{GOAL_CPU_SECONDS} CPU seconds a complaint", resident.cpu_seconds <= GOAL_CPU_SECONDS),
            (f"p95 under {GOAL_SECONDS:.0f} s", resident.lives.percentile(95) < GOAL_SECONDS),
            ("none lost", resident.lives.lost == 0 and set(resident.lives.ended) == {"COMPLETED"}),
        ]
    if resident and stock:
        goals.append((f"{GOAL_RATIO:.0f} times the stock worker", resident.rate >= GOAL_RATIO * stock.rate))
    missed = [goal for goal, is_met in goals if not is_met]
    if goals:
        say(f"Goals missed: {', '.join(missed)}" if missed else "All goals met.")
    return not missed


if __name__ == "__main__":
    say(f"engines, {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} processors shared with the script")
    main()
