"""The play: complaints are filed and answered while things strike; then it is waited for the end, and counted."""

import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial
from threading import Thread
from typing import Final

from sqlalchemy import create_engine

from benchmarks.chaos.checks import Check, check_all
from benchmarks.chaos.firm import VICTIMS, Firm
from benchmarks.chaos.plan import Strike
from benchmarks.chaos.recovery import recoveries, taken_for_dead
from benchmarks.chaos.sender import Crm
from benchmarks.chaos.sink import taken
from benchmarks.chaos.staff import Staff
from benchmarks.chaos.striking import Striker
from benchmarks.installation import SECRET
from benchmarks.postgres import say
from complaints.adapters.store import Store

GOAL_SECONDS: Final = 60.0
"""From the kill of a worker to the next step of any run that it had in its hands."""

PATIENCE_SECONDS: Final = 900.0
"""How long it may take, once all is quiet, until everything has come to its end."""

MOVE_SECONDS: Final = 10.0
"""Between two moves of the firm's time, each by an hour: as long as a follow-up is put off here."""

SETTLE_SECONDS: Final = 20.0
"""How long Prefect's servers may take to write down the last steps."""


def live(firm: Firm, plan: Sequence[Strike], cases: int, seconds: float) -> Iterator[Check]:
    """Let complaints live while a plan is carried out; yield what came of it.

    Args:
        firm: Its processes are up.
        plan: What strikes when.
        cases: How many complaints are filed.
        seconds: Over how long they are spread, and how long the plan lasts.
    """
    redress, prefect = firm.redress, create_engine(firm.redress.prefect_url)
    crm = Crm(f"http://{redress.where.door_host}:{redress.where.door_port}", SECRET)
    staff = Staff(redress.store, prefect, lambda: [*crm.accepted.values()], FirmTime(redress.store))
    names = [name for sort in VICTIMS.values() for name in sort]
    striker = Striker(redress.store, {name: partial(firm.pid, name) for name in names}, say)
    sending = Thread(target=crm.send_all, args=(cases, seconds), daemon=True)
    began = time.monotonic()
    try:
        sending.start()
        staff.start()
        striker.carry_out(plan)
        sending.join()
        quiet = time.monotonic()
        say(f"quiet after {quiet - began:.0f} s: {len(crm.accepted)} accepted, {len(staff.ended)} at their end")
        is_at_end = crm.until_answered(PATIENCE_SECONDS) and staff.until_all_ended(cases, PATIENCE_SECONDS)
        took = time.monotonic() - quiet
        time.sleep(SETTLE_SECONDS)
    finally:
        striker.stop()
        crm.stop()
        staff.stop()
    say("")
    found = f"{len(staff.ended)} of {cases}, {took:.0f} s after the last strike"
    yield Check("cases at their end", found, is_at_end)
    yield from check_all(redress.store, prefect, crm.accepted, crm.numbers(cases), taken(firm.mails))
    yield from tell_of_strikes(firm, striker)
    longest = max(recoveries(prefect, striker.killed), default=0.0)
    held = len([*recoveries(prefect, striker.killed)])
    yield Check("next step after a worker's kill", f"{held} runs held, longest {longest:.1f} s", longest < GOAL_SECONDS)
    stopped = [*recoveries(prefect, striker.stopped)]
    yield Check("  after it was stopped for 30 s", f"{len(stopped)} runs held, longest {max(stopped, default=0):.1f} s")
    yield from tell_of_work(crm, staff)
    prefect.dispose()


def tell_of_strikes(firm: Firm, striker: Striker) -> Iterator[Check]:
    """Yield what was struck how often, and what became of it."""
    struck = sorted({*striker.kills, *striker.stalls})
    counts = (f"{name} {striker.kills[name]}+{striker.stalls[name]}" for name in struck)
    yield Check("kills + stops", f"{', '.join(counts)}; {striker.missed.total()} found nobody there")
    dead = taken_for_dead(firm.redress.store)
    afresh = sum(count for name, count in firm.gave_up.items() if name.startswith("worker"))
    found = f"{dead}, of which {afresh} lived, noticed it and began afresh"
    yield Check("workers taken for dead", found, not striker.stopped or afresh > 0)
    others = {name: count for name, count in firm.gave_up.items() if count and not name.startswith("worker")}
    yield Check("other processes that gave up", str(others or 0), not others)


def tell_of_work(crm: Crm, staff: Staff) -> Iterator[Check]:
    """Yield what sender and operators went through."""
    answers = ", ".join(f"{status or 'none'} × {count}" for status, count in sorted(crm.answers.items()))
    yield Check("answers of the door", answers, not crm.wrong)
    given = sum(staff.answered.values())
    by_command = sum(count for name, count in staff.answered.items() if name.endswith("by command"))
    yield Check("answers of operators", f"{given}, {by_command} by command; {staff.repeated} given again")
    yield Check(
        "  what they met with", ", ".join(f"{what} × {count}" for what, count in staff.troubles.items() if count)
    )
    wrong = [*crm.wrong, *staff.wrong]
    yield Check("what must not happen", "; ".join(wrong[:5]) or "nothing", not wrong)


class FirmTime:
    """Moves the firm's time where a case waits for a date that has not come."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._came: set[str] = set()
        self._next = 0.0

    def __call__(self, asleep: set[str], still_open: int) -> None:
        """Move it by an hour at most, and not too often: no limit of a case that is just open may come near."""
        if asleep - self._came and time.monotonic() > self._next:
            self._store.move_time(self._store.now() + timedelta(minutes=61))
            self._came |= asleep
            self._next = time.monotonic() + MOVE_SECONDS
