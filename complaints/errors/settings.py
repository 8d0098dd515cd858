"""A setting or a file of rules is wrong."""

from complaints.errors.base import ComplaintError


class SettingError(ComplaintError):
    """A setting is missing or wrong."""

    def __init__(self, setting: str, reason: str, cure: str) -> None:
        super().__init__(setting, reason, cure)
        self.setting, self.reason, self.cure = setting, reason, cure

    def __str__(self) -> str:
        return f"{self.setting}: {self.reason}. {self.cure}"


class RuleFileInvalid(ComplaintError):
    """A file of rules (a pack, a calendar) cannot be used."""

    def __init__(self, file: str, line: int, field: str, reason: str) -> None:
        super().__init__(file, line, field, reason)
        self.file, self.line, self.field, self.reason = file, line, field, reason

    def __str__(self) -> str:
        place = f"{self.file}, line {self.line}" if self.line else self.file
        return f"{place}: {self.field + ': ' if self.field else ''}{self.reason}"
