"""What sort of mail it is: written by somebody, or sent by a machine. The header decides, never the text."""

import re
from enum import StrEnum
from typing import Final

from complaints.adapters.mailbox import headers
from complaints.adapters.mailbox.message import IncomingMail
from complaints.adapters.mailbox.transport import Folder


class Sort(StrEnum):
    """What sort of mail it is."""

    PERSONAL = "personal"
    AUTO = "auto"
    LIST = "list"
    BOUNCE = "bounce"

    @property
    def folder(self) -> Folder:
        """Where it is moved."""
        return _FOLDERS[self]


_FOLDERS: Final = {
    Sort.PERSONAL: Folder.DONE,
    Sort.AUTO: Folder.AUTO,
    Sort.LIST: Folder.AUTO,
    Sort.BOUNCE: Folder.BOUNCES,
}

_DAEMONS: Final = frozenset({"mailer-daemon", "mail-daemon", "maildaemon", "mdaemon", "postmaster", "mailerdaemon"})
_AGAIN: Final = r"(?:(?:re|aw|fw|回复|答复|回覆)\s*[:：]\s*)*"
_RETURNED: Final = re.compile(
    r"undeliver|delivery (?:status )?(?:notification|fail|report)|delivery has failed|mail delivery|returned mail"
    r"|failure notice|could not be delivered|non.?delivery|returned to sender|message not delivered|delayed mail"
    r"|mail system error|退信|未送达|未能送达|无法送达|无法投递|投递失败|发送失败|传递状态通知|無法傳遞|傳送失敗",
    re.IGNORECASE,
)
_AWAY: Final = re.compile(
    _AGAIN + r"[\[【(（<]?\s*(?:"
    r"(?:自动回复|自动回覆|自動回覆|自動回復|自动答复|自動答覆|系统自动回复|休假自动回复|外出自动回复|邮件已收到自动回复)"
    r"\s*(?:[\]】)）>:：,，—-]|$)"
    r"|(?:auto(?:matic)?[ -]?(?:reply|response|responder)"
    r"|out[ -]of[ -](?:the[ -])?office(?: (?:reply|autoreply|message))?"
    r"|vacation (?:reply|response|notice)"
    r"|away from (?:my|the) (?:office|mail|desk))\s*(?:[\]>:)—–-]|re:|$)"
    r")",
    re.IGNORECASE,
)
_NO_ANSWER: Final = frozenset({"bulk", "junk", "list", "auto_reply", "auto-reply"})


def sort_of(mail: IncomingMail, firm_domain: str) -> Sort:
    """Return what sort of mail it is.

    Args:
        mail: The mail.
        firm_domain: A list of this domain is how the firm's own staff share the mailbox; what comes by it is personal.
    """
    if _is_bounce(mail):
        return Sort.BOUNCE
    if _is_automatic(mail):
        return Sort.AUTO
    if _is_of_a_list(mail, firm_domain):
        return Sort.LIST
    return Sort.PERSONAL


def _is_bounce(mail: IncomingMail) -> bool:
    report = _value(mail, "Content-Type")
    if report.startswith("multipart/report") and "disposition-notification" not in report:
        return True
    if "X-Failed-Recipients" in mail.header:
        return True
    return (is_from_daemon(mail) or _has_null_sender(mail)) and bool(_RETURNED.search(mail.subject))


def is_from_daemon(mail: IncomingMail) -> bool:
    """Whether a mail system wrote it, by its name."""
    local = mail.sender.address.partition("@")[0].casefold() if mail.sender else ""
    return local in _DAEMONS


def _has_null_sender(mail: IncomingMail) -> bool:
    return headers.field(mail.header, "Return-Path") == "<>"


def _is_automatic(mail: IncomingMail) -> bool:
    submitted = _value(mail, "Auto-Submitted").partition(";")[0].strip()
    if submitted not in ("", "no"):  # RFC 3834: auto-generated, auto-replied, and whatever comes to be
        return True
    if any(name in mail.header for name in ("X-Autoreply", "X-Autorespond", "X-Autoresponse", "X-Auto-Reply")):
        return _value(mail, "X-Autoreply") != "no"
    if _value(mail, "Content-Type").startswith("multipart/report"):  # a receipt for having been read
        return True
    daemon = is_from_daemon(mail) and not (mail.sender and mail.sender.address.casefold().startswith("postmaster"))
    return _has_null_sender(mail) or daemon or bool(_AWAY.match(mail.subject.strip()))


def _is_of_a_list(mail: IncomingMail, firm_domain: str) -> bool:
    if _value(mail, "Precedence") in _NO_ANSWER:
        return not _is_own_list(mail, firm_domain)
    by_list = any(name in mail.header for name in ("List-Id", "List-Unsubscribe", "List-Post"))
    return by_list and not _is_own_list(mail, firm_domain)


def _is_own_list(mail: IncomingMail, firm_domain: str) -> bool:
    name = _value(mail, "List-Id").rpartition("<")[2].rstrip("> ")
    return bool(name) and bool(firm_domain) and f".{name}".endswith(f".{firm_domain.casefold()}")


def _value(mail: IncomingMail, name: str) -> str:
    return headers.field(mail.header, name).casefold()
