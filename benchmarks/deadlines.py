"""What a sweep costs with 10,000 and with 1,000,000 open clocks on PostgreSQL: ``python -m benchmarks.deadlines``.

At each of twenty sweeps 1,000 clocks are due. Their cases are real: received, acknowledged by letter, assessed and
under investigation, with ledgers, keys and sealed data as in production. Ten groups of 1,000 come to half of their
time one after the other, and then to 80 % of it. The other clocks are made in SQL, after the pattern of a real case:
each with a row in ``cases``, two in ``clocks`` (one of them done) and two in ``ledger``, and none of them due.

The server is the one that REDRESS_TEST_POSTGRES_URL names, in databases of the benchmark's own, else an embedded one.
"""

import argparse
import logging
import os
import secrets
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, event, insert, text
from sqlalchemy.engine import URL

from benchmarks.postgres import a_database, a_server, a_store, key_file, say, seconds
from complaints import acts
from complaints.adapters.entries import new_entry
from complaints.adapters.projection import case_columns, clock_columns
from complaints.adapters.store import Store
from complaints.adapters.sweeping import BATCH, sweep
from complaints.adapters.tables import CaseKeyRow, CaseRow, ClockRow, EntryRow
from complaints.assessment import assess
from complaints.case import Case
from complaints.intake import Complaint
from complaints.ledger import genesis
from complaints.reception import receive
from complaints.regimes.rulebook import Rulebook
from complaints.sealing import CaseKey

ZONE: Final = ZoneInfo("Asia/Shanghai")
RECEIVED: Final = datetime(2026, 3, 2, 9, 0, tzinfo=ZONE)
REGIME: Final = "cn-nfra"
GROUPS: Final = 10
TABLES: Final = ("clocks", "cases", "ledger")
COLUMNS: Final = ("idx_tup_fetch", "seq_tup_read", "n_tup_ins", "n_tup_upd")
"""What PostgreSQL counts of a table."""

GOAL_SECONDS: Final = 2.0
GOAL_RATIO: Final = 1.5


def main() -> None:
    """Measure, print the figures, and end with 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--few", type=int, default=10_000, help="open clocks at first [default: 10000]")
    parser.add_argument("--many", type=int, default=1_000_000, help="open clocks then [default: 1000000]")
    parser.add_argument("--due", type=int, default=1_000, help="clocks due at each sweep [default: 1000]")
    parser.add_argument("--no-flow", action="store_true", help="leave out the sweep as a flow on a Prefect server")
    given = parser.parse_args()
    if given.few < GROUPS * given.due:
        parser.error(f"--few must be at least {GROUPS} times --due: so many cases are real")
    began = perf_counter()
    with ExitStack() as stack:
        server = stack.enter_context(a_server())
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="redress-bench-")))
        template = stack.enter_context(a_database(server))
        say(f"{GROUPS * given.due:,} real cases, {seconds(lambda: make_real_cases(template, home, given.due)):.0f} s")
        trials = [
            Trial(stack.enter_context(a_database(server, template)), home, clocks, given.due)
            for clocks in (given.few, given.many)
        ]
        for moment in moments(given.due):
            for trial in trials:  # in turn, so that whatever else the machine does meets both
                trial.sweep(moment)
        for trial in trials:
            trial.show()
        if not given.no_flow:
            trials[-1].show_flow(home)
        is_good = judge(*trials)
        for trial in trials:
            trial.store.engine.dispose()
    say(f"The whole took {perf_counter() - began:.0f} s.")
    sys.exit(not is_good)


def judge(few: "Trial", many: "Trial") -> bool:
    """Print how the figures stand to the goals; return whether all are met."""
    ratios = [many.p50 / few.p50, many.p95 / few.p95]
    say(f"\n{many.clocks:,} to {few.clocks:,} open clocks: p50 {ratios[0]:.2f} : 1, p95 {ratios[1]:.2f} : 1")
    missed = [
        sentence
        for sentence, is_missed in (
            (f"p95 under {GOAL_SECONDS} s", many.p95 >= GOAL_SECONDS),
            (f"ratio under {GOAL_RATIO}", max(ratios) >= GOAL_RATIO),
            ("no sequential scan", any(many.read[table, "seq_tup_read"] for table in TABLES)),
        )
        if is_missed
    ]
    say(f"Goals missed: {', '.join(missed)}" if missed else "All goals met.")
    return not missed


# --- measuring ----------------------------------------------------------------------------------


class Trial:
    """A database with so many open clocks, and what sweeping it takes."""

    def __init__(self, url: URL, home: Path, clocks: int, due: int) -> None:
        self.url, self.clocks, self.due = url, clocks, due
        self.store = a_store(url, home)
        self.added = clocks - GROUPS * due
        began = perf_counter()
        make_others(self.store.engine, self.added)
        settle(self.store.engine)
        took = perf_counter() - began
        say(f"{clocks:,} open clocks: {self.added:,} of them made in SQL, {took:.0f} s")
        self.candidates = Statement(self.store.engine, "SELECT clocks.next_at")
        self.times: list[float] = []
        self._before = usage(self.store.engine)

    def sweep(self, moment: datetime) -> None:
        """Sweep once and keep the wall time, to the last commit."""
        self.store.move_time(moment)
        began = perf_counter()
        struck = sweep(self.store)
        self.times.append(perf_counter() - began)
        if len(struck) != self.due:
            sys.exit(f"{len(struck)} clocks were due, not {self.due}: the benchmark is wrong")

    @property
    def p50(self) -> float:
        """The median wall time."""
        return statistics.median(self.times)

    @property
    def p95(self) -> float:
        """The wall time that 95 % of the sweeps did not exceed (nearest rank)."""
        return sorted(self.times)[-(-len(self.times) * 95 // 100) - 1]

    def show(self) -> None:
        """Print times, the rows that PostgreSQL read for them, and how it finds what is due."""
        self.read = {name: after - self._before[name] for name, after in usage(self.store.engine).items()}
        sweeps = len(self.times)
        say(f"\n{self.clocks:,} open clocks, {self.due:,} due at each of {sweeps} sweeps")
        say(f"  p50 {self.p50:.3f} s, p95 {self.p95:.3f} s, longest {max(self.times):.3f} s")
        for table in TABLES:
            by_index, in_sequence, inserted, updated = (self.read[table, column] / sweeps for column in COLUMNS)
            say(
                f"  rows of {table:7} a sweep: {by_index:,.0f} read by index, {in_sequence:,.0f} in sequence, "
                f"{inserted:,.0f} inserted, {updated:,.0f} updated"
            )
        say(self.candidates.explained(self.store))

    def show_flow(self, home: Path) -> None:
        """Print what a sweep takes as a flow, and what one takes at which nearly all that is real is due."""
        took = flow_seconds(self.store, home, self.url)
        say(f"  as a flow on a Prefect server, with events and board: {took:.2f} s")
        rest = (GROUPS - 1) * self.due
        say(f"  {rest:,} due at one moment: {seconds(lambda: sweep(self.store)):.2f} s")


def usage(engine: Engine) -> dict[tuple[str, str], int]:
    """Return PostgreSQL's own count of rows, once every session has reported."""
    engine.dispose()  # a session reports at its end
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_sleep(1)"))
        rows = connection.execute(text(f"SELECT relname, {', '.join(COLUMNS)} FROM pg_stat_user_tables")).mappings()
        return {(row["relname"], column): row[column] or 0 for row in rows for column in COLUMNS}


class Statement:
    """A statement that the sweep sends, caught on its way."""

    def __init__(self, engine: Engine, begins: str) -> None:
        self.begins, self.caught = begins, ("", ())
        event.listen(engine, "before_cursor_execute", self._catch)

    def _catch(self, connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith(self.begins):
            self.caught = (statement, parameters)

    def explained(self, store: Store) -> str:
        """Return how PostgreSQL would go about it now."""
        statement, parameters = self.caught
        with store.read() as session:
            plan = session.connection().exec_driver_sql(f"EXPLAIN {statement}", parameters).scalars().all()
        return "\n".join(["  how the candidates are found:", *(f"    {line}" for line in plan)])


def flow_seconds(store: Store, home: Path, url: URL) -> float:
    """Return what one sweep of the first group takes as a flow, on a Prefect server of its own."""
    with store.write() as session:
        session.execute(text("UPDATE alerts SET announced_at = now(), sent_at = now()"))
        session.execute(text("UPDATE clocks SET shown = standing WHERE shown <> standing"))
        later = (
            f"UPDATE clocks SET next_at = next_at + interval '1 hour' WHERE next_at <= '{due_at():%Y-%m-%d %H:%M}+08'"
        )
        session.execute(text(f"{later} AND reference >= '{reference_of(1, 0)}'"))
    os.environ |= {
        "REDRESS_HOME": str(home),
        "REDRESS_DATABASE_URL": url.render_as_string(hide_password=False),
        "REDRESS_MASTER_KEY_FILE": str(key_file(home)),
        "PREFECT_LOGGING_LEVEL": "ERROR",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    }
    from prefect.testing.utilities import prefect_test_harness

    from flows.watch_deadlines import watch_deadlines

    store.move_time(due_at())
    with prefect_test_harness(server_startup_timeout=120):
        took = seconds(watch_deadlines)
    store.move_time(due_at() + timedelta(hours=2))
    return took


# --- time ---------------------------------------------------------------------------------------


def due_at() -> datetime:
    """Return when every real case's limit runs out: the end of the fifteenth day."""
    return RECEIVED.replace(hour=0) + timedelta(days=16)


def received_at(group: int, number: int) -> datetime:
    """Return when a case was received: a group every half hour, a case every second."""
    return RECEIVED + timedelta(minutes=30 * group, seconds=number)


def moments(due: int) -> Iterator[datetime]:
    """Yield when one group after the other has passed half of its time, and then 80 % of it."""
    for share in (0.5, 0.8):
        for group in range(GROUPS):
            last = received_at(group, due - 1)
            yield last + (due_at() - last) * share + timedelta(seconds=1)


# --- making cases -------------------------------------------------------------------------------


def reference_of(group: int, number: int) -> str:
    """Return a reference that sorts by group."""
    return f"TS260302-R{group}{number:05}"


COMPLAINT: Final = Complaint.model_validate(
    {
        "channel": "web",
        "kind": "complaint",
        "complainant": {"name": "林知夏", "contacts": [{"kind": "email", "value": "lin.zhixia@example.cn"}]},
        "product": "轻舟消费贷",
        "category": "fees",
        "narrative": "账户服务费被扣了两次,客服三次来电均称系统延迟,至今未退。" * 5,
        "wanted": "退还多扣的一笔。",
        "amount": {"value": "128.50"},
    }
)


def make_real_cases(url: URL, home: Path, due: int) -> None:
    """File cases and lead them to their investigation."""
    store = a_store(url, home)
    store.migrate()
    store.make_demo(RECEIVED)
    rules = store.rules()
    for group in range(GROUPS):
        with store.write() as session:
            rows: dict[type, list[dict[str, Any]]] = {CaseRow: [], CaseKeyRow: [], EntryRow: [], ClockRow: []}
            for number in range(due):
                add_rows(rows, a_case(reference_of(group, number), received_at(group, number), rules), store)
            for table, content in rows.items():
                session.execute(insert(table), content)
    store.engine.dispose()


def a_case(reference: str, at: datetime, rules: Rulebook, complaint: Complaint = COMPLAINT) -> Case:
    """A complaint under investigation whose receipt was acknowledged by letter."""
    case = receive(reference, rules.pack(REGIME), complaint, "crm", at, rules=rules)
    letter = {"letter": "acknowledgement", "round": 1, "channel": "email"}
    prepared = {"number": f"{reference}-1", "language": "zh-CN", "message_id": f"<{reference}-1@example.com>"}
    sealed = {"sha256": secrets.token_hex(32), "recipient": "lin.zhixia@example.cn"}
    case.record(acts.LetterPrepared.model_validate(letter | prepared | sealed), at)
    case.record(acts.LetterSent.model_validate(letter | {"receipt": "250 accepted"}), at)
    case.record(acts.Acknowledged(), at)
    case.record(assess(case), at)
    case.record(acts.InvestigationOpened(department="complaints"), at)
    return case


def add_rows(rows: dict[type, list[dict[str, Any]]], case: Case, store: Store) -> None:
    """Add what the database holds of a case."""
    key, head = CaseKey.new(case.reference), genesis(case.reference)
    for seq, recorded in enumerate(case.new, start=1):
        entry = new_entry(case.reference, seq, head, recorded, key)
        head = entry.hash
        rows[EntryRow].append(entry.__dict__)
    rows[CaseRow].append({"reference": case.reference, "version": len(case.new), "head": head} | case_columns(case))
    rows[CaseKeyRow].append({"reference": case.reference, "wrapped": key.wrapped(store.master)})
    for name, columns in clock_columns(case).items():
        rows[ClockRow].append({"reference": case.reference, "name": name} | columns)


OTHERS: Final = (
    # After the first real case; the reference comes before, between and after the real ones.
    """
    CREATE TEMPORARY TABLE others AS
    SELECT g, 'TS2603' || lpad((g % 28 + 1)::text, 2, '0') || '-' || lpad(g::text, 7, '0') AS reference,
           interval '1 second' * (random() * 86400 * 15) AS shift
    FROM generate_series(1, :number) AS g
    """,
    "INSERT INTO cases ({cases}) SELECT {case_values} FROM others, cases AS one WHERE one.reference = :one",
    """
    INSERT INTO clocks ({clocks}) SELECT {clock_values}
    FROM others, clocks AS one WHERE one.reference = :one
    """,
    """
    INSERT INTO ledger ({ledger}) SELECT {entry_values}
    FROM others, ledger AS one WHERE one.reference = :one AND one.seq <= 2
    """,
)


def make_others(engine: Engine, number: int) -> None:
    """Make open cases in SQL whose clocks are not due before the benchmark ends."""
    if number < 1:
        return
    # Received later than the real ones, so that the first mark comes when the benchmark is over.
    shifted = {"received_at": "interval '30 days' + shift", "due_at": "interval '30 days' + shift"}
    shifted |= dict.fromkeys(("acknowledged_at", "changed_at", "next_at", "at"), shifted["due_at"])
    names = {table: columns_of(engine, table) for table in TABLES}

    def values(table: str) -> str:
        own = {"reference": "others.reference", "sealed": "NULL"} | {
            name: f"one.{name} + {by}" for name, by in shifted.items()
        }
        return ", ".join(own.get(name, f'one."{name}"') for name in names[table])

    listed = {table: ", ".join(f'"{name}"' for name in names[table]) for table in TABLES}
    filled = {"case_values": values("cases"), "clock_values": values("clocks"), "entry_values": values("ledger")}
    with engine.begin() as connection:
        for statement in OTHERS:
            given = {"number": number} if ":number" in statement else {"one": reference_of(0, 0)}
            connection.execute(text(statement.format(**listed, **filled)), given)


def columns_of(engine: Engine, table: str) -> list[str]:
    """Return the names of a table's columns."""
    query = "SELECT column_name FROM information_schema.columns WHERE table_name = :table AND table_schema = 'public'"
    with engine.connect() as connection:
        return list(connection.execute(text(query), {"table": table}).scalars())


def settle(engine: Engine) -> None:
    """Do what autovacuum does in time, so that the planner knows the tables."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
        connection.execute(text("CHECKPOINT"))


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    say(f"sweeps in batches of {BATCH}, {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} processors")
    main()
