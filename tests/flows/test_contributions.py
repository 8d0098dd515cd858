"""What comes in through the door for a case whose run waits."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
from standardwebhooks.webhooks import Webhook

from complaints.answers import Question
from complaints.settings import settings
from complaints.words import Stage
from flows.runs import find_runs, prefect_client
from tests.flows.running import Running

CONTACTS = [{"kind": "email", "value": "back@example.com"}, {"kind": "email", "value": "spare@example.com"}]


def send(path: str, delivery: str, content: dict[str, Any]) -> dict[str, Any]:
    """Send something to the door, signed as the CRM."""
    body, now = json.dumps(content), datetime.now(UTC)
    secret = settings().webhook_secrets["crm"][0].get_secret_value()
    headers = {
        "content-type": "application/json",
        "webhook-sender": "crm",
        "webhook-id": delivery,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(delivery, now, body),
    }
    url = f"http://{settings().door_host}:{settings().door_port}/v1/complaints{path}"
    answer = httpx.post(url, content=body.encode(), headers=headers, timeout=20)
    assert answer.is_success, answer.text
    told: dict[str, Any] = answer.json()
    return told


def filed(redress: Running, number: str) -> str:
    """File a complaint whose letters go out by e-mail, and wait for its run."""
    content = {"channel": "app", "narrative": "重复扣款", "kind": "complaint", "number": number}
    reference: str = send("", number, content | {"complainant": {"name": "林三", "contacts": CONTACTS}})["reference"]
    with prefect_client() as client:
        redress.until(lambda: find_runs(client, [reference]), f"{reference} has a run")
    return reference


def report_bounce(redress: Running, reference: str, letter: str) -> None:
    """Report that a letter came back."""
    number = redress.case(reference).letters[letter, 1].prepared.number
    send(f"/{reference}/events", f"bounce-{number}", {"letter": number, "status": "failed", "code": "5.1.1"})


def form_of(redress: Running, reference: str) -> str:
    """What the form of a case says above its fields."""
    run = redress.run(reference)
    assert run.state is not None
    keyset = run.state.state_details.run_input_keyset
    assert keyset is not None
    with prefect_client() as client:
        return str(json.loads(client.read_flow_run_input(run.id, keyset["description"])))


def test_the_form_for_the_finding_shows_that_materials_came(redress: Running) -> None:
    reference = filed(redress, "with-materials")
    redress.until_asked(reference, Question.FINDING)
    before = form_of(redress, reference)

    send(f"/{reference}/materials", "materials-1", {"words": "补充三月的银行流水。"})

    redress.until_asked(reference, Question.FINDING)
    assert redress.case(reference).round_of(Question.FINDING) == 2
    assert "补充材料" not in before
    assert "补充材料 · Materials | 已收到 1 次" in form_of(redress, reference)
    assert "银行流水" not in form_of(redress, reference)
    redress.answer(reference, Question.FINDING)
    redress.until_asked(reference, Question.DECISION)


def test_a_letter_that_comes_back_while_the_finding_is_asked_for_is_sent_another_way_first(redress: Running) -> None:
    reference = filed(redress, "bounced-early")
    redress.until_asked(reference, Question.FINDING)

    report_bounce(redress, reference, "acknowledgement")

    redress.answer(reference, Question.DELIVERY, choice="other_contact", contact=2)
    redress.until_asked(reference, Question.FINDING)
    letter = redress.case(reference).letters["acknowledgement", 1]
    assert (letter.status, letter.recipient) == ("sent", "spare@example.com")


def test_a_decision_that_comes_back_while_the_case_waits_for_a_date_is_sent_another_way(redress: Running) -> None:
    reference = filed(redress, "bounced-late")
    redress.answer(reference, Question.FINDING)
    redress.answer(reference, Question.DECISION)
    redress.until(lambda: redress.case(reference).stage is Stage.PUT_RIGHT, "it waits for the date")
    redress.until_rest(reference)

    report_bounce(redress, reference, "decision")

    redress.answer(reference, Question.DELIVERY, choice="other_contact", contact=2)
    redress.until(lambda: redress.case(reference).letters["decision", 1].status == "sent", "it is sent again")
    redress.until_rest(reference)
    case = redress.case(reference)
    assert (case.stage, case.letters["decision", 1].recipient) == (Stage.PUT_RIGHT, "spare@example.com")
    redress.live_on([reference])
    assert redress.case(reference).stage is Stage.CLOSED


def test_a_withdrawal_through_the_door_ends_the_run(redress: Running) -> None:
    reference = filed(redress, "withdrawn")
    redress.until_asked(reference, Question.FINDING)

    send(f"/{reference}/withdrawal", "withdrawal-1", {})

    def ended() -> bool:
        state = redress.run(reference).state
        return state is not None and state.is_completed()

    redress.until(ended, "its run has ended")
    assert redress.case(reference).stage is Stage.CLOSED
