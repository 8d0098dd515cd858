"""What strikes when: killed with -9, or stopped for a while. Drawn from a seed, so that it can be repeated."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

EVERY_SECONDS: Final = 9.0
"""How often something strikes, on average."""

LONGEST_STALL: Final = 30.0
"""Seconds. After 20 without a beat a worker is taken for dead."""

_APART: Final = 12.0
"""Seconds that a victim has to come up again before it is struck again, and its like before that is."""


@dataclass(frozen=True, order=True)
class Strike:
    """Something that happens to a process.

    Attributes:
        at: Seconds after the beginning.
        victim: The process.
        stall: For how many seconds it is stopped; 0: it is killed.
    """

    at: float
    victim: str
    stall: float = 0.0

    def __str__(self) -> str:
        what = f"is stopped for {self.stall:.0f} s" if self.stall else "is killed"
        return f"{self.at:5.1f} s  {self.victim} {what}"


def draw_plan(seed: int, seconds: float, victims: Mapping[str, Sequence[str]]) -> list[Strike]:
    """Draw a plan: every sort of victim is killed and stopped at least once, one worker for the longest time.

    Args:
        seed: The same one draws the same plan.
        seconds: How long things strike.
        victims: The processes by sort. Of one sort, one process at a time is away.
    """
    draw = random.Random(seed)
    wanted = [(sort, is_stall) for sort in sorted(victims) for is_stall in (False, True)]
    count = max(len(wanted), round(seconds / EVERY_SECONDS))
    wanted += [(draw.choice(sorted(victims)), draw.random() < 0.5) for _ in range(count - len(wanted))]
    draw.shuffle(wanted)
    long_one = wanted.index(("worker", True)) if "worker" in victims else -1
    free = dict.fromkeys(victims, 0.0)
    plan = []
    for number, (sort, is_stall) in enumerate(wanted):
        at = max((number + draw.random()) * seconds / count, free[sort])
        stall = round(draw.uniform(1, LONGEST_STALL), 1) if is_stall else 0.0
        stall = LONGEST_STALL if number == long_one else stall
        plan.append(Strike(round(at, 1), draw.choice(victims[sort]), stall))
        free[sort] = at + stall + _APART
    return sorted(plan)
