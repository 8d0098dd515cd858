"""``make chaos`` in small: worker and door are killed, the mail server stands still, and all comes to its end."""

import random
import threading
import time
from collections import Counter
from datetime import timedelta
from functools import partial

from sqlalchemy import create_engine

from benchmarks.chaos.checks import check_all
from benchmarks.chaos.plan import Strike
from benchmarks.chaos.recovery import recoveries
from benchmarks.chaos.sender import Crm
from benchmarks.chaos.staff import Staff
from benchmarks.chaos.striking import Striker
from complaints.settings import settings
from flows.runs import prefect_client
from tests.flows.running import Running

COMPLAINTS = 8
SEED = 7
FIRST = 900_001
STALL_SECONDS = 6.0  # longer than the worker waits for a mail server's answer


def test_what_is_killed_while_complaints_are_filed_and_answered_loses_and_repeats_nothing(redress: Running) -> None:
    draw, prefect = random.Random(SEED), create_engine(f"sqlite:///{settings().home / 'prefect' / 'prefect.db'}")
    where = settings()
    secret = where.webhook_secrets["crm"][0].get_secret_value()
    crm = Crm(f"http://{where.door_host}:{where.door_port}", secret, FIRST)
    staff = Staff(redress.store, prefect, lambda: [*crm.accepted.values()], EightDays(redress, crm))
    striker = Striker(redress.store, {name: partial(process_of, redress, name) for name in ("worker", "door")}, print)
    plan = sorted(Strike(draw.uniform(1, 4), victim) for victim in ("worker", "door"))
    stall = threading.Timer(draw.uniform(0, 3), mail_server_stands_still, [redress])
    try:
        staff.start()
        stall.start()
        threading.Thread(target=crm.send_all, args=(COMPLAINTS, 4.0), daemon=True).start()
        striker.carry_out(plan)
        is_at_end = staff.until_all_ended(COMPLAINTS, 120)
    finally:
        stall.join()
        crm.stop()
        staff.stop()

    assert is_at_end, redress.stand(crm.accepted.values())
    assert not [*crm.wrong, *staff.wrong]
    assert striker.kills == Counter(worker=1, door=1)
    mails = [line.partition(":")[2].strip() for line in redress.sink.message_ids()]
    ours = [one for one in mails if any(reference in one for reference in crm.accepted.values())]
    checks = [*check_all(redress.store, prefect, crm.accepted, crm.numbers(COMPLAINTS), ours)]
    assert all(check.is_good for check in checks), "\n".join(map(str, checks))
    assert max(recoveries(prefect, striker.killed), default=0.0) < 60
    prefect.dispose()


class EightDays:
    """Moves the firm's time once every case waits for its follow-up, and has the dates looked at."""

    def __init__(self, redress: Running, crm: Crm) -> None:
        self._redress, self._crm = redress, crm
        self._came: set[str] = set()
        self._again_at = 0.0

    def __call__(self, asleep: set[str], still_open: int) -> None:
        if len(asleep - self._came) == still_open > 0 and len(self._crm.accepted) == COMPLAINTS:
            self._redress.store.move_time(self._redress.store.now() + timedelta(days=8))
            self._came |= asleep
        if asleep & self._came and time.monotonic() > self._again_at:
            self._again_at = time.monotonic() + 5
            with prefect_client() as client:
                deployment = client.read_deployment_by_name("watch-deadlines/watch-deadlines")
                client.create_flow_run_from_deployment(deployment.id)


def process_of(redress: Running, name: str) -> int | None:
    child = redress.supervisor.children[name]
    child.restarts = 0  # what other tests ended must not have it started later
    return child.process.pid if child.process and child.process.poll() is None else None


def mail_server_stands_still(redress: Running) -> None:
    redress.controller.loop.call_soon_threadsafe(time.sleep, STALL_SECONDS)
