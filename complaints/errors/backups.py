"""A backup cannot be taken or restored."""

from complaints.errors.base import ComplaintError


class BackupRefused(ComplaintError):
    """A backup could not be taken, or may not be restored, as things stand; nothing was changed."""

    def __init__(self, what: str, reason: str, cure: str) -> None:
        super().__init__(what, reason, cure)
        self.what, self.reason, self.cure = what, reason, cure

    def __str__(self) -> str:
        return f"{self.what}: {self.reason}. {self.cure}"


class BackupBroken(ComplaintError):
    """A backup, or a part of it, is not as it was written."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(what, reason)
        self.what, self.reason = what, reason

    def __str__(self) -> str:
        return f"{self.what}: {self.reason}. Take another backup: redress restore FOLDER/NAME"
