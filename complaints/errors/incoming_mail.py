"""The mailbox that complaints come to, and mails that are not taken in."""

from complaints.errors.base import ComplaintError, RetryableError
from complaints.errors.settings import SettingError


class MailboxUnavailable(RetryableError):
    """The mailbox that complaints come to cannot be read now; nothing in it was touched."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"The mailbox cannot be read now: {self.reason}. What is in it stays there and is taken in later."


class MailboxRefused(SettingError):
    """The mailbox that complaints come to does not let us in, and will not until somebody changes something."""


class MailNotTaken(RetryableError):
    """Some mails could not be stored now; they lie in the mailbox and are taken in by a later run."""

    def __init__(self, count: int, reasons: tuple[str, ...]) -> None:
        super().__init__(count, reasons)
        self.count, self.reasons = count, reasons

    def __str__(self) -> str:
        why = ", ".join(self.reasons)
        return f"{self.count} mails could not be stored now ({why}); they stay in the mailbox and are taken in later."


class MailBeyondLimits(ComplaintError):
    """A mail that came in is larger, or more deeply nested, than is taken apart."""

    def __init__(self, unit: str, limit: int) -> None:
        super().__init__(unit, limit)
        self.unit, self.limit = unit, limit

    def __str__(self) -> str:
        return f"The mail has more than {self.limit} {self.unit}; it was kept, but not taken apart."
