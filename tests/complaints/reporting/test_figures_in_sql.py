"""Figures a second time, counted by the database in plain SQL: another language, another author of each count.

Nothing of the code that makes the figures is used here but its result. Every section of ``make_figures`` is counted,
the axes of JR/T 0169 too. What is added to them is not: conformance follows from whole ledgers and early warning from a
model, neither of which SQL could tell; they have tests of their own (``test_conformance.py``, ``early_warning/``).
"""

import random
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from importlib.resources import files
from typing import Any

import pytest
from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from complaints import acts
from complaints.acts import Act
from complaints.adapters.frames import load_frame
from complaints.adapters.projection import case_columns
from complaints.adapters.store import Store
from complaints.adapters.tables import CaseRow
from complaints.answers import Question
from complaints.case import Case
from complaints.merging import merge
from complaints.reception import receive
from complaints.regimes.rulebook import load_pack
from complaints.reporting.axes import axes_data
from complaints.reporting.figures import Figures, make_figures
from complaints.reporting.periods import Period
from complaints.words import (
    BreachCause,
    Category,
    Channel,
    Kind,
    Outcome,
    Remedy,
    ReopenReason,
    Satisfaction,
    Severity,
    Stage,
)
from tests.builders import REGIME, SHANGHAI, WAYS, a_case, a_complaint, an_act
from tests.complaints.reporting.rows import random_rows

AS_AT = datetime(2026, 11, 1, tzinfo=SHANGHAI)  # nothing was recorded later
TICK = timedelta(microseconds=1)

# --- what counts ------------------------------------------------------------------------------------

FLAGS = """
SELECT f.*, {day_of_receipt} AS received_on,
  received_at >= :starts AND received_at < :ends AS received,
  COALESCE(kind, '-') = 'complaint' AS complaint,
  COALESCE(kind, '-') = 'report' AS hidden,
  COALESCE(merged_into IS NOT NULL AND merged_at < :ends, FALSE) AS merged,
  COALESCE(closed_at >= :starts AND closed_at < :ends, FALSE) AS closed,
  COALESCE(answered_at >= :starts AND answered_at < :ends, FALSE) AS answered,
  COALESCE(answered_at >= :starts AND answered_at < :ends, FALSE) AND COALESCE(kind, '-') <> 'report' AS told,
  COALESCE(COALESCE(answered_at, closed_at) >= :starts AND COALESCE(answered_at, closed_at) < :ends, FALSE) AS ended,
  received_at < :ends AND NOT COALESCE(closed_at < :ends, FALSE) AND NOT (history AND closed_at IS NULL) AS is_open,
  NOT COALESCE(answered_at < :ends, FALSE) AS unanswered,
  COALESCE(decision_due_at < :ends, FALSE) AS ran_out,
  COALESCE(reopened_at >= :starts AND reopened_at < :ends, FALSE) AS taken_up,
  COALESCE(outcome IN ('upheld', 'partly_upheld'), FALSE) AS right_in_part,
  {days_to_end} AS days_to_end, {days_to_answer} AS days_to_answer, {days_to_close} AS days_to_close, {age} AS age
FROM cases f WHERE regime = 'cn-nfra'
"""

BREAKDOWNS = {
    "category": "uncategorised",
    "cause": "not_stated",
    "channel": "not_stated",
    "region": "not_stated",
    "product": "not_stated",
    "issue": "not_stated",
    "urgency": "unassessed",
    "severity": "unassessed",
    "party_type": "not_stated",
    "department": "unassessed",
}


def hidden(code: str) -> str:
    """A code, or the one that hides whistle-blowing reports."""
    return f"CASE WHEN hidden THEN 'confidential' ELSE {code} END"


def banded(days: str) -> str:
    """The band of a number of days."""
    return (
        f"CASE WHEN {days} <= 15 THEN 'days_0_15' WHEN {days} <= 30 THEN 'days_16_30' "
        f"WHEN {days} <= 60 THEN 'days_31_60' ELSE 'days_over_60' END"
    )


EVENT = hidden("COALESCE(category, 'uncategorised') || '/' || COALESCE(cause, 'not_stated')")
PEOPLE = hidden("party_type || '/' || CASE WHEN represented THEN 'represented' ELSE 'direct' END")
KIND = "COALESCE(kind, 'unassessed')"
RECEIVED = {
    "received": "received",
    "complaints": "received AND complaint",
    "deduplicated": "received AND complaint AND NOT merged",
}
COURSE = {
    "complaints": RECEIVED["complaints"],
    "deduplicated": RECEIVED["deduplicated"],
    "late": "ended AND late AND complaint",
    "upheld": "answered AND right_in_part AND complaint",
}
LOAD = {"received": "received", "closed": "closed", "open": "is_open", "late": "ended AND late"}
OPEN = {"open": "is_open", "unanswered": "is_open AND unanswered", "overdue": "is_open AND unanswered AND ran_out"}
SOLVED = "closed AND NOT hidden AND remedy IS NOT NULL"

TOTALS = {
    "matters": "received",
    "complaints": "received AND complaint",
    "complaints_deduplicated": RECEIVED["deduplicated"],
    "forwarded": "received AND complaint AND forwarded",
    "group": "received AND complaint AND is_group",
    "repeat": "received AND complaint AND (merged OR EXISTS (SELECT 1 FROM cases other "
    "WHERE other.regime = flagged.regime AND other.merged_into = flagged.reference AND other.merged_at < :ends))",
    "closed": "closed",
    "withdrawn": "closed AND closure = 'withdrawn'",
    "reopened": "taken_up",
}
REVIEWS = {
    "asked": "review_asked_at >= :starts AND review_asked_at < :ends",
    "answered": "review_told_at >= :starts AND review_told_at < :ends AND review_told_at >= review_asked_at",
    "changed": "taken_up AND reopened_at >= review_asked_at",
}

OWN = """
[maps.business]
title = { zh = "业务类别", en = "business type" }
by = ["product", "sub_product"]
to = "business"
confidence = "H"

[maps.business.codes]
"轻舟消费贷" = "贷款"
"安心分期 / 助学" = "其他中间业务"
"*" = "其他"
"""
"""What a firm writes of its own products."""

PACKAGED = files("complaints.reporting.returns") / "data" / "cn-nfra.toml"
MAPS = tomllib.loads(PACKAGED.read_text("utf-8"))["maps"]
AXES = {
    "jrt_business": (MAPS["business_by_category"], tomllib.loads(OWN)["maps"]["business"]),
    "jrt_cause": (MAPS["cause"],),
    "jrt_channel": (MAPS["channel"],),
}


def on_axis(*maps: dict[str, Any]) -> str:
    """The code that the first of some maps has for a case: by all its columns, by the first, or by the star."""
    cases = []
    for one in maps:
        keys = sorted((key.split(" / ") for key in one["codes"] if key != "*"), key=len, reverse=True)
        whens = [
            "WHEN {} THEN '{}'".format(
                " AND ".join(f"{column} = '{part}'" for column, part in zip(one["by"], key, strict=False)),
                one["codes"][" / ".join(key)],
            )
            for key in keys
        ]
        rest = f"'{one['codes']['*']}'" if "*" in one["codes"] else "NULL"
        cases.append(f"CASE {' '.join(whens)} ELSE {rest} END")
    return f"COALESCE({', '.join(cases)}, 'unmapped')"


COUNTS: dict[tuple[str, str], tuple[str, Mapping[str, str]]] = {
    **{("totals", code): (f"'{code}'", {"cases": where}) for code, where in TOTALS.items()},
    **{("reviews", code): (f"'{code}'", {"cases": where}) for code, where in REVIEWS.items()},
    ("kind", ""): (KIND, RECEIVED),
    **{(name, ""): (hidden(f"COALESCE({name}, '{none}')"), RECEIVED) for name, none in BREAKDOWNS.items()},
    ("handled", ""): (
        banded("days_to_end"),
        {"cases": "ended AND complaint AND NOT merged", "late": "ended AND complaint AND NOT merged AND late"},
    ),
    ("timeliness", ""): (KIND, {"in_time": "ended AND NOT late", "late": "ended AND late"}),
    ("breach_causes", ""): (hidden("COALESCE(breach_cause, 'not_stated')"), {"cases": "ended AND late"}),
    ("closed_by", ""): ("closure", {"closed": "closed"}),
    ("outcomes", ""): ("outcome", {"cases": "told AND outcome IS NOT NULL"}),
    ("upheld", ""): (
        hidden("COALESCE(category, 'uncategorised')"),
        {one: f"told AND outcome = '{one}'" for one in ("upheld", "partly_upheld", "not_upheld")},
    ),
    ("remedies", ""): ("remedy", {"cases": "told AND remedy IS NOT NULL"}),
    ("satisfaction", ""): ("satisfaction", {"cases": "closed AND NOT hidden AND satisfaction IS NOT NULL"}),
    ("open_by_age", ""): (banded("age"), OPEN),
    ("durations", "answer"): ("'answer'", {"cases": "answered"}),
    ("durations", "close"): ("'close'", {"cases": "closed"}),
    ("handlers", ""): (hidden("COALESCE(handler, 'not_stated')"), LOAD),
    ("departments", ""): (hidden("COALESCE(department, 'unassessed')"), LOAD),
    ("dimension_time", ""): ("{step}", RECEIVED),
    ("dimension_people", ""): (PEOPLE, COURSE),
    ("dimension_event", ""): (EVENT, COURSE),
    ("dimension_channel", ""): (hidden("channel"), COURSE),
    ("dimension_solution", ""): (
        "remedy",
        {
            "cases": SOLVED,
            "satisfied": f"{SOLVED} AND satisfaction = 'satisfied'",
            "broadly_satisfied": f"{SOLVED} AND satisfaction = 'neutral'",
            "dissatisfied": f"{SOLVED} AND satisfaction = 'dissatisfied'",
            "reopened": f"{SOLVED} AND reopened_at IS NOT NULL",
        },
    ),
    **{
        (section, ""): (on_axis(*maps), {name: RECEIVED[name] for name in ("complaints", "deduplicated")})
        for section, maps in AXES.items()
    },
    ("root_causes", ""): (EVENT, {"cases": "told AND right_in_part"}),
}

PAID = """
SELECT {currency}, reference, {amount} FROM flagged, {payments}
WHERE NOT hidden AND {paid_on} >= '{first_day}' AND {paid_on} <= '{last_day}'
"""
PAYMENTS = {
    "sqlite": {"payments": "json_each(payments) AS p"}
    | {name: f"p.value ->> '$[{at}]'" for at, name in enumerate(("paid_on", "amount", "currency"))},
    "postgresql": {"payments": "jsonb_array_elements(CAST(payments AS jsonb)) AS p"}
    | {name: f"p ->> {at}" for at, name in enumerate(("paid_on", "amount", "currency"))},
}
"""How a database reads the column of payments."""

AVERAGES = """
SELECT COUNT(*), SUM(days), (SELECT AVG(1.0 * days) FROM numbered WHERE place IN ((total + 1) / 2, (total + 2) / 2))
FROM numbered
"""
NUMBERED = (
    "numbered AS (SELECT {days} AS days, ROW_NUMBER() OVER (ORDER BY {days}) AS place, COUNT(*) OVER () AS total "
    "FROM flagged WHERE {which})"
)

# --- asking the database ----------------------------------------------------------------------------


class Recount:
    """Counts the cases of a database from one instant up to another."""

    def __init__(self, session: Session, starts_at: datetime, ends_at: datetime, step: str) -> None:
        self.session, self.sqlite = session, session.get_bind().dialect.name == "sqlite"
        shape = "%Y-%m-%d %H:%M:%S.%f" if self.sqlite else "%Y-%m-%d %H:%M:%S.%f+00"
        self.given = {
            name: at.astimezone(UTC).strftime(shape) for name, at in (("starts", starts_at), ("ends", ends_at))
        }
        self.step = step
        self.first_day, self.last_day = (at.astimezone(SHANGHAI).date() for at in (starts_at, ends_at - TICK))
        self.flagged = f"WITH flagged AS ({self._flags()})"

    def _flags(self) -> str:
        receipt = self.day("received_at")
        ends = {"end": "COALESCE(answered_at, closed_at)", "answer": "answered_at", "close": "closed_at"}
        spans = {f"days_to_{name}": self.days(self.day(column), receipt) for name, column in ends.items()}
        return FLAGS.format(day_of_receipt=receipt, age=self.days(self.date(self.last_day), receipt), **spans)

    def day(self, instant: str) -> str:
        """The day of an instant in Shanghai, which is eight hours ahead of UTC all the year."""
        if self.sqlite:  # which would round the last microsecond of a day up
            return f"date(substr({instant}, 1, 19), '+8 hours')"
        return f"CAST(({instant} AT TIME ZONE 'Asia/Shanghai') AS date)"

    def date(self, day: date) -> str:
        """A day."""
        return f"date('{day}')" if self.sqlite else f"DATE '{day}'"

    def days(self, later: str, earlier: str) -> str:
        """The days between two days."""
        return (
            f"CAST(julianday({later}) - julianday({earlier}) AS INTEGER)" if self.sqlite else f"({later} - {earlier})"
        )

    @property
    def begins(self) -> str:
        """The first day of the week, or of the month, of receipt."""
        if self.sqlite:
            week = "date(received_on, 'weekday 0', '-6 days')"
            return week if self.step == "week" else "strftime('%Y-%m-01', received_on)"
        return f"to_char(date_trunc('{self.step}', received_on), 'YYYY-MM-DD')"

    def ask(self, query: str) -> list[Any]:
        """Return the rows of a query."""
        given = {name: value for name, value in self.given.items() if f":{name}" in query}
        if not self.sqlite:
            query = re.sub(r":(starts|ends)", r"CAST(:\1 AS timestamptz)", query)
        return list(self.session.execute(text(query), given))

    def counted(self) -> dict[str, set[str]]:
        """The references behind every count above zero, by the figure's id."""
        found: dict[str, set[str]] = {}
        for (section, _), (code, measures) in COUNTS.items():
            counts = ", ".join(f"({where})" for where in measures.values())
            query = f"{self.flagged} SELECT {code.replace('{step}', self.begins)}, reference, {counts} FROM flagged"
            for value, reference, *does_count in self.ask(f"{query} WHERE {counts.replace('), (', ') OR (')}"):
                for name in (name for name, counted in zip(measures, does_count, strict=True) if counted):
                    found.setdefault(f"{section}.{value}.{name}", set()).add(reference)
        for currency, reference, _ in self.paid():
            found.setdefault(f"redress.{currency}.cases", set()).add(reference)
        return found

    def paid(self) -> list[Any]:
        """Currency, reference and amount of each payment."""
        dialect = PAYMENTS["sqlite" if self.sqlite else "postgresql"]
        return self.ask(f"{self.flagged} {PAID.format(first_day=self.first_day, last_day=self.last_day, **dialect)}")

    def amounts(self) -> dict[str, Decimal]:
        """What was paid, by currency."""
        amounts: dict[str, Decimal] = {}
        for currency, _, amount in self.paid():
            amounts[currency] = amounts.get(currency, Decimal(0)) + Decimal(amount)
        return amounts

    def averages(self, end: str, which: str) -> tuple[Decimal | None, Decimal | None]:
        """The average and the median of the days to an end, to a tenth."""
        [(number, total, median)] = self.ask(
            f"{self.flagged}, {NUMBERED.format(days=f'days_to_{end}', which=which)} {AVERAGES}"
        )
        return (tenth(Decimal(int(total)) / number), tenth(Decimal(str(median)))) if number else (None, None)


def tenth(value: Decimal) -> Decimal:
    """A figure with one decimal, a half rounded up."""
    return value.quantize(Decimal("0.1"), ROUND_HALF_UP)


# --- comparing --------------------------------------------------------------------------------------


def shown(sections: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every figure by its id."""
    for section, table in sections.items():
        for row in table.to_dict("records"):
            yield from ((f"{section}.{row['code']}.{name}", value) for name, value in row.items() if name != "code")


def compare(store: Store, period: Period) -> Figures:
    """Compare every figure of a period, of the one before and of the same a year before, and every list of cases."""
    windows = [one.span(SHANGHAI) for one in (period, period.before, period.year_before)]
    frame = load_frame(store, AS_AT, windows=windows, regime=REGIME)
    figures = make_figures(frame, period, SHANGHAI, AS_AT, axes_data(REGIME, OWN))
    step = "week" if period.kind == "month" else "month"
    with store.read() as session:
        for sections, window in zip((figures.sections, figures.before, figures.year_before), windows, strict=True):
            recount = Recount(session, *window, step)
            counted, amounts = recount.counted(), recount.amounts()
            durations = {
                end: recount.averages(end, which) for end, which in (("answer", "answered"), ("close", "closed"))
            }
            values = dict(shown(sections))
            for end, (average, median) in durations.items():
                assert values.pop(f"durations.{end}.average_days") == average
                assert values.pop(f"durations.{end}.median_days") == median
            assert {
                name.split(".")[1]: values.pop(name) for name in list(values) if name.endswith(".amount")
            } == amounts
            expected = {name: len(cases) for name, cases in counted.items()}
            shown_too = {name: value for name, value in values.items() if value}
            assert shown_too.items() ^ expected.items() == set()
            if sections is figures.sections:
                assert {name: set(figures.cases_of(name)) for name in counted} == counted
    return figures


# --- rows that may be anything ----------------------------------------------------------------------


def stored(store: Store, rows: list[dict[str, Any]]) -> None:
    """Put rows straight into ``cases``, as if each had been recorded long ago."""
    usual = case_columns(a_case()) | {"version": 1, "head": "0" * 64, "number": None, "sender": "crm"}
    usual["changed_at"] = datetime(2026, 1, 1, tzinfo=UTC)
    with store.write() as session:
        session.execute(insert(CaseRow), [usual | row for row in rows])


@pytest.mark.parametrize(("seed", "period"), [(1, "2026-03"), (2, "2026-Q2")])
def test_every_figure_of_random_cases_is_what_the_database_counts(store: Store, seed: int, period: str) -> None:
    stored(store, random_rows(seed, 400))

    figures = compare(store, Period.parse(period))

    for sections in (figures.sections, figures.before):  # no comparison of nothing with nothing
        assert not [name for name, table in sections.items() if table.drop(columns="code").eq(0).all(axis=None)]


def test_another_regimes_cases_are_in_no_figure(store: Store) -> None:
    rows = random_rows(3, 100)
    stored(store, [row | ({"regime": "uk-disp"} if n % 2 else {}) for n, row in enumerate(rows)])

    figures = compare(store, Period.parse("2026-H1"))

    assert int(figures.members["reference"].astype("str").str.slice(-1).astype(int).mod(2).sum()) == 0


# --- cases that went their way through the core -----------------------------------------------------


def real_cases(seed: int, count: int) -> list[Case]:
    """Cases of the first half of 2026: received, handled as far as they came, some merged, taken up again, reviewed."""
    draw, pack = random.Random(seed), load_pack(REGIME)
    cases: list[Case] = []
    for n in range(count):
        received_at = datetime(2026, 1, 5, 9, tzinfo=SHANGHAI) + timedelta(days=n * 170 / count)
        changes = {
            "kind": draw.choice([*Kind, *[Kind.COMPLAINT] * 8]),
            "category": draw.choice([*Category, None]),
            "channel": draw.choice(list(Channel)[:6]),
            "region": draw.choice(["CN-31", "CN-44", None]),
            "issue": draw.choice(["多扣费", "催收电话", None]),
            "number": f"CRM-{n:04}",
        }
        case = receive(f"TS26{n:04}", pack, a_complaint(**changes), "crm", received_at)
        cases.append(case)
        if n and draw.random() < 0.1 and try_to_merge(case, cases[-2], received_at + timedelta(hours=3)):
            continue
        go(case, draw)
    return cases


def try_to_merge(case: Case, into: Case, at: datetime) -> bool:
    """Merge a case into the one before it, where that may be."""
    alike = case.kind is into.kind is Kind.COMPLAINT and into.answered_at is None and into.stage.is_open
    if alike and into.merged is None and (into.changed_at or at) < at:
        merge(case, into, "li.wei", at)
    return case.merged is not None


def go(case: Case, draw: random.Random) -> None:
    """Lead a case along its way, a few days a step, as far as it comes."""
    at, steps = case.facts.received_at, draw.choice([1, 3, 6, 9, 9, 9])
    remedy = draw.choice(list(Remedy))
    decided = an_act(
        acts.Decided,
        outcome=draw.choice(list(Outcome)),
        remedy=remedy,
        amount="12.30" if remedy.is_money else "0",
        currency=draw.choice(["CNY", "USD"]),
    )
    followed = an_act(acts.FollowedUp, satisfaction=draw.choice(list(Satisfaction)))
    assessed = an_act(
        acts.Assessed, kind=case.kind, category=draw.choice(list(Category)), severity=draw.choice(list(Severity))
    )
    instead: dict[type[Act], Act] = {acts.Decided: decided, acts.FollowedUp: followed, acts.Assessed: assessed}
    for act in WAYS[case.kind or Kind.COMPLAINT][:steps]:
        if isinstance(act, acts.Archived):
            break
        at += timedelta(days=draw.choice([0, 0.3, 2, 9]))
        case.record(instead.get(type(act), act), at, draw.choice(["li.wei", "wu.min"]))
        if case.asks is Question.BREACH:
            case.record(
                acts.BreachExplained(clock=case.unexplained_breach or "", cause=BreachCause.STAFFING), at, "li.wei"
            )
    if case.answered_at and draw.random() < 0.4:
        case.record(acts.Occurred(event="review_requested", occurred_at=at), at, "li.wei")
        case.record(acts.Occurred(event="review_told", occurred_at=at + timedelta(days=9)), at, "li.wei")
    if case.stage is Stage.CLOSED and draw.random() < 0.4:
        case.record(acts.Reopened(reason=ReopenReason.REVIEW), at + timedelta(days=10), "wu.min")


def test_every_figure_of_cases_that_went_their_way_is_what_the_database_counts(store: Store) -> None:
    with store.write() as session:
        store.add_many(session, real_cases(4, 200))

    figures = compare(store, Period.parse("2026-Q2"))

    totals = dict(zip(figures.sections["totals"]["code"], figures.sections["totals"]["cases"], strict=True))
    assert totals["matters"] > totals["complaints"] > totals["complaints_deduplicated"] > 50
    assert all(totals[name] for name in ("repeat", "closed", "reopened"))
    assert figures.sections["reviews"]["cases"].min() > 0
    assert figures.sections["redress"]["cases"].sum() > 0
