"""The monthly regulatory summary: figures from a DataFrame of cases, and the files made from them.

What happens after the cut-off changes no figure, but that a later finding may move a case to another category.
Redress counts in the month in which its case is closed, so that every amount is reported exactly once.
"""

import csv
import io
import os
import secrets
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pandas as pd
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from complaints.adapters.spreadsheets.cells import harmless
from complaints.adapters.store import Store
from complaints.adapters.tables import CaseRow
from complaints.errors import SettingError
from complaints.letters import environment, show_date
from complaints.regimes.model import Pack
from complaints.settings import Firm
from complaints.words import LANGUAGES, ZH, Category, Channel, Closure, Kind, Outcome, Satisfaction, Worded

COLUMNS: Final[Mapping[str, str]] = {
    "reference": "str",
    "kind": "str",
    "category": "str",
    "channel": "str",
    "region": "str",
    "product": "str",
    "history": "bool",
    "received_at": "datetime64[us, UTC]",
    "answered_at": "datetime64[us, UTC]",
    "closed_at": "datetime64[us, UTC]",
    "decision_due_at": "datetime64[us, UTC]",
    "late": "boolean",
    "outcome": "str",
    "closure": "str",
    "redress_paid": "object",  # Decimal or None
    "redress_currency": "str",
    "satisfaction": "str",
}
"""The columns of a frame of cases, named as in ``cases``, with their dtypes."""

UNASSESSED, UNCATEGORISED, NOT_STATED, CONFIDENTIAL = "unassessed", "uncategorised", "not_stated", "confidential"

BREAKDOWNS: Final[Mapping[str, str]] = {
    "category": UNCATEGORISED,
    "channel": NOT_STATED,
    "region": NOT_STATED,
    "product": NOT_STATED,
}
"""By what the matters received are broken down, and the code of those that have none."""

AGE_BANDS: Final = {"days_0_15": (0, 15), "days_16_30": (16, 30), "days_31_60": (31, 60), "days_over_60": (61, None)}
"""Days since receipt, the day of receipt being day 0: the three limits of CN-NFRA 2020-3 art. 18, and beyond."""

CLOCKS_OF: Final = {"timeliness": "decision", "open": "decision", "satisfaction": "follow-up"}
"""Which rule each part of the summary rests on, by the name of its clock in the pack."""


@dataclass(frozen=True, eq=False)
class Figures:
    """The figures of one month.

    Attributes:
        starts_at: First instant of the month in the regime's zone.
        ends_at: First instant after it.
        until: The cut-off: ``ends_at``, or earlier while the month is not over.
        received: Matters received in the month, of every kind, history included.
        complaints: Those of them that are complaints.
        received_by: For ``kind`` and each of :data:`BREAKDOWNS`: ``code``, ``received``, ``complaints``.
            Whistle-blowing reports are one row of their own: a single one must not be found by its region.
        closed: Matters closed in the month; imported history counts only where its closing date is known.
        closed_by: ``code`` (closure), ``closed``.
        timeliness: Decision time limits that ended in the month, by answer or by closing: ``code`` (kind),
            ``in_time``, ``late``.
        outcomes: Decisions told in the month: ``code``, ``cases``.
        redress: Paid on cases closed in the month: ``currency``, ``cases``, ``amount`` (Decimal).
        open_by_age: At the cut-off: ``code`` (age band), ``open``, of those ``unanswered``, of those ``overdue``.
        durations: Calendar days from receipt: ``code`` (answer, close), ``cases``, ``average_days``, ``median_days``.
        satisfaction: Follow-ups of the cases closed in the month: ``code``, ``cases``.
    """

    starts_at: datetime
    ends_at: datetime
    until: datetime
    received: int
    received_before: int
    complaints: int
    complaints_before: int
    received_by: Mapping[str, pd.DataFrame]
    closed: int
    closed_before: int
    closed_by: pd.DataFrame
    timeliness: pd.DataFrame
    outcomes: pd.DataFrame
    redress: pd.DataFrame
    open_by_age: pd.DataFrame
    durations: pd.DataFrame
    satisfaction: pd.DataFrame


def load_cases(
    session: Session, until: datetime, *, since: datetime | None = None, regime: str | None = None
) -> pd.DataFrame:
    """Return the cases received before ``until`` with the columns of :data:`COLUMNS`, by reference.

    Args:
        session: The case database.
        until: The cut-off; aware.
        since: Leave out what was closed before this instant: it bears on no later figure.
        regime: Only the cases of this regime.
    """
    query = select(*(getattr(CaseRow, name) for name in COLUMNS)).where(CaseRow.received_at < until)
    if since is not None:
        is_open = and_(CaseRow.closed_at.is_(None), CaseRow.history.is_(False))
        query = query.where(or_(CaseRow.received_at >= since, CaseRow.closed_at >= since, is_open))
    if regime is not None:
        query = query.where(CaseRow.regime == regime)
    rows = [tuple(row) for row in session.execute(query.order_by(CaseRow.reference))]
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype="object").astype(dict(COLUMNS))


def month_span(year: int, month: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the first instant of a month in ``zone``, and the first one after it."""
    following = (year + 1, 1) if month == 12 else (year, month + 1)
    return datetime(year, month, 1, tzinfo=zone), datetime(*following, 1, tzinfo=zone)


def monthly_figures(
    cases: pd.DataFrame, year: int, month: int, zone: ZoneInfo, until: datetime | None = None
) -> Figures:
    """Return the figures of a month.

    Args:
        cases: At least the cases that were received or closed in this month or the month before, and all open ones;
            columns as in :data:`COLUMNS`.
        year: Of the month.
        month: From 1.
        zone: The regime's zone, in which months and days begin.
        until: The cut-off while the month is not over.
    """
    starts_at, ends_at = month_span(year, month, zone)
    until = min(ends_at, until.astimezone(zone)) if until else ends_at
    last = starts_at - timedelta(days=1)
    before = month_span(last.year, last.month, zone)
    cases = cases[cases["received_at"] < until]
    received, received_before = _within(cases, "received_at", starts_at, until), _within(cases, "received_at", *before)
    closed, answered = _within(cases, "closed_at", starts_at, until), _within(cases, "answered_at", starts_at, until)
    ended = cases.assign(ended_at=cases["answered_at"].fillna(cases["closed_at"])).dropna(subset="late")
    paid = closed.dropna(subset="redress_paid").groupby("redress_currency", sort=True)["redress_paid"]
    return Figures(
        starts_at=starts_at,
        ends_at=ends_at,
        until=until,
        received=len(received),
        received_before=len(received_before),
        complaints=int((received["kind"] == Kind.COMPLAINT).sum()),
        complaints_before=int((received_before["kind"] == Kind.COMPLAINT).sum()),
        received_by={"kind": _by_kind(received)} | {name: _breakdown(received, name) for name in BREAKDOWNS},
        closed=len(closed),
        closed_before=len(_within(cases, "closed_at", *before)),
        closed_by=_counted(closed["closure"], Closure, "closed"),
        timeliness=_timeliness(_within(ended, "ended_at", starts_at, until)),
        outcomes=_counted(answered["outcome"], Outcome, "cases"),
        redress=pd.DataFrame(
            [(code, len(amounts), sum(amounts, Decimal(0))) for code, amounts in paid],
            columns=["currency", "cases", "amount"],
        ),
        open_by_age=_open_by_age(cases, until, zone),
        durations=pd.DataFrame(
            [_duration("answer", answered, "answered_at", zone), _duration("close", closed, "closed_at", zone)]
        ),
        satisfaction=_counted(closed["satisfaction"], Satisfaction, "cases"),
    )


def _within(cases: pd.DataFrame, column: str, starts_at: datetime, ends_at: datetime) -> pd.DataFrame:
    return cases[(cases[column] >= starts_at) & (cases[column] < ends_at)]


def _counted(codes: "pd.Series[Any]", words: type[Worded], name: str) -> pd.DataFrame:
    """Count codes: every code of the list in its order, none left out."""
    counts = codes.value_counts()
    return pd.DataFrame({"code": [str(one) for one in words], name: [int(counts.get(str(one), 0)) for one in words]})


def _by_kind(received: pd.DataFrame) -> pd.DataFrame:
    kinds = _counted(received["kind"], Kind, "received")
    if missing := int(received["kind"].isna().sum()):
        kinds = pd.concat([kinds, pd.DataFrame({"code": [UNASSESSED], "received": [missing]})], ignore_index=True)
    return kinds.assign(complaints=kinds["received"].where(kinds["code"] == Kind.COMPLAINT, 0))


def _breakdown(received: pd.DataFrame, column: str) -> pd.DataFrame:
    """Count by a column, most frequent first; a code that nobody has is left out."""
    codes = received[column].fillna(BREAKDOWNS[column]).mask(received["kind"] == Kind.REPORT, CONFIDENTIAL)
    frame = pd.DataFrame({"code": codes, "complaints": (received["kind"] == Kind.COMPLAINT).astype("int64")})
    counted = frame.groupby("code")["complaints"].agg(received="size", complaints="sum").reset_index()
    return counted.sort_values(["received", "code"], ascending=[False, True], ignore_index=True)


def _timeliness(ended: pd.DataFrame) -> pd.DataFrame:
    kinds, late = ended["kind"].fillna(UNASSESSED), ended["late"].astype("bool")
    codes = [*map(str, Kind), *([UNASSESSED] if UNASSESSED in set(kinds) else [])]
    rows = [(code, int((~late & (kinds == code)).sum()), int((late & (kinds == code)).sum())) for code in codes]
    return pd.DataFrame(rows, columns=["code", "in_time", "late"])


def _open_by_age(cases: pd.DataFrame, until: datetime, zone: ZoneInfo) -> pd.DataFrame:
    closed_already = (cases["closed_at"] < until) | (cases["history"] & cases["closed_at"].isna())
    is_open = cases[~closed_already]
    last_day = pd.Timestamp((until - timedelta(microseconds=1)).date())
    age_days = (last_day - _day(is_open["received_at"], zone)).dt.days
    unanswered = ~(is_open["answered_at"] < until)
    overdue = unanswered & (is_open["decision_due_at"] < until)  # at midnight the day that is in time has just ended
    bands = [
        (code, int(here.sum()), int((here & unanswered).sum()), int((here & overdue).sum()))
        for code, (youngest, oldest) in AGE_BANDS.items()
        for here in [(age_days >= youngest) & (age_days <= (oldest if oldest is not None else age_days))]
    ]
    return pd.DataFrame(bands, columns=["code", "open", "unanswered", "overdue"])


def _day(instants: "pd.Series[Any]", zone: ZoneInfo) -> "pd.Series[Any]":
    days: pd.Series[Any] = instants.dt.tz_convert(zone).dt.tz_localize(None).dt.normalize()
    return days


def _duration(code: str, cases: pd.DataFrame, until: str, zone: ZoneInfo) -> dict[str, Any]:
    days = (_day(cases[until], zone) - _day(cases["received_at"], zone)).dt.days
    average = _tenth(Decimal(int(days.sum())) / len(days)) if len(days) else None
    median = _tenth(Decimal(str(days.median()))) if len(days) else None
    return {"code": code, "cases": len(days), "average_days": average, "median_days": median}


def _tenth(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.1"), ROUND_HALF_UP)


# --- files ------------------------------------------------------------------------------------------


def render_summary(figures: Figures, language: str, firm: Firm, pack: Pack, as_of: datetime) -> str:
    """Return the summary as one self-contained HTML page, for the screen and for A4.

    A part that rests on a rule whose source is not sure (:data:`CLOCKS_OF`) is marked "to verify".

    Args:
        figures: The month.
        language: "zh-CN" or "en".
        firm: Who reports.
        pack: The regime; its name is that of the folder under ``templates/summaries``.
        as_of: The cut-off that the page names.
    """
    records = {
        name: frame.to_dict("records") for name, frame in vars(figures).items() if isinstance(frame, pd.DataFrame)
    }
    records |= {name: frame.to_dict("records") for name, frame in figures.received_by.items()}
    return (
        environment()
        .get_template(f"summaries/{pack.name}/{language}.html")
        .render(
            figures=figures,
            tables=records,
            open={name: int(figures.open_by_age[name].sum()) for name in ("open", "unanswered", "overdue")},
            firm={name: getattr(firm, f"{name}_{'zh' if language == ZH else 'en'}") for name in ("name", "address")},
            pack=pack,
            rules={part: rule for part, name in CLOCKS_OF.items() for rule in pack.clocks if rule.name == name},
            first_day=show_date(figures.starts_at, language),
            last_day=show_date(figures.ends_at - timedelta(days=1), language),
            cut_off=_show_cut_off(as_of.astimezone(figures.starts_at.tzinfo), language),
            is_preliminary=as_of < figures.ends_at,
            label=lambda name, code: _label(name, code, language),
            short=_short,
            share=_share,
        )
    )


WORDS: Final[Mapping[str, type[Worded]]] = {
    "kind": Kind,
    "category": Category,
    "channel": Channel,
    "closure": Closure,
    "outcome": Outcome,
    "satisfaction": Satisfaction,
}


def _label(name: str, code: str, language: str) -> str:
    """Return the words for a code; a code that no list has any more stands for itself."""
    words = WORDS.get(name)
    if words is None or code not in list(words):
        return code
    label = words(code).word(language)
    return label[:1].upper() + label[1:]


def _short(label: str, width: int = 24) -> str:
    """Return a label cut to what a chart has room for, in half-width characters."""
    wide = [2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in label]
    if sum(wide) <= width:
        return label
    kept = sum(1 for n in range(len(wide)) if sum(wide[: n + 1]) < width)
    return label[:kept].rstrip() + "…"


def _share(part: int, whole: int) -> str:
    return f"{_tenth(Decimal(100 * part) / whole)}%" if whole else "—"


def _show_cut_off(at: datetime, language: str) -> str:
    if at.time() == at.min.time():  # the day before has just ended
        day = show_date(at - timedelta(days=1), language)
        return f"{day}24时" if language == ZH else f"the end of {day}"
    return f"{show_date(at, language)}{at:%H:%M}" if language == ZH else f"{at:%H:%M} on {show_date(at, language)}"


def summary_csv(figures: Figures) -> str:
    """Return the figures in long format (section, item, value, currency), with the mark by which Excel knows UTF-8."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["section", "item", "value", "currency"])
    for section, item, value, *currency in _csv_rows(figures):
        writer.writerow([section, harmless(" ".join(item.split())), value, *(currency or [""])])
    return "\ufeff" + text.getvalue()


def _csv_rows(figures: Figures) -> Iterator[tuple[Any, ...]]:
    yield "report", "month", f"{figures.starts_at:%Y-%m}"
    yield "report", "cut_off", figures.until.isoformat()
    yield "received", "total", figures.received
    yield "received", "month_before", figures.received_before
    yield "received", "complaints", figures.complaints
    yield "received", "complaints_month_before", figures.complaints_before
    for name, frame in figures.received_by.items():
        yield from ((f"received_by_{name}", row.code, row.received) for row in frame.itertuples())
        if name != "kind":
            yield from ((f"complaints_by_{name}", row.code, row.complaints) for row in frame.itertuples())
    yield "closed", "total", figures.closed
    yield "closed", "month_before", figures.closed_before
    yield from (("closed_by_closure", row.code, row.closed) for row in figures.closed_by.itertuples())
    for measure in ("in_time", "late"):
        yield from ((f"decided_{measure}", code, n) for code, n in figures.timeliness[["code", measure]].to_numpy())
    yield from (("outcome", row.code, row.cases) for row in figures.outcomes.itertuples())
    for row in figures.redress.itertuples():
        yield "redress_paid", "cases", row.cases, row.currency
        yield "redress_paid", "amount", row.amount, row.currency
    for measure in ("open", "unanswered", "overdue"):
        yield f"{measure}_at_cut_off", "total", figures.open_by_age[measure].sum()
        yield from ((f"{measure}_at_cut_off", code, n) for code, n in figures.open_by_age[["code", measure]].to_numpy())
    for row in figures.durations.itertuples():
        yield f"days_to_{row.code}", "cases", row.cases
        yield f"days_to_{row.code}", "average_days", row.average_days
        yield f"days_to_{row.code}", "median_days", row.median_days
    yield from (("satisfaction", row.code, row.cases) for row in figures.satisfaction.itertuples())


def write_summary(
    store: Store, year: int, month: int, folder: Path, firm: Firm, pack: Pack, now: datetime
) -> list[Path]:
    """Write the summary of a month: HTML in both languages, and CSV. Safe to run twice.

    The cut-off is the end of the month, or ``now`` while it is not over; the same data and cut-off give the same bytes.

    Raises:
        SettingError: the month has not begun.
    """
    starts_at, ends_at = month_span(year, month, pack.tz)
    if now <= starts_at:
        raise SettingError("month", f"{year}-{month:02} has not begun", "Choose this month or an earlier one")
    until = min(now, ends_at)
    with store.read() as session:
        cases = load_cases(session, until, since=starts_at - timedelta(days=31), regime=pack.name)
    figures = monthly_figures(cases, year, month, pack.tz, until)
    files = {f"summary.{one}.html": render_summary(figures, one, firm, pack, until) for one in LANGUAGES}
    files["summary.csv"] = summary_csv(figures)
    target = folder / f"{year}-{month:02}"
    target.mkdir(parents=True, exist_ok=True)
    return [_write(target / name, text.encode()) for name, text in files.items()]


def _write(file: Path, content: bytes) -> Path:
    """Write a file whole or not at all."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        with draft.open("wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
    return file
