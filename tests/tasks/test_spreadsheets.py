"""Importing what an operator has put into the folder for imports."""

from pathlib import Path

import pytest

from complaints.adapters.store import Store
from complaints.errors.settings import SettingError
from complaints.settings import settings
from tasks.spreadsheets import choose, count_rows, import_rows
from tests.complaints.adapters.spreadsheets.builders import HOTLINE, hotline, write_csv


@pytest.fixture
def folder() -> Path:
    """The folder for imports."""
    settings().imports_folder.mkdir(parents=True)
    return settings().imports_folder


def orders(*numbers: str) -> list[dict[str, object]]:
    """Orders of a hotline, of the day before; one without a number is rejected."""
    return [hotline(工单编号=number, 来电时间="2026-03-01 09:30") for number in numbers]


def put(folder: Path, *rows: dict[str, object]) -> str:
    return Path(write_csv(folder, list(rows))).name


@pytest.mark.parametrize("name", ["../master.key", "/etc/passwd", "..", "a/b.csv", "a\\b.csv"])
def test_a_path_is_refused_and_the_files_that_are_there_are_named(folder: Path, name: str) -> None:
    (folder / "list.csv").write_text("x")

    with pytest.raises(SettingError, match=r"file: is a path.*there are now: list\.csv"):
        choose(name, None)


def test_a_link_to_elsewhere_is_no_file_of_the_folder(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.csv").write_text("x")
    (folder / "link.csv").symlink_to(tmp_path / "elsewhere.csv")

    with pytest.raises(SettingError, match=r"no file of this name.*there are now: none"):
        choose("link.csv", None)


@pytest.mark.parametrize("mapping", ["../own.toml", "/etc/hosts", "pyproject", "own.toml"])
def test_a_mapping_is_a_packaged_one_or_a_file_of_the_folder(folder: Path, mapping: str) -> None:
    file = put(folder, HOTLINE)

    with pytest.raises(SettingError, match=r"^mapping: "):
        choose(file, mapping)


def test_rows_become_cases_and_the_rejected_ones_a_list_beside_the_file(folder: Path, store: Store) -> None:
    file, said = put(folder, *orders("GD-1", "GD-2", "")), []

    report, rejects = import_rows(
        choose(file, None), history=None, limit=None, dry_run=False, say=lambda *one: said.append(one)
    )

    assert (report.new, report.rejected) == (2, 1)
    assert len(store.open_references()) == 2
    assert rejects is not None
    assert rejects.parent == folder / "rejects"
    assert rejects.read_text(encoding="utf-8").splitlines() == ["row,column,reason", "4,工单编号,is blank"]
    assert said[-1] == (3, 3)


def test_a_dry_run_stores_nothing_and_a_limit_is_what_is_to_be_read(folder: Path, store: Store) -> None:
    chosen = choose(put(folder, *orders("GD-1", "GD-2", "GD-3")), "hotline")

    report, rejects = import_rows(chosen, history=None, limit=2, dry_run=True, say=lambda *_: None)

    assert (count_rows(chosen, 2), count_rows(chosen, None)) == (2, 3)
    assert (report.new, rejects) == (2, None)
    assert store.open_references() == []
