"""A due time cannot be computed from what was given."""

from complaints.errors.base import ComplaintError


class DeadlineError(ComplaintError):
    """A due time cannot be computed from what was given."""


class NaiveInstant(DeadlineError):
    """An instant has no time zone."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field

    def __str__(self) -> str:
        return f"{self.field}: has no time zone; write it with its UTC offset, such as 2026-03-02T09:00:00+08:00"


class BudgetNotPositive(DeadlineError):
    """A time budget is zero or negative."""

    def __init__(self, field: str, value: int) -> None:
        super().__init__(field, value)
        self.field, self.value = field, value

    def __str__(self) -> str:
        return f"{self.field}: {self.value} is no time limit; give a whole number above zero"


class BudgetTooLarge(DeadlineError):
    """A time budget reaches beyond what a calendar can hold."""

    def __init__(self, field: str, value: int) -> None:
        super().__init__(field, value)
        self.field, self.value = field, value

    def __str__(self) -> str:
        return f"{self.field}: {self.value} reaches beyond the calendar; give a shorter time limit"


class PauseReversed(DeadlineError):
    """A pause ends before it begins."""

    def __init__(self, begins: str, ends: str) -> None:
        super().__init__(begins, ends)
        self.begins, self.ends = begins, ends

    def __str__(self) -> str:
        return f"pauses: the pause from {self.begins} ends before it begins ({self.ends}); exchange the two"


class PausesOverlap(DeadlineError):
    """Two pauses of one clock overlap."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(first, second)
        self.first, self.second = first, second

    def __str__(self) -> str:
        return f"pauses: those from {self.first} and from {self.second} overlap; write them as one"


class CalendarNotPublished(DeadlineError):
    """A calendar knows nothing of a year that a time limit reaches."""

    def __init__(self, calendar: str, year: int) -> None:
        super().__init__(calendar, year)
        self.calendar, self.year = calendar, year

    def __str__(self) -> str:
        return (
            f"calendar: '{self.calendar}' has no data for {self.year}; "
            "bring the year in with 'redress calendar import FILE'"
        )


class NoWorkingTime(DeadlineError):
    """A calendar has no working days or hours in which a limit could run out."""

    def __init__(self, calendar: str) -> None:
        super().__init__(calendar)
        self.calendar = calendar

    def __str__(self) -> str:
        return f"calendar: '{self.calendar}' has no working time for years on end; give it working weekdays and windows"


class RequestRefused(DeadlineError):
    """A request to the calculator cannot be answered as it is.

    Attributes:
        name: What is wrong, for programs, such as ``unknown_zone``.
        field: Where, such as ``pauses.0.from``; empty for the whole request.
        reason: What is wrong and what to do, for people.
    """

    def __init__(self, name: str, field: str, reason: str) -> None:
        super().__init__(name, field, reason)
        self.name, self.field, self.reason = name, field, reason

    def __str__(self) -> str:
        return f"{self.field or 'request'}: {self.reason}"
