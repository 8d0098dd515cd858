"""What a package is: deterministic, sealed, checked, and opened by the words of its own README."""

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from base64 import b64encode
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from complaints.adapters.archive import package as package_module
from complaints.adapters.archive.checking import check_package
from complaints.adapters.archive.package import PIECE, Manifest, Package, PackageBroken, write_package
from complaints.adapters.tables import CaseKeyRow
from complaints.errors.sealing import SealBroken
from complaints.sealing import CaseKey
from tests.builders import REFERENCE, a_letter
from tests.complaints.adapters.archive.cases import Firm

MANIFEST = Manifest(
    reference=REFERENCE,
    regime="cn-nfra",
    regime_version="1",
    kind="complaint",
    closed_on=date(2026, 3, 2),
    is_confidential=False,
    is_erased=False,
    head="0" * 64,
    entries=0,
)


def written(contents: dict[str, bytes], key: CaseKey | None) -> bytes:
    """A package with these contents."""
    file = io.BytesIO()
    write_package(file, MANIFEST.model_copy(update={"is_erased": key is None}), "", [], contents.items(), key)
    return file.getvalue()


def test_the_same_case_gives_the_same_bytes_on_another_day():
    key = CaseKey.new(REFERENCE)
    contents = {"case.json": b"{}", "evidence/1-流水.pdf": os.urandom(100)}

    assert written(contents, key) == written(contents, key)


def test_nothing_of_a_zip_file_tells_when_where_or_by_whom_it_was_made():
    made = zipfile.ZipFile(io.BytesIO(written({"case.json": b"{}"}, CaseKey.new(REFERENCE))))

    for info in made.infolist():
        assert (info.date_time, info.extra, info.comment) == ((1980, 1, 1, 0, 0, 0), b"", b"")
        assert info.external_attr >> 16 == 0o600
    assert made.comment == b""


def test_what_people_read_is_in_no_byte_of_a_package(small_firm: Firm):
    path = small_firm.archive(small_firm.a_closed_case())
    data = path.read_bytes()

    with zipfile.ZipFile(path) as outer:
        clear = b"".join(outer.read(name) for name in outer.namelist() if name != "contents.sealed")
    for personal in ("林知夏", "lin.zhixia", "账户服务费被扣了两次", "流水"):
        assert personal.encode() not in data + clear
        assert json.dumps(personal)[1:-1].encode() not in data + clear


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
def test_contents_of_any_length_come_back(tmp_path: Path, size: int):
    key, content = CaseKey.new(REFERENCE), os.urandom(size)
    path = tmp_path / "package.zip"
    path.write_bytes(written({"evidence/1.bin": content, "case.json": b"{}"}, key))

    with Package.open(path) as package, package.contents(key) as inside:
        assert inside.read("evidence/1.bin") == content
        assert inside.read("case.json") == b"{}"
        assert inside.testzip() is None


def test_a_package_is_written_and_read_in_pieces_that_memory_need_not_hold(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(package_module, "PIECE", 64)
    key, content = CaseKey.new(REFERENCE), os.urandom(10_000)
    path = tmp_path / "package.zip"
    path.write_bytes(written({"evidence/1.bin": content}, key))

    with Package.open(path) as package, package.contents(key) as inside:
        assert inside.read("evidence/1.bin") == content


def test_pieces_that_change_places_do_not_open(tmp_path: Path):
    key = CaseKey.new(REFERENCE)
    with zipfile.ZipFile(io.BytesIO(written({"evidence/1.bin": bytes(3 * PIECE)}, key))) as outer:
        files = {name: outer.read(name) for name in outer.namelist()}
    step, sealed = PIECE + 28, files["contents.sealed"]
    files["contents.sealed"] = sealed[step : 2 * step] + sealed[:step] + sealed[2 * step :]
    path = tmp_path / "package.zip"
    with zipfile.ZipFile(path, "w") as outer:
        for name, content in files.items():
            outer.writestr(name, content)

    with Package.open(path) as package, package.contents(key) as inside, pytest.raises(SealBroken):
        inside.read("evidence/1.bin")


def test_it_does_not_open_with_the_key_of_another_case(small_firm: Firm):
    path = small_firm.archive(small_firm.a_closed_case())

    assert check_package(path, CaseKey.new(path.stem)) == ["contents.sealed does not open with the case's key"]


# --- without Redress ------------------------------------------------------------------------------


def code_in(readme: str) -> list[str]:
    """The pieces of Python in a README, as whoever follows it copies them."""
    blocks = re.findall(r"(?:^    .*\n|^\n(?=    ))+", readme, re.MULTILINE)
    plain = ["\n".join(line.removeprefix("    ") for line in block.splitlines()) for block in blocks]
    return [block for block in plain if "import" in block]


def run(*words: object) -> str:
    """Run Python away from Redress, and return what it says."""
    command = [sys.executable, "-I", *map(str, words)]
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd="/").stdout


@pytest.mark.parametrize("database", ["SQLite", "PostgreSQL"])
def test_the_lines_of_the_readme_open_a_package(small_firm: Firm, tmp_path: Path, database: str):
    firm = small_firm
    reference = firm.a_closed_case()
    path = firm.archive(reference)
    with zipfile.ZipFile(path) as outer:
        opening, key = code_in(outer.read("README.txt").decode())
    with firm.store.read() as session:
        wrapped = session.scalar(select(CaseKeyRow.wrapped).where(CaseKeyRow.reference == reference))
    assert wrapped is not None
    stored = wrapped.hex().upper() if database == "SQLite" else b64encode(wrapped).decode()
    for name, content in {"open.py": opening, "key.py": key, "wrapped.txt": f"{stored}\n"}.items():
        (tmp_path / name).write_text(content, encoding="utf-8")

    given = run(tmp_path / "key.py", firm.store.key_file, tmp_path / "wrapped.txt")
    (tmp_path / "case.key").write_text(given)
    run(tmp_path / "open.py", path, tmp_path / "case.key", tmp_path / "copy")

    assert len(opening.splitlines()) <= 13
    found = {str(one.relative_to(tmp_path / "copy")) for one in (tmp_path / "copy").rglob("*") if one.is_file()}
    assert found == firm.contents(path).keys()
    assert "林知夏" in (tmp_path / "copy/case_file.zh-CN.html").read_text(encoding="utf-8")
    assert (tmp_path / "copy/letters/1-acknowledgement.html").read_text(encoding="utf-8") == a_letter().html


def test_the_ledger_can_be_checked_as_the_readme_says(small_firm: Firm):
    """By its words alone, with none of our code."""
    from base64 import b64decode

    reference = small_firm.a_closed_case()
    with zipfile.ZipFile(small_firm.archive(reference)) as outer:
        files = {name: outer.read(name) for name in outer.namelist()}
    manifest = json.loads(files["manifest.json"])

    previous, lines = hashlib.sha256(f"redress:{reference}".encode()).hexdigest(), files["ledger.jsonl"].splitlines()
    for line in lines:
        one = json.loads(line)
        seal = "" if one["sealed"] is None else hashlib.sha256(b64decode(one["sealed"])).hexdigest()
        fields = [one["reference"], one["seq"], one["kind"], one["at"], one["by"], one["facts"], seal, one["previous"]]
        assert one["previous"] == previous
        previous = hashlib.sha256(json.dumps(fields, ensure_ascii=False).encode()).hexdigest()
        assert one["hash"] == previous
    assert (previous, len(lines)) == (manifest["head"], manifest["entries"])
    for name, listed in manifest["files"].items():
        assert (hashlib.sha256(files[name]).hexdigest(), len(files[name])) == (listed["sha256"], listed["size"])


# --- checking -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def archived(tmp_path_factory: pytest.TempPathFactory, sqlite) -> tuple[Path, CaseKey]:
    """A package to spoil, and its key."""
    from complaints.adapters.evidence import EvidenceStore

    folder = tmp_path_factory.mktemp("archived")
    with sqlite.shared() as store, pytest.MonkeyPatch.context() as patch:
        from complaints.adapters.archive import drafting
        from complaints.adapters.pdf import PdfUnavailable

        def unavailable(_: str) -> bytes:
            raise PdfUnavailable("there is no Pango")

        patch.setattr(drafting, "to_pdf", unavailable)
        firm = Firm(store, EvidenceStore(str(folder / "evidence")), folder / "archive")
        path = firm.archive(firm.a_closed_case())
        key = firm.key(path.stem)
    assert key is not None
    return path, key


def rewritten(path: Path, **changes: bytes | None) -> None:
    """Change files of a package, or remove them, and leave the rest."""
    with zipfile.ZipFile(path) as outer:
        files = {name: outer.read(name) for name in outer.namelist()}
    with zipfile.ZipFile(path, "w") as outer:
        for name, content in (files | {key.replace("__", "."): value for key, value in changes.items()}).items():
            if content is not None:
                outer.writestr(name, content)


def manifest_of(path: Path) -> dict[str, object]:
    """The manifest of a package."""
    with zipfile.ZipFile(path) as outer:
        read: dict[str, object] = json.loads(outer.read("manifest.json"))
    return read


def forged(path: Path, old: bytes, new: bytes) -> None:
    """Change the ledger, and the manifest with it."""
    with zipfile.ZipFile(path) as outer:
        ledger = outer.read("ledger.jsonl").replace(old, new, 1)
    manifest = manifest_of(path)
    listed = {"sha256": hashlib.sha256(ledger).hexdigest(), "size": len(ledger)}
    manifest["files"] = dict(manifest["files"]) | {"ledger.jsonl": listed}  # type: ignore[call-overload]
    rewritten(path, ledger__jsonl=ledger, manifest__json=json.dumps(manifest).encode())


def flipped(path: Path, at: float) -> None:
    """Change one bit somewhere in the middle of what is sealed."""
    with zipfile.ZipFile(path) as outer:
        info = outer.getinfo("contents.sealed")
        place = info.header_offset + 100 + int(at * (info.file_size - 200))
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("harm", "problems"),
    [
        (lambda path: None, []),
        (lambda path: rewritten(path, README__txt=b"other"), ["README.txt has 5 bytes, the manifest says"]),
        (lambda path: rewritten(path, ledger__jsonl=None), ["ledger.jsonl is missing", "ledger.jsonl cannot be read"]),
        (lambda path: rewritten(path, more__txt=b"x"), ["more.txt is not in the manifest"]),
        (lambda path: rewritten(path, manifest__json=None), ["manifest.json is missing"]),
        (lambda path: rewritten(path, manifest__json=b"[]"), ["manifest.json cannot be read"]),
        (lambda path: rewritten(path, manifest__json=b"{"), ["manifest.json cannot be read"]),
        (
            lambda path: flipped(path, 0.5),
            ["contents.sealed cannot be read: BadZipFile", "contents.sealed cannot be read"],
        ),
        (lambda path: forged(path, b'"by":"li.wei"', b'"by":"wang.wu"'), ["altered: "]),
        (lambda path: path.write_bytes(path.read_bytes()[:-10]), ["cannot be read: BadZipFile"]),
        (lambda path: path.write_bytes(b""), ["cannot be read: BadZipFile"]),
        (lambda path: path.unlink(), ["the package is missing"]),
    ],
)
def test_a_check_names_every_mismatch(archived, tmp_path: Path, harm, problems: list[str]):
    path, key = archived
    copy = Path(shutil.copy(path, tmp_path / path.name))
    harm(copy)

    found = check_package(copy, key)

    assert len(found) == len(problems), found
    assert all(part in one for part, one in zip(problems, found, strict=True)), found


def test_a_check_without_the_key_compares_what_is_sealed_with_its_hash(archived, tmp_path: Path):
    path, _ = archived
    copy = Path(shutil.copy(path, tmp_path / path.name))
    assert check_package(copy, None) == []

    flipped(copy, 0.2)
    assert check_package(copy, None) == ["contents.sealed cannot be read: BadZipFile"]


def test_contents_of_a_destroyed_key_say_so(archived):
    path, _ = archived

    with (
        Package.open(path) as package,
        pytest.raises(PackageBroken, match="the case's key was destroyed"),
        package.contents(None),
    ):
        pass
