"""Mail from the complainant and from mail systems moves the run of its case."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId
from prefect.client.schemas.objects import State

from complaints.answers import Question
from complaints.errors.incoming_mail import MailboxUnavailable
from complaints.settings import settings
from deployments.plan import read_plan
from flows.runs import prefect_client
from flows.take_in_mail import take_in_mail
from tests.flows.running import Running
from tests.mails import LIN, WORDS, a_bounce, a_mail


@pytest.fixture
def maildir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A Maildir that is set as the mailbox of this process."""
    for part in ("tmp", "new", "cur"):
        (tmp_path / part).mkdir()
    monkeypatch.setenv("REDRESS_MAILBOX_URL", f"maildir://{tmp_path}")
    settings.cache_clear()
    yield tmp_path
    monkeypatch.undo()
    settings.cache_clear()


def take_in(maildir: Path, mail: bytes = b"") -> State[None]:
    """Let a mail lie in the mailbox and run the flow."""
    if mail:
        (maildir / "new" / uuid4().hex).write_bytes(mail)
    return take_in_mail(return_state=True)


def newest(redress: Running) -> str:
    """The case that was opened last."""
    return redress.store.list_cases(limit=1)[0].reference


def test_a_mail_starts_a_case_and_answers_to_its_letters_move_it(redress: Running, maildir: Path) -> None:
    assert take_in(maildir, a_mail(message_id=f"<{uuid4()}@x.cn>")).is_completed()
    reference = newest(redress)
    redress.until_asked(reference, Question.FINDING)
    letter = redress.case(reference).letters["acknowledgement", 1].prepared.message_id

    assert take_in(maildir, a_mail("补充流水", message_id=f"<{uuid4()}@x.cn>", In_Reply_To=letter)).is_completed()
    redress.until_asked(reference, Question.FINDING)  # asked anew, by a form that shows what came
    assert redress.case(reference).round_of(Question.FINDING) == 2

    assert take_in(maildir, a_bounce(letter)).is_completed()
    redress.answer(reference, Question.DELIVERY)
    redress.until_asked(reference, Question.FINDING)


def test_no_word_of_a_mail_enters_prefect(redress: Running, maildir: Path) -> None:
    state = take_in(maildir, a_mail(message_id=f"<{uuid4()}@x.cn>"))

    with prefect_client() as client:
        run = client.read_flow_run(state.state_details.flow_run_id)
        logs = client.read_logs(LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run.id])))
    told = f"{run.model_dump_json()} {state.model_dump_json()} {[one.message for one in logs]}"
    assert "opened: 1" in told
    assert all(secret not in told for secret in (LIN, WORDS, "林知夏", "投诉：重复扣款"))


def test_mail_that_a_person_has_to_look_at_is_said_in_the_result(redress: Running, maildir: Path) -> None:
    assert "to_be_looked_at: 1" in (take_in(maildir, b"\x00 no mail").message or "")


def test_a_mailbox_that_is_away_is_a_plain_failure(redress: Running, maildir: Path) -> None:
    (maildir / "new").rmdir()

    with pytest.raises(MailboxUnavailable, match="cannot be read now"):
        take_in_mail()


def test_without_a_mailbox_nothing_is_planned_and_nothing_done(redress: Running) -> None:
    assert [one.timing for one in read_plan(settings()).deployments if one.name == "take-in-mail"] == [None]
    assert take_in_mail(return_state=True).name == "Skipped"
