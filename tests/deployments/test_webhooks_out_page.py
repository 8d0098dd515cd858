"""What docs/webhooks-out.md tells the makers of receivers is true."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from complaints.announcements import Event, announced
from complaints.words import Stage
from tests.builders import MONDAY, a_case, sweep
from tests.crm import NEXT_SECRET, SECRET

PAGE = (Path(__file__).parents[2] / "docs" / "webhooks-out.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


@pytest.fixture
def receive() -> Any:
    """The example, as a receiver would use it."""
    names: dict[str, Any] = {}
    exec(block("python").replace("whsec_…", SECRET), names)
    return names["receive"]


def signed(secret: str) -> tuple[dict[str, str], bytes]:
    now, body = datetime.now(UTC), '{"type": "case.opened", "data": {"reference": "TS260302-7K3M9QX"}}'
    signature = Webhook(secret).sign("msg_1", now, body)
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": signature}
    return headers, body.encode()


def test_the_example_takes_a_message_once_and_answers_each_time(
    receive: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert [receive(*signed(SECRET)) for _ in range(2)] == [204, 204]
    assert capsys.readouterr().out == "case.opened TS260302-7K3M9QX\n"


def test_the_example_refuses_what_somebody_else_signed(receive: Any) -> None:
    assert receive(*signed(NEXT_SECRET)) == 401


def test_the_page_lists_every_event() -> None:
    assert set(re.findall(r"`(case\.\w+)`", PAGE)) == set(Event)


def test_the_message_of_the_page_has_the_fields_of_a_real_one() -> None:
    case = a_case(Stage.UNDER_INVESTIGATION)
    sweep(case, MONDAY.replace(day=15))
    near = next(one for one in announced(case, 0) if one.event is Event.DEADLINE_NEAR)

    shown = json.loads(block("json"))["data"]
    assert list(shown) == list(near.facts)
    assert list(shown["clock"]) == list(near.facts["clock"])
