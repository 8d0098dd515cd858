"""A file is not taken, not there, or not as it was; the store or the scanner is away."""

from complaints.errors.base import ComplaintError, RetryableError


class EvidenceStoreAway(RetryableError):
    """The evidence store cannot be reached or written now."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"The evidence store did not answer: {self.reason}. See: redress doctor"


class ScannerAway(RetryableError):
    """The virus scanner is set, but does not answer as it should: nothing is stored unscanned."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"The virus scanner did not check the file: {self.reason}; nothing was stored. See: redress doctor"


class EvidenceNotTaken(ComplaintError):
    """A file cannot become evidence."""

    def __init__(self, refusal: str, reason: str) -> None:
        super().__init__(refusal, reason)
        self.refusal, self.reason = refusal, reason

    def __str__(self) -> str:
        return f"evidence: {self.reason} ({self.refusal}); hand in another file"


class UnknownEvidence(ComplaintError):
    """A case has no evidence of this number."""

    def __init__(self, reference: str, number: int) -> None:
        super().__init__(reference, number)
        self.reference, self.number = reference, number

    def __str__(self) -> str:
        return f"Case {self.reference} has no evidence {self.number}. See: redress evidence list {self.reference}"


class EvidenceMissing(UnknownEvidence):
    """A file that the ledger knows is not in the evidence store."""

    def __str__(self) -> str:
        return (
            f"Evidence {self.number} of case {self.reference} is not in the evidence store. "
            "Restore the store from its backup, or hand the file in again"
        )


class EvidenceAltered(UnknownEvidence):
    """A file in the evidence store is not the one that was taken in."""

    def __str__(self) -> str:
        return (
            f"Evidence {self.number} of case {self.reference} was altered after it was taken in. "
            f"Run 'redress evidence verify {self.reference}', and restore the store from its backup"
        )
