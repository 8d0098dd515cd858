"""Opening a case by its secret link, without telling which references there are."""

import re
from functools import lru_cache
from typing import Final

from sqlalchemy import select

from complaints.adapters.store import Store
from complaints.adapters.tables import CaseKeyRow
from complaints.case import Case
from complaints.links import fits, link_token
from complaints.sealing import CaseKey, MasterKey

_REFERENCE: Final = re.compile(r"TS\d{6}-[2-9A-Z]{7}", re.ASCII)
_NOBODY: Final = "TS000000-2222222"


def open_link(store: Store, reference: str, token: str) -> Case | None:
    """Return the case of a secret link, or None where there is none such.

    An unknown reference, an erased person and a wrong token take the same steps: one row is looked for, one key is
    unwrapped, one token is compared. Only with the right token is the case read.
    """
    asked = reference.upper()
    looked_for = asked if _REFERENCE.fullmatch(asked) else _NOBODY
    with store.read() as session:
        known = session.scalar(select(CaseKeyRow.wrapped).where(CaseKeyRow.reference == looked_for))
    wrapped, whose = (known, looked_for) if known is not None else (_wrapped_by_nobody(store.master), _NOBODY)
    opened = fits(store.master.unwrap(whose, wrapped), token)
    return store.read_case(looked_for) if opened and known is not None else None


def secret_token(store: Store, reference: str) -> str | None:
    """Return the token of a case's secret link; None where there is no case, and once its key was destroyed."""
    with store.read() as session:
        key = store.case_key(session, reference)
    return link_token(key) if key else None


@lru_cache(maxsize=1)
def _wrapped_by_nobody(master: MasterKey) -> bytes:
    """Return a key that belongs to no case, wrapped as that of a case is."""
    return CaseKey.new(_NOBODY).wrapped(master)
