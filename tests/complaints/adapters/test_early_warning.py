"""Early warning over the case store."""

from datetime import timedelta

import pytest

from complaints.adapters.early_warning import last_whole_day, look_for_warnings
from complaints.adapters.store import Store
from complaints.reception import receive
from complaints.regimes.rulebook import load_pack
from tests.builders import REGIME, a_complaint

PACK = load_pack(REGIME)


def file_history(store: Store, daily: list[int]) -> None:
    """File so many matters of history on each of the days that end with yesterday."""
    now = store.now()
    noon = now.astimezone(PACK.tz).replace(hour=12, minute=0)
    cases = []
    for ago, number in enumerate(reversed(daily), 1):
        for one in range(number):
            at = noon - timedelta(days=ago)
            complaint = a_complaint(number=f"{ago}-{one}", received_at=at, product="消费贷", channel="telephone")
            reference = f"TS{at:%y%m%d}-22222{chr(65 + one)}2"
            cases.append(receive(reference, PACK, complaint, "register", now, history=True))
    with store.write() as session:
        assert store.add_many(session, cases) == []


@pytest.mark.parametrize("yesterday", [2, 14])
def test_what_was_received_yesterday_is_compared_with_the_weeks_before(store: Store, yesterday: int) -> None:
    file_history(store, [1, 2, 3, 2] * 20 + [yesterday])
    as_at = store.now()
    last = last_whole_day(as_at, PACK)
    judged = look_for_warnings(store, PACK, last, last, as_at)
    found = judged.warnings[["dimension", "code", "kind", "begins_on", "observed"]].to_numpy().tolist()
    told = [["channel", "telephone"], ["product", "消费贷"], ["total", "all"]]
    assert found == ([[*series, "spike", last, 14] for series in told] if yesterday == 14 else [])
    assert judged.counts["total", "all"].sum() == 160 + yesterday


def test_days_on_which_nothing_was_loaded_are_a_gap(store: Store) -> None:
    file_history(store, [3] * 80 + [0] * 4)
    as_at = store.now()
    last = last_whole_day(as_at, PACK)
    judged = look_for_warnings(store, PACK, last, last, as_at)
    assert judged.warnings[["code", "kind", "ends_on", "observed"]].to_numpy().tolist() == [["all", "gap", last, 0]]


def test_the_same_cut_off_gives_the_same_warnings_whatever_is_recorded_later(store: Store) -> None:
    file_history(store, [2] * 80 + [12])
    as_at = store.now()
    last = last_whole_day(as_at, PACK)
    before = look_for_warnings(store, PACK, last, last, as_at)
    with store.write() as session:
        late = a_complaint(number="late", received_at=as_at - timedelta(days=1), product="消费贷")
        store.add(session, receive("TS260101-LATE222", PACK, late, "register", store.now(), history=True))
    after = look_for_warnings(store, PACK, last, last, as_at)
    assert after.warnings.equals(before.warnings)
    assert not before.warnings.empty
