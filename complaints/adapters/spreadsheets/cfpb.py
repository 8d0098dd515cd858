"""The CFPB Consumer Complaint Database as a source of cases.

The layout is known by its column names, in any order: 16 columns since June 2026, 18 before, 17 and 19 with the
CFPB's own "eligible" or "Event tag", the pipeline's intake names, and the layout of a single bank's extract.

What a row becomes: "Complaint ID" the sender's number, "Submitted via" the channel, "Product", "Sub-product" and
"Issue" what they are called here too, product and issue the category, "State" the region, "ZIP code" the place,
"Company" the respondent, the narrative (or issue and sub-issue where none was published) the narrative, and for history
"Timely response?" whether it was late. Consumers have no names here; letters go through the CFPB's portal by hand.

What is lost, because a record has no room for it: company response, public response, date sent to company, consumer
disputed, consent, tags, event tag, and the sub-issue where a narrative was published. History in progress becomes
closed history too, with no word on whether it was in time; a state that is none leaves the region empty.
A row that is a case already is left alone, whatever it says now: what the CFPB publishes later is its own editing.

A complaint has a day of receipt and no time. The day is taken as it is written, which is how the CFPB makes its own
public file from timestamps in UTC, and stands for midnight in New York: the same on every import, not in the future
once the day has begun there, and on the same date in every zone from New York eastwards to Auckland, so that no
month's figures shift. Noon, which the CFPB used to write, is already tomorrow in Shanghai.

A last row without a line end, as the CFPB's own fixtures have, may be a cut one. It is taken where that cannot be:
where its number, in the last cell, has as many digits as the one before.
"""

import re
import tomllib
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Final
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from complaints.adapters.spreadsheets.cells import Cell, text_of
from complaints.adapters.spreadsheets.layout import Record, reason_of
from complaints.adapters.spreadsheets.report import Unusable
from complaints.adapters.spreadsheets.workbook import Formula
from complaints.intake import Complainant, Complaint, Contact
from complaints.words import EN, Category, Channel, ContactKind, Kind, Title

NUMBER: Final = "Complaint ID"
RECEIVED: Final = "Date received"
SENT: Final = "Date sent to company"
PRODUCT: Final = "Product"
SUB_PRODUCT: Final = "Sub-product"
ISSUE: Final = "Issue"
SUB_ISSUE: Final = "Sub-issue"
NARRATIVE: Final = "Consumer complaint narrative"
COMPANY: Final = "Company"
STATE: Final = "State"
ZIP: Final = "ZIP code"
VIA: Final = "Submitted via"
TIMELY: Final = "Timely response?"

REQUIRED: Final = (NUMBER, RECEIVED, PRODUCT, ISSUE, STATE, VIA, TIMELY)
READ: Final = (*REQUIRED, SUB_PRODUCT, SUB_ISSUE, NARRATIVE, COMPANY, ZIP)
DROPPED: Final = (
    SENT,
    "Company public response",
    "Company response to consumer",
    "Consumer disputed?",
    "Consumer consent provided?",
    "Tags",
    "Event tag",
    "Eligible",
)

NEW_YORK: Final = ZoneInfo("America/New_York")
_ISO: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?", re.ASCII
)
_US: Final = re.compile(r"(\d\d?)/(\d\d?)/(\d{4}|\d\d)", re.ASCII)
_BLANK: Final = frozenset({"", "None", "N/A"})  # "None" is what the export of 2026 writes for no tag
_COMPLAINANT: Final = Complainant(contacts=(Contact(kind=ContactKind.PORTAL, value="CFPB Company Portal"),))


def _key(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.casefold())


_NAMES: Final = {_key(name): name for name in (*READ, *DROPPED)} | {
    "publicid": NUMBER,
    "consumernarrative": NARRATIVE,
    "complaintwhathappened": NARRATIVE,
    "timely": TIMELY,
    "tag": "Tags",
    "consentstatus": "Consumer consent provided?",
    "companyresponse": "Company response to consumer",
}
_SUBMITTED: Final = "datesubmitted"
_COLUMN_OF: Final = {
    "number": NUMBER,
    "product": PRODUCT,
    "sub_product": SUB_PRODUCT,
    "issue": ISSUE,
    "narrative": NARRATIVE,
    "respondent": COMPANY,
    "place": ZIP,
}


class CfpbLayout:
    """The tables of the CFPB."""

    name = "cfpb"
    title = Title(zh="美国消费者金融保护局投诉库", en="CFPB Consumer Complaint Database")
    sender = "cfpb"
    history = True
    keeps_first = True
    sheet = encoding = ""

    def missing(self, header: Sequence[str]) -> tuple[str, ...]:
        """Return the required columns that a row of names lacks."""
        names = _names_of(header)
        return tuple(name for name in REQUIRED if name not in names)

    def twice(self, header: Sequence[str]) -> tuple[str, ...]:
        """Return the columns that a row names twice."""
        names = _names_of(header)
        return tuple(name for name in (*READ, SENT) if names.count(name) > 1)

    def reader(self, header: Sequence[str]) -> "CfpbRows":
        """Return what reads the rows under a row of names."""
        return CfpbRows(header)


def _names_of(header: Sequence[str]) -> list[str]:
    """Return the CFPB's own name of each column, or ""."""
    keys = [_key(name) for name in header]
    names = dict(_NAMES)
    if _SUBMITTED in keys:  # a single bank's extract calls the CFPB's receipt so, and its own "Date received"
        names |= {_SUBMITTED: RECEIVED, _key(RECEIVED): SENT}
    return [names.get(key, "") for key in keys]


class CfpbRows:
    """Reads rows of the CFPB."""

    def __init__(self, header: Sequence[str]) -> None:
        self.header = list(header)
        self._names = _names_of(header)
        self.ignored = tuple(self.header[at] for at, name in enumerate(self._names) if not name and self.header[at])
        self._at: dict[str, int] = {name: self._names.index(name) for name in READ if name in self._names}
        self._digits = 0  # of the complaint number before

    def record(self, cells: Sequence[Cell], now: datetime) -> Record:
        """Return what a row says.

        Raises:
            Unusable: it cannot become a case.
        """
        values = {name: self._text(cells, name) for name in self._at}
        self._digits = len(values[NUMBER])
        number = _number(values[NUMBER])
        received_at = _received_at(values[RECEIVED])
        if received_at > now:
            raise Unusable(RECEIVED, "lies in the future")
        tables = _tables()
        try:
            complaint = Complaint(
                number=number,
                channel=tables.channels.get(values[VIA].casefold(), Channel.REGULATOR),
                language=EN,
                kind=Kind.COMPLAINT,
                complainant=_COMPLAINANT,
                respondent=values.get(COMPANY),
                product=values[PRODUCT],
                sub_product=values.get(SUB_PRODUCT),
                issue=values[ISSUE],
                category=_category(values[PRODUCT], values[ISSUE]),
                place=_place(values.get(ZIP, "")),
                region=tables.regions.get(values[STATE].upper()),
                narrative=values.get(NARRATIVE) or _withheld(values[ISSUE], values.get(SUB_ISSUE, "")),
                received_at=received_at,
            )
        except ValidationError as invalid:
            raise _unusable(invalid) from None
        return Record(complaint, _timely(values[TIMELY]))

    def is_whole(self, cells: Sequence[Cell]) -> bool:
        """Whether a last row without a line end is sure to be whole, as far as that can be seen in its last cell."""
        name, last = self._names[-1], text_of(cells[-1])
        if name == NUMBER:
            return len(last) >= self._digits  # a cut number is a shorter one
        if name == TIMELY:
            return last.casefold() in ("yes", "no")
        if name == STATE:
            return last.upper() in _tables().regions
        return name not in READ or (name == RECEIVED and _ISO.fullmatch(last) is not None)

    def _text(self, cells: Sequence[Cell], name: str) -> str:
        at = self._at[name]
        cell = cells[at] if at < len(cells) else None
        if isinstance(cell, Formula):
            raise Unusable(name, "holds a formula, which is not evaluated; paste its values")
        try:
            text = text_of(cell)
        except ValueError as wrong:
            raise Unusable(name, str(wrong)) from None
        return "" if text in _BLANK else text


class _Tables:
    """What the CFPB's words mean, from ``mappings/cfpb/tables.toml``."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.channels = {words: Channel(code) for words, code in content["channels"].items()}
        self.regions: dict[str, str] = {state: f"US-{state}" for state in content["states"].split()} | content["others"]
        self.product_first, self.issue, self.product = (
            tuple((words, Category(code)) for words, code in content["categories"][name].items())
            for name in ("product_first", "issue", "product")
        )


@cache
def _tables() -> _Tables:
    file = files("complaints.adapters.spreadsheets") / "mappings" / "cfpb" / "tables.toml"
    return _Tables(tomllib.loads(file.read_text(encoding="utf-8")))


def _number(text: str) -> str:
    if not text:
        raise Unusable(NUMBER, "is blank")
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Unusable(NUMBER, "is not a number of up to 18 digits")
    return text


def _timely(text: str) -> bool | None:
    match text.casefold():
        case "yes":
            return True
        case "no":
            return False
        case "":
            return None
    raise Unusable(TIMELY, "is neither Yes nor No")


@lru_cache(maxsize=8192)
def _received_at(text: str) -> datetime:
    """Return the midnight in New York that begins the day, from any of the five shapes that the CFPB has written.

    Example:
        >>> [_received_at(day).isoformat() for day in ("2019-09-24", "2019-09-24T12:00:00-05:00", "9/24/19")]
        ['2019-09-24T04:00:00+00:00', '2019-09-24T04:00:00+00:00', '2019-09-24T04:00:00+00:00']
    """
    if not text:
        raise Unusable(RECEIVED, "is blank")
    if iso := _ISO.fullmatch(text):  # the bulk file; the API to 2026 (noon -05:00); the search export since (…Z)
        year, month, day = map(int, iso.groups())
    elif slashed := _US.fullmatch(text):  # the first years' (09/24/2019), the search export to 2026 (09/24/19, 9/24/19)
        month, day, year = map(int, slashed.groups())
        year += 2000 if year < 100 else 0
    else:
        raise Unusable(RECEIVED, "is no date; write 2019-09-24")
    try:
        received_on = date(year, month, day)
    except ValueError:
        raise Unusable(RECEIVED, "is no day of the calendar") from None
    if year < 2011:
        raise Unusable(RECEIVED, "lies before 2011, when the CFPB began")
    return datetime(received_on.year, received_on.month, received_on.day, tzinfo=NEW_YORK).astimezone(UTC)


@lru_cache(maxsize=4096)
def _category(product: str, issue: str) -> Category:
    """Return what the matter is about, by the first words that fit."""
    product, issue = product.casefold(), issue.casefold()
    tables = _tables()
    for text, table in ((product, tables.product_first), (issue, tables.issue), (product, tables.product)):
        for words, category in table:
            if words in text:
                return category
    return Category.OTHER


def _place(zip_code: str) -> str | None:
    return f"ZIP {zip_code}" if zip_code.strip("X") else None  # the CFPB blackens small places: 346XX, XXXXX


def _withheld(issue: str, sub_issue: str) -> str:
    about = f"Issue: {issue or 'not stated'}" + (f" / Sub-issue: {sub_issue}" if sub_issue else "")
    return f"{about} (no narrative published)"


def _unusable(invalid: ValidationError) -> Unusable:
    first = invalid.errors(include_input=False, include_url=False)[0]
    return Unusable(_COLUMN_OF.get(str(first["loc"][0]) if first["loc"] else "", ""), reason_of(first))
