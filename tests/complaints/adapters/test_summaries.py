"""Summaries as versions: same cut-off, same bytes; three people; what was signed stays; nothing half done."""

import csv
import io
import json
import os
import pickle
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import delete, update

from complaints.adapters import frames, summary_pages
from complaints.adapters.frames import CutOffAhead
from complaints.adapters.pdf import PdfUnavailable
from complaints.adapters.store import Store
from complaints.adapters.summaries import FiguresMoved, Summaries
from complaints.adapters.summary_chain import SummaryChanged, SummaryForged, UnknownSummary
from complaints.adapters.summary_checking import reproduce, verify_summaries
from complaints.adapters.summary_files import SummaryBroken, SummaryFiles
from complaints.adapters.summary_tables import cases_of, figure_ids, read_tables, references_behind
from complaints.adapters.tables import CaseRow, SummaryEntryRow, SummaryRow
from complaints.errors.base import ComplaintError
from complaints.regimes.rulebook import Rulebook
from complaints.reporting.figures import FigureUnknown, PeriodNotBegun
from complaints.reporting.versions import RemarkRefused, State, Step, SummaryRefused, Version
from complaints.settings import Firm
from complaints.words import Kind, Stage
from tests.builders import MONDAY, REGIME, a_stored_case, advance, file_complaint
from tests.conftest import SqliteFiles

DAY = timedelta(days=1)
MARCH = "2026-03"
PAGES = "https://complaints.example.cn"
PEOPLE = ("li.wei", "wang.fang", "zhao.min")
"""Who prepares, reviews and signs off."""


@pytest.fixture(autouse=True)
def few_seconds(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Where nobody writes beside the test, nobody is waited for; and paper is made only where it is looked at."""
    monkeypatch.setattr(frames, "_LOCKED_WITHIN", timedelta())

    def nothing(_: str) -> bytes:
        raise PdfUnavailable("a printer that is fast")

    if "paper" not in request.node.name:
        monkeypatch.setattr(summary_pages, "to_pdf", nothing)


def made_ready(store: Store, folder: Path) -> Summaries:
    """The summaries of a firm that lives through time: three cases of Monday 2 March 2026, and now it is 1 April."""
    store.make_demo(MONDAY)
    for number, channel in (("1", "web"), ("2", "web"), ("3", "telephone")):
        file_complaint(store, number=number, channel=channel)
    store.move_time(MONDAY + 30 * DAY)
    return Summaries(store, folder, Firm(), PAGES)


@pytest.fixture
def summaries(sqlite: SqliteFiles, tmp_path: Path) -> Iterator[Summaries]:
    """The firm's summaries."""
    with sqlite.shared() as store:
        yield made_ready(store, tmp_path / "summaries")


Ready = tuple[Callable[[Store], object], Path]
"""What leads a store to where a test begins, once for all of them; and the folder of its summaries."""


@pytest.fixture(scope="module")
def once_prepared(tmp_path_factory: pytest.TempPathFactory) -> Ready:
    """A summary of March that was prepared."""
    folder = tmp_path_factory.mktemp("prepared")
    return lambda store: prepared(made_ready(store, folder)), folder


@pytest.fixture(scope="module")
def once_signed(tmp_path_factory: pytest.TempPathFactory) -> Ready:
    """A summary of March that was signed off."""
    folder = tmp_path_factory.mktemp("signed")
    return lambda store: signed(made_ready(store, folder)), folder


@contextmanager
def a_copy(sqlite: SqliteFiles, ready: Ready, folder: Path) -> Iterator[Summaries]:
    """The same for one test."""
    with sqlite.shared(ready[0]) as store:
        shutil.copytree(ready[1], folder)
        yield Summaries(store, folder, Firm(), PAGES)


@pytest.fixture
def march(sqlite: SqliteFiles, once_prepared: Ready, tmp_path: Path) -> Iterator[Summaries]:
    """A firm whose summary of March was prepared."""
    with a_copy(sqlite, once_prepared, tmp_path / "summaries") as summaries:
        yield summaries


@pytest.fixture
def signed_march(sqlite: SqliteFiles, once_signed: Ready, tmp_path: Path) -> Iterator[Summaries]:
    """A firm whose summary of March was signed off."""
    with a_copy(sqlite, once_signed, tmp_path / "summaries") as summaries:
        yield summaries


@pytest.fixture
def on_either(store: Store, tmp_path: Path) -> Summaries:
    """The same, once on SQLite and once on PostgreSQL."""
    return made_ready(store, tmp_path / "summaries")


def later(summaries: Summaries, days: int = 1) -> datetime:
    """Let time pass, and return the instant."""
    now = summaries.store.now()
    summaries.store.move_time(now + days * DAY)
    return summaries.store.now()


def prepared(summaries: Summaries, by: str = PEOPLE[0]) -> Version:
    """The summary of March as it is known now."""
    return summaries.prepare(REGIME, MARCH, summaries.store.now(), by)


def signed(summaries: Summaries) -> Version:
    """The same, reviewed and signed off."""
    return summaries.sign(summaries.review(prepared(summaries), PEOPLE[1]), PEOPLE[2])


def content(folder: Path) -> dict[str, bytes]:
    """Every file of a folder by its name."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def flaws(summaries: Summaries) -> list[str]:
    """What a check of all summaries says."""
    return [str(one) for one in verify_summaries(summaries)]


def received(summaries: Summaries, version: Version) -> str:
    """The number of matters received that a version states."""
    figures = read_tables(summaries.files, version).figures
    is_total = (figures["span"] == "period") & (figures["section"] == "totals") & (figures["code"] == "matters")
    [value] = figures.loc[is_total, "value"]
    return str(value)


# --- the same cut-off -------------------------------------------------------------------------------


def test_the_same_cut_off_gives_the_same_bytes_and_no_new_version(summaries: Summaries, tmp_path: Path) -> None:
    as_at = summaries.store.now()
    first = summaries.prepare(REGIME, MARCH, as_at, "li.wei")
    files = content(summaries.files.root)
    later(summaries)
    file_complaint(summaries.store, number="4")

    assert summaries.prepare(REGIME, MARCH, as_at, "li.wei") == first
    assert content(summaries.files.root) == files
    assert reproduce(summaries, first).other == ()
    assert set(reproduce(summaries, first).same) == set(first.edition.files)
    assert flaws(summaries) == []


@pytest.mark.slow
def test_on_paper_too_the_same_cut_off_gives_the_same_bytes(summaries: Summaries) -> None:
    version = prepared(summaries)
    again = reproduce(summaries, version)

    papers = {name for name in version.edition.files if name.endswith(".pdf")}
    if not papers:
        pytest.skip("no Pango, or no font with Chinese characters")
    assert papers == {"summary.zh-CN.pdf", "summary.en.pdf"}
    assert papers <= set(again.same)
    paper = summaries.files.read(version, "summary.zh-CN.pdf")
    assert paper.startswith(b"%PDF")
    assert b"/summaries/" not in paper  # who has the paper cannot open the lists


def test_another_cut_off_at_which_nothing_else_is_known_is_the_same_version(march: Summaries) -> None:
    first = march.find(REGIME, MARCH)
    later(march)

    assert prepared(march) == first


def test_a_period_without_cases_has_a_summary_too(summaries: Summaries) -> None:
    version = summaries.prepare(REGIME, "2026-Q1", summaries.store.now(), "li.wei")
    nil = summaries.prepare(REGIME, "2025-12", summaries.store.now(), "li.wei")

    assert (received(summaries, version), received(summaries, nil)) == ("3", "0")
    assert "summary.zh-CN.html" in nil.edition.files


def test_the_cut_off_must_have_come_and_the_period_have_begun(summaries: Summaries) -> None:
    now = summaries.store.now()
    with pytest.raises(CutOffAhead):
        summaries.prepare(REGIME, MARCH, now + DAY, "li.wei")
    with pytest.raises(PeriodNotBegun):
        summaries.prepare(REGIME, "2026-05", now, "li.wei")
    prepared(summaries)
    with pytest.raises(SummaryRefused, match="lies before that of version 1"):
        summaries.prepare(REGIME, MARCH, now - DAY, "li.wei")
    with pytest.raises(UnknownSummary):
        summaries.find(REGIME, "2026-02")


# --- corrections ------------------------------------------------------------------------------------


def test_a_later_correction_makes_a_new_version_that_says_what_changed(on_either: Summaries) -> None:
    first = signed(on_either)
    files = content(on_either.files.folder(first))
    new = file_complaint(on_either.store, number="4", channel="web", received_at="2026-03-30T10:00:00+08:00")
    later(on_either)

    second = prepared(on_either)

    assert (second.number, second.state, second.is_last) == (2, State.PREPARED, True)
    assert (received(on_either, first), received(on_either, second)) == ("3", "4")
    text = on_either.files.read(second, "difference.csv").decode("utf-8-sig")
    changed = {
        (row["span"], row["section"], row["code"], row["measure"]): row for row in csv.DictReader(io.StringIO(text))
    }
    web = changed["period", "channel", "web", "received"]
    assert (web["before"], web["after"], web["cases_added"], web["added"], web["removed"]) == ("2", "3", "1", new, "")
    assert ("period", "channel", "telephone", "received") not in changed
    for language in ("zh-CN", "en"):
        assert new in on_either.files.read(second, f"difference.{language}.html").decode()
    assert content(on_either.files.folder(first)) == files
    assert flaws(on_either) == []


def test_a_case_that_moves_from_one_figure_to_another_is_named_at_both(march: Summaries) -> None:
    first = march.find(REGIME, MARCH)
    [reference] = references_behind(march.files, first, "channel.telephone.received")
    with march.store.open_case(reference) as desk:
        advance(desk.case, Stage.ACKNOWLEDGED, now=desk.now)
        advance(desk.case, Stage.ASSESSED, now=desk.now)
    later(march)

    second = prepared(march)

    text = march.files.read(second, "difference.csv").decode("utf-8-sig")
    rows = [row for row in csv.DictReader(io.StringIO(text)) if row["section"] == "severity"]
    assert sorted((row["added"], row["removed"]) for row in rows if reference in row["added"] + row["removed"])
    assert any(row["removed"] == reference and row["code"] == "unassessed" for row in rows)
    assert any(row["added"] == reference and row["code"] != "unassessed" for row in rows)


# --- three people -----------------------------------------------------------------------------------


def test_a_summary_is_prepared_reviewed_and_signed_off_by_three_people(on_either: Summaries) -> None:
    version = signed(on_either)

    assert (version.state, version.prepared_by, version.reviewed_by, version.signed_by) == (State.SIGNED, *PEOPLE)
    [row] = on_either.rows(REGIME, MARCH)
    assert (row.state, row.prepared_by, row.reviewed_by, row.signed_by) == ("signed", *PEOPLE)
    page = on_either.files.read(version, "summary.en.html").decode()
    assert all(person in page for person in PEOPLE)


@pytest.mark.parametrize("reviewer", ["li.wei", "LI.Wei"])
def test_nobody_reviews_what_they_prepared(march: Summaries, reviewer: str) -> None:
    with pytest.raises(SummaryRefused, match="another person must review"):
        march.review(march.find(REGIME, MARCH), reviewer)


@pytest.mark.parametrize("signer", ["li.wei", "wang.fang", "redress"])
def test_nobody_signs_what_they_prepared_or_reviewed(march: Summaries, signer: str) -> None:
    version = march.review(march.find(REGIME, MARCH), "wang.fang")

    with pytest.raises(SummaryRefused):
        march.sign(version, signer)
    assert march.find(REGIME, MARCH).state is State.REVIEWED


def test_what_nobody_reviewed_is_not_signed(march: Summaries) -> None:
    with pytest.raises(SummaryRefused, match="nobody has reviewed it"):
        march.sign(march.find(REGIME, MARCH), "zhao.min")


@pytest.mark.slow
def test_what_only_the_schedule_prepared_is_taken_on_by_a_person_first(summaries: Summaries) -> None:
    version = prepared(summaries, "redress")
    with pytest.raises(SummaryRefused, match="first a person takes it on"):
        summaries.review(version, "wang.fang")

    taken = prepared(summaries, "li.wei")

    assert (taken.number, taken.prepared_by) == (1, "li.wei")
    assert prepared(summaries, "redress") == taken
    assert summaries.review(taken, "wang.fang").state is State.REVIEWED


@pytest.mark.slow
def test_remarks_make_new_bytes_of_the_same_version_that_must_be_reviewed_again(march: Summaries) -> None:
    reviewed = march.review(march.find(REGIME, MARCH), "wang.fang")
    numbers = march.files.read(reviewed, "summary.csv")

    remarked = march.remark(reviewed, {"zh-CN": " 本月无群体投诉。\n", "en": ""}, "sun.li")

    assert (remarked.number, remarked.state, remarked.reviewed_by) == (1, State.PREPARED, None)
    assert remarked.edition.remarks == {"zh-CN": "本月无群体投诉。"}
    assert "本月无群体投诉。" in march.files.read(remarked, "summary.zh-CN.html").decode()
    assert march.files.read(remarked, "summary.csv") == numbers
    for editor in ("li.wei", "sun.li"):
        with pytest.raises(SummaryRefused, match="prepared or edited it"):
            march.review(remarked, editor)
    assert reproduce(march, remarked).other == ()


@pytest.mark.parametrize(
    ("remarks", "reason"),
    [
        ({"en": "Call 138 0000 0101."}, "a long number"),
        ({"zh-CN": "联系 lin@example.cn"}, "an e-mail address"),
        ({"en": "x" * 8001}, "8001 characters"),
        ({"en": "bell\x07"}, "control characters"),
        ({"fr": "Rien"}, "is no language"),
    ],
)
def test_remarks_hold_no_personal_data_and_are_plain_text(
    march: Summaries, remarks: dict[str, str], reason: str
) -> None:
    version = march.find(REGIME, MARCH)
    with pytest.raises(RemarkRefused, match=reason) as refused:
        march.remark(version, remarks, "sun.li")
    assert "0101" not in str(refused.value)
    assert march.find(REGIME, MARCH) == version


@pytest.mark.slow
def test_each_step_done_twice_is_done_once(signed_march: Summaries) -> None:
    version = signed_march.find(REGIME, MARCH)
    entries = len(signed_march.chain(REGIME, MARCH).entries)

    assert signed_march.sign(version, PEOPLE[2]) == version
    assert signed_march.review(version, PEOPLE[1]) == version
    assert len(signed_march.chain(REGIME, MARCH).entries) == entries == 3


def test_what_was_signed_is_never_changed(signed_march: Summaries) -> None:
    version = signed_march.find(REGIME, MARCH)
    files = content(signed_march.files.folder(version))
    later(signed_march)

    assert prepared(signed_march, "sun.li") == version
    with pytest.raises(SummaryRefused, match=r"was signed off by zhao\.min"):
        signed_march.remark(version, {"en": "Late."}, "sun.li")
    with pytest.raises(SummaryRefused, match="is never changed"):
        signed_march.review(version, "sun.li")
    assert content(signed_march.files.folder(version)) == files


@pytest.mark.slow
def test_a_version_that_was_overtaken_cannot_be_signed(march: Summaries) -> None:
    first = march.review(march.find(REGIME, MARCH), "wang.fang")
    file_complaint(march.store, number="4", received_at="2026-03-30T10:00:00+08:00")
    later(march)
    prepared(march)

    with pytest.raises(SummaryRefused, match="a later version is there"):
        march.sign(march.find(REGIME, MARCH, 1), "zhao.min")
    with pytest.raises(SummaryChanged):  # as it was looked at before
        march.sign(first, "zhao.min")


# --- what goes wrong --------------------------------------------------------------------------------


class Killed(BaseException):
    """The process ended here."""


@pytest.mark.slow
def test_a_kill_between_writing_and_recording_leaves_nothing_that_looks_whole(
    summaries: Summaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = SummaryFiles.place

    def placed_and_killed(self: SummaryFiles, *arguments: Any, **named: Any) -> None:
        place(self, *arguments, **named)
        raise Killed

    with monkeypatch.context() as patch, suppress(Killed):
        patch.setattr(SummaryFiles, "place", placed_and_killed)
        prepared(summaries)
    assert summaries.rows() == []
    assert "left behind by a process that was killed" in flaws(summaries)[0]

    later(summaries)
    version = prepared(summaries)

    assert flaws(summaries) == []
    assert [one.name for one in summaries.files.folder(version).parent.iterdir()] == [version.edition.folder]


@pytest.mark.slow
def test_of_a_step_that_was_killed_the_version_before_stays(march: Summaries, monkeypatch: pytest.MonkeyPatch) -> None:
    version = march.find(REGIME, MARCH)
    place = SummaryFiles.place

    def placed_and_killed(self: SummaryFiles, *arguments: Any, **named: Any) -> None:
        place(self, *arguments, **named)
        raise Killed

    with monkeypatch.context() as patch, suppress(Killed):
        patch.setattr(SummaryFiles, "place", placed_and_killed)
        march.review(version, "wang.fang")

    assert march.find(REGIME, MARCH) == version
    assert [one.partition(": ")[2] for one in flaws(march)] == [
        "nothing refers to it: put there, or left behind by a process that was killed"
    ]
    assert march.review(version, "wang.fang").state is State.REVIEWED
    assert flaws(march) == []


@pytest.mark.slow
def test_two_who_prepare_at_once_make_one_version(on_either: Summaries, monkeypatch: pytest.MonkeyPatch) -> None:
    as_at, barrier = on_either.store.now(), Barrier(2)
    draft = SummaryFiles.draft

    def at_once(self: SummaryFiles, *arguments: Any) -> Path:
        with suppress(Exception):
            barrier.wait(10)
        return draft(self, *arguments)

    monkeypatch.setattr(SummaryFiles, "draft", at_once)
    with ThreadPoolExecutor() as pool:
        tries = [pool.submit(on_either.prepare, REGIME, MARCH, as_at, by) for by in ("li.wei", "sun.li")]
    failed = [one.exception() for one in tries if one.exception()]

    assert [type(one) for one in failed] == [SummaryChanged]
    assert len(on_either.rows()) == 1
    assert flaws(on_either) == []


def test_a_file_that_was_altered_is_found_and_not_given_out(signed_march: Summaries) -> None:
    version = signed_march.find(REGIME, MARCH)
    file = signed_march.files.path(version, "summary.en.html")
    file.chmod(0o600)
    file.write_bytes(file.read_bytes().replace(b"3", b"2"))

    assert flaws(signed_march) == [f"summary {version.name}, summary.en.html: is not the file that was recorded"]
    with pytest.raises(SummaryBroken):
        signed_march.files.read(version, "summary.en.html")

    prepared(signed_march)  # what can be made again, byte for byte, is put back
    assert flaws(signed_march) == []
    assert signed_march.find(REGIME, MARCH) == version


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        (update(SummaryRow).values(signed_by="sun.li"), "column 'signed_by' does not follow"),
        (delete(SummaryRow), "its row is gone"),
        (update(SummaryEntryRow).where(SummaryEntryRow.seq == 3).values(by="sun.li"), "does not match its hash"),
        (delete(SummaryEntryRow).where(SummaryEntryRow.seq == 2), "missing before entry 3"),
        (update(SummaryEntryRow).where(SummaryEntryRow.seq == 3).values(mark="0" * 64), "with the master key"),
        (delete(SummaryEntryRow), "its entries are gone"),
    ],
)
def test_a_sign_off_that_somebody_altered_is_found(signed_march: Summaries, statement: Any, told: str) -> None:
    with signed_march.store.write() as session:
        session.execute(statement)

    assert any(told in one for one in flaws(signed_march))


@pytest.mark.parametrize(
    "statement",
    [
        update(SummaryEntryRow).values(by="sun.li"),
        update(SummaryEntryRow).values(mark="0" * 64),
    ],
)
def test_no_step_goes_on_over_a_chain_that_somebody_altered(march: Summaries, statement: Any) -> None:
    version = march.find(REGIME, MARCH)
    with march.store.write() as session:
        session.execute(statement)

    for step in (
        lambda: march.find(REGIME, MARCH),
        lambda: prepared(march),
        lambda: march.review(version, "wang.fang"),
    ):
        with pytest.raises(SummaryForged, match="entry 1: "):
            step()
    assert len(march.rows()) == 1


def test_a_stranger_among_the_editions_and_a_folder_in_the_place_of_a_file_are_found(march: Summaries) -> None:
    version = march.find(REGIME, MARCH)
    (march.files.folder(version).parent / "0123456789ab").mkdir()
    file = march.files.path(version, "summary.csv")
    file.unlink()
    file.mkdir()

    told = flaws(march)

    assert any("0123456789ab: nothing refers to it" in one for one in told)
    assert any("summary.csv: cannot be read (IsADirectoryError)" in one for one in told)


def test_a_disk_that_is_full_leaves_no_half_draft(summaries: Summaries, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            prepared(summaries)

    assert content(summaries.files.root) == {}
    assert list(summaries.files.root.glob("*/*/.*")) == []
    assert prepared(summaries).number == 1


def test_a_version_whose_folder_was_lost_does_not_keep_the_next_one_from_being_prepared(march: Summaries) -> None:
    shutil.rmtree(march.files.folder(march.find(REGIME, MARCH)))
    new = file_complaint(march.store, number="4", received_at="2026-03-30T10:00:00+08:00")
    later(march)

    second = prepared(march)

    assert second.number == 2
    assert new in march.files.read(second, "difference.csv").decode()


def test_a_summary_is_signed_off_only_once_its_period_is_over_at_its_cut_off(summaries: Summaries) -> None:
    interim = summaries.review(summaries.prepare(REGIME, "2026-04", summaries.store.now(), "li.wei"), "wang.fang")
    with pytest.raises(SummaryRefused, match="period is over, prepare it again: redress summary prepare 2026-04"):
        summaries.sign(interim, "zhao.min")

    whole = summaries.prepare(REGIME, "2026-04", later(summaries, 30), "li.wei")

    assert (interim.number, whole.number) == (1, 2)  # though nothing else is known
    assert summaries.sign(summaries.review(whole, "wang.fang"), "zhao.min").state is State.SIGNED


def test_the_schedule_is_no_person_however_its_name_is_written(summaries: Summaries) -> None:
    version = prepared(summaries, "Redress")

    assert version.prepared_by == "redress"
    with pytest.raises(SummaryRefused, match="first a person takes it on"):
        summaries.review(version, "wang.fang")


def test_a_summary_names_the_pack_that_was_in_force_at_the_last_instant_of_its_period(
    summaries: Summaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    in_force = Rulebook.in_force

    def noted(self: Rulebook, name: str, at: datetime) -> Any:
        asked.append(at)
        return in_force(self, name, at)

    monkeypatch.setattr(Rulebook, "in_force", noted)
    prepared(summaries)

    assert datetime.fromisoformat("2026-03-31T23:59:59.999999+08:00") in asked
    assert datetime.fromisoformat("2026-04-01T00:00:00+08:00") not in asked


def test_the_removal_of_a_whole_summary_is_found_by_its_folder(signed_march: Summaries) -> None:
    with signed_march.store.write() as session:
        session.execute(delete(SummaryEntryRow))
        session.execute(delete(SummaryRow))

    assert "no entry" in flaws(signed_march)[0]


@pytest.mark.slow
def test_figures_that_the_ledger_does_not_give_any_more_are_not_signed(march: Summaries) -> None:
    version = march.review(march.find(REGIME, MARCH), "wang.fang")
    with march.store.write() as session:
        session.execute(update(CaseRow).values(channel="counter"))

    with pytest.raises(FiguresMoved):
        march.sign(version, "zhao.min")
    with pytest.raises(FiguresMoved):
        reproduce(march, version)
    assert march.find(REGIME, MARCH).state is State.REVIEWED


# --- the cases behind a figure ----------------------------------------------------------------------


def test_every_figure_knows_its_cases_years_later(march: Summaries) -> None:
    version = march.find(REGIME, MARCH)
    later(march, 900)

    assert len(references_behind(march.files, version, "channel.web.received")) == 2
    assert len(references_behind(march.files, version, "totals.matters.cases")) == 3
    assert references_behind(march.files, version, "totals.closed.cases") == []
    with pytest.raises(FigureUnknown):
        references_behind(march.files, version, "channel.web.colour")


def test_a_difference_names_every_complaint_whatever_its_product_and_no_report(march: Summaries) -> None:
    since = {"received_at": "2026-03-30T10:00:00+08:00"}
    complaint = file_complaint(march.store, number="4", product="confidential", **since)
    report = file_complaint(march.store, number="5", kind=Kind.REPORT, **since)
    later(march)

    told = march.files.read(prepared(march), "difference.csv").decode()

    assert complaint in told
    assert report not in told


def test_of_a_report_a_summary_keeps_nothing_by_which_it_could_be_found(summaries: Summaries) -> None:
    report = a_stored_case(summaries.store, Stage.ASSESSED, number="9", kind=Kind.REPORT, product="夜莺理财")
    version = summaries.prepare(REGIME, "2026-04", summaries.store.now(), "li.wei")

    [row] = cases_of(summaries.files, version, [report]).to_dict("records")
    kept = {name for name, value in row.items() if value is not None and value == value}
    assert kept <= {"reference", "kind", "confidential", "received_at", "answered_at", "closed_at"}
    for file in version.edition.files:
        assert "夜莺理财".encode() not in summaries.files.read(version, file)


def test_a_product_that_looks_like_somebodys_number_is_in_no_file_of_a_summary(summaries: Summaries) -> None:
    references = [file_complaint(summaries.store, number=f"P-{n}", product=f"借款 1380000010{n}") for n in (1, 2)]
    version = summaries.prepare(REGIME, "2026-04", summaries.store.now(), "li.wei")

    codes = {one for one in figure_ids(summaries.files, version) if one.startswith("product.not-shown-")}
    assert len(codes) == 2 * len(["received", "complaints", "deduplicated"])
    behind = [references_behind(summaries.files, version, one) for one in codes if one.endswith(".received")]
    assert sorted(behind) == sorted([one] for one in references)
    kept = [
        *read_tables(summaries.files, version).figures["code"],
        *cases_of(summaries.files, version, references)["product"],
    ]
    assert not [one for one in kept if "1380000010" in one]
    for name in ("summary.csv", "summary.zh-CN.html", "summary.en.html"):
        assert b"1380000010" not in summaries.files.read(version, name)


def test_an_entry_holds_all_that_an_auditor_asks(signed_march: Summaries) -> None:
    version = signed_march.find(REGIME, MARCH)
    last = signed_march.chain(REGIME, MARCH).entries[-1]

    assert (last.kind, last.by) == (str(Step.SIGN), "zhao.min")
    facts = json.loads(last.facts)
    assert facts["files"] == version.edition.files
    assert {"redress", "pandas", "pyarrow", "python", "zlib", "fonttools", "pydyf"} <= facts["made_with"].keys()


@pytest.mark.parametrize(
    "error", [SummaryRefused("a", "b", "c"), UnknownSummary("a", "b", 1), SummaryChanged("a", "b")]
)
def test_errors_survive_pickling(error: ComplaintError) -> None:
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
