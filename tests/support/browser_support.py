"""A real Chromium for tests of pages, where there is one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import Any

import pytest

CHROMIUM = os.environ.get("CHROMIUM") or which("chromium") or which("chromium-browser")
FLAGS = (
    *("--no-sandbox", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run", "--disable-dev-shm-usage"),
)
NEEDS_CHROMIUM = pytest.mark.skipif(
    not CHROMIUM or not Path(CHROMIUM).exists() or find_spec("playwright") is None,
    reason="needs Chromium (apt install chromium) and playwright",
)


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser without a window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()
