"""What people read in a package: the case file, the record as JSON, the letters as sent, the evidence.

Of a whistle-blowing report, whatever could show who reported stays sealed in here too: a letter that was sent before it
was known to be one, and every file of evidence. Who opens the package must still have the key in hand to see that.
"""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from functools import cache
from importlib.resources import files
from typing import Any, Final

from pydantic_core import to_jsonable_python

from complaints.acts import Recorded
from complaints.adapters.archive.package import FORMAT, dump_json
from complaints.adapters.evidence import context_of
from complaints.adapters.projection import case_columns
from complaints.case import Case
from complaints.case_explanation import explain_case
from complaints.correspondence import Letter
from complaints.evidence import safe_name
from complaints.exhibits import Exhibit
from complaints.ledger import Entry
from complaints.letters import CONFIDENTIAL, Rendered, department_word, environment
from complaints.media_types import EXTENSIONS
from complaints.sealing import CaseKey
from complaints.timekeeping import rule_of
from complaints.words import LANGUAGES

RECORD: Final = "case.json"
SCHEMA: Final = "case.schema.json"
PAPER: Final = "case_file.pdf"
"""The case file on paper. Its name says no language: the manifest, which is in clear, may tell that it is missing."""

WITHHELD: Final = frozenset(
    {"sender", "number", "channel", "language", "party_type", "product", "sub_product", "issue", "region"}
    | {"amount", "currency", "represented"}
)
"""Facts about a whistle-blowing report that could lead to the person; the ledger has them for who must know."""

InOutbox = tuple[bytes, int]
"""A letter as the outbox keeps it: sealed, and how many sends were begun."""
LetterRows = Mapping[tuple[str, int], InOutbox]
"""The letters of a case in the outbox, by name and round."""

_NO_FILE_NAME: Final = re.compile(r'[<>:"|?*\\/]')  # what some file systems refuse
_LONGEST: Final = 120  # bytes of a file's name without number and ending


@dataclass(frozen=True)
class KeptLetter:
    """A letter in a package: its files, or one sealed file where it could show who reported.

    Attributes:
        number: From 1, in the order of the ledger.
        attempt: Sends that were begun.
    """

    number: int
    letter: Letter
    attempt: int = 0
    files: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Source:
    """A closed case, as it goes into a package.

    Attributes:
        case: Of a confidential report without its personal data: what is not known cannot be written.
        key: None where the person was erased.
        recorded: The acts of the ledger, one for each entry, with all that the key opens.
    """

    case: Case
    entries: Sequence[Entry]
    key: CaseKey | None
    letters: Sequence[KeptLetter]
    recorded: Sequence[Recorded]

    @property
    def language(self) -> str:
        """Of the case file on paper: the complainant's; not of a report, where that could lead to the person."""
        language = self.case.facts.language
        return LANGUAGES[0] if self.case.is_confidential or language not in LANGUAGES else language

    @property
    def evidence(self) -> Mapping[int, str]:
        """The name in the package of each file of evidence that can be opened, by number."""
        if self.key is None:
            return {}
        return {one.number: _evidence_name(one, self.case.is_confidential) for one in self.case.evidence}


def keep_letters(case: Case, outbox: LetterRows, key: CaseKey | None) -> list[KeptLetter]:
    """Return the letters of a case as they go into its package.

    Args:
        case: The case.
        outbox: Its letters as they are kept, by name and round.
        key: Its key; None where the person was erased.

    Raises:
        LookupError: one is not in the outbox, or not the one that was prepared.
        SealBroken: one does not open.
    """
    return [
        _keep(case, number, letter, outbox.get(which), key)
        for number, (which, letter) in enumerate(case.letters.items(), 1)
    ]


def _keep(case: Case, number: int, letter: Letter, row: InOutbox | None, key: CaseKey | None) -> KeptLetter:
    prepared = letter.prepared
    if key is None:
        return KeptLetter(number, letter)
    if row is None:
        raise LookupError(f"letter {number} ('{prepared.letter}') is not in the outbox")
    sealed, attempt = row
    dumped = key.open(sealed, f"letter/{prepared.letter}/{prepared.round}")
    if hashlib.sha256(dumped).hexdigest() != prepared.sha256:
        raise LookupError(f"letter {number} ('{prepared.letter}') is not the one that was prepared")
    stem = f"letters/{number}-{prepared.letter}"
    if case.is_confidential and prepared.letter not in CONFIDENTIAL:  # sent before it was known to be a report
        return KeptLetter(number, letter, attempt, {f"{stem}.sealed": base64.b64encode(sealed) + b"\n"})
    rendered = Rendered.load(dumped)
    text = f"{rendered.subject}\n\n{rendered.text}".encode()
    return KeptLetter(number, letter, attempt, {f"{stem}.html": rendered.html.encode(), f"{stem}.txt": text})


def case_file_name(language: str) -> str:
    """Return the name of the case file for screens in a language."""
    return f"case_file.{language}.html"


def case_files(source: Source) -> dict[str, str]:
    """Return the case file as HTML that needs nothing else, by language."""
    in_both = {"clocks": explain_case(source.case), "ledger": _ledger(source)}
    return {language: _case_file(source, language, in_both) for language in LANGUAGES}


def contents_of(
    source: Source, case_files: Mapping[str, bytes], read: Callable[[Exhibit], bytes]
) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a package's contents, in order.

    Args:
        source: The case.
        case_files: HTML and PDF, by name.
        read: Returns a file of evidence as it was taken in; for a report, as it is sealed.
    """
    yield from case_files.items()
    yield RECORD, dump_json(_record(source))
    yield SCHEMA, _schema()
    for kept in source.letters:
        yield from kept.files.items()
    exhibits = {one.number: one for one in source.case.evidence}
    for number, name in source.evidence.items():
        yield name, read(exhibits[number])


@cache
def _schema() -> bytes:
    return files(__package__).joinpath(SCHEMA).read_bytes()


# --- taking it out again --------------------------------------------------------------------------


def record_in(read: Callable[[str], bytes]) -> dict[str, Any]:
    """Return the record in a package's contents, of which ``read`` returns a file by its name."""
    record: dict[str, Any] = json.loads(read(RECORD))
    return record


def letter_in(read: Callable[[str], bytes], kept: Mapping[str, Any], key: CaseKey) -> Rendered:
    """Return a letter as it was rendered.

    Args:
        read: Returns a file of the package's contents by its name.
        kept: What the record says of the letter.
        key: The case's key.
    """
    names = kept["files"]
    if names[0].endswith(".sealed"):
        sealed = base64.b64decode(read(names[0]))
        return Rendered.load(key.open(sealed, f"letter/{kept['letter']}/{kept['round']}"))
    html, text = (read(name).decode() for name in names)
    subject, _, body = text.partition("\n\n")
    return Rendered(subject, body, html)


def sealed_evidence_in(read: Callable[[str], bytes], kept: Mapping[str, Any], key: CaseKey) -> bytes:
    """Return a file of evidence as the evidence store keeps it.

    Args:
        read: Returns a file of the package's contents by its name.
        kept: What the record says of the file.
        key: The case's key.
    """
    content = read(kept["file"])
    return content if kept["is_sealed"] else key.seal(content, context_of(kept["sha256"]))


# --- the case file and the record -----------------------------------------------------------------


def _evidence_name(one: Exhibit, is_confidential: bool) -> str:
    if is_confidential:
        return f"evidence/{one.number}.sealed"
    end = EXTENSIONS.get(one.added.media_type, ".bin")
    stem = _NO_FILE_NAME.sub("_", (safe_name(one.added.name) or "").removesuffix(end))
    short = stem.encode()[:_LONGEST].decode(errors="ignore").rstrip(". ")
    return f"evidence/{one.number}-{short}{end}" if short else f"evidence/{one.number}{end}"


def _record(source: Source) -> dict[str, Any]:
    case, key = source.case, source.key
    withheld = WITHHELD | {"asks"} if case.is_confidential else {"asks"}
    facts = {name: value for name, value in case_columns(case).items() if name not in withheld}
    personal: dict[str, Any] | None = None
    if key is not None and not case.is_confidential:
        personal = {
            str(entry.seq): one.act.model_dump(mode="json", include=set(one.act.personal))
            for entry, one in zip(source.entries, source.recorded, strict=True)
            if entry.sealed is not None
        }
    return {
        "format": FORMAT,
        "reference": case.reference,
        "regime_version": case.facts.regime_version,
        "is_confidential": case.is_confidential,
        "is_erased": key is None,
        "facts": to_jsonable_python(facts),
        "letters": [_letter(one) for one in source.letters],
        "evidence": [_exhibit(one, source.evidence.get(one.number)) for one in case.evidence],
        "personal": personal,  # by number of the ledger entry that holds it sealed
    }


def _letter(kept: KeptLetter) -> dict[str, Any]:
    letter, prepared = kept.letter, kept.letter.prepared
    return {
        "letter": prepared.letter,
        "round": prepared.round,
        "number": prepared.number,
        "sha256": prepared.sha256,
        "status": letter.status,
        "channel": letter.channel,
        "sent_at": letter.sent_at.isoformat() if letter.sent_at else None,
        "attempt": kept.attempt,
        "files": list(kept.files),
    }


def _exhibit(one: Exhibit, file: str | None) -> dict[str, Any]:
    return {
        "number": one.number,
        "sha256": one.added.sha256,
        "media_type": one.added.media_type,
        "size": one.added.size,
        "added_at": one.at.isoformat(),
        "file": file,
        "is_sealed": bool(file and file.endswith(".sealed")),
    }


def _ledger(source: Source) -> list[tuple[Any, ...]]:
    """Return the ledger as the case file shows it: number, time, act, clock, letter, by whom, whether sealed, hash.

    The lines are many, and a template takes plain values several times as fast as it asks an entry for them.
    """
    when, lines = _when_in(source.case.pack.tz), []
    for one in source.entries:
        facts = json.loads(one.facts)
        about = facts.get("clock"), facts.get("letter")
        lines.append((one.seq, when(one.at), one.kind, *about, one.by, one.sealed is not None, one.hash))
    return lines


def _when_in(zone: tzinfo) -> Callable[[datetime | None], str]:
    return lambda at: at.astimezone(zone).isoformat(" ", "seconds")[:19] if at else "—"


def _case_file(source: Source, language: str, in_both: Mapping[str, Any]) -> str:
    case = source.case
    when = _when_in(case.pack.tz)

    def until(at: datetime) -> str:
        """Midnight ends the day before: that is the last day in time."""
        shown, last = when(at), when(at - timedelta(seconds=1))
        return f"{last[:10]} 24:00:00" if shown.endswith("00:00:00") else shown

    def word(title: Any) -> str:
        return str(title.word(language)) if title else "—"

    titles = {name: rule_of(case, name)[0].title.word(language) for name in case.clocks}
    department = department_word(case.assessed.department, language) if case.assessed else None
    return (
        environment()
        .get_template(f"sheets/case_file/{language}.html")
        .render(
            case=case,
            dated=(case.closed_at or case.facts.received_at).astimezone(case.pack.tz).date(),
            is_erased=source.key is None,
            closure=word(case.closed.closure if case.closed else None),
            department=department,
            titles=titles,
            letters=source.letters,
            evidence_files=source.evidence,
            when=when,
            until=until,
            word=word,
            **in_both,
        )
    )
