"""The command ``redress import``, as a clerk uses it."""

from pathlib import Path

import pytest

from tests.complaints.adapters.spreadsheets.builders import HOTLINE, REGISTER, hotline, orders, write_csv, write_xlsx
from tests.deployments.conftest import Installation, Redress, refused


def test_a_file_is_recognised_and_the_command_says_how_it_was_read(redress: Redress, tmp_path: Path) -> None:
    said = redress("import", write_csv(tmp_path, orders(1, 2), "gb18030"))

    assert said.code == 0
    assert "mapping hotline, gb18030" in said.out
    assert "2 new, 0 updated, 0 already there, 0 rejected" in said.out


def test_a_dry_run_stores_nothing_and_says_so(redress: Redress, firm: Installation, tmp_path: Path) -> None:
    file = write_xlsx(tmp_path, [*orders(1), hotline(工单编号="")])
    before = firm.rows()

    said = redress("import", file, "--mapping", "hotline", "--dry-run", "--rejects", tmp_path / "rejects.csv")

    assert "dry run: nothing was stored" in said.out
    assert "1 new, 0 updated, 0 already there, 1 rejected" in said.out
    assert firm.rows() == before
    assert (tmp_path / "rejects.csv").read_text(encoding="utf-8").splitlines()[1] == "3,工单编号,is blank"


def test_a_changed_row_of_history_is_counted_as_updated(redress: Redress, tmp_path: Path) -> None:
    redress("import", write_csv(tmp_path, [REGISTER]))

    said = redress("import", write_csv(tmp_path, [REGISTER | {"投诉内容": "另一件事。"}]))

    assert "0 new, 1 updated, 0 already there, 0 rejected" in said.out


@pytest.mark.parametrize(("option", "open_ones"), [("--open", 1), ("--history", 0)])
def test_the_command_may_say_otherwise_than_the_mapping(
    redress: Redress, firm: Installation, tmp_path: Path, option: str, open_ones: int
) -> None:
    redress("import", write_csv(tmp_path, [REGISTER]), option)

    assert len(firm.store.open_references()) == open_ones


def test_the_mappings_there_are_can_be_listed(redress: Redress) -> None:
    said = redress("import", "--mappings")

    assert all(name in said.out for name in ("cfpb", "hotline", "old-register", "transfer-list", "监管转办清单"))


def test_a_mapping_of_the_firms_own_that_is_wrong_is_one_line_with_its_place(redress: Redress, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text('name = "own"\nsender = "own"\nhistory = 7\n', encoding="utf-8")

    said = redress("import", write_csv(tmp_path, [HOTLINE]), "--mapping", tmp_path / "own.toml")

    assert refused(said, "own.toml, line")


def test_without_a_file_the_command_says_what_it_needs(redress: Redress) -> None:
    assert refused(redress("import"), "FILE: is missing")
