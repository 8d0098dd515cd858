"""The monthly summaries, as links on Prefect's page open them: figures only, under addresses that nobody can guess."""

import base64
import hashlib
import re
from typing import Final

from starlette.responses import Response

from complaints.links import opens_summary
from complaints.settings import settings
from deployments.pages.page import HEADERS
from tasks.desk import store

_NAME: Final = re.compile(r"(\d{4}-\d{2})\.(zh-CN\.html|en\.html|csv)", re.ASCII)
_STYLE: Final = re.compile(rb"<style>(.*?)</style>", re.DOTALL)


def show_summary(name: str, token: str) -> Response | None:
    """Return a file of a summary, or None where the link is wrong or the file is not there.

    Args:
        name: Such as ``2026-01.zh-CN.html``; what else it may be is never made a path.
        token: From its link.
    """
    known = _NAME.fullmatch(name)
    if not opens_summary(name, token, store().master) or known is None:
        return None
    file = settings().summaries_folder / known[1] / f"summary.{known[2]}"
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return None
    if file.suffix == ".csv":
        headers = HEADERS | {"Content-Disposition": f'attachment; filename="summary-{known[1]}.csv"'}
        return Response(content, 200, headers, media_type="text/csv; charset=utf-8")
    return Response(content, 200, HEADERS | {"Content-Security-Policy": _policy(content)}, media_type="text/html")


def _policy(content: bytes) -> str:
    """Return what a summary may do: show the style that stands in it, and nothing else."""
    hashes = (base64.b64encode(hashlib.sha256(style).digest()).decode() for style in _STYLE.findall(content))
    styles = " ".join(f"'sha256-{one}'" for one in hashes) or "'none'"
    return f"default-src 'none'; style-src {styles}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
