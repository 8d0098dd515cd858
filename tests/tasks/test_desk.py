"""Looking at a case between the steps of its flow."""

from importlib.resources import files
from unittest.mock import patch

import pytest

from complaints import acts
from complaints.adapters.store import Store
from complaints.errors.case import UnknownCase
from complaints.words import Stage
from tasks.desk import look
from tests.builders import file_complaint

STRICTER = (files("complaints.regimes") / "packs" / "cn-nfra.toml").read_text(encoding="utf-8")


def test_a_case_that_stands_as_it_did_is_not_read_again(store: Store) -> None:
    reference = file_complaint(store)
    first = look(reference)

    with patch.object(Store, "read_case", side_effect=AssertionError("was read again")):
        assert look(reference) is first


def test_a_case_is_read_again_once_somebody_has_written_to_it(store: Store) -> None:
    reference = file_complaint(store)
    assert look(reference).stage is Stage.RECEIVED

    with store.open_case(reference) as desk:
        desk.case.record(acts.Acknowledged(), desk.now)

    assert look(reference).stage is Stage.ACKNOWLEDGED


def test_a_case_is_read_again_once_the_firm_s_rules_have_changed(store: Store) -> None:
    reference = file_complaint(store)
    before = look(reference)

    with store.write() as session:
        store.add_rule(session, "pack", "cn-nfra", "9", STRICTER, "c.zhao")

    assert look(reference) is not before


def test_of_two_cases_each_is_seen_as_it_stands(store: Store) -> None:
    one, other = file_complaint(store), file_complaint(store, delivery_id="other", number="B-2")

    assert [look(name).reference for name in (one, other, one)] == [one, other, one]


def test_a_case_that_is_not_there_is_unknown(store: Store) -> None:
    with pytest.raises(UnknownCase):
        look("CN000000-XXXXXXX")
