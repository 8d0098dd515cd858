"""Looking at a case between the steps of its flow, and opening it for a step."""

from contextlib import suppress
from copy import deepcopy
from importlib.resources import files
from unittest.mock import patch

import pytest

from complaints import acts
from complaints.adapters import store as module
from complaints.adapters.store import Store
from complaints.assessment import assess
from complaints.errors.case import StageError, UnknownCase
from complaints.words import Stage
from tasks.desk import look, open_case
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


def test_what_a_step_saved_is_not_read_again_by_the_look_or_the_step_after_it(store: Store) -> None:
    reference = file_complaint(store)
    with open_case(reference) as desk:
        desk.case.record(acts.Acknowledged(), desk.now)

    with patch.object(module, "entries_of", side_effect=AssertionError("was read again")):
        assert look(reference).stage is Stage.ACKNOWLEDGED
        with open_case(reference) as desk:
            desk.case.record(assess(desk.case), desk.now)
        assert look(reference).stage is Stage.ASSESSED

    assert look(reference) == store.read_case(reference)


def test_a_step_does_not_change_the_case_that_was_looked_at_before(store: Store) -> None:
    reference = file_complaint(store)
    before = look(reference)
    kept = deepcopy({name: value for name, value in vars(before).items() if name not in ("pack", "rules", "further")})

    with open_case(reference) as desk:
        desk.case.record(acts.Acknowledged(), desk.now)

    assert {name: vars(before)[name] for name in kept} == kept


def test_a_step_that_was_refused_leaves_nothing_half_done_to_be_looked_at(store: Store) -> None:
    reference = file_complaint(store)
    with suppress(StageError), open_case(reference) as desk:
        desk.case.record(acts.Acknowledged(), desk.now)
        desk.case.record(acts.Acknowledged(), desk.now)

    assert look(reference).stage is Stage.RECEIVED
    assert look(reference) == store.read_case(reference)


def test_a_step_sees_what_somebody_else_wrote_since_the_last_look(store: Store) -> None:
    reference = file_complaint(store)
    look(reference)
    with store.open_case(reference) as desk:
        desk.case.record(acts.Acknowledged(), desk.now)

    with open_case(reference) as desk:
        assert desk.case.stage is Stage.ACKNOWLEDGED


def test_of_two_cases_each_is_seen_as_it_stands(store: Store) -> None:
    one, other = file_complaint(store), file_complaint(store, delivery_id="other", number="B-2")

    assert [look(name).reference for name in (one, other, one)] == [one, other, one]


def test_a_case_that_is_not_there_is_unknown(store: Store) -> None:
    with pytest.raises(UnknownCase):
        look("CN000000-XXXXXXX")
