"""A real browser: Debian's Chromium, driven by Playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.flows.conftest import redress

__all__ = ["page", "redress"]

SCREENSHOTS = Path("build/screenshots")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@contextmanager
def started_chromium() -> Iterator[Any]:
    """Start Debian's Chromium."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="install redress[browser]")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.fail("Debian's chromium is not installed: apt-get install chromium fonts-noto-cjk")
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def page() -> Iterator[object]:
    """A page of a fresh browser."""
    with started_chromium() as browser:
        yield browser.new_page(viewport={"width": 1280, "height": 1600}, locale="en-GB")
