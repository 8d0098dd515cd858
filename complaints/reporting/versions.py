"""Versions of a summary: each has a cut-off, and is prepared, reviewed and signed off by three different people.

What people did stands in a chain of entries, one chain for the summaries of a period; every entry holds the whole
edition that it is about, by the hashes of its files. What was signed is never changed: a correction is a new version.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, TypeAdapter, ValidationError

from complaints.errors.base import ComplaintError
from complaints.intake import Text
from complaints.ledger import Entry, canonical
from complaints.privacy import personal_data_in
from complaints.settings import Firm
from complaints.words import LANGUAGES, Worded

SYSTEM: Final = "redress"
"""By whom a summary is prepared that nobody asked for: the schedule."""

LONGEST_REMARK: Final = 8000
"""Characters of the remarks in one language: some pages of A4."""


class State(Worded):
    """How far a version has come."""

    PREPARED = "prepared", "已编制", "prepared"
    REVIEWED = "reviewed", "已复核", "reviewed"
    SIGNED = "signed", "已签发", "signed off"


class Step(Worded):
    """What somebody does with a version."""

    PREPARE = "prepared", "编制", "prepare"
    REMARK = "remarked", "加注说明", "remark"
    REVIEW = "reviewed", "复核", "review"
    SIGN = "signed", "签发", "sign off"


class Edition(BaseModel):
    """All that the bytes of a version follow from, beside the ledger, and the hashes of these bytes.

    Attributes:
        version: From 1 for each period.
        as_at: The cut-off: what the ledger held before this instant was known.
        pack: Version of the regime's pack.
        firm: Who reports.
        pages: Where the door's pages are reached; the links to cases lead there.
        remarks: What an editor added, by language.
        own_tables: The firm's own file for the regime's returns as it was: what our codes become in the authority's.
        made_with: The programs that the bytes depend on, each with its version.
        files: SHA-256 of each file, by name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int
    as_at: AwareDatetime
    pack: str
    firm: Firm
    pages: str
    remarks: dict[str, str]
    own_tables: str = ""
    made_with: dict[str, str]
    files: dict[str, str]

    @property
    def folder(self) -> str:
        """The name of its folder within that of the version: other bytes are always another folder."""
        return sha256(canonical(self.files).encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Version:
    """A version as it stands.

    Attributes:
        regime: The regime.
        period: Such as "2026-03", "2026-Q1", "2026-H1" or "2026".
        edition: Its bytes as they are now.
        state: How far it has come.
        prepared_by: Who prepared it, or edited it last.
        hands: Everybody who prepared or edited it, in small letters.
        is_last: No later version of the period is there.
    """

    regime: str
    period: str
    edition: Edition
    state: State
    prepared_by: str
    prepared_at: datetime
    reviewed_by: str | None = None
    reviewed_at: datetime | None = None
    signed_by: str | None = None
    signed_at: datetime | None = None
    hands: frozenset[str] = frozenset()
    is_last: bool = True

    @property
    def number(self) -> int:
        """Its number, from 1."""
        return self.edition.version

    @property
    def name(self) -> str:
        """Such as "cn-nfra 2026-03 v1"."""
        return f"{self.regime} {self.period} v{self.number}"

    @property
    def link_name(self) -> str:
        """How its links name it, such as "cn-nfra.2026-03.v1"."""
        return f"{self.regime}.{self.period}.v{self.number}"

    def after(self, step: Step, by: str, at: datetime, edition: Edition) -> "Version":
        """Return the version after a step; whoever changes what it says takes it back to the beginning."""
        match step:
            case Step.REVIEW:
                return replace(self, edition=edition, state=State.REVIEWED, reviewed_by=by, reviewed_at=at)
            case Step.SIGN:
                return replace(self, edition=edition, state=State.SIGNED, signed_by=by, signed_at=at)
            case _:
                hands = self.hands | {by.casefold()}
                return Version(self.regime, self.period, edition, State.PREPARED, by, at, hands=hands)


def versions_of(regime: str, period: str, entries: Iterable[Entry]) -> dict[int, Version]:
    """Return the versions of a period by number, from the entries of its chain.

    Raises:
        ValueError: an entry does not hold what it should.
    """
    versions: dict[int, Version] = {}
    for entry in entries:
        edition = Edition.model_validate_json(entry.facts)
        begun = Version(regime, period, edition, State.PREPARED, entry.by, entry.at)
        known = versions.get(edition.version, begun)
        versions[edition.version] = known.after(Step(entry.kind), entry.by, entry.at, edition)
    last = max(versions, default=0)
    return {number: replace(one, is_last=number == last) for number, one in versions.items()}


def chain_name(regime: str, period: str) -> str:
    """Return what stands for the reference of a case in the chain of a period's summaries."""
    return f"summary:{regime}/{period}"


# --- what is refused --------------------------------------------------------------------------------


class SummaryRefused(ComplaintError):
    """A step with a summary is not allowed as things stand; nothing was changed."""

    def __init__(self, version: str, step: str, reason: str) -> None:
        super().__init__(version, step, reason)
        self.version, self.step, self.reason = version, step, reason

    def __str__(self) -> str:
        return f"{self.step} {self.version}: {self.reason}"


class RemarkRefused(ComplaintError):
    """A remark cannot stand in a summary; nothing was changed."""

    def __init__(self, language: str, reason: str) -> None:
        super().__init__(language, reason)
        self.language, self.reason = language, reason

    def __str__(self) -> str:
        return f"remarks ({self.language}): {self.reason}"


def check_step(version: Version, step: Step, by: str) -> None:
    """Make sure that a person may do a step with a version.

    Raises:
        SummaryRefused: says what stands against it, and what to do.
    """
    if (reason := _against(version, step, by)) is not None:
        raise SummaryRefused(version.name, step.en, reason)


def _against(version: Version, step: Step, by: str) -> str | None:
    if by.casefold() == SYSTEM:
        return f"'{SYSTEM}' is the schedule, no person; give your staff number"
    if version.state is State.SIGNED:
        return (
            f"it was signed off by {version.signed_by} and is never changed; where the ledger was corrected, "
            f"prepare a new version: redress summary prepare {version.period}"
        )
    if not version.is_last:
        return "a later version is there; go on with that one: redress summary list"
    if step in (Step.PREPARE, Step.REMARK):
        return None
    return _against_a_second_pair_of_eyes(version, step, by)


def _against_a_second_pair_of_eyes(version: Version, step: Step, by: str) -> str | None:
    if version.prepared_by.casefold() == SYSTEM:
        return (
            "so far only the schedule has prepared it; first a person takes it on, with remarks or with: "
            f"redress summary prepare {version.period}"
        )
    if by.casefold() in version.hands:
        return f"{by} prepared or edited it; another person must {step.en}"
    if step is Step.REVIEW and version.state is State.REVIEWED:
        return f"{version.reviewed_by} has reviewed it already; it can be signed off"
    if step is Step.SIGN and version.state is not State.REVIEWED:
        return f"nobody has reviewed it since it was prepared or edited: redress summary review {version.period}"
    if step is Step.SIGN and version.reviewed_by and by.casefold() == version.reviewed_by.casefold():
        return f"{by} reviewed it; a third person must sign off"
    return None


def check_remarks(remarks: Mapping[str, str]) -> dict[str, str]:
    """Return an editor's remarks as they are kept: without blanks around them, empty ones left out.

    Args:
        remarks: Text by language ("zh-CN" or "en").

    Raises:
        RemarkRefused: a language is none, a text is too long, no plain text, or looks like personal data.
    """
    kept = {}
    for language, text in remarks.items():
        if language not in LANGUAGES:
            raise RemarkRefused(language, f"is no language of summaries; write {' or '.join(LANGUAGES)}")
        plain = text.strip().replace("\r\n", "\n")
        if len(plain) > LONGEST_REMARK:
            raise RemarkRefused(language, f"have {len(plain)} characters; write {LONGEST_REMARK} at most")
        try:
            TypeAdapter(Text).validate_python(plain)
        except ValidationError:
            raise RemarkRefused(language, "contain control characters; write plain text") from None
        if found := personal_data_in(plain, None):
            raise RemarkRefused(language, f"contain {found}; name no person, write the case's reference instead")
        if plain:
            kept[language] = plain
    return kept
