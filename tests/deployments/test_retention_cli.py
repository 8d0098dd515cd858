"""Holds, retention, erasure and anchors, as a compliance officer types them."""

import json

import pytest

from complaints.adapters.keeping.anchors import anchors_of
from complaints.adapters.keeping.outside import Outside
from complaints.settings import settings
from complaints.words import Stage
from deployments.doctor import keeping
from tests.builders import a_stored_case, utc
from tests.deployments.conftest import Installation, Redress, refused

COURT = ("--ordered-by", "上海金融法院", "--document", "（2026）沪74民初1号")
PEOPLE = ("--by", "h.chen", "--approver", "w.li")


@pytest.fixture
def old(firm: Installation) -> str:
    """A case whose retention ends on 2 March 2025."""
    firm.store.make_demo(utc(2020, 3, 2, 1))
    return a_stored_case(firm.store, Stage.CLOSED, letter=True, number="OLD-1")


def test_a_hold_is_placed_listed_and_lifted(redress: Redress, old: str) -> None:
    assert redress("hold", "list").words == "No hold stands."
    placed = redress("hold", "place", old, *COURT, "--reason", "诉讼", "--by", "h.chen")
    assert placed.words == f"Hold 1 of {old} stands."

    assert "上海金融法院" in redress("hold", "list").out
    assert refused(redress("hold", "lift", old, "2", *COURT, "--by", "h.chen"), "no hold 2", "standing are: 1")
    assert redress("hold", "lift", old, "1", *COURT, "--by", "h.chen").words == f"Hold 1 of {old} is lifted; 0 stand."
    assert redress("hold", "list").words == "No hold stands."
    assert "2020-03-02 （2026）沪74民初1号" in redress("hold", "list", old).out


def test_how_long_a_case_is_kept_is_explained_rule_by_rule(redress: Redress, old: str) -> None:
    assert "保存至2025-03-02" in redress("retention", old).out
    english = redress("retention", old, "--lang", "en").out
    assert "art. 28 complaint files [longest: leads]: 5 years from 2020-03-02 (closed)" in english
    assert "to verify (L)" in english
    known = json.loads(redress("retention", old, "--json").out)
    assert (known["retain_until"], known["rules"][0]["rule"]) == ("2025-03-02T16:00:00+00:00", "case-files")


def test_who_is_asked_to_erase_too_early_says_which_rule_stands_against_it(redress: Redress, old: str) -> None:
    request = ("--reason", "consent_withdrawn", "--document", "GR-7", *PEOPLE)

    assert refused(redress("erase", old, *request), "art. 28", "keeps it until 2025-03-02", "PIPL art. 47")


def test_a_person_is_erased_on_request_and_the_case_says_so(redress: Redress, firm: Installation, old: str) -> None:
    firm.store.move_time(utc(2025, 3, 3))
    request = ("--reason", "consent_withdrawn", "--document", "GR-7", *PEOPLE)

    assert "the person is erased" in redress("erase", old, *request).words
    assert "was erased before" in redress("erase", old, *request).words
    assert "2025-03-03 已删除：个人撤回同意" in redress("retention", old).out
    assert redress("show", old).code == 0
    verified = redress("verify")
    assert (verified.code, "0 broken" in verified.out, "no anchor yet" in verified.out) == (0, True, True)


def test_an_erasure_needs_two_people_and_a_document(redress: Redress, old: str) -> None:
    assert refused(redress("erase", old, "--reason", "unlawful", *PEOPLE), "--document")
    alone = ("--by", "h.chen", "--approver", "h.chen")
    assert refused(redress("erase", old, "--reason", "unlawful", "--document", "GR-7", *alone), "somebody else")
    assert refused(redress("approve-erasure", "2020-03-01", "--most", "1", *alone), "somebody else")


def test_what_is_over_is_shown_and_ordered_with_the_number_that_was_seen(
    redress: Redress, firm: Installation, old: str
) -> None:
    firm.store.move_time(utc(2025, 3, 3))
    assert old in redress("retention").out

    assert redress("approve-erasure", "2025-03-02", "--most", "1", *PEOPLE).words.startswith("Recorded.")


def test_anchors_are_written_and_verify_says_with_which_the_ledger_was_compared(
    redress: Redress, firm: Installation, old: str
) -> None:
    assert "anchor 1 of" in redress("anchor").out

    assert "compared with anchor 1 of" in redress("verify").out
    place = Outside(str(firm.home / "anchors"))
    assert [one.cases for one in anchors_of(place, firm.store.master)[0]] == [1]


def test_an_anchor_that_was_taken_away_is_told_by_verify_doctor_and_anchor_until_two_people_give_it_up(
    redress: Redress, firm: Installation, old: str
) -> None:
    redress("anchor")
    (firm.home / "anchors" / "anchors" / "000001.json").unlink()

    found = redress("verify")
    assert (found.code, "BROKEN anchor 1: is missing, but the database remembers it" in found.words) == (1, True)
    assert grades(firm)["anchors"][0] == "bad"
    assert refused(
        redress("anchor"), "anchor 1: is missing", "REDRESS_ANCHORS", "redress anchor --lost --by --approver"
    )
    assert refused(redress("anchor", "--lost", "--by", "h.chen"), "approver", "two people")

    assert "anchor 2 of" in redress("anchor", "--lost", *PEOPLE).out
    assert redress("verify").code == 0
    assert refused(redress("anchor", "--lost", *PEOPLE), "every anchor is there")


def test_what_came_back_with_an_older_backup_is_named_and_erased_again(
    redress: Redress, firm: Installation, old: str
) -> None:
    from tests.conftest import put_back, rows_of

    firm.store.move_time(utc(2025, 3, 3))
    backup = rows_of(firm.store)
    redress("erase", old, "--reason", "unlawful", "--document", "GR-7", *PEOPLE)
    put_back(firm.store, backup)

    found = redress("verify")
    assert (found.code, "its key is there: run 'redress erase --again'" in found.out) == (1, True)
    assert "1 cases erased again" in redress("erase", "--again").out
    assert redress("verify").code == 0


# --- the doctor -----------------------------------------------------------------------------------


def grades(firm: Installation) -> dict[str, tuple[str, str]]:
    found = [*keeping.anchors(settings()), *keeping.erasures(settings())]
    return {one.what: (one.grade, one.found) for one in found}


def test_the_doctor_says_that_anchors_lie_beside_what_they_guard(firm: Installation, old: str) -> None:
    grade, found = grades(firm)["place of anchors"]
    assert (grade, "in the home folder" in found) == ("note", True)

    apart = firm.home.parent / "apart"
    apart.mkdir()
    firm.set(REDRESS_ANCHORS=str(apart))
    grade, found = grades(firm)["place of anchors"]
    assert (grade, "on the disk of what it guards" in found) == ("note", True)

    firm.set(REDRESS_ANCHORS="memory://anchors")
    assert grades(firm)["place of anchors"][0] == "ok"


def test_the_doctor_finds_an_anchor_that_is_older_than_two_days(redress: Redress, firm: Installation, old: str) -> None:
    assert grades(firm)["anchors"] == ("note", "there is none yet")
    redress("anchor")
    assert grades(firm)["anchors"][0] == "ok"

    firm.store.move_time(utc(2020, 3, 4, 2))

    assert grades(firm)["anchors"][0] == "bad"


def test_the_doctor_finds_erasures_that_are_not_done(redress: Redress, firm: Installation, old: str) -> None:
    from tests.conftest import put_back, rows_of

    firm.store.move_time(utc(2025, 3, 3))
    assert grades(firm)["retention"] == ("note", "is over for 1 cases, not all ordered")
    backup = rows_of(firm.store)
    redress("erase", old, "--reason", "unlawful", "--document", "GR-7", *PEOPLE)
    assert grades(firm)["erased cases with a key"][0] == "ok"
    put_back(firm.store, backup)

    assert grades(firm)["erased cases with a key"] == ("bad", "1 came back with an older backup")
