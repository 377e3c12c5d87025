"""The site, served over loopback, and a browser to open its pages in.

The fixtures end with the last test of this folder: while Playwright runs, its event loop is the
running one, and the tests of other files start loops of their own.
"""

import re
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from course.notebook import labs
from course.site.browser import NoBrowserError, get

# Another name of this machine. Only the numbered loopback address may do what needs a safe origin.
CLASS_ROOM = "classroom.test"

# Of several switches with features the last counts: these are Playwright's that matter here, and
# two lists below the address bar, which no window of ours shows. Each window would start a process
# for them, which takes as long as one of our pages.
OFF = (
    *("AimEnabled", "AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose"),
    *("HttpsFirstBalancedModeAutoEnable", "HttpsUpgrades", "LensOverlay", "MediaRouter"),
    *("NetworkTimeServiceQuerying", "OptimizationHints", "PaintHolding", "PreconnectToSearch"),
    *("ThirdPartyStoragePartitioning", "WebUIOmniboxAimPopup", "WebUIOmniboxPopup"),
)
FLAGS = (
    f"--disable-features={','.join(OFF)}",
    f"--host-resolver-rules=MAP {CLASS_ROOM} 127.0.0.1",
    "--no-sandbox",  # tests often run as root, in a container
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
HEIGHTS = {1280: 900, 390: 844}


class Quiet(SimpleHTTPRequestHandler):
    """Serve files as `python -m http.server` does, without a line for each."""

    def log_message(self, *arguments):
        """Say nothing."""


@pytest.fixture(scope="package")
def browser():
    """Start the browser of this machine, without a window and with a new profile."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="playwright is missing: pip install -r requirements/test.txt"
    )
    try:
        path = get()
    except NoBrowserError as error:
        pytest.skip(str(error))
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def site(browser, request) -> Path:
    """Return the rendered site; without a browser nothing is rendered."""
    if not labs():
        pytest.skip("notebooks/ holds no lab yet")
    return request.getfixturevalue("rendered")


@pytest.fixture(scope="package")
def site_url(site) -> Iterator[str]:
    """Serve the site over loopback; the address ends without a slash."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="package")
def contexts() -> Iterator[list]:
    """List the profiles that are open."""
    opened = []
    yield opened
    for context in opened:
        context.close()


@pytest.fixture(scope="package")
def faults() -> list[str]:
    """List what went wrong on the pages: it is empty at the end of each test, or the test fails."""
    return []


@pytest.fixture(autouse=True)
def watched(contexts, faults):
    """Close what a test opened for itself, and fail the test for what went wrong meanwhile."""
    before = len(contexts)
    yield
    while len(contexts) > before:
        contexts.pop().close()
    found, faults[:] = list(faults), []
    assert not found, "\n".join(found)


@pytest.fixture(scope="package")
def open_page(browser, site_url, contexts, faults) -> Callable:
    """Return a function that opens a page of the site in a profile of its own.

    `path` is relative to `base`, the site's address unless it is opened from elsewhere; `width`
    and `dark` are the visitor's. What else is given goes to Playwright's `new_context`. An error
    on the console, a file that isn't there and a request to another host are written to `faults`.
    """

    def open_page(path="index.html", *, width=1280, dark=False, base=site_url, **options):
        context = browser.new_context(
            viewport={"width": width, "height": HEIGHTS.get(width, 900)},
            color_scheme="dark" if dark else "light",
            **options,
        )
        context.set_default_timeout(20_000)
        contexts.append(context)

        def refuse(route):
            faults.append(f"{path}: asks another host for {route.request.url}")
            route.abort()

        context.route(re.compile(rf"^(?!data:|blob:|{re.escape(base)}/)"), refuse)
        page = context.new_page()
        page.on(
            "console",
            lambda m: m.type in {"error", "warning"} and faults.append(f"{path}: {m.text}"),
        )
        page.on("pageerror", lambda error: faults.append(f"{path}: {error}"))
        page.on(
            "response",
            lambda r: r.status >= 400 and faults.append(f"{path}: {r.url} answers {r.status}"),
        )
        page.goto(f"{base}/{path.lstrip('/')}")
        return page

    return open_page


@pytest.fixture(scope="module")
def page(request, browser, site_url):
    """Open the page that a test's module names as PAGE, once: its tests move the sliders of one.

    An error on the page fails the last of them.
    """
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{site_url}/{request.module.PAGE}")
    yield page
    page.close()
    assert errors == []
