import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.adapters.spreadsheets.cells import harmless, text_of


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t1", "\r=1", "\n=1", "  =1", "＝1+1", "＋1", "－1", "＠A1"]
)
def test_what_a_spreadsheet_could_take_for_a_formula_gets_an_apostrophe(cell):
    assert harmless(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "投诉", "1+1", "a=b", "'=1"])
def test_other_text_is_written_as_it_is(cell):
    assert harmless(cell) == cell


@given(st.text("a1 =+-@＝;\t\r\n'\""))
def test_nothing_that_is_written_starts_a_formula_whatever_separates_the_cells(text):
    for cell in re.split("[;\t]", harmless(text)):
        assert not cell.lstrip().startswith(("=", "+", "-", "@", "＝"))
    assert not harmless(text).startswith(("\t", "\r", "\n"))


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, ""),
        (" 王明 ", "王明"),
        (13800000000, "13800000000"),
        (12.0, "12"),
        (12.5, "12.5"),
        (True, "TRUE"),
        (date(2026, 3, 2), "2026-03-02"),
    ],
)
def test_a_cell_is_read_as_people_see_it(cell, text):
    assert text_of(cell) == text


@pytest.mark.parametrize("cell", [310101199001010000, 6222020200000000000.0])
def test_a_number_that_has_lost_its_last_digits_is_refused(cell):
    """A spreadsheet keeps fifteen digits: an identity or card number of more, kept as a number, is another one."""
    with pytest.raises(ValueError, match="over 15 digits"):
        text_of(cell)
