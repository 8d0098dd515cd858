"""Sealed data cannot be read."""

from complaints.errors.base import ComplaintError
from complaints.errors.settings import SettingError


class MasterKeyMissing(SettingError):
    """Sealed data exists, but the master key that opens it is not there."""


class MasterKeyWrong(SettingError):
    """The master key is not the one that this database was sealed with."""


class KeyDestroyed(ComplaintError):
    """The case's own key was destroyed: the person was erased, as the retention rule asks."""

    def __init__(self, reference: str) -> None:
        super().__init__(reference)
        self.reference = reference

    def __str__(self) -> str:
        return f"The personal data of case {self.reference} was erased and cannot be read any more."


class SealBroken(ComplaintError):
    """A case's data cannot be read: it was altered, or belongs elsewhere."""

    def __init__(self, reference: str) -> None:
        super().__init__(reference)
        self.reference = reference

    def __str__(self) -> str:
        return f"Data of case {self.reference} was altered. Run 'redress verify {self.reference}'."
