"""A year and a half of a firm's complaints, made by chance: every table of a summary has something in it."""

import random
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import pandas as pd

from complaints.regimes.rulebook import load_pack
from complaints.reporting.axes import axes_data
from complaints.reporting.cover import Cover, Hand
from complaints.reporting.early_warning.sections import DAY_COLUMNS, WARNING_COLUMNS
from complaints.reporting.figures import Figures, make_figures
from complaints.reporting.periods import Period
from complaints.settings import Firm
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
from tests.builders import REGIME, SHANGHAI
from tests.complaints.reporting.rows import a_row, frame, on, payments

PRODUCTS = ("轻舟消费贷", "安居装修分期", "随心付信用支付", "Education loan (long-term, with a guarantor)", None)
ISSUES = ("利率与宣传不一致", "被重复扣款", "Trouble during payment process", None)
HANDLERS = ("zhao.min", "qian.lei", "sun.jia", "li.wei", "zhou.ting", None)
REGIONS = ("CN-31", "CN-SH", "CN-JS", "CN-ZJ", "CN-GD", "CN-54", "SG", None)


def rich_rows(seed: int = 7, count: int = 900) -> list[dict[str, Any]]:
    """Complaints and other matters received from October 2024 to March 2026."""
    draw = random.Random(seed)
    return [_row(draw) for _ in range(count)]


def _row(draw: random.Random) -> dict[str, Any]:
    received_at = datetime(2024, 10, 1, tzinfo=SHANGHAI) + timedelta(minutes=draw.randrange(546 * 24 * 60))
    kind = draw.choices([*Kind, None], [20, 5, 70, 3, 2])[0]
    category = draw.choices([*Category, None], [8, 9, 7, 6, 20, 25, 5, 2, 9, 4, 3, 2])[0]
    channel = draw.choice(list(Channel))
    row = a_row(
        received_at=received_at,
        kind=kind,
        category=category,
        cause=draw.choice([*Cause, Cause.GENERAL, None]),
        channel=channel,
        region=draw.choice(REGIONS),
        product=draw.choice(PRODUCTS),
        issue=draw.choice(ISSUES),
        urgency=draw.choice(list(Urgency)),
        severity=draw.choice(list(Severity)),
        party_type=draw.choices(list(PartyType), [9, 1])[0],
        represented=draw.random() < 0.2,
        forwarded=channel in (Channel.REGULATOR, Channel.HOTLINE),
        is_group=draw.random() < 0.05,
        department=draw.choice(["complaints", "collection", "claims", "operations", "credit", "compliance"]),
    )
    return row | (_answered(draw, received_at) if draw.random() < 0.93 else {})


def _answered(draw: random.Random, received_at: datetime) -> dict[str, Any]:
    answered_at = received_at + timedelta(hours=draw.choice([20, 90, 200, 300, 500, 900, 1700]))
    closed_at = answered_at + timedelta(days=draw.randrange(3, 12))
    late = answered_at - received_at > timedelta(days=15)
    remedy = draw.choice(list(Remedy))
    paid = Decimal(draw.randrange(100, 400_000)) / 100 if remedy.is_money else None
    ended = {
        "answered_at": answered_at,
        "closed_at": closed_at,
        "late": late,
        "breach_cause": draw.choice([*BreachCause, None]) if late else None,
        "outcome": draw.choices(list(Outcome), [4, 2, 4])[0],
        "remedy": remedy,
        "redress_paid": paid,
        "redress_currency": draw.choice(["CNY", "CNY", "CNY", "HKD"]) if paid else None,
        "closure": draw.choices(list(Closure)[:5], [80, 10, 3, 4, 3])[0],
        "satisfaction": draw.choice([*Satisfaction, Satisfaction.SATISFIED, None]),
        "handler": draw.choice(HANDLERS),
        "review_asked_at": closed_at + timedelta(days=2) if draw.random() < 0.06 else None,
        "reopened_at": closed_at + timedelta(days=4) if draw.random() < 0.04 else None,
    }
    money = payments((f"{closed_at:%Y-%m-%d}", str(paid), ended["redress_currency"])) if paid else None
    return ended | {"payments": money}


@cache
def rich_figures(period: str = "2026-03") -> Figures:
    """Their figures, with the axes of JR/T 0169 and early warnings."""
    chosen = Period.parse(period)
    cases = frame(*rich_rows())
    figures = make_figures(cases, chosen, SHANGHAI, chosen.span(SHANGHAI)[1], axes_data(REGIME))
    return figures.with_sections(warning_tables())


def warning_tables() -> dict[str, pd.DataFrame]:
    """A spike of a product and a gap of a channel, in the days of March."""
    spike = ("spike/product/轻舟消费贷", "product", "轻舟消费贷", "spike", "2026-03-09", "2026-03-13", "2026-03-12", 7)
    gap = ("gap/channel/hotline", "channel", "hotline", "gap", "2026-03-20", "2026-03-26", "2026-03-26", 7)
    numbers = [
        (31, Decimal("9.4"), Decimal("0.05"), Decimal("1.2e-7"), 1),
        (0, Decimal("8.8"), None, Decimal("1.5e-4"), 1),
    ]
    days = [
        (f"{series}@{day}", series, day, 0 if gone else (n * 7 + 3) % 5 + (9 if 8 <= n <= 12 else 0), *usual, gone)
        for series in ("product/轻舟消费贷", "channel/hotline")
        for n in range(1, 32)
        for day in [f"2026-03-{n:02}"]
        for gone in [series == "channel/hotline" and 20 <= n <= 26]
        for usual in [(None, None, None) if n < 4 else (Decimal("1.3"), 0, 4)]
    ]
    rows = [(*spike, *numbers[0]), (*gap, *numbers[1])]
    return {
        "warnings": pd.DataFrame(rows, columns=list(WARNING_COLUMNS), dtype="object"),
        "warning_days": pd.DataFrame(days, columns=list(DAY_COLUMNS), dtype="object"),
    }


def a_cover(**changes: Any) -> Cover:
    """A cover of the first version, prepared and reviewed, whose figures all have an address."""
    usual: dict[str, Any] = {
        "firm": Firm(),
        "pack": load_pack(REGIME),
        "version": 1,
        "prepared": Hand("zhao.min", on(4, 3)),
        "reviewed": Hand("qian.lei", on(4, 7)),
        "remarks": {
            "zh-CN": "本期收费类投诉上升，主要原因为“轻舟消费贷”部分客户的账户服务费重复扣收。\n\n"
            "整改措施：\n一、运营管理部已于3月12日修复扣费程序，并退还全部多收费用；\n二、消费者权益保护部自4月起按周抽查扣费记录。",
            "en": "Complaints about fees rose: some customers of one loan were charged the account fee twice.\n\n"
            "The program was mended on 12 March and all fees were paid back.",
        },
        "link": lambda figure: f"https://complaints.example.cn/summaries/cases/{figure}" if "/" not in figure else None,
    }
    return Cover(**usual | changes)
