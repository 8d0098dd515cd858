"""``redress contacts check``, as a compliance officer types it."""

import json
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from complaints.contacts.checking import read_rules
from complaints.contacts.log import COLUMNS, ContactLogInvalid
from complaints.errors.base import ComplaintError
from complaints.errors.settings import RuleFileInvalid, SettingError
from complaints.words import EN, ZH
from deployments import contacts_cli

RULES = """
[[contacts]]
kind = "hours"
name = "night"
title = { zh = "夜间禁止", en = "no contact at night" }
forbidden = { from = "22:00", before = "08:00" }
roles = ["debtor"]
article = { zh = "第一条", en = "art. 1" }
confidence = "H"

[[contacts]]
kind = "frequency"
name = "twice"
title = { zh = "每日两次", en = "twice a day" }
effect = "presumption"
maximum = 2
days = 1
per = ["person"]
roles = ["debtor"]
article = { zh = "第二条", en = "art. 2" }
confidence = "L"
"""
HEADER = "id,at,by,debt,person,number,zones,medium,outcome"
IN_ORDER = "A-1,2026-03-02T09:00:00+08:00,firm,loan-1,林知夏,13900001111,Asia/Shanghai,call,answered"
AT_NIGHT = IN_ORDER.replace("A-1", "A-2").replace("T09", "T22")
SECOND, THIRD = IN_ORDER.replace("A-1", "A-3"), IN_ORDER.replace("A-1", "A-4")


@pytest.fixture
def ruleset(tmp_path):
    file = tmp_path / "own.toml"
    file.write_text(RULES, encoding="utf-8")
    return file


@pytest.fixture
def run(tmp_path, ruleset):
    """Runs the command on a log of these rows; what the command line turns into one line is raised."""

    def run(*rows, options=(), rules=None, header=HEADER):
        log = tmp_path / "log.csv"
        log.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        arguments = ["check", str(rules or ruleset), str(log), *options]
        result = CliRunner().invoke(contacts_cli.app, arguments)
        if isinstance(result.exception, ComplaintError | OSError):
            raise result.exception
        return result

    return run


@pytest.fixture(autouse=True)
def _wide(monkeypatch):
    """The test's runner puts another stream in the place of standard output; the console must write there."""
    monkeypatch.setattr(contacts_cli.out, "_file", None)
    monkeypatch.setattr(contacts_cli.out, "width", 240)


def test_a_log_in_order_ends_with_zero(run):
    result = run(IN_ORDER, options=("--lang", EN))

    assert result.exit_code == 0
    assert result.output.strip() == "1 contacts checked, 0 findings"


def test_findings_are_a_table_and_end_with_one(run):
    result = run(IN_ORDER, AT_NIGHT, SECOND, THIRD, options=("--lang", EN))

    assert result.exit_code == 1
    for words in (
        "A-2",
        "violation",
        "2026-03-02 22:00:00+0800",
        "no contact at night (art. 1)",
        "presumption of a violation",
        "3/2",
        "twice a day (art. 2) [to verify: L]",
        "4 contacts checked, 3 findings",
    ):
        assert words in result.output


def test_findings_are_told_in_chinese_unless_asked_otherwise(run):
    result = run(AT_NIGHT)

    assert "夜间禁止 (第一条)" in result.output
    assert "属于禁止联系的时段" in result.output
    assert "已检查 1 条联系记录，发现 1 项" in result.output
    assert run(AT_NIGHT, options=("--lang", ZH)).output == result.output


def test_findings_as_json_are_one_object_a_line_in_both_languages(run):
    result = run(IN_ORDER, AT_NIGHT, SECOND, THIRD, options=("--json",))

    assert result.exit_code == 1
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(one["rule"], one["record"], one["effect"]) for one in lines] == [
        ("twice", "A-4", "presumption"),
        ("night", "A-2", "violation"),
        ("twice", "A-2", "presumption"),
    ]
    assert lines[0]["records"] == ["A-1", "A-3", "A-4"]
    assert (lines[0]["count"], lines[0]["limit"], lines[0]["to_verify"]) == (3, 2, True)
    assert (lines[1]["local"], lines[1]["article"]) == ("2026-03-02T22:00:00+08:00", {"zh": "第一条", "en": "art. 1"})
    assert lines[1]["sentence"].keys() == {"zh", "en"}


def test_nothing_found_is_no_line_of_json(run):
    result = run(IN_ORDER, options=("--json",))

    assert (result.exit_code, result.stdout) == (0, "")


@pytest.mark.parametrize("options", [(), ("--json",), ("--lang", EN)])
def test_nobody_s_name_or_number_is_printed(run, options):
    output = run(AT_NIGHT, options=options).output

    assert "林知夏" not in output
    assert "13900001111" not in output
    assert "loan-1" not in output


def test_the_rules_of_a_regime_are_taken_from_its_pack(run, monkeypatch):
    monkeypatch.setattr(contacts_cli, "load_pack", lambda name: {"own": read_pack()}[name])

    assert run(AT_NIGHT, rules="own").exit_code == 1


def read_pack():
    return SimpleNamespace(contacts=read_rules(RULES, "own.toml").contacts)


@pytest.mark.parametrize(
    ("rows", "changes", "error", "words"),
    [
        ([IN_ORDER.replace("+08:00", "")], {}, ContactLogInvalid, "log.csv, row 2, at: has no time zone"),
        ([IN_ORDER.replace("answered", "spoke")], {}, ContactLogInvalid, "row 2, outcome: is unknown; write one"),
        ([IN_ORDER.replace("Asia/Shanghai", "Peking")], {}, ContactLogInvalid, "row 2, zones: names no zone"),
        ([], {"header": IN_ORDER}, ContactLogInvalid, "row 1: lacks the columns"),
        ([], {"rules": "nowhere"}, SettingError, "nowhere"),
        ([], {"rules": "cn-nfra"}, SettingError, "'cn-nfra' has no contact rules. Choose a regime of debt"),
        ([], {"rules": "nowhere.toml"}, FileNotFoundError, "nowhere.toml"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place_and_cure(run, rows, changes, error, words):
    with pytest.raises(error) as refused:
        run(*rows, **changes)

    assert words in str(refused.value)
    assert "林知夏" not in str(refused.value)


def test_a_rule_set_that_is_wrong_is_refused_with_its_line(run, ruleset):
    ruleset.write_text(RULES.replace("maximum = 2", "maximum = -2"), encoding="utf-8")

    with pytest.raises(RuleFileInvalid, match=r"own\.toml, line 1[0-9]: .*maximum"):
        run(IN_ORDER)


def test_a_rule_set_in_another_encoding_is_refused(run, ruleset):
    ruleset.write_bytes(RULES.encode("gb18030"))

    with pytest.raises(SettingError, match="Save it as UTF-8"):
        run(IN_ORDER)


def test_a_log_that_is_not_there_is_refused(ruleset):
    result = CliRunner().invoke(contacts_cli.app, ["check", str(ruleset), "nowhere.csv"])

    assert result.exit_code == 2


def test_the_help_names_every_column_of_a_log():
    help_ = CliRunner().invoke(contacts_cli.app, ["check", "--help"], env={"COLUMNS": "200"}).output

    assert not [name for name in COLUMNS if name not in help_]
