"""Regulatory summaries at the door, under the links on Prefect's page, and the cases behind each figure."""

import base64
import hashlib
import re
from urllib.parse import quote, urlsplit

import pytest
from fastapi.testclient import TestClient

from complaints.adapters import summary_pages
from complaints.adapters.pdf import PdfUnavailable
from complaints.adapters.summary_tables import references_behind
from complaints.links import cases_name, summary_link
from complaints.reporting.versions import Version
from complaints.words import Kind, Stage
from deployments.door.limits import Buckets
from deployments.pages import router
from deployments.pages import summaries as pages
from tasks.desk import summaries
from tests.builders import MONDAY, REGIME, a_stored_case, file_complaint
from tests.deployments.conftest import Installation
from tests.deployments.visiting import door, told

__all__ = ["door", "told"]

MARCH = "2026-03"


def no_printer(_: str) -> bytes:
    raise PdfUnavailable("a printer that is fast")


@pytest.fixture
def version(firm: Installation, monkeypatch: pytest.MonkeyPatch) -> Version:
    """A summary of this month, which is March 2026, with two complaints from the web and a report."""
    monkeypatch.setattr(summary_pages, "to_pdf", no_printer)
    firm.store.make_demo(MONDAY)
    for number in ("1", "2"):
        file_complaint(firm.store, number=number, product="<b>轻舟</b>消费贷")
    a_stored_case(firm.store, Stage.ASSESSED, number="3", kind=Kind.REPORT)
    return summaries().prepare(REGIME, MARCH, firm.store.now(), "li.wei")


def link(firm: Installation, name: str) -> str:
    return summary_link("", name, firm.store.master)


def test_the_link_opens_the_summary_in_its_own_style_and_lets_it_do_nothing_else(
    door: TestClient, firm: Installation, version: Version
) -> None:
    shown = door.get(link(firm, f"{version.link_name}.zh-CN.html"))

    assert shown.status_code == 200
    assert '<html lang="zh-CN">' in shown.text
    (style,) = re.findall(r"<style>(.*?)</style>", shown.text, re.DOTALL)
    hashed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert shown.headers["Content-Security-Policy"].startswith(f"default-src 'none'; style-src 'sha256-{hashed}';")
    assert " style=" not in shown.text  # such a style would not be shown
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert shown.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("end", "file", "kind"),
    [
        ("csv", "summary.csv", "text/csv"),
        ("xlsx", "summary.xlsx", "application/vnd.openxmlformats"),
        ("warning-days.csv", "warning-days.csv", "text/csv"),
    ],
)
def test_the_figures_come_as_files_to_be_kept(
    door: TestClient, firm: Installation, version: Version, end: str, file: str, kind: str
) -> None:
    name = f"{version.link_name}.{end}"
    kept = door.get(link(firm, name))

    assert kept.headers["Content-Type"].startswith(kind)
    assert kept.headers["Content-Disposition"] == f'attachment; filename="summary-{name}"'
    assert kept.content == summaries().files.read(version, file)


def test_every_number_of_the_page_leads_to_exactly_its_cases(
    door: TestClient, firm: Installation, version: Version
) -> None:
    shown = door.get(link(firm, f"{version.link_name}.en.html")).text
    name = cases_name(version.link_name, "channel.web.received")
    [address] = {one for one in re.findall(r'href="([^"]+)"', shown) if f"/{name}/" in one}

    listed = door.get(urlsplit(address).path, params={"lang": "en"})

    assert listed.status_code == 200
    behind = references_behind(summaries().files, version, "channel.web.received")
    assert sorted(set(re.findall(r"TS\d{6}-[2-9A-Z]{7}", listed.text))) == behind
    assert "Channel · Web" in listed.text
    for address in set(re.findall(r'href="(http[^"]+/summaries/[^"]+)"', shown)):
        assert door.get(urlsplit(address).path).status_code == 200


@pytest.mark.parametrize("month", [MARCH, "2026-01"])
def test_the_list_behind_a_nought_is_empty(door: TestClient, firm: Installation, version: Version, month: str) -> None:
    of = version if month == MARCH else summaries().prepare(REGIME, month, firm.store.now(), "li.wei")

    listed = door.get(link(firm, cases_name(of.link_name, "totals.withdrawn.cases")))

    assert listed.status_code == 200
    assert references_behind(summaries().files, of, "totals.withdrawn.cases") == []
    assert "<td" not in listed.text


def test_the_list_leads_back_to_its_section_of_the_summary(
    door: TestClient, firm: Installation, version: Version
) -> None:
    listed = door.get(link(firm, cases_name(version.link_name, "channel.web.received")) + "?lang=zh-CN").text

    back, definitions = (re.findall(rf'href="([^"#]+)#{place}"', listed) for place in ("channel", "definitions"))
    assert back == definitions == [link(firm, f"{version.link_name}.zh-CN.html")]
    summary = door.get(back[0]).text
    assert 'id="channel"' in summary
    assert 'id="definitions"' in summary


def test_the_list_says_what_was_known_of_each_case(door: TestClient, firm: Installation) -> None:
    firm.store.make_demo(MONDAY)
    reference = a_stored_case(firm.store, Stage.CLOSED, number="4")
    version = summaries().prepare(REGIME, MARCH, firm.store.now(), "li.wei")

    listed = door.get(link(firm, cases_name(version.link_name, "totals.closed.cases")) + "?lang=zh-CN").text

    [row] = re.findall(rf">{reference}</th>(.*?)</tr>", listed)
    cells = re.findall(r"<td>([^<]*)</td>", row)
    assert [cells[place] for place in (0, 1, 6, 7, 8, 9)] == [
        *("投诉", "定价收费", "已结案", "按时", "投诉成立", "人民币128.50元")
    ]


def test_of_a_report_the_list_shows_the_reference_only(door: TestClient, firm: Installation, version: Version) -> None:
    listed = door.get(link(firm, cases_name(version.link_name, "totals.matters.cases")) + "?lang=en").text

    rows = re.findall(r'<tr><th scope="row" class="reference">([^<]+)</th>(.*?)</tr>', listed)
    cells = {reference: re.findall(r"<td>([^<]*)</td>", rest) for reference, rest in rows}
    assert len(cells) == 3
    assert sorted(row.count("—") for row in cells.values()) == [5, 5, 10]


def test_a_long_list_is_turned_page_by_page(
    door: TestClient, firm: Installation, version: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "_PAGE", 2)
    address = link(firm, cases_name(version.link_name, "totals.matters.cases"))
    found = [re.findall(r"TS\d{6}-[2-9A-Z]{7}", door.get(f"{address}?page={page}").text) for page in (1, 2)]

    assert [len(one) for one in found] == [2, 1]
    assert [*found[0], *found[1]] == references_behind(summaries().files, version, "totals.matters.cases")
    for other in ("0", "3", "-1", "x", "9" * 30):
        assert door.get(f"{address}?page={other}").status_code == 200


def test_words_of_a_sender_stay_words(door: TestClient, firm: Installation, version: Version) -> None:
    listed = door.get(link(firm, cases_name(version.link_name, "product.<b>轻舟</b>消费贷.received")))

    assert listed.status_code == 200
    assert "&lt;b&gt;轻舟&lt;/b&gt;消费贷" in listed.text


def test_a_wrong_link_and_what_is_not_there_are_answered_in_the_same_way(
    door: TestClient, firm: Installation, version: Version
) -> None:
    right = link(firm, f"{version.link_name}.en.html")

    answers = [door.get(right[:-1] + ("a" if right[-1] != "a" else "b"))]
    for name in (
        f"{REGIME}.2001-01.v1.en.html",
        f"{REGIME}.2001-13.v1.en.html",
        f"{version.link_name}.difference.csv",
        f"{version.link_name[:-1]}9.csv",
        f"{version.link_name}.cases-{'0' * 16}",
    ):
        answers.append(door.get(link(firm, name)))

    assert {(one.status_code, one.text) for one in answers} == {(404, answers[0].text)}


@pytest.mark.parametrize(
    "name",
    [
        "../../redress.toml",
        "..%2f..%2fmaster.key",
        "cn-nfra.2026-01.v1.en.html/../../x",
        "cn-nfra.2026-01.v1.py",
        "cn-nfra.2026-01.v1.cases.parquet",
        "cn-nfra.2026-01.v1.manifest.json",
    ],
)
def test_no_other_file_is_reached_even_with_a_right_token(door: TestClient, firm: Installation, name: str) -> None:
    token = summary_link("", name, firm.store.master).rpartition("/")[2]

    assert door.get(f"/summaries/{quote(name, safe='')}/{token}").status_code == 404


def test_an_altered_file_is_not_given_out(door: TestClient, firm: Installation, version: Version) -> None:
    file = summaries().files.path(version, "summary.csv")
    file.write_bytes(file.read_bytes().replace(b"3", b"2"))

    assert door.get(link(firm, f"{version.link_name}.csv")).status_code == 503


def test_who_tries_many_wrong_links_must_wait(
    door: TestClient, firm: Installation, version: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(router, "WRONG_LINKS", Buckets(rate=0.001, burst=3))
    for _ in range(3):
        door.get(f"/summaries/{version.link_name}.en.html/{'a' * 26}")

    assert door.get(link(firm, f"{version.link_name}.en.html")).status_code == 429
