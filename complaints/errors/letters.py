"""A letter cannot be sent, or is not known."""

from complaints.errors.base import ComplaintError, RetryableError


class LetterIncomplete(ComplaintError):
    """A letter lacks an element that its regime requires, so it must not be sent."""

    def __init__(self, letter: str, missing: tuple[str, ...], rule: str) -> None:
        super().__init__(letter, missing, rule)
        self.letter, self.missing, self.rule = letter, missing, rule

    def __str__(self) -> str:
        return f"The letter '{self.letter}' lacks {', '.join(self.missing)} ({self.rule}); it was not sent."


class LetterUnderWay(RetryableError):
    """Something is reported of a letter of which the ledger does not say yet that it has left."""

    def __init__(self, reference: str, number: str) -> None:
        super().__init__(reference, number)
        self.reference, self.number = reference, number

    def __str__(self) -> str:
        return f"letter: {self.number} of case {self.reference} is just being sent; report it again in a minute"


class UnknownLetter(ComplaintError):
    """A case has sent no such letter."""

    def __init__(self, reference: str) -> None:
        super().__init__(reference)
        self.reference = reference

    def __str__(self) -> str:
        return (
            f"letter: case {self.reference} has no letter with this number or Message-ID; "
            "give one of them as it stands on the letter"
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
