"""Money that left the firm on a case: a fact of the day on which it was paid, whatever becomes of the case later.

A case that is taken up again loses its decision, and may be decided and paid once more; what was paid before stays
paid. The column ``payments`` of ``cases`` holds all of it, as JSON: ``[["2026-03-19","12.30","CNY"]]``.
"""

import json
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from complaints import acts

if TYPE_CHECKING:
    from complaints.case import Case


class Payment(NamedTuple):
    """Redress that was paid.

    Attributes:
        paid_on: The day in the regime's zone, as whoever proved the payment gave it.
        amount: In ``currency``.
        currency: ISO 4217.
    """

    paid_on: date
    amount: Decimal
    currency: str


def payments_by(case: "Case", act: acts.PutRight, at: datetime) -> tuple[Payment, ...]:
    """Return what was paid by putting a case right, as it was decided; nothing where the remedy is no money.

    Args:
        case: The case, with the decision that stands.
        act: Says on which day.
        at: When it was recorded, for acts that name no day.
    """
    decided = case.decided
    if decided is None or not decided.remedy.is_money:
        return ()
    zone = case.pack.tz
    received_on, recorded_on = (one.astimezone(zone).date() for one in (case.facts.received_at, at))
    # Answers with such a day are refused; older ledgers hold some. It would be in no period's figures.
    paid_on = min(max(act.done_on or recorded_on, received_on), recorded_on)
    return (Payment(paid_on, decided.amount, decided.currency),)


def payments_as_text(payments: Iterable[Payment]) -> str | None:
    """Return payments as a column holds them; None where there are none."""
    rows = [(one.paid_on.isoformat(), f"{one.amount:.2f}", one.currency) for one in payments]
    return json.dumps(rows, separators=(",", ":")) if rows else None


def payments_in(texts: Iterable[str]) -> list[list[Payment]]:
    """Return the payments of each of many columns, from what :func:`payments_as_text` made of them."""
    read = json.loads(f"[{','.join(texts)}]")  # once for all: a million cases are read within a second
    return [
        [Payment(date.fromisoformat(day), Decimal(amount), currency) for day, amount, currency in one] for one in read
    ]
