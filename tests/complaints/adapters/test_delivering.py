"""Deliveries at the doors, each taken once."""

import threading

import pytest

from complaints.adapters.delivering import Delivery, content_of, keep_delivery, was_taken
from complaints.adapters.store import Store
from complaints.contributions import receive_materials
from complaints.errors.case import CaseConflict
from complaints.errors.intake import DeliveryIdTaken
from complaints.words import Channel, Stage
from tests.builders import a_stored_case

DELIVERY = Delivery("crm", "msg_1", content_of("materials", {"words": "补充"}))


def test_content_is_the_same_in_whatever_order_its_fields_stand() -> None:
    assert content_of({"a": 1, "b": 2}) == content_of({"b": 2, "a": 1})
    assert content_of("a", "b") != content_of("ab") != content_of("b", "a")


def test_content_that_is_half_a_letter_has_a_hash_too() -> None:
    assert len(content_of("\ud83d")) == 64


def test_the_mark_of_a_delivery_tells_sender_and_id_apart() -> None:
    marks = {Delivery(sender, id, "").mark for sender, id in (("crm", "1"), ("crm", "2"), ("hotline", "1"))}

    assert len(marks) == 3


def test_a_delivery_is_known_for_its_case_and_content_only(store: Store) -> None:
    reference, other = a_stored_case(store, number="1"), a_stored_case(store, number="2")
    with store.write() as session:
        assert not was_taken(session, DELIVERY, reference)
        keep_delivery(session, DELIVERY, reference)

    with store.write() as session:
        assert was_taken(session, DELIVERY, reference)
        with pytest.raises(DeliveryIdTaken):
            was_taken(session, DELIVERY, other)
        with pytest.raises(DeliveryIdTaken):
            was_taken(session, Delivery("crm", "msg_1", content_of("other")), reference)


def test_an_id_under_which_a_complaint_was_filed_is_taken(store: Store) -> None:
    reference = a_stored_case(store, delivery_id="msg_1")

    with store.write() as session, pytest.raises(DeliveryIdTaken):
        was_taken(session, DELIVERY, reference)


def test_the_same_delivery_for_two_cases_at_one_moment_is_taken_for_one(store: Store) -> None:
    references = [a_stored_case(store, Stage.UNDER_INVESTIGATION, number=number) for number in ("1", "2")]
    begun, conflicts = threading.Barrier(2), []

    def take(reference: str) -> None:
        begun.wait()
        try:
            with store.open_case(reference) as desk:
                if not was_taken(desk.session, DELIVERY, reference):
                    given = {"words": "补充", "evidence": (), "sender": "crm", "by": "crm", "now": desk.now}
                    receive_materials(desk.case, channel=Channel.WEB, **given)
                    keep_delivery(desk.session, DELIVERY, reference)
        except (CaseConflict, DeliveryIdTaken) as taken:
            conflicts.append(type(taken))

    threads = [threading.Thread(target=take, args=(reference,)) for reference in references]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(conflicts) == 1
    assert sorted(len(store.read_case(reference).materials) for reference in references) == [0, 1]
