"""The same complaint twice: suggested, merged, taken apart again."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from complaints.acts_by_subject.base import Act
from complaints.words import Likeness, RepeatGrade


class Repeat(BaseModel):
    """Another case that may be the same complaint, and why."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    reference: str
    grade: RepeatGrade
    reasons: tuple[Likeness, ...]


class RepeatsSuggested(Act):
    """Other cases look like the same complaint; people decide whether they are."""

    repeats: tuple[Repeat, ...]


class Merged(Act):
    """The complaint is handled in an earlier case from now on; this case is closed with it."""

    personal = frozenset({"reason"})
    into: str
    reason: str | None = None


class Absorbed(Act):
    """A later case, of the same complaint, is handled in this one from now on."""

    reference: str
    received_at: datetime
    new_facts: bool = False


class MergeUndone(Act):
    """It was not the same complaint: the case stands again where it stood, its clocks as if they had never stopped."""

    into: str


class Separated(Act):
    """A case that was merged into this one goes its own way again."""

    reference: str
