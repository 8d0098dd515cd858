"""The command line for what an authority forwarded: find it by its number, say why there is no report."""

import json

import pytest

from complaints.transfers import REPORT_BACK
from tests.builders import AUTHORITY_EMAIL, TRANSFER, complaint_values


@pytest.fixture
def forwarded(redress, tmp_path):
    """A case that an authority forwarded, taken in from a file."""
    file = tmp_path / "complaint.json"
    file.write_text(json.dumps(complaint_values(transfer=TRANSFER), ensure_ascii=False), encoding="utf-8")
    return redress("file", file, "--by", "li.wei").out.splitlines()[0]


def test_a_case_is_found_by_the_authority_s_number(redress, forwarded):
    assert forwarded in redress("find", "沪金监转[2026]123号").out
    assert redress("find", "沪金监转[2026]124号").out == "No case has this number.\n"


def test_a_case_shows_who_forwarded_it(redress, forwarded):
    shown = redress("show", forwarded).out

    assert TRANSFER["number"] in shown
    assert "nfra-shanghai" in shown


def test_the_same_transfer_in_other_words_is_refused_in_one_line(redress, forwarded, tmp_path):
    file = tmp_path / "again.json"
    file.write_text(json.dumps(complaint_values(number=None, narrative="别的。", transfer=TRANSFER)), encoding="utf-8")

    answer = redress("file", file, "--by", "wang.fang")

    assert answer.code == 2
    assert answer.err.startswith(f"redress: transfer.number: case {forwarded} was opened under this number")


def test_a_withdrawn_case_says_that_the_authority_is_told_first(redress, forwarded):
    answer = redress("withdraw", forwarded, "--by", "li.wei")

    assert "closed once the authority that forwarded it has been told" in answer.out


def test_an_operator_says_why_there_is_no_report(redress, forwarded):
    answer = redress("no-report", forwarded, "recalled", "--by", "sun.lei")

    assert (answer.code, answer.out.splitlines()[0]) == (
        0,
        f"{forwarded}: no report, 转办机关撤回转办 · the authority took the matter back.",
    )
    assert "已不适用" in redress("explain", forwarded).out
    again = redress("no-report", forwarded, "recalled", "--by", "sun.lei")
    assert again.code == 2
    assert "owes no authority a report" in again.err


def test_a_report_made_in_another_way_is_noted_as_an_event(redress, forwarded):
    assert redress("note", forwarded, REPORT_BACK + "_sent", "--by", "li.wei").code == 0

    assert redress("no-report", forwarded, "recalled", "--by", "sun.lei").code == 2


def test_a_contact_of_the_authority_is_added_apart(redress, forwarded):
    added = redress("contact", forwarded, "post", "上海市某某路100号", "--authority", "--by", "li.wei")

    assert added.out.splitlines()[0] == f"Contact 2 of the authority of {forwarded}."
    shown = redress("show", forwarded).out
    assert f"contact 1 of the authority: email {AUTHORITY_EMAIL['value']}" in shown
    assert "contact 2 of the authority: post 上海市某某路100号" in shown
