"""The secret link under which a complainant sees their case.

Its token is made from the case's own key: no table keeps it, and it dies with the key when the person is erased.
"""

import base64
import hmac
from typing import Final

from complaints.sealing import CaseKey

LENGTH: Final = 26
"""Characters of a token; five bits each, so that 130 bits would have to be guessed."""


def link_token(key: CaseKey) -> str:
    """Return the token of a case's secret link: small letters and the digits 2 to 7."""
    return base64.b32encode(key.mark("status link")).decode()[:LENGTH].lower()


def fits(key: CaseKey, token: str) -> bool:
    """Whether ``token`` is that of the case, however its letters were typed; takes as long for any wrong one."""
    return hmac.compare_digest(link_token(key).encode(), token.lower().encode())


def status_link(pages: str, reference: str, key: CaseKey) -> str:
    """Return the secret link of a case.

    Args:
        pages: Where the pages for complainants are reached, such as ``https://complaints.example.cn``.
        reference: The case.
        key: The case's key.
    """
    return f"{pages.rstrip('/')}/c/{reference}/{link_token(key)}"
