"""An authority's number is one case, whoever sends it."""

from threading import Thread

import pytest

from complaints import acts
from complaints.adapters.verify import verify
from complaints.errors.case import ReportOwed
from complaints.errors.intake import NumberTaken, TransferTaken
from complaints.words import Closure
from tests.builders import MONDAY, REGIME, TRANSFER, a_complaint, file_complaint

NUMBER = TRANSFER["number"]


def forwarded(store, sender="crm", delivery_id=None, **changes):
    return store.file(a_complaint(**{"transfer": TRANSFER} | changes), sender, REGIME, delivery_id)


def test_the_same_number_from_two_senders_is_one_case(store):
    first = forwarded(store, "crm", number="CRM-0001")
    again = forwarded(store, "nfra-list", number="12", received_at=MONDAY)
    by_hand = forwarded(store, "staff:li.wei", number=None, delivery_id="msg-9")

    assert first.is_new
    assert {again.reference, by_hand.reference} == {first.reference}
    assert not again.is_new
    assert not by_hand.is_new
    assert [row.reference for row in store.list_cases()] == [first.reference]


@pytest.mark.parametrize("written", ["沪金监转[2026]123号", "沪金监转（２０２６） 123 号"])
def test_the_same_number_written_in_another_way_is_one_case(store, written):
    forwarded(store)

    with pytest.raises(TransferTaken):  # and so is no second case, although its record differs
        forwarded(store, "nfra-list", transfer=TRANSFER | {"number": written})

    assert len(store.list_cases()) == 1


@pytest.mark.parametrize(
    "changes", [{"narrative": "另一件事。"}, {"transfer": TRANSFER | {"report_by": "2026-04-01"}}, {"urgent": True}]
)
def test_the_same_number_with_other_content_is_refused_and_names_the_case(store, changes):
    first = forwarded(store)

    with pytest.raises(TransferTaken) as taken:
        forwarded(store, "nfra-list", **changes)

    assert taken.value.args == (NUMBER, first.reference)
    assert first.reference in str(taken.value)
    assert isinstance(taken.value, NumberTaken)  # every door answers it as it does that
    assert len(store.list_cases()) == 1


def test_the_same_number_of_another_authority_is_another_case(store):
    forwarded(store)

    assert forwarded(store, number="2", transfer=TRANSFER | {"authority": "pbc"}).is_new


def test_a_sender_s_own_number_with_other_content_is_still_refused_first(store):
    forwarded(store)

    with pytest.raises(NumberTaken) as taken:
        forwarded(store, narrative="另一件事。", transfer=TRANSFER | {"number": "2"})

    assert not isinstance(taken.value, TransferTaken)


def test_cases_that_nobody_forwarded_do_not_stand_in_each_other_s_way(store):
    references = {file_complaint(store, number=None, narrative=str(number)) for number in range(3)}

    assert len(references) == 3


def test_of_several_senders_at_once_one_opens_the_case(store):
    found = []
    senders = [
        Thread(target=lambda name=name: found.append(forwarded(store, name, number=name))) for name in "abcdefgh"
    ]
    for one in senders:
        one.start()
    for one in senders:
        one.join()

    assert len(found) == 8
    assert len({one.reference for one in found}) == 1
    assert sum(one.is_new for one in found) == 1


def test_a_case_is_found_by_either_number(store):
    reference = forwarded(store).reference
    file_complaint(store, number="CRM-0002")

    for number in (NUMBER, "沪金监转[2026] 123号", "CRM-0001"):
        assert [row.reference for row in store.find_cases(number)] == [reference]
    assert not store.find_cases("123")


def test_the_ledger_and_what_stands_beside_it_agree_until_the_report_is_waived_and_the_case_is_closed(store):
    reference = forwarded(store).reference
    with store.open_case(reference) as desk:
        desk.case.withdraw("li.wei", desk.now)
    with pytest.raises(ReportOwed), store.open_case(reference) as desk:
        desk.case.record(acts.Closed(closure=Closure.WITHDRAWN), desk.now)

    assert store.read_case(reference).owes_report
    with store.open_case(reference) as desk:
        desk.case.waive_report("recalled", "sun.lei", desk.now)
        desk.case.record(acts.Closed(closure=Closure.WITHDRAWN), desk.now)

    assert store.list_cases()[0].closure == Closure.WITHDRAWN
    assert verify(store).breaks == []
