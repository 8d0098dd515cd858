"""Checking packages: every hash, the chain, and that whatever the ledger names is inside."""

import hashlib
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from complaints.acts import EvidenceAdded, LetterPrepared
from complaints.adapters.archive.contents import letter_in, record_in
from complaints.adapters.archive.package import (
    EVIDENCE,
    LEDGER,
    MANIFEST,
    README,
    UNREADABLE,
    Listed,
    Package,
    PackageBroken,
    digest_of,
)
from complaints.adapters.evidence import context_of
from complaints.errors.sealing import SealBroken
from complaints.ledger import Entry, check_chain
from complaints.sealing import CaseKey


def check_package(path: Path, key: CaseKey | None) -> list[str]:
    """Return everything about a package that does not hold; nothing where it is whole.

    Args:
        path: The package.
        key: The case's key; None: what is sealed is only compared with its hash.
    """
    problems: list[str] = []
    try:
        with Package.open(path) as package:
            for part in (_check_outer(package), _check_ledger(package), _check_contents(package, key)):
                try:
                    problems += part
                except PackageBroken as broken:
                    problems.append(str(broken))
    except PackageBroken as broken:
        problems.append(str(broken))
    except FileNotFoundError:
        problems.append("the package is missing")
    return [*dict.fromkeys(problems)]


def _check_outer(package: Package) -> Iterator[str]:
    wanted = {README, LEDGER, package.manifest.contents}
    if package.manifest.files.keys() != wanted:
        yield f"{MANIFEST} lists other files than {', '.join(sorted(wanted))}"
    yield from _check_files(package.outer, package.manifest.files)


def _check_files(
    archive: zipfile.ZipFile, listed: Mapping[str, Listed], read: dict[str, bytes] | None = None
) -> Iterator[str]:
    """Yield what does not hold of the files of a ZIP file; ``read`` takes in those that are looked into afterwards."""
    there = archive.namelist()
    yield from (f"{name} is in it twice" for name in sorted({one for one in there if there.count(one) > 1}))
    yield from (f"{name} is missing" for name in sorted(listed.keys() - set(there)))
    yield from (f"{name} is not in the manifest" for name in sorted(set(there) - listed.keys() - {MANIFEST}))
    for name in sorted(listed.keys() & set(there)):
        try:
            with archive.open(name) as file:
                if read is not None and not name.startswith(EVIDENCE):
                    read[name] = file.read()
                    found = Listed.of(read[name])
                else:
                    found = digest_of(file)
        except UNREADABLE as wrong:
            yield f"{name} cannot be read: {type(wrong).__name__}"
            continue
        if found.size != listed[name].size:
            yield f"{name} has {found.size} bytes, the manifest says {listed[name].size}"
        elif found != listed[name]:
            yield f"{name} was altered"


def _check_ledger(package: Package) -> Iterator[str]:
    manifest = package.manifest
    breaks = check_chain(manifest.reference, package.entries, manifest.head, manifest.entries)
    yield from (f"{LEDGER}: entry {one.seq}: {one.reason}" for one in breaks)


def _check_contents(package: Package, key: CaseKey | None) -> Iterator[str]:
    manifest = package.manifest
    if key is None and not manifest.is_erased:
        return  # nobody can open it any more; its hash was compared
    try:
        with package.contents(key) as inside:
            try:
                own = json.loads(inside.read(MANIFEST))
                listed = {str(name): Listed.model_validate(one) for name, one in own["files"].items()}
                of = own["reference"], own["head"]
            except (KeyError, ValueError, TypeError, AttributeError, *UNREADABLE):
                yield f"{manifest.contents}: {MANIFEST} cannot be read"
                return
            if of != (manifest.reference, manifest.head):
                yield f"{manifest.contents}: {MANIFEST} is of another package"
            read: dict[str, bytes] = {}
            problems = [*_check_files(inside, listed, read)]
            if key is not None and not problems:
                problems += _check_record(inside, listed, read, package.entries, key)
            yield from (f"{manifest.contents}: {problem}" for problem in problems)
    except SealBroken:
        yield f"{manifest.contents} does not open with the case's key"


def _check_record(
    inside: zipfile.ZipFile,
    listed: Mapping[str, Listed],
    read: Mapping[str, bytes],
    entries: Sequence[Entry],
    key: CaseKey,
) -> Iterator[str]:
    """Compare letters and evidence with what the ledger says of them; every file was compared with its hash before."""
    letters = {(act["letter"], act["round"]): act["sha256"] for act in _acts(entries, LetterPrepared.kind_name())}
    evidence = {act["number"]: act["sha256"] for act in _acts(entries, EvidenceAdded.kind_name())}
    try:
        record = record_in(read.__getitem__)
        for kept in record["letters"]:
            wanted = letters.pop((kept["letter"], kept["round"]), None)
            if letter_in(read.__getitem__, kept, key).sha256 != wanted:
                yield f"letter '{kept['letter']}' round {kept['round']} is not the one that was prepared"
        for kept in record["evidence"]:
            wanted, file = evidence.pop(kept["number"], None), kept["file"]
            sha256 = _hash_of_sealed(inside.read(file), kept, key) if kept["is_sealed"] else listed[file].sha256
            if sha256 != wanted:
                yield f"evidence {kept['number']} is not what was taken in"
    except (KeyError, ValueError, TypeError, AttributeError, IndexError, SealBroken, *UNREADABLE) as wrong:
        yield f"letters or evidence cannot be read: {type(wrong).__name__}"
        return
    yield from (f"letter '{letter}' round {number} is missing" for letter, number in letters)
    yield from (f"evidence {number} is missing" for number in evidence)


def _acts(entries: Sequence[Entry], kind: str) -> list[dict[str, Any]]:
    return [json.loads(entry.facts) for entry in entries if entry.kind == kind]


def _hash_of_sealed(sealed: bytes, kept: Mapping[str, Any], key: CaseKey) -> str:
    return hashlib.sha256(key.open(sealed, context_of(kept["sha256"]))).hexdigest()
