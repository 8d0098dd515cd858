"""What the rules look at: facts of the case, events, ways taken, the version of a regime."""

from datetime import datetime

from complaints.acts_by_subject.base import Act


class CircumstancesStated(Act):
    """Facts of the case on which rules depend became known, or proved wrong."""

    stated: tuple[str, ...] = ()
    revoked: tuple[str, ...] = ()


class Occurred(Act):
    """Something happened that a regime's clocks start or end with."""

    event: str
    occurred_at: datetime


class PathTaken(Act):
    """A way was taken that replaces a duty."""

    path: str
    regime: str
    letter: str | None = None


class RegimeAdopted(Act):
    """The case is handled by another version of its regime from now on."""

    regime: str
    version: str
