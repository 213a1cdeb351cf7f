"""gate.js against a server that can misbehave: answers, resuming, polling, one stream for all tabs, failing closed."""

import pytest
from sites import user_token
from standin import FLAG, GATE, PERMISSION
from waiting import until, wait_for

CAN = f"gate.can('{GATE}')"


def advance(page, seconds, until_true):
    """Moves a page's clock on, second by second, until something is true."""
    for _ in range(seconds):
        page.clock.run_for(1000)
        page.wait_for_timeout(15)
        if until_true():
            return
    raise AssertionError("waited in vain")


def answers(page):
    return page.evaluate(f"({{can: {CAN}, flag: gate.flags['{FLAG}'] ?? null, permission: gate.permission('{PERMISSION}'), status: gate.status}})")


OPEN = {"can": True, "flag": True, "permission": True, "status": "live"}


def test_answers_come_in_the_shapes_of_the_rfc(follow, server):
    page = follow()
    assert answers(page) == OPEN
    assert page.evaluate("Object.entries(gate.flags)") == [[FLAG, True], ["unify_ticket_omnichannel_view", True]]
    assert page.evaluate("[typeof gate.flags.age, Object.keys(gate.flags).includes('age'), Object.isFrozen(gate.flags), 'constructor' in gate.flags]") == ["number", False, True, False]
    assert page.evaluate("gate.flags === gate.flags")
    assert page.evaluate("[gate.can('nothing'), gate.permission('nothing'), gate.can('__proto__'), gate.permission('customers_customernotes_add')]") == [False] * 4
    assert page.evaluate("gate.revision") == "inc1-1"
    assert server.opened[0]["headers"]["Authorization"].startswith("Bearer ")


@pytest.mark.parametrize("enabled, mine", [(False, True), (True, False), (False, False)])
def test_a_flag_is_on_only_when_both_halves_are(follow, server, enabled, mine):
    server.state.flags[FLAG] = (enabled, mine)
    assert follow().evaluate(f"gate.flags['{FLAG}']") is False


def test_a_flip_reaches_the_page_and_its_listeners(follow, server):
    page = follow()
    page.evaluate(f"window.seen = []; window.stop = gate.subscribe(() => seen.push({CAN})); 0")
    server.off()
    until(page, "seen.at(-1) === false")
    assert answers(page)["flag"] is False
    server.set(flag={FLAG: None}, gate={GATE: None})
    until(page, "gate.revision === 'inc1-3'")
    page.evaluate("stop()")
    count = page.evaluate("seen.length")
    server.on()
    until(page, CAN)
    assert page.evaluate("seen.length") == count


def test_a_listener_that_fails_disturbs_no_other(follow, server, problems):
    page = follow()
    page.evaluate("window.seen = 0; gate.subscribe(() => { throw new Error('mine') }); gate.subscribe(() => seen++); 0")
    server.off()
    until(page, "seen > 0")
    wait_for(lambda: problems)
    assert "mine" in problems.pop()


def test_permissions_are_asked_for_again_when_gates_change(follow, server):
    page = follow()
    asked = len(server.asked("/v1/permissions"))
    server.set(flag={FLAG: (False, True)}, tell=True)
    until(page, "gate.revision === 'inc1-2'")
    assert len(server.asked("/v1/permissions")) == asked
    server.set(permission={PERMISSION: False}, gate={GATE: False})
    until(page, f"!gate.permission('{PERMISSION}')")
    assert server.asked("/v1/permissions")[-1]["headers"]["Gate-Min-Revision"] == "inc1-3"


def test_it_resumes_where_it_was(follow, server):
    page = follow()
    server.off()
    until(page, f"!{CAN}")
    server.cut()
    wait_for(lambda: len(server.opened) == 2)
    assert server.opened[1]["last"] == "inc1-2"
    assert answers(page)["flag"] is False


def test_it_resumes_after_a_rollback_that_ends_where_it_began(follow, server):
    page = follow()
    page.evaluate(f"window.seen = []; gate.subscribe(() => seen.push({CAN})); 0")
    server.faults["/v1/stream"] = "reset"
    server.cut()
    server.off()
    server.on()
    del server.faults["/v1/stream"]
    until(page, "gate.revision === 'inc1-3'")
    assert server.opened[-1]["last"] == "inc1-1"
    assert answers(page) == OPEN
    assert page.evaluate("seen.includes(false)") is False


def test_another_incarnation_sends_the_whole_again(follow, server):
    page = follow()
    server.faults["/v1/stream"] = "reset"
    server.cut()
    server.state.incarnation = "inc2"
    server.state.flags = {"other": (True, True)}
    server.state.gates = {}
    del server.faults["/v1/stream"]
    until(page, "gate.revision === 'inc2-1'")
    assert page.evaluate("Object.keys(gate.flags)") == ["other"]
    assert page.evaluate(CAN) is False


def test_an_event_that_cannot_be_read_closes_until_the_whole_came_again(follow, server):
    page = follow()
    page.evaluate(f"window.seen = []; gate.subscribe(() => seen.push({CAN})); 0")
    server.write("event: change\nid: inc1-2\ndata: {\"gates\":[{\"gate\"\n\n")
    until(page, "seen.includes(false)")
    until(page, CAN)
    assert server.opened[-1]["last"] is None


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_closes_and_a_new_one_opens(follow, server, status):
    page = follow()
    server.faults["/v1/stream"] = status
    server.cut()
    until(page, "gate.status === 'refused'")
    assert page.evaluate(f"[{CAN}, gate.permission('{PERMISSION}')]") == [False, False]
    assert page.evaluate(f"gate.flags['{FLAG}']") is True
    del server.faults["/v1/stream"]
    until(page, CAN)


def test_nobody_logged_in_is_asked_for_nothing(host, server):
    host.evaluate("window.gate = createGate({ getToken: () => null })")
    assert host.evaluate("gate.ready") is False
    assert host.evaluate("gate.status") == "refused"
    assert not [request for request in server.requests if request["path"].startswith("/v1/")]


@pytest.mark.parametrize("fault", [404, 405, 500, "html", "garbage"])
def test_where_nothing_can_be_streamed_it_asks_again_and_again(follow, server, fault):
    server.faults["/v1/stream"] = fault
    page = follow(ready=False)
    wait_for(lambda: answers(page) == OPEN, patience=15)
    assert len(server.asked("/v1/stream")) == 3


def test_polling_sends_tags_and_goes_back_to_streaming(open_page, follow, server):
    page = open_page(f"{server.url}/host", lambda page: page.clock.install())
    page.wait_for_selector("html[data-ready]", state="attached")
    server.faults["/v1/stream"] = 405
    follow(page, ready=False)
    advance(page, 40, lambda: page.evaluate(CAN))
    asked = len(server.asked("/v1/gates"))
    advance(page, 40, lambda: len(server.asked("/v1/gates")) > asked)
    assert server.asked("/v1/gates")[-1]["headers"]["If-None-Match"]
    server.off()
    advance(page, 20, lambda: not page.evaluate(CAN))
    del server.faults["/v1/stream"]
    advance(page, 90, lambda: server.live == 1)
    server.on()
    until(page, CAN)


def test_without_a_body_to_stream_it_polls_at_once(host, server):
    host.evaluate("""() => {
        const bodiless = async (url, init) => {
            const answer = await fetch(url, init);
            if (String(url).endsWith('/v1/stream')) Object.defineProperty(answer, 'body', { value: null });
            return answer;
        };
        window.gate = createGate({ getToken: () => 'opaque', fetch: bodiless });
    }""")
    until(host, CAN)
    assert len(server.asked("/v1/stream")) == 1


def test_retry_after_is_kept(follow, server):
    page = follow(ready=False)
    until(page, CAN)
    server.faults["/v1/stream"] = {"status": 503, "headers": {"Retry-After": "2"}}
    server.cut()
    wait_for(lambda: len(server.asked("/v1/stream")) == 2)
    first = server.asked("/v1/stream")[-1]["at"]
    wait_for(lambda: len(server.asked("/v1/stream")) == 3)
    assert 2 <= server.asked("/v1/stream")[-1]["at"] - first < 4.5
    assert page.evaluate(CAN) is True


def test_waits_grow_to_half_a_minute_at_random(host):
    waits = host.evaluate("""async () => {
        const { backoff } = await import('/sdk/gate-clock.js');
        return [0, 1, 2, 5, 50].map((attempt) => Array.from({ length: 400 }, () => backoff(attempt)));
    }""")
    for most, drawn in zip([1000, 2000, 4000, 30000, 30000], waits):
        assert 0 <= min(drawn) < most * 0.1 and most * 0.9 < max(drawn) <= most


def test_events_come_in_pieces_of_any_size(host):
    events = host.evaluate("""() => {
        const text = '\\ufeff: hello\\nid: 1\\r\\nevent: flags\\rdata: {\\r\\ndata: }\\n\\nretry: 500\\ndata:x\\n\\n: ping\\nunknown: y\\nid\\ndata\\n\\nevent: lost\\n\\ndata: cut';
        const all = [];
        for (let size = 1; size < 9; size++) {
            const seen = [];
            const parser = new EventParser({ event: (event) => seen.push(event), line() {}, retry: (wait) => seen.push(wait) });
            for (let at = 0; at < text.length; at += size) parser.feed(text.slice(at, at + size));
            all.push(JSON.stringify(seen));
        }
        return [...new Set(all)];
    }""")
    assert events == ['[{"event":"flags","data":"{\\n}","id":"1"},500,{"event":"message","data":"x","id":"1"},{"event":"message","data":"","id":""}]']


# One tab of an origin streams for all of them.

def test_ten_tabs_have_one_stream(context, host, follow, server, problems):
    pages = [host] + [context.new_page() for _ in range(9)]
    for page in pages[1:]:
        page.goto(f"{server.url}/host")
        page.wait_for_selector("html[data-ready]", state="attached")
    for page in pages:
        follow(page)
    assert [answers(page) for page in pages] == [OPEN] * 10
    assert server.live == 1 and len(server.opened) == 1
    server.off()
    for page in pages:
        until(page, f"!{CAN}")
    # The tab that streams goes away: another takes over, from where that one was.
    pages[0].close()
    wait_for(lambda: len(server.opened) == 2)
    assert server.opened[1]["last"] == "inc1-2"
    server.on()
    for page in pages[1:]:
        until(page, CAN)
    assert len(server.opened) == 2


def test_two_users_never_share(context, host, follow, server):
    other = context.new_page()
    other.goto(f"{server.url}/host")
    other.wait_for_selector("html[data-ready]", state="attached")
    follow(host)
    follow(other, user="agent-2")
    assert server.live == 2
    third = context.new_page()
    third.goto(f"{server.url}/host")
    third.wait_for_selector("html[data-ready]", state="attached")
    follow(third, token=user_token("acme", "agent-1", jti="another token of the same user", exp=9_999_999_999))
    assert server.live == 2


def test_another_user_in_the_same_tab_begins_anew(follow, server):
    page = follow()
    page.evaluate("window.seen = []; gate.subscribe(() => seen.push(gate.status)); gate.track('first_user_did', { contact_id: 'c' }); 0")
    page.evaluate("token => window.token = token", user_token("globex", "agent-9"))
    server.cut()
    until(page, "seen.includes('connecting')")
    until(page, CAN)
    assert server.opened[-1]["last"] is None
    page.wait_for_timeout(1300)
    assert server.events == []


def test_it_works_without_locks_and_channels(open_page, follow, server):
    def without(page):
        page.add_init_script("Object.defineProperty(Navigator.prototype, 'locks', { value: undefined }); delete window.BroadcastChannel")
    for count in (1, 2):
        page = open_page(f"{server.url}/host", without)
        page.wait_for_selector("html[data-ready]", state="attached")
        assert answers(follow(page)) == OPEN
        assert server.live == count


# What the tabs of a user's token call their lock.
KEY = "const { bearer, tabKey } = await import('/sdk/gate-tabs.js'); const key = await tabKey(baseURL, bearer(token));"


def test_a_tab_that_holds_the_place_and_does_not_answer_loses_it(open_page, host, follow, server):
    token = user_token("acme", "agent-1")
    host.evaluate(f"async ([baseURL, token]) => {{ {KEY} navigator.locks.request(key, () => new Promise(() => {{}})).catch(() => window.lost = true); }}", [server.url, token])
    second = open_page(f"{server.url}/host", lambda page: page.clock.install())
    second.wait_for_selector("html[data-ready]", state="attached")
    follow(second, token=token, ready=False)
    second.wait_for_timeout(200)
    assert server.opened == []
    advance(second, 90, lambda: server.live == 1)
    until(second, CAN)
    until(host, "window.lost === true")


def test_a_leader_whose_place_was_taken_stops_streaming(host, follow, server):
    token = user_token("acme", "agent-1")
    follow(host, token=token)
    host.evaluate(f"""async ([baseURL, token]) => {{ {KEY}
        navigator.locks.request(key, {{ steal: true }}, () => new Promise((resolve) => {{ window.giveBack = resolve; }})); }}""", [server.url, token])
    wait_for(lambda: server.live == 0)
    assert host.evaluate(CAN) is True
    host.evaluate("giveBack()")
    wait_for(lambda: server.live == 1)
    assert server.opened[-1]["last"] == "inc1-1"


def test_a_page_that_is_put_away_leaves_and_comes_back(follow, server):
    page = follow()
    page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")
    wait_for(lambda: server.live == 0)
    server.off()
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    until(page, f"!{CAN}")
    assert server.opened[-1]["last"] == "inc1-1" and server.live == 1


def test_nothing_is_stored_on_the_device(follow, context, server):
    page = follow()
    server.off()
    until(page, f"!{CAN}")
    page.evaluate("gate.track('cdp_ticket_embed_opened', { contact_id: 'c' })")
    stored = page.evaluate("async () => [localStorage.length, sessionStorage.length, document.cookie, (await indexedDB.databases()).length, (await caches.keys()).length]")
    assert stored == [0, 0, "", 0, 0]
    assert context.cookies() == []


# Failing closed, by a clock that the test moves.

@pytest.fixture
def still(open_page, server, follow):
    """A page with its answers, a server gone silent, and a clock that stands still."""
    page = open_page(f"{server.url}/host", lambda page: page.clock.install(time=1_800_000_000))
    page.wait_for_selector("html[data-ready]", state="attached")
    follow(page)
    page.clock.pause_at(1_800_000_020)
    server.ping_seconds = 3600
    server.write(": last\n")
    wait_for(lambda: page.evaluate("gate.flags.age") == 0)
    return page


def test_silence_of_a_minute_closes_and_flags_live_five(still, server):
    page = still
    server.faults["/v1/*"] = "hang"
    page.evaluate(f"window.seen = []; gate.subscribe(() => seen.push([performance.now(), {CAN}, gate.flags['{FLAG}']])); 0")
    page.clock.run_for(59_999)
    assert answers(page) == OPEN
    page.clock.run_for(1)
    assert answers(page) == {"can": False, "flag": True, "permission": False, "status": "stale"}
    page.clock.run_for(10)
    assert page.evaluate("seen.some(([, can]) => can === false)")
    page.clock.run_for(300_000 - 60_010 - 1)
    assert answers(page)["flag"] is True
    assert page.evaluate("gate.flags.age") == 299_999
    page.clock.run_for(1)
    assert answers(page)["flag"] is False
    page.clock.run_for(10)
    assert page.evaluate("seen.at(-1)[2]") is False


def test_heartbeats_keep_it_open(still, server):
    page = still
    for _ in range(8):
        page.clock.run_for(20_000)
        server.write(": ping\n")
        wait_for(lambda: page.evaluate("gate.flags.age") == 0)
    assert answers(page) == OPEN
    assert len(server.opened) == 1


def test_a_machine_that_slept_wakes_up_closed(still, server):
    page = still
    server.faults["/v1/*"] = "hang"
    page.clock.fast_forward(120_000)
    assert page.evaluate(CAN) is False


def test_a_clock_set_back_makes_no_answer_young(still, server):
    page = still
    server.faults["/v1/*"] = "hang"
    page.clock.run_for(50_000)
    page.evaluate("const real = Date.now; Date.now = () => real() - 3600_000")
    page.clock.run_for(10_001)
    assert page.evaluate(CAN) is False


def test_permissions_that_cannot_be_asked_for_close_after_a_minute(still, server):
    page = still
    server.faults["/v1/permissions"] = 500
    server.set(gate={"other": True})
    until(page, "gate.can('other')")
    assert page.evaluate(f"gate.permission('{PERMISSION}')") is True
    for _ in range(4):
        page.clock.run_for(15_001)
        server.write(": ping\n")
        wait_for(lambda: page.evaluate("gate.flags.age") == 0)
    assert page.evaluate(f"[{CAN}, gate.permission('{PERMISSION}')]") == [True, False]
    del server.faults["/v1/permissions"]
    advance(page, 40, lambda: page.evaluate(f"gate.permission('{PERMISSION}')"))


def test_after_close_all_is_off(follow, server):
    page = follow()
    page.evaluate("gate.close()")
    assert answers(page) == {"can": False, "flag": False, "permission": False, "status": "closed"}
    wait_for(lambda: server.live == 0)


def test_explain_gives_every_clause_or_a_denial(follow, server):
    page = follow()
    assert [check["kind"] for check in page.evaluate(f"gate.explain('{GATE}')")["checks"]] == ["permission", "flag"]
    assert page.evaluate("gate.explain('nothing')") == {"gate": "nothing", "allowed": False, "reason": "gate_not_found", "checks": []}
    server.faults[f"/v1/gates/{GATE}"] = "reset"
    assert page.evaluate(f"gate.explain('{GATE}')")["reason"] == "unreachable"


def test_another_origin_is_asked_with_what_its_policy_needs(open_page, server, crm, stranger):
    """The host's page and gate-server on two origins: everything goes through preflights."""
    page = open_page(f"{stranger.url}/frame")
    stranger.pages.update({path: page_ for path, page_ in server.pages.items() if path.startswith("/sdk/")})
    result = page.evaluate("""async ([sdk, baseURL, token]) => {
        const { createGate } = await import(sdk);
        window.gate = createGate({ baseURL, getToken: () => token });
        return gate.ready;
    }""", [f"{stranger.url}/sdk/gate.js", server.url, user_token("acme", "agent-1")])
    assert result is True and page.evaluate(CAN) is True
    server.cut()
    wait_for(lambda: len(server.opened) == 2)
