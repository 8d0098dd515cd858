"""What a body says: one JSON object, alone or with files beside it."""

import json
from collections import Counter
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from complaints.intake import Model
from deployments.door.limits import DEEPEST
from deployments.door.problems import INVALID, Refused, all_invalid, invalid

_ONE_OBJECT: Final = "send one JSON object in UTF-8"
_PREFECTS_OWN: Final = "__prefect_"  # what Prefect takes such keys for is its own affair: they never travel on

Record = TypeVar("Record", bound=Model)


class _SentTwice(ValueError):
    """An object names a field twice, so that nobody can know which value is meant."""


def record_of(body: bytes, model: type[Record]) -> Record:
    """Read a record from a JSON body.

    Raises:
        Refused: it is no JSON object, or some fields do not fit; all of them are named.
    """
    try:
        content = json.loads(body.decode(), object_pairs_hook=_object)
    except _SentTwice as twice:
        raise invalid(str(twice), "is there twice; send it once") from None
    except (ValueError, RecursionError):  # ValueError also for a number of thousands of digits
        raise _no_object("The body is not JSON.") from None
    if not isinstance(content, dict):
        raise _no_object("The body is not a JSON object.")
    _refuse_dangerous(content)
    try:
        return model.model_validate(content)
    except ValidationError as wrong:
        raise all_invalid(wrong) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make a JSON object; the same field twice is refused."""
    content = dict(pairs)
    if len(content) < len(pairs):
        raise _SentTwice(Counter(name for name, _ in pairs).most_common(1)[0][0])
    return content


def _refuse_dangerous(content: dict[str, Any]) -> None:
    """Refuse what no record needs and others might stumble over, wherever it stands."""
    level: list[Any] = [content]
    for _ in range(DEEPEST):
        below: list[Any] = []
        for part in level:
            if isinstance(part, dict):
                for name in part:
                    if name.startswith(_PREFECTS_OWN):
                        raise invalid(name, f"names that begin with '{_PREFECTS_OWN}' are not taken")
                below += part.values()
            else:
                below += part
        level = [part for part in below if isinstance(part, dict | list)]
        if not level:
            return
    raise invalid("", f"it is nested more than {DEEPEST} levels deep")


def _no_object(detail: str) -> Refused:
    return Refused(INVALID, detail, [{"field": "", "reason": _ONE_OBJECT}])
