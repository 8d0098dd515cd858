"""``redress up``: everything on one machine under one supervisor. What dies is started again."""

import base64
import contextlib
import ctypes
import fcntl
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, Final

import httpx

from complaints.adapters.keeping.erasing_again import erase_again
from complaints.adapters.keeping.remnants import clear_remnants, places_of
from complaints.adapters.mail import write_private
from complaints.adapters.store import Store
from complaints.errors.base import ComplaintError, RetryableError
from complaints.errors.settings import SettingError
from complaints.settings import Settings
from deployments.environment import child_environment

LOCK: Final = "up.lock"
"""A file that is locked while a supervisor runs on the home folder."""

PR_SET_PDEATHSIG: Final = 1  # <sys/prctl.h>

PATIENCE: Final = 90.0
"""Seconds that a service may take to answer for the first time."""

Say = Callable[[str], None]


@dataclass
class Child:
    """A process that the supervisor keeps alive."""

    name: str
    command: Sequence[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    restarts: int = 0
    restart_at: float | None = None
    output: IO[bytes] | None = field(default=None, repr=False)


class Supervisor:
    """Starts Prefect's server, the worker and the door, and stops them together."""

    def __init__(self, settings: Settings, say: Say) -> None:
        self.settings, self.say = settings, say
        self._stop = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._lock: IO[str] | None = None
        logs = settings.home / "logs"
        redress = [sys.executable, "-m", "deployments.cli"]
        self.children = {
            "server": Child("server", [*redress, "server"], logs / "server.log"),
            "worker": Child("worker", [*redress, "worker"], logs / "worker.log"),
            "door": Child("door", [*redress, "door"], logs / "door.log"),
        }
        if settings.prefect_api_url:
            del self.children["server"]  # somebody else runs it

    def __enter__(self) -> "Supervisor":
        self._end_on_signals()
        prepare(self.settings, self.say)
        self._lock = (self.settings.home / LOCK).open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingError("home folder", f"{self.settings.home} is up already", "Stop it first") from None
        try:
            if "server" in self.children:
                self._start("server", f"{self.settings.api_url}/health")
            self._register()
            self._start("worker", None)
            self._start("door", f"http://{self.settings.door_host}:{self.settings.door_port}/healthz")
        except BaseException:
            self.stop()
            raise
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wait(self) -> None:
        """Wait until the user presses Ctrl-C or the process is told to end."""
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                time.sleep(60)

    def _end_on_signals(self) -> None:
        """Being told to end is like Ctrl-C, at any moment: the children must not outlive this process."""

        def end(number: int, frame: FrameType | None) -> None:
            raise KeyboardInterrupt

        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, end)

    def stop(self) -> None:
        """End all children, the door first and the server last; each gets 15 seconds to finish."""
        self._stop.set()
        if self._watcher.is_alive():
            self._watcher.join()
        for child in reversed(self.children.values()):
            process = child.process
            if process is None or process.poll() is not None:
                continue
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _register(self) -> None:
        """Register the deployments in a process of its own, so that this one stays light."""
        self.say("registering deployments")
        command = [sys.executable, "-m", "deployments.cli", "deploy"]
        log = self.settings.home / "logs" / "deploy.log"
        with log.open("ab") as output:
            environment = child_environment(self.settings)
            done = subprocess.run(command, env=environment, stdout=output, stderr=subprocess.STDOUT, check=False)
        if done.returncode:
            raise SettingError("deployments", "could not be registered", f"See {log}")

    def _start(self, name: str, health: str | None) -> None:
        child = self.children[name]
        self.say(f"starting {name}")
        if health and _answers(health):
            raise SettingError(name, f"{health} answers already", "Stop what runs there, or choose another port")
        self._spawn(child)
        began = time.monotonic()
        while health and not _answers(health):
            if child.process and child.process.poll() is not None:
                raise SettingError(name, f"ended with code {child.process.returncode}", f"See {child.log}")
            if time.monotonic() - began > PATIENCE:
                raise SettingError(name, f"did not answer within {PATIENCE:.0f} seconds", f"See {child.log}")
            time.sleep(0.2)

    def _spawn(self, child: Child) -> None:
        child.log.parent.mkdir(parents=True, exist_ok=True)
        if child.output is None:
            child.output = child.log.open("ab")
        child.process = subprocess.Popen(
            list(child.command),
            env=child_environment(self.settings),
            stdin=subprocess.DEVNULL,
            stdout=child.output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches the supervisor alone, which ends them in order
            preexec_fn=_end_with_parent,
        )
        child.started_at = time.monotonic()

    def _watch(self) -> None:
        """Start again what ended by itself, more slowly each time it ends soon after its start."""
        while not self._stop.wait(0.5):
            for child in self.children.values():
                if child.process is None or child.process.poll() is None:
                    continue
                now = time.monotonic()
                if child.restart_at is None:
                    child.restarts = 0 if now - child.started_at > 60 else min(child.restarts + 1, 6)
                    child.restart_at = now + 0.5 * 2**child.restarts
                elif now >= child.restart_at:
                    self.say(f"{child.name} had ended (code {child.process.returncode}); starting it again")
                    child.restart_at = None
                    with contextlib.suppress(OSError):  # such as no memory now: tried again
                        self._spawn(child)


def is_up(home: Path) -> bool:
    """Whether a supervisor runs on a home folder."""
    try:
        with (home / LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def prepare(settings: Settings, say: Say = lambda text: None) -> None:
    """Make the home folder, the schema and the master key, where they are missing; erase again what came back."""
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    (settings.home / "logs").mkdir(exist_ok=True)
    store = Store(settings.cases_url, settings.key_file)
    store.migrate()
    try:
        done = erase_again(store, places_of(settings).outside)  # where an older backup was restored by other means
        clear_remnants(store, places_of(settings))
    except RetryableError:  # then the daily run does it
        return
    except ComplaintError as wrong:  # what cannot be erased must not keep the firm from its work
        say(f"not erased again: {wrong}")
        return
    for why in done.refused.values():
        say(f"not erased again: {why}")


def write_first_settings(settings: Settings) -> Path | None:
    """Add a fresh webhook secret to ``redress.toml`` where there is none; return the file, or None."""
    file = settings.home / "redress.toml"
    if settings.webhook_secrets:
        return None
    before = file.read_text(encoding="utf-8") + "\n" if file.exists() else ""
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    write_private(
        file, f'{before}# Senders at the HTTP door and their secrets.\n[webhook_secrets]\ncrm = "{secret}"\n'.encode()
    )
    return file


def _end_with_parent() -> None:
    """Ask Linux to end this child when the supervisor dies without having been able to (kill -9)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code < 500
    except httpx.HTTPError:
        return False
