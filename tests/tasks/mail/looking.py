"""Putting mail into mailboxes, and looking at what came of it."""

import os
from datetime import timedelta

from sqlalchemy import func, select

from complaints.adapters.mailbox.transport import Fetched
from complaints.settings import settings
from tasks.incoming_mail import take_in
from tasks.letters import deliver_letter, prepare_letter
from tests.builders import EMAIL, MONDAY, PHONE, file_complaint


def use_mailbox(monkeypatch, url):
    monkeypatch.setenv("REDRESS_MAILBOX_URL", url)
    monkeypatch.setenv("REDRESS_MAIL_TIMEOUT_SECONDS", "60")
    settings.cache_clear()


def put(maildir, *mails, at=MONDAY):
    for number, mail in enumerate(mails):
        file = maildir / "new" / f"{1772413200 + len(list((maildir / 'new').iterdir()))}.{number}.host"
        file.write_bytes(mail)
        os.utime(file, (at.timestamp() - 60,) * 2)


def lying(maildir, folder=None):
    """How many messages lie in a folder of a Maildir."""
    root = maildir / f".Redress.{folder}" if folder else maildir
    return sum(len(list((root / part).iterdir())) for part in ("new", "cur") if (root / part).exists())


def take(mail, **options):
    """Take in one mail that came a minute ago."""
    return take_in(Fetched(mail, MONDAY - timedelta(minutes=1)), **options)


def case_of(store, taken):
    return store.read_case(taken.references[0])


def count(store, row):
    with store.read() as session:
        return session.scalar(select(func.count()).select_from(row))


def last(store, reference, kind):
    return [one for one in store.entries(reference) if one.kind == kind][-1]


def mail_taken(store, reference):
    return last(store, reference, "mail_taken").facts


def a_sent_letter(store, **changes):
    """A case whose acknowledgement has left; its reference, and the letter's Message-ID."""
    reference = file_complaint(store, complainant={"name": "林知夏", "contacts": [EMAIL, PHONE]}, **changes)
    prepare_letter.fn(reference, "acknowledgement", 1)
    deliver_letter.fn(reference, "acknowledgement", 1)
    return reference, store.read_case(reference).letters["acknowledgement", 1].prepared.message_id
