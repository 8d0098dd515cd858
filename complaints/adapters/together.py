"""Filing together: complaints that arrive at the same moment share one transaction.

What a filing costs is mostly what a transaction costs: its questions, its statements and its commit. Under load a
door stores many complaints at the price of one; one that comes alone is stored at once, as ever.
"""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from complaints.adapters.filing import Filed
from complaints.adapters.store import Store
from complaints.intake import Complaint

MOST: Final = 25
"""Complaints in one transaction: more would keep the first of them waiting."""


@dataclass(frozen=True, eq=False)
class Filing:
    """A complaint to be read and stored, and what whoever delivered it is told."""

    read: Callable[[], Complaint]
    sender: str
    delivery_id: str
    answer: Future[Filed] = field(default_factory=Future)


class Together:
    """Files what many bring at the same time, in a thread of its own.

    One thread, because several would only take turns: under load, what comes in while it is at work is its next
    transaction.

    Args:
        store: The case database.
        regime: Name of the leading regime.
        further: Names of the regimes that apply beside it where their condition holds.
    """

    def __init__(self, store: Store, regime: str, further: Sequence[str] = ()) -> None:
        self._store, self._regime, self._further = store, regime, further
        self._waiting: deque[Filing] = deque()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="filing")

    def file(self, read: Callable[[], Complaint], sender: str, delivery_id: str) -> Future[Filed]:
        """Store a complaint as a new case, once, as :meth:`Store.file` does; return at once.

        Args:
            read: Reads the record; called in the thread that stores it.
            sender: Who delivers it.
            delivery_id: The sender's id of this delivery.

        Returns:
            The answer, or what ``read`` or :meth:`Store.file` raised.
        """
        filing = Filing(read, sender, delivery_id)
        self._waiting.append(filing)
        self._thread.submit(self._file_waiting)
        return filing.answer

    def _file_waiting(self) -> None:
        """File what has come by now; there may be nothing left, as each filing asks once."""
        waiting = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST))]
        filings = {one: read for one in waiting if (read := _read(one)) is not None}
        stored = self._file_new(filings) if len(filings) > 1 else {}
        for number, (filing, complaint) in enumerate(filings.items()):
            try:
                filing.answer.set_result(stored.get(number) or self._file_one(filing, complaint))
            except BaseException as error:  # whatever it is, it belongs to whoever brought this complaint
                filing.answer.set_exception(error)

    def _file_new(self, filings: dict[Filing, Complaint]) -> dict[int, Filed]:
        """File in one transaction what is new; return it by its place. Where that fails, nothing is stored."""
        new = [(complaint, one.sender, one.delivery_id) for one, complaint in filings.items()]
        try:
            return self._store.file_new(new, self._regime, self._further)
        except Exception:  # whosever it is: each is then stored, or refused, by itself
            return {}

    def _file_one(self, filing: Filing, complaint: Complaint) -> Filed:
        return self._store.file(complaint, filing.sender, self._regime, filing.delivery_id, further=self._further)


def _read(filing: Filing) -> Complaint | None:
    """Return the record, or None where it cannot be read or nobody waits for it any more."""
    if not filing.answer.set_running_or_notify_cancel():
        return None
    try:
        return filing.read()
    except Exception as error:
        filing.answer.set_exception(error)
        return None
