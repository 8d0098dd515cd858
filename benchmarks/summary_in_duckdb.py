"""The figures of a monthly summary, counted by DuckDB: ``python -m benchmarks.summary_in_duckdb ROWS.csv PERIOD``.

What counts is said by the SQL with which the tests check the figures, so that none of Redress's own counting is in it.
Prints as JSON what reading and counting took, the peak of memory, and every figure above zero.
"""

import json
import re
import resource
import sys
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from time import perf_counter, process_time
from typing import Any

import duckdb

from complaints.regimes.rulebook import load_pack
from complaints.reporting.periods import Period
from tests.complaints.reporting.test_figures_in_sql import COUNTS, FLAGS

ZONE = load_pack("cn-nfra").tz
TEXTS = ("reference", "merged_into", "number", "region", "product", "sub_product", "issue", "handler", "breach_cause")
INSTANTS = ("received_at", "answered_at", "closed_at", "decision_due_at", "merged_at", "reopened_at")
REVIEWS = ("review_asked_at", "review_told_at")
TYPES = (
    dict.fromkeys((*TEXTS, "payments"), "VARCHAR")
    | dict.fromkeys((*INSTANTS, *REVIEWS), "TIMESTAMPTZ")
    | {"redress_paid": "DECIMAL(18, 2)", "history": "BOOLEAN", "late": "BOOLEAN"}
)
PAID = """
WITH read AS (SELECT reference, CAST(CAST(payments AS JSON) AS VARCHAR[3][]) AS payments FROM flagged WHERE NOT hidden),
  each AS (SELECT reference, unnest(payments) AS paid FROM read)
SELECT paid[3], count(DISTINCT reference), sum(CAST(paid[2] AS DECIMAL(18, 2))) FROM each
WHERE paid[1] >= '{first_day}' AND paid[1] <= '{last_day}' GROUP BY 1
"""
BEGINS = "strftime(date_trunc('week', received_on), '%Y-%m-%d')"


def main(rows: str, name: str) -> None:
    """Count, and say what it took."""
    database, period = duckdb.connect(), Period.parse(name)
    database.execute("SET TimeZone = 'UTC'")
    began = perf_counter()
    types = ", ".join(f"'{column}': '{kind}'" for column, kind in TYPES.items())
    database.execute(f"CREATE TABLE cases AS FROM read_csv('{rows}', header = true, types = {{{types}}})")
    read = perf_counter()
    spans = {"period": period, "before": period.before, "year_before": period.year_before}
    figures = {span: counted(database, *one.span(ZONE)) for span, one in spans.items()}
    took = {"read": read - began, "count": perf_counter() - read}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    [(cases,)] = database.execute("SELECT count(*) FROM cases").fetchall()
    json.dump({"figures": figures, "seconds": took, "peak": peak, "cases": cases, "worked": process_time()}, sys.stdout)


def counted(database: Any, starts_at: datetime, ends_at: datetime) -> dict[str, Any]:
    """Return the figures of a span, by their ids."""
    given = {"starts": starts_at.astimezone(UTC), "ends": ends_at.astimezone(UTC)}

    def ask(query: str) -> list[Any]:
        used = {name: value for name, value in given.items() if f":{name}" in query}
        found: list[Any] = database.execute(re.sub(r":(starts|ends)", r"$\1", query), used).fetchall()
        return found

    last_day = (ends_at - timedelta(microseconds=1)).astimezone(ZONE).date()
    receipt = day("received_at")
    ends = {"end": "COALESCE(answered_at, closed_at)", "answer": "answered_at", "close": "closed_at"}
    lasted = {f"days_to_{name}": f"({day(column)} - {receipt})" for name, column in ends.items()}
    flags = FLAGS.format(day_of_receipt=receipt, age=f"(DATE '{last_day}' - {receipt})", **lasted)
    ask(f"CREATE OR REPLACE TEMP TABLE flagged AS {flags}")
    figures: dict[str, Any] = {}
    for (section, _), (code, measures) in COUNTS.items():
        counts = ", ".join(f"count(*) FILTER (WHERE {where})" for where in measures.values())
        for value, *numbers in ask(f"SELECT {code.replace('{step}', BEGINS)}, {counts} FROM flagged GROUP BY 1"):
            for measure, number in zip(measures, numbers, strict=True):
                if number:
                    figures[f"{section}.{value}.{measure}"] = number
    first_day = starts_at.astimezone(ZONE).date()
    for currency, cases, amount in ask(PAID.format(first_day=first_day, last_day=last_day)):
        figures |= {f"redress.{currency}.cases": cases, f"redress.{currency}.amount": str(amount)}
    for end, which in (("answer", "answered"), ("close", "closed")):
        lasting = f"SELECT count(*), sum(days_to_{end}), median(days_to_{end}) FROM flagged WHERE {which}"
        [(number, total, median)] = ask(lasting)
        if number:
            figures[f"durations.{end}.average_days"] = str(tenth(Decimal(int(total)) / number))
            figures[f"durations.{end}.median_days"] = str(tenth(Decimal(str(median))))
    return figures


def day(instant: str) -> str:
    """The day of an instant in Shanghai, which is eight hours ahead of UTC all the year."""
    return f"CAST(CAST({instant} AS TIMESTAMP) + INTERVAL 8 HOUR AS DATE)"


def tenth(value: Decimal) -> Decimal:
    """A figure with one decimal, a half rounded up."""
    return value.quantize(Decimal("0.1"), ROUND_HALF_UP)


if __name__ == "__main__":
    main(*sys.argv[1:])
