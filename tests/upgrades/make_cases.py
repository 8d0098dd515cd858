"""Write a case database as an earlier version left it: run with that version's code, not with today's.

    git archive COMMIT | tar -x -C FOLDER
    cd FOLDER && PYTHONPATH=FOLDER PYTHON .../tests/upgrades/make_cases.py schema-0001.sql.gz schema-0001.key

Each case was led by that version's own procedure to where it waits.
"""

import gzip
import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
EMAIL = {"kind": "email", "value": "lin.zhixia@example.cn"}
ANSWERS: dict[str, dict[str, Any]] = {
    "finding": {"conclusion": "substantiated", "reasons": "已核对扣款记录。"},
    "decision": {"outcome": "upheld", "remedy": "refund", "amount": "128.50", "reasons": "属重复扣收。"},
    "remedy": {"done_on": "2026-03-02", "voucher": "PAY-17"},
}
CASES: dict[str, dict[str, Any]] = {
    "waits for the finding": {},
    "waits for the decision": {"answer": ["finding"]},
    "waits for the proof of the remedy": {"answer": ["finding", "decision"]},
    "waits for the day of the follow-up": {"answer": [*ANSWERS]},
    "was closed": {"kind": "suggestion"},
    "asks about fees": {"kind": "consultation"},
    "has a letter in the outbox": {"outbox": True},
    "has a letter that was being sent": {"outbox": True, "sending": True},
}
"""By their number; see ``test_upgrades.py``."""


class Waits(Exception):
    """The case waits for somebody."""


def main(dump: str, key: str) -> None:
    """Make the cases and write them."""
    home = Path(tempfile.mkdtemp())
    os.environ["REDRESS_HOME"] = str(home)
    from complaints.settings import settings
    from tasks.desk import store

    store().migrate()
    store().make_demo(MONDAY)
    for number, how in CASES.items():
        make(number, **how)
    store().engine.dispose()
    with sqlite3.connect(home / "cases.db") as database:
        text = "\n".join(database.iterdump()) + "\n"
    Path(dump).write_bytes(gzip.compress(text.encode(), mtime=0))
    shutil.copy(settings().key_file, key)
    shutil.rmtree(home)


def make(
    number: str, answer: Sequence[str] = (), outbox: bool = False, sending: bool = False, kind: str = "complaint"
) -> str:
    """File a complaint and lead it as far as it goes."""
    from complaints.intake import Complaint
    from complaints.settings import settings
    from tasks import letters
    from tasks.desk import store

    content = {
        "number": number,
        "channel": "web",
        "kind": kind,
        "complainant": {"name": "林知夏", "contacts": [EMAIL]},
        "product": "轻舟消费贷",
        "category": "fees",
        "narrative": "账户服务费被扣了两次。",
        "amount": {"value": "128.50"},
    }
    reference = store().file(Complaint.model_validate(content), "crm", settings().regime, number).reference
    if not outbox:
        drive(reference, answer)
        return reference
    letters.prepare_letter(reference, "acknowledgement", 1)
    if sending:
        with store().open_case(reference) as desk:
            desk.letter_row("acknowledgement", 1).sending_since = desk.now
    return reference


def drive(reference: str, answers: Sequence[str]) -> None:
    """Follow the procedure with the answers that are there, until another is asked."""
    from complaints.answers import parse_answer
    from flows import handle_complaint as procedure
    from tasks.desk import store

    def ask(reference: str, question: Any) -> None:
        if question not in answers:
            raise Waits
        with store().open_case(reference) as desk:
            answer = parse_answer(question, ANSWERS[question])
            desk.case.answer(question, answer, "li.wei", desk.now)

    def wait(reference: str, clock: str) -> None:
        raise Waits

    without_prefect(procedure, ask, wait)
    with suppress(Waits):
        procedure.handle_complaint.fn(reference)


def without_prefect(procedure: Any, ask: Any, wait: Any) -> None:
    """Let a procedure run as plain functions."""
    from tasks import letters, steps

    procedure.ask, procedure.until_reached, procedure.forget_answers = ask, wait, lambda *_: None
    procedure.sheet_on_page = lambda _: nullcontext()
    for module in (letters, steps):
        for name, step in list(vars(module).items()):
            plain = getattr(step, "fn", None)
            if plain is not None:
                setattr(module, name, plain)
                if getattr(procedure, name, None) is step:
                    setattr(procedure, name, plain)


if __name__ == "__main__":
    main(*sys.argv[1:])
