"""Files of returns, as links on Prefect's page open them, under addresses that nobody can guess.

A list of complaints names no person: it holds references, codes, dates and amounts.
"""

from typing import Final

from starlette.responses import Response

from complaints.links import opens_return
from complaints.reporting.returns.places import find_file, read_file
from complaints.settings import settings
from deployments.pages.page import HEADERS
from deployments.pages.summaries import style_policy
from tasks.desk import store

_TYPES: Final = {
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def show_return(name: str, token: str) -> Response | None:
    """Return a file of a return, or None where the link is wrong or the file is not there.

    Args:
        name: Such as ``uk-disp.2026-H1.annex-1r.20260702T080000Z-0123456789ab.table-1.csv``.
        token: From its link.

    Raises:
        ReturnBroken: the file is not what was written.
    """
    if not opens_return(name, token, store().master) or (file := find_file(settings().summaries_folder, name)) is None:
        return None
    content = read_file(file)
    if file.suffix == ".html":
        headers = HEADERS | {"Content-Security-Policy": style_policy(content)}
        return Response(content, 200, headers, media_type="text/html; charset=utf-8")
    headers = HEADERS | {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, 200, headers, media_type=_TYPES[file.suffix])
