"""No answer, no entry: a hundred loads of a page whose server is in trouble, and not one of them shows the entry, not even for a moment."""

import pytest
from standin import GATE
from waiting import until

WATCH = """
    window.flashes = 0;
    addEventListener('DOMContentLoaded', () => {
        const look = () => { if (document.getElementById('create-ticket')) flashes++; };
        new MutationObserver(look).observe(document, { childList: true, subtree: true });
        const every = () => { look(); requestAnimationFrame(every); };
        every();
    });
"""


@pytest.mark.parametrize("trouble", ["reset", 500, "garbage", "hang", "offline"])
def test_twenty_loads_show_no_entry(open_page, server, trouble):
    page = open_page("about:blank", lambda page: page.add_init_script(WATCH))
    if trouble == "offline":
        page.route("**/v1/**", lambda route: route.abort("internetdisconnected"))
    else:
        server.faults["/v1/*"] = trouble
    for _ in range(20):
        page.goto(f"{server.url}/demo")
        until(page, "document.getElementById('person').length > 0")
        page.click("#plus")
        page.wait_for_timeout(100)
        assert page.evaluate("flashes") == 0
        assert page.locator("[role=menuitem]").all_inner_texts() == ["Associate existing"]
        # Reading the page's own words: nothing is open.
        assert page.inner_text("#decision") == "closed"
        server.released.set()
        server.released.clear()


def test_a_server_that_comes_back_is_noticed(open_page, server):
    server.faults["/v1/*"] = "reset"
    page = open_page(f"{server.url}/demo", lambda page: page.add_init_script(WATCH))
    page.wait_for_timeout(500)
    assert page.evaluate("flashes") == 0
    server.faults.clear()
    until(page, "flashes > 0", patience=15)
    assert page.inner_text("#decision") == "open"


def test_a_server_whose_answers_are_all_off_never_flashes(open_page, server):
    server.off()
    page = open_page(f"{server.url}/demo", lambda page: page.add_init_script(WATCH))
    until(page, "document.getElementById('status').textContent === 'live'")
    assert page.evaluate("flashes") == 0 and server.state.gates == {GATE: False}
