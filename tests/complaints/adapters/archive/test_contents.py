"""What people read in a package: the case file, the record, letters, evidence; and what they must not."""

import base64
import json
import re
from html.parser import HTMLParser

import jsonschema
import pytest
from sqlalchemy import update

from complaints import acts
from complaints.adapters.archive import contents as contents_module
from complaints.adapters.archive.checking import check_package
from complaints.adapters.archive.package import Package
from complaints.adapters.evidence import context_of
from complaints.adapters.tables import CaseKeyRow
from complaints.letters import Rendered
from complaints.words import Kind
from tests.builders import a_letter, a_stored_case, an_act
from tests.complaints.adapters.archive.cases import IDENTITY, Firm
from tests.evidence_places import JPEG, PDF


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


def test_a_package_holds_all_that_there_is_of_a_case(small_firm: Firm):
    found = small_firm.contents(small_firm.archive(small_firm.a_closed_case()))

    assert list(found) == [
        "case_file.zh-CN.html",
        "case_file.en.html",
        "case.json",
        "case.schema.json",
        "letters/1-acknowledgement.html",
        "letters/1-acknowledgement.txt",
        "evidence/1-流水.pdf",
        "manifest.json",
    ]
    assert found["evidence/1-流水.pdf"] == PDF


def test_the_letters_are_as_they_were_sent(small_firm: Firm):
    found, sent = small_firm.contents(small_firm.archive(small_firm.a_closed_case())), a_letter()

    assert found["letters/1-acknowledgement.html"].decode() == sent.html
    assert found["letters/1-acknowledgement.txt"].decode() == f"{sent.subject}\n\n{sent.text}"


@pytest.mark.usefixtures("with_pdf")
def test_the_case_file_is_there_as_pdf_too(small_firm: Firm):
    path = small_firm.archive(small_firm.a_closed_case())
    with Package.open(path) as package:
        if package.manifest.left_out:
            pytest.skip("no PDF can be made on this machine")
    found = small_firm.contents(path)

    assert found["case_file.pdf"].startswith(b"%PDF-")
    assert check_package(path, small_firm.key(path.stem)) == []


def test_a_package_says_where_no_pdf_could_be_made(small_firm: Firm):
    path = small_firm.archive(small_firm.a_closed_case())

    with Package.open(path) as package:
        assert package.manifest.left_out == ("case_file.pdf",)
        assert "not in it: case_file.pdf" in package.outer.read("README.txt").decode()


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("zh-CN", ("案件档案", "林知夏", "账户服务费被扣了两次。", "投诉成立", "CNY 128.50", "受理告知书", "第十八条")),
        ("en", ("Case file", "林知夏", "账户服务费被扣了两次。", "upheld", "CNY 128.50", "acknowledgement", "art. 18")),
    ],
)
def test_the_case_file_tells_the_story(small_firm: Firm, language: str, said: tuple[str, ...]):
    reference = small_firm.a_closed_case()
    found = small_firm.contents(small_firm.archive(reference))
    page = Words(found[f"case_file.{language}.html"].decode())

    assert [one for one in (*said, reference, "evidence/1-流水.pdf") if one not in page.text] == []
    assert not re.search(r"\bNone\b|Undefined", page.text)
    assert all(entry.hash[:16] in page.text for entry in small_firm.store.entries(reference)[:-1])
    assert page.loads == []
    assert set(page.links) == {"letters/1-acknowledgement.html", "letters/1-acknowledgement.txt"} <= found.keys()


@pytest.mark.parametrize("kind", list(Kind))
def test_a_matter_of_any_kind_is_archived(small_firm: Firm, kind: Kind):
    path = small_firm.archive(small_firm.a_closed_case(kind=kind))

    assert check_package(path, small_firm.key(path.stem)) == []
    record = small_firm.record(path)
    jsonschema.validate(record, json.loads(small_firm.contents(path)["case.schema.json"]))


def test_a_case_withdrawn_at_once_is_archived(small_firm: Firm):
    store = small_firm.store
    reference = a_stored_case(store, complainant={}, category=None, product=None, amount=None, wanted=None, kind=None)
    with store.open_case(reference) as desk:
        desk.case.withdraw("li.wei", desk.now)

    found = small_firm.contents(small_firm.archive(reference))

    assert "投诉人撤回" in found["case_file.zh-CN.html"].decode()


def test_what_was_refused_and_looked_at_is_in_the_case_file(small_firm: Firm):
    reference = small_firm.a_closed_case()
    with small_firm.store.open_case(reference) as desk:
        for act in (acts.EvidenceRefused, acts.EvidenceOpened):
            desk.case.record(an_act(act), desk.now, "li.wei")

    found = small_firm.contents(small_firm.archive(reference))

    page = found["case_file.zh-CN.html"].decode()
    assert [one for one in ("在卷 1 件，来件列明 0 件，未接收 1 件", "证据未接收", "查阅证据") if one not in page] == []


def test_what_the_complainant_wrote_is_shown_and_never_obeyed(small_firm: Firm):
    path = small_firm.archive(small_firm.a_closed_case(narrative="<script>alert(1)</script>"))

    assert b"<script>" not in small_firm.contents(path)["case_file.en.html"]


# --- the record -----------------------------------------------------------------------------------


def test_the_record_holds_facts_and_personal_data(small_firm: Firm):
    record = small_firm.record(small_firm.archive(small_firm.a_closed_case()))

    assert record["facts"]["redress_paid"] == "128.50"
    assert record["facts"]["category"] == "fees"
    assert record["personal"]["1"]["complaint"]["complainant"]["name"] == "林知夏"
    assert {"reasons": "属重复扣收。"} in record["personal"].values()


def test_the_schema_refuses_what_is_no_record(small_firm: Firm):
    path = small_firm.archive(small_firm.a_closed_case())
    schema, record = json.loads(small_firm.contents(path)["case.schema.json"]), small_firm.record(path)
    jsonschema.Draft202012Validator.check_schema(schema)

    for wrong in ({"format": "redress-archive/1"}, {"letters": None}, {"more": 1}, {"personal": {"x": {}}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(record | wrong, schema)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("流水.pdf", "evidence/1-流水.pdf"),
        ("../../etc/passwd", "evidence/1-passwd.pdf"),
        ("a<b>:c|d?.pdf", "evidence/1-a_b__c_d_.pdf"),
        ("截" * 200 + ".pdf", f"evidence/1-{'截' * 40}.pdf"),
        ("photo.jpg", "evidence/1-photo.jpg.pdf"),  # its content is a PDF
        ("", "evidence/1.pdf"),
        ("...", "evidence/1.pdf"),
    ],
)
def test_evidence_has_a_name_that_every_disk_takes(small_firm: Firm, name: str, kept: str):
    found = small_firm.contents(small_firm.archive(small_firm.a_closed_case(name=name)))

    assert [one for one in found if one.startswith("evidence/")] == [kept]


def test_two_files_of_one_name_stay_apart(small_firm: Firm):
    from complaints.adapters.evidence import add_evidence
    from complaints.words import Stage
    from tests.builders import advance

    reference = a_stored_case(small_firm.store)
    with small_firm.store.open_case(reference) as desk:
        for content in (PDF, JPEG):
            add_evidence(desk, small_firm.evidence, content, name="scan.pdf", source="crm", by="li.wei")
        advance(desk.case, Stage.CLOSED, now=desk.now)

    found = small_firm.contents(small_firm.archive(reference))

    assert (found["evidence/1-scan.pdf"], found["evidence/2-scan.pdf.jpg"]) == (PDF, JPEG)


# --- whistle-blowing reports, and persons erased --------------------------------------------------


@pytest.mark.parametrize("letter", ["acknowledgement", "report_receipt"])
def test_who_reported_is_in_no_readable_file(small_firm: Firm, letter: str):
    path = small_firm.archive(small_firm.a_closed_report(letter))
    found = small_firm.contents(path)

    for name, data in found.items():
        assert [one for one in IDENTITY if one.encode() in data or json.dumps(one).encode() in data] == [], name
        assert IDENTITY[0] not in name
    record = small_firm.record(path)
    jsonschema.validate(record, json.loads(found["case.schema.json"]))
    assert record["is_confidential"] is True
    assert record["personal"] is None
    assert not contents_module.WITHHELD & record["facts"].keys()
    assert "举报保密" in found["case_file.zh-CN.html"].decode()
    assert "Confidential report" in found["case_file.en.html"].decode()
    assert check_package(path, small_firm.key(path.stem)) == []


def test_the_sealed_part_of_a_report_opens_with_its_key(small_firm: Firm):
    path = small_firm.archive(small_firm.a_closed_report("acknowledgement"))
    key, found = small_firm.key(path.stem), small_firm.contents(path)
    assert key is not None
    (exhibit,) = small_firm.store.read_case(path.stem).evidence

    letter = key.open(base64.b64decode(found["letters/1-acknowledgement.sealed"]), "letter/acknowledgement/1")
    evidence = key.open(found["evidence/1.sealed"], context_of(exhibit.added.sha256))

    assert IDENTITY[0] in Rendered.load(letter).text
    assert evidence == PDF + IDENTITY[3].encode()


def test_an_erased_person_stays_erased(small_firm: Firm):
    reference = small_firm.a_closed_case()
    with small_firm.store.write() as session:
        session.execute(update(CaseKeyRow).values(wrapped=None))

    path = small_firm.archive(reference)

    found = small_firm.contents(path)
    assert not [name for name in found if name.startswith(("letters/", "evidence/"))]
    assert not any("林知夏".encode() in data for data in found.values())
    assert "个人信息已删除" in found["case_file.zh-CN.html"].decode()
    record = small_firm.record(path)
    jsonschema.validate(record, json.loads(found["case.schema.json"]))
    assert record["is_erased"] is True
    assert check_package(path, None) == []
    with Package.open(path) as package:
        assert "contents.zip" in package.outer.namelist()
