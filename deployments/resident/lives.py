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
        host, _, token = identifier.rpartition(":")
        if identifier == self.identifier:
            return False
        if host == socket.gethostname() and token.isalnum() and (self._folder / token).exists():
            return not _is_locked(self._folder / token)
        return beats.is_silent(self._store, identifier)

    def inherits(self, dead: str) -> str | None:
        """Return the name of a dead worker whose runs this one takes over, or None where another one does."""
        return beats.inherit(self._store, dead, self.identifier)

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
