"""Import of the CFPB Consumer Complaint Database: as open cases, or as history.

The layout is known by its column names, in any order: 16 columns since June 2026, 18 before, 17 and 19 with the
CFPB's own "eligible" or "Event tag", the pipeline's intake names, and the layout of a single bank's extract.

What a row becomes: "Complaint ID" the sender's number, "Submitted via" the channel, "Product / Sub-product" the
product, product and issue the category, "State" the region, "ZIP code" the place, "Company" the respondent, the
narrative (or issue and sub-issue where none was published) the narrative, and for history "Timely response?" whether
it was late. Consumers have no names here; letters go through the CFPB's portal by hand.

What is lost, because a record has no room for it: company response, public response, date sent to company, consumer
disputed, consent, tags, event tag, and issue and sub-issue where a narrative was published. History in progress
becomes closed history too, with no word on whether it was in time; a state that is none leaves the region empty.

A complaint has a day of receipt and no time. The day is taken as it is written, which is how the CFPB makes its own
public file from timestamps in UTC, and stands for midnight in New York: the same on every import, not in the future
once the day has begun there, and on the same date in every zone from New York eastwards to Auckland, so that no
month's figures shift. Noon, which the CFPB used to write, is already tomorrow in Shanghai.

A last row without a line end, as the CFPB's own fixtures have, may be a cut one. It is taken where that cannot be:
where its number, in the last cell, has as many digits as the one before.
"""

import csv
import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import IO, Final, cast
from zoneinfo import ZoneInfo

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from complaints import acts
from complaints.adapters.store import Store, new_reference
from complaints.adapters.tables import CaseRow
from complaints.errors import CaseConflict, ComplaintError
from complaints.intake import Complainant, Complaint, Contact
from complaints.reception import receive
from complaints.regimes.rulebook import Rulebook
from complaints.words import EN, Category, Channel, Closure, ContactKind, Kind

SENDER: Final = "cfpb"
BATCH: Final = 500
"""Rows read for each transaction and each word on progress."""
REJECTS_KEPT: Final = 10_000
"""Rejects listed one by one; the others are only counted, so that memory does not grow with a bad file."""

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

_LONGEST_LINE: Final = 1_048_576  # characters; a longer one is no line of a complaint, and would fill the memory
_NEW_YORK: Final = ZoneInfo("America/New_York")
_ISO: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?", re.ASCII
)
_US: Final = re.compile(r"(\d\d?)/(\d\d?)/(\d{4}|\d\d)", re.ASCII)
_BLANK: Final = frozenset({"", "None", "N/A"})  # "None" is what the export of 2026 writes for no tag
_SURROGATE: Final = re.compile("[\ud800-\udfff]")  # what "surrogateescape" makes of a byte that is no UTF-8
_DAMAGE: Final = (EOFError, OSError, zlib.error, zipfile.BadZipFile)

_COMPLAINANT: Final = Complainant(contacts=(Contact(kind=ContactKind.PORTAL, value="CFPB Company Portal"),))
_CHANNELS: Final = {
    "web": Channel.WEB,
    "phone": Channel.TELEPHONE,
    "postal mail": Channel.POST,
    "fax": Channel.POST,
    "email": Channel.EMAIL,
    "referral": Channel.REGULATOR,
    "web referral": Channel.REGULATOR,
}
"""Other values, and none, are "forwarded by the regulator", which all of them are."""

_STATES: Final = (
    "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR "
    "PA RI SC SD TN TX UT VT VA WA WV WI WY AS GU MP PR UM VI"
)
_REGIONS: Final = (
    {state: f"US-{state}" for state in _STATES.split()}
    | {"UNITED STATES MINOR OUTLYING ISLANDS": "US-UM"}
    | {"AA": "US", "AE": "US", "AP": "US"}  # the armed forces' post is in no state
    | {"FM": "FM", "MH": "MH", "PW": "PW"}  # states of their own that use the US post
)

_BY_PRODUCT_FIRST: Final = (("debt collection", Category.COLLECTION),)
_BY_ISSUE: Final = (
    ("your report", Category.CREDIT_REPORT),
    ("credit report", Category.CREDIT_REPORT),
    ("credit score", Category.CREDIT_REPORT),
    ("credit monitoring", Category.CREDIT_REPORT),
    ("fraud alert", Category.CREDIT_REPORT),
    ("investigation into an existing", Category.CREDIT_REPORT),
    ("fee", Category.FEES),
    ("interest", Category.FEES),
    ("overdraft", Category.FEES),
    ("funds being low", Category.FEES),
    ("exchange rate", Category.FEES),
    ("disclosure", Category.INFORMATION),
    ("advertising", Category.INFORMATION),
    ("privacy", Category.INFORMATION),
    ("loan modification", Category.CONTRACT),
    ("struggling to", Category.CONTRACT),
    ("unable to pay", Category.CONTRACT),
    ("repay", Category.CONTRACT),
    ("end of the loan", Category.CONTRACT),
    ("closing on a mortgage", Category.CONTRACT),
    ("account terms", Category.CONTRACT),
    ("collect", Category.COLLECTION),
    ("repossess", Category.COLLECTION),
    ("payment", Category.PAYMENT),
    ("purchase", Category.PAYMENT),
    ("transaction", Category.PAYMENT),
    ("withdraw", Category.PAYMENT),
    ("deposits", Category.PAYMENT),
    ("money", Category.PAYMENT),
    ("charg", Category.PAYMENT),
    ("features", Category.PRODUCT),
    ("rewards", Category.PRODUCT),
    ("add-on", Category.PRODUCT),
    ("customer service", Category.SERVICE),
    ("account", Category.SERVICE),
    ("getting a", Category.SERVICE),
    ("getting the", Category.SERVICE),
    ("applying", Category.SERVICE),
    ("application", Category.SERVICE),
    ("dealing with", Category.SERVICE),
    ("contact lender", Category.SERVICE),
    ("managing the", Category.SERVICE),
)
_BY_PRODUCT: Final = (("credit report", Category.CREDIT_REPORT), ("money transfer", Category.PAYMENT))


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
_COLUMN_OF: Final = {"number": NUMBER, "product": PRODUCT, "narrative": NARRATIVE, "respondent": COMPANY, "place": ZIP}


class NotCfpbLayout(ComplaintError):
    """A file is no table in the CFPB's layout, so nothing of it was imported."""

    def __init__(self, file: str, reason: str, missing: tuple[str, ...] = ()) -> None:
        super().__init__(file, reason, missing)
        self.file, self.reason, self.missing = file, reason, missing

    def __str__(self) -> str:
        columns = f": {', '.join(self.missing)}" if self.missing else ""
        return f"{self.file}: {self.reason}{columns}. Nothing was imported; the CFPB's own CSV download has the layout."


@dataclass(frozen=True)
class Reject:
    """A row that was not imported, and why.

    Attributes:
        row: Its number as a spreadsheet shows it: the header is row 1.
        column: The column at fault, or "" where it is the row.
        reason: What is wrong with it; repeats nothing of what the row says.
    """

    row: int
    column: str
    reason: str


@dataclass
class ImportReport:
    """What became of a file's rows; ``read`` is the sum of ``new``, ``same`` and ``rejected``.

    Attributes:
        read: Rows read, but for blank ones.
        new: Rows that became cases.
        same: Rows whose number is a case already, whatever they say now.
        rejected: Rows that were not imported.
        cut: Whether the file is not whole: it ends within a row, or has rows that lack cells.
        rejects: The first of the rejected rows, one by one.
        ignored: Columns that no CFPB layout has.
    """

    read: int = 0
    new: int = 0
    same: int = 0
    rejected: int = 0
    cut: bool = False
    rejects: list[Reject] = field(default_factory=list)
    ignored: tuple[str, ...] = ()

    def _reject(self, row: int, fault: "_Unusable") -> None:
        self.rejected += 1
        self.cut = self.cut or fault.cut
        if len(self.rejects) < REJECTS_KEPT:
            self.rejects.append(Reject(row, fault.column, fault.reason))


def import_cfpb(
    store: Store,
    file: Path,
    *,
    as_history: bool,
    regime: str,
    limit: int | None = None,
    progress: Callable[[int], None] = lambda read: None,
) -> ImportReport:
    """Import a file in the CFPB's layout; safe to run twice, and to run again after it was broken off.

    A row is validated before anything is written and each transaction holds some hundred rows, so that a bad row
    costs nobody else's. Memory does not grow with the file.

    Args:
        store: The case database.
        file: CSV in UTF-8, plain, in gzip, or alone in a zip archive.
        as_history: Whether the cases are over: they are stored closed, and no clock runs.
        regime: Name of the regime pack.
        limit: How many rows are read at most.
        progress: Is told the number of rows read after every transaction.

    Raises:
        NotCfpbLayout: the file cannot be read, or its first row does not name the columns that are needed.
        SettingError: there is no such regime.
    """
    rules, now = store.rules(), store.now()
    rules.pack(regime)  # an unknown regime is found before the first row
    with _open_text(file) as stream:
        table = _Table(file, stream)
        report = ImportReport(ignored=table.ignored)
        rows = islice(table.rows(), limit)
        while batch := list(islice(rows, BATCH)):
            good = []
            for number, cells in batch:
                try:
                    good.append(table.record(cells, now))
                except _Unusable as fault:
                    report._reject(number, fault)
            new = _write(store, rules, regime, good, as_history)
            report.read += len(batch)
            report.new += new
            report.same += len(good) - new
            progress(report.read)
    return report


def write_rejects(report: ImportReport, path: Path) -> None:
    """Write the rejected rows as CSV; no cell of it can start a formula in a spreadsheet."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("row", "column", "reason"))
        for reject in report.rejects:
            writer.writerow((reject.row, _inert(reject.column), _inert(reject.reason)))
        if more := report.rejected - len(report.rejects):
            writer.writerow(("", "", f"and {more} more rows, which are not listed"))


def _inert(cell: str) -> str:
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else cell


# --- writing ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Record:
    number: str
    complaint: Complaint
    timely: bool | None


def _write(store: Store, rules: Rulebook, regime: str, records: Sequence[_Record], as_history: bool) -> int:
    """Store in one transaction those records that are not there yet; return how many."""
    if not records:
        return 0
    by_number: dict[str, _Record] = {}
    for record in records:
        by_number.setdefault(record.number, record)  # of two alike the first counts
    known = select(CaseRow.number).where(CaseRow.sender == SENDER, CaseRow.number.in_(by_number))
    for _ in range(8):
        try:
            with store.write() as session:
                there = set(session.scalars(known))
                fresh = [record for number, record in by_number.items() if number not in there]
                now = store.now(session)
                for record in sorted(fresh, key=lambda record: record.number):  # in one order: imports cannot deadlock
                    pack = rules.in_force(regime, record.complaint.received_at or now)
                    reference = new_reference(now, pack.tz)
                    case = receive(reference, pack, record.complaint, SENDER, now, history=as_history, rules=rules)
                    if as_history:
                        case.record(acts.Closed(closure=Closure.HISTORY, timely=record.timely), now, SENDER)
                    store.add(session, case)
            return len(fresh)
        except (IntegrityError, CaseConflict):
            # Another import was first with a number, or a reference was drawn twice, which among the 60,000 of one
            # day happens to one import in twelve: look again, draw again.
            continue
    raise CaseConflict(next(iter(by_number)), 0)


# --- reading ------------------------------------------------------------------------------------


class _Unusable(Exception):
    """A row cannot become a case."""

    def __init__(self, column: str, reason: str, *, cut: bool = False) -> None:
        super().__init__(column, reason)
        self.column, self.reason, self.cut = column, reason, cut


@contextmanager
def _open_text(file: Path) -> Iterator[IO[str]]:
    """Open a file as text, whatever it is packed in; bytes that are no UTF-8 are kept for :class:`_Table` to see."""
    with ExitStack() as stack:
        try:
            packed: IO[bytes] = stack.enter_context(file.open("rb"))
            magic = packed.read(4)
            packed.seek(0)
            if magic.startswith(b"\x1f\x8b"):
                packed = cast(IO[bytes], stack.enter_context(gzip.GzipFile(fileobj=packed)))
            elif magic == b"PK\x03\x04":
                archive = stack.enter_context(zipfile.ZipFile(packed))
                packed = stack.enter_context(archive.open(_only_member(file, archive)))
        except (*_DAMAGE, RuntimeError, NotImplementedError) as error:  # the last two: zip with a password, or exotic
            why = getattr(error, "strerror", None) or type(error).__name__
            raise NotCfpbLayout(str(file), f"cannot be opened ({why})") from None
        yield stack.enter_context(io.TextIOWrapper(packed, encoding="utf-8-sig", errors="surrogateescape", newline=""))


def _only_member(file: Path, archive: zipfile.ZipFile) -> str:
    names = [
        name for name in archive.namelist() if name.casefold().endswith(".csv") and not name.startswith("__MACOSX")
    ]
    if len(names) != 1:
        raise NotCfpbLayout(str(file), f"holds {len(names)} CSV files; one is needed")
    return names[0]


class _Lines:
    """The lines of a text, of bounded length; knows whether the last one was ended."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self.is_ended = True

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._stream.readline(_LONGEST_LINE)
        if not line:
            raise StopIteration
        self.is_ended = line[-1] in "\r\n"
        if len(line) == _LONGEST_LINE and not self.is_ended:
            raise _Unusable("", f"has a line of over {_LONGEST_LINE:,} characters; the rest was not read", cut=True)
        return line


class _Table:
    """A table in the CFPB's layout.

    Raises:
        NotCfpbLayout: the first row does not name the columns that are needed.
    """

    def __init__(self, file: Path, stream: IO[str]) -> None:
        self._lines = _Lines(stream)
        self._reader = csv.reader(self._lines, strict=True)  # strict: an open quote at the end of the file is an error
        try:
            header = next(self._reader, [])
        except (csv.Error, _Unusable, *_DAMAGE):
            raise NotCfpbLayout(str(file), "has no row of column names that can be read") from None
        self._header = [name.strip() for name in header]
        keys = [_key(name) for name in header]
        names = dict(_NAMES)
        if _SUBMITTED in keys:  # a single bank's extract calls the CFPB's receipt so, and its own "Date received"
            names |= {_SUBMITTED: RECEIVED, _key(RECEIVED): SENT}
        self._names = [names.get(key, "") for key in keys]
        self.ignored = tuple(self._header[at] for at, name in enumerate(self._names) if not name and self._header[at])
        twice = tuple(name for name in (*READ, SENT) if self._names.count(name) > 1)
        if twice:
            raise NotCfpbLayout(str(file), "names columns twice", twice)
        missing = tuple(name for name in REQUIRED if name not in self._names)
        if missing:
            raise NotCfpbLayout(str(file), "lacks the columns", missing)
        self._at = {name: self._names.index(name) for name in READ if name in self._names}
        self._digits = 0  # of the complaint number before

    def rows(self) -> Iterator[tuple[int, "list[str] | _Unusable"]]:
        """Return each row with its number, or what is wrong with it; rows without any content are passed over."""
        number = 1
        while True:
            number += 1
            line = self._reader.line_num + 1
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                last = self._reader.line_num
                where = f"line {line}" if last == line else f"lines {line} to {last}"
                yield number, _Unusable("", f"{where}: a quoted cell is cut or wrongly quoted ({error})", cut=True)
            except _Unusable as fault:
                yield number, fault
                return
            except _DAMAGE as error:
                reason = f"line {line}: the file is cut or damaged here ({type(error).__name__}); fetch it again"
                yield number, _Unusable("", reason, cut=True)
                return
            else:
                if "".join(cells).strip():
                    yield number, self._fault(cells) or cells

    def record(self, row: "list[str] | _Unusable", now: datetime) -> _Record:
        """Return what a row says.

        Raises:
            _Unusable: it cannot become a case.
        """
        if isinstance(row, _Unusable):
            raise row
        row = [cell.strip() for cell in row]
        values = {name: "" if row[at] in _BLANK else row[at] for name, at in self._at.items()}
        number = _number(values[NUMBER])
        received_at = _received_at(values[RECEIVED])
        if received_at > now:
            raise _Unusable(RECEIVED, "lies in the future")
        try:
            complaint = Complaint(
                number=number,
                channel=_CHANNELS.get(values[VIA].casefold(), Channel.REGULATOR),
                language=EN,
                kind=Kind.COMPLAINT,
                complainant=_COMPLAINANT,
                respondent=values.get(COMPANY),
                product=_joined(values[PRODUCT], values.get(SUB_PRODUCT, "")),
                category=_category(values[PRODUCT], values[ISSUE]),
                place=_place(values.get(ZIP, "")),
                region=_REGIONS.get(values[STATE].upper()),
                narrative=values.get(NARRATIVE) or _withheld(values[ISSUE], values.get(SUB_ISSUE, "")),
                received_at=received_at,
            )
        except ValidationError as invalid:
            raise _unusable(invalid) from None
        return _Record(number, complaint, _timely(values[TIMELY]))

    def _fault(self, cells: list[str]) -> _Unusable | None:
        width = len(self._header)
        if len(cells) < width:
            reason = f"the row has {len(cells)} cells of {width}; the file is cut or damaged here"
            return _Unusable(self._header[len(cells)], reason, cut=True)
        if any(cells[width:]):
            return _Unusable("", f"the row has {len(cells)} cells, but there are {width} column names")
        for name, cell in zip(self._header, cells, strict=False):
            if not cell.isascii() and _SURROGATE.search(cell):
                return _Unusable(name, "is not UTF-8; save the file in UTF-8")
        if not self._lines.is_ended and not self._is_whole(cells):
            reason = "the file ends here without a line end and may be cut; add a line end if it is whole"
            return _Unusable(self._header[-1], reason, cut=True)
        self._digits = len(cells[self._at[NUMBER]].strip())
        return None

    def _is_whole(self, cells: list[str]) -> bool:
        """Whether a last row without a line end is sure to be whole, as far as that can be seen in its last cell."""
        name, last = self._names[-1], cells[-1].strip()
        if name == NUMBER:
            return len(last) >= self._digits  # a cut number is a shorter one
        if name == TIMELY:
            return last.casefold() in ("yes", "no")
        if name == STATE:
            return last.upper() in _REGIONS
        return name not in READ or (name == RECEIVED and _ISO.fullmatch(last) is not None)


def _number(text: str) -> str:
    if not text:
        raise _Unusable(NUMBER, "is blank")
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise _Unusable(NUMBER, "is not a number of up to 18 digits")
    return text


def _timely(text: str) -> bool | None:
    match text.casefold():
        case "yes":
            return True
        case "no":
            return False
        case "":
            return None
    raise _Unusable(TIMELY, "is neither Yes nor No")


@lru_cache(maxsize=8192)
def _received_at(text: str) -> datetime:
    """Return the midnight in New York that begins the day, from any of the five shapes that the CFPB has written.

    Example:
        >>> [_received_at(day).isoformat() for day in ("2019-09-24", "2019-09-24T12:00:00-05:00", "9/24/19")]
        ['2019-09-24T04:00:00+00:00', '2019-09-24T04:00:00+00:00', '2019-09-24T04:00:00+00:00']
    """
    if not text:
        raise _Unusable(RECEIVED, "is blank")
    if iso := _ISO.fullmatch(text):  # the bulk file; the API to 2026 (noon -05:00); the search export since (…Z)
        year, month, day = map(int, iso.groups())
    elif slashed := _US.fullmatch(text):  # the first years' (09/24/2019), the search export to 2026 (09/24/19, 9/24/19)
        month, day, year = map(int, slashed.groups())
        year += 2000 if year < 100 else 0
    else:
        raise _Unusable(RECEIVED, "is no date; write 2019-09-24")
    try:
        received_on = date(year, month, day)
    except ValueError:
        raise _Unusable(RECEIVED, "is no day of the calendar") from None
    if year < 2011:
        raise _Unusable(RECEIVED, "lies before 2011, when the CFPB began")
    return datetime(received_on.year, received_on.month, received_on.day, tzinfo=_NEW_YORK).astimezone(UTC)


@lru_cache(maxsize=4096)
def _category(product: str, issue: str) -> Category:
    """Return what the matter is about, by the first words that fit."""
    product, issue = product.casefold(), issue.casefold()
    for text, table in ((product, _BY_PRODUCT_FIRST), (issue, _BY_ISSUE), (product, _BY_PRODUCT)):
        for words, category in table:
            if words in text:
                return category
    return Category.OTHER


def _joined(product: str, sub_product: str) -> str:
    return f"{product} / {sub_product}" if sub_product else product


def _place(zip_code: str) -> str | None:
    return f"ZIP {zip_code}" if zip_code.strip("X") else None  # the CFPB blackens small places: 346XX, XXXXX


def _withheld(issue: str, sub_issue: str) -> str:
    about = f"Issue: {issue or 'not stated'}" + (f" / Sub-issue: {sub_issue}" if sub_issue else "")
    return f"{about} (no narrative published)"


def _unusable(invalid: ValidationError) -> _Unusable:
    first = invalid.errors(include_input=False, include_url=False)[0]
    column = _COLUMN_OF.get(str(first["loc"][0]) if first["loc"] else "", "")
    if first["type"] == "string_too_long":
        return _Unusable(column, f"is longer than the {first['ctx']['max_length']:,} characters that a case can hold")
    return _Unusable(column, first["msg"].removeprefix("Value error, "))
