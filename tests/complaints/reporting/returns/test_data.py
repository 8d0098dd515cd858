"""What returns must know beside the cases: as packaged, and with a firm's own file laid over it."""

import pytest

from complaints.errors.settings import SettingError
from complaints.reporting.returns.data import read_data
from complaints.reporting.returns.making import MAKERS
from tests.complaints.reporting.returns.building import a_row, made

MAP = """
[maps.cause]
title = { zh = "投诉原因", en = "cause of complaint" }
by = ["category", "cause"]
to = "cause"
confidence = "H"
codes = { %s }
"""


@pytest.mark.parametrize("regime", sorted({regime for regime, _ in MAKERS}))
def test_the_packaged_data_hang_together_and_what_is_not_sure_says_so(regime):
    data = read_data(regime)

    for part in (*data.lists.values(), *data.maps.values(), *data.elements):
        assert part.title.zh
        assert part.title.en
        assert part.confidence in "HML"
    for one in data.lists.values():
        assert one.complete or not one.codes or one.to_verify  # what was not read in full is never sure


def test_a_firms_map_replaces_ours_whole_and_leaves_the_others():
    data = read_data("uk-disp", MAP % 'fees = "selling"')

    assert data.maps["cause"].look_up(("fees", "general")) == ("selling",)
    assert data.maps["cause"].look_up(("service", None)) == ()
    assert data.maps["product"] == read_data("uk-disp").maps["product"]


def test_a_replaced_map_moves_the_cases_of_a_table():
    ours, theirs = (made("uk-disp", "annex-1r", "2026-H1", a_row(), own=own) for own in ("", MAP % 'fees = "selling"'))

    assert ours.table("table-1").rows[-1][1:] == (0, 1, 0, 0, 0, 1)
    assert theirs.table("table-1").rows[-1][1:] == (1, 0, 0, 0, 0, 1)


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ('"fees / general" = "other", fees = "admin", "*" = "selling"', ("other",)),  # the most particular key
        ('fees = "admin", "*" = "selling"', ("admin",)),
        ('"*" = "selling"', ("selling",)),
        ('"FEES" = "admin"', ("admin",)),  # letter case does not count
        ('service = "admin"', ()),
    ],
)
def test_the_most_particular_key_of_a_map_wins(codes, expected):
    assert read_data("uk-disp", MAP % codes).maps["cause"].look_up(("fees", "general")) == expected


def test_a_case_that_says_nothing_is_mapped_by_the_key_for_everything_else_alone():
    data = read_data("uk-disp", MAP % 'general = "admin", "*" = "selling"')

    assert data.maps["cause"].look_up((None, "general")) == ("selling",)


@pytest.mark.parametrize(
    ("own", "wrong"),
    [
        ("[maps.cause", "is no TOML"),
        (MAP % 'fees = "nonsense"', "map cause leads to nonsense, which list 'cause' does not have"),
        (MAP % 'fees = "admin", FEES = "other"', "a key is there twice"),
        ('[entity]\nnname = "Example"', "entity.nname"),
        ('[context."2026-H1"]\nbanking = { provision = 0 }', "provision"),
        ("entity = 3", "a section is not a table"),
        (MAP.replace('to = "cause"', 'to = "causes"') % "", "a list 'causes' that is not there"),
    ],
)
def test_a_file_that_is_not_in_order_is_refused_with_the_place_and_the_cure(own, wrong):
    with pytest.raises(SettingError) as refused:
        read_data("uk-disp", own)

    assert wrong in str(refused.value)
    assert str(refused.value).startswith("returns/uk-disp.toml: ")
    assert "docs/returns.md" in str(refused.value)
