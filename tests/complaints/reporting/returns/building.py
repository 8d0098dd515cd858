"""What tests of returns are made of: cases in a frame, and a firm that has filled in its own tables."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from complaints.regimes.rulebook import packaged_rulebook
from complaints.reporting.frame import COLUMNS, frame_of
from complaints.reporting.periods import Period
from complaints.reporting.returns.data import read_data
from complaints.reporting.returns.making import make_return
from complaints.reporting.returns.model import Finding, Grade, Return
from complaints.reporting.returns.population import NUMBERS
from complaints.settings import Firm

LONDON, SYDNEY, NEW_YORK, SHANGHAI = map(
    ZoneInfo, ("Europe/London", "Australia/Sydney", "America/New_York", "Asia/Shanghai")
)

UK_FIRM = """
[entity]
name = "Example Bank plc"
number = "123456"

[maps.product]
title = { zh = "产品", en = "product" }
by = ["product", "sub_product"]
to = "grouping"
confidence = "H"

[maps.product.codes]
"current account" = "banking.Current accounts"
"current account / cash isa" = "banking.Savings"
"mortgage" = "home_finance.Mortgages"

[context."2026-H1"]
banking = { provision = 2000 }
home_finance = { provision = 400, intermediation = 30 }
"""

AU_FIRM = """
[entity]
number = "234567"
brand = "Example"

[maps.channel]
title = { zh = "收到渠道", en = "channel received" }
by = ["channel"]
to = "channel"
confidence = "H"
codes = { web = "3", telephone = "1" }

[maps.about_representative]
title = { zh = "是否针对代表人", en = "about a representative" }
by = ["product"]
to = "about_representative"
confidence = "H"
codes = { "*" = "No" }

[maps.product]
title = { zh = "产品或服务", en = "product or service" }
by = ["product", "sub_product"]
to = "product"
confidence = "H"
codes = { "current account" = "11", "mortgage" = ["21", "22"] }

[maps.issue]
title = { zh = "投诉问题", en = "issue" }
by = ["category", "cause"]
to = "issue"
confidence = "H"
codes = { fees = "201", service = "301" }

[maps.outcome]
title = { zh = "处理结果", en = "outcome" }
by = ["ending", "remedy"]
to = "outcome"
confidence = "H"
codes = { "upheld / refund" = "7", "not_upheld" = "9", "withdrawn" = "10" }
"""


def a_row(**changes: Any) -> dict[str, Any]:
    """What is known of an open complaint about a fee, received on Monday 2 March 2026 in London."""
    nothing: dict[str, Any] = dict.fromkeys((*COLUMNS, *NUMBERS))
    return (
        nothing
        | {
            "kind": "complaint",
            "category": "fees",
            "cause": "general",
            "channel": "web",
            "product": "Current account",
            "party_type": "person",
            "represented": False,
            "forwarded": False,
            "is_group": False,
            "history": False,
            "received_at": datetime(2026, 3, 2, 9, tzinfo=LONDON),
            "repeats": 0,
            "reopened": 0,
            "sender": "crm",
        }
        | changes
    )


def answered(at: datetime, **changes: Any) -> dict[str, Any]:
    """What is known of a complaint that was upheld, answered and closed at an instant."""
    over = {"answered_at": at, "closed_at": at, "outcome": "upheld", "remedy": "apology", "closure": "completed"}
    return a_row(**over | {"late": False} | changes)


def frame(*rows: Mapping[str, Any]) -> pd.DataFrame:
    """A frame of cases with the numbers by which others know them."""
    numbered = [dict(row) | {"reference": row["reference"] or f"TS{n:05}"} for n, row in enumerate(rows)]
    numbers = pd.DataFrame([{name: row[name] for name in ("reference", *NUMBERS)} for row in numbered], dtype="object")
    if not rows:
        return frame_of([]).assign(**dict.fromkeys(NUMBERS))
    return frame_of(numbered).merge(numbers, on="reference", how="left")


def made(
    regime: str, name: str, period: str, *rows: Mapping[str, Any], own: str = "", as_at: datetime | None = None
) -> Return:
    """A return of some cases, made two months after the period unless it is said when."""
    pack, when = packaged_rulebook().pack(regime), Period.parse(period)
    _, ends_at = when.span(pack.tz)
    cut_off = as_at or ends_at + pd.Timedelta(days=20).to_pytimedelta()
    calendar = packaged_rulebook().calendar(pack.calendar)
    return make_return(pack, name, when, cut_off, frame(*rows), calendar, Firm(), read_data(regime, own))


def musts(one: Return) -> list[Finding]:
    """What must be put right."""
    return [finding for finding in one.findings if finding.grade is Grade.MUST]


def said(findings: list[Finding]) -> list[tuple[str, str, str]]:
    """Place, field and reason of findings, in English."""
    return [(one.place, one.field.en, one.reason.en) for one in findings]
