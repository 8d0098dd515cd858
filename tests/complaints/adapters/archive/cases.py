"""Closed cases of each sort, with what belongs to them, and folders as the first version archived them."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from complaints import acts
from complaints.adapters.archive.package import Package, dump_entry, dump_json
from complaints.adapters.archive.writing import archive_case
from complaints.adapters.evidence import EvidenceStore, add_evidence
from complaints.adapters.store import Store
from complaints.intake import Contact
from complaints.sealing import CaseKey
from complaints.words import Kind, Stage
from tests.builders import PHONE, a_letter, a_stored_case, advance, an_act, prepare_letter
from tests.evidence_places import PDF

IDENTITY = ("欧阳知夏", "310115199001011234", "lin.zhixia@example.cn", "13800000101", "柜台主管私下收取介绍费")
"""A reporter's name, identity number, contacts and words."""


@dataclass(frozen=True)
class Firm:
    """A case database, an evidence store and an archive."""

    store: Store
    evidence: EvidenceStore
    folder: Path

    def archive(self, reference: str) -> Path:
        """Archive a case; return its package."""
        return archive_case(self.store, self.evidence, self.folder, reference)

    def key(self, reference: str) -> CaseKey | None:
        """The key of a case."""
        with self.store.read() as session:
            return self.store.case_key(session, reference)

    def a_closed_case(self, *, evidence: bytes | None = PDF, name: str = "流水.pdf", **changes: Any) -> str:
        """A complaint closed just now, with an acknowledgement and a file of evidence."""
        reference = a_stored_case(self.store, letter=True, **changes)
        with self.store.open_case(reference) as desk:
            if "acknowledgement" in {letter for letter, _ in desk.case.letters}:
                desk.case.record(an_act(acts.LetterSent), desk.now)
            if evidence is not None:
                add_evidence(desk, self.evidence, evidence, name=name, source="crm", by="li.wei")
            advance(desk.case, Stage.CLOSED, now=desk.now)
        return reference

    def a_closed_report(self, letter: str, text: str | None = None) -> str:
        """A report closed just now; an acknowledgement, sent before it was known to be one, names the person."""
        name, number, email, phone, words = IDENTITY
        contacts = [{"kind": "email", "value": email}, {"kind": "phone", "value": phone}]
        reference = a_stored_case(
            self.store,
            kind=Kind.REPORT,
            complainant={"name": name, "identity_number": number, "contacts": contacts},
            narrative=words,
            wanted=words,
        )
        with self.store.open_case(reference) as desk:
            rendered = a_letter(text or (f"{name}您好。" if letter == "acknowledgement" else "您好。"))
            prepare_letter(desk.case, now=desk.now, letter=letter, sha256=rendered.sha256, recipient=email)
            desk.keep_letter(letter, 1, rendered)
            desk.case.record(an_act(acts.LetterSent, letter=letter), desk.now)
            add_evidence(desk, self.evidence, PDF + phone.encode(), name=f"{name}.pdf", source="web", by="web")
            desk.case.record(acts.ContactAdded(contact=Contact.model_validate(PHONE)), desk.now)
            advance(desk.case, Stage.CLOSED, now=desk.now)
        return reference

    def as_the_first_version_did(self, reference: str) -> Path:
        """Archive a case as a folder in clear; letters and evidence stay."""
        case, entries = self.store.read_case(reference), self.store.entries(reference)
        assert case.closed_at is not None
        folder = self.folder / str(case.closed_at.astimezone(case.pack.tz).year) / reference
        (folder / "letters").mkdir(parents=True, mode=0o700)
        files = {
            "case.json": b'{"format": "redress-archive/1"}\n',
            "ledger.jsonl": b"".join(map(dump_entry, entries)),
            "letters/1-acknowledgement.txt": "林知夏您好。".encode(),
        }
        for name, content in files.items():
            (folder / name).write_bytes(content)
        listed = {
            name: {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
            for name, content in files.items()
        }
        head = {"reference": reference, "head": entries[-1].hash, "entries": len(entries), "files": listed}
        manifest = dump_json({"format": "redress-archive/1"} | head)
        (folder / "manifest.json").write_bytes(manifest)
        with self.store.open_case(reference) as desk:
            desk.case.record(acts.Archived(sha256=hashlib.sha256(manifest).hexdigest()), desk.now)
        return folder

    @contextmanager
    def inside(self, path: Path) -> Iterator[dict[str, bytes]]:
        """Every file of a package's contents by its name."""
        with Package.open(path) as package, package.contents(self.key(path.stem)) as contents:
            yield {name: contents.read(name) for name in contents.namelist()}

    def contents(self, path: Path) -> dict[str, bytes]:
        """Every file of a package's contents by its name."""
        with self.inside(path) as contents:
            return contents

    def record(self, path: Path) -> dict[str, Any]:
        """The record in a package."""
        read: dict[str, Any] = json.loads(self.contents(path)["case.json"])
        return read

    def archived_entries(self, reference: str) -> list[str]:
        """The hashes of packages that the ledger names."""
        return [json.loads(one.facts)["sha256"] for one in self.store.entries(reference) if one.kind == "archived"]

    def evidence_names(self, reference: str) -> set[str]:
        """What the evidence store has of a case."""
        return self.evidence.files.names(reference)
