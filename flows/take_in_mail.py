"""The scheduled mail door: complaints that come to the firm's mailbox, and answers to its letters."""

from collections.abc import Sequence

import httpx
from prefect import flow
from prefect.client.schemas.objects import State
from prefect.events import emit_event
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.logging import get_run_logger
from prefect.states import Completed

from complaints.errors.incoming_mail import MailNotTaken
from complaints.settings import settings
from flows.runs import start_owed, wake_case
from tasks.mail_intake import Report, take_in_waiting

TO_BE_LOOKED_AT = "redress.mail.to_be_looked_at"
"""The event by which an automation can tell operators of mail in ``Redress/unreadable`` and ``Redress/held``."""


@flow(name="take-in-mail")
def take_in_mail() -> State[None]:
    """Take in what lies in the mailbox: open cases, add to them, record letters that came back.

    Nothing of what mails say enters Prefect: only counts, and references of cases.

    Raises:
        SettingError: the mailbox's address is wrong, or its server does not let us in.
        MailboxUnavailable: it does not answer; nothing was touched.
        MailNotTaken: some mails could not be stored now; all others were.
    """
    if not settings().mailbox_url.get_secret_value():
        return Completed(name="Skipped", message="No mailbox is set (REDRESS_MAILBOX_URL).")
    report = take_in_waiting()
    get_run_logger().info("Mail: %s; cases opened: %s", dict(report.counts), report.opened)
    tell_operators(report)  # first: what was moved out of the mailbox is not found again by the next run
    if report.opened:
        start_owed()
    look_again(report.touched)
    if report.postponed:
        raise MailNotTaken(len(report.postponed), tuple(sorted(set(report.postponed))))
    return Completed(message=", ".join(f"{name}: {count}" for name, count in sorted(report.counts.items())) or None)


def look_again(references: Sequence[str]) -> None:
    """Let the runs of cases look at what came in; where Prefect does not answer, ``reconcile-runs`` does it later."""
    for reference in dict.fromkeys(references):
        try:
            wake_case(reference)
        except (httpx.HTTPError, PrefectHTTPStatusError, ObjectNotFound) as error:
            get_run_logger().warning("Case %s was not woken: %s", reference, type(error).__name__)


def tell_operators(report: Report) -> None:
    """Say on Prefect's server that mail waits for a person."""
    if count := report.counts["to_be_looked_at"]:
        get_run_logger().warning("%d mails wait in Redress/unreadable or Redress/held; please look at them", count)
        emit_event(
            event=TO_BE_LOOKED_AT,
            resource={"prefect.resource.id": "redress.mailbox", "prefect.resource.name": "mailbox"},
            payload={"count": count},
        )
