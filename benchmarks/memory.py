"""The memory of the resident worker after 200 and after 2,000 runs: ``python -m benchmarks.memory``.

A run is what the worker executes at once: a case from where it was woken to where it waits again, or to its end. A
complaint has five of these. Counted are all processes of the worker, each with its share of what they share.
"""

import argparse
import os
import sys
import time
from datetime import UTC, datetime
from typing import Final

from benchmarks.installation import Installation
from benchmarks.operators import Operators, a_playground
from benchmarks.postgres import say
from benchmarks.usage import Memory, memory

RUNS_EACH: Final = 5
"""Runs of one complaint: it is taken in, three forms are answered, and the date of the follow-up comes."""

FEW: Final = 200
STEPS: Final = 6
"""Between few and many it is looked so often."""

GOAL_RATIO: Final = 1.2


def main() -> None:
    """Measure, print the figures, and end with 1 where the goal is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=2_000, help="runs at the end [default: 2000]")
    parser.add_argument("--in-flight", type=int, default=12, help="complaints open at a time [default: 12]")
    given = parser.parse_args()
    with a_playground() as (redress, operators):
        redress.deploy()
        redress.start_worker()
        sizes = [grow(redress, operators, FEW, given.in_flight, 0)]
        for step in range(STEPS):
            goal = FEW + (given.runs - FEW) * (step + 1) // STEPS
            sizes.append(grow(redress, operators, goal, given.in_flight, operators.filed * RUNS_EACH))
    ratio = sizes[-1].proportional / sizes[0].proportional
    is_good = ratio < GOAL_RATIO
    say(f"after {given.runs:,} to after {FEW} runs: {ratio:.2f} : 1 (goal: under {GOAL_RATIO})")
    say("Goal met." if is_good else "Goal missed.")
    sys.exit(not is_good)


def grow(redress: Installation, operators: Operators, runs: int, in_flight: int, before: int) -> Memory:
    """Let complaints live until there were so many runs, and return the worker's memory then."""
    lives = operators.live(-(-(runs - before) // RUNS_EACH), in_flight)
    if lives.lost or set(lives.ended) != {"COMPLETED"}:
        raise SystemExit(
            f"{lives.lost} complaints came to no end, {dict(lives.ended)}:\n{redress.last_words('worker')}"
        )
    time.sleep(2)
    size = memory([redress.processes["worker"].pid])
    resident, own = (one / 2**20 for one in (size.resident, size.proportional))
    done = operators.filed * RUNS_EACH
    say(
        f"{done:6,} runs: {own:7.1f} MiB in {size.processes} processes "
        f"(with what they share counted for each {resident:.1f})"
    )
    return size


if __name__ == "__main__":
    say(f"memory of the resident worker, {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} processors")
    main()
