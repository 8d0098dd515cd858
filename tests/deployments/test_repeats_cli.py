"""The commands about the same complaint twice, as a handler types them."""

import json

import pytest

from complaints.words import Closure, Stage
from tests.builders import a_stored_case, complaint_values
from tests.complaints.test_signs import OTHER_STORY, STORY
from tests.deployments.conftest import Installation, Redress, refused

LIN = {"name": "林知夏", "contacts": [{"kind": "phone", "value": "13800000101"}]}
ZHAO = {"name": "赵一鸣", "contacts": [{"kind": "phone", "value": "13800000202"}]}
LATER = ("--by", "c.zhao")


def stored(firm: Installation, **changes: object) -> str:
    values = {"narrative": STORY, "complainant": LIN, "number": None} | changes
    return a_stored_case(firm.store, Stage.UNDER_INVESTIGATION, **values)


def test_what_looks_like_the_same_complaint_is_listed_with_reasons_in_either_language(
    redress: Redress, firm: Installation
) -> None:
    first, second = stored(firm), stored(firm)

    chinese, english = redress("repeats", second), redress("repeats", second, "--lang", "en")

    for answer in (chinese, english):
        assert answer.code == 0
        assert first in answer.words
        assert "林知夏" not in answer.out
        assert "13800000101" not in answer.out
    assert "很可能是重复投诉" in chinese.words
    assert "电话号码相同、姓名相同" in chinese.words
    assert "under investigation likely a repeat same telephone number, same name" in english.words


def test_a_case_that_is_like_no_other_says_so(redress: Redress, firm: Installation) -> None:
    first = stored(firm)
    stored(firm, complainant=ZHAO)

    assert redress("repeats", first, "--lang", "en").words == "Nothing looks like a repeat."
    assert redress("repeats").words == "没有发现疑似重复投诉。"


def test_two_complaints_filed_at_the_counter_are_merged_and_taken_apart(redress: Redress, firm: Installation) -> None:
    first, second = (
        redress(
            "file", "-", *LATER, stdin=json.dumps(complaint_values(number=None, narrative=story)).encode()
        ).out.split()[0]
        for story in (STORY, OTHER_STORY)
    )

    merged = redress("merge", second, first, "--reason", "林知夏又来问", *LATER)
    again = redress("merge", second, first, *LATER)

    assert (merged.code, again.code) == (0, 0)
    assert f"redress unmerge {second}" in merged.words
    assert "nothing was changed" in again.words
    assert firm.store.read_case(second).closed.closure is Closure.MERGED
    assert f"Merged into {first}" in redress("show", second).words
    assert "林知夏又来问" not in redress("explain", second).out

    undone = redress("unmerge", second, *LATER)
    assert undone.code == 0
    assert f"{second} is apart from {first} again, at the stage 'received'." in undone.words
    assert "0 broken" in redress("verify").out


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("merge", "FIRST", "SECOND", *LATER), "merge the later into the earlier"),
        (("merge", "OTHERS", "FIRST", *LATER), "names differ"),
        (("merge", "SECOND", "SECOND", *LATER), "it is the same case"),
        (("merge", "SECOND", "TS260101-9999999", *LATER), "no case TS260101-9999999"),
        (("merge", "SECOND", "FIRST"), "say who you are"),
        (("unmerge", "SECOND", *LATER), "nothing to undo"),
        (("repeats", "TS260101-9999999"), "no case TS260101-9999999"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(
    redress: Redress, firm: Installation, command: tuple[str, ...], said: str
) -> None:
    names = {"FIRST": stored(firm), "SECOND": stored(firm), "OTHERS": stored(firm, complainant=ZHAO)}

    answer = redress(*[names.get(word, word) for word in command])

    assert refused(answer, said)
    for personal in ("林知夏", "赵一鸣", "13800000101"):
        assert personal not in answer.err
