"""The daily end of what was kept long enough, and the daily anchor, on a real server."""

import pytest

from complaints.adapters.keeping.anchoring import check_anchors
from complaints.adapters.keeping.anchors import anchors_of
from complaints.adapters.keeping.orders import outlook
from complaints.adapters.keeping.outside import Outside
from complaints.settings import settings
from complaints.words import Stage
from tests.builders import a_stored_case
from tests.flows.running import Running

COURT = {"ordered_by": "上海金融法院", "document": "HU74-1"}


@pytest.mark.slow
def test_what_is_over_is_told_then_ordered_by_two_people_then_erased(redress: Running) -> None:
    old = a_stored_case(redress.store, Stage.CLOSED, number="OLD-1")
    held = a_stored_case(redress.store, Stage.CLOSED, number="OLD-2")
    assert redress.deploy_and_wait("place-hold", reference=held, asked_by="h.chen", **COURT).state.message == (  # type: ignore[union-attr]
        "Hold 1 stands."
    )
    redress.pass_days(5 * 366)
    day = redress.store.now().date().isoformat()
    over = outlook(redress.store).over_count  # cases of other tests too: they share this Redress

    told = redress.deploy_and_wait("erase-expired")
    assert redress.case(old).erased is None
    assert told.state.message.startswith(f"0 erased, files of 0 removed; {over} are over")  # type: ignore[union-attr]

    alone = redress.deploy_and_wait("approve-erasure", until=day, most=over, asked_by="h.chen", approver="h.chen")
    assert (alone.state.name, "somebody else" in alone.state.message) == ("Refused", True)  # type: ignore[union-attr]
    redress.deploy_and_wait("approve-erasure", until=day, most=over, asked_by="h.chen", approver="w.li")
    done = redress.deploy_and_wait("erase-expired")
    assert done.state.message.startswith(f"{over} erased")  # type: ignore[union-attr]

    assert redress.case(old).complaint is None
    assert redress.case(held).complaint is not None


def test_an_anchor_is_written_outside_the_database(redress: Running) -> None:
    redress.file()

    run = redress.deploy_and_wait("anchor-ledger")

    outside = Outside(settings().anchors_place)
    anchors, breaks = anchors_of(outside, redress.store.master)
    assert (run.state.is_completed(), breaks) == (True, [])  # type: ignore[union-attr]
    assert anchors[-1].root[:16] in (run.state.message or "")  # type: ignore[union-attr]
    assert check_anchors(redress.store, outside).breaks == ()


def test_the_daily_run_fails_and_says_why_where_an_anchor_was_taken_away(redress: Running) -> None:
    redress.deploy_and_wait("anchor-ledger")
    outside = Outside(settings().anchors_place)
    last = anchors_of(outside, redress.store.master)[0][-1]
    assert outside.folder
    file = outside.folder / "anchors" / last.name
    file.rename(aside := file.with_suffix(".taken"))
    try:
        with pytest.raises(AssertionError, match=rf"Failed.*anchor {last.number}: is missing, but"):
            redress.deploy_and_wait("anchor-ledger")
    finally:
        aside.rename(file)
