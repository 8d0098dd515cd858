import logging

import pytest

from complaints.announcements import Event
from complaints.settings import settings
from tasks.announcements import tell_receivers
from tests.builders import file_complaint
from tests.crm import SECRET, a_crm, status


@pytest.fixture
def crm(store, monkeypatch):
    """A CRM that is told of every case."""
    with a_crm() as crm:
        monkeypatch.setenv("REDRESS_RECEIVERS__CRM__URL", f"{crm.url}?key=k-123")
        monkeypatch.setenv("REDRESS_RECEIVERS__CRM__SECRET", SECRET)
        monkeypatch.setattr(store, "wants", {"crm": frozenset(Event)})
        settings.cache_clear()
        yield crm


def test_the_receivers_of_the_settings_are_told(store, crm):
    reference = file_complaint(store)

    assert tell_receivers().delivered == 1
    assert tell_receivers().delivered == 0
    assert crm.events == [(reference, "case.opened")]


def test_a_dead_letter_is_logged_by_case_and_receiver_alone(store, crm, caplog):
    reference = file_complaint(store)
    crm.usual = status(410)

    with caplog.at_level(logging.INFO, "redress"):
        (dead,) = tell_receivers().dead

    assert caplog.messages == [f"dead letter {dead.id}: case {reference} was not told to receiver 'crm'"]
