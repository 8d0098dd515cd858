"""Complaints live through their whole life while processes are killed with -9 or stopped at random moments.

``python -m benchmarks.chaos``: a firm on this machine, a CRM that files complaints at its door, operators who answer
by script. Then quiet: everything must come to its end without further help than the operators', and everything is
counted. The seed draws what strikes when; what it meets depends on the machine.
"""

import argparse
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.chaos.firm import VICTIMS, Firm, a_firm
from benchmarks.chaos.plan import draw_plan
from benchmarks.play import REGIME, RULES
from benchmarks.postgres import say


def main() -> None:
    """Run, print the table, and end with 1 where something is wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=5, help="draws what strikes when [default: 5]")
    parser.add_argument("--cases", type=int, default=300, help="complaints [default: 300]")
    parser.add_argument("--minutes", type=float, default=5, help="how long things strike [default: 5]")
    given = parser.parse_args()
    plan = draw_plan(given.seed, given.minutes * 60, VICTIMS)
    say(f"seed {given.seed}, {given.cases} complaints, {given.minutes:g} minutes:")
    for strike in plan:
        say(f"  {strike}")
    with a_firm() as firm:
        firm.redress.store.make_demo(datetime.now(UTC))
        with firm.redress.store.write() as session:
            firm.redress.store.add_rule(session, "pack", REGIME, "1", RULES, "benchmark")
        from benchmarks.chaos.living import live  # Prefect reads what was just set

        with firm.up():
            checks = list(live(firm, plan, given.cases, given.minutes * 60))
        for check in checks:
            say(str(check))
        is_good = all(check.is_good for check in checks)
        if not is_good:
            say(f"The logs are in {keep_logs(firm)}")
    sys.exit(not is_good)


def keep_logs(firm: Firm) -> Path:
    """Keep what the processes logged, and which letters the mail server took."""
    kept = Path(tempfile.mkdtemp(prefix="redress-chaos-logs-"))
    shutil.copytree(firm.redress.where.home / "logs", kept, dirs_exist_ok=True)
    if firm.mails.exists():
        shutil.copy(firm.mails, kept)
    return kept


if __name__ == "__main__":
    main()
