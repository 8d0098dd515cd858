"""One monthly summary in a process of its own: ``python -m benchmarks.summary_of_cases URL HOME PERIOD``.

Prints as JSON what each part took, processor time and the peak of memory up to the PDF, and every figure.
"""

import json
import resource
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, TypeVar

import pandas as pd
from sqlalchemy import make_url

from benchmarks.postgres import a_store
from complaints.adapters.frames import load_frame
from complaints.adapters.pdf import to_pdf
from complaints.regimes.rulebook import load_pack
from complaints.reporting.axes import axes_data
from complaints.reporting.cover import Cover
from complaints.reporting.figures import make_figures
from complaints.reporting.long_csv import figures_csv
from complaints.reporting.periods import Period
from complaints.reporting.rendering import render
from complaints.reporting.workbook import workbook
from complaints.settings import Firm
from complaints.words import ZH
from tests.complaints.reporting.test_figures_in_sql import OWN

REGIME = "cn-nfra"
Made = TypeVar("Made")


def main(url: str, home: str, name: str) -> None:
    """Make a summary, and say what it took."""
    took: dict[str, float] = {}

    def timed(part: str, work: Callable[[], Made]) -> Made:
        began = perf_counter()
        made = work()
        took[part] = perf_counter() - began
        return made

    store, period, pack = a_store(make_url(url), Path(home)), Period.parse(name), load_pack(REGIME)
    windows = [one.span(pack.tz) for one in (period, period.before, period.year_before)]
    as_at, worked = store.now(), process_time()
    frame = timed("frame", lambda: load_frame(store, as_at, windows=windows, regime=REGIME))
    figures = timed("figures", lambda: make_figures(frame, period, pack.tz, as_at, axes_data(REGIME, OWN)))
    cover = Cover(Firm(), pack, 1)
    html = timed("html", lambda: render(figures, cover, ZH))
    timed("xlsx", lambda: workbook(figures, cover))
    timed("csv", lambda: figures_csv(figures))
    worked = process_time() - worked
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    timed("pdf", lambda: to_pdf(html))
    spans = {"period": figures.sections, "before": figures.before, "year_before": figures.year_before}
    said = {span: by_id(sections) for span, sections in spans.items()}
    json.dump({"figures": said, "seconds": took, "peak": peak, "cases": len(frame), "worked": worked}, sys.stdout)


def by_id(sections: Any) -> dict[str, Any]:
    """Return every figure by its id; amounts and averages as text, to the cent and to the tenth."""
    return {
        f"{section}.{row['code']}.{name}": str(value) if isinstance(value, Decimal) else value
        for section, table in sections.items()
        for row in table.astype("object").where(pd.notna(table), None).to_dict("records")
        for name, value in row.items()
        if name != "code"
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
