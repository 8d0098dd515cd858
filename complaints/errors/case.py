"""A case does not make this move, does not ask this, or was changed by somebody else."""

from complaints.errors.base import ComplaintError, RetryableError


class StageError(ComplaintError):
    """A case was asked to make a move that its stage does not allow."""

    def __init__(self, reference: str, stage: str, move: str) -> None:
        super().__init__(reference, stage, move)
        self.reference, self.stage, self.move = reference, stage, move

    def __str__(self) -> str:
        return f"Case {self.reference} is at stage '{self.stage}'; the move '{self.move}' is not allowed from there."


class UnknownCase(ComplaintError):
    """No case has this reference."""

    def __init__(self, reference: str) -> None:
        super().__init__(reference)
        self.reference = reference

    def __str__(self) -> str:
        return f"There is no case {self.reference}. 'redress list' shows the references."


class CaseConflict(RetryableError):
    """Two writers changed one case at the same time; the other one won."""

    def __init__(self, reference: str, version: int) -> None:
        super().__init__(reference, version)
        self.reference, self.version = reference, version

    def __str__(self) -> str:
        return (
            f"Case {self.reference} was changed by somebody else after it was read (at entry {self.version}); "
            "nothing was saved. Read it again and repeat the step."
        )


class AnswerRefused(ComplaintError):
    """An answer of an operator cannot be recorded; the question is asked again with this reason."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(field, reason)
        self.field, self.reason = field, reason

    def __str__(self) -> str:
        return f"{self.field}: {self.reason}"


class AnsweredAlready(ComplaintError):
    """Somebody else's answer to the same question stands in the ledger; the first valid one wins."""

    def __init__(self, reference: str, question: str, by: str) -> None:
        super().__init__(reference, question, by)
        self.reference, self.question, self.by = reference, question, by

    def __str__(self) -> str:
        return f"Case {self.reference}: '{self.question}' was already answered by {self.by}; nothing was changed."


class NotAsked(ComplaintError):
    """A question was answered that the case does not ask at its stage."""

    def __init__(self, reference: str, question: str, asked: str) -> None:
        super().__init__(reference, question, asked)
        self.reference, self.question, self.asked = reference, question, asked

    def __str__(self) -> str:
        now = f"it asks for '{self.asked}'" if self.asked else "it waits for nobody"
        return (
            f"Case {self.reference} does not ask for '{self.question}' now; {now}. See: redress show {self.reference}"
        )


class MergeRefused(ComplaintError):
    """Two cases must stay apart, at least as they stand."""

    def __init__(self, reference: str, into: str, reason: str) -> None:
        super().__init__(reference, into, reason)
        self.reference, self.into, self.reason = reference, into, reason

    def __str__(self) -> str:
        return f"Case {self.reference} cannot be merged into {self.into}: {self.reason}."


class NotMerged(ComplaintError):
    """A merger was to be undone that there is none of."""

    def __init__(self, reference: str) -> None:
        super().__init__(reference)
        self.reference = reference

    def __str__(self) -> str:
        return f"Case {self.reference} is not merged into another; there is nothing to undo."


class ReportOwed(ComplaintError):
    """A case cannot be closed: the authority that forwarded the matter has not been told what became of it."""

    def __init__(self, reference: str) -> None:
        super().__init__(reference)
        self.reference = reference

    def __str__(self) -> str:
        return (
            f"Case {self.reference} cannot be closed: the authority that forwarded it waits for the report. Let the "
            f"letter 'report_back' go out, or say why there is none: redress no-report {self.reference} REASON"
        )


class NoReportOwed(ComplaintError):
    """No authority waits for a report on a case."""

    def __init__(self, reference: str) -> None:
        super().__init__(reference)
        self.reference = reference

    def __str__(self) -> str:
        return f"Case {self.reference} owes no authority a report. See: redress explain {self.reference}"
