"""The commands ``redress return make`` and ``redress return check``, as a compliance officer types them."""

import csv
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.builders import a_complaint
from tests.complaints.reporting.returns.building import AU_FIRM
from tests.deployments.conftest import Installation, Redress, refused

SYDNEY = ZoneInfo("Australia/Sydney")
IDR = ("au-rg271", "idr-data", "2026-H1")


@pytest.fixture
def half_year(firm: Installation) -> str:
    """A complaint of the first half of 2026, seen from July."""
    firm.store.make_demo(datetime(2026, 6, 30, 20, tzinfo=SYDNEY))
    reference = firm.store.file(a_complaint(product="Mortgage"), "crm", "au-rg271").reference
    firm.store.move_time(datetime(2026, 7, 2, 9, tzinfo=SYDNEY))
    return reference


@pytest.fixture
def own(firm: Installation) -> None:
    """The firm has filled in its own tables."""
    folder = Path(firm.home) / "returns"
    folder.mkdir()
    (folder / "au-rg271.toml").write_text(AU_FIRM, encoding="utf-8")


def test_a_return_that_is_ready_is_written_and_the_command_says_where(
    redress: Redress, firm: Installation, half_year: str, own: None
) -> None:
    said = redress("return", "make", *IDR, "--lang", "en")

    folder = Path(said.out.splitlines()[-1])
    assert (said.code, folder.parent.parts[-4:]) == (0, ("au-rg271", "2026-H1", "returns", "idr-data"))
    assert half_year in (folder / "complaints.csv").read_text(encoding="utf-8")
    assert "due: 2026-08-31; nil: no; rows: complaints: 1" in said.words
    assert "0 must be put right" in said.words


def test_everything_missing_is_listed_at_once_with_its_cure_and_the_command_fails(
    redress: Redress, firm: Installation, half_year: str
) -> None:
    said = redress("return", "check", *IDR, "--lang", "en")

    assert said.code == 1
    for words in ("AFS licence number", "channel received", "product or service", "issue", half_year):
        assert words in said.words
    assert "to verify" in said.words
    assert not (Path(firm.home) / "summaries").exists()  # a check writes nothing


def test_the_findings_are_in_chinese_unless_asked_otherwise(redress: Redress, half_year: str) -> None:
    said = redress("return", "check", *IDR)

    assert "须更正" in said.words
    assert "没有对应代码" in said.words


def test_a_file_completed_by_hand_is_checked_line_by_line(
    redress: Redress, half_year: str, own: None, tmp_path: Path
) -> None:
    made = Path(redress("return", "make", *IDR).out.splitlines()[-1]) / "complaints.csv"
    rows = list(csv.DictReader(made.open(encoding="utf-8", newline="")))
    rows[0]["Date received"] = "30/06/2026"
    file = tmp_path / "completed.csv"
    with file.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.DictWriter(out, rows[0])
        writer.writeheader()
        writer.writerows(rows)

    wrong, right = (redress("return", "check", *IDR, "--file", one, "--lang", "en") for one in (file, made))

    assert (wrong.code, right.code) == (1, 0)
    assert "line 2" in wrong.words
    assert "2026-03-02" in wrong.words


def test_a_return_as_it_was_known_earlier_can_be_made(redress: Redress, half_year: str) -> None:
    said = redress("return", "make", *IDR, "--as-at", "2026-06-30T19:00:00+10:00", "--lang", "en")

    assert "nil: yes" in said.words  # the complaint came an hour later
    assert "it is not over" in said.words


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("hk-hkma", "monthly", "2026-03"), ["No return of 'hk-hkma' is made here"]),
        (("uk-disp", "annex-9", "2026-H1"), ["Known are: annex-1r"]),
        (("uk-disp", "annex-1r", "2026-Q1"), ["it is made for a half-year", "2026-H1"]),
        (("uk-disp", "annex-1r", "H1"), ["period", "2026-H1"]),
        (("uk-disp", "annex-1r", "2026-H1", "--as-at", "yesterday"), ["--as-at"]),
        (("uk-disp", "annex-1r", "2026-H1", "--as-at", "2026-07-02T09:00:00"), ["UTC offset"]),
    ],
)
def test_what_cannot_be_made_is_refused_in_a_line(redress: Redress, half_year: str, arguments, words) -> None:
    assert refused(redress("return", "make", *arguments), *words)
