"""What people read of a version: pages, paper, workbook and CSV, and what changed since the version before."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

import pandas as pd

from complaints.adapters.pdf import PdfUnavailable, to_pdf
from complaints.links import cases_name, summary_link
from complaints.regimes.model import Pack
from complaints.reporting.cover import Cover, Hand
from complaints.reporting.difference import Tables, difference_csv
from complaints.reporting.difference_page import difference_page
from complaints.reporting.figures import Figures
from complaints.reporting.long_csv import figures_csv, warning_days_csv
from complaints.reporting.rendering import render
from complaints.reporting.versions import Version
from complaints.reporting.workbook import workbook
from complaints.sealing import MasterKey
from complaints.words import LANGUAGES

Since = tuple[Version, pd.DataFrame]
"""A version, and how the one after it differs."""


def made_pages(
    version: Version, figures: Figures, tables: Tables, since: Since | None, pack: Pack, master: MasterKey
) -> dict[str, bytes]:
    """Return the files of a version that people read, by name; no PDF where this machine can make none.

    In HTML and XLSX every number leads to its cases. On paper none does: a PDF is what leaves the house, and who has
    such a link can open the list.

    Args:
        version: As it stands after the step that it is rendered for.
        figures: Its figures.
        tables: The same, with the cases behind them.
        since: The version before, and what changed since; None for the first.
        pack: The regime.
        master: The firm's master key, of which links are made.
    """
    paper = cover_of(version, pack)
    linked = cover_of(version, pack, _links(version, tables, master))
    files = {f"summary.{one}.html": render(figures, linked, one).encode() for one in LANGUAGES}
    files |= {"summary.xlsx": workbook(figures, linked), "summary.csv": figures_csv(figures).encode()}
    if (days := warning_days_csv(figures)) is not None:
        files["warning-days.csv"] = days.encode()
    with suppress(PdfUnavailable):
        files |= {f"summary.{one}.pdf": to_pdf(render(figures, paper, one)) for one in LANGUAGES}
    if since is not None:
        earlier, changed = since
        pages = {one: difference_page(earlier, version, changed, pack, one) for one in LANGUAGES}
        files |= {f"difference.{language}.html": page.encode() for language, page in pages.items()}
        files["difference.csv"] = difference_csv(changed).encode()
    return files


def cover_of(version: Version, pack: Pack, link: Callable[[str], str | None] = lambda _: None) -> Cover:
    """Return what a version says of itself."""
    return Cover(
        firm=version.edition.firm,
        pack=pack,
        version=version.number,
        prepared=Hand(version.prepared_by, version.prepared_at),
        reviewed=_hand(version.reviewed_by, version.reviewed_at),
        signed=_hand(version.signed_by, version.signed_at),
        remarks=version.edition.remarks,
        link=link,
    )


def figure_ids(tables: Tables) -> list[str]:
    """Return the ids of all figures that have cases behind them."""
    return [".".join(figure) for figure in tables.with_cases]


def _hand(by: str | None, at: datetime | None) -> Hand | None:
    return Hand(by, at) if by and at else None


def _links(version: Version, tables: Tables, master: MasterKey) -> Callable[[str], str | None]:
    known = frozenset(figure_ids(tables))

    def link(figure: str) -> str | None:
        if figure not in known:
            return None
        return summary_link(version.edition.pages, cases_name(version.link_name, figure), master)

    return link
