"""What a deployment has changed on Prefect's server, as people and programs read it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Column, Table
from rich.text import Text


@dataclass(frozen=True)
class Difference:
    """A field that was not as planned.

    Attributes:
        field: Which one.
        was: What was found.
        planned: What Redress wants there.
    """

    field: str
    was: str
    planned: str


@dataclass(frozen=True)
class Change:
    """What became of one thing on Prefect's server.

    Attributes:
        what: Its kind, such as ``deployment``.
        name: Its name.
        created: Whether it was not there.
        gone: Whether it is there, but belongs to Redress no more.
        changed: What was made as planned.
        kept: What somebody has set by hand, and was left so.
    """

    what: str
    name: str
    created: bool = False
    gone: bool = False
    changed: tuple[Difference, ...] = ()
    kept: tuple[Difference, ...] = ()

    @property
    def verdict(self) -> str:
        """What became of it, in one word."""
        if self.created:
            return "created"
        if self.gone:
            return "gone"
        return "changed" if self.changed else "unchanged"

    @property
    def is_news(self) -> bool:
        """Whether anything on the server was changed."""
        return self.created or bool(self.changed)


def as_table(changes: Sequence[Change]) -> Table:
    """Return what was changed, left by hand, or is gone, as a table; what is as planned is left out."""
    table = Table("what", "name", "", Column("how", overflow="fold"))
    for one in changes:
        if one.is_news or one.kept or one.gone:
            table.add_row(one.what, Text(one.name), one.verdict, Text("\n".join(_lines(one))))
    return table


def _lines(change: Change) -> list[str]:
    gone = ["no part of Redress any more; delete it on Prefect's page"] if change.gone else []
    changed = [f"{one.field}: {one.was} → {one.planned}" for one in change.changed]
    kept = [f"{one.field}: {one.was} (set by hand, left so; planned: {one.planned})" for one in change.kept]
    return [*gone, *changed, *kept]


def in_a_word(changes: Sequence[Change]) -> str:
    """Return how many things were changed, as one line."""
    news = [one for one in changes if one.is_news]
    if not news:
        return f"Nothing changed; {len(changes)} things are on Prefect's server."
    created = sum(one.created for one in news)
    return f"{created} created, {len(news) - created} changed, {len(changes) - len(news)} unchanged."


def as_json(changes: Sequence[Change]) -> list[dict[str, Any]]:
    """Return all of it for programs."""
    return [
        {
            "what": one.what,
            "name": one.name,
            "verdict": one.verdict,
            "changed": [asdict(field) for field in one.changed],
            "kept": [asdict(field) for field in one.kept],
        }
        for one in changes
    ]
