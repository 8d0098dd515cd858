"""What every error of Redress is."""


class ComplaintError(Exception):
    """Base of everything Redress refuses; shown to people as one line."""


class RetryableError(ComplaintError):
    """The same step may succeed later without anybody changing anything."""
