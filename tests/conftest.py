"""What holds for all tests: none keeps compiled programs in a user's folder; pages open in a browser that is there."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

os.environ["BACKLIT_CACHE"] = "off"

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def browser():
    """Chromium without a window, by playwright; skips where none is installed, but for BACKLIT_NEEDS_CHROMIUM=1."""
    found = os.environ.get("BACKLIT_CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        say = pytest.fail if os.environ.get("BACKLIT_NEEDS_CHROMIUM") == "1" else pytest.skip
        say(f"no browser: install one of {', '.join(CHROMIUM)}, or name it in BACKLIT_CHROMIUM")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser) -> Callable[..., AbstractContextManager]:
    """`with open_page(path, width=1000, dark=False) as page`: a file in the browser.

    When the block ends, the page must have asked for nothing but itself, and its console must hold no error.
    """

    @contextmanager
    def opened(path: Path, width: int = 1000, height: int = 700, dark: bool = False) -> Iterator:
        page = browser.new_page(viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light")
        page.set_default_timeout(10_000)
        problems: list[str] = []
        address = Path(path).resolve().as_uri()
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "request",
            lambda request: (
                None
                if request.url == address or request.url.startswith(("data:", "blob:"))
                else problems.append(f"asks for {request.url}")
            ),
        )
        try:
            page.goto(address)
            yield page
        finally:
            page.close()
        assert problems == []

    return opened
