"""track(): batches, the same ids when tried again, attempts, and what outlives the page."""

import json

import pytest
from waiting import wait_for

UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"


def batches(server):
    return [json.loads(request["body"])["events"] for request in server.asked("/v1/events") if request["method"] == "POST"]


def test_events_gather_for_a_second_and_go_together(follow, server):
    page = follow()
    page.evaluate("for (let n = 0; n < 3; n++) gate.track('cdp_ticket_embed_opened', { contact_id: `c${n}`, nested: { a: 1 }, gone: undefined, count: n, yes: true, bad: NaN })")
    assert page.evaluate("told.map(([event]) => event)") == ["cdp_ticket_embed_opened"] * 3
    wait_for(lambda: server.events)
    [batch] = batches(server)
    assert [event["properties"] for event in batch] == [{"contact_id": f"c{n}", "count": n, "yes": True} for n in range(3)]
    assert len({event["id"] for event in batch}) == 3
    assert set(batch[0]) == {"id", "event", "at", "attempt_id", "properties"}
    assert server.asked("/v1/events")[0]["headers"]["Content-Type"] == "application/json"


def test_batches_hold_a_hundred_events_and_256_kib(follow, server):
    page = follow()
    page.evaluate("for (let n = 0; n < 250; n++) gate.track('clicked', { n })")
    wait_for(lambda: len(server.events) == 250)
    assert [len(batch) for batch in batches(server)] == [100, 100, 50]
    page.evaluate("for (let n = 0; n < 12; n++) gate.track('clicked', { text: 'ü'.repeat(30000) })")
    wait_for(lambda: len(server.events) == 262)
    assert all(len(request["body"]) <= 256 * 1024 for request in server.asked("/v1/events"))
    assert len(batches(server)[3]) == 4
    page.evaluate("gate.track('clicked', { text: 'x'.repeat(300000) }); gate.track('clicked', { last: true })")
    wait_for(lambda: len(server.events) == 263)


@pytest.mark.parametrize("fault", [500, 429, 401, "reset", "garbage"])
def test_what_was_not_taken_is_sent_again_with_the_same_ids(follow, server, fault):
    page = follow()
    faults = iter([fault, fault])
    server.faults["/v1/events"] = lambda: next(faults, None)
    page.evaluate("gate.track('one', {}); gate.track('two', {})")
    # An answer of 200 counts as taken, whatever it says.
    tries = 1 if fault == "garbage" else 3
    wait_for(lambda: len(batches(server)) == tries)
    assert len({json.dumps([event["id"] for event in batch]) for batch in batches(server)}) == 1
    page.wait_for_timeout(700)
    assert len(batches(server)) == tries


def test_a_batch_that_is_too_large_is_halved_and_a_hopeless_one_dropped(follow, server):
    page = follow()
    faults = iter([413, None, None, 400])
    server.faults["/v1/events"] = lambda: next(faults, None)
    page.evaluate("for (let n = 0; n < 8; n++) gate.track('clicked', { n })")
    wait_for(lambda: len(server.events) == 8)
    assert [len(batch) for batch in batches(server)] == [8, 4, 4]
    page.evaluate("gate.track('hopeless', {})")
    wait_for(lambda: len(batches(server)) == 4)
    page.evaluate("gate.track('next', {})")
    wait_for(lambda: len(server.events) == 9)
    assert server.events[-1]["event"] == "next"


def test_retry_after_is_kept(follow, server):
    page = follow()
    faults = iter([{"status": 429, "headers": {"Retry-After": "2"}}])
    server.faults["/v1/events"] = lambda: next(faults, None)
    page.evaluate("gate.track('one', {})")
    wait_for(lambda: server.events)
    first, second = (request["at"] for request in server.asked("/v1/events"))
    assert second - first >= 2


def test_each_attempt_at_creating_has_its_id(follow, server):
    page = follow()
    page.evaluate("""() => {
        const say = (name, more) => gate.track(`cdp_ticket_embed_${name}`, { contact_id: 'c', ...more });
        say('opened'); say('create_error'); say('create_error'); say('created'); say('associate_failed'); say('associated');
        say('opened'); say('load_failed'); say('init_dropped'); say('opened'); say('created');
        gate.track('cdp_ticket_embed_opened', { contact_id: 'another' });
    }""")
    wait_for(lambda: len(server.events) == 12)
    ids = [event.get("attempt_id") for event in server.events]
    opened, error, second, created, failed, linked, opened2, load_failed, dropped, opened3, created3, other = ids
    assert opened == error and created == failed == linked and opened2 == load_failed and opened3 == created3
    assert len({error, second, created, opened2, opened3, other}) == 6
    assert dropped is None
    assert page.evaluate("([pattern, id]) => new RegExp(pattern).test(id)", [UUID, opened])


def test_what_waits_outlives_the_page(context, host, follow, server):
    page = follow()
    page.evaluate("gate.track('cdp_ticket_embed_opened', { contact_id: 'c' }); gate.track('last', {})")
    page.goto("about:blank")
    wait_for(lambda: len(server.events) == 2)
    page.wait_for_timeout(300)
    assert len(server.events) == 2


def test_the_farewell_is_a_keepalive_request_within_its_limit(follow, server):
    page = follow()
    page.evaluate("""() => {
        window.calls = [];
        const real = fetch;
        window.fetch = (url, init) => { if (String(url).endsWith('/v1/events')) calls.push([init.keepalive, init.body.length]); return real(url, init); };
        for (let n = 0; n < 10; n++) gate.track('clicked', { text: 'x'.repeat(20000) });
        dispatchEvent(new PageTransitionEvent('pagehide'));
    }""")
    calls = page.evaluate("calls")
    assert calls and all(keepalive for keepalive, _ in calls) and sum(size for _, size in calls) <= 60_000


def test_a_hidden_page_sends_once(follow, server):
    page = follow()
    page.evaluate("""() => {
        gate.track('one', {});
        Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
        dispatchEvent(new PageTransitionEvent('pagehide'));
    }""")
    wait_for(lambda: server.events)
    page.wait_for_timeout(1500)
    assert len(server.events) == 1


def test_a_failing_callback_of_the_host_loses_no_event(host, server, problems):
    host.evaluate("window.gate = createGate({ getToken: () => 'opaque', onTrack() { throw new Error('mixpanel is away') } })")
    host.evaluate("gate.ready.then(() => gate.track('one', {}))")
    wait_for(lambda: server.events)
    assert "mixpanel is away" in problems.pop()


def test_closing_still_sends(follow, server):
    page = follow()
    page.evaluate("gate.track('one', {}); gate.close()")
    wait_for(lambda: server.events)
    page.evaluate("gate.track('two', {})")
    page.wait_for_timeout(1200)
    assert len(server.events) == 1
