"""Letters: how they are rendered, and that nothing required is missing.

A letter is one HTML template per language, and a part of it for each regime that adds something:
``letters/<letter>/<language>.html`` and ``letters/<letter>/<regime>/<language>.html``. Its plain-text part is made from
the same rendered HTML, so the two can never say different things. A required element is a tag with
``data-element="…"``.
"""

import hashlib
import html
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, TemplateNotFound

from complaints.case import Case
from complaints.letter_rules import concerned, lineage, refuse_incomplete
from complaints.letter_words import (
    CONFIDENTIAL,
    DEPARTMENTS,
    acknowledgement_letter,
    department_word,
    hides_reporter,
    show_date,
    words_of,
)
from complaints.regimes.model import Pack
from complaints.settings import Firm
from complaints.text_part import TextMaker as _TextMaker

__all__ = [
    "CONFIDENTIAL",
    "DEPARTMENTS",
    "Rendered",
    "acknowledgement_letter",
    "department_word",
    "environment",
    "hides_reporter",
    "render_letter",
    "show_date",
]


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


def render_letter(
    case: Case, letter: str, firm: Firm, now: datetime, round: int = 1, *, link: str | None = None
) -> Rendered:
    """Render a letter of a case in the language of whom it is for.

    Args:
        case: The case, with its personal data.
        letter: Name of a folder under ``templates/letters``.
        firm: Who writes.
        now: The firm's time; the letter's date is that day in the regime's zone.
        round: The how-manieth letter of its sort.
        link: The case's secret link, where the complainant can reach pages.

    Raises:
        LetterIncomplete: an element that a regime requires is missing, or a notice has nothing to tell of.
        jinja2.UndefinedError: the template asks for something that is not there (a bug).
    """
    language, packs = case.language_of(letter), concerned(case, letter, round)
    template = environment().get_template(f"letters/{letter}/{language}.html")
    words = {
        **words_of(case, letter, firm, now, round),
        "link": link,
        "parts": _parts(case, letter, packs),
        "regimes": frozenset(name for pack in packs for name in lineage(case, pack)),
    }
    subject = "".join(template.blocks["subject"](template.new_context(words)))
    rendered_html = template.render(words)
    parsed = _TextMaker.parse(rendered_html)
    refuse_incomplete(case, letter, packs, parsed.elements)
    in_one_line = " ".join(html.unescape(subject).split())  # no header holds a line break
    return Rendered(in_one_line, parsed.text, rendered_html)


def _parts(case: Case, letter: str, packs: Iterable[Pack]) -> list[str]:
    """Return the templates of what regimes add to a letter, each once; an overlay adds what its base does."""
    found: dict[str, None] = {}
    for pack in packs:
        paths = (f"letters/{letter}/{name}/{case.language_of(letter)}.html" for name in lineage(case, pack))
        if path := next(filter(_exists, paths), None):
            found[path] = None
    return list(found)


@cache
def _exists(template: str) -> bool:
    try:
        environment().get_template(template)
    except TemplateNotFound:
        return False
    return True


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
