from complaints.adapters.dispatching import Dead
from flows.send_announcements import event_of
from tests.builders import REFERENCE


def test_a_dead_letter_is_an_event_of_its_case_that_names_the_receiver_and_nothing_else():
    told = event_of(Dead(7, "crm", REFERENCE))

    assert (told.event, told.resource.id) == ("redress.webhook.dead", f"redress.case.{REFERENCE}")
    assert told.payload == {"reference": REFERENCE, "receiver": "crm", "id": 7}


def test_a_letter_that_dies_again_after_a_replay_is_another_event():
    one = Dead(7, "crm", REFERENCE)

    assert event_of(one).id != event_of(one).id
