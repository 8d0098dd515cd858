"""How long it takes to find the same complaint again among many: ``python -m benchmarks.repeats``.

On SQLite and on PostgreSQL, cases are filed in bulk, most of them different people's. Of a thousand products there are
four, of names some that hundreds have, of letters ten that everybody sends; one telephone is an agency's, given for
every hundredth complaint; one case in fifty is an earlier complaint told again. Then repeats are looked for, for cases
drawn at random. What the signs cost when a case is filed is measured beside it. Takes two minutes or more.
"""

import argparse
import random
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from statistics import quantiles
from time import perf_counter
from typing import Any, Final

from sqlalchemy import make_url

from benchmarks.postgres import a_database, a_server, a_store, key_file, say, seconds
from complaints import acts
from complaints.adapters.filing import new_reference
from complaints.adapters.repeating import find_repeats, sign_rows
from complaints.adapters.store import Store
from complaints.intake import Complaint
from complaints.reception import receive
from complaints.sealing import MasterKey
from complaints.words import Closure

_BATCH: Final = 500
_LOOKS: Final = 1_000
_REGIME: Final = "cn-nfra"
_AGENCY: Final = "17000000000"
_SURNAMES: Final = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高"
_GIVEN: Final = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂英华玉兰红"
_PRODUCTS: Final = ("轻舟消费贷", "安居房贷", "随行信用卡", "团圆理财")
_HAN: Final = [chr(code) for code in range(0x4E00, 0x5E00)]


def main() -> None:
    """Print a table: what filing and looking cost on each database."""
    parser = argparse.ArgumentParser(description="How long it takes to find the same complaint again among many.")
    parser.add_argument("--cases", type=int, default=100_000, help="cases in the database [default: 100000]")
    number = parser.parse_args().cases
    with tempfile.TemporaryDirectory(prefix="redress-bench-") as folder:
        home = Path(folder)
        MasterKey.create(key_file(home))
        measure("SQLite", a_store(make_url(f"sqlite:///{home / 'cases.db'}"), home), number)
        with a_server() as server, a_database(server) as url:
            measure("PostgreSQL", a_store(url, home), number)


def measure(name: str, store: Store, number: int) -> None:
    """File so many cases into an empty database, look for repeats, and say how long it took."""
    store.migrate()
    references: list[str] = []
    filing = seconds(lambda: references.extend(file_many(store, complaints(number))))
    looks = random.Random(7).choices(references, k=_LOOKS)
    took, found = look_for(store, looks)
    share = quantiles(took, n=100)
    say(
        f"{name:10} {number:>9,} cases filed in {filing:,.0f} s; repeats looked for: p50 {share[49] * 1000:.1f} ms, "
        f"p99 {share[98] * 1000:.1f} ms, at most {max(took) * 1000:.1f} ms; {found:,} of {_LOOKS:,} have some"
    )
    cases = [store.read_case(one) for one in looks]
    signing = seconds(lambda: [sign_rows(case, store.master) for case in cases])
    say(f"{'':10} the signs of a case are made in {signing / len(cases) * 1000:.2f} ms")
    store.engine.dispose()


def look_for(store: Store, references: Sequence[str]) -> tuple[list[float], int]:
    """Look for the repeats of cases; return the seconds of each look, and how many found some."""
    took, found = [], 0
    for reference in references:
        began = perf_counter()
        found += bool(find_repeats(store, reference))
        took.append(perf_counter() - began)
    return took, found


def file_many(store: Store, records: Iterator[Complaint]) -> Iterator[str]:
    """Store complaints as history, in bulk; yield their references."""
    rules, now = store.rules(), datetime.now(UTC)
    pack = rules.pack(_REGIME)
    while batch := list(islice(records, _BATCH)):
        cases = []
        for record in batch:
            case = receive(new_reference(now, pack.tz), pack, record, "bench", now, history=True, rules=rules)
            case.record(acts.Closed(closure=Closure.HISTORY), now)
            cases.append(case)
        with store.write() as session:
            taken = {case.reference for case in store.add_many(session, cases)}
        yield from (case.reference for case in cases if case.reference not in taken)


def complaints(number: int) -> Iterator[Complaint]:
    """Yield complaints, the same ones in every run."""
    drawn = random.Random(2026)
    letters = [_text(drawn) for _ in range(10)]
    last: dict[str, Any] = {}
    for at in range(number):
        if at % 50 == 49:
            yield Complaint.model_validate(last | {"narrative": f"{last['narrative']}{_text(drawn, 20)}"})
            continue
        last = _values(drawn, at, letters)
        yield Complaint.model_validate(last)


def _values(drawn: random.Random, at: int, letters: Sequence[str]) -> dict[str, Any]:
    name = drawn.choice(_SURNAMES) + "".join(drawn.choices(_GIVEN, k=drawn.choice((1, 2, 2))))
    phone = _AGENCY if at % 100 == 0 else f"13{drawn.randrange(10**9):09}"
    return {
        "channel": "web",
        "kind": "complaint",
        "complainant": {"name": name, "contacts": [{"kind": "phone", "value": phone}]},
        "contract": f"QZ{drawn.randrange(10**10):010}",
        "product": drawn.choice(_PRODUCTS),
        "happened_on": f"2026-0{drawn.randrange(1, 7)}-{drawn.randrange(1, 28):02}",
        "narrative": drawn.choice(letters) if drawn.random() < 0.3 else _text(drawn),
    }


def _text(drawn: random.Random, length: int = 200) -> str:
    return "".join(drawn.choices(_HAN, k=length))


if __name__ == "__main__":
    main()
