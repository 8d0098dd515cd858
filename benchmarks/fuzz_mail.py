"""Feeds mails, and random mutations of them, through the whole mail door: ``python -m benchmarks.fuzz_mail FOLDER…``.

Each input must end within its time, with a case that is whole or with none: as many cases as were opened, each with a
start, a delivery and a ledger that verifies, and no error that the door did not expect. Ends with status 1 otherwise.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import func, select

TIME_LIMIT: Final = 20
"""Seconds that one input may take."""
_TOKENS: Final = (
    b"=?gb2312?B?",
    b"?=",
    b"\r\n",
    b"\r\n\r\n",
    b"\r\n--",
    b'Content-Type: multipart/mixed; boundary="x"\r\n',
    b"Content-Type: message/rfc822\r\n\r\n",
    b"Content-Transfer-Encoding: base64\r\n",
    b"; charset=gb2312",
    b"; filename*0*=utf-8''%",
    b"Message-ID: <a@b>\r\n",
    b"From: a@example.cn\r\n",
    b"<div style='display:none'>",
    b"<!--",
    b"\x00",
    b"\xff\xfe",
    b"\xd6\xd0",
)


class TookTooLong(BaseException):
    """An input was not done within its time; no handler of errors may swallow it."""


def inputs(folders: Sequence[Path], mutations: int, chance: random.Random) -> Iterator[bytes]:
    """Yield every mail in folders and ZIP files, each followed by mutations of it."""
    for mail in mails(folders):
        yield mail
        for _ in range(mutations):
            yield mutated(mail, chance)


def mails(folders: Sequence[Path]) -> Iterator[bytes]:
    """Yield the files below folders, and in ZIP files there."""
    for file in sorted(file for folder in folders for file in ([folder] if folder.is_file() else folder.rglob("*"))):
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                yield from (archive.read(one) for one in archive.infolist() if not one.is_dir())
        elif file.is_file():
            yield file.read_bytes()


def mutated(mail: bytes, chance: random.Random) -> bytes:
    """Return a mail with some bytes changed, cut out, repeated, or exchanged for what mail programs trip over."""
    changed = bytearray(mail)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(changed) + 1)
        length = min(chance.choice((1, 1, 4, 40, 400)), len(changed) - at)
        match chance.randrange(5):
            case 0:
                changed[at : at + length] = chance.randbytes(length)
            case 1:
                del changed[at : at + length]
            case 2:
                changed[at:at] = bytes(changed[at : at + length]) * chance.randint(1, 50)
            case 3:
                changed[at:at] = chance.choice(_TOKENS) * chance.choice((1, 1, 2, 500))
            case _:
                changed[at : at + length] = chance.choice(_TOKENS)
    return bytes(changed)


@contextmanager
def within(seconds: int) -> Iterator[None]:
    """Stop what takes longer."""

    def stop(*_: object) -> None:
        raise TookTooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def fuzz(given: Iterator[bytes]) -> dict[str, Any]:
    """Take everything in, in this process's own home folder; return what came of it."""
    from complaints.adapters.mailbox.transport import Fetched
    from complaints.adapters.tables import CaseRow, DeliveryRow, StartRow
    from complaints.adapters.verify import verify
    from tasks.desk import store
    from tasks.incoming_mail import SENDER, take_in

    store().migrate()
    outcomes: Counter[str] = Counter()
    broken: list[str] = []
    slowest = 0.0
    for number, mail in enumerate(given, 1):
        started = time.perf_counter()
        try:
            with within(TIME_LIMIT):
                outcomes[take_in(Fetched(mail, None)).outcome] += 1
        except (Exception, TookTooLong) as error:
            broken.append(f"input {number} ({len(mail)} bytes): {type(error).__name__}")
        slowest = max(slowest, time.perf_counter() - started)
    with store().read() as session:
        cases = session.scalars(select(CaseRow.reference)).all()
        starts = session.scalar(select(func.count()).select_from(StartRow))
        known = select(func.count(func.distinct(DeliveryRow.reference))).where(DeliveryRow.sender == SENDER)
        delivered = session.scalar(known)
    if not len(cases) == starts == delivered == outcomes["opened"]:
        broken.append(f"half stored: {len(cases)} cases, {starts} starts, {delivered} deliveries, {dict(outcomes)}")
    broken += [str(one) for one in verify(store()).breaks]
    return {"inputs": sum(outcomes.values()), **outcomes, "slowest_seconds": round(slowest, 2), "broken": broken}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz_mail", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, help="folders of mails, or ZIP files")
    parser.add_argument("--mutations", type=int, default=10, help="of each mail")
    parser.add_argument("--seed", type=int, default=1, help="of the random mutations")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as home:
        os.environ["REDRESS_HOME"] = home
        os.environ.pop("REDRESS_DATABASE_URL", None)
        os.environ.pop("REDRESS_EVIDENCE_URL", None)
        result = fuzz(inputs(given.folders, given.mutations, random.Random(given.seed)))
    for line in result["broken"]:
        sys.stderr.write(f"{line}\n")
    counts = (f"{name} {count}" for name, count in result.items() if name != "broken")
    sys.stdout.write("; ".join(counts) + "\n")
    return 1 if result["broken"] else 0


if __name__ == "__main__":
    sys.exit(main())
