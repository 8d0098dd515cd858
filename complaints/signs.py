"""Signs by which complaints of the same person or the same matter find each other again.

A sign is what is left of a name, a number or an address once it is written in one way and hashed under a key of the
firm's own: two complaints can be compared, and nobody can read them from it, nor try out telephone numbers without
the key. The words of a complaint leave one sign, from which can be told how much two texts have in common.
"""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Final

from complaints.intake import Complaint, Contact
from complaints.words import ContactKind, Likeness

if TYPE_CHECKING:
    import numpy as np

Sign = tuple[Likeness, str]
"""In what complaints may agree, and 32 hexadecimal digits that are equal where they do."""

LINKING: Final = frozenset(
    {Likeness.IDENTITY, Likeness.PHONE, Likeness.EMAIL, Likeness.NAME, Likeness.ACCOUNT},
)
"""Signs by which another complaint is looked for; the others only tell more of one that was found."""

_DIGITS: Final = 32  # of a sign, hexadecimal
_LONGEST_WORDING: Final = 2_000  # characters that are compared; a story tells itself apart long before
_FEWEST_PIECES: Final = 8  # of a text; what is shorter ("charged twice") is anybody's
_TITLES: Final = re.compile(r"先生|女士|小姐|\b(?:mr|mrs|ms|miss|dr)\b\.?")
_MASKED: Final = re.compile(r"[*×•●]|x{3,}", re.IGNORECASE)  # 138****0101: such a number is many people's
_EXTENSION: Final = re.compile(r"转|分机|ext|#|x", re.IGNORECASE)
_MAINLAND: Final = re.compile(r"(?:\+|00)86|^86(?=1\d{10}$)")


def signs_of(complaint: Complaint, key: bytes, further: Iterable[Contact] = ()) -> frozenset[Sign]:
    """Return the signs of a complaint; none where nothing tells of a person or an account.

    Args:
        complaint: The record.
        key: The firm's key for signs.
        further: Contacts that became known later.
    """
    marks = marks_of(complaint, further)
    if LINKING.isdisjoint(marks):
        return frozenset()
    signs = {(kind, _hashed(key, kind, value)) for kind, values in marks.items() for value in values}
    if wording := _wording(complaint.narrative, key):
        signs.add((Likeness.WORDING, wording))
    return frozenset(signs)


def marks_of(complaint: Complaint, further: Iterable[Contact] = ()) -> Mapping[Likeness, frozenset[str]]:
    """Return what tells of person, account and day, each written in one way; personal data, never to be stored.

    Args:
        complaint: The record.
        further: Contacts that became known later.
    """
    person, agent = complaint.complainant, complaint.representative
    found: dict[Likeness, set[str]] = {}
    own = _reach((*person.contacts, *further))
    for kind, value in (
        (Likeness.NAME, folded_name(person.name or "")),
        (Likeness.IDENTITY, _identity(person.identity_number or "")),
        (Likeness.ACCOUNT, _account(complaint.contract or "")),
        (Likeness.DAY, str(complaint.happened_on or "")),
        *own,
        *((Likeness.AGENT, value) for _, value in _reach(agent.contacts if agent else ())),
    ):
        if value:
            found.setdefault(kind, set()).add(value)
    return {kind: frozenset(values) for kind, values in found.items()}


def common_wording(one: str, other: str) -> float:
    """Return which share of their pieces two texts have in common, estimated from their signs; 0 to 1."""
    same = sum(mine == theirs for mine, theirs in zip(one, other, strict=True)) / _DIGITS
    return max(0.0, (same - 1 / 16) / (15 / 16))  # of digits that differ in earnest, one in sixteen agrees by chance


# --- written in one way --------------------------------------------------------------------------


def folded_name(name: str) -> str:
    """Return a name without titles, blanks and case; a Latin one with its words in order, as "Smith, Mary" is Mary."""
    words = re.findall(r"\w+", _TITLES.sub(" ", unicodedata.normalize("NFKC", name).casefold()))
    latin = all(word.isascii() for word in words)
    folded = " ".join(sorted(words)) if latin else "".join(words)
    return folded if len(folded) > 1 else ""


def folded_phone(number: str) -> str:
    """Return the digits of a telephone number without +86, leading zeros and extension; a short one is a hotline's."""
    plain = unicodedata.normalize("NFKC", number)
    if _MASKED.search(plain):
        return ""
    plain = re.sub(r"[^+\d]", "", _EXTENSION.split(plain)[0])
    digits = re.sub(r"\D", "", _MAINLAND.sub("", plain)).lstrip("0")
    return digits if len(digits) >= 7 else ""


def folded_email(address: str) -> str:
    """Return an e-mail address without case and without what follows a plus sign."""
    local, _, domain = unicodedata.normalize("NFKC", address).casefold().strip().partition("@")
    return f"{local.partition('+')[0]}@{domain}"


def folded(text: str) -> str:
    """Return the letters and digits of a text, without case and width."""
    return "".join(re.findall(r"[^\W_]", unicodedata.normalize("NFKC", text).casefold()))


def _reach(contacts: Iterable[Contact]) -> Iterator[Sign]:
    for one in contacts:
        match one.kind:
            case ContactKind.PHONE:
                yield Likeness.PHONE, folded_phone(one.value)
            case ContactKind.EMAIL:
                yield Likeness.EMAIL, folded_email(one.value)
            case ContactKind.POST:
                yield Likeness.ADDRESS, folded(one.value)
            case ContactKind.PORTAL:
                pass  # an authority's, not the person's


def _identity(number: str) -> str:
    """Return an identity number; the mainland's of 15 and of 18 digits are the same without century and check digit."""
    if _MASKED.search(number):
        return ""
    plain = folded(number)
    if re.fullmatch(r"\d{15}", plain):
        return f"{plain[:6]}19{plain[6:]}"
    return plain[:17] if re.fullmatch(r"\d{17}[\dx]", plain) else plain if len(plain) >= 5 else ""


def _account(number: str) -> str:
    plain = folded(number)
    return plain if len(plain) >= 4 and not _MASKED.search(number) else ""


# --- hashed -------------------------------------------------------------------------------------


def _hashed(key: bytes, kind: Likeness, value: str) -> str:
    return hmac.digest(key, f"{kind}/{value}".encode(), "sha256").hex()[:_DIGITS]


def _wording(text: str, key: bytes) -> str | None:
    """Return the sign of a text: the least hash of its pieces under each of 32 functions, four bits of each.

    Pieces are three characters of Chinese, and seven of other writing, in which one says less.
    """
    import numpy as np  # here: the command line does not wait for it

    plain = folded(text[:_LONGEST_WORDING])
    chinese = sum(not character.isascii() for character in plain) * 2 > len(plain)
    width = 3 if chinese else 7
    if len(plain) < width + _FEWEST_PIECES - 1:
        return None
    by_place, factors, shifts = _functions(key, width)
    codes = np.frombuffer(plain.encode("utf-32-le"), dtype="<u4").astype(np.uint64)
    pieces = (np.lib.stride_tricks.sliding_window_view(codes, width) * by_place).sum(axis=1, dtype=np.uint64)
    pieces ^= pieces >> np.uint64(31)
    hashes = np.unique(pieces)[:, None] * factors + shifts
    hashes ^= hashes >> np.uint64(29)
    least = (hashes * factors[0]).min(axis=0)
    digits = (least * factors) >> np.uint64(60)  # the high bits of a least hash are zeros; these are even again
    return "".join(f"{digit:x}" for digit in digits.tolist())


@cache
def _functions(key: bytes, width: int) -> "tuple[np.ndarray, np.ndarray, np.ndarray]":
    import numpy as np

    drawn = hashlib.shake_256(key + b"/wording").digest(8 * (width + 2 * _DIGITS))
    numbers = np.frombuffer(drawn, dtype="<u8") | np.uint64(1)  # odd, so that nothing is lost in multiplying
    return numbers[:width], numbers[width : width + _DIGITS], numbers[width + _DIGITS :]
