"""Regulatory summaries, as links on Prefect's page and in the summaries themselves open them.

There are no names of persons under these addresses, which nobody can guess: files of a version, and for each figure
the list of the cases behind it.
"""

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import Response

from complaints.adapters.summary_chain import UnknownSummary, find_version
from complaints.adapters.summary_files import SummaryFiles
from complaints.links import cases_name, opens_summary, summary_link
from complaints.payments import payments_in
from complaints.regimes.model import Pack
from complaints.reporting.periods import Period, PeriodUnknown
from complaints.reporting.versions import Version
from complaints.settings import settings
from complaints.words import Category, Kind, Outcome, Title, Worded, show_money
from deployments.pages.page import HEADERS, Page
from tasks.desk import store

if TYPE_CHECKING:
    import pandas as pd

_NAME: Final = re.compile(
    r"(?P<regime>[a-z0-9][a-z0-9_-]{0,31})"
    r"\.(?P<period>[0-9]{4}(?:-(?:[0-9]{2}|Q[1-4]|H[12]))?)"
    r"\.v(?P<number>[1-9][0-9]{0,3})"
    r"\.(?P<what>(?:difference\.)?(?:(?:zh-CN|en)\.html|csv)|(?:zh-CN|en)\.pdf|xlsx|warning-days\.csv|cases-[0-9a-f]{16})",
    re.ASCII,
)
_STYLE: Final = re.compile(rb"<style>(.*?)</style>", re.DOTALL)
_TYPES: Final = {
    "html": "text/html; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_PAGE: Final = 100  # cases on a page


def show_summary(page: Page, name: str, token: str) -> Response | None:
    """Return what a link of a summary leads to, or None where the link is wrong or nothing is there.

    Args:
        page: The page that is asked for.
        name: Such as ``cn-nfra.2026-01.v1.zh-CN.html``; what else it may be is never made a path.
        token: From its link.

    Raises:
        SummaryBroken: a file is missing, or was altered since it was recorded.
    """
    known = _NAME.fullmatch(name)
    if not opens_summary(name, token, store().master) or known is None:
        return None
    try:
        version = find_version(store(), known["regime"], known["period"], int(known["number"]))
    except (UnknownSummary, PeriodUnknown):
        return None
    files = SummaryFiles(settings().summaries_folder)
    if known["what"].startswith("cases-"):
        return _list_cases(page, files, version, name)
    alone = known["what"].startswith(("difference.", "warning-days."))
    file = known["what"] if alone else f"summary.{known['what']}"
    if file not in version.edition.files:
        return None
    return _file(files.read(version, file), name)


def _file(content: bytes, name: str) -> Response:
    kind = name.rpartition(".")[2]
    if kind == "html":
        headers = HEADERS | {"Content-Security-Policy": style_policy(content)}
    else:
        headers = HEADERS | {"Content-Disposition": f'attachment; filename="summary-{name}"'}
    return Response(content, 200, headers, media_type=_TYPES[kind])


def style_policy(content: bytes) -> str:
    """Return what a page made for paper may do: show the style that stands in it, and nothing else."""
    hashes = (base64.b64encode(hashlib.sha256(style).digest()).decode() for style in _STYLE.findall(content))
    styles = " ".join(f"'sha256-{one}'" for one in hashes) or "'none'"
    return f"default-src 'none'; style-src {styles}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


# --- the cases behind a figure ----------------------------------------------------------------------


def _list_cases(page: Page, files: SummaryFiles, version: Version, name: str) -> Response | None:
    # With pandas, which a door needs for nothing else.
    from complaints.adapters.summary_tables import cases_of, figure_ids, parts_of, references_behind
    from complaints.reporting.labels import code_title, measure_title, period_title, section_title

    named = (one for one in figure_ids(files, version) if cases_name(version.link_name, one) == name)
    if (figure := next(named, None)) is None:
        return None
    section, code, measure = parts_of(figure)
    period, pack = Period.parse(version.period), store().rules().pack(version.regime)
    titles = (section_title(section), code_title(section, code, period), measure_title(section, measure))
    references = references_behind(files, version, figure)
    pages = max(-(-len(references) // _PAGE), 1)
    number = _page_number(page.request.query_params.get("page", ""), pages)
    shown = references[(number - 1) * _PAGE : number * _PAGE]
    first = (number - 1) * _PAGE + 1
    return page.show(
        "cases",
        figure=" · ".join(title.word(page.language) for title in titles),
        summary=page.say(
            "cases_summary",
            period=period_title(period).word(page.language),
            version=version.number,
            as_at=f"{version.edition.as_at.astimezone(pack.tz):%Y-%m-%d %H:%M:%S}",
            zone=_ZONES.get(pack.zone, Title(zh=pack.zone, en=pack.zone)).word(page.language),
        ),
        back=summary_link(page.root, f"{version.link_name}.{page.language}.html", store().master),
        place=_PLACES.get(section, section),
        rows=list(_rows(page, shown, cases_of(files, version, shown), pack)),
        heads=HEADS,
        first=first,
        last=first + len(shown) - 1,
        total=len(references),
        number=number,
        pages=pages,
    )


_ZONES: Final = {"Asia/Shanghai": Title(zh="北京时间", en="Asia/Shanghai")}
_PLACES: Final = {"warning_days": "warnings"}
"""Where on the page of the summary a section stands that has no place by its own name."""


def _page_number(typed: str, pages: int) -> int:
    """Return the page that is asked for; the first one where it is none."""
    number = int(typed) if re.fullmatch(r"[0-9]{1,6}", typed) else 1
    return min(max(number, 1), pages)


HEADS: Final = (
    *("cases_kind", "cases_category", "cases_received", "cases_due", "cases_answered", "cases_closed"),
    *("cases_stage", "cases_late", "cases_outcome", "cases_paid"),
)
"""The heads of what the list says of a case, beside its reference."""


def _rows(page: Page, references: list[str], cases: "pd.DataFrame", pack: Pack) -> Iterator[tuple[str, ...]]:
    known: Mapping[str, Mapping[Any, Any]] = {row["reference"]: row for row in cases.to_dict("records")}
    for reference in references:
        row = known.get(reference)
        if row is None or row["kind"] == Kind.REPORT:
            yield (reference, *("" for _ in HEADS))
        else:
            yield (reference, *_cells(page, row, pack))


def _cells(page: Page, row: Mapping[Any, Any], pack: Pack) -> Iterator[str]:
    """Yield what is said of a case, in the order of :data:`HEADS`; nothing where nothing is known."""
    received, answered, closed = (_instant(row[name]) for name in ("received_at", "answered_at", "closed_at"))
    due = _instant(row["decision_due_at"])
    yield _word(Kind, row["kind"], page.language)
    yield _word(Category, row["category"], page.language)
    # A limit ends with its last day, at the midnight after it.
    for at in (received, due and due - timedelta(microseconds=1), answered, closed):
        yield f"{at.astimezone(pack.tz):%Y-%m-%d}" if at else ""
    yield page.say("cases_is_closed" if closed else "cases_is_answered" if answered else "cases_is_open")
    yield {True: page.say("cases_is_late"), False: page.say("cases_in_time")}.get(row["late"], "")
    yield _word(Outcome, row["outcome"], page.language)
    paid = payments_in(text for text in [row.get("payments")] if isinstance(text, str))
    yield "; ".join(show_money(one.amount, one.currency, page.language) for of_case in paid for one in of_case)


def _word(words: type[Worded], code: Any, language: str) -> str:
    """Return what a code is called; nothing where there is none."""
    return words(code).word(language) if code in list(words) else ""


def _instant(value: Any) -> datetime | None:
    """Return an instant of a frame; one that is not there is unlike itself."""
    return value.to_pydatetime() if value is not None and value == value else None
