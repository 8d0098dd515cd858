"""How an error is told where others read it, on Prefect's page or in a log: by its type and where it happened.

What it says is left out unless it is one of Redress's own, whose sentences hold no personal data: those of other
libraries repeat what they stumbled over, such as an input, a parameter of a statement, or a mail server's answer.
"""

import traceback
from pathlib import Path
from typing import Final

from complaints.errors.base import ComplaintError

_HOUSE: Final = Path(__file__).parents[2]
_OURS: Final = tuple(f"{_HOUSE / name}/" for name in ("complaints", "deployments", "flows", "tasks"))
_STEPS: Final = f"{_HOUSE / 'tasks'}/"
_MOST: Final = 10
"""Errors that are told of those that led to each other; they can do so in a circle."""


def name_of(error: BaseException) -> str:
    """Return the type of an error, with its module."""
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def said_by(error: BaseException) -> str:
    """Return the type of an error and, of Redress's own, what it says."""
    return f"{name_of(error)}: {error}" if isinstance(error, ComplaintError) else name_of(error)


def place_of(error: BaseException) -> str:
    """Return in which step and where an error happened: ``deliver_letter, tasks/letters.py:90 → complaints/case.py:7``.

    Both are places of our own; where there is none, the last place of all. Of an error that was never raised, nothing.
    """
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return ""
    ours = [one for one in frames if one.filename.startswith(_OURS)]
    last = (ours or frames)[-1]
    step = next((one for one in ours if one.filename.startswith(_STEPS)), last)
    place = f"{step.name}, {_short(step)}"
    return place if step is last else f"{place} → {_short(last)}"


def _short(frame: traceback.FrameSummary) -> str:
    file = Path(frame.filename)
    shown = file.relative_to(_HOUSE) if file.is_relative_to(_HOUSE) else Path(file.name)
    return f"{shown.as_posix()}:{frame.lineno}"


def stack_of(error: BaseException) -> str:
    """Return where an error happened, after where those happened that led to it; no values of variables."""
    parts: list[str] = []
    one: BaseException | None = error
    while one is not None and len(parts) < _MOST:
        parts.insert(0, "".join(traceback.format_tb(one.__traceback__)) + said_by(one))
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
    return "\n".join(parts)
