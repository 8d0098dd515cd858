"""Secret links: under one a complainant sees their case, under others the firm's staff open a regulatory summary.

A case's token is made from its own key: no table keeps it, and it dies with the key when the person is erased. A
summary, and the list of the cases behind one of its figures, name no person; their tokens are made from the master key.
"""

import base64
import hashlib
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
    """Return the secret link of what belongs to a summary.

    Args:
        pages: Where the door's pages are reached, such as ``https://complaints.example.cn``.
        name: The file, such as ``cn-nfra.2026-01.v1.zh-CN.html``, or the list that :func:`cases_name` names.
        master: The firm's master key.
    """
    return f"{pages.rstrip('/')}/summaries/{name}/{_summary_token(name, master)}"


def opens_summary(name: str, token: str, master: MasterKey) -> bool:
    """Whether ``token`` is that of what belongs to a summary; takes as long for any wrong one."""
    return hmac.compare_digest(_summary_token(name, master).encode(), token.lower().encode())


def return_link(pages: str, name: str, master: MasterKey) -> str:
    """Return the secret link of a file of a return.

    Args:
        pages: Where the door's pages are reached, such as ``https://complaints.example.cn``.
        name: The file, as :func:`complaints.reporting.returns.places.linked_name` names it.
        master: The firm's master key.
    """
    return f"{pages.rstrip('/')}/returns/{name}/{_return_token(name, master)}"


def opens_return(name: str, token: str, master: MasterKey) -> bool:
    """Whether ``token`` is that of a file of a return; takes as long for any wrong one."""
    return hmac.compare_digest(_return_token(name, master).encode(), token.lower().encode())


def cases_name(summary: str, figure: str) -> str:
    """Return by which name the list of the cases behind a figure is linked to; it says nothing of the figure.

    Args:
        summary: The version, such as ``cn-nfra.2026-01.v1``.
        figure: Its id: section, code and measure, with dots between them.
    """
    return f"{summary}.cases-{hashlib.sha256(figure.encode()).hexdigest()[:16]}"


def _summary_token(name: str, master: MasterKey) -> str:
    return _readable(master.mark(f"link of summary {name}"))


def _return_token(name: str, master: MasterKey) -> str:
    return _readable(master.mark(f"link of return {name}"))


def _readable(mark: bytes) -> str:
    return base64.b32encode(mark).decode()[:LENGTH].lower()
