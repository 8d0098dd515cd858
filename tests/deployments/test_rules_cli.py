"""The commands about packs and calendars, as an administrator and a compliance officer type them."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from complaints.adapters.rulekeeping import bring_in, coming_into_force
from tests.builders import SHANGHAI
from tests.deployments.conftest import Installation, Redress, refused

EXAMPLE = Path(__file__).parents[2] / "docs/examples/cn-firm.toml"
NEW_YEAR = [{"name": "元旦", "date": f"2027-01-0{day}", "isOffDay": True} for day in (1, 2, 3)]
ARRANGEMENT = {
    "year": 2027,
    "papers": ["https://www.gov.cn/"],
    "days": [*NEW_YEAR, {"name": "元旦", "date": "2027-01-04", "isOffDay": True}],
}


@pytest.fixture
def arrangement(tmp_path: Path) -> Path:
    """A State Council arrangement for 2027 that nobody has published."""
    file = tmp_path / "2027.json"
    file.write_text(json.dumps(ARRANGEMENT), encoding="utf-8")
    return file


@pytest.fixture
def across_the_year(redress: Redress, firm: Installation) -> str:
    """A case whose limit in working days ends in January 2027, computed before that year was published."""
    firm.store.make_demo(datetime(2026, 12, 25, 10, tzinfo=SHANGHAI))
    redress("regimes", "add", EXAMPLE, "--yes", "--by", "c.zhao")
    firm.set(REDRESS_REGIME="cn-firm")
    return redress("file", "--channel", "counter", "--narrative", "重复扣款", "--by", "h.chen").out.split()[0]


def test_every_pack_is_listed_with_its_version_and_what_is_not_verified(redress: Redress) -> None:
    listed = redress("regimes", "--lang", "en").words

    assert "cn-nfra 2020-3" in listed
    assert "in-rbi 2021" in listed
    assert "in-rbi 2026" in listed
    assert "not legal advice" in listed


def test_the_example_pack_of_the_documentation_is_in_order(redress: Redress) -> None:
    assert redress("regimes", "check", EXAMPLE).out.startswith("cn-firm 2026-1 is in order")


@pytest.mark.parametrize(
    ("was", "becomes", "line", "said"),
    [
        ('unit = "working_days"', 'unit = "fortnights"', 'unit = "fortnights"', "unit"),
        ('starts = "received"', 'starts = "arrived"', 'starts = "arrived"', "declare it under [[events]]"),
        ('approver = "supervisor"', 'approver = "boss"', 'approver = "boss"', "approver"),
        ("budget = 48", "budget = 0", "budget = 0", "greater than 0"),
        ("cap_days = 30", "cap_days = [", "cap_days = [", ""),
    ],
)
def test_a_wrong_pack_is_named_with_its_line(
    redress: Redress, tmp_path: Path, was: str, becomes: str, line: str, said: str
) -> None:
    text = EXAMPLE.read_text(encoding="utf-8").replace(was, becomes, 1)
    file = tmp_path / "mine.toml"
    file.write_text(text, encoding="utf-8")
    number = next(n for n, one in enumerate(text.splitlines(), 1) if one.startswith(line))

    checked = redress("regimes", "check", file)

    assert checked.code in (1, 2)
    assert f"line {number}" in checked.out + checked.err or not said
    assert said in checked.out + checked.err


def test_a_firm_may_not_be_laxer_than_the_law(redress: Redress, tmp_path: Path) -> None:
    file = tmp_path / "lax.toml"
    head = 'name = "lax"\nversion = "1"\nextends = "cn-nfra"\nvalid_from = 2026-01-01\n'
    file.write_text(head + '[[clocks]]\nname = "decision"\nbudget = 20\n', encoding="utf-8")

    checked = redress("regimes", "check", file)

    assert checked.code == 1
    assert "line 7" in checked.words
    assert "longer than the 15" in checked.words


def test_a_due_time_computed_without_a_year_says_so(redress: Redress, across_the_year: str) -> None:
    explained = redress("explain", across_the_year, "--lang", "en").words

    assert "computed without the 2027 arrangement, which is not published yet" in explained


def test_a_year_is_shown_before_it_is_brought_in(redress: Redress, arrangement: Path, across_the_year: str) -> None:
    shown = redress("calendar", "import", arrangement, "--by", "c.zhao")

    assert refused(shown, "nothing was changed")
    assert f"{across_the_year} answer 2027-01-11 24:00 2027-01-12 24:00" in shown.words
    assert "2027-01-04 元旦" in shown.words
    assert "2027-01-11 24:00" in redress("explain", across_the_year).words, "nothing was changed"


def test_a_year_that_was_brought_in_moves_the_due_times_it_touches_once(
    redress: Redress, firm: Installation, arrangement: Path, across_the_year: str
) -> None:
    assert "1 due times moved" in redress("calendar", "import", arrangement, "--yes", "--by", "c.zhao").words
    assert "0 due times moved" in redress("calendar", "import", arrangement, "--yes", "--by", "c.zhao").words

    explained = redress("explain", across_the_year, "--lang", "en").words
    assert "due 2027-01-12 24:00" in explained
    assert "computed again (calendar cn-public 2027.1)" in explained
    assert "not published" not in explained
    assert "0 broken" in redress("verify").words
    kinds = [entry.kind for entry in firm.store.entries(across_the_year)]
    assert kinds.count("clock_recomputed") == 1


def test_another_content_under_the_same_version_is_refused(
    redress: Redress, arrangement: Path, across_the_year: str
) -> None:
    redress("calendar", "import", arrangement, "--yes", "--by", "c.zhao")
    arrangement.write_text(json.dumps(ARRANGEMENT | {"days": NEW_YEAR}), encoding="utf-8")

    assert refused(redress("calendar", "import", arrangement, "--yes", "--by", "c.zhao"), "another version")


def shorter(tmp_path: Path, *, valid_from: str, open_cases: bool) -> Path:
    """Write a new version of the example that gives seven working days instead of ten."""
    text = EXAMPLE.read_text(encoding="utf-8").replace('version = "2026-1"', 'version = "2"', 1)
    text = text.replace("valid_from = 2026-01-01", f"valid_from = {valid_from}", 1).replace(
        "budget = 10", "budget = 7", 1
    )
    file = tmp_path / "new.toml"
    file.write_text(text.replace("open_cases = false", f"open_cases = {str(open_cases).lower()}", 1), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("valid_from", "open_cases", "due"),
    [
        pytest.param("2026-12-28", False, "2027-01-11 24:00", id="received before its first day: keeps its rules"),
        pytest.param("2026-12-28", True, "2027-01-06 24:00", id="its transition reaches open cases"),
        pytest.param("2026-12-20", False, "2027-01-06 24:00", id="received on or after its first day"),
        pytest.param("2027-01-01", True, "2027-01-11 24:00", id="its first day has not come"),
    ],
)
def test_a_new_version_of_a_pack_reaches_the_cases_that_it_applies_to(
    redress: Redress,
    firm: Installation,
    tmp_path: Path,
    across_the_year: str,
    valid_from: str,
    open_cases: bool,
    due: str,
) -> None:
    firm.store.move_time(datetime(2026, 12, 29, 10, tzinfo=SHANGHAI))

    added = redress(
        "regimes", "add", shorter(tmp_path, valid_from=valid_from, open_cases=open_cases), "--yes", "--by", "c.z"
    )

    assert added.code == 0
    assert f"due {due}" in redress("explain", across_the_year, "--lang", "en").words
    assert "0 broken" in redress("verify").words


def test_a_version_whose_first_day_has_come_reaches_open_cases_that_night(
    redress: Redress, firm: Installation, tmp_path: Path, across_the_year: str
) -> None:
    added = redress(
        "regimes", "add", shorter(tmp_path, valid_from="2027-01-01", open_cases=True), "--yes", "--by", "c.z"
    )
    assert "2027-01-06 24:00" in added.words, "it is shown what will move"
    firm.store.move_time(datetime(2027, 1, 1, 1, tzinfo=SHANGHAI))

    moved = [one for change in coming_into_force(firm.store) for one in bring_in(firm.store, change, "redress")]
    again = [one for change in coming_into_force(firm.store) for one in bring_in(firm.store, change, "redress")]

    assert [one.clock for one in moved] == ["answer"]
    assert again == []
    assert "due 2027-01-06 24:00" in redress("explain", across_the_year, "--lang", "en").words


def test_a_calendar_is_shown_day_by_day(redress: Redress) -> None:
    shown = redress("calendar", "show", "cn-public", "2026", "--lang", "en").words

    assert "2026-10-01 Thu off National Day" in shown
    assert "2026-10-10 Sat works National Day" in shown
    assert "cn-finance" in redress("calendar", "list").words
