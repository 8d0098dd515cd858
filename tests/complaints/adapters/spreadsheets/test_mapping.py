"""Mapping files: what they may say, and where they say something wrong."""

import pickle
import tomllib
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import pytest

from complaints.adapters.spreadsheets.fields import FIELDS
from complaints.adapters.spreadsheets.layout import MappedLayout
from complaints.adapters.spreadsheets.layouts import find_layout, packaged_layouts, recognise
from complaints.adapters.spreadsheets.mapping import DATES, packaged, read_mapping
from complaints.adapters.spreadsheets.report import TableRefused
from complaints.errors.settings import RuleFileInvalid, SettingError
from tests.complaints.adapters.spreadsheets.builders import HOTLINE, REGISTER, TRANSFERS, write_csv

GOOD = """name = "branch"
title = { zh = "网点登记", en = "a branch's list" }
sender = "branch"

[constants]
channel = "counter"

[[columns]]
field = "number"
names = ["编号"]
required = true

[[columns]]
field = "narrative"
names = ["内容"]
"""


def test_what_redress_brings_along_is_a_regulators_list_a_hotlines_the_firms_register_and_the_cfpbs():
    assert {layout.name for layout in packaged_layouts()} == {"cfpb", "transfer-list", "hotline", "old-register"}
    assert {layout.name for layout in packaged_layouts() if layout.history} == {"cfpb", "old-register"}


def test_every_packaged_mapping_has_a_sender_of_its_own():
    """Else the numbers of two sources would be taken for one another's."""
    senders = [layout.sender for layout in packaged_layouts()]

    assert len(set(senders)) == len(senders)


def test_no_date_format_can_be_read_in_two_ways():
    assert not any(form.startswith(("%d", "%m")) or "%y" in form for form in DATES)


def test_a_mapping_may_name_every_field_of_a_record_that_one_cell_can_give():
    assert {"number", "complainant.name", "phone", "transfer.number", "amount.value", "happened_on"} <= set(FIELDS)
    assert "evidence" not in FIELDS


def test_a_mapping_of_the_firms_own_is_read_from_its_file(tmp_path):
    (tmp_path / "branch.toml").write_text(GOOD, encoding="utf-8")

    layout = find_layout(str(tmp_path / "branch.toml"))

    assert (layout.name, layout.sender, layout.missing([])) == ("branch", "branch", ("编号",))


def test_a_mapping_that_is_not_there_is_refused_with_those_that_are(tmp_path):
    with pytest.raises(SettingError, match=r"no mapping 'nope'.*cfpb, hotline, old-register, transfer-list"):
        find_layout("nope")


@pytest.mark.parametrize(
    ("was", "becomes", "line", "field", "reason"),
    [
        ('field = "number"', 'field = "nummer"', 8, "columns.0", "'nummer' is no field of a complaint"),
        ('names = ["内容"]', "names = []", 15, "columns.1.names", "at least 1 item"),
        ('channel = "counter"', 'channel = "pigeon"', 1, "", "'pigeon' is no code here"),
        ('sender = "branch"', 'sender = "网点"', 3, "sender", "pattern"),
        ('sender = "branch"', 'sender = "branch"\nzone = "Mars"', 4, "zone", "is no time zone"),
        ('sender = "branch"', 'sender = "branch"\ndates = ["%H"]', 4, "dates.0", "does not give year, month and day"),
        ('sender = "branch"', 'sender = "branch"\ncolour = "red"', 4, "colour", "Extra inputs"),
        ('field = "narrative"', 'field = "wanted"', 1, "", "lacks narrative"),
        ('field = "narrative"', 'field = "number"', 1, "", "number is there twice"),
        ("required = true", 'required = true\ndefault = "x"', 8, "columns.0", "a required column has none"),
        ("required = true", 'otherwise = "x"', 8, "columns.0", "holds no codes"),
    ],
)
def test_what_is_wrong_in_a_mapping_is_named_with_its_line_and_field(was, becomes, line, field, reason):
    text = GOOD.replace(was, becomes)
    assert text != GOOD

    with pytest.raises(RuleFileInvalid) as wrong:
        read_mapping(text, "branch.toml")

    assert (wrong.value.line, wrong.value.field) == (line, field)
    assert reason in wrong.value.reason
    assert str(pickle.loads(pickle.dumps(wrong.value))) == str(wrong.value)


def test_codes_of_a_column_must_be_codes_of_its_field():
    text = GOOD + '\n[[columns]]\nfield = "category"\nnames = ["类别"]\ncodes = { "催收" = "collections" }\n'

    with pytest.raises(RuleFileInvalid, match="'collections' is no code here; known are: product, "):
        read_mapping(text, "branch.toml")


def test_a_file_that_is_no_toml_is_refused_with_its_line():
    with pytest.raises(RuleFileInvalid, match="line 2"):
        read_mapping('name = "x"\ntitle =\n', "branch.toml")


def test_the_example_in_the_documentation_is_a_mapping():
    text = (Path(__file__).parents[4] / "docs" / "spreadsheets.md").read_text(encoding="utf-8")
    example = text.partition("```toml\n")[2].partition("```")[0]

    assert read_mapping(example, "spreadsheets.md").name == "branch"


@pytest.mark.parametrize(
    ("row", "name"), [(HOTLINE, "hotline"), (REGISTER, "old-register"), (TRANSFERS, "transfer-list")]
)
def test_a_file_is_recognised_by_its_columns(tmp_path, row, name):
    assert recognise(write_csv(tmp_path, [row], title="二〇二六年三月")).name == name


def test_a_file_that_fits_two_mappings_is_not_guessed_at(tmp_path):
    file = write_csv(tmp_path, [HOTLINE | REGISTER])

    with pytest.raises(TableRefused, match="fits hotline, old-register; say which, with --mapping"):
        recognise(file)


def test_a_file_that_fits_none_is_refused_with_what_each_lacks(tmp_path):
    file = write_csv(tmp_path, [{"工单编号": "1", "诉求内容": "扣款"}])

    with pytest.raises(TableRefused, match="hotline needs 来电时间; old-register needs 投诉日期"):
        recognise(file)


def test_the_mappings_are_packaged_with_redress():
    folder = files("complaints.adapters.spreadsheets") / "mappings"
    tables = tomllib.loads((folder / "cfpb" / "tables.toml").read_text(encoding="utf-8"))

    assert len(tables["states"].split()) == 57
    assert set(packaged()) == {
        file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml")
    }


@pytest.mark.parametrize("name", ["transfer-list", "hotline", "old-register"])
def test_a_row_that_has_only_what_a_packaged_mapping_requires_can_be_read(name):
    mapping = packaged()[name]
    cells = {"received_at": "2026-03-02", "narrative": "重复扣费", "transfer.report_by": "2026-03-20"}
    needed = [column for column in mapping.columns if column.required]

    rows = MappedLayout(mapping).reader([column.names[0] for column in needed])
    record = rows.record([cells.get(column.field, "12378-1") for column in needed], datetime(2026, 4, 1, tzinfo=UTC))

    assert record.complaint.narrative == "重复扣费"
