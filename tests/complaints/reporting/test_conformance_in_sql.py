"""Conformance a second time, by the database: every rule of ``docs/event-log.md`` as a query over the ledger's entries.

Nothing of the code that looks at ledgers is used here but its result: the procedure of each kind is written out once
more. The ledgers are of cases that went their way through the core, and were then altered by hand in every way.
"""

import json
import random
import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from sqlalchemy import delete, insert, select, text

from complaints import acts
from complaints.adapters.extra_sections import conformance_section
from complaints.adapters.frames import load_frame
from complaints.adapters.store import Store
from complaints.adapters.tables import EntryRow
from complaints.case import Case
from complaints.merging import unmerge
from complaints.reception import receive
from complaints.regimes.rulebook import load_pack
from complaints.reporting.conformance import Deviation
from complaints.reporting.periods import Period
from complaints.words import Kind
from tests.builders import REGIME, SHANGHAI, a_complaint, an_act, prepare_letter, sweep
from tests.complaints.reporting.test_figures_in_sql import go, try_to_merge

AS_AT = datetime(2026, 11, 1, tzinfo=SHANGHAI)  # nothing was recorded later
PACK, QUARTER = load_pack(REGIME), Period.parse("2026-Q2")

# --- the procedure, and what is wrong with a ledger -------------------------------------------------

RECEPTION: Final = (("acknowledged", "not_acknowledged"), ("assessed", "not_assessed"))
LOOKED_INTO: Final = (*RECEPTION, ("investigation_opened", "not_investigated"))
TOLD: Final = ("answered", "not_answered")
WAYS: Final = {
    "consultation": (*RECEPTION, ("replied", "not_replied"), TOLD),
    "suggestion": (*RECEPTION, TOLD),
    "report": (*LOOKED_INTO, ("report_examined", "not_examined"), TOLD),
    "complaint": (
        *LOOKED_INTO,
        ("found", "not_found"),
        ("decided", "not_decided"),
        TOLD,
        ("put_right", "not_put_right"),
        ("followed_up", "not_followed_up"),
    ),
    "declined complaint": (*LOOKED_INTO, ("found", "not_found"), TOLD),
}
CLOSURES: Final = {
    "consultation": "answered_at_once",
    "suggestion": "recorded",
    "report": "completed",
    "complaint": "completed",
    "declined complaint": "declined",
}
WAY_ROWS = ", ".join(
    f"('{kind}', {place}, '{act}', '{lacking}', '{CLOSURES[kind]}')"
    for kind, way in WAYS.items()
    for place, (act, lacking) in enumerate(way)
)
HANDLING = ", ".join(f"'{act}'" for act in sorted({act for way in WAYS.values() for act, _ in way}))

STEPS = """
WITH way(kind, place, act, lacking, closure) AS (VALUES {ways}),
of_quarter AS (
  SELECT reference FROM cases WHERE regime = '{regime}' AND closed_at >= {starts} AND closed_at < {ends}
),
numbered AS (
  SELECT l.reference, l.seq, l.kind, l.at, l.facts,
    SUM(CASE WHEN l.kind = 'reopened' THEN 1 ELSE 0 END) OVER (PARTITION BY l.reference ORDER BY l.seq) AS turn
  FROM ledger l JOIN of_quarter ON of_quarter.reference = l.reference
),
undone AS (
  SELECT reference, turn, MAX(seq) AS seq FROM numbered WHERE kind = 'merge_undone' GROUP BY reference, turn
),
steps AS (
  SELECT n.* FROM numbered n LEFT JOIN undone u ON u.reference = n.reference AND u.turn = n.turn
  WHERE NOT (n.kind IN ('closed', 'merged', 'handling_ended') AND n.seq < COALESCE(u.seq, 0))
    AND NOT (n.turn > 0 AND n.kind IN ('acknowledged', 'investigation_opened'))
),
said AS (
  SELECT t.reference, t.turn,
    (SELECT s.seq FROM steps s WHERE s.reference = t.reference AND s.turn = t.turn AND s.kind = 'closed'
     ORDER BY s.seq LIMIT 1) AS closed,
    COALESCE(
      (SELECT {facts.kind} FROM steps s WHERE s.reference = t.reference AND s.turn <= t.turn AND s.kind = 'assessed'
       AND {facts.kind} IS NOT NULL ORDER BY s.seq DESC LIMIT 1),
      (SELECT {facts.stated_kind} FROM steps s WHERE s.reference = t.reference AND s.kind = 'received'
       ORDER BY s.seq DESC LIMIT 1),
      'complaint') AS matter,
    EXISTS (SELECT 1 FROM steps s WHERE s.reference = t.reference AND s.turn = t.turn AND s.kind = 'found'
      AND {facts.conclusion} IN ('not_entitled', 'not_ours')) AS declines
  FROM (SELECT DISTINCT reference, turn FROM numbered) t
),
turns AS (
  SELECT said.reference, said.turn, said.closed, {facts.closure} AS closure,
    CASE WHEN matter = 'complaint' AND declines THEN 'declined complaint' ELSE matter END AS kind
  FROM said LEFT JOIN steps s ON s.reference = said.reference AND s.seq = said.closed
),
came AS (
  SELECT reference, turn, kind AS act, MIN(seq) AS first, MAX(seq) AS last, COUNT(*) AS times FROM steps
  GROUP BY reference, turn, kind
),
asked AS (
  SELECT t.reference, t.turn, t.closed, t.closure, w.place, w.lacking, c.first, c.times
  FROM turns t JOIN way w ON w.kind = t.kind
    AND NOT (t.turn > 0 AND w.act IN ('acknowledged', 'assessed', 'investigation_opened'))
  LEFT JOIN came c ON c.reference = t.reference AND c.turn = t.turn AND c.act = w.act
),
whole AS (SELECT * FROM turns WHERE closure IS NOT NULL AND closure NOT IN ('withdrawn', 'merged')),
history AS (
  SELECT DISTINCT reference FROM numbered s WHERE kind = 'received' AND CAST({facts.history} AS text) IN ('1', 'true')
)
"""

LACKING = """
SELECT lacking, reference FROM asked a WHERE first IS NULL AND (
  EXISTS (SELECT 1 FROM whole w WHERE w.reference = a.reference AND w.turn = a.turn)
  OR EXISTS (SELECT 1 FROM asked b WHERE b.reference = a.reference AND b.turn = a.turn AND b.place > a.place
    AND b.first IS NOT NULL))
"""
WRONG = {
    "not_closed": "SELECT reference FROM turns WHERE closed IS NULL",
    "out_of_order": """
      SELECT a.reference FROM asked a JOIN asked b ON b.reference = a.reference AND b.turn = a.turn
      WHERE a.place < b.place AND a.first > b.first""",
    "done_twice": "SELECT reference FROM asked WHERE times > 1",
    "after_closing": f"""
      SELECT t.reference FROM turns t JOIN steps s ON s.reference = t.reference AND s.turn = t.turn AND s.seq > t.closed
      WHERE s.kind = 'closed' OR (s.kind IN ({HANDLING}) AND NOT (t.turn > 0 AND s.kind = 'assessed'))""",
    **{
        f"not_{what}": f"""
      SELECT t.reference FROM turns t WHERE closure = '{what}' AND NOT EXISTS (
        SELECT 1 FROM came c WHERE c.reference = t.reference AND c.turn = t.turn AND c.act = '{what}')"""
        for what in ("withdrawn", "merged")
    },
    "other_closure": """
      SELECT t.reference FROM whole t JOIN way w ON w.kind = t.kind AND w.place = 0 WHERE w.closure <> t.closure""",
    "remedy_not_proven": """
      SELECT t.reference FROM whole t
      JOIN steps s ON s.reference = t.reference AND s.turn = t.turn AND s.kind = 'put_right' AND s.seq < t.closed
      WHERE {facts.voucher} IS NULL AND (
        SELECT {facts.remedy} FROM steps s WHERE s.reference = t.reference AND s.turn = t.turn AND s.kind = 'decided'
        AND s.seq < t.closed ORDER BY s.seq DESC LIMIT 1
      ) IN ('compensation', 'refund', 'correction', 'repayment_plan')""",
    "letter_not_settled": """
      SELECT reference FROM (
        SELECT t.reference, s.kind, ROW_NUMBER() OVER (
          PARTITION BY t.reference, t.turn, {facts.letter}, {facts.round} ORDER BY s.seq DESC) AS back
        FROM whole t JOIN steps s ON s.reference = t.reference AND s.turn = t.turn AND s.seq < t.closed
        WHERE s.kind IN ('letter_prepared', 'letter_failed', 'letter_repaired', 'letter_sent', 'letter_given_up')
      ) letters WHERE back = 1 AND kind NOT IN ('letter_sent', 'letter_given_up')""",
    "breach_not_explained": """
      SELECT t.reference FROM turns t
      JOIN steps s ON s.reference = t.reference AND s.turn = t.turn AND s.seq < t.closed
      WHERE (s.kind = 'clock_missed' OR (s.kind = 'clock_met' AND CAST({facts.late} AS text) IN ('1', 'true')))
        AND NOT EXISTS (
          SELECT 1 FROM (SELECT reference, turn, seq, kind, {facts.clock} AS clock, {facts.late} AS late FROM steps s) e
          WHERE e.reference = t.reference AND e.turn = t.turn AND e.seq > s.seq AND e.seq < t.closed
            AND e.clock = {facts.clock} AND (e.kind IN ('breach_explained', 'clock_started', 'clock_ended')
              OR (e.kind = 'clock_met' AND COALESCE(CAST(e.late AS text), '0') IN ('0', 'false'))))""",
    "extended_too_late": """
      SELECT reference FROM (
        SELECT s.reference, s.at, s.kind, {due} AS due, {facts.clock} AS clock, seq FROM numbered s
      ) e WHERE kind IN ('extension_granted', 'clock_extended') AND {instant} >= (
        SELECT CASE WHEN b.kind = 'clock_paused' THEN NULL ELSE b.due END FROM (
          SELECT s.reference, s.seq, s.kind, {facts.clock} AS clock, {due} AS due FROM numbered s
        ) b WHERE b.reference = e.reference AND b.clock = e.clock AND b.seq < e.seq
          AND (b.kind = 'clock_paused' OR (b.kind LIKE 'clock_%' AND b.due IS NOT NULL))
        ORDER BY b.seq DESC LIMIT 1)""",
}


SPEECH: Final = {
    "sqlite": {
        "facts": r"(s.facts ->> '$.\1')",
        "due": "julianday(COALESCE(s.facts ->> '$.until.due_at', s.facts ->> '$.due_at'))",
        "instant": "julianday(e.at)",
    },
    "postgresql": {
        "facts": r"(CAST(s.facts AS jsonb) ->> '\1')",
        "due": "CAST(COALESCE(CAST(s.facts AS jsonb) -> 'until' ->> 'due_at', CAST(s.facts AS jsonb) ->> 'due_at') "
        "AS timestamptz)",
        "instant": "e.at",
    },
}
"""How a database reads what an entry says in clear, and an instant."""


def found_by_the_database(store: Store) -> dict[str, set[str]]:
    """The references of the cases closed in the quarter, by what is wrong with them."""
    speech, zone = SPEECH[store.engine.dialect.name], "" if store.engine.dialect.name == "sqlite" else "+00"
    span = [f"'{at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}{zone}'" for at in QUARTER.span(SHANGHAI)]

    def ask(query: str) -> list[Any]:
        filled = re.sub(r"\{facts\.(\w+)\}", speech["facts"], STEPS + query)
        named = {"ways": WAY_ROWS, "regime": REGIME, "starts": span[0], "ends": span[1]} | speech
        filled = re.sub(r"\{(\w+)\}", lambda name: named[name[1]], filled)
        return list(session.execute(text(filled)))

    with store.read() as session:
        history = {one for (one,) in ask("SELECT reference FROM history")}
        everybody = {one for (one,) in ask("SELECT reference FROM of_quarter")}
        found = {code: {one for (one,) in ask(query)} for code, query in WRONG.items()}
        for lacking, reference in ask(LACKING):
            found.setdefault(lacking, set()).add(reference)
    found = {code: references - history for code, references in found.items()} | {"history": history}
    found["conforming"] = everybody.difference(*found.values())
    return {code: references for code, references in found.items() if references}


def found_by_redress(store: Store) -> dict[str, set[str]]:
    """The same, as the summary has it."""
    frame = load_frame(store, AS_AT, windows=[QUARTER.span(SHANGHAI)], regime=REGIME)
    sections, members = conformance_section(store, frame, QUARTER, PACK, AS_AT)
    found = {str(code): set(cases["reference"]) for code, cases in members.groupby("code")}
    counted = sections["conformance"]
    assert {code: n for code, n in counted.itertuples(index=False) if n} == {
        code: len(references) for code, references in found.items()
    }
    return found


# --- ledgers, and what becomes of them --------------------------------------------------------------


def lives(seed: int, count: int) -> list[Case]:
    """Cases of the first half of 2026 that went their way, with letters; some looked after too late, some withdrawn."""
    draw = random.Random(seed)
    cases: list[Case] = []
    for n in range(count):
        at = datetime(2026, 1, 5, 9, tzinfo=SHANGHAI) + timedelta(days=n * 170 / count)
        kind = draw.choice([*Kind, *[Kind.COMPLAINT] * 8])
        case = receive(f"TS26{n:04}", PACK, a_complaint(kind=kind, number=f"CRM-{n:04}"), "crm", at)
        for letter in draw.sample(["acknowledgement", "decision"], draw.choice([0, 1, 2])):
            prepare_letter(case, now=at, letter=letter)
            if draw.random() < 0.8:
                case.record(an_act(acts.LetterSent, letter=letter), at)
        cases.append(case)
        if n and draw.random() < 0.15 and try_to_merge(case, cases[-2], at + timedelta(hours=3)):
            if draw.random() < 0.5:
                unmerge(case, cases[-2], "li.wei", at + timedelta(hours=9))
            continue
        go(case, draw)
        if case.stage.is_open and draw.random() < 0.5:
            late = case.changed_at + timedelta(days=90)
            sweep(case, late)  # and nobody explains the limit that was missed
            case.withdraw("li.wei", late)
    return cases


def altered(store: Store, seed: int, share: float) -> None:
    """Alter ledgers as nobody may: entries taken out, written twice, exchanged, said otherwise, and added."""
    draw = random.Random(seed)
    ledger = EntryRow.__table__
    with store.write() as session:
        for reference in session.scalars(select(EntryRow.reference).distinct().order_by(EntryRow.reference)).all():
            if draw.random() > share:
                continue
            rows = [
                dict(one._mapping)
                for one in session.execute(select(ledger).where(ledger.c.reference == reference).order_by(ledger.c.seq))
            ]
            for _ in range(draw.choice([1, 1, 2, 3])):
                rows = draw.choice([taken_out, twice, exchanged, said_otherwise, added])(draw, rows)
            session.execute(delete(EntryRow).where(EntryRow.reference == reference))
            session.execute(insert(EntryRow), [row | {"seq": n} for n, row in enumerate(rows, 1)])


Rows = list[dict[str, Any]]


def looked_at(rows: Rows) -> list[int]:
    """The places of entries after the first; those of clocks, of which there are many, seldom among them."""
    return [n for n, row in enumerate(rows) if n and not row["kind"].startswith("clock_w")] or [0]


def taken_out(draw: random.Random, rows: Rows) -> Rows:
    """An entry less."""
    place = draw.choice(looked_at(rows))
    return rows[:place] + rows[place + 1 :] if place else rows


def twice(draw: random.Random, rows: Rows) -> Rows:
    """An entry once more, there or later."""
    place = draw.choice(looked_at(rows))
    again = draw.randrange(place, len(rows)) + 1
    return [*rows[:again], rows[place], *rows[again:]]


def exchanged(draw: random.Random, rows: Rows) -> Rows:
    """Two entries in the place of each other."""
    one, other = draw.choice(looked_at(rows)), draw.choice(looked_at(rows))
    rows = list(rows)
    rows[one], rows[other] = rows[other], rows[one]
    return rows


def said_otherwise(draw: random.Random, rows: Rows) -> Rows:
    """An entry that says something else."""
    other = {
        "closed": {"closure": draw.choice(["completed", "recorded", "declined", "withdrawn", "merged"])},
        "found": {"conclusion": "not_ours"},
        "put_right": {"voucher": None},
        "decided": {"remedy": draw.choice(["refund", "apology", "repayment_plan"])},
        "assessed": {"kind": draw.choice([str(one) for one in Kind])},
        "clock_met": {"late": draw.random() < 0.5},
        "received": {"history": True} if draw.random() < 0.2 else {},
    }
    return [
        row | {"facts": json.dumps(json.loads(row["facts"]) | other[row["kind"]])}
        if row["kind"] in other and draw.random() < 0.4
        else row
        for row in rows
    ]


def added(draw: random.Random, rows: Rows) -> Rows:
    """An entry that a case might not have had there."""
    act, facts = draw.choice(
        [
            ("extension_granted", {"clock": "decision"}),
            ("clock_extended", {"clock": "decision", "until": {"due_at": "2026-09-01T00:00:00+08:00"}}),
            ("clock_paused", {"clock": "decision"}),
            ("clock_missed", {"clock": "decision"}),
            ("breach_explained", {"clock": "decision"}),
            ("letter_failed", {"letter": "decision", "round": 1}),
            ("letter_given_up", {"letter": "decision", "round": 1}),
            ("reopened", {"reason": "review"}),
            ("merge_undone", {"into": "TS260000"}),
            ("withdrawn", {}),
            ("merged", {"into": "TS260000"}),
        ]
    )
    place = draw.randrange(1, len(rows) + 1)
    entry = rows[place - 1] | {"kind": act, "facts": json.dumps(facts), "sealed": None}
    if act == "extension_granted" and draw.random() < 0.5:
        entry["at"] += timedelta(days=60)
    return [*rows[:place], entry, *rows[place:]]


# --- comparing --------------------------------------------------------------------------------------


def test_cases_that_went_their_way_are_judged_as_the_database_judges_them(store: Store) -> None:
    with store.write() as session:
        store.add_many(session, lives(4, 160))

    found = found_by_redress(store)

    assert found == found_by_the_database(store)
    assert {"conforming", "not_replied", "letter_not_settled", "breach_not_explained"} <= found.keys()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_ledgers_that_were_altered_are_judged_as_the_database_judges_them(store: Store, seed: int) -> None:
    with store.write() as session:
        store.add_many(session, lives(seed, 160))
    altered(store, seed, share=0.9)

    found = found_by_redress(store)

    assert found == found_by_the_database(store)
    assert len(found) > 12


def test_every_deviation_has_a_query_of_its_own() -> None:
    lacking = {lacking for way in WAYS.values() for _, lacking in way}
    assert {*WRONG, *lacking} == {str(one) for one in Deviation}
