"""One bank's complaints of six years, imported as history: every month counted twice, here and over the file itself.

The count over the file knows nothing of cases, frames or zones: the CSV module reads it, a counter counts the words
that stand in it, and a month is the first seven characters of the day on which the CFPB had the complaint.
"""

import csv
import gzip
import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from complaints.adapters.frames import load_frame
from complaints.adapters.spreadsheets.importing import import_file
from complaints.adapters.spreadsheets.layouts import recognise
from complaints.adapters.store import Store
from complaints.regimes.rulebook import load_pack
from complaints.reporting.figures import Figures, make_figures
from complaints.reporting.periods import Period

FILE = Path(__file__).parents[3] / ".." / "shared" / "data" / "cfpb" / "one-bank-2017-2023.csv.gz"
needs_shared = pytest.mark.skipif(not FILE.is_file(), reason="needs the real CFPB files in ../shared/data/cfpb")

REGIME = "us-cfpb"
ZONE = load_pack(REGIME).tz
EVER = (datetime(2011, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC))
COLUMNS = {"product": "Product", "issue": "Issue", "channel": "Submitted via"}
CHANNELS = {
    "Web": "web",
    "Phone": "telephone",
    "Postal mail": "post",
    "Fax": "post",
    "Email": "email",
    "Referral": "regulator",
    "Web Referral": "regulator",
}
Counts = Mapping[str, Counter[str]]


def rows_of(file: Path) -> list[dict[str, str]]:
    """The rows of the file."""
    with gzip.open(file, "rt", encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def counted(rows: Iterable[Mapping[str, str]]) -> dict[str, Counts]:
    """By month: how often each product, issue and channel occurs; a complaint number counts once."""
    months: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    seen: set[str] = set()
    for row in rows:
        if row["Complaint ID"] in seen:
            continue
        seen.add(row["Complaint ID"])
        for section, column in COLUMNS.items():
            word = CHANNELS[row[column]] if section == "channel" else row[column]
            months[row["Date submitted"][:7]][section][word] += 1
    return months


def summarised(figures: Figures, measure: str) -> Counts:
    """How often each occurs by the figures of a month."""
    return {name: Counter(dict(zip(*shown(figures.sections[name], measure), strict=True))) for name in COLUMNS}


def shown(section: pd.DataFrame, measure: str) -> tuple["pd.Series[str]", "pd.Series[int]"]:
    """The codes of a section, and a measure of it."""
    return section["code"], section[measure]


def total(counts: Counts) -> int:
    """How many complaints were counted."""
    (number,) = {one.total() for one in counts.values()}
    return number


def imported(store: Store, file: Path) -> Store:
    """Import a file as history."""
    report = import_file(store, file, recognise(file), regime=REGIME)
    assert report.rejected == 0
    return store


@needs_shared
def test_march_2021_by_product_issue_and_channel_is_what_stands_in_the_file(store, tmp_path):
    near = [row for row in rows_of(FILE) if "2021-02-27" < row["Date submitted"] < "2021-04-03"]
    again = [row for row in near if row["Date submitted"].startswith("2021-03")][:25]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, near[0])
    writer.writeheader()
    writer.writerows([*near, *again])  # the same complaint twice is one
    (file := tmp_path / "extract.csv").write_text(text.getvalue(), encoding="utf-8", newline="")
    march, as_at = Period.parse("2021-03"), imported(store, file).now()

    frame = load_frame(store, as_at, windows=[march.span(ZONE), march.before.span(ZONE)], regime=REGIME)
    figures = make_figures(frame, march, ZONE, as_at)

    expected = counted(near)["2021-03"]
    assert total(expected) == 1_098
    for measure in ("received", "complaints", "deduplicated"):
        assert summarised(figures, measure) == expected
    assert dict(zip(*shown(figures.sections["totals"], "cases"), strict=True))["complaints"] == 1_098


@pytest.fixture(scope="module")
def all_years(sqlite, session_key):
    """A database with the whole file, and its frame of all years."""
    store = Store(sqlite.empty(), session_key)
    store.migrate()
    as_at = imported(store, FILE).now()
    yield store, as_at, load_frame(store, as_at, windows=[EVER], regime=REGIME)
    store.engine.dispose()


@pytest.mark.slow
@needs_shared
def test_every_month_by_product_issue_and_channel_is_what_stands_in_the_file(all_years):
    _, as_at, frame = all_years
    expected = counted(rows_of(FILE))

    assert len(frame) == 62_516
    assert len(expected) == 76
    for month, counts in expected.items():
        assert summarised(make_figures(frame, Period.parse(month), ZONE, as_at), "complaints") == counts, month


@pytest.mark.slow
@needs_shared
@pytest.mark.parametrize("month", ["2017-05", "2019-12", "2021-03", "2023-08"])
def test_the_frame_of_three_months_gives_the_figures_that_the_frame_of_all_years_gives(all_years, month):
    store, as_at, everything = all_years
    period = Period.parse(month)
    spans = [one.span(ZONE) for one in (period, period.before, period.year_before)]

    frame = load_frame(store, as_at, windows=spans, regime=REGIME)

    assert len(frame) < len(everything) / 10
    some, all_ = (make_figures(one, period, ZONE, as_at) for one in (frame, everything))
    for part in ("sections", "before", "year_before"):
        for name, section in getattr(all_, part).items():
            pd.testing.assert_frame_equal(getattr(some, part)[name], section)
