"""Secret links: under one a complainant sees their case, under another the firm's staff open a monthly summary.

A case's token is made from its own key: no table keeps it, and it dies with the key when the person is erased. A
summary holds figures only; its token is made from the master key.
"""

import base64
import hmac
from typing import Final

from complaints.sealing import CaseKey, MasterKey

LENGTH: Final = 26
"""Characters of a token; five bits each, so that 130 bits would have to be guessed."""


def link_token(key: CaseKey) -> str:
    """Return the token of a case's secret link: small letters and the digits 2 to 7."""
    return _readable(key.mark("status link"))


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


def summary_link(pages: str, name: str, master: MasterKey) -> str:
    """Return the secret link of a file of a monthly summary.

    Args:
        pages: Where the door's pages are reached, such as ``https://complaints.example.cn``.
        name: The file, such as ``2026-01.zh-CN.html``.
        master: The firm's master key.
    """
    return f"{pages.rstrip('/')}/summaries/{name}/{_summary_token(name, master)}"


def opens_summary(name: str, token: str, master: MasterKey) -> bool:
    """Whether ``token`` is that of a summary's file; takes as long for any wrong one."""
    return hmac.compare_digest(_summary_token(name, master).encode(), token.lower().encode())


def _summary_token(name: str, master: MasterKey) -> str:
    return _readable(master.mark(f"link of summary {name}"))


def _readable(mark: bytes) -> str:
    return base64.b32encode(mark).decode()[:LENGTH].lower()
