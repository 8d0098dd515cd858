"""What the database remembers of the last anchor.

An anchor cannot say that another came after it: whoever deletes the newest, or all of them, would leave a chain that
holds. So number and hash of the last one stand in the database, marked with a key that is made from the master key.
Who reaches the place of anchors alone cannot bring the database to forget one; who reaches the database alone can
neither make such a mark nor take an anchor away.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import or_, select, update

from complaints.adapters.keeping.marks import is_mark_of, mark_of
from complaints.adapters.store import Store
from complaints.adapters.tables import FirmRow

_PURPOSE: Final = "redress last anchor"


@dataclass(frozen=True)
class Memory:
    """The last anchor, as the database has it.

    Attributes:
        number: Of the anchor; 0 where none is remembered.
        sha256: Of its file.
        is_altered: Somebody without the master key wrote it; nothing of it is believed.
    """

    number: int = 0
    sha256: str | None = None
    is_altered: bool = False


def recall(store: Store) -> Memory:
    """Return what the database remembers of the last anchor.

    Raises:
        SettingError: the database was not set up, or the master key is not the right one.
    """
    master = store.master  # first: it says what is wrong with a database that was not set up
    query = select(FirmRow.anchor_number, FirmRow.anchor_sha256, FirmRow.anchor_mark)
    with store.read() as session:
        number, sha256, mark = session.execute(query).one()
    if number is None and sha256 is None and mark is None:
        return Memory()
    if not is_mark_of(mark, [number, sha256], _PURPOSE, master):
        return Memory(is_altered=True)
    return Memory(number, sha256)


def remember(store: Store, number: int, sha256: str, *, anyhow: bool = False) -> None:
    """Remember an anchor as the last one; one that is older than what is remembered changes nothing.

    Args:
        store: The case database.
        number: Of the anchor.
        sha256: Of its file.
        anyhow: Whatever is remembered: two people, or a restore, gave that up.
    """
    mark = mark_of([number, sha256], _PURPOSE, store.master)
    values = {"anchor_number": number, "anchor_sha256": sha256, "anchor_mark": mark}
    is_older = or_(FirmRow.anchor_number.is_(None), FirmRow.anchor_number < number)
    with store.write() as session:  # several may write anchors: the later number stands, whoever comes last
        session.execute(update(FirmRow).values(values) if anyhow else update(FirmRow).where(is_older).values(values))
