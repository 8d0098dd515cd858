"""A fact of a regime: where it stands and how sure it is."""

from pydantic import BaseModel, ConfigDict, Field

from complaints.words import Title


class Part(BaseModel):
    """Base of everything in a pack: frozen, and refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(Part):
    """A text that facts were taken from."""

    id: str
    title: str
    url: str | None = None


class Fact(Part):
    """Where a rule stands and how sure that is.

    Attributes:
        article: The article, or that it is the firm's own standard.
        source: What was read, or what is doubtful, in a sentence.
        refs: Ids of the pack's sources.
        confidence: H primary text or two sources, M one secondary source, L weak or contradictory.
        unread: No text was read for it, whatever its confidence.
    """

    article: Title
    source: Title | None = None
    refs: tuple[str, ...] = ()
    confidence: str = Field(pattern="^[HML]$")
    unread: bool = False

    @property
    def to_verify(self) -> bool:
        """Whether the rule is a default that must be shown as not yet verified."""
        return self.confidence != "H" or self.unread
