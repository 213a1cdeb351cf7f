"""OFREP's push as a browser's own `EventSource` reads it, from a page of another origin and over a restart of the server."""

import time

import pytest
from realserver import DemoServer, binary
from waiting import until

pytestmark = pytest.mark.skipif(binary() is None, reason="gate-server is not built (or name it with GATE_SERVER_BIN)")

FOLLOW = """async ([baseURL, token]) => {
    window.told = [];
    window.statuses = [];
    window.evaluate = async () => {
        const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
        if (window.tag) headers['If-None-Match'] = window.tag;
        const body = JSON.stringify({ context: { targetingKey: 'agent-1' } });
        const answer = await fetch(`${baseURL}/ofrep/v1/evaluate/flags`, { method: 'POST', headers, body, cache: 'no-store' });
        statuses.push(answer.status);
        if (answer.status !== 200) return;
        window.tag = answer.headers.get('ETag');
        const bulk = await answer.json();
        window.values = Object.fromEntries(bulk.flags.map(flag => [flag.key, flag.value]));
        const [stream] = bulk.eventStreams;
        const url = stream.url ?? baseURL + stream.endpoint.requestUri;
        if (window.source?.url === url) return;
        window.source?.close();
        window.source = new EventSource(url);
        source.onmessage = event => {
            told.push(JSON.parse(event.data).type);
            evaluate().catch(() => {});
        };
    };
    await evaluate();
}"""


@pytest.fixture(autouse=True)
def within_one_hour():
    """An address is the same within the hour: no test runs over its end."""
    left = 3600 - time.time() % 3600
    if left < 60:
        time.sleep(left + 1)


@pytest.fixture
def demo(tmp_path, server):
    started = DemoServer(tmp_path, ["--cors-origin", server.url, "--limit", "writes_per_token=0"])
    yield started
    started.stop()


@pytest.fixture
def page(context, server, demo):
    server.pages["/elsewhere"] = lambda handler: handler.send(200, b"<!doctype html><title>Elsewhere</title>", {"Content-Type": "text/html"})
    page = context.new_page()
    page.goto(f"{server.url}/elsewhere")
    page.evaluate(FOLLOW, [demo.url, demo.token("acme", "agent-1")])
    until(page, "source.readyState === EventSource.OPEN")
    return page


def test_a_page_of_a_listed_origin_is_told_and_evaluates_again(page, demo):
    assert page.evaluate("values.canCreateTicket && values.cdp_create_ticket_embed")
    demo.set("acme", False)
    until(page, "!values.canCreateTicket && !values.cdp_create_ticket_embed")
    demo.set("acme", True)
    until(page, "values.canCreateTicket")
    assert set(page.evaluate("told")) == {"refetchEvaluation"}
    page.evaluate("evaluate()")
    assert page.evaluate("statuses.at(-1)") == 304, "the page may read the entity tag, and send it"


def test_after_a_restart_the_browser_comes_back_by_itself_to_the_same_address(page, demo):
    address = page.evaluate("source.url")
    demo.stop()
    until(page, "source.readyState === EventSource.CONNECTING", patience=10)
    demo.start()
    until(page, "source.readyState === EventSource.OPEN", patience=40)
    demo.set("acme", False)
    until(page, "!values.canCreateTicket")
    assert page.evaluate("source.url") == address
