"""What the browser tests stand on: Debian's chromium, and stand-ins for gate-server and the CRM on origins of their own."""

import pathlib
import shutil
import sys

import pytest
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "support"))

from panels import Panel  # noqa: E402
from sites import crm_pages, file, gate_pages, user_token, SUPPORT  # noqa: E402
from standin import StandIn  # noqa: E402


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or pytest.fail("chromium is not installed: scripts/require test installs it")
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield started
        started.close()


@pytest.fixture
def crm():
    server = StandIn(crm_pages())
    yield server
    server.close()


@pytest.fixture
def stranger():
    """An origin that nobody has business with."""
    server = StandIn({"/frame": file(SUPPORT / "embed.html")})
    yield server
    server.close()


@pytest.fixture
def server(crm):
    started = StandIn(gate_pages(crm.url))
    yield started
    started.close()


@pytest.fixture
def context(browser):
    made = browser.new_context()
    made.set_default_timeout(8000)
    yield made
    made.close()


@pytest.fixture
def problems():
    """Errors and refusals of the page's own policy, which no test may cause."""
    return []


@pytest.fixture
def open_page(context, problems):
    def opened(url, before=None):
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda message: problems.append(message.text) if "Content Security Policy" in message.text or "TrustedHTML" in message.text else None)
        if before:
            before(page)
        page.goto(url)
        return page
    yield opened
    assert problems == []


@pytest.fixture
def host(open_page, server):
    """A host's page with a panel, ready."""
    page = open_page(f"{server.url}/host")
    page.wait_for_selector("html[data-ready]", state="attached")
    return page


@pytest.fixture
def follow(host, server):
    """Makes `window.gate` in a host's page, for a user's token, and waits for its first answer."""
    def made(page=None, user="agent-1", token=None, options=None, ready=True):
        page = page or host
        page.evaluate(
            """([baseURL, token, more]) => {
                window.token = token;
                window.told = [];
                window.gate = createGate({ baseURL, getToken: () => window.token, onTrack: (event, properties) => told.push([event, properties]), ...more });
            }""",
            [server.url, token or user_token("acme", user), options or {}])
        if ready:
            assert page.evaluate("gate.ready") is True
        return page
    return made


@pytest.fixture
def panel(host, crm):
    """The panel of a host's page, told of a contact and of a form that tests speak through."""
    return Panel(host, crm).configure()
