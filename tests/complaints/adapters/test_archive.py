"""The archive: what is written, that it can be checked, and that no kill leaves half of it."""

import base64
import hashlib
import json
import re
import shutil
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from complaints import acts, timekeeping
from complaints.adapters import archive
from complaints.adapters.archive import ArchiveBroken, archivable, archive_case, check_archive
from complaints.adapters.store import OpenCase, Store
from complaints.adapters.tables import CaseKeyRow, EntryRow, LetterRow
from complaints.adapters.verify import verify
from complaints.errors import CaseConflict, StageError, UnknownCase
from complaints.intake import Contact
from complaints.letters import Rendered
from complaints.reception import receive
from complaints.regimes.rulebook import load_pack
from complaints.words import Closure, Kind, Stage
from tests.builders import PHONE, REGIME, a_complaint, a_letter, a_stored_case, advance, an_act, prepare_letter

IDENTITY = ("欧阳知夏", "310115199001011234", "lin.zhixia@example.cn", "13800000101", "柜台主管私下收取介绍费")
"""A reporter's name, identity number, contacts and words."""


class Killed(BaseException):
    """The process ended here."""


def a_closed_case(store: Store, **changes: Any) -> str:
    """A complaint closed just now, with an acknowledgement."""
    return a_stored_case(store, Stage.CLOSED, letter=True, **changes)


def a_closed_report(store: Store, letter: str) -> str:
    """A report closed just now; an acknowledgement, sent before it was known to be one, names the person."""
    name, number, email, phone, words = IDENTITY
    contacts = [{"kind": "email", "value": email}, {"kind": "phone", "value": phone}]
    complainant = {"name": name, "identity_number": number, "contacts": contacts}
    text = f"{name}您好。" if letter == "acknowledgement" else "您好。"
    return a_stored_case_with_letter(
        store, letter, text, kind=Kind.REPORT, complainant=complainant, narrative=words, wanted=words
    )


def a_stored_case_with_letter(store: Store, letter: str, text: str, **changes: Any) -> str:
    """A closed case with a letter of one's own."""
    reference = a_stored_case(store, **changes)
    with store.open_case(reference) as desk:
        rendered = a_letter(text)
        prepare_letter(desk.case, now=desk.now, letter=letter, sha256=rendered.sha256, recipient=IDENTITY[2])
        desk.keep_letter(letter, 1, rendered)
        desk.case.record(acts.ContactAdded(contact=Contact.model_validate(PHONE)), desk.now)
        advance(desk.case, Stage.CLOSED, now=desk.now)
    return reference


def content(folder: Path) -> dict[str, bytes]:
    """Every file of a folder by its name."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def archived_entries(store: Store, reference: str) -> list[str]:
    """The manifest hashes that the ledger names."""
    return [json.loads(one.facts)["sha256"] for one in store.entries(reference) if one.kind == "archived"]


def manifest_of(folder: Path) -> dict[str, Any]:
    """The manifest of an archived case."""
    read: dict[str, Any] = json.loads((folder / "manifest.json").read_bytes())
    return read


class Words(HTMLParser):
    """The words of a page, what it loads, and where it leads."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text = ""
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "a":
            self.links.append(str(given["href"]))
        if tag in ("script", "link", "img", "iframe"):
            self.loads.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@contextmanager
def killed_before_recording(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """End the process after the folder stands in its place, before the ledger says so."""

    def kill(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch, suppress(Killed):
        patch.setattr(Store, "open_case", kill)
        yield


# --- what is written --------------------------------------------------------------------------------


def test_a_closed_case_becomes_a_folder(store: Store, tmp_path: Path) -> None:
    reference = a_closed_case(store)
    head, count = store.entries(reference)[-1].hash, len(store.entries(reference))

    folder = archive_case(store, reference, tmp_path)

    closed_at = store.read_case(reference).closed_at
    assert closed_at is not None
    assert folder == tmp_path / str(closed_at.astimezone(load_pack(REGIME).tz).year) / reference
    assert sorted(content(folder)) == [
        "case.json",
        "case_file.en.html",
        "case_file.zh-CN.html",
        "ledger.jsonl",
        "letters/1-acknowledgement.html",
        "letters/1-acknowledgement.txt",
        "manifest.json",
    ]
    assert (manifest_of(folder)["head"], manifest_of(folder)["entries"]) == (head, count)
    assert check_archive(folder) == []


def test_the_ledger_names_the_manifest_of_the_archive(store: Store, tmp_path: Path) -> None:
    reference = a_closed_case(store)
    folder = archive_case(store, reference, tmp_path)

    manifest = (folder / "manifest.json").read_bytes()

    assert archived_entries(store, reference) == [hashlib.sha256(manifest).hexdigest()]
    assert store.read_case(reference).stage is Stage.ARCHIVED
    assert manifest_of(folder)["head"] == store.entries(reference)[-2].hash
    assert verify(store, reference).breaks == []


def test_nobody_else_can_read_it(store: Store, tmp_path: Path) -> None:
    folder = archive_case(store, a_closed_case(store), tmp_path / "archive")

    modes: dict[bool, set[int]] = {True: set(), False: set()}
    for path in (folder.parent, folder, *folder.rglob("*")):
        modes[path.is_dir()].add(stat.S_IMODE(path.stat().st_mode))
    assert modes == {True: {0o700}, False: {0o600}}


def test_the_record_holds_facts_and_personal_data(store: Store, tmp_path: Path) -> None:
    folder = archive_case(store, a_closed_case(store), tmp_path)

    record = json.loads((folder / "case.json").read_bytes())

    assert record["facts"]["redress_paid"] == "128.50"
    assert record["facts"]["category"] == "fees"
    assert record["personal"]["1"]["complaint"]["complainant"]["name"] == "林知夏"
    assert {"reasons": "属重复扣收。"} in record["personal"].values()


def test_the_letters_are_as_they_were_sent(store: Store, tmp_path: Path) -> None:
    folder = archive_case(store, a_closed_case(store), tmp_path)
    sent = a_letter()

    assert (folder / "letters/1-acknowledgement.html").read_text(encoding="utf-8") == sent.html
    assert (folder / "letters/1-acknowledgement.txt").read_text(encoding="utf-8") == f"{sent.subject}\n\n{sent.text}"


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "zh-CN",
            (
                "案件档案",
                "林知夏",
                "账户服务费被扣了两次。",
                "投诉成立",
                "退还费用",
                "CNY 128.50",
                "受理告知书",
                "第十八条",
            ),
        ),
        (
            "en",
            (
                "Case file",
                "林知夏",
                "账户服务费被扣了两次。",
                "upheld",
                "refund",
                "CNY 128.50",
                "acknowledgement",
                "art. 18",
            ),
        ),
    ],
)
def test_the_case_file_tells_the_story(store: Store, tmp_path: Path, language: str, said: tuple[str, ...]) -> None:
    reference = a_closed_case(store)
    folder = archive_case(store, reference, tmp_path)

    page = Words((folder / f"case_file.{language}.html").read_text(encoding="utf-8"))

    assert [one for one in (*said, reference) if one not in page.text] == []
    assert not re.search(r"\bNone\b|Undefined", page.text)
    assert all(entry.hash[:16] in page.text for entry in store.entries(reference)[:-1])
    assert page.loads == []
    assert all((folder / link).is_file() for link in page.links)
    assert len(page.links) == 2


@pytest.mark.parametrize("kind", list(Kind))
def test_a_matter_of_any_kind_is_archived(store: Store, tmp_path: Path, kind: Kind) -> None:
    folder = archive_case(store, a_closed_case(store, kind=kind), tmp_path)

    assert check_archive(folder) == []


def test_a_case_withdrawn_at_once_is_archived(store: Store, tmp_path: Path) -> None:
    reference = a_stored_case(store, complainant={}, category=None, product=None, amount=None, wanted=None, kind=None)
    with store.open_case(reference) as desk:
        desk.case.withdraw("li.wei", desk.now)

    folder = archive_case(store, reference, tmp_path)

    assert check_archive(folder) == []
    assert "投诉人撤回" in (folder / "case_file.zh-CN.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("zh-CN", ("在卷证据 1", "流水.pdf（application/pdf，7 字节）", "在卷 1 件，来件列明 0 件，未接收 1 件")),
        ("zh-CN", ("证据入卷", "证据未接收", "查阅证据")),
        ("en", ("Evidence on file 1", "流水.pdf (application/pdf, 7 bytes)", "1 on file", "1 refused")),
        ("en", ("evidence added", "evidence refused", "evidence opened")),
    ],
)
def test_the_case_file_tells_of_evidence(store: Store, tmp_path: Path, language: str, said: tuple[str, ...]) -> None:
    reference = a_closed_case(store)
    with store.open_case(reference) as desk:
        for act in (acts.EvidenceAdded, acts.EvidenceRefused, acts.EvidenceOpened):
            desk.case.record(an_act(act), desk.now, "li.wei")

    folder = archive_case(store, reference, tmp_path)

    page = (folder / f"case_file.{language}.html").read_text(encoding="utf-8")
    assert [words for words in said if words not in page] == []


def test_what_the_complainant_wrote_is_shown_and_never_obeyed(store: Store, tmp_path: Path) -> None:
    folder = archive_case(store, a_closed_case(store, narrative="<script>alert(1)</script>"), tmp_path)

    assert "<script>" not in (folder / "case_file.en.html").read_text(encoding="utf-8")


def test_the_archive_can_be_checked_as_its_case_file_says(store: Store, tmp_path: Path) -> None:
    """By the words of the last section alone, with none of our code."""
    reference = a_closed_case(store)
    folder = archive_case(store, reference, tmp_path)
    manifest = manifest_of(folder)

    previous = hashlib.sha256(f"redress:{reference}".encode()).hexdigest()
    lines = (folder / "ledger.jsonl").read_text(encoding="utf-8").splitlines()
    for line in lines:
        one = json.loads(line)
        seal = "" if one["sealed"] is None else hashlib.sha256(base64.b64decode(one["sealed"])).hexdigest()
        fields = [one["reference"], one["seq"], one["kind"], one["at"], one["by"], one["facts"], seal, one["previous"]]
        assert one["previous"] == previous
        previous = hashlib.sha256(json.dumps(fields, ensure_ascii=False).encode()).hexdigest()
        assert one["hash"] == previous
    assert (previous, len(lines)) == (manifest["head"], manifest["entries"])
    for name, listed in manifest["files"].items():
        data = (folder / name).read_bytes()
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (listed["sha256"], listed["size"])


# --- whistle-blowing reports, and persons erased ----------------------------------------------------


@pytest.mark.parametrize("letter", ["acknowledgement", "report_receipt"])
def test_who_reported_is_in_no_readable_file(store: Store, tmp_path: Path, letter: str) -> None:
    reference = a_closed_report(store, letter)

    folder = archive_case(store, reference, tmp_path)

    for name, data in content(folder).items():
        assert [one for one in IDENTITY if one.encode() in data or json.dumps(one).encode() in data] == [], name
    record = json.loads((folder / "case.json").read_bytes())
    assert record["is_confidential"] is True
    assert record["personal"] is None
    assert not archive.WITHHELD & record["facts"].keys()
    assert "举报保密" in (folder / "case_file.zh-CN.html").read_text(encoding="utf-8")
    assert "Confidential report" in (folder / "case_file.en.html").read_text(encoding="utf-8")


def test_the_sealed_part_of_a_report_opens_with_its_key(store: Store, tmp_path: Path) -> None:
    reference = a_closed_report(store, "acknowledgement")
    folder = archive_case(store, reference, tmp_path)
    with store.read() as session:
        key = store.case_key(session, reference)
    assert key is not None

    first = json.loads((folder / "ledger.jsonl").read_text(encoding="utf-8").splitlines()[0])
    received = json.loads(key.open(base64.b64decode(first["sealed"]), "1/received"))
    letter = key.open(
        base64.b64decode((folder / "letters/1-acknowledgement.sealed").read_bytes()), "letter/acknowledgement/1"
    )

    assert received["complaint"]["complainant"]["name"] == IDENTITY[0]
    assert IDENTITY[0] in Rendered.load(letter).text


def test_an_erased_person_stays_erased(store: Store, tmp_path: Path) -> None:
    reference = a_closed_case(store)
    with store.write() as session:
        session.execute(update(CaseKeyRow).values(wrapped=None))

    folder = archive_case(store, reference, tmp_path)

    assert not [name for name in content(folder) if name.startswith("letters/")]
    assert not any("林知夏".encode() in data for data in content(folder).values())
    assert "个人信息已删除" in (folder / "case_file.zh-CN.html").read_text(encoding="utf-8")
    assert json.loads((folder / "case.json").read_bytes())["is_erased"] is True
    assert check_archive(folder) == []


# --- safe to run twice, and to kill -----------------------------------------------------------------


def test_archiving_twice_changes_nothing(store: Store, tmp_path: Path) -> None:
    reference = a_closed_case(store)
    folder = archive_case(store, reference, tmp_path)
    before, entries = content(folder), store.entries(reference)

    assert archive_case(store, reference, tmp_path) == folder
    assert content(folder) == before
    assert store.entries(reference) == entries


def test_a_run_killed_before_the_ledger_says_so_is_completed(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = a_closed_case(store)
    with killed_before_recording(monkeypatch):
        archive_case(store, reference, tmp_path)
    [folder] = tmp_path.glob(f"*/{reference}")
    written = {path: path.stat().st_ino for path in folder.rglob("*")}

    assert archive_case(store, reference, tmp_path) == folder
    assert {path: path.stat().st_ino for path in folder.rglob("*")} == written
    assert len(archived_entries(store, reference)) == 1


def test_the_same_case_gives_the_same_bytes(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reference = a_closed_case(store)
    with killed_before_recording(monkeypatch):
        archive_case(store, reference, tmp_path / "first")
    [first] = (tmp_path / "first").glob(f"*/{reference}")

    second = archive_case(store, reference, tmp_path / "second")

    assert content(first) == content(second)


@pytest.mark.parametrize("left", [".{}.part", ".{}.old"])
def test_what_a_killed_run_left_is_removed(store: Store, tmp_path: Path, left: str) -> None:
    reference = a_closed_case(store)
    year = datetime.now(UTC).astimezone(load_pack(REGIME).tz).year
    half = tmp_path / str(year) / left.format(reference) / "letters"
    half.mkdir(parents=True)
    (half / "1-acknowledgement.html").write_text("<html><bo", encoding="utf-8")

    folder = archive_case(store, reference, tmp_path)

    assert [path.name for path in folder.parent.iterdir()] == [reference]
    assert check_archive(folder) == []


def spoil(folder: Path) -> None:
    """Alter one file."""
    (folder / "case.json").write_text("{}", encoding="utf-8")


def lose_manifest(folder: Path) -> None:
    """Remove the manifest."""
    (folder / "manifest.json").unlink()


@pytest.mark.parametrize("harm", [spoil, lose_manifest])
def test_an_unrecorded_folder_that_does_not_hold_is_written_again(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: Callable[[Path], None]
) -> None:
    reference = a_closed_case(store)
    with killed_before_recording(monkeypatch):
        archive_case(store, reference, tmp_path)
    [folder] = tmp_path.glob(f"*/{reference}")
    harm(folder)

    archive_case(store, reference, tmp_path)

    assert check_archive(folder) == []
    assert [path.name for path in folder.parent.iterdir()] == [reference]


def test_an_unrecorded_folder_of_an_older_state_is_written_again(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = a_closed_case(store)
    with killed_before_recording(monkeypatch):
        archive_case(store, reference, tmp_path)
    with store.open_case(reference) as desk:
        desk.case.record(acts.Viewed(what="complainant"), desk.now, "li.wei")

    folder = archive_case(store, reference, tmp_path)

    assert manifest_of(folder)["head"] == store.entries(reference)[-2].hash
    assert check_archive(folder) == []


def test_two_runs_at_once_archive_once(store: Store, tmp_path: Path) -> None:
    reference = a_closed_case(store)

    with ThreadPoolExecutor(4) as pool:
        folders = {run.result() for run in [pool.submit(archive_case, store, reference, tmp_path) for _ in range(4)]}

    assert len(folders) == 1
    assert len(archived_entries(store, reference)) == 1
    assert verify(store, reference).breaks == []


def test_what_is_recorded_meanwhile_is_not_lost(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reference = a_closed_case(store)
    open_case = Store.open_case

    @contextmanager
    def after_somebody_else(self: Store, wanted: str) -> Iterator[OpenCase]:
        with open_case(self, wanted) as other:
            other.case.record(acts.Viewed(what="complainant"), other.now, "li.wei")
        with open_case(self, wanted) as desk:
            yield desk

    with monkeypatch.context() as patch:
        patch.setattr(Store, "open_case", after_somebody_else)
        with pytest.raises(CaseConflict):
            archive_case(store, reference, tmp_path)
    folder = archive_case(store, reference, tmp_path)

    assert manifest_of(folder)["head"] == store.entries(reference)[-2].hash


# --- what is refused --------------------------------------------------------------------------------


def test_an_open_case_is_not_archived(store: Store, tmp_path: Path) -> None:
    reference = a_stored_case(store, Stage.ANSWERED)

    with pytest.raises(StageError, match="'archived' is not allowed"):
        archive_case(store, reference, tmp_path)
    assert list(tmp_path.rglob(f"*{reference}*")) == []


@pytest.mark.parametrize("reference", ["TS260302-0000000", "../../etc"])
def test_an_unknown_case_is_not_archived(store: Store, tmp_path: Path, reference: str) -> None:
    with pytest.raises(UnknownCase):
        archive_case(store, reference, tmp_path)


def alter_entry(store: Store, reference: str) -> None:
    """Change a fact in the ledger."""
    with store.write() as session:
        session.execute(update(EntryRow).filter_by(reference=reference, seq=2).values(by="nobody"))


def swap_letter(store: Store, reference: str) -> None:
    """Replace a letter in the outbox."""
    with store.open_case(reference) as desk:
        row = desk.letter_row("acknowledgement", 1)
        row.sealed = desk.case_key.seal(a_letter("另一封信").dump(), "letter/acknowledgement/1")


def lose_letter(store: Store, reference: str) -> None:
    """Remove a letter from the outbox."""
    with store.write() as session:
        session.delete(session.get_one(LetterRow, (reference, "acknowledgement", 1)))


@pytest.mark.parametrize(
    ("harm", "said"),
    [(alter_entry, "entry 2: altered"), (swap_letter, "is not the one"), (lose_letter, "is not in the outbox")],
)
def test_a_case_that_was_tampered_with_is_not_archived(
    store: Store, tmp_path: Path, harm: Callable[[Store, str], None], said: str
) -> None:
    reference = a_closed_case(store)
    harm(store, reference)

    with pytest.raises(ArchiveBroken, match=said):
        archive_case(store, reference, tmp_path)
    assert archived_entries(store, reference) == []


def test_what_the_disk_garbles_is_not_recorded(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reference = a_closed_case(store)
    write = archive._write

    def garble(folder: Path, files: dict[str, bytes]) -> None:
        write(folder, files)
        spoil(folder)

    monkeypatch.setattr(archive, "_write", garble)
    with pytest.raises(ArchiveBroken, match=r"case\.json has 2 bytes"):
        archive_case(store, reference, tmp_path)

    assert archived_entries(store, reference) == []
    assert list(tmp_path.rglob(f"*{reference}*")) == []


# --- checking ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def archived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archived case to copy."""
    folder = tmp_path_factory.mktemp("archived")
    store = Store(f"sqlite:///{folder / 'cases.db'}", folder / "master.key")
    store.migrate()
    return archive_case(store, a_closed_case(store), folder)


def rewrite_manifest(folder: Path, **changes: Any) -> None:
    """Change the manifest."""
    (folder / "manifest.json").write_text(json.dumps(manifest_of(folder) | changes), encoding="utf-8")


def forge_ledger(folder: Path) -> None:
    """Change an entry and the manifest with it."""
    ledger = folder / "ledger.jsonl"
    ledger.write_bytes(ledger.read_bytes().replace(b'"by":"li.wei"', b'"by":"wang.wu"', 1))
    files = manifest_of(folder)["files"]
    files["ledger.jsonl"] = {"sha256": hashlib.sha256(ledger.read_bytes()).hexdigest(), "size": ledger.stat().st_size}
    rewrite_manifest(folder, files=files)


def cut_ledger(folder: Path) -> None:
    """Remove the last entry and change the manifest with it."""
    ledger = folder / "ledger.jsonl"
    ledger.write_bytes(b"".join(ledger.read_bytes().splitlines(keepends=True)[:-1]))
    files = manifest_of(folder)["files"]
    files["ledger.jsonl"] = {"sha256": hashlib.sha256(ledger.read_bytes()).hexdigest(), "size": ledger.stat().st_size}
    rewrite_manifest(folder, files=files)


def same_size(folder: Path) -> None:
    """Change one letter of a file."""
    file = folder / "letters/1-acknowledgement.txt"
    file.write_bytes(file.read_bytes()[:-1] + b"!")


def link_away(folder: Path) -> None:
    """Replace a file by a link to the same content."""
    file = folder / "case.json"
    file.rename(folder.parent / "elsewhere.json")
    file.symlink_to(folder.parent / "elsewhere.json")


def leave_folder(folder: Path) -> None:
    """Let the manifest name a file outside."""
    rewrite_manifest(folder, files=manifest_of(folder)["files"] | {"../x": {"sha256": "0" * 64, "size": 1}})


@pytest.mark.parametrize(
    ("harm", "problems"),
    [
        (lambda folder: None, []),
        (spoil, ["case.json has 2 bytes, the manifest says"]),
        (same_size, ["letters/1-acknowledgement.txt was altered"]),
        (lambda folder: (folder / "case.json").unlink(), ["case.json is missing"]),
        (lambda folder: (folder / "more.txt").write_text("x"), ["more.txt is not in the manifest"]),
        (lambda folder: (folder / "letters/more.txt").write_text("x"), ["letters/more.txt is not in the manifest"]),
        (lambda folder: (folder / "more").symlink_to(folder.parent), ["more is not in the manifest"]),
        (link_away, ["case.json is not a plain file"]),
        (leave_folder, ["../x is missing"]),
        (lose_manifest, ["manifest.json cannot be read: FileNotFoundError"]),
        (lambda folder: (folder / "manifest.json").write_text("[]"), ["manifest.json cannot be read: TypeError"]),
        (lambda folder: (folder / "manifest.json").write_text("{"), ["manifest.json cannot be read: JSONDecodeError"]),
        (forge_ledger, ["altered: "]),
        (cut_ledger, ["removed or added"]),
        (lambda folder: rewrite_manifest(folder, head="0" * 64), ["names another last hash"]),
        (lambda folder: rewrite_manifest(folder, files={}), ["is not in the manifest"] * 7),
        (lambda folder: shutil.rmtree(folder / "letters"), ["1-acknowledgement.html is missing", ".txt is missing"]),
    ],
)
def test_a_check_names_every_mismatch(
    archived: Path, tmp_path: Path, harm: Callable[[Path], object], problems: list[str]
) -> None:
    folder = Path(shutil.copytree(archived, tmp_path / archived.name))
    harm(folder)

    found = check_archive(folder)

    assert len(found) == len(problems)
    assert all(part in one for part, one in zip(problems, found, strict=True))


# --- which cases ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days_later", "after_days", "is_due"),
    [
        (timedelta(days=30), 30, True),
        (timedelta(days=30) - timedelta(microseconds=1), 30, False),
        (timedelta(), 0, True),
        (timedelta(days=400), 30, True),
    ],
)
def test_a_case_is_archivable_some_days_after_it_was_closed(
    store: Store, days_later: timedelta, after_days: int, is_due: bool
) -> None:
    reference = a_closed_case(store)
    closed_at = store.read_case(reference).closed_at
    assert closed_at is not None

    assert archivable(store, closed_at + days_later, after_days) == ([reference] if is_due else [])


def test_a_case_whose_decision_is_being_reviewed_is_not_archivable(store: Store) -> None:
    reference = a_closed_case(store)
    with store.open_case(reference) as desk:
        timekeeping.note(desk.case, "review_requested", desk.now, "li.wei", desk.now)
    assert archivable(store, store.now() + timedelta(days=400), 30) == []

    with store.open_case(reference) as desk:
        timekeeping.note(desk.case, "review_told", desk.now, "li.wei", desk.now)
    assert archivable(store, store.now() + timedelta(days=400), 30) == [reference]


def test_only_closed_cases_are_archivable(store: Store, tmp_path: Path) -> None:
    a_stored_case(store, Stage.FOLLOWED_UP, number="open")
    archive_case(store, a_closed_case(store, number="archived"), tmp_path)
    with store.write() as session:
        now = store.now(session)
        pack = load_pack(REGIME)
        history = receive("TS200101-2222222", pack, a_complaint(number="old"), "crm", now, history=True)
        history.record(acts.Closed(closure=Closure.HISTORY, closed_at=now - timedelta(days=900)), now)
        store.add(session, history)
    first, second = a_closed_case(store, number="first"), a_closed_case(store, number="second")

    assert archivable(store, store.now() + timedelta(days=31), 30) == [first, second]
