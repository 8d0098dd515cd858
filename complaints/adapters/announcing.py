"""Writes what other systems are to be told of cases, in the transaction of the acts that it follows from."""

import json
from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection, insert

from complaints.adapters.tables import AnnouncementRow, Base, DispatchRow
from complaints.announcements import Announcement, Wants, announced
from complaints.case import Case

_ANNOUNCEMENTS, _DISPATCHES = (Base.metadata.tables[row.__tablename__] for row in (AnnouncementRow, DispatchRow))
_IN_ORDER: Final = insert(_ANNOUNCEMENTS).returning(_ANNOUNCEMENTS.c.id, sort_by_parameter_order=True)


def announce(connection: Connection, wants: Wants, changed: Iterable[tuple[Case, int]]) -> None:
    """Put what is new in cases on its way to every receiver that asks for it.

    Args:
        connection: In whose transaction; the cases are stored, and nobody else can change them before its end.
        wants: What each receiver asks for; what nobody asks for is not written.
        changed: Cases with their new acts, and how many entries their ledgers have without them.
    """
    if not wants:
        return
    found = [one for case, version in changed for one in announced(case, version) if _takers(one, wants)]
    if not found:
        return
    rows = [
        {
            "reference": one.reference,
            "event": one.event,
            "at": one.at,
            "facts": json.dumps(one.facts, ensure_ascii=False),
        }
        for one in found
    ]
    ids = connection.execute(_IN_ORDER, rows).scalars().all()
    dispatches = [
        {"announcement": id, "receiver": name, "reference": one.reference, "attempt": 0, "next_at": one.at}
        for id, one in zip(ids, found, strict=True)
        for name in _takers(one, wants)
    ]
    connection.execute(insert(_DISPATCHES), dispatches)


def _takers(one: Announcement, wants: Wants) -> list[str]:
    return [name for name, events in wants.items() if one.event in events]
