import pytest

from complaints.adapters.mailbox.flowed import unflow


@pytest.mark.parametrize(
    ("sent", "typed"),
    [
        ("one \ntwo\nthree", "one two\nthree"),
        ("> quoted \n> on\nanswer", "> quoted on\nanswer"),
        ("> deeper \n>> other", "> deeper \n> > other"),
        (" >no quote\n From", ">no quote\nFrom"),
        ("text \n-- \nLin", "text \n-- \nLin"),
        ("", ""),
    ],
)
def test_lines_broken_for_transport_are_joined(sent, typed):
    assert unflow(sent) == typed


def test_chinese_lines_are_joined_without_a_blank():
    assert unflow("重复 \n扣款", delete_space=True) == "重复扣款"
