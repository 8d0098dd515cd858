"""Rows of a frame of cases, written by hand: a test names only what it is about."""

import json
import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd

from complaints.reporting.figures import Figures, make_figures
from complaints.reporting.frame import COLUMNS, frame_of
from complaints.reporting.periods import Period
from complaints.words import (
    BreachCause,
    Category,
    Cause,
    Channel,
    Closure,
    Kind,
    Outcome,
    PartyType,
    Remedy,
    Satisfaction,
    Severity,
    Urgency,
)
from tests.builders import SHANGHAI

MARCH = datetime(2026, 3, 1, tzinfo=SHANGHAI)
APRIL = datetime(2026, 4, 1, tzinfo=SHANGHAI)
TICK = timedelta(microseconds=1)


def on(month: int, day: int, hour: int = 10, year: int = 2026) -> datetime:
    """An hour of 2026 in Shanghai."""
    return datetime(year, month, day, hour, tzinfo=SHANGHAI)


def a_row(**changes: Any) -> dict[str, Any]:
    """What is known of an open complaint of 2 March 2026; what is not said is not known of it."""
    received_at = changes.get("received_at", on(3, 2))
    midnight = datetime.combine(received_at.date(), datetime.min.time(), SHANGHAI)
    return (
        dict.fromkeys(COLUMNS)
        | {
            "reference": "TS00000",
            "kind": "complaint",
            "category": "fees",
            "cause": "general",
            "channel": "web",
            "region": "CN-31",
            "product": "轻舟消费贷",
            "urgency": "general",
            "severity": "ordinary",
            "party_type": "person",
            "department": "complaints",
            "represented": False,
            "forwarded": False,
            "is_group": False,
            "history": False,
            "received_at": received_at,
            "decision_due_at": midnight + timedelta(days=16),
            "repeats": 0,
            "reopened": 0,
        }
        | changes
    )


def a_closed_row(**changes: Any) -> dict[str, Any]:
    """What is known of a complaint that went its whole way: answered on the 9th, closed on the 19th of March."""
    whole_way = {
        "answered_at": on(3, 9),
        "closed_at": on(3, 19),
        "late": False,
        "outcome": "upheld",
        "remedy": "apology",
        "closure": "completed",
        "satisfaction": "satisfied",
        "handler": "li.wei",
    }
    return a_row(**whole_way | changes)


def a_merged_row(into: str, **changes: Any) -> dict[str, Any]:
    """What is known of a complaint of 2 March that was merged into another on the 5th."""
    merged_at = changes.get("merged_at", on(3, 5))
    merged = {"merged_into": into, "merged_at": merged_at, "closed_at": merged_at, "closure": "merged"}
    return a_row(**merged | changes)


def a_history_row(**changes: Any) -> dict[str, Any]:
    """What is known of a complaint imported after the fact."""
    return a_row(**{"history": True, "closure": "history", "decision_due_at": None} | changes)


def paid(amount: str, currency: str, on: str = "2026-03-16", **changes: Any) -> dict[str, Any]:
    """What is known of a closed complaint on which money was paid."""
    money = {"redress_paid": Decimal(amount), "redress_currency": currency, "remedy": "compensation"}
    return a_closed_row(**money | {"payments": payments((on, amount, currency))} | changes)


def payments(*each: tuple[str, str, str]) -> str:
    """The column of payments: day, amount and currency of each."""
    return json.dumps(each)


def frame(*rows: Mapping[str, Any]) -> pd.DataFrame:
    """A frame of cases with references of their own, in the order given, where a test does not name them."""
    return frame_of(
        dict(row) | ({"reference": f"TS{n:05}"} if row["reference"] == "TS00000" else {}) for n, row in enumerate(rows)
    )


def figures_of(*rows: Mapping[str, Any], period: str = "2026-03", as_at: datetime | None = None) -> Figures:
    """The figures of a period, March 2026 unless a test says otherwise, as at its end."""
    chosen = Period.parse(period)
    return make_figures(frame(*rows), chosen, SHANGHAI, as_at or chosen.span(SHANGHAI)[1])


def measure(figures: Figures, section: str, name: str, *, of: str = "sections") -> dict[str, Any]:
    """A measure of a section by its codes, without the zeros."""
    table = getattr(figures, of)[section]
    return {code: one for code, one in zip(table["code"], table[name], strict=True) if one}


def totals(figures: Figures, *, of: str = "sections") -> dict[str, int]:
    """The totals by their codes, without the zeros."""
    return measure(figures, "totals", "cases", of=of)


def random_rows(seed: int, count: int) -> list[dict[str, Any]]:
    """Cases from the beginning of 2025 to the middle of 2026, among them many on the edge of a month."""
    draw = random.Random(seed)
    months = [datetime(2025 + n // 12, n % 12 + 1, 1, tzinfo=SHANGHAI) for n in range(19)]
    edges = [at + shift for at in (*months[13:17], months[3]) for shift in (-TICK, timedelta(), TICK)]

    def after(at: datetime, days: float) -> datetime:
        later = [edge for edge in edges if edge >= at]
        if later and draw.random() < 0.1:
            return draw.choice(later)
        return at + timedelta(days=draw.expovariate(1 / days))

    def some(*words: Any, often: float = 0.8) -> Any:
        return draw.choice([str(word) for word in words]) if draw.random() < often else None

    rows: list[dict[str, Any]] = []
    for n in range(count):
        recent = datetime(2026, 1, 1, tzinfo=SHANGHAI) if draw.random() < 0.7 else months[0]
        received_at = draw.choice(edges) if draw.random() < 0.1 else recent + timedelta(days=draw.random() * 180)
        answered_at = after(received_at, 15) if draw.random() < 0.7 else None
        closed_at = after(answered_at or received_at, 8) if draw.random() < 0.6 else None
        history = draw.random() < 0.1
        if history:
            answered_at, closed_at = None, draw.choice([None, closed_at])
        earlier = sorted((row["received_at"], row["reference"]) for row in rows if row["received_at"] <= received_at)[
            -9:
        ]
        into = draw.choice(earlier)[1] if earlier and closed_at and draw.random() < 0.2 else None
        asked_at = after(answered_at, 20) if answered_at and draw.random() < 0.3 else None
        reopened_at = after(received_at, 40) if draw.random() < 0.1 else None
        decided = some(*Outcome)
        paid = closed_at is not None and draw.random() < 0.4
        lasted = (closed_at or after(received_at, 40)) - received_at
        money = [
            (
                f"{received_at + draw.random() * lasted:%Y-%m-%d}",
                f"{draw.randrange(10**9)}.50",
                draw.choice(["CNY", "USD"]),
            )
            for _ in range(0 if history else draw.choice([0, 0, 1, 1, 2, 3]))
        ]
        rows.append(
            dict.fromkeys(COLUMNS)
            | {
                "reference": f"TS{n:05}",
                "repeats": 0,
                "kind": some(*Kind, *[Kind.COMPLAINT] * 6, often=0.9),
                "category": some(*Category),
                "cause": some(*Cause),
                "channel": some(*Channel, often=1),
                "region": some("CN-31", "CN-44", "CN-XZ"),
                "product": some("轻舟消费贷", "安心分期", "3.5%定期"),
                "sub_product": ("助学", None)[n % 2],
                "issue": some("多扣费", "无法登录", "催收电话", often=0.5),
                "urgency": some(*Urgency),
                "severity": some(*Severity),
                "department": some("complaints", "collection", "claims"),
                "handler": some("li.wei", "wu.min", "he.jing"),
                "party_type": some(*PartyType, often=1),
                "represented": draw.random() < 0.2,
                "forwarded": draw.random() < 0.2,
                "is_group": draw.random() < 0.1,
                "history": history,
                "received_at": received_at,
                "answered_at": answered_at,
                "closed_at": closed_at,
                "decision_due_at": None if history else after(received_at, 20),
                "late": draw.choice([True, True, False, False, None]) if answered_at or closed_at or history else None,
                "breach_cause": some(*BreachCause, often=0.4),
                "outcome": decided,
                "remedy": decided and some(*Remedy, often=1),
                "redress_paid": Decimal(draw.randrange(1, 10**9)) / 100 if paid else None,
                "redress_currency": some("CNY", "USD", "HKD", often=1) if paid else None,
                "payments": payments(*money) if money else None,
                "satisfaction": some(*Satisfaction) if closed_at else None,
                "closure": "merged" if into else some(*Closure, often=1) if closed_at else None,
                "merged_into": into,
                "merged_at": into and draw.choice([closed_at, max(received_at, closed_at - timedelta(days=3))]),
                "reopened": int(reopened_at is not None),
                "reopened_at": reopened_at,
                "review_asked_at": asked_at,
                "review_told_at": after(answered_at, 30) if asked_at and draw.random() < 0.7 else None,
            }
        )
    return rows
