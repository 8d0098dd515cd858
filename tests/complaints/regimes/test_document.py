import json
import tomllib
from pathlib import Path

import pytest

from complaints.deadlines import EndsAt, Roll, Unit
from complaints.regimes.document import as_markdown, schema, write
from complaints.regimes.files import facts_of, packaged, packaged_files
from complaints.regimes.model import Pack
from complaints.regimes.rows import amount
from complaints.regimes.rulebook import load_pack

DOCS = Path(__file__).parents[3] / "docs"
PACKS = [pytest.param(pack, id=f"{pack.name} {pack.version}") for pack in packaged()]
AGAIN = "make it anew: python -m complaints.regimes.document docs"
PAGE = as_markdown(packaged())
SCHEMA = schema()


def page_of(regime, **changes):
    return as_markdown([load_pack(regime).model_copy(update=changes)])


@pytest.mark.parametrize("name", ["regimes.md", "regime-pack.schema.json"])
def test_what_is_kept_in_the_repository_is_up_to_date(name, tmp_path):
    write(tmp_path)

    assert (tmp_path / name).read_text(encoding="utf-8") == (DOCS / name).read_text(encoding="utf-8"), AGAIN


def test_the_page_opens_with_what_it_is_and_what_the_letters_mean():
    head = PAGE.partition("\n- [")[0]

    assert "Facts, not legal advice" in head
    assert "不构成法律意见" in head
    assert "generated" in head
    assert all(f"| {letter} |" in head for letter in "HML")


@pytest.mark.parametrize("pack", PACKS)
def test_the_page_names_every_fact_of_a_pack(pack):
    page = as_markdown([pack])

    for _, fact in facts_of(pack):
        assert f"`{getattr(fact, 'about', fact.name)}`" in page
        assert fact.article.zh in page
        assert fact.article.en in page
    assert all(f"{source.id}: {source.title}" in page for source in pack.sources)


@pytest.mark.parametrize("pack", PACKS)
def test_the_page_marks_as_many_rules_to_verify_as_there_are(pack):
    doubtful = sum(fact.to_verify for _, fact in facts_of(pack))

    assert as_markdown([pack]).partition("## " + pack.name)[2].count("**to verify** |") == doubtful


def test_every_table_has_as_many_cells_in_each_row_as_in_its_head():
    width = 0
    for line in PAGE.splitlines():
        cells = line.replace("\\|", "").count("|")
        assert not line.startswith("|") or not width or cells == width, line
        width = cells if line.startswith("|") else 0


def test_a_page_does_not_depend_on_the_order_of_the_packs():
    assert as_markdown(reversed(packaged())) == PAGE


def test_both_versions_of_a_regime_are_on_the_page_with_their_validity():
    assert "For what is received from 2021-11-12 to 2026-06-30." in PAGE
    assert "For what is received from 2026-07-01 on." in PAGE


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (15, Unit.CALENDAR_DAYS, "15 calendar days"),
        (1, Unit.WORKING_DAYS, "1 working day"),
        (8, Unit.WEEKS, "8 weeks"),
        (24, Unit.HOURS, "24 hours"),
    ],
)
def test_a_limit_is_written_in_words(value, unit, words):
    assert amount(value, unit) == words


@pytest.mark.parametrize(
    ("regime", "words"),
    [
        ("cn-nfra", "| `decision` | 处理决定 · decision | duty: answer | 15 calendar days |"),
        ("cn-nfra", "`received` → `answered`, `closed`; runs again on `new_facts`"),
        ("cn-nfra", "tier `complex` before; stated: `special_cause` | 高级管理层 · senior management |"),
        ("cn-nfra", "the number of a document | `pause_notice`"),
        ("cn-pbc", "As a further regime beside another: channel: 监管转办 · forwarded by the regulator."),
        ("uk-disp", "2024-01-11 to 2026-05-31 | 2023-11-17 to 2026-05-31 |"),
        ("uk-disp", "30 working days after the period"),
        ("uk-disp", "half-year, periods to 2026-12-31"),
        ("au-rg271", "by the end of August, the end of February"),
        ("hk-hkma", "a date that the firm names, at most 60 days from the start"),
        ("us-reg-e", "45 calendar days in all"),
        ("us-reg-x", "`received` → nothing"),
        ("cn-collections", "answered contacts: at most 3 a day, per person"),
    ],
)
def test_a_rule_is_told_in_words(regime, words):
    assert words in page_of(regime)


def test_how_days_are_counted_is_told_where_a_rule_sets_it():
    counting = {"first_day": True, "roll": Roll.NEXT, "ends_at": EndsAt.CLOSING, "calendar": "cn-public"}

    page = page_of("cn-nfra", clocks=(load_pack("cn-nfra").clock("review").model_copy(update=counting),))

    counted = "the day of the start is day 1; a last day of rest moves on to the next working day; ends at closing time"
    assert f"{counted}; calendar `cn-public`" in page


def test_a_ladder_of_its_own_is_told_and_the_usual_one_is_not_repeated():
    own = load_pack("cn-nfra").ladders[:1]

    assert "### Escalation" not in page_of("cn-nfra")
    assert "- all others · 其他: at 50 %: handler;" in page_of("cn-nfra", ladders=own).partition("### Escalation")[2]


def test_a_bar_in_a_title_does_not_break_a_table():
    title = load_pack("cn-nfra").clock("review").title.model_copy(update={"en": "a|b"})
    clock = load_pack("cn-nfra").clock("review").model_copy(update={"title": title})

    assert "a\\|b" in page_of("cn-nfra", clocks=(clock,))


def test_the_schema_is_that_of_a_pack_and_knows_its_parts():
    known = json.loads(SCHEMA)

    assert known["title"] == Pack.__name__
    assert {"clocks", "contacts", "provisions"} <= set(known["properties"])
    assert list(known) == sorted(known)


@pytest.mark.parametrize("file", packaged_files())
def test_the_schema_knows_every_key_of_a_packaged_pack(file):
    known = json.loads(SCHEMA)["properties"]

    assert set(tomllib.loads(packaged_files()[file])) <= set(known)
