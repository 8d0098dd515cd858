"""Codes that are made of somebody's own words: a product, an issue, a staff number.

Senders call a product what they like. It must not be taken for a code that has a meaning of its own, nor show
somebody's number or address; and each name has a code of its own, the same in every version of a summary.
"""

import hashlib
import hmac
from typing import Final

from complaints.privacy import personal_data_in
from complaints.reporting.axes import UNMAPPED
from complaints.reporting.spans import CONFIDENTIAL, MISSING

RESERVED: Final = frozenset({*MISSING.values(), CONFIDENTIAL, UNMAPPED})
"""Codes that have a meaning of their own."""

SENDERS: Final = frozenset({"product", "sub_product", "issue"})
"""Columns in the sender's own words."""

NOT_SHOWN: Final = "not-shown-"
"""What the code of a name begins with that is not shown; a mark follows, which tells one from another."""

_LETTERS: Final = str.maketrans("0123456789abcdef", "abcdefghijklmnop")  # no digits: a mark must look like no number


class OwnWords:
    """Makes codes of names.

    Args:
        secret: What marks are made with: without it nobody can find the name by trying.
    """

    def __init__(self, secret: bytes = b"") -> None:
        self._secret = secret

    def code(self, column: str, name: str) -> str:
        """Return the code of a name; another name has another one.

        Args:
            column: Where it stands.
            name: As it was written.
        """
        if name.strip('"') in RESERVED or name.strip('"').startswith(NOT_SHOWN):
            return f'"{name}"'
        return self.shown(name) if column in SENDERS else name

    def shown(self, name: str) -> str:
        """Return a name; where it looks like somebody's number or address, what stands for it."""
        if personal_data_in(name, None) is None:
            return name
        mark = hmac.new(self._secret, name.encode(), hashlib.sha256).hexdigest()[:10]
        return NOT_SHOWN + mark.translate(_LETTERS)
