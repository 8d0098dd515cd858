from datetime import datetime, timedelta
from importlib import resources

import pytest
from pydantic import ValidationError

from complaints.acts import ACTS
from complaints.deadlines import due, warn_at
from complaints.errors import SettingError
from complaints.regimes.model import ClockRule, Pack, load_pack
from complaints.words import LANGUAGES

PACKS = sorted(
    file.name.removesuffix(".toml")
    for file in (resources.files("complaints.regimes") / "packs").iterdir()
    if file.name.endswith(".toml")
)
CLOCKS = [pytest.param(name, rule, id=f"{name} {rule.name}") for name in PACKS for rule in load_pack(name).clocks]
LETTERS = [pytest.param(rule, id=f"{name} {rule.name}") for name in PACKS for rule in load_pack(name).letters]


def test_there_is_the_home_market_s_pack():
    assert "cn-nfra" in PACKS


@pytest.mark.parametrize("name", PACKS)
def test_every_packaged_pack_loads_under_its_own_name(name):
    pack = load_pack(name)

    assert pack.name == name
    assert pack.version
    assert pack.tz.key == pack.zone
    assert pack.title.zh
    assert pack.title.en


@pytest.mark.parametrize("name", PACKS)
def test_a_pack_names_each_rule_once(name):
    pack = load_pack(name)

    clocks, letters = [rule.name for rule in pack.clocks], [rule.name for rule in pack.letters]
    assert len(set(clocks)) == len(clocks)
    assert len(set(letters)) == len(letters)


@pytest.mark.parametrize(("name", "rule"), CLOCKS)
def test_a_clock_starts_and_ends_with_acts_that_exist(name, rule):
    assert {rule.starts, *rule.ends} <= set(ACTS)
    assert rule.ends, "nothing would ever stop it"
    assert "closed" in rule.ends, "it would run on after the case was closed"
    assert rule.starts not in rule.ends


@pytest.mark.parametrize(("name", "rule"), CLOCKS)
def test_a_clock_is_named_in_both_languages(name, rule):
    assert rule.title.zh
    assert rule.title.en
    assert len(rule.name) <= 32  # its column


@pytest.mark.parametrize(("name", "rule"), CLOCKS)
def test_a_clock_warns_after_it_starts_and_before_it_ends(name, rule):
    pack = load_pack(name)
    late_in_the_day = datetime(2026, 3, 2, 23, 59, tzinfo=pack.tz)
    until = due(rule, late_in_the_day, pack.tz)

    warned = warn_at(rule, until.at)

    assert warned is None or late_in_the_day < warned < until.at


@pytest.mark.parametrize("rule", [*(case.values[1] for case in CLOCKS), *(case.values[0] for case in LETTERS)], ids=str)
def test_every_rule_says_where_it_stands_and_how_sure_that_is(rule):
    assert rule.article.zh.strip()
    assert rule.article.en.strip()
    assert rule.confidence in "HML"
    assert rule.to_verify is (rule.confidence != "H")


@pytest.mark.parametrize("rule", LETTERS)
def test_a_letter_that_a_pack_speaks_of_exists_in_both_languages(rule):
    assert rule.elements

    for language in LANGUAGES:
        assert (resources.files("templates") / "letters" / rule.name / f"{language}.html").is_file()


def test_the_chinese_measure_gives_fifteen_calendar_days_for_a_decision():
    rule = load_pack("cn-nfra").clock("decision")

    assert (rule.budget, rule.unit, rule.starts, rule.confidence) == (15, "calendar_days", "received", "H")
    assert rule.warn_before_hours == timedelta(days=3) / timedelta(hours=1)


def test_a_regime_that_is_not_there_names_those_that_are():
    with pytest.raises(SettingError, match=r"no regime pack 'cn-nfrb'. Choose one of: .*cn-nfra"):
        load_pack("cn-nfrb")


def test_a_letter_of_which_the_regime_asks_nothing_has_no_rule():
    assert load_pack("cn-nfra").letter("suggestion_thanks") is None


A_CLOCK = load_pack("cn-nfra").clock("decision").model_dump(mode="json")


@pytest.mark.parametrize(
    "mistake",
    [{"budget": 0}, {"unit": "weeks"}, {"confidence": "certain"}, {"ending": "answered"}, {"warn_before_hours": 0}],
    ids=str,
)
def test_a_mistake_in_a_pack_is_found_when_it_is_loaded(mistake):
    with pytest.raises(ValidationError):
        ClockRule.model_validate(A_CLOCK | mistake)


def test_a_pack_refuses_keys_it_does_not_know():
    with pytest.raises(ValidationError, match="retention_years"):
        Pack.model_validate(load_pack("cn-nfra").model_dump() | {"retention_years": 5})
