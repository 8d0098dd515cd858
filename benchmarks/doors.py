"""What the HTTP door takes in on PostgreSQL: ``python -m benchmarks.doors``.

Signed complaints arrive over HTTP from processes of their own, at a rate that does not wait for answers: the time of
an answer counts from the moment at which its complaint was due to be sent. Afterwards each complaint that was
answered with 201 is looked for in the case database. Then as many connections send as fast as they are answered.

Beside it stands what the same server does when asyncpg commits one row of the same size at a time, over as many
connections: no door can be faster.

Prefect does not answer meanwhile: what starting runs costs is no part of it.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import asyncpg
import httpx
from sqlalchemy import func, select
from sqlalchemy.engine import URL
from standardwebhooks.webhooks import Webhook

from benchmarks.postgres import a_database, a_server, a_store, say
from complaints.adapters.tables import CaseRow

SECRET: Final = "whsec_cmVkcmVzcy1iZW5jaG1hcmstc2VjcmV0LW9mLTMyLWJ5dGVz"
SENDER: Final = "bench"
GOAL_RATE: Final = 200.0
GOAL_SECONDS: Final = 0.1
"""Accepted complaints a second, and the p99 of their answers."""

NARRATIVE: Final = (
    "本人于2026年3月在贵公司办理消费贷款,合同约定年化利率为18%,但自6月起每月被多扣服务费,客服多次答复不一致。"
    "7月2日、7月5日催收人员致电本人单位同事并透露欠款金额,严重影响本人工作与名誉。请退还多收费用并书面道歉。"
) * 3


@dataclass(frozen=True)
class Load:
    """What one process sends."""

    port: int
    number: int
    connections: int
    seconds: float
    rate: float  # complaints a second, or 0: each connection sends again once it was answered


@dataclass
class Answers:
    """What came back: the seconds until each answer, and how many there were by status."""

    seconds: list[float]
    statuses: Counter[int]
    took: float = 0.0


def main() -> None:
    """Measure, print the figures, and end with 1 where a goal is missed or a complaint is."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rate", type=float, default=GOAL_RATE, help="complaints a second [default: 200]")
    parser.add_argument("--seconds", type=float, default=60, help="how long [default: 60]")
    parser.add_argument("--connections", type=int, default=16, help="kept open by the load [default: 16]")
    parser.add_argument("--senders", type=int, default=2, help="processes that send [default: 2]")
    parser.add_argument("--processes", type=int, default=1, help="processes of the door [default: 1]")
    given = parser.parse_args()
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="redress-bench-")))
        url = stack.enter_context(a_database(stack.enter_context(a_server())))
        store = a_store(url, home)
        store.migrate()
        port = stack.enter_context(a_door(url, home, given.processes))
        send(port, given.senders, given.connections, 3, 0)  # warm
        paced = send(port, given.senders, given.connections, given.seconds, given.rate)
        show(f"asked for {given.rate:.0f} a second", paced)
        driven = send(port, given.senders, given.connections, given.seconds / 4, 0)
        show(f"{given.connections} connections, each as fast as it is answered", driven)
        with store.read() as session:
            kept = session.scalar(select(func.count()).select_from(CaseRow)) or 0
        alone, side_by_side = (asyncio.run(ceiling(url, one, 5)) for one in (1, given.connections))
        store.engine.dispose()
    accepted = TAKEN["accepted"]
    say(
        f"one durable insert of the same size: {side_by_side:,.0f} a second over {given.connections} connections, "
        f"{alone:,.0f} over one; the door reaches {driven.statuses[201] / driven.took / side_by_side:.0%} of it"
    )
    say(f"{accepted:,} were answered with 201, {kept:,} are there")
    sys.exit(not judge(paced, given.rate, accepted == kept))


def judge(paced: Answers, rate: float, all_there: bool) -> bool:
    """Print how the figures stand to the goals; return whether all are met."""
    missed = [
        sentence
        for sentence, is_missed in (
            (f"{GOAL_RATE:.0f} a second", paced.statuses[201] / paced.took < min(rate, GOAL_RATE) * 0.99),
            (f"p99 under {GOAL_SECONDS * 1000:.0f} ms", percentile(paced.seconds, 99) >= GOAL_SECONDS),
            ("nothing else than 201", set(paced.statuses) != {201}),
            ("each accepted complaint is there, once", not all_there),
        )
        if is_missed
    ]
    say(f"Goals missed: {', '.join(missed)}" if missed else "All goals met.")
    return not missed


def show(title: str, answers: Answers) -> None:
    """Print what came back."""
    rate = answers.statuses[201] / answers.took
    p50, p99 = (percentile(answers.seconds, one) * 1000 for one in (50, 99))
    say(
        f"{title}: {rate:.0f} accepted a second over {answers.took:.0f} s, p50 {p50:.1f} ms, p99 {p99:.1f} ms, "
        f"longest {max(answers.seconds) * 1000:.0f} ms; answers {dict(sorted(answers.statuses.items()))}"
    )


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the value under which ``percent`` of the values lie."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


# --- the door -----------------------------------------------------------------------------------


@contextmanager
def a_door(url: URL, home: Path, processes: int) -> Iterator[int]:
    """Start the door as in production; yield its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = os.environ | {
        "REDRESS_HOME": str(home),
        "REDRESS_DATABASE_URL": url.render_as_string(hide_password=False),
        "REDRESS_WEBHOOK_SECRETS": json.dumps({SENDER: SECRET}),
        "REDRESS_DOOR_RATE": "1000000",
        "REDRESS_PREFECT_API_URL": "http://127.0.0.1:9/api",
    }
    command = [sys.executable, "-m", "uvicorn", "deployments.door.app:app", "--port", str(port)]
    command += ["--workers", str(processes), "--log-level", "error", "--no-proxy-headers"]
    door = subprocess.Popen(command, env=environment)
    try:
        until_open(port, door)
        yield port
    finally:
        door.terminate()
        door.wait(20)


def until_open(port: int, door: "subprocess.Popen[bytes]") -> None:
    """Wait until the door answers."""
    until = time.monotonic() + 60
    while time.monotonic() < until and door.poll() is None:
        with suppress(httpx.HTTPError):
            if httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=2).is_success:
                return
        time.sleep(0.2)
    raise SystemExit("the door did not open")


# --- the load -----------------------------------------------------------------------------------

TAKEN: Final[Counter[str]] = Counter()
_RUNS: Final[Counter[str]] = Counter()


def send(port: int, senders: int, connections: int, seconds: float, rate: float) -> Answers:
    """Send from several processes and return all answers."""
    _RUNS["runs"] += 1
    loads = [
        Load(port, _RUNS["runs"] * 100 + one, connections // senders, seconds, rate / senders) for one in range(senders)
    ]
    with multiprocessing.get_context("spawn").Pool(senders) as pool:
        parts = pool.map(send_from_one, loads)
    statuses = sum((part.statuses for part in parts), Counter[int]())
    TAKEN["accepted"] += statuses[201]
    return Answers([one for part in parts for one in part.seconds], statuses, max(part.took for part in parts))


def send_from_one(load: Load) -> Answers:
    """Send over some connections, in a process of its own."""
    return asyncio.run(_send(load))


async def _send(load: Load) -> Answers:
    answers, began = Answers([], Counter()), time.perf_counter()
    due = _moments(load, began)
    async with asyncio.TaskGroup() as group:
        for _ in range(load.connections):
            group.create_task(_keep_sending(load, due, answers))
    answers.took = time.perf_counter() - began
    return answers


def _moments(load: Load, began: float) -> Iterator[tuple[int, float]]:
    """Yield the number of each complaint and when it is due to be sent."""
    number, end = 0, began + load.seconds
    while True:
        due = began + number / load.rate if load.rate else time.perf_counter()
        if due >= end:
            return
        yield number, due
        number += 1


async def _keep_sending(load: Load, due: Iterator[tuple[int, float]], answers: Answers) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", load.port)
    for number, moment in due:
        await asyncio.sleep(max(moment - time.perf_counter(), 0))
        writer.write(request(f"{load.number}-{number}"))
        status = await _answer(reader)
        answers.seconds.append(time.perf_counter() - moment)
        answers.statuses[status] += 1
    writer.close()


def request(number: str) -> bytes:
    """Return a signed complaint as it goes over the wire."""
    complaint = {
        "number": number,
        "channel": "app",
        "kind": "complaint",
        "narrative": NARRATIVE,
        "wanted": "退还多收费用,书面道歉",
        "product": "消费贷款",
        "contract": f"HT2026{number}",
        "complainant": {"name": "林知夏", "contacts": [{"kind": "phone", "value": "138 0000 0000"}]},
    }
    body, now = json.dumps(complaint, ensure_ascii=False), datetime.now(UTC)
    head = [
        "POST /v1/complaints HTTP/1.1",
        "host: door",
        "content-type: application/json",
        f"content-length: {len(body.encode())}",
        f"webhook-sender: {SENDER}",
        f"webhook-id: {number}",
        f"webhook-timestamp: {int(now.timestamp())}",
        f"webhook-signature: {Webhook(SECRET).sign(number, now, body)}",
    ]
    return "\r\n".join([*head, "", body]).encode()


async def _answer(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.decode("latin-1").lower().split("\r\n")
    length = next(int(line.partition(":")[2]) for line in lines if line.startswith("content-length"))
    await reader.readexactly(length)
    return int(lines[0].split()[1])


# --- the ceiling --------------------------------------------------------------------------------


async def ceiling(url: URL, connections: int, seconds: float) -> float:
    """Return how many rows of a complaint's size are committed a second, one a transaction."""
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    pool = await asyncpg.create_pool(address, min_size=connections, max_size=connections)
    await pool.execute("CREATE TABLE IF NOT EXISTS ceiling (id bigserial PRIMARY KEY, content bytea)")
    content, end, written = NARRATIVE.encode(), time.perf_counter() + seconds, 0

    async def write() -> None:
        nonlocal written
        async with pool.acquire() as connection:
            while time.perf_counter() < end:
                await connection.execute("INSERT INTO ceiling (content) VALUES ($1)", content)
                written += 1

    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(write())
    await pool.close()
    return written / seconds


if __name__ == "__main__":
    say(f"the door, {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} processors shared with the load and the database")
    main()
