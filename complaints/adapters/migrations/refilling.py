"""Filling new columns of ``cases`` in a database that holds cases: each is built again from its ledger, without key."""

import logging
from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select, update

from complaints.adapters.entries import ledgers_in_clear, replay
from complaints.adapters.projection import case_columns
from complaints.adapters.tables import Base, CaseRow, RuleRow
from complaints.calendars.files import read_calendar
from complaints.errors.base import ComplaintError
from complaints.regimes.files import read_pack
from complaints.regimes.rulebook import Rulebook, packaged_rulebook

_BATCH: Final = 500  # cases held in memory at a time
_UNREADABLE: Final = (ComplaintError, ValueError, LookupError, TypeError)
_CASES, _RULES = (Base.metadata.tables[row.__tablename__] for row in (CaseRow, RuleRow))

log = logging.getLogger("redress.migrations")


def refill(connection: Connection, columns: Sequence[str]) -> None:
    """Fill columns of every case from its ledger.

    A case whose ledger cannot be read keeps what its columns hold: ``redress verify`` names it, and one such case must
    not keep all others from the upgrade.

    Args:
        connection: That of the migration.
        columns: What to fill, by the names that :func:`case_columns` gives; nothing else is written.
    """
    rules = _rules(connection)
    filled = (
        update(_CASES)
        .where(_CASES.c.reference == bindparam("is_reference"))
        .values({name: bindparam(name) for name in columns})
    )
    for batch in _batches(connection):
        ledgers = ledgers_in_clear(connection, batch)
        rows: list[dict[str, Any]] = []
        for reference, regime in batch.items():
            try:
                known = case_columns(replay(reference, regime, ledgers[reference], None, rules))
            except _UNREADABLE as wrong:
                log.warning("case %s was left as it was: %s", reference, type(wrong).__name__)
            else:
                rows.append({"is_reference": reference} | {name: known[name] for name in columns})
        if rows:
            connection.execute(filled, rows)


def _batches(connection: Connection) -> Iterator[dict[str, str]]:
    """Yield the regime of each case by its reference."""
    last = ""
    query = select(_CASES.c.reference, _CASES.c.regime).order_by(_CASES.c.reference).limit(_BATCH)
    while rows := connection.execute(query.where(_CASES.c.reference > last)).all():
        yield dict(row._tuple() for row in rows)
        last = rows[-1].reference


def _rules(connection: Connection) -> Rulebook:
    """Return packs and calendars: what Redress brings along, and what the firm added."""
    rows = connection.execute(select(_RULES.c.kind, _RULES.c.name, _RULES.c.text).order_by(_RULES.c.id)).all()
    calendars = [read_calendar(text, name) for kind, name, text in rows if kind == "calendar"]
    packs = [read_pack(text, name) for kind, name, text in rows if kind == "pack"]
    return packaged_rulebook().with_calendars(calendars).with_packs(packs)
