"""The command line, as a clerk or an administrator types it."""

import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer.main
from prefect.settings import PREFECT_API_URL, temporary_settings
from sqlalchemy import text

from complaints import acts
from complaints.adapters.linking import open_link
from complaints.answers import Question
from complaints.case import Case
from complaints.sealing import MasterKey
from complaints.words import Conclusion, Kind, Remedy, Stage
from deployments import cli
from tests.builders import EMAIL, a_complaint, a_stored_case, an_act, complaint_values, file_complaint, prepare_letter
from tests.deployments.conftest import Answer, Installation, Redress, Substitute, refused

COMMANDS = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined] # a group has them
SAID = ("林知夏", EMAIL["value"], "账户服务费被扣", "退还多扣")
"""What the complainant of the builders said and is."""


def stored(firm: Installation, stage: Stage = Stage.RECEIVED, **changes: Any) -> str:
    return a_stored_case(firm.store, stage, **changes)


# --- help --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_explains_itself(redress: Redress, name: str) -> None:
    answer = redress(name, "--help")

    assert (answer.code, answer.err) == (0, "")
    assert answer.words.startswith(f"Usage: redress {name}")


@pytest.mark.parametrize(
    ("command", "parameter"),
    [
        pytest.param(command, parameter, id=f"{name} {parameter.name}")
        for name, command in sorted(COMMANDS.items())
        for parameter in command.params
    ],
)
def test_every_argument_and_option_says_what_it_is(command: Any, parameter: Any) -> None:
    assert re.search(r"\w{2,}", parameter.help or ""), f"{parameter.name} has no help"


@pytest.mark.parametrize("name", sorted(name for name, command in COMMANDS.items() if not command.hidden))
def test_the_help_is_written_for_people(redress: Redress, name: str) -> None:
    words = redress(name, "--help").words

    assert re.search(r"[.:)] ", words), "a sentence says what it is for"
    assert not re.search(r"None|NoneType|typer|Enum\b|Args:|Returns:|Raises:|\bdict\b|\bbool\b(?!>)|``", words)


def test_redress_alone_shows_all_commands(redress: Redress) -> None:
    answer = redress()

    assert answer.code == 0
    assert not [name for name, command in COMMANDS.items() if not command.hidden and name not in answer.words]


def test_the_installed_command_runs_and_ends_as_within_these_tests(firm: Installation) -> None:
    command = [str(Path(sys.executable).with_name("redress")), "show", "TS000000-NOSUCH1"]

    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=dict(os.environ), check=False)

    assert refused(Answer(done.returncode, done.stdout, done.stderr), "There is no case TS000000-NOSUCH1")


# --- taking in ---------------------------------------------------------------------------------

REFERENCE = re.compile(r"TS\d{6}-[2-9A-Z]{7}")


def reference_in(answer: Answer) -> str:
    found = REFERENCE.match(answer.out)
    assert found, answer
    return found.group()


def test_the_counter_files_a_complaint_with_options(redress: Redress, firm: Installation) -> None:
    answer = redress(
        *("file", "--name", "林知夏", "--phone", "13800000101", "--email", EMAIL["value"], "--kind", "complaint"),
        *(
            "--narrative",
            "柜员态度差。",
            "--wanted",
            "道歉",
            "--product",
            "轻舟消费贷",
            "--lang",
            "en",
            "--by",
            "li.wei",
        ),
    )

    assert answer.code == 0
    case = firm.store.read_case(reference_in(answer))
    assert case.facts.sender == "staff:li.wei"
    assert case.complaint == a_complaint(
        number=None,
        channel="counter",
        language="en",
        complainant={"name": "林知夏", "contacts": [EMAIL, {"kind": "phone", "value": "13800000101"}]},
        narrative="柜员态度差。",
        wanted="道歉",
        category=None,
        amount=None,
    )


def test_a_file_or_standard_input_holds_a_complaint_as_json(
    redress: Redress, firm: Installation, tmp_path: Path
) -> None:
    (tmp_path / "one.json").write_text(json.dumps(complaint_values(), ensure_ascii=False), encoding="utf-8")
    other = json.dumps(complaint_values(number="CRM-0002"), ensure_ascii=False).encode("utf-8-sig")

    references = [reference_in(redress("file", tmp_path / "one.json")), reference_in(redress("file", "-", stdin=other))]

    assert [firm.store.read_case(one).facts.number for one in references] == ["CRM-0001", "CRM-0002"]


def test_a_complaint_is_filed_while_prefect_is_away(redress: Redress) -> None:
    answer = redress("file", "--narrative", "柜员态度差。")

    assert answer.code == 0
    assert "Stored. Prefect does not answer" in answer.words


def test_filing_the_same_number_twice_adds_nothing(redress: Redress, firm: Installation) -> None:
    content = json.dumps(complaint_values()).encode()

    first, again = redress("file", "-", stdin=content), redress("file", "-", stdin=content)

    assert reference_in(again) == reference_in(first)
    assert "nothing was added" in again.words
    assert firm.rows()["cases"] == 1


@pytest.mark.parametrize(
    ("arguments", "stdin", "words"),
    [
        ([], b"", ["narrative: ", "at least 1 character"]),
        (["--narrative", "x", "--email", "li.wei"], b"", ["contacts.0: is not an e-mail address"]),
        (["--narrative", "x", "--phone", "call me"], b"", ["contacts.0: is not a telephone number"]),
        (["--narrative", "x\x00"], b"", ["narrative: contains control characters"]),
        (["--narrative", "x", "--channel", "pigeon"], b"", ["'--channel'", "'pigeon'", "'counter'", "file --help"]),
        (["--narrative", "x", "--lang", "fr"], b"", ["'--lang'", "'zh-CN', 'en'"]),
        (["--narrative", "x", "--by", ""], b"", ["--by: say who you are"]),
        (["--narrative", "x", "--by", "李 伟"], b"", ["--by: a staff number has"]),
        (["--narrative"], b"", ["'--narrative'", "requires an argument"]),
        (["--colour", "red"], b"", ["--colour"]),
        (["no-such-file.json"], b"", ["no-such-file.json"]),
        (["."], b"", ["directory"]),
        (["-"], b"", ["file: is not JSON"]),
        (["-"], b"[]", ["complaint: ", "dictionary"]),
        (["-"], b'{"channel": "web"}', ["narrative: Field required"]),
        (["-"], b'{"channel": "web", "narrative": "a", "colour": 1}', ["colour: "]),
        (["-"], b'{"channel": "web",\n "narrative" "a"}', ["file: is not JSON (line 2"]),
        (["-"], '{"narrative": "柜员"}'.encode("gbk"), ["file: is not text in UTF-8"]),
        (["-"], b"[" * 100_000, ["file: "]),
        (["-"], b"9" * 5_000, ["file: "]),
        (["-"], b'{"channel": "web", "narrative": "a", "received_at": "2999-01-01T00:00:00Z"}', ["received_at: is in"]),
    ],
    ids=lambda value: repr(value)[:40] if isinstance(value, list | bytes) else None,
)
def test_a_complaint_that_cannot_be_taken_is_one_line_and_nothing_is_stored(
    redress: Redress, firm: Installation, arguments: list[str], stdin: bytes, words: list[str]
) -> None:
    before = firm.rows()

    assert refused(redress("file", *arguments, stdin=stdin), *words)
    assert firm.rows() == before


def test_another_complaint_under_a_number_in_use_is_one_line(redress: Redress) -> None:
    reference = reference_in(redress("file", "-", stdin=json.dumps(complaint_values()).encode()))

    assert refused(redress("file", "-", stdin=json.dumps(complaint_values(wanted="道歉")).encode()), reference)


CSV = """\
Date received,Product,Issue,State,Submitted via,Timely response?,Complaint ID,Consumer complaint narrative
2019-09-24,Checking or savings account,Managing an account,FL,Web,Yes,3384392,They charged me twice.
2019-09-25,Debt collection,Attempts to collect debt not owed,,Phone,No,3384393,
someday,Debt collection,Attempts to collect debt not owed,CA,Phone,No,3384394,My name is Hazel.
"""


def test_an_import_says_what_was_taken_and_why_the_rest_was_not(
    redress: Redress, firm: Installation, tmp_path: Path
) -> None:
    (tmp_path / "cfpb.csv").write_text(CSV)

    first = redress("import", tmp_path / "cfpb.csv", "--rejects", tmp_path / "rejects.csv")
    again = redress("import", tmp_path / "cfpb.csv")

    assert (first.code, again.code) == (0, 0)
    assert "2 new, 0 updated, 0 already there, 1 rejected" in first.out
    assert "row 4, Date received: " in first.out
    assert "Hazel" not in first.out
    assert (tmp_path / "rejects.csv").read_text().splitlines()[1].startswith("4,Date received,")
    assert "0 new, 0 updated, 2 already there, 1 rejected" in again.out
    assert firm.rows()["cases"] == 2


def test_imported_history_is_closed_and_an_open_import_is_to_be_handled(redress: Redress, tmp_path: Path) -> None:
    (tmp_path / "cfpb.csv").write_text(CSV)

    redress("import", tmp_path / "cfpb.csv", "--limit", "1")
    redress("import", tmp_path / "cfpb.csv", "--open")

    assert len(REFERENCE.findall(redress("list").out)) == 1
    assert len(REFERENCE.findall(redress("list", "--all").out)) == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"a,b\n1,2\n", ["Complaint ID"]), (b"", ["lacks the columns"]), (b"\x1f\x8b\x08 no gzip", [])],
    ids=["other columns", "empty", "damaged gzip"],
)
def test_a_file_that_cannot_be_imported_is_one_line(
    redress: Redress, firm: Installation, tmp_path: Path, content: bytes, words: list[str]
) -> None:
    (tmp_path / "cfpb.csv.gz").write_bytes(content)
    before = firm.rows()

    assert refused(redress("import", tmp_path / "cfpb.csv.gz"), *words)
    assert firm.rows() == before


# --- looking -----------------------------------------------------------------------------------


def test_the_list_shows_open_cases_and_what_each_waits_for(redress: Redress, firm: Installation) -> None:
    waiting = stored(firm, Stage.UNDER_INVESTIGATION)
    closed = stored(firm, Stage.CLOSED, number="CRM-0002")

    open_ones, all_, of_stage = redress("list"), redress("list", "--all"), redress("list", "--stage", "closed")

    assert f"{waiting} 投诉 · complaint fees 调查中 · under investigation finding" in open_ones.words
    assert [waiting in one.out for one in (open_ones, all_, of_stage)] == [True, True, False]
    assert [closed in one.out for one in (open_ones, all_, of_stage)] == [False, True, True]


def test_the_longest_words_leave_the_reference_whole(
    redress: Redress, firm: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = stored(firm, Stage.UNDER_INVESTIGATION, kind=Kind.REPORT, category="credit_report")
    monkeypatch.setattr(cli.out, "width", 80)

    assert reference in redress("list").out


def test_the_list_says_where_nobody_knows_whether_runs_were_cancelled(redress: Redress, firm: Installation) -> None:
    assert "Prefect does not answer" not in redress("list").out  # there is nothing to ask about
    stored(firm, Stage.UNDER_INVESTIGATION)

    assert "Prefect does not answer: whether runs were cancelled is not known now." in redress("list").words


def test_the_list_shows_days_of_the_firms_zone(redress: Redress, firm: Installation) -> None:
    stored(firm, received_at=datetime(2026, 3, 1, 16, 30, tzinfo=UTC))  # already 2 March in Shanghai

    assert "2026-03-02 2026-03-17 late" in redress("list").words


def test_show_tells_where_a_case_stands_its_record_and_its_ledger(redress: Redress, firm: Installation) -> None:
    reference = stored(firm, Stage.DECIDED)

    shown = redress("show", reference)

    assert shown.code == 0
    assert not [word for word in (*SAID, reference, "已决定 · decided", "CRM-0001") if word not in shown.out]
    for kind in ("received", "acknowledged", "assessed", "found", "decided"):
        assert re.search(rf"\b{kind}\b", shown.words)


def test_show_prints_what_was_said_as_it_was_said(redress: Redress, firm: Installation) -> None:
    """Neither square brackets nor words between colons are mark-up."""
    reference = file_complaint(firm.store, narrative="[bold]text[/] [/b] :key: ✓", product="[/] :key:")

    shown = redress("show", reference)

    assert shown.code == 0, shown.err
    assert "[bold]text[/] [/b] :key: ✓" in shown.out
    assert "product=[/] :key:" in shown.words


def test_a_confidential_reporter_is_hidden(redress: Redress, firm: Installation) -> None:
    reference = stored(firm, Stage.UNDER_INVESTIGATION, kind=Kind.REPORT, number="HR-77", region="CN-31")

    shown = redress("show", reference)

    assert shown.code == 0
    assert not [word for word in (*SAID, "HR-77", "轻舟消费贷", "CN-31") if word in shown.out]
    assert "--reveal" in shown.out
    assert "viewed" not in [entry.kind for entry in firm.store.entries(reference)]


def test_a_reporter_is_hidden_before_the_report_is_known_to_be_one(redress: Redress, firm: Installation) -> None:
    reference = stored(firm, kind=None, category=None, narrative="我要举报张经理收受回扣。")

    shown = redress("show", reference)

    assert firm.store.read_case(reference).kind is None
    assert not [word for word in (*SAID, "张经理", "轻舟消费贷") if word in shown.out]


def test_the_secret_link_of_a_case_is_shown_again_to_somebody_with_a_name_and_the_ledger_knows(
    redress: Redress, firm: Installation
) -> None:
    reference = stored(firm, Stage.UNDER_INVESTIGATION)
    firm.set(REDRESS_PUBLIC_URL="https://complaints.example.cn")
    assert refused(redress("link", reference), "--by")

    shown = redress("link", reference, "--by", "li.wei")

    url = next(line for line in shown.out.splitlines() if line.startswith("https://"))
    _, token = url.rsplit("/", 1)
    assert url == f"https://complaints.example.cn/c/{reference}/{token}"
    assert open_link(firm.store, reference, token) is not None
    assert "先核实对方身份" in shown.out
    assert "First make sure who asks" in shown.out
    last = firm.store.entries(reference)[-1]
    assert (last.kind, last.by, json.loads(last.facts)) == ("viewed", "li.wei", {"what": "link"})
    assert token not in "".join(entry.facts for entry in firm.store.entries(reference))


def test_a_link_that_only_this_machine_opens_is_said_to_be_such(redress: Redress, firm: Installation) -> None:
    assert "REDRESS_PUBLIC_URL is not set" in redress("link", stored(firm), "--by", "li.wei").words


def test_a_letter_that_lay_ready_is_recorded_as_sent(redress: Redress, firm: Installation) -> None:
    reference = stored(firm)
    with firm.store.open_case(reference) as desk:
        prepare_letter(desk.case, number=(number := f"{reference}-1"))
        desk.case.record(an_act(acts.LetterSent, kept=acts.Kept.HAND_OVER), desk.now)

    assert redress("sent", number, "--by", "li.wei").out.strip() == f"Recorded: {number} has gone."

    last = firm.store.entries(reference)[-1]
    assert (last.kind, last.by) == ("letter_sent", "li.wei")
    assert refused(redress("sent", number, "--by", "li.wei"), "has left already")
    assert refused(redress("sent", "nonsense", "--by", "li.wei"), "There is no case")


def test_a_confidential_reporter_is_revealed_to_somebody_with_a_name_and_the_ledger_knows(
    redress: Redress, firm: Installation
) -> None:
    reference = stored(firm, Stage.UNDER_INVESTIGATION, kind=Kind.REPORT)

    nameless = redress("show", reference, "--reveal")
    revealed = redress("show", reference, "--reveal", "--by", "chen.jie")

    assert refused(nameless, "--by")
    assert not [word for word in SAID if word in nameless.out]
    assert not [word for word in SAID if word not in revealed.out]
    assert [(one.kind, one.by) for one in firm.store.entries(reference)][-1] == ("viewed", "chen.jie")
    assert [one.kind for one in firm.store.entries(reference)].count("viewed") == 1


def test_show_says_that_a_person_was_erased(redress: Redress, firm: Installation) -> None:
    reference = stored(firm)
    with firm.store.write() as session:
        session.execute(text("UPDATE case_keys SET wrapped = NULL"))

    shown = redress("show", reference)

    assert shown.code == 0, shown.err
    assert "erased" in shown.out
    assert not [word for word in SAID if word in shown.out]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ((), ["第 15 日 2026-03-17", "到期：2026-03-17 24:00", "待核实（L）"]),
        (("--lang", "zh-CN"), ["第 15 日 2026-03-17"]),
        (("--lang", "en"), ["day 15 is 2026-03-17", "due 2026-03-17 24:00", "to verify (L)"]),
    ],
)
def test_explain_tells_how_each_deadline_was_counted(
    redress: Redress, firm: Installation, language: tuple[str, ...], words: list[str]
) -> None:
    reference = stored(firm, received_at="2026-03-02T09:00:00+08:00")

    explained = redress("explain", reference, *language)

    assert explained.code == 0
    for clock in firm.store.read_case(reference).pack.clocks[:2]:  # those that run from the receipt on
        assert (clock.title.en if "en" in language else clock.title.zh) in explained.out
        assert (clock.article.en if "en" in language else clock.article.zh) in explained.out
    assert not [word for word in words if word not in explained.out], explained.out


def test_explain_tells_what_was_done_too_late(redress: Redress, firm: Installation) -> None:
    reference = stored(firm, Stage.ACKNOWLEDGED, received_at="2026-03-02T09:00:00+08:00")

    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d redress done late", redress("explain", reference, "--lang", "en").out)


def test_explain_says_that_no_clock_runs(redress: Redress, firm: Installation, tmp_path: Path) -> None:
    (tmp_path / "cfpb.csv").write_text(CSV)
    redress("import", tmp_path / "cfpb.csv")

    explained = redress("explain", firm.store.list_cases()[0].reference, "--lang", "en")

    assert "No time limit runs for this case." in explained.out


def test_explain_knows_two_languages(redress: Redress, firm: Installation) -> None:
    assert refused(redress("explain", stored(firm), "--lang", "fr"), "'--lang'", "'zh-CN', 'en'")


# --- verifying ---------------------------------------------------------------------------------


def test_an_untouched_ledger_is_verified(redress: Redress, firm: Installation) -> None:
    one, other = stored(firm, Stage.CLOSED, letter=True), stored(firm, number="CRM-0002")

    everything, only_one = redress("verify"), redress("verify", other)

    assert (everything.code, only_one.code) == (0, 0)
    entries = [len(firm.store.entries(reference)) for reference in (one, other)]
    assert f"{sum(entries)} entries of 2 cases checked, 0 broken" in everything.out
    assert f"{entries[1]} entries of 1 cases checked, 0 broken" in only_one.out


@pytest.mark.parametrize("column", ["facts", "sealed"])
def test_one_altered_byte_is_found_and_named(redress: Redress, firm: Installation, column: str) -> None:
    reference, untouched = stored(firm, Stage.DECIDED), stored(firm, number="CRM-0002")
    seq = next(entry.seq for entry in firm.store.entries(reference) if entry.kind == "found")
    with sqlite3.connect(firm.home / "cases.db") as database:
        (value,) = database.execute(f"SELECT {column} FROM ledger WHERE reference = ? AND seq = ?", (reference, seq))
        content = bytearray(value[0].encode() if column == "facts" else value[0])
        content[20] ^= 1
        altered = content.decode() if column == "facts" else bytes(content)
        database.execute(f"UPDATE ledger SET {column} = ? WHERE reference = ? AND seq = ?", (altered, reference, seq))

    verified = redress("verify")

    assert verified.code == 1
    broken = [line for line in verified.out.splitlines() if line.startswith("BROKEN")]
    assert len(broken) == 1
    assert reference in broken[0]
    assert re.search(rf"\b{seq}\b", broken[0])
    assert redress("verify", reference).code == 1
    assert redress("verify", untouched).code == 0


# --- handling ----------------------------------------------------------------------------------


def test_an_answer_is_recorded_under_a_name(redress: Redress, firm: Installation) -> None:
    reference = stored(firm, Stage.UNDER_INVESTIGATION)

    answer = redress(
        *("answer", reference, "finding", "conclusion=substantiated", "reasons=a = b", "--by", "li.wei"),
    )

    assert answer.code == 0
    assert f"Recorded: finding of {reference}." in answer.words
    case = firm.store.read_case(reference)
    assert (case.stage, case.answered_by) == (Stage.INVESTIGATED, {Question.FINDING: "li.wei"})
    assert case.found is not None
    assert (case.found.conclusion, case.found.reasons) == (Conclusion.SUBSTANTIATED, "a = b")


def test_a_second_answer_to_the_same_question_changes_nothing(redress: Redress, firm: Installation) -> None:
    reference = stored(firm, Stage.UNDER_INVESTIGATION)
    redress("answer", reference, "finding", "conclusion=substantiated", "reasons=r", "--by", "li.wei")
    before = firm.store.entries(reference)

    again = redress("answer", reference, "finding", "conclusion=unsubstantiated", "reasons=r", "--by", "chen.jie")

    assert refused(again, "already answered by li.wei")
    assert firm.store.entries(reference) == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["finding", "conclusion=substantiated", "reasons=r", "colour=red"], ["colour: "]),
        (["finding", "conclusion=perhaps"], ["conclusion: ", "'substantiated'", "'not_ours'"]),
        (["finding", "conclusion"], ["conclusion: write it as FIELD=VALUE"]),
        (["finding", "conclusion=not_ours", "conclusion=substantiated"], ["conclusion: is there twice"]),
        (["finding"], ["conclusion: Field required"]),
        (["finding", "conclusion=substantiated"], ["reasons: Field required"]),
        (["finding", "conclusion=substantiated", "reasons= "], ["reasons: "]),
        (["decision", "outcome=upheld", "reasons=r"], ["does not ask for 'decision' now", "asks for 'finding'"]),
        (["opinion", "outcome=upheld"], ["FORM", "'opinion'", "'finding'"]),
        ([], ["FORM", "answer --help"]),
    ],
)
def test_a_wrong_answer_is_one_line_and_changes_nothing(
    redress: Redress, firm: Installation, arguments: list[str], words: list[str]
) -> None:
    reference = stored(firm, Stage.UNDER_INVESTIGATION)
    before = firm.rows()

    assert refused(redress("answer", reference, *arguments, "--by", "li.wei"), *words)
    assert firm.rows() == before


@pytest.mark.parametrize("by", [(), ("--by", ""), ("--by", "x" * 65), ("--by", "li\nwei")])
@pytest.mark.parametrize("command", ["answer", "withdraw", "contact"])
def test_whoever_changes_a_case_says_who_they_are(
    redress: Redress, firm: Installation, command: str, by: tuple[str, ...]
) -> None:
    reference = stored(firm, Stage.UNDER_INVESTIGATION)
    before = firm.rows()
    rest = {"answer": ["finding", "conclusion=not_ours", "reasons=r"], "contact": ["phone", "13800000102"]}

    assert refused(redress(command, reference, *rest.get(command, []), *by), "--by: ")
    assert firm.rows() == before


def test_a_money_remedy_without_an_amount_is_refused_with_the_reason(redress: Redress, firm: Installation) -> None:
    reference = stored(firm, Stage.INVESTIGATED)

    answer = redress(
        *("answer", reference, "decision", "outcome=upheld", "remedy=refund", "reasons=r", "--by", "li.wei"),
    )

    assert refused(answer, f"amount: a remedy '{Remedy.REFUND}' needs an amount above zero")


def test_a_withdrawn_case_is_closed_once(redress: Redress, firm: Installation) -> None:
    reference = stored(firm, Stage.UNDER_INVESTIGATION)

    first, again = (redress("withdraw", reference, "--by", "li.wei") for _ in range(2))

    assert (first.code, firm.store.read_case(reference).stage) == (0, Stage.CLOSED)
    assert f"{reference} is closed: withdrawn." in first.words
    assert refused(again, "at stage 'closed'")


def test_another_contact_gets_the_next_number(redress: Redress, firm: Installation) -> None:
    reference = stored(firm)

    answer = redress("contact", reference, "phone", "13800000102", "--by", "li.wei")

    assert f"Contact 2 of {reference}." in answer.out
    assert "13800000102" not in answer.out
    assert [one.value for one in firm.store.read_case(reference).contacts] == [EMAIL["value"], "13800000102"]


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("email", "li.wei", ["value: is not an e-mail address"]),
        ("phone", "12", ["value: "]),
        ("fax", "13800000102", ["'fax'", "'email'"]),
    ],
)
def test_a_wrong_contact_is_one_line(
    redress: Redress, firm: Installation, kind: str, value: str, words: list[str]
) -> None:
    reference = stored(firm)
    before = firm.rows()

    assert refused(redress("contact", reference, kind, value, "--by", "li.wei"), *words)
    assert firm.rows() == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("show",),
        ("explain",),
        ("verify",),
        ("answer", "finding", "conclusion=not_ours", "reasons=r", "--by", "li.wei"),
        ("withdraw", "--by", "li.wei"),
        ("contact", "phone", "13800000102", "--by", "li.wei"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_reference_that_nobody_knows_is_one_line(redress: Redress, arguments: tuple[str, ...]) -> None:
    command, *rest = arguments

    assert refused(redress(command, "[TS000000]", *rest), "There is no case [TS000000]", "redress list")


def test_no_command_but_show_prints_personal_data(redress: Redress, firm: Installation) -> None:
    reference = stored(firm, Stage.UNDER_INVESTIGATION, letter=True, narrative="账户服务费被扣了两次。" * 5)
    content = json.dumps(complaint_values(), ensure_ascii=False).encode()
    printed = [
        redress(*arguments, stdin=content)
        for arguments in (
            ("list", "--all"),
            ("explain", reference),
            ("verify",),
            ("doctor",),
            ("file", "-"),
            ("contact", reference, "email", "lin.zhixia@example.cn", "--by", "li.wei"),
            ("answer", reference, "finding", "conclusion=substantiated", "reasons=林知夏被扣款", "--by", "li.wei"),
            ("answer", reference, "decision", "outcome=upheld", "remedy=林知夏", "reasons=r", "--by", "li.wei"),
            ("withdraw", reference, "--by", "li.wei"),
        )
    ]

    assert not [word for word in SAID for one in printed if word in one.out + one.err]


# --- what is wrong with the installation -------------------------------------------------------


def lose_the_key(firm: Installation) -> None:
    (firm.home / "master.key").unlink()


def put_another_key(firm: Installation) -> None:
    lose_the_key(firm)
    MasterKey.create(firm.home / "master.key")


def let_others_read_the_key(firm: Installation) -> None:
    (firm.home / "master.key").chmod(0o644)


def put_text_for_a_key(firm: Installation) -> None:
    (firm.home / "master.key").write_bytes("钥匙".encode())


def put_a_folder_for_a_key(firm: Installation) -> None:
    lose_the_key(firm)
    (firm.home / "master.key").mkdir(mode=0o700)


def spoil_the_database(firm: Installation) -> None:
    (firm.home / "cases.db").write_bytes(b"no database" * 1000)


def cut_the_database(firm: Installation) -> None:
    file = firm.home / "cases.db"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def put_a_folder_for_a_database(firm: Installation) -> None:
    (firm.home / "folder").mkdir()
    firm.set(REDRESS_DATABASE_URL=f"sqlite:///{firm.home / 'folder'}")


def take_away_the_database(firm: Installation) -> None:
    firm.set(REDRESS_DATABASE_URL="postgresql://redress:pass-word@127.0.0.1:1/cases")


def name_another_database(firm: Installation) -> None:
    firm.set(REDRESS_DATABASE_URL="mysql://redress:pass-word@127.0.0.1/cases")


def name_no_database(firm: Installation) -> None:
    firm.set(REDRESS_DATABASE_URL="redress:pass-word@127.0.0.1/cases")


def name_a_port_that_is_none(firm: Installation) -> None:
    firm.set(REDRESS_DATABASE_URL="postgresql://redress:pass-word@127.0.0.1:port/cases")


def name_a_driver_that_is_not_there(firm: Installation) -> None:
    firm.set(REDRESS_DATABASE_URL="postgresql+asyncpgx://redress:pass-word@127.0.0.1/cases")


def come_from_a_newer_redress(firm: Installation) -> None:
    with sqlite3.connect(firm.home / "cases.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")


def put_the_home_below_a_file(firm: Installation) -> None:
    (firm.home / "file").touch()
    firm.set(REDRESS_HOME=str(firm.home / "file" / "home"))


def put_the_home_where_nobody_may_write(firm: Installation) -> None:
    firm.set(REDRESS_HOME="/proc/redress")


def toml(content: bytes) -> Callable[[Installation], None]:
    def write(firm: Installation) -> None:
        (firm.home / "redress.toml").write_bytes(content)

    return write


def setting(**environment: str) -> Callable[[Installation], None]:
    return lambda firm: firm.set(**environment)


@pytest.mark.parametrize(
    ("happens", "words"),
    [
        pytest.param(lose_the_key, ["master.key", "is not there", "backup"], id="no key"),
        pytest.param(put_another_key, ["master.key", "sealed with key"], id="another database's key"),
        pytest.param(let_others_read_the_key, ["others can read", "chmod 600"], id="a key for everybody"),
        pytest.param(put_text_for_a_key, ["master.key", "base64"], id="a key that is none"),
        pytest.param(put_a_folder_for_a_key, ["master.key"], id="a folder for a key"),
        pytest.param(spoil_the_database, ["case database: file is not a database"], id="a corrupt database"),
        pytest.param(cut_the_database, ["case database: "], id="half a database"),
        pytest.param(put_a_folder_for_a_database, ["case database: unable to open"], id="a folder for a database"),
        pytest.param(take_away_the_database, ["case database: ", "Connection refused"], id="PostgreSQL is away"),
        pytest.param(name_another_database, ["'mysql' is not supported", "postgresql://"], id="MySQL"),
        pytest.param(name_no_database, ["REDRESS_DATABASE_URL: "], id="no address"),
        pytest.param(name_a_port_that_is_none, ["REDRESS_DATABASE_URL: "], id="no port"),
        pytest.param(name_a_driver_that_is_not_there, ["REDRESS_DATABASE_URL: "], id="no driver"),
        pytest.param(come_from_a_newer_redress, ["case database: ", "newer"], id="a newer schema"),
        pytest.param(put_the_home_below_a_file, ["file/home: Not a directory"], id="a home below a file"),
        pytest.param(put_the_home_where_nobody_may_write, ["/proc/redress: "], id="a home that cannot be written"),
        pytest.param(toml(b"regime = cn"), ["redress.toml: ", "line 1"], id="no TOML"),
        pytest.param(toml("name = '公司'".encode("gbk")), ["redress.toml: "], id="TOML in another encoding"),
        pytest.param(toml(b"colour = 'red'"), ["REDRESS_COLOUR: ", "redress.toml"], id="an unknown setting"),
        pytest.param(toml(b"[firm]\ncolour = 'red'"), ["REDRESS_FIRM__COLOUR: "], id="an unknown setting of the firm"),
        pytest.param(setting(REDRESS_WORKER_RUNS="many"), ["REDRESS_WORKER_RUNS: "], id="no number"),
        pytest.param(setting(REDRESS_WORKER_RUNS="0"), ["REDRESS_WORKER_RUNS: "], id="no runs"),
        pytest.param(setting(REDRESS_WEBHOOK_SECRETS="{"), ["webhook_secrets"], id="no JSON"),
    ],
)
def test_what_is_wrong_with_the_installation_is_one_line(
    redress: Redress, firm: Installation, happens: Callable[[Installation], None], words: list[str]
) -> None:
    happens(firm)

    answer = redress("list")

    assert refused(answer, *words)
    assert "pass-word" not in answer.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_home_that_is_read_only_is_one_line(redress: Redress, firm: Installation) -> None:
    firm.home.chmod(0o500)
    try:
        assert refused(redress("list"), str(firm.home))
    finally:
        firm.home.chmod(0o700)


def test_a_regime_that_is_not_there_is_one_line(redress: Redress, firm: Installation) -> None:
    firm.set(REDRESS_REGIME="mars")

    assert refused(redress("file", "--narrative", "x"), "'mars'", "cn-nfra")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/api", "http://[", "nonsense"])
def test_whatever_prefects_address_is_a_case_can_be_filed_and_answered(
    redress: Redress, firm: Installation, url: str
) -> None:
    firm.set(REDRESS_PREFECT_API_URL=url)
    reference = stored(firm, Stage.UNDER_INVESTIGATION)

    filed = redress("file", "--narrative", "x")
    answered = redress("answer", reference, "finding", "conclusion=not_ours", "reasons=r", "--by", "li.wei")

    assert (filed.code, answered.code) == (0, 0)
    assert "Prefect does not answer" in filed.words
    assert "Prefect does not answer" in answered.words


def test_what_prefect_refuses_is_done_all_the_same(redress: Redress, firm: Installation, prefect: Substitute) -> None:
    """A server that answers but knows no deployment yet must not let it look as if nothing had been stored."""
    prefect.answers["/api/health"] = (200, b"true")
    firm.set(REDRESS_PREFECT_API_URL=f"http://{prefect.address}/api")
    reference = stored(firm, Stage.UNDER_INVESTIGATION)

    with temporary_settings(updates={PREFECT_API_URL: f"http://{prefect.address}/api"}):
        filed = redress("file", "--narrative", "x")
        answered = redress("answer", reference, "finding", "conclusion=not_ours", "reasons=r", "--by", "li.wei")

    assert (filed.code, filed.err) == (answered.code, answered.err) == (0, "")
    assert "Stored." in filed.words
    assert f"Recorded: finding of {reference}. Prefect refused" in answered.words
    assert firm.rows()["cases"] == 2


def test_show_of_a_case_whose_letter_came_back_tells_the_contacts_by_number(
    redress: Redress, firm: Installation
) -> None:
    reference = stored(firm, letter=True)
    with firm.store.open_case(reference) as desk:
        failed: Case = desk.case
        failed.record(an_act(acts.LetterFailed), desk.now)

    shown = redress("show", reference)

    assert "550 mailbox unavailable" in shown.out
    assert "1 = 电子邮件" in shown.words


def test_the_doctor_ends_with_one_where_something_is_bad(redress: Redress, firm: Installation) -> None:
    well = redress("doctor")
    let_others_read_the_key(firm)
    ill = redress("doctor")

    assert (well.code, ill.code) == (0, 1)
    assert "ok Python" in well.words
    assert "bad case database" in ill.words
    assert "chmod 600" in ill.words
    assert "user:password@host:587" in well.words  # nothing is cut off
