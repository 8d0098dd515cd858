"""A monthly summary over many cases in PostgreSQL: ``python -m benchmarks.summary``.

Cases are made in SQL, once spread over twelve months and once all in the month of the summary. A process of its own
takes the frame at a cut-off, makes the figures, and renders them as HTML (zh-CN), XLSX and CSV; its peak of memory is
the operating system's word. The PDF of the same page is told apart. Beside it DuckDB, in a process of its own too,
counts the same rows by the SQL with which the tests check the figures (:mod:`benchmarks.summary_in_duckdb`): every
figure of the month, of the month before and of the same month a year before must be the same.

Ends with 1 where a goal is missed or a figure differs. The server is the one that REDRESS_TEST_POSTGRES_URL names, in
databases of the benchmark's own, else an embedded one.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, text
from sqlalchemy.engine import URL

from benchmarks.deadlines import settle
from benchmarks.postgres import a_database, a_server, a_store, say, seconds
from complaints.adapters.tables import CaseRow
from complaints.regimes.rulebook import load_pack
from complaints.reporting.periods import Period, PeriodKind

REGIME: Final = "cn-nfra"
ZONE: Final = load_pack(REGIME).tz
SIZES: Final = (10_000, 100_000, 1_000_000)
MONTHS: Final = (12, 1)
GOAL_SECONDS, GOAL_BYTES, GOAL_CASES = 20.0, 1.5e9, 1_000_000

DRAWN: Final = """
SELECT n, :starts + random() * (:ends - :starts) AS received_at, random() AS what, random() AS ends, random() AS paid,
  random() AS rare, 1 + random() * 40 AS days, random() * 20 AS more_days, floor(random() * 40) AS product,
  floor(random() * 120) AS issue, floor(random() * 31) AS region, floor(random() * 200) AS handler,
  floor(random() * 11) AS category, floor(random() * 5) AS cause, floor(random() * 8) AS channel,
  floor(random() * 3) AS three
FROM generate_series(1, :number) AS n
"""
ANSWERED: Final = """
SELECT *, CASE WHEN ends < 0.93 AND received_at + days * interval '1 day' < :as_at
  THEN received_at + days * interval '1 day' END AS answered_at FROM drawn
"""
ENDED: Final = """
SELECT *, CASE WHEN ends < 0.9 AND answered_at + more_days * interval '1 day' < :as_at
  THEN answered_at + more_days * interval '1 day' END AS closed_at FROM answered
"""
CATEGORIES: Final = "product,service,contract,information,fees,collection,payment,claim,credit_report,conduct,other"
CAUSES: Final = "improper_communication,leaked_information,forbidden_time,repeated_collection,general"
REMEDIES: Final = "refund,apology,explanation,correction,none"
PAID: Final = "closed_at IS NOT NULL AND cause = 0"
AMOUNT: Final = "round((1000 * paid)::numeric, 2)"
CHANNELS: Final = "web,app,email,telephone,counter,post,regulator,hotline"


def one_of(words: str, column: str) -> str:
    """Say in SQL which of some words a drawn number stands for."""
    return f"(string_to_array('{words}', ','))[{column}::int + 1]"


VALUES: Final = {
    "reference": "'TS' || to_char(received_at, 'YYMMDD') || '-' || lpad(n::text, 7, '0')",
    "version": "12",
    "head": "md5(n::text) || md5(n::text)",
    "stage": "CASE WHEN closed_at IS NULL THEN 'under_investigation' ELSE 'closed' END",
    "regime": f"'{REGIME}'",
    "sender": "'crm'",
    "number": "'CRM-' || n",
    "channel": one_of(CHANNELS, "channel"),
    "language": "'zh-CN'",
    "party_type": "CASE WHEN rare < 0.04 THEN 'firm' ELSE 'person' END",
    "history": "false",
    "kind": "CASE WHEN what < 0.8 THEN 'complaint' WHEN what < 0.92 THEN 'consultation' "
    "WHEN what < 0.96 THEN 'suggestion' WHEN what < 0.99 THEN 'report' END",
    "category": one_of(CATEGORIES, "category"),
    "cause": one_of(CAUSES, "cause"),
    "severity": one_of("ordinary,complex,major", "three"),
    "urgency": "CASE WHEN rare < 0.1 THEN 'urgent' ELSE 'general' END",
    "department": one_of("complaints,collection,risk,product,compliance", "cause"),
    "product": "'产品' || product",
    "sub_product": "'产品' || product || '-' || three",
    "issue": "'问题' || issue",
    "region": "'CN-' || (11 + region)",
    "amount": "round((100 * paid)::numeric, 2)",
    "currency": "'CNY'",
    "received_at": "received_at",
    "acknowledged_at": "received_at + interval '1 hour'",
    "answered_at": "answered_at",
    "closed_at": "closed_at",
    "decision_due_at": "received_at + interval '15 days'",
    "late": "answered_at > received_at + interval '15 days'",
    "breach_cause": "CASE WHEN answered_at > received_at + interval '15 days' THEN 'staffing' END",
    "outcome": f"CASE WHEN answered_at IS NOT NULL THEN {one_of('upheld,partly_upheld,not_upheld', 'three')} END",
    "remedy": f"CASE WHEN answered_at IS NOT NULL THEN {one_of(REMEDIES, 'cause')} END",
    "redress_paid": f"CASE WHEN {PAID} THEN {AMOUNT} END",
    "redress_currency": f"CASE WHEN {PAID} THEN {one_of('CNY,HKD,USD', 'three')} END",
    "payments": f"CASE WHEN {PAID} THEN jsonb_build_array(jsonb_build_array(to_char(closed_at AT TIME ZONE "
    f"'{ZONE.key}', 'YYYY-MM-DD'), CAST({AMOUNT} AS text), {one_of('CNY,HKD,USD', 'three')})) END",
    "satisfaction": f"CASE WHEN closed_at IS NOT NULL THEN {one_of('satisfied,neutral,dissatisfied', 'three')} END",
    "closure": "CASE WHEN closed_at IS NOT NULL THEN 'completed' END",
    "represented": "rare > 0.9",
    "forwarded": "channel >= 6",
    "is_group": "rare > 0.99",
    "repeats": "0",
    "merged_into": "CASE WHEN rare BETWEEN 0.5 AND 0.53 AND closed_at IS NOT NULL THEN 'TS' || n END",
    "merged_at": "CASE WHEN rare BETWEEN 0.5 AND 0.53 THEN closed_at END",
    "reopened": "0",
    "reopened_at": "CASE WHEN rare BETWEEN 0.6 AND 0.61 THEN closed_at END",
    "review": "CASE WHEN rare BETWEEN 0.6 AND 0.62 THEN 'answered' END",
    "review_asked_at": "CASE WHEN rare BETWEEN 0.6 AND 0.62 THEN answered_at END",
    "review_told_at": "CASE WHEN rare BETWEEN 0.6 AND 0.615 THEN closed_at END",
    "handler": "'staff-' || handler",
    "changed_at": "coalesce(closed_at, answered_at, received_at)",
    "on_hold": "false",
}
"""A case's columns; those that are not here are empty, and nothing looks at its ledger."""


@dataclass(frozen=True)
class Ran:
    """What a process of its own said: its figures by span and id, and what it took."""

    figures: dict[str, dict[str, Any]]
    seconds: dict[str, float]
    peak: int
    cases: int
    worked: float


def main() -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cases", type=int, nargs="+", default=SIZES, help="cases in the database")
    parser.add_argument("--rounds", type=int, default=3, help="summaries made of each database [default: 3]")
    given = parser.parse_args()
    period = Period.containing(PeriodKind.MONTH, datetime.now(ZONE).date()).before
    say(f"summaries of {period.name}, {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} processors")
    well = True
    with a_server() as server:
        for cases in given.cases:
            for months in MONTHS:
                well &= measured(server, cases, months, period, given.rounds)
    sys.exit(0 if well else 1)


def measured(server: URL, cases: int, months: int, period: Period, rounds: int) -> bool:
    """Make cases, and a summary of them here and in DuckDB; return whether the goals were reached."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="redress-bench-")))
        url = stack.enter_context(a_database(server))
        store = a_store(url, home)
        store.migrate()
        took = seconds(lambda: make_cases(store.engine, cases, months, period))
        settle(store.engine)
        where = "all in the month" if months == 1 else f"spread over {months} months"
        say(f"\n{cases:,} cases {where} (made in {took:.0f} s)")
        address = url.render_as_string(hide_password=False)
        ran = [run("benchmarks.summary_of_cases", address, str(home), period.name) for _ in range(rounds)]
        took_by_part = {part: statistics.median(one.seconds[part] for one in ran) for part in ran[0].seconds}
        pdf = took_by_part.pop("pdf")
        total, peak = sum(took_by_part.values()), max(one.peak for one in ran)
        parts = ", ".join(f"{part} {value:.2f}" for part, value in took_by_part.items())
        worked = statistics.median(one.worked for one in ran)
        say(f"  Redress: {total:.2f} s ({parts}), of processor time {worked:.2f} s, peak {peak / 1e6:,.0f} MB")
        say(f"  {ran[0].cases:,} cases in the frame")
        say(f"  its PDF besides: {pdf:.2f} s")
        rows = home / "cases.csv"
        export = seconds(lambda: copy_out(store.engine, rows))
        duck = run("benchmarks.summary_in_duckdb", str(rows), period.name)
        counting, reading = duck.seconds["count"], duck.seconds["read"]
        say(f"  DuckDB: {counting:.2f} s for the same figures, after {export:.2f} s to write the rows as CSV and")
        say(f"    {reading:.2f} s to read them; of processor time {duck.worked:.2f} s, peak {duck.peak / 1e6:,.0f} MB")
        differing = sorted(differences(ran[0].figures, duck.figures))
        number = sum(len(one) for one in ran[0].figures.values())
        say(f"  {number:,} figures compared, {len(differing)} differ {differing[:5] if differing else ''}")
        store.engine.dispose()
    is_within = cases < GOAL_CASES or (total <= GOAL_SECONDS and peak <= GOAL_BYTES)
    return is_within and not differing


def make_cases(engine: Engine, number: int, months: int, period: Period) -> None:
    """Make cases that were received in the months up to the end of a period; the same ones each time."""
    first, (_, ends_at) = period, period.span(ZONE)
    for _ in range(months - 1):
        first = first.before
    given = {"number": number, "starts": first.span(ZONE)[0], "ends": ends_at, "as_at": datetime.now(UTC)}
    names = [column.name for column in CaseRow.__table__.columns if column.name in VALUES]
    listed, values = ", ".join(f'"{name}"' for name in names), ", ".join(VALUES[name] for name in names)
    with engine.begin() as connection:
        connection.execute(text("SELECT setseed(0.6)"))
        connection.execute(
            text(
                f"WITH drawn AS MATERIALIZED ({DRAWN}), answered AS ({ANSWERED}), ended AS ({ENDED}) "
                f"INSERT INTO cases ({listed}) SELECT {values} FROM ended"
            ),
            given,
        )


def copy_out(engine: Engine, file: Path) -> None:
    """Write the rows of ``cases`` as CSV, their instants in UTC."""
    with engine.connect() as connection, file.open("wb") as out:
        connection.execute(text("SET TIME ZONE 'UTC'"))
        cursor = connection.connection.cursor()
        with cursor.copy("COPY cases TO STDOUT (FORMAT csv, HEADER)") as pieces:
            for piece in pieces:
                out.write(piece)


def run(module: str, *given: str) -> Ran:
    """Run a module as a process of its own, and return what it prints."""
    done = subprocess.run([sys.executable, "-m", module, *given], stdout=subprocess.PIPE, check=True)
    return Ran(**json.loads(done.stdout))


def differences(ours: dict[str, dict[str, Any]], theirs: dict[str, dict[str, Any]]) -> set[str]:
    """Return the figures that are not the same; one that is nothing may be left out."""
    return {
        f"{span} {name}"
        for span in ours.keys() | theirs.keys()
        for name in ours[span].keys() | theirs[span].keys()
        if (ours[span].get(name) or 0) != (theirs[span].get(name) or 0)
    }


if __name__ == "__main__":
    main()
