"""Letters: rendered once, stored, then delivered through the outbox."""

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import task_run

from complaints import acts
from complaints.adapters.mail import Carrier, Post
from complaints.adapters.store import OpenCase
from complaints.correspondence import Letter
from complaints.errors.letters import MailRefused, MailUnavailable, MailUncertain
from complaints.letters import hides_reporter, render_letter
from complaints.links import status_link
from complaints.settings import settings
from complaints.transfers import REPORT_BACK
from tasks.desk import carrier, is_retryable, open_case

_DELAYS = settings().mail_retry_delays_seconds


@task(
    name="prepare letter",
    task_run_name="prepare {letter}",
    retries=3,
    retry_delay_seconds=[0.2, 1, 5],
    retry_condition_fn=is_retryable,
    cache_policy=NO_CACHE,
)
def prepare_letter(reference: str, letter: str, round: int) -> None:
    """Render a letter, store it and put it into the outbox. Safe to run twice."""
    with open_case(reference) as desk:
        asked, owed = desk.case.notices_asked, desk.case.notices
        if (letter, round) in desk.case.letters or ((letter, round) in asked and (letter, round) not in owed):
            return  # it is there, or there is nothing left to tell of
        link = None if letter == REPORT_BACK else _link(desk)  # the complainant's secret
        rendered = render_letter(desk.case, letter, settings().firm, desk.now, round, link=link)
        channel, recipient = desk.case.delivery_of(letter)
        number = f"{reference}-{len(desk.case.letters) + 1}"
        act = acts.LetterPrepared(
            letter=letter,
            round=round,
            number=number,
            language=desk.case.language_of(letter),
            message_id=_message_id(desk, number),
            sha256=rendered.sha256,
            channel=channel,
            recipient=recipient,
        )
        desk.case.record(act, desk.now)
        desk.keep_letter(letter, round, rendered)


def _message_id(desk: OpenCase, number: str) -> str:
    """Return a letter's Message-ID: whoever answers under it has the letter, for nobody else can know it."""
    mark = desk.case_key.mark(f"letter/{number}").hex()[:16]
    return f"<{number}-{mark}@{settings().firm.email.partition('@')[2]}>"


def _link(desk: OpenCase) -> str | None:
    """Return the secret link that a letter may carry; without an address that complainants can reach, none."""
    if not settings().public_url or desk.key is None:
        return None
    return status_link(settings().pages_url, desk.case.reference, desk.key)


@task(
    name="deliver letter",
    task_run_name="deliver {letter}",
    retries=len(_DELAYS),
    retry_delay_seconds=list(_DELAYS),
    retry_jitter_factor=0.3,
    retry_condition_fn=is_retryable,
    cache_policy=NO_CACHE,
)
def deliver_letter(reference: str, letter: str, round: int) -> None:
    """Send a letter once. When tries run out, or nobody knows whether it left, a person is asked. Safe to run twice."""
    if (post := _begin(reference, letter, round)) is None:
        return
    known, ready, by = post
    outcome: acts.Act
    # No transaction is open while the mail server takes its time.
    try:
        receipt = by.send(ready)
        outcome = acts.LetterSent(letter=letter, round=round, channel=known.channel, receipt=receipt, kept=by.keeps)
    except MailUnavailable as error:
        if task_run.run_count <= len(_DELAYS):
            _end(reference, letter, round, None)
            raise
        outcome = acts.LetterFailed(letter=letter, round=round, reason=str(error))
    except MailRefused as error:
        outcome = acts.LetterFailed(letter=letter, round=round, reason=str(error), refused=True)
    except MailUncertain as error:
        outcome = acts.LetterFailed(letter=letter, round=round, reason=str(error), uncertain=True)
    _end(reference, letter, round, outcome)


def _begin(reference: str, letter: str, round: int) -> tuple[Letter, Post, Carrier] | None:
    """Mark the letter as being sent, or return None where there is nothing to send.

    A mark that is already there was left by a worker that died: what a mail server may have taken is not repeated.
    """
    with open_case(reference) as desk:
        known = desk.case.letters[letter, round]
        if known.status != "prepared":
            return None
        row = desk.letter_row(letter, round)
        by = carrier(known.channel)  # a wrong setting is found before the letter is marked
        if row.sending_since and not by.is_repeatable:
            row.sending_since = None
            reason = "the worker stopped while it was being sent"
            desk.case.record(acts.LetterFailed(letter=letter, round=round, reason=reason, uncertain=True), desk.now)
            return None
        row.sending_since = desk.now
        row.attempt += 1
        return known, _post(desk, known), by


def _end(reference: str, letter: str, round: int, outcome: acts.Act | None) -> None:
    """Clear the mark and record what came of it; a receipt counts even where the letter was thought uncertain."""
    with open_case(reference) as desk:
        status = desk.case.letters[letter, round].status
        if status != "prepared" and not (status == "uncertain" and isinstance(outcome, acts.LetterSent)):
            return
        desk.letter_row(letter, round).sending_since = None
        if outcome:
            desk.case.record(outcome, desk.now)


def _post(desk: OpenCase, known: Letter) -> Post:
    prepared = known.prepared
    return Post(
        number=prepared.number,
        letter=prepared.letter,
        language=prepared.language,
        message_id=prepared.message_id,
        recipient=known.recipient or "",
        shows_recipient=prepared.letter == REPORT_BACK or not hides_reporter(desk.case, prepared.letter),
        rendered=desk.letter(prepared.letter, prepared.round),
    )
