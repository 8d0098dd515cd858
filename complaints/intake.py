"""What a channel hands in: the record of one complaint, validated before anything is stored."""

import hashlib
import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, field_validator, model_validator

from complaints.transfers import key_of_authority
from complaints.words import EN, ZH, Category, Cause, Channel, ContactKind, Kind, PartyType

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")  # tab and line ends are none

_LATER: Final = ("circumstances", "events", "transfer", "sub_product", "issue")
"""Fields that were not there at first: a fingerprint has them only where they say something, and stays as it was."""

_FIRST_YEAR: Final = 1900
_LAST_YEAR: Final = 9000


def _harmless(text: str) -> str:
    """Refuse control characters, which have no business in a name or a story."""
    if _CONTROL.search(text):
        raise ValueError("contains control characters; send plain text")
    return text


def _to_the_cent(value: Decimal) -> Decimal:
    """Write an amount in one way, so that 128.5 and 128.50 are the same delivery."""
    return value.quantize(Decimal("0.01"))


def _to_utc(value: datetime) -> datetime:
    """Write an instant in one way, whatever offset it was sent with."""
    if not _FIRST_YEAR <= value.year < _LAST_YEAR:  # beyond, not every zone can say when that was
        raise ValueError(f"is out of range: {_FIRST_YEAR} to {_LAST_YEAR}")
    return value.astimezone(UTC)


Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_harmless)]
Line = Annotated[str, Field(max_length=500), AfterValidator(_harmless)]
Text = Annotated[str, Field(max_length=40_000), AfterValidator(_harmless)]
Code = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
Instant = Annotated[AwareDatetime, AfterValidator(_to_utc)]
Day = Annotated[date, Field(ge=date(1990, 1, 1), le=date(2199, 12, 31))]


class Model(BaseModel):
    """Base of the record's parts: frozen, and refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, hide_input_in_errors=True)


class Money(Model):
    """An amount in a currency (ISO 4217), with at most two decimals."""

    value: Annotated[Decimal, AfterValidator(_to_the_cent)] = Field(
        ge=0, max_digits=16, decimal_places=2, allow_inf_nan=False
    )
    currency: str = Field(default="CNY", pattern=r"^[A-Z]{3}$")

    def __str__(self) -> str:
        return f"{self.currency} {self.value:,.2f}"


class Contact(Model):
    """One way to reach a person."""

    kind: ContactKind
    value: Line = Field(min_length=3)

    @model_validator(mode="after")
    def _fits_its_kind(self) -> "Contact":
        local, at, domain = self.value.partition("@")
        if self.kind is ContactKind.EMAIL and (not local or not at or "." not in domain or " " in self.value):
            raise ValueError("is not an e-mail address; it looks like name@example.cn")
        if self.kind is ContactKind.PHONE and sum(character.isdigit() for character in self.value) < 5:
            raise ValueError("is not a telephone number")
        if any(character in "\r\n" for character in self.value):
            raise ValueError("must be one line")
        return self


class Complainant(Model):
    """Who complains: a person or a firm. Without a name for an anonymous matter."""

    type: PartyType = PartyType.PERSON
    name: Name | None = None
    identity_number: Line | None = None
    contacts: tuple[Contact, ...] = Field(default=(), max_length=10)


class Representative(Model):
    """Who acts for the complainant, and by what authority (CN-NFRA 2020-3 art. 14)."""

    name: Name
    relation: Line
    authority: Line = Field(min_length=1, description="the document that gives the authority")
    contacts: tuple[Contact, ...] = Field(default=(), max_length=10)


class Evidence(Model):
    """What the sender says is attached; the file itself is kept by the channel it came through."""

    name: Line
    media_type: Line | None = None
    size: int | None = Field(default=None, ge=0, description="bytes")
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    source: Line | None = Field(default=None, description="how it was lawfully obtained")


class Transfer(Model):
    """How an authority, or its hotline, sent the matter to the firm: it is told what became of it."""

    authority: Name = Field(description="a code, such as nfra-shanghai, pbc or 12378, or the name in full")
    number: Name = Field(description="the authority's own number; the same number is the same case, whoever sends it")
    sent_on: Day | None = Field(default=None, description="the day on which the authority sent it")
    report_by: Day | None = Field(default=None, description="the last day for the report, where the authority set one")
    contact: Contact | None = Field(default=None, description="where the report goes; else a clerk hands it over")
    language: str = Field(default=ZH, pattern=f"^({ZH}|{EN})$", description="in which the authority is written to")

    @model_validator(mode="after")
    def _is_in_order(self) -> "Transfer":
        if self.sent_on and self.report_by and self.report_by < self.sent_on:
            raise ValueError("report_by lies before sent_on; exchange the two")
        return self

    @property
    def key(self) -> tuple[str, str]:
        """Authority and number, as they are compared."""
        return key_of_authority(self.authority), key_of_authority(self.number)


class Complaint(Model):
    """One complaint as a channel hands it in.

    Example:
        >>> Complaint.model_validate({"channel": "web", "narrative": "重复扣款两次"}).language
        'zh-CN'
    """

    number: Line | None = Field(default=None, description="the sender's own number; the same number is the same case")
    channel: Channel
    language: str = Field(default=ZH, pattern=f"^({ZH}|{EN})$")
    kind: Kind | None = Field(default=None, description="where the sender knows it")
    complainant: Complainant = Complainant()
    representative: Representative | None = None
    respondent: Line | None = Field(default=None, description="the branch, agency or person complained about")
    product: Line | None = None
    sub_product: Line | None = Field(default=None, description="which sort of the product, by the sender's own list")
    issue: Line | None = Field(default=None, description="what went wrong, by the sender's own list; no free words")
    contract: Line | None = Field(default=None, description="contract or account number")
    category: Category | None = None
    cause: Cause | None = None
    happened_on: date | None = None
    place: Line | None = None
    region: str | None = Field(default=None, pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$", description="ISO 3166-2: CN-31")
    narrative: Text = Field(min_length=1, description="the course of events")
    wanted: Text | None = Field(default=None, description="what the complainant asks for")
    amount: Money | None = None
    urgent: bool = False
    evidence: tuple[Evidence, ...] = Field(default=(), max_length=50)
    transfer: Transfer | None = Field(default=None, description="where an authority forwarded it")
    received_at: Instant | None = Field(
        default=None, description="when it reached the firm, where that was before now; with its UTC offset"
    )
    circumstances: tuple[Code, ...] = Field(
        default=(), max_length=20, description="facts on which a regime's rules depend, by its names: complex"
    )
    events: dict[Code, Instant] = Field(
        default_factory=dict, max_length=20, description="what happened before, by the regime's names: sent_to_portal"
    )

    @field_validator("circumstances")
    @classmethod
    def _in_one_order(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """Write them in one way, so that the same delivery is the same."""
        return tuple(sorted(set(value)))

    @field_validator("number", "product", "sub_product", "issue", "contract", "respondent", mode="before")
    @classmethod
    def _blank_is_absent(cls, value: Any) -> Any:
        return None if isinstance(value, str) and not value.strip() else value

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the whole content: tells the same delivery from a changed one."""
        values = self.model_dump(mode="json")
        for later in _LATER:
            if not values[later]:
                del values[later]
        content = json.dumps(values, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(content.encode()).hexdigest()

    def is_same_matter(self, other: "Complaint") -> bool:
        """Whether another record has the same content, but for what each sender says in its own way.

        That is its number and the moment at which it had it: two systems may deliver one transfer.
        """
        own: dict[str, Any] = {"number": None, "received_at": None}
        return self.model_copy(update=own).fingerprint == other.model_copy(update=own).fingerprint
