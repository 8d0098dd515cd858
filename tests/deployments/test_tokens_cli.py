"""Tokens of senders, as the command draws them."""

import json
import re
import tomllib

import pytest
from fastapi.testclient import TestClient

from complaints.senders import OWN, Scope
from complaints.settings import settings
from deployments.door.app import app
from tests.builders import complaint_values
from tests.deployments.conftest import Installation, Redress, refused


def drawn(out: str) -> tuple[str, str]:
    """The token, and the lines for redress.toml."""
    found = re.search(r"rdt_[\w-]{43}", out)
    assert found is not None
    return found[0], out[out.index("[[tokens") :]


def test_a_token_opens_the_door_once_its_lines_are_in_the_settings(redress: Redress, firm: Installation) -> None:
    token, lines = drawn(redress("token", "new", "crm.north", "--scope", "file,read").out)
    (firm.home / "redress.toml").write_text("\n".join(line.strip() for line in lines.splitlines()), encoding="utf-8")
    settings.cache_clear()

    with TestClient(app) as door:
        given = {"authorization": f"Bearer {token}", "idempotency-key": "1"}
        answer = door.post("/v1/complaints", json=complaint_values(), headers=given)

    assert answer.status_code == 201
    assert firm.store.read_case(answer.json()["reference"]).facts.sender == "crm.north"


def test_the_settings_hold_the_hash_and_not_the_token(redress: Redress) -> None:
    token, lines = drawn(redress("token", "new", "crm").out)

    assert token not in lines
    assert set(tomllib.loads(lines)["tokens"]["crm"][0]["scopes"]) == OWN
    assert drawn(redress("token", "new", "crm").out)[0] != token


@pytest.mark.parametrize(
    "scope", [("--scope", "all,read"), ("--scope", "read all"), ("--scope", "all", "--scope", "read")]
)
def test_scopes_may_be_given_in_one_word_or_several(redress: Redress, scope: tuple[str, ...]) -> None:
    _, lines = drawn(redress("token", "new", "crm", *scope).out)

    assert json.loads(lines.partition("scopes = ")[2]) == [Scope.READ, Scope.ALL]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("a b",), ("sender", "letters")), (("x" * 49,), ("sender",)), (("crm", "--scope", "fly"), ("--scope", "'fly'"))],
)
def test_what_cannot_be_a_sender_or_a_scope_is_refused(
    redress: Redress, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    assert refused(redress("token", "new", *arguments), *words)
