"""The fields of a complaint as a spreadsheet can give them, each with how its cells are read."""

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import AwareDatetime, BaseModel

from complaints.intake import Complaint
from complaints.words import EN, ZH, ContactKind, Worded

CONTACTS: Final = {
    "phone": ContactKind.PHONE,
    "email": ContactKind.EMAIL,
    "post": ContactKind.POST,
    "portal": ContactKind.PORTAL,
}
"""Fields that become the complainant's contacts, in this order."""

_YES_NO: Final = {
    **dict.fromkeys(("是", "有", "√", "y", "yes", "true", "1"), "yes"),
    **dict.fromkeys(("否", "无", "×", "n", "no", "false", "0"), "no"),
}
_LANGUAGES: Final = {"中文": ZH, "英文": EN, ZH.casefold(): ZH, EN: EN}


@dataclass(frozen=True)
class FieldType:
    """How the cells of a field are read.

    Attributes:
        kind: ``text``, ``code``, ``yes_no``, ``day``, ``moment`` or ``amount``.
        codes: By the words that people write, folded; empty where any text will do.
    """

    kind: str
    codes: Mapping[str, str] = field(default_factory=dict)


def code_of(codes: Mapping[str, str], word: str) -> str | None:
    """Return the code that a word stands for, or None."""
    return codes.get(word.strip().casefold())


def _words_of(worded: type[Worded]) -> dict[str, str]:
    """Return codes by themselves and by their words in both languages."""
    return {word.casefold(): str(one.value) for one in worded for word in (one.value, one.zh, one.en)}


def _fields(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldType]]:
    """Yield the fields of a record that one cell can give."""
    for name, info in model.model_fields.items():
        leaf = _leaf(info.annotation)
        if prefix + name == "language":
            yield name, FieldType("code", _LANGUAGES)
        elif isinstance(leaf, type) and issubclass(leaf, BaseModel):
            yield from _fields(leaf, f"{prefix}{name}.")
        elif found := _type_for(leaf):
            yield prefix + name, found


def _type_for(leaf: Any) -> FieldType | None:
    if leaf is AwareDatetime:
        return FieldType("moment")
    if not isinstance(leaf, type):
        return None
    if issubclass(leaf, Worded):
        return FieldType("code", _words_of(leaf))
    if leaf is bool:
        return FieldType("yes_no", _YES_NO)
    simple = {str: "text", date: "day", Decimal: "amount"}
    return FieldType(simple[leaf]) if leaf in simple else None


def _leaf(annotation: Any) -> Any:
    """Return what a field holds, without its limits and without None."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif get_origin(annotation) in (Union, types.UnionType):
            annotation = next(one for one in get_args(annotation) if one is not type(None))
        else:
            return annotation


FIELDS: Final = dict(_fields(Complaint)) | dict.fromkeys(CONTACTS, FieldType("text"))
"""By name; those of a part of the record with a dot: ``complainant.name``."""

HISTORY_FIELDS: Final = {"closed_at": FieldType("moment"), "timely": FieldType("yes_no", _YES_NO)}
"""What is known beside the record of a matter that is over."""
