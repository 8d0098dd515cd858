"""What the doctor found: one thing that was looked at, its grade and its cure."""

from dataclasses import dataclass
from typing import Literal

Grade = Literal["ok", "note", "bad"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    grade: Grade
    what: str
    found: str
    cure: str = ""


def graded(fits: bool, what: str, found: str, cure: str) -> Finding:
    """Return a finding that is ok, or bad with its cure."""
    return Finding("ok", what, found) if fits else Finding("bad", what, found, cure)
