"""``redress demo``: forty sample complaints live through forty days, on the real server, worker and door.

Complaints go through the HTTP door with a signature; the operators are played through the same API call that
Prefect's page makes. Only the firm's time is moved, which only a demo database allows.
"""

import json
import os
import shutil
import socket
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from importlib import resources
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from sqlalchemy import select
from standardwebhooks.webhooks import Webhook

from complaints.adapters.store import Store
from complaints.adapters.tables import ClockRow
from complaints.answers import Question
from complaints.errors.settings import SettingError
from complaints.settings import Settings, settings
from deployments.up import Supervisor, is_up, prepare, write_first_settings

DAYS: Final = 40
PATIENCE: Final = 120.0  # seconds for a day of the demo to come to rest
ZONE: Final = ZoneInfo("Asia/Shanghai")
SENDER: Final = "crm"
MARK: Final = "this-is-a-demo"
"""A file in the demo's home: only a folder that has it is ever emptied."""


def run_demo(home: Path, *, once: bool, out: Console) -> None:
    """Live through the forty days, show what came of them, and stay up unless ``once``."""
    where = fresh_home(home)
    began = time.monotonic()
    with ExitStack() as stack:
        progress = stack.enter_context(_progress(out))
        bar = progress.add_task("starting", total=DAYS)
        supervisor = stack.enter_context(Supervisor(where, lambda text: progress.update(bar, description=text)))
        demo = Demo(where)
        for day in range(DAYS + 1):
            progress.update(bar, completed=day, description=demo.news())
            if not out.is_terminal and day % 10 == 0:  # a bar is drawn on a terminal only
                out.print(f"day {day} of {DAYS}: {demo.news()}")
            demo.live_through(day)
        progress.update(bar, description="summaries and archive")
        demo.finish()
        progress.stop()
        out.print(demo.table(time.monotonic() - began))
        out.print(demo.waiting())
        from deployments.cli import show_addresses

        show_addresses(where)
        if not once:
            out.print("Everything stays up. Open Prefect's page, look for a suspended run, press Resume. Ctrl-C ends.")
            supervisor.wait()


def _progress(out: Console) -> Progress:
    day, news = TextColumn("day {task.completed:>2}"), TextColumn("{task.description}")
    return Progress(day, BarColumn(), TimeElapsedColumn(), news, console=out)


def fresh_home(home: Path) -> Settings:
    """Make an empty home folder for the demo and return its settings.

    Raises:
        SettingError: the folder holds something that is no demo.
    """
    if home.exists() and any(home.iterdir()):
        if not (home / MARK).exists():
            raise SettingError("--home", f"{home} is not empty and no demo", "Choose another folder")
        if is_up(home):
            raise SettingError("--home", f"a demo is running in {home}", "Stop it first, or choose another folder")
        shutil.rmtree(home)
    home.mkdir(parents=True, mode=0o700, exist_ok=True)
    (home / MARK).touch()
    for name in list(os.environ):  # no database, mail server, key or Prefect of the firm's own is ever touched
        if name.startswith("PREFECT_") or (name.startswith("REDRESS_") and not name.endswith("_PORT")):
            del os.environ[name]
    os.environ["REDRESS_HOME"] = str(home)
    for name, preferred in (("REDRESS_PREFECT_PORT", 4200), ("REDRESS_DOOR_PORT", 4280)):
        os.environ.setdefault(name, str(free_port(preferred)))
    settings.cache_clear()
    write_first_settings(settings())
    settings.cache_clear()
    where = settings()
    prepare(where)
    today = datetime.now(ZONE).date()
    Store(where.cases_url, where.key_file).make_demo(at_time(today - timedelta(days=DAYS), 0, "00:00"))
    return where


def free_port(preferred: int) -> int:
    """Return ``preferred`` where it is free on this machine, else some free port."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise SettingError("port", "no port is free on this machine", "Stop something")


def at_time(start: Any, day: int, clock: str) -> datetime:
    """Return the instant of a wall-clock time in Shanghai on the ``day``-th day after ``start``."""
    return datetime.combine(start + timedelta(days=day), time_of_day.fromisoformat(clock), tzinfo=ZONE).astimezone(UTC)


def sample() -> Sequence[Mapping[str, Any]]:
    """Return the sample: complaints in the order of filing, with what the operators will answer."""
    text = (resources.files("deployments") / "sample" / "complaints.json").read_text(encoding="utf-8")
    entries: Sequence[Mapping[str, Any]] = json.loads(text)
    return entries


@dataclass
class Script:
    """What the operators answer for one case, question by question."""

    play: Mapping[str, Any]
    given: Counter[str] = field(default_factory=Counter)
    asked_on: dict[tuple[str, int], int] = field(default_factory=dict)

    def due_answer(self, question: str, day: int) -> Mapping[str, Any] | None:
        """Return the answer to give today, or None."""
        planned = self.play.get(question)
        answers = planned if isinstance(planned, list) else [planned] if planned else []
        turn = self.given[question]
        if turn >= len(answers):
            return None
        asked_on = self.asked_on.setdefault((question, turn), day)
        answer: Mapping[str, Any] = answers[turn]
        return answer if day >= asked_on + answer["after_days"] else None


class Demo:
    """The senders, the operators and the passing of time."""

    def __init__(self, where: Settings) -> None:
        from deployments.environment import apply

        apply(where)
        self.where = where
        self.store = Store(where.cases_url, where.key_file)
        self.start = self.store.now().astimezone(ZONE).date()
        self.sample = sample()
        self.scripts: dict[str, Script] = {}
        self.counts: Counter[str] = Counter()

    def live_through(self, day: int) -> None:
        """One working day: complaints come in, answers that are due are given, the sweep looks at the clocks."""
        self.move_to(day, "08:00")
        sweep = self.start_sweep()
        for entry in (one for one in self.sample if one["day"] == day):
            self.move_to(day, entry["time"])
            self.file(entry)
        self.answer_what_is_due(day)
        if sweep:
            self.wait_for(sweep)
        self.settle()

    def move_to(self, day: int, clock: str) -> None:
        """Move the firm's time forward; never back."""
        to = at_time(self.start, day, clock)
        if to > self.store.now():
            self.store.move_time(to)

    def file(self, entry: Mapping[str, Any]) -> None:
        """Send a complaint to the door, signed."""
        complaint = entry["complaint"]
        body = json.dumps(complaint, ensure_ascii=False)
        delivery_id, now = f"msg_{complaint['number']}", datetime.now(UTC)
        secret = self.where.webhook_secrets[SENDER][0].get_secret_value()
        headers = {
            "webhook-id": delivery_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(secret).sign(delivery_id, now, body),
            "webhook-sender": SENDER,
            "content-type": "application/json",
        }
        url = f"http://{self.where.door_host}:{self.where.door_port}/v1/complaints"
        answer = httpx.post(url, content=body.encode(), headers=headers, timeout=30).raise_for_status()
        self.counts["filed" if answer.status_code == 201 else "delivered twice"] += 1
        self.scripts.setdefault(answer.json()["reference"], Script(entry["play"]))

    def answer_what_is_due(self, day: int) -> None:
        """Answer forms through Prefect's API, as its page does."""
        from flows.forms import fill_form
        from flows.runs import find_runs, prefect_client, resume

        due = []
        for row in self.store.list_cases(only_open=True, limit=1000):
            script = self.scripts.get(row.reference)
            if row.asks and script and (answer := script.due_answer(row.asks, day)):
                due.append((row.reference, Question(row.asks), answer, script))
        with prefect_client() as client:
            runs = find_runs(client, [reference for reference, *_ in due])
            for reference, question, answer, script in due:
                values = {name: self._today(value) for name, value in answer["values"].items()}
                filled = fill_form(question, values, answer["by"])
                if refused := resume(client, runs[reference], filled):
                    raise SettingError(reference, f"Prefect refused an answer: {refused}", "The sample is wrong")
                script.given[question] += 1
                self.counts["forms answered"] += 1

    def _today(self, value: Any) -> Any:
        return self.store.now().astimezone(ZONE).date().isoformat() if value == "today" else value

    def start_sweep(self) -> Any:
        """Start the deadline sweep where a clock has something to say; return its run."""
        with self.store.read() as session:
            due = session.scalar(select(ClockRow.reference).where(ClockRow.next_at <= self.store.now(session)).limit(1))
        return self.start_flow("watch-deadlines") if due else None

    def start_flow(self, flow: str, **parameters: Any) -> Any:
        """Start a scheduled flow now; return its run."""
        from flows.runs import prefect_client

        with prefect_client() as client:
            deployment = client.read_deployment_by_name(f"{flow}/{flow}")
            return client.create_flow_run_from_deployment(deployment.id, parameters=parameters)

    def wait_for(self, run: Any) -> None:
        """Wait until a run of a scheduled flow has ended."""
        from flows.runs import prefect_client

        until = time.monotonic() + PATIENCE
        with prefect_client() as client:
            while not (run.state and run.state.is_final()):
                if time.monotonic() > until:
                    raise SettingError(run.name, f"did not end within {PATIENCE:.0f} seconds", "See the worker's log")
                time.sleep(0.3)
                run = client.read_flow_run(run.id)
        if not run.state.is_completed() or run.state.name == "Refused":
            raise SettingError(run.name, f"ended as {run.state.name}", "See the worker's log")

    def settle(self) -> None:
        """Wait until every case's run waits for somebody or has ended."""
        from flows.runs import find_runs, prefect_client

        until = time.monotonic() + PATIENCE
        moving: Iterable[str] = [row.reference for row in self.store.list_cases(only_open=True, limit=1000)]
        with prefect_client() as client:
            while moving := [*self._moving(find_runs(client, moving), moving)]:
                if time.monotonic() > until:
                    raise SettingError("demo", f"{len(moving)} runs do not come to rest", "See the worker's log")
                time.sleep(0.3)

    def _moving(self, runs: Mapping[str, Any], references: Iterable[str]) -> Iterable[str]:
        for reference in references:
            state = runs[reference].state if reference in runs else None
            if state is None or not (state.is_paused() or state.is_final()):
                yield reference
            elif not state.is_paused() and not state.is_completed():
                raise SettingError(reference, f"its run ended as {state.name}", "See the worker's log")

    def finish(self) -> None:
        """Prepare the summaries of the months lived through, sign the first off, and archive what is closed."""
        last = self.start + timedelta(days=DAYS)
        first, *_ = months = sorted({f"{day:%Y-%m}" for day in (self.start, last)})
        for month in months:
            self.wait_for(self.start_flow("monthly-summary", period=month, prepared_by="li.wei"))
        zh, en = "演示数据，请勿报送。", "These figures are a demonstration; do not hand them in."
        self.wait_for(self.start_flow("remark-summary", period=first, asked_by="sun.li", remarks_zh=zh, remarks_en=en))
        self.wait_for(self.start_flow("review-summary", period=first, asked_by="wang.fang"))
        self.wait_for(self.start_flow("sign-summary", period=first, asked_by="zhao.min"))
        self.wait_for(self.start_flow("archive-closed", after_days=5))

    def news(self) -> str:
        """Say in a few words where things stand."""
        return f"{self.counts['filed']} filed, {self.counts['forms answered']} forms answered"

    def table(self, seconds: float) -> Table:
        """Return what came of the forty days."""
        rows = self.store.list_cases(limit=1000)
        table = Table("after forty days", "", title="Redress demo")
        letters = [path for path in self.where.letters_folder.rglob("*") if path.suffix in (".eml", ".html")]
        facts = {
            "complaints filed through the door": self.counts["filed"],
            "delivered twice, taken once": self.counts["delivered twice"],
            "kinds": _counted(row.kind for row in rows),
            "stages": _counted(row.stage for row in rows),
            "waiting for an operator": _counted(row.asks for row in rows if row.asks),
            "decisions": _counted(row.outcome for row in rows if row.outcome),
            "decided too late": sum(bool(row.late) for row in rows),
            "forms answered": self.counts["forms answered"],
            "letters": f"{len(letters)} in {self.where.letters_folder}",
            "seconds": f"{seconds:.0f}",
        }
        for name, value in facts.items():
            table.add_row(name, str(value))
        return table

    def waiting(self) -> Table:
        """Return the cases that wait for an operator, each with the address of its form."""
        from flows.runs import find_runs, prefect_client

        rows = [row for row in self.store.list_cases(only_open=True, limit=1000) if row.asks]
        with prefect_client() as client:
            runs = find_runs(client, [row.reference for row in rows])
        table = Table("case", "waits for", "its page (press Resume)", title="Forms that wait for you")
        page = self.where.prefect_page
        for row in rows:
            table.add_row(row.reference, row.asks, f"{page}/runs/flow-run/{runs[row.reference].id}")
        return table


def _counted(values: Iterable[str | None]) -> str:
    return ", ".join(f"{count} {value}" for value, count in Counter(values).most_common())
