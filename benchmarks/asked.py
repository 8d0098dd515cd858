"""What Prefect's server was asked, as ``benchmarks.counting`` counts it."""

from collections.abc import Mapping
from typing import Final

import httpx

from benchmarks.postgres import say
from complaints.settings import Settings

PATH: Final = "/counted"

Counts = Mapping[str, tuple[int, float]]
"""How often something was asked until now, and the seconds that it took in all."""


def asked(where: Settings) -> Counts:
    """Return what a counting server was asked until now."""
    counted = httpx.get(where.api_url.removesuffix("/api") + PATH, timeout=30).raise_for_status().json()
    return {name: (count, seconds) for name, (count, seconds) in counted.items()}


def show_asked(before: Counts, after: Counts, number: float, unit: str) -> None:
    """Print what was asked in between, the most frequent first.

    Args:
        before: The counts at first.
        after: The counts then.
        number: Of how many of ``unit`` this is the sum.
        unit: What the counts are told for, such as ``complaint``.
    """
    rows = []
    for name, (count, seconds) in after.items():
        known, spent = before.get(name, (0, 0.0))
        if count > known:
            rows.append((count - known, seconds - spent, name))
    total = sum(count for count, _, name in rows if not name.startswith("WS"))
    say(f"asked of Prefect's server: {total / number:.1f} requests a {unit}")
    for count, seconds, name in sorted(rows, reverse=True):
        took = "" if name.startswith("WS") else f"{seconds / count * 1000:8.1f} ms each"
        say(f"  {count / number:7.2f}  {name:75} {took}".rstrip())
