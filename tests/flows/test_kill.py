"""``kill -9`` of the worker between any two ledger entries of a case."""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from complaints.answers import Question
from flows.runs import prefect_client, start_run
from tests.flows.running import Running, ledger_story

COMPLAINT = {"channel": "web", "narrative": "催收电话过多", "kind": "complaint"}


@pytest.fixture
def killing(redress: Running, tmp_path: Path) -> Iterator[Path]:
    """Put a worker that kills itself in the place of the ordinary one; return the file of its plan."""
    plan = tmp_path / "plan.json"
    plan.write_text("{}")
    child = redress.supervisor.children["worker"]
    ordinary = child.command
    child.command = [sys.executable, "-m", "tests.flows.killing_worker", str(plan)]
    replace_worker(redress)
    yield plan
    child.command = ordinary
    replace_worker(redress)


def replace_worker(redress: Running) -> None:
    """End the worker; the supervisor starts the next one, with the command that stands now."""
    worker = redress.supervisor.children["worker"]
    before = worker.process
    assert before is not None
    worker.restarts = 0  # it ends because it is told to: nothing to be careful with
    before.terminate()
    redress.until(lambda: worker.process is not before, "the worker was replaced")


def person(number: int) -> dict[str, object]:
    return {"name": f"林{number}", "contacts": [{"kind": "email", "value": f"kill{number}@example.com"}]}


def file_without_a_run(redress: Running, number: int) -> str:
    from complaints.intake import Complaint
    from complaints.settings import settings

    complaint = Complaint.model_validate(COMPLAINT | {"complainant": person(number)})
    return redress.store.file(complaint, "tests", settings().regime).reference


def start(references: list[str]) -> None:
    with prefect_client() as client:
        for reference in references:
            start_run(client, reference)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_kill_between_any_two_entries_ends_in_the_same_ledger_and_each_letter_once(
    redress: Running, killing: Path
) -> None:
    kill_and_compare(redress, killing, every=1)


def test_a_kill_after_some_entries_ends_in_the_same_ledger_and_each_letter_once(
    redress: Running, killing: Path
) -> None:
    """The short form of the test above, for every run of the tests."""
    kill_and_compare(redress, killing, every=6)


def kill_and_compare(redress: Running, killing: Path, every: int) -> None:
    """Live through one case undisturbed, and through others that are killed after the entries to compare with."""
    undisturbed = file_without_a_run(redress, 0)
    filed = len(redress.store.entries(undisturbed))
    start([undisturbed])
    redress.live_on([undisturbed])
    story = ledger_story(redress.store, undisturbed)
    points = range(filed, len(story) + 1, every)
    killed = {file_without_a_run(redress, point): point for point in points}
    killing.write_text(json.dumps(killed))
    replace_worker(redress)
    start(list(killed))
    redress.live_on(list(killed), seconds=600)

    struck = {tuple(file.name.split("-", 1)[1].rsplit("-", 1)) for file in killing.parent.glob("killed-*")}
    # A commit may hold several entries, of which the kill comes after; only what the door wrote is no worker's commit.
    assert len(struck) == len(killed) - 1, f"{len(struck)} kills of {len(killed)} planned"
    for reference, point in killed.items():
        assert ledger_story(redress.store, reference) == story, f"killed after entry {point}"
    letters = Counter(line for line in redress.sink.message_ids() if any(one in line for one in killed))
    assert len(letters) == 3 * len(killed)
    assert set(letters.values()) == {1}


def test_a_kill_while_a_letter_is_being_sent_asks_a_person_instead_of_sending_twice(
    redress: Running, killing: Path
) -> None:
    reference = file_without_a_run(redress, 99)
    killing.write_text(json.dumps({reference: "sending"}))
    replace_worker(redress)
    start([reference])
    redress.until_asked(reference, Question.DELIVERY)
    assert redress.case(reference).letters["acknowledgement", 1].status == "uncertain"
    redress.answer(reference, Question.DELIVERY, choice="resend")
    redress.until_asked(reference, Question.FINDING)
    sent = [line for line in redress.sink.message_ids() if reference in line]
    assert len(sent) == 1
