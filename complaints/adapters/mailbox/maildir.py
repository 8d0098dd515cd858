"""A Maildir folder, as mail servers of this machine fill it; folders below it are named as Maildir++ does."""

import os
import stat
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from complaints.adapters.mailbox.transport import Fetched, Folder, Waiting
from complaints.errors.incoming_mail import MailboxUnavailable


class MaildirMailbox:
    """A mailbox whose messages are files in ``new`` and ``cur``."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def waiting(self, most: int) -> Sequence[Waiting]:
        """Return the messages that lie there, the oldest first."""
        found = []
        for part in ("new", "cur"):
            try:
                with os.scandir(self._root / part) as entries:
                    # A link could lead out of the mailbox, to any file that we may read.
                    found += [(part, one) for one in entries if stat.S_ISREG(one.stat(follow_symlinks=False).st_mode)]
            except OSError as error:
                raise MailboxUnavailable(f"the folder '{part}' of the Maildir: {type(error).__name__}") from None
        aged = sorted((one.stat().st_mtime, f"{part}/{one.name}", one.stat().st_size) for part, one in found)
        return [Waiting(key, size, "F" in key.partition(":2,")[2]) for _, key, size in aged[:most]]

    def fetch(self, message: Waiting, most_bytes: int) -> Fetched | None:
        """Return a message; None where somebody moved it meanwhile."""
        try:
            with (self._root / message.key).open("rb") as file:
                delivered = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)
                return Fetched(file.read(most_bytes), delivered)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise MailboxUnavailable(f"a message cannot be read: {type(error).__name__}") from None

    def move(self, message: Waiting, folder: Folder) -> None:
        """Move a message; one that another worker moved is no error."""
        into = self._root / f".Redress.{folder}"
        name = message.key.partition("/")[2]
        try:
            for part in ("tmp", "new", "cur"):
                (into / part).mkdir(parents=True, exist_ok=True, mode=0o700)
            (into / "maildirfolder").touch()
            (self._root / message.key).rename(into / "cur" / (name if ":2," in name else f"{name}:2,"))
        except FileNotFoundError:
            return
        except OSError as error:
            raise MailboxUnavailable(f"a message cannot be moved: {type(error).__name__}") from None

    def lying(self, folder: Folder) -> int:
        """Return how many messages lie in one of our own folders; none where it was never needed."""
        try:
            parts = [self._root / f".Redress.{folder}" / part for part in ("new", "cur")]
            return sum(len([*part.iterdir()]) for part in parts)
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise MailboxUnavailable(f"the folder '{folder}' of the Maildir: {type(error).__name__}") from None
