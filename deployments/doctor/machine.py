"""What the doctor looks at on this machine: versions, the home folder, and what PDF is made with."""

import platform
import re
from collections.abc import Iterator
from importlib.metadata import version
from typing import Final

from complaints.adapters import pdf
from complaints.adapters.archive import paper as case_file
from complaints.adapters.pdf import PdfUnavailable
from complaints.settings import Settings
from deployments.doctor.finding import Finding, graded

WANTED: Final = {"prefect": ((3, 8, 8), (3, 9)), "fastapi": ((0, 139), (0, 150)), "sqlalchemy": ((2, 0, 36), (2, 1))}
"""Least and first unfit version; see pyproject.toml for the reasons."""


def versions() -> list[Finding]:
    """Look at the versions of Python and of what Redress stands on."""
    python = platform.python_version_tuple()
    fits = (3, 11) <= (int(python[0]), int(python[1])) < (3, 14)
    findings = [graded(fits, "Python", platform.python_version(), "use Python 3.11, 3.12 or 3.13")]
    for package, (least, unfit) in WANTED.items():
        found = version(package)
        numbers = tuple(int(part) for part in re.findall(r"\d+", found)[:3])
        cure = f"install with -c constraints.txt ({'.'.join(map(str, least))} up to {'.'.join(map(str, unfit))})"
        findings.append(graded(least <= numbers < unfit, package, found, cure))
    return findings


def home(settings: Settings) -> list[Finding]:
    """Look whether the home folder is there, and for nobody else."""
    if not settings.home.exists():
        return [Finding("note", "home folder", f"{settings.home} is not there yet", "redress up makes it")]
    mode = settings.home.stat().st_mode & 0o777
    private = not mode & 0o077
    return [graded(private, "home folder", f"{settings.home}, mode {mode:o}", f"chmod 700 {settings.home}")]


_PAGE: Final = (
    '<html lang="zh-CN"><head><title>doctor</title><meta name="dcterms.date" content="2026-01-01"/></head>'
    "<body><p>投诉</p></body></html>"
)


def paper() -> Iterator[Finding]:
    """Look whether PDF can be made here: summaries are set by WeasyPrint, case files of the archive by Typst."""
    for what, sets in (("summaries", pdf.to_pdf), ("case files", case_file.to_pdf)):
        try:
            sets(_PAGE)
        except PdfUnavailable as wrong:
            yield Finding("note", f"PDF of {what}", "they are made without it", str(wrong))
        else:
            yield Finding("ok", f"PDF of {what}", "can be made, with Chinese characters")
