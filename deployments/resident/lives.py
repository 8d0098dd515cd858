"""Whether workers live: a lease on a file for those of this machine, beats in the case database for all."""

import fcntl
import socket
import uuid
from pathlib import Path
from typing import IO

from complaints.adapters import beats
from complaints.adapters.store import Store


class Life:
    """The life of this worker, and what it knows of others'.

    A locked file proves at once that a process of this machine lives or is dead, for the system unlocks it however
    the process ends. Of workers elsewhere the beats tell, after a while.

    Attributes:
        identifier: ``host:token``; the states of runs carry it.
    """

    def __init__(self, store: Store, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._store, self._folder, self._name = store, folder, name
        token = uuid.uuid4().hex
        self.identifier = f"{socket.gethostname()}:{token}"
        self._file: IO[str] = (folder / token).open("w")
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def begin(self) -> None:
        """Say that this worker is there."""
        self._tidy()
        beats.arrive(self._store, self.identifier, socket.gethostname(), self._name)

    def goes_on(self) -> bool:
        """Say that this worker lives; return False where others have taken it for dead."""
        return beats.beat(self._store, self.identifier)

    def end(self) -> None:
        """Say that this worker ended in order."""
        beats.leave(self._store, self.identifier)
        Path(self._file.name).unlink(missing_ok=True)
        self._file.close()

    def is_dead(self, identifier: str) -> bool:
        """Whether another worker has ended."""
        if identifier == self.identifier:
            return False
        lease = self._lease(identifier)
        return beats.is_silent(self._store, identifier) if lease is None else not _is_locked(lease)

    def inherits(self, dead: str) -> str | None:
        """Return the name of a dead worker whose runs this one takes over.

        None where another one does, or where it lives after all.
        """
        lease = self._lease(dead)
        return beats.inherit(self._store, dead, self.identifier, is_proven=lease is not None and not _is_locked(lease))

    def _lease(self, identifier: str) -> Path | None:
        """Return the file that a worker of this machine holds; None of one elsewhere, or that left none."""
        host, _, token = identifier.rpartition(":")
        lease = self._folder / token
        return lease if host == socket.gethostname() and token.isalnum() and lease.exists() else None

    def _tidy(self) -> None:
        """Remove leases of this machine that nobody knows any more."""
        for file in self._folder.iterdir():
            if not _is_locked(file) and beats.is_silent(self._store, f"{socket.gethostname()}:{file.name}"):
                file.unlink(missing_ok=True)


def _is_locked(file: Path) -> bool:
    try:
        with file.open() as lease:
            fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False
