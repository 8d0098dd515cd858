"""Keeps personal data out of places where it does not belong, such as an operator's form."""

import re
from typing import Final

from complaints.intake import Complaint

_LONG_NUMBER: Final = re.compile(r"(?:\d[ -]?){6,}\d")  # telephone, account, identity numbers
_ADDRESS: Final = re.compile(r"\S+[@＠]\S+")
_HARMLESS: Final = re.compile(r"TS\d{6}-[2-9A-Z]{7}|(?<![\d-])(?:19|20)\d\d-\d\d-\d\d(?![\d-])")  # references, dates


def personal_data_in(text: str, complaint: Complaint | None) -> str | None:
    """Say what kind of personal data ``text`` contains, or None.

    Args:
        text: What somebody typed.
        complaint: The case's record, whose own names and numbers are looked for; None once erased.
    """
    if _LONG_NUMBER.search(_HARMLESS.sub(";", text)):
        return "a long number (telephone, account or identity number)"
    if _ADDRESS.search(text):
        return "an e-mail address"
    return "a name or contact of the complainant" if names_person(text, complaint) else None


def names_person(text: str, complaint: Complaint | None) -> bool:
    """Whether ``text`` contains a name, number or contact of the complainant or the representative."""
    if complaint is None:
        return False
    people = [complaint.complainant.name, complaint.complainant.identity_number, complaint.contract]
    people += [contact.value for contact in complaint.complainant.contacts]
    if complaint.representative:
        people += [complaint.representative.name, *(one.value for one in complaint.representative.contacts)]
    return any(mark and len(mark) > 1 and _names(text, mark) for mark in people)


def _names(text: str, mark: str) -> bool:
    """Whether ``mark`` stands in ``text``; a Latin one as a word, for "Li" is in "believe"."""
    return re.search(rf"(?<![A-Za-z0-9]){re.escape(mark.casefold())}(?![A-Za-z0-9])", text.casefold()) is not None
