"""Errors that a person can act on: each sentence says what is wrong and what to do.

An error keeps its fields, not its sentence, so that it survives pickling (Prefect stores a failed
run's exception). No sentence ever repeats personal data.
"""


class ComplaintError(Exception):
    """Base of everything Redress refuses; shown to people as one line."""


class RetryableError(ComplaintError):
    """The same step may succeed later without anybody changing anything."""


class StageError(ComplaintError):
    """A case was asked to make a move that its stage does not allow."""

    def __init__(self, reference: str, stage: str, move: str) -> None:
        super().__init__(reference, stage, move)
        self.reference, self.stage, self.move = reference, stage, move

    def __str__(self) -> str:
        return f"Case {self.reference} is at stage '{self.stage}'; the move '{self.move}' is not allowed from there."


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


class SettingError(ComplaintError):
    """A setting is missing or wrong."""

    def __init__(self, setting: str, reason: str, cure: str) -> None:
        super().__init__(setting, reason, cure)
        self.setting, self.reason, self.cure = setting, reason, cure

    def __str__(self) -> str:
        return f"{self.setting}: {self.reason}. {self.cure}"


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


class LetterIncomplete(ComplaintError):
    """A letter lacks an element that its regime requires, so it must not be sent."""

    def __init__(self, letter: str, missing: tuple[str, ...], rule: str) -> None:
        super().__init__(letter, missing, rule)
        self.letter, self.missing, self.rule = letter, missing, rule

    def __str__(self) -> str:
        return f"The letter '{self.letter}' lacks {', '.join(self.missing)} ({self.rule}); it was not sent."


class NumberTaken(ComplaintError):
    """The sender's number belongs to a case with other content."""

    def __init__(self, number: str, reference: str) -> None:
        super().__init__(number, reference)
        self.number, self.reference = number, reference

    def __str__(self) -> str:
        return (
            f"number: case {self.reference} already has this number with other content; "
            "send a new complaint under a number of its own"
        )


class DeliveryIdTaken(ComplaintError):
    """The sender's id of a delivery belongs to a case with other content."""

    def __init__(self, delivery_id: str, reference: str) -> None:
        super().__init__(delivery_id, reference)
        self.delivery_id, self.reference = delivery_id, reference

    def __str__(self) -> str:
        return (
            f"webhook-id: case {self.reference} was already delivered under this id with other content; "
            "send it under a webhook-id of its own"
        )


class MailUnavailable(RetryableError):
    """The mail server did not take the letter, and certainly has not; it may later."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"The mail server did not take the letter: {self.reason}."


class MailRefused(ComplaintError):
    """The letter can never be delivered to this address."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"The letter was refused: {self.reason}."


class MailUncertain(ComplaintError):
    """The connection broke after the letter was handed over: nobody knows whether it was taken."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"It is not known whether the mail server took the letter: {self.reason}."
