"""From what was typed into a form to a complaint, or to what is wrong with it in words a person can act on."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from complaints.intake import Complaint, Evidence
from complaints.words import Channel, ContactKind, Kind, PartyType
from deployments.pages.words import Say

FIELDS: Final = (
    "kind",
    "party",
    "name",
    "email",
    "phone",
    "post",
    "product",
    "contract",
    "narrative",
    "wanted",
    "happened_on",
    "amount",
)
"""Fields of the complaint form, apart from its files."""

_CONTACTS: Final = {"email": ContactKind.EMAIL, "phone": ContactKind.PHONE, "post": ContactKind.POST}
_WRONG: Final = {"happened_on": "wrong_date", "amount": "wrong_amount"} | {
    name: f"wrong_{name}" for name in ("kind", "party", *_CONTACTS)
}


@dataclass(frozen=True)
class Wrong:
    """What is wrong: the field, or "" for the form as a whole, and what to do about it."""

    field: str
    text: str

    @property
    def anchor(self) -> str:
        """The id of the input to go to."""
        return {"reach": "email"}.get(self.field, self.field)


class NotComplete(Exception):
    """The form must be corrected."""

    def __init__(self, wrong: list[Wrong]) -> None:
        super().__init__(wrong)
        self.wrong = wrong


def read_complaint(
    typed: Mapping[str, str], language: str, evidence: Iterable[Evidence], today: date, say: Say
) -> Complaint:
    """Turn what was typed into a complaint.

    Args:
        typed: The fields.
        language: Of the page; the letters are written in it.
        evidence: What was attached.
        today: At the firm: nothing happened later.
        say: Gives the words of the page's language.

    Raises:
        NotComplete: every field that is wrong, in the order of the form.
    """
    given = {name: typed.get(name, "").strip() for name in FIELDS}
    wrong = [Wrong(field, say(text)) for field, text in _missing(given)]
    contacts = [name for name in _CONTACTS if given[name]]
    try:
        complaint = Complaint.model_validate(_record(given, contacts, language, list(evidence)))
    except ValidationError as refused:
        errors = refused.errors(include_input=False, include_url=False)
        wrong += [_wrong(one, contacts, say) for one in errors]
    else:
        if complaint.happened_on and complaint.happened_on > today:
            wrong.append(Wrong("happened_on", say("wrong_date")))
        if not wrong:
            return complaint
    first = {one.field: one for one in reversed(wrong)}
    order = ("kind", "party", "name", "reach", *_CONTACTS, "narrative", "wanted", "product", "contract")
    raise NotComplete(sorted(first.values(), key=lambda one: (*order, "happened_on", "amount", "").index(one.field)))


def _missing(given: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the fields that must be filled in; who reports a wrong may stay unknown."""
    missing = [("narrative", "need_narrative")] if not given["narrative"] else []
    if given["kind"] != Kind.REPORT:
        if not given["name"]:
            missing.append(("name", "need_name"))
        if not any(given[name] for name in _CONTACTS):
            missing.append(("reach", "need_contact"))
    return missing


def _record(given: Mapping[str, str], contacts: list[str], language: str, evidence: list[Evidence]) -> dict[str, Any]:
    record: dict[str, Any] = {
        "channel": Channel.WEB,
        "language": language,
        "kind": given["kind"],
        "complainant": {
            "type": given["party"] or PartyType.PERSON,
            "name": given["name"] or None,
            "contacts": [{"kind": _CONTACTS[name], "value": given[name]} for name in contacts],
        },
        "narrative": given["narrative"] or "-",  # that it is missing has been said
        "evidence": evidence,
    }
    record |= {name: given[name] for name in ("product", "contract", "wanted") if given[name]}
    if given["happened_on"]:
        record["happened_on"] = _plain_date(given["happened_on"])
    if given["amount"]:
        record["amount"] = {"value": _plain_number(given["amount"])}
    return record


def _plain_date(text: str) -> str:
    """Return a date as ISO 8601 writes it, from 2026/3/2, 2026.3.2 and 2026年3月2日 too; else what was typed."""
    found = re.fullmatch(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?", _narrow(text))
    return f"{found[1]}-{int(found[2]):02}-{int(found[3]):02}" if found else text


def _plain_number(text: str) -> str:
    """Return an amount without the sign of its currency and separators of thousands; else what was typed."""
    bare = re.sub(r"^(?:¥|CNY|RMB|人民币)\s*|\s*元$", "", _narrow(text), flags=re.IGNORECASE)
    return bare.replace(",", "") if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", bare) else bare


def _narrow(text: str) -> str:
    """Return full-width digits and marks as plain ones."""
    return unicodedata.normalize("NFKC", text).strip()


def _wrong(error: ErrorDetails, contacts: list[str], say: Say) -> Wrong:
    """Say in the page's words what the record found wrong with a field."""
    match error["loc"]:
        case ("complainant", "contacts", int(number), *rest):
            field, is_words = contacts[number], bool(rest)
        case ("complainant", "type"):
            field, is_words = "party", False
        case ("complainant", str(name), *_):
            field, is_words = name, True
        case (str(name), *_):
            field, is_words = name, name not in _WRONG
        case _:
            field, is_words = "", True
    if field not in FIELDS:
        return Wrong("", say("wrong_other"))
    if error["type"] == "string_too_long":
        return Wrong(field, say("too_long", most=error["ctx"]["max_length"]))
    if is_words and error["type"] == "value_error":
        return Wrong(field, say("wrong_characters"))
    return Wrong(field, say(_WRONG.get(field, "wrong_other")))
