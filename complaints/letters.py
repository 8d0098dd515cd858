"""Letters: what goes into them, how they are rendered, and that nothing required is missing.

A letter is one HTML template per language; its plain-text part is made from the same rendered HTML, so the two
can never say different things. A required element is a tag with ``data-element="…"``.
"""

import hashlib
import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from html.parser import HTMLParser
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from complaints.acts import Assessed
from complaints.assessment import assess
from complaints.case import Case
from complaints.deadlines import last_day
from complaints.errors import LetterIncomplete
from complaints.intake import Complaint
from complaints.settings import Firm
from complaints.words import EN, ZH, Kind

REVIEW_DAYS: Final = 30
"""Calendar days in which a complainant may ask for a review of a branch's result (CN-NFRA 2020-3)."""

CONFIDENTIAL: Final = frozenset({"report_receipt", "report_outcome"})
"""Letters in which nothing shows the person who reported."""

NEUTRAL: Final = {ZH: "事项", EN: "matter"}
"""What a report is called in a letter."""


@dataclass(frozen=True)
class Rendered:
    """A letter as it goes out."""

    subject: str
    text: str
    html: str

    @property
    def sha256(self) -> str:
        """The hash that the ledger keeps."""
        return hashlib.sha256(self.dump()).hexdigest()

    def dump(self) -> bytes:
        """Return the letter as bytes, for sealing."""
        return json.dumps([self.subject, self.text, self.html], ensure_ascii=False).encode()

    @classmethod
    def load(cls, data: bytes) -> "Rendered":
        """Return the letter that :meth:`dump` wrote."""
        return cls(*json.loads(data))


def render_letter(case: Case, letter: str, firm: Firm, now: datetime) -> Rendered:
    """Render a letter of a case in the case's language.

    Args:
        case: The case, with its personal data.
        letter: Name of a folder under ``templates/letters``.
        firm: Who writes.
        now: The firm's time; the letter's date is that day in the regime's zone.

    Raises:
        LetterIncomplete: an element that the regime requires is missing.
        jinja2.UndefinedError: the template asks for something that is not there (a bug).
    """
    language = case.facts.language
    template = environment().get_template(f"letters/{letter}/{language}.html")
    words = _context(case, letter, firm, now)
    subject = "".join(template.blocks["subject"](template.new_context(words)))
    rendered_html = template.render(words)
    parsed = _TextMaker.parse(rendered_html)
    rule = case.pack.letter(letter)
    if rule and (missing := tuple(element for element in rule.elements if element not in parsed.elements)):
        raise LetterIncomplete(letter, missing, f"{case.pack.name} {rule.article.en}")
    return Rendered(html.unescape(subject).strip(), parsed.text, rendered_html)


def acknowledgement_letter(case: Case) -> str:
    """Return the letter that acknowledges a case.

    Who reports a wrong inside the firm gets a letter that does not show it; a suggestion is thanked at once.
    """
    kind = _assessed(case).kind
    return {Kind.REPORT: "report_receipt", Kind.SUGGESTION: "suggestion_thanks"}.get(kind, "acknowledgement")


def _assessed(case: Case) -> Assessed:
    """Return the assessment; of a case that has none yet, the one it is about to get."""
    return case.assessed or assess(case)


def hides_reporter(case: Case, letter: str | None = None) -> bool:
    """Whether nothing may show who reported, nor that it is a report: known, or about to be."""
    return letter in CONFIDENTIAL or _assessed(case).kind is Kind.REPORT


@cache
def environment() -> Environment:
    """Return the template environment: HTML is escaped, an undefined variable is an error."""
    return Environment(
        loader=PackageLoader("templates", ""),
        autoescape=lambda name: bool(name and name.endswith(".html")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def show_date(day: date | datetime, language: str) -> str:
    """Return a date as a letter writes it: 2026年3月2日, or 2 March 2026."""
    return f"{day.year}年{day.month}月{day.day}日" if language == ZH else f"{day.day} {day:%B} {day.year}"


def _context(case: Case, letter: str, firm: Firm, now: datetime) -> dict[str, Any]:
    language, zone = case.facts.language, case.pack.tz
    suffix = "zh" if language == ZH else "en"
    assessed, hidden = _assessed(case), hides_reporter(case, letter)
    decision = case.clocks.get("decision")
    today = now.astimezone(zone).date()
    until = last_day(decision.started.due_at, zone) if decision else None
    return {
        "language": language,
        "firm": {
            "name": getattr(firm, f"name_{suffix}"),
            "address": getattr(firm, f"address_{suffix}"),
            "telephone": firm.telephone,
            "email": firm.email,
        },
        "case": {
            "reference": case.reference,
            "kind_word": NEUTRAL[language] if hidden else assessed.kind.word(language),
            "received_on": show_date(case.facts.received_at.astimezone(zone), language),
            "today": show_date(today, language),
            "due_on": show_date(until, language) if until and until >= today else None,  # no promise for the past
            "product": None if hidden else case.facts.product,
        },
        "salutation": _salutation(None if hidden else case.complaint, language),
        "department_word": department_word(assessed.department, language),
        **_outcome(case, language),
    }


def _salutation(complaint: Complaint | None, language: str) -> str:
    if complaint is None or not complaint.complainant.name:
        return "您好：" if language == ZH else "Hello,"
    name = complaint.complainant.name
    return f"尊敬的{name}：" if language == ZH else f"Dear {name},"


def _outcome(case: Case, language: str) -> Mapping[str, Any]:
    """Return what the letters about a result may say; None where the case has none yet."""
    found, decided, replied = case.found, case.decided, case.replied
    return {
        "reasons": case.materials_reasons,
        "conclusion": found.conclusion.value if found else None,
        "finding_word": found.conclusion.word(language) if found else None,
        "finding_reasons": (found.reasons or None) if found else None,
        "outcome": decided.outcome.value if decided else None,
        "outcome_word": decided.outcome.word(language) if decided else None,
        "basis_word": decided.basis.word(language) if decided else None,
        "decision_reasons": (decided.reasons or None) if decided else None,
        "remedy": decided.remedy.value if decided else None,
        "remedy_word": decided.remedy.word(language) if decided else None,
        "amount": f"{decided.currency} {decided.amount:,.2f}" if decided and decided.amount else None,
        "review_days": REVIEW_DAYS,
        "topic": replied.topic.value if replied else None,
        "topic_word": replied.topic.word(language) if replied else None,
        "words": (replied.words or None) if replied else None,
    }


DEPARTMENTS: Final[Mapping[str, tuple[str, str]]] = {
    "complaints": ("消费者权益保护部", "Consumer Protection Department"),
    "collection": ("贷后管理部", "Collections Department"),
    "claims": ("理赔部", "Claims Department"),
    "operations": ("运营管理部", "Operations Department"),
    "credit": ("征信管理部", "Credit Records Department"),
    "compliance": ("合规部", "Compliance Department"),
}


def department_word(department: str, language: str) -> str:
    """Return the name of a department in ``language``."""
    zh, en = DEPARTMENTS[department]
    return zh if language == ZH else en


class _TextMaker(HTMLParser):
    """Makes the plain-text part from a letter's HTML, and notes the elements it contains."""

    BREAKS: Final = frozenset({"p", "h1", "h2", "ul", "section", "table", "tr", "li", "div", "header", "footer"})
    HIDDEN: Final = frozenset({"style", "head", "title"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: set[str] = set()
        self._parts: list[str] = []
        self._hidden = 0

    @classmethod
    def parse(cls, source: str) -> "_TextMaker":
        """Read a whole document."""
        maker = cls()
        maker.feed(source)
        maker.close()
        return maker

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a line where the tag does; note a required element."""
        self.elements.update(value for name, value in attrs if name == "data-element" and value)
        if tag in self.HIDDEN:
            self._hidden += 1
        elif tag == "br" or tag in self.BREAKS:
            self._parts.append("\n")
        if tag == "li":
            self._parts.append("· ")
        if tag == "td" and self._parts and not self._parts[-1].endswith("\n"):
            self._parts.append("\t")

    def handle_endtag(self, tag: str) -> None:
        """End a line; a paragraph is followed by an empty one."""
        if tag in self.HIDDEN:
            self._hidden -= 1
        elif tag in ("p", "h1", "h2", "ul", "table"):
            self._parts.append("\n\n")

    def handle_data(self, data: str) -> None:
        """Keep visible text; runs of what HTML calls white space are one space."""
        shown = re.sub(r"[ \t\n\r\f]+", " ", data)
        if not self._parts or self._parts[-1][-1] in "\n\t ":
            shown = shown.removeprefix(" ")
        if shown and not self._hidden:
            self._parts.append(shown)

    @property
    def text(self) -> str:
        """The plain text, at most one empty line between paragraphs."""
        lines: list[str] = []
        for line in "".join(self._parts).split("\n"):
            stripped = line.strip()
            if stripped or (lines and lines[-1]):
                lines.append(stripped)
        return "\n".join(lines).strip() + "\n"
