"""A clock of a case does not do what was asked of it: unknown, not running, no pause or extension allowed."""

from complaints.errors.deadlines import DeadlineError


class UnknownClock(DeadlineError):
    """A case has no such clock."""

    def __init__(self, reference: str, clock: str, known: tuple[str, ...]) -> None:
        super().__init__(reference, clock, known)
        self.reference, self.clock, self.known = reference, clock, known

    def __str__(self) -> str:
        return f"clock: case {self.reference} has no clock '{self.clock}'; it has: {', '.join(self.known) or 'none'}"


class ClockNotRunning(DeadlineError):
    """A clock does not run, or no longer."""

    def __init__(self, reference: str, clock: str) -> None:
        super().__init__(reference, clock)
        self.reference, self.clock = reference, clock

    def __str__(self) -> str:
        return f"clock: '{self.clock}' of case {self.reference} does not run. See: redress explain {self.reference}"


class ClockStandsAlready(ClockNotRunning):
    """A clock that stands still cannot be paused again."""

    def __str__(self) -> str:
        return (
            f"clock: '{self.clock}' of case {self.reference} stands still already; two pauses may not overlap. "
            f"Let it go on first: redress resume {self.reference} {self.clock}"
        )


class ClockStandsNot(ClockNotRunning):
    """A clock that runs cannot be resumed."""

    def __str__(self) -> str:
        return f"clock: '{self.clock}' of case {self.reference} does not stand still; there is nothing to resume"


class PauseNotAllowed(DeadlineError):
    """The rule knows no such reason for a pause."""

    def __init__(self, clock: str, pause: str, allowed: tuple[str, ...], article: str) -> None:
        super().__init__(clock, pause, allowed, article)
        self.clock, self.pause, self.allowed, self.article = clock, pause, allowed, article

    def __str__(self) -> str:
        known = ", ".join(self.allowed) or "nothing"
        return f"pause: '{self.clock}' ({self.article}) may not stand still for '{self.pause}'; allowed is: {known}"


class PauseWithoutProof(DeadlineError):
    """The rule asks for a document."""

    def __init__(self, clock: str, pause: str) -> None:
        super().__init__(clock, pause)
        self.clock, self.pause = clock, pause

    def __str__(self) -> str:
        return f"proof: '{self.clock}' stands still for '{self.pause}' only with the number of a document; give it"


class PauseWithoutApproval(DeadlineError):
    """The rule asks for an approver, and not the one who asks."""

    def __init__(self, clock: str, pause: str, role: str) -> None:
        super().__init__(clock, pause, role)
        self.clock, self.pause, self.role = clock, pause, role

    def __str__(self) -> str:
        return f"approver: '{self.pause}' must be approved by {self.role}, another person than the one who asks"


class ExtensionRefused(DeadlineError):
    """The rule does not allow this extension now."""

    def __init__(self, clock: str, tier: str, reason: str) -> None:
        super().__init__(clock, tier, reason)
        self.clock, self.tier, self.reason = clock, tier, reason

    def __str__(self) -> str:
        return f"extension: '{self.clock}' cannot be extended by '{self.tier}': {self.reason}"


class ExtensionWithoutApproval(DeadlineError):
    """The rule asks for an approver, and not the one who asks."""

    def __init__(self, clock: str, tier: str, role: str) -> None:
        super().__init__(clock, tier, role)
        self.clock, self.tier, self.role = clock, tier, role

    def __str__(self) -> str:
        return f"approver: '{self.tier}' must be approved by {self.role}, another person than the one who asks"


class ExtensionWithoutNotice(DeadlineError):
    """The rule asks for a notice to the complainant, which has not gone out."""

    def __init__(self, clock: str, tier: str, letter: str) -> None:
        super().__init__(clock, tier, letter)
        self.clock, self.tier, self.letter = clock, tier, letter

    def __str__(self) -> str:
        return (
            f"notice: '{self.tier}' counts only once the letter '{self.letter}' has gone out; "
            "add a contact (redress contact) and send it first"
        )
