"""What the doctor looks at on this machine: versions and the home folder."""

import platform
import re
from importlib.metadata import version
from typing import Final

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
