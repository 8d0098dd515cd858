"""Small mails for tests, written here; each test names only what it is about."""

from collections.abc import Mapping

FIRM = "complaints@example.com"
LIN = "lin.zhixia@example.cn"
WORDS = "您好，我的账户服务费被扣了两次，请退还。"


def a_mail(
    text: str | bytes = WORDS,
    *,
    sender: str | None = f"=?utf-8?B?5p6X55+l5aSP?= <{LIN}>",
    subject: str = "=?utf-8?B?5oqV6K+J77ya6YeN5aSN5omj5qy+?=",
    message_id: str | None = "<1@mail.example.cn>",
    content_type: str = "text/plain; charset=utf-8",
    **more: str,
) -> bytes:
    """A mail as it comes from the wire; other fields by their names, with ``_`` for ``-``."""
    fields: Mapping[str, str | None] = {
        "From": sender,
        "To": FIRM,
        "Subject": subject,
        "Date": "Mon, 2 Mar 2026 08:59:00 +0800",
        "Message-ID": message_id,
        "MIME-Version": "1.0",
        "Content-Type": content_type,
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value is not None)
    body = text.encode() if isinstance(text, str) else text
    return head.encode("utf-8", "surrogateescape") + b"\r\n" + body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def a_multipart(*parts: str | bytes, kind: str = "mixed", boundary: str = "edge", **more: str) -> bytes:
    """A mail of several parts, each given with its own header."""
    edge = f"--{boundary}".encode()
    body = b"".join(edge + b"\n" + (part.encode() if isinstance(part, str) else part) + b"\n" for part in parts)
    content_type = more.pop("content_type", f'multipart/{kind}; boundary="{boundary}"')
    return a_mail(body + edge + b"--\n", content_type=content_type, **more)


def a_bounce(letter: str, recipient: str = LIN, *, action: str = "failed", status: str = "5.1.1") -> bytes:
    """A letter that came back, by the standard (RFC 3464), with its header.

    Args:
        letter: Its Message-ID.
        recipient: Whom it did not reach.
        action: What the mail system did.
        status: Its code.
    """
    return a_multipart(
        "Content-Type: text/plain\n\nThe mail could not be delivered.\n",
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.cn\n\n"
        f"Final-Recipient: rfc822; {recipient}\nAction: {action}\nStatus: {status}\n",
        f"Content-Type: text/rfc822-headers\n\nMessage-ID: {letter}\nSubject: x\n",
        content_type='multipart/report; report-type=delivery-status; boundary="edge"',
        sender="MAILER-DAEMON@mx.example.cn",
        subject="Undelivered Mail Returned to Sender",
        message_id="<b1@mx.example.cn>",
        Return_Path="<>",
    )
