"""A sender at the door, as the tests play it: signatures by hand, as the Standard Webhooks specification says."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

import httpx
from fastapi.testclient import TestClient

from complaints.senders import hash_of, new_token
from tests.builders import EMAIL, complaint_values

KEY = b"the secret of the CRM, 32 bytes."
SECRET = "whsec_" + base64.b64encode(KEY).decode()
TOKEN = new_token()
URL = "/v1/complaints"
SAID = ("林知夏", EMAIL["value"], "轻舟消费贷", "账户服务费", "13800000101")
"""What only the complainant may read again."""


def headers(
    body: bytes, *, delivery: str = "msg_1", sender: str = "crm", key: bytes = KEY, seconds: float = 0
) -> dict[str, str]:
    """The headers of a delivery, signed."""
    at = str(int(time.time() + seconds))
    signature = hmac.digest(key, f"{delivery}.{at}.".encode() + body, hashlib.sha256)
    return {
        "content-type": "application/json",
        "webhook-id": delivery,
        "webhook-timestamp": at,
        "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
        "webhook-sender": sender,
    }


def bearer(key: str | None = "key_1", token: str = TOKEN) -> dict[str, str]:
    """The headers of a delivery with a token."""
    given = {"authorization": f"Bearer {token}"}
    return given | ({"idempotency-key": key} if key is not None else {})


def tokens(**scopes: str) -> str:
    """The setting that gives the senders named the token of the tests, with scopes in one text."""
    return json.dumps({sender: [{"sha256": hash_of(TOKEN), "scopes": given}] for sender, given in scopes.items()})


def as_json(**changes: Any) -> bytes:
    """The body of a valid complaint with changes."""
    return json.dumps(complaint_values(**changes)).encode()


def send(door: TestClient, body: bytes, path: str = URL, **signing: Any) -> httpx.Response:
    """Send a body, signed."""
    return door.post(path, content=body, headers=headers(body, **signing))


def parts(
    record: str = "complaint", content: bytes | str | None = None, *files: tuple[str, bytes, str]
) -> tuple[bytes, str]:
    """A body of several parts, and its Content-Type."""
    given: list[tuple[str, Any]] = []
    if content is not None:
        given.append((record, (None, content, "application/json")))
    given += [("file", one) for one in files]
    request = httpx.Request("POST", "http://door", files=given)
    return request.read(), request.headers["content-type"]


def send_parts(door: TestClient, body: bytes, content_type: str, path: str = URL, **signing: Any) -> httpx.Response:
    """Send a body of several parts, signed."""
    return door.post(path, content=body, headers=headers(body, **signing) | {"content-type": content_type})


def problem(answer: httpx.Response) -> Mapping[str, Any]:
    """The problem details of a refusal; they never repeat what the complainant said."""
    assert answer.headers["content-type"] == "application/problem+json"
    assert not [word for word in SAID if word in answer.text]
    content: Mapping[str, Any] = answer.json()
    assert content["status"] == answer.status_code
    assert {"type", "title", "detail"} <= content.keys()
    return content
