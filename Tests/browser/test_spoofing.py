"""Messages that are not the form's: nothing happens, whatever they look like."""

import pytest
from panels import CREATED, FAILED
from waiting import until

READY = {"version": 1, "type": "EMBED_READY"}


def dropped(panel):
    return [properties.get("attempted_origin") for event, properties in panel.tracked if event == "init_dropped"]


def calm(panel, state, emitted=0):
    """Nothing changed, nothing was told, and the contact went nowhere."""
    panel.settle()
    assert panel.state == state and len(panel.emitted) == emitted
    assert not {"created", "create_error", "associated", "origin_bypass"} & set(panel.events)


def add_frame(page, url, **attributes):
    page.evaluate("""([url, attributes]) => new Promise((resolve) => {
        const frame = document.createElement('iframe');
        for (const [name, value] of Object.entries(attributes)) frame.setAttribute(name, value);
        frame.onload = resolve;
        frame.src = url;
        document.body.append(frame);
    })""", [url, attributes])
    return page.frames[-1]


@pytest.mark.parametrize("message", [READY, CREATED, FAILED, {"version": 1, "type": "EMBED_CLOSE", "reason": "user_cancel"}])
@pytest.mark.parametrize("state", ["loading", "ready"])
def test_another_origin(panel, stranger, message, state):
    panel.open(ready=state == "ready")
    frame = add_frame(panel.page, f"{stranger.url}/frame")
    frame.evaluate("message => say(message)", message)
    calm(panel, state)
    assert panel.tracked[-1] == ["init_dropped", {"company_sso_id": "acme", "attempted_origin": stranger.url}]
    assert frame.evaluate("heard") == []


def test_origins_that_look_alike(panel, crm):
    """The same host under other names and another port: each of them is another origin."""
    port = crm.server.server_port
    panel.open(ready=False)
    for look_alike in (f"http://localhost:{port}", f"http://crm.localhost:{port}"):
        add_frame(panel.page, f"{look_alike}/frame").evaluate("message => say(message)", READY)
        calm(panel, "loading")
    assert set(dropped(panel)) == {f"http://localhost:{port}", f"http://crm.localhost:{port}"}


@pytest.mark.parametrize("origin", [
    "{}.evil.example", "{}/", "{}:443", "{} ", "null", "", "https://crm.example.evil", "https://evil.example/{}", "file://", "https://user@crm.example"])
def test_origins_by_their_text(panel, crm, origin):
    """What no server here can be: the browser's own answer is replaced."""
    panel.open(ready=False)
    panel.page.evaluate("text => Object.defineProperty(MessageEvent.prototype, 'origin', { get: () => text })", origin.format(crm.url))
    panel.say(READY)
    calm(panel, "loading")
    assert panel.frame.evaluate("heard") == []


def test_a_sandboxed_frame_whose_origin_is_null(panel, crm):
    panel.open(ready=False)
    frame = add_frame(panel.page, f"{crm.url}/frame", sandbox="allow-scripts")
    frame.evaluate("message => say(message)", READY)
    calm(panel, "loading")
    assert dropped(panel) == ["null"]


def test_a_sibling_frame_of_the_right_origin(panel, crm):
    panel.open()
    frame = add_frame(panel.page, f"{crm.url}/frame")
    for message in (CREATED, FAILED):
        frame.evaluate("message => say(message)", message)
    calm(panel, "ready")
    assert dropped(panel) == [crm.url] and frame.evaluate("heard") == []


def test_a_frame_within_the_form(panel, crm):
    panel.open()
    panel.frame.evaluate("url => new Promise((done) => { const f = document.createElement('iframe'); f.onload = done; f.src = url; document.body.append(f); })", f"{crm.url}/frame")
    inner = panel.page.frames[-1]
    inner.evaluate("message => say(message, '*', top)", CREATED)
    calm(panel, "ready")


def test_a_popup_of_the_right_origin(panel, crm):
    panel.open(ready=False)
    with panel.page.expect_popup() as opened:
        panel.page.evaluate("url => { window.popup = open(url) }", f"{crm.url}/frame")
    popup = opened.value
    popup.wait_for_load_state()
    popup.evaluate("message => say(message, '*', opener)", READY)
    calm(panel, "loading")
    popup.close()


def test_the_page_itself_and_made_up_events(panel, crm):
    panel.open(ready=False)
    panel.page.evaluate("""([message, origin]) => {
        postMessage(message, '*');
        const source = panel.shadowRoot.querySelector('iframe').contentWindow;
        dispatchEvent(new MessageEvent('message', { data: message, origin, source }));
    }""", [READY, crm.url])
    calm(panel, "loading")


def test_a_replay(panel):
    panel.open()
    panel.frame.evaluate("message => { say(message); say(message); }", CREATED)
    until(panel.page, "panel.state === 'hidden'")
    assert panel.events.count("created") == 1 and panel.events.count("associated") == 1


@pytest.mark.parametrize("message", [CREATED, FAILED, {"version": 1, "type": "EMBED_CLOSE", "reason": "user_cancel"}, {"version": 1, "type": "EMBED_RESIZE", "height": 900}])
def test_before_the_form_is_ready(panel, message):
    panel.open(ready=False)
    panel.say(message)
    calm(panel, "loading")
    assert dropped(panel) == []


def test_a_form_that_comes_too_late(panel):
    panel.configure(embedReadyTimeoutMs=200).open(ready=False)
    panel.frame.evaluate("message => setTimeout(() => say(message), 400)", READY)
    panel.page.wait_for_timeout(700)
    calm(panel, "error", emitted=1)


@pytest.mark.parametrize("version", ["2", "0", "'1'", "null", "undefined", "[1]", "1n", "NaN", "{}"])
def test_another_version(panel, version):
    panel.open()
    panel.frame.evaluate(f"say({{ version: {version}, type: 'TICKET_CREATED', ticketId: 'TCK-1' }})")
    calm(panel, "ready")
    assert dropped(panel) == [panel.crm.url]


@pytest.mark.parametrize("message", [
    # Names of the language, as own properties and inherited.
    "JSON.parse('{\"__proto__\":{\"version\":1,\"type\":\"TICKET_CREATED\",\"ticketId\":\"x\"}}')",
    "JSON.parse('{\"version\":1,\"type\":\"TICKET_CREATED\",\"ticketId\":\"x\",\"__proto__\":{}}')",
    "{ version: 1, type: 'TICKET_CREATED', ticketId: 'x', constructor: 1 }", "{ version: 1, type: 'TICKET_CREATED', ticketId: 'x', prototype: {} }",
    "Object.create({ version: 1, type: 'TICKET_CREATED', ticketId: 'x' })", "{ version: 1, type: '__proto__' }", "{ version: 1, type: 'constructor' }",
    # Shapes.
    "'TICKET_CREATED'", "null", "undefined", "1", "true", "[]", "['TICKET_CREATED']", "{ msg: 'Deal successfully created' }", "{ version: 1 }",
    "Object.assign([], { version: 1, type: 'TICKET_CREATED', ticketId: 'x' })", "new Map([['version', 1], ['type', 'TICKET_CREATED']])",
    "{ version: 1, type: ['TICKET_CREATED'], ticketId: 'x' }", "{ version: 1, type: 'ticket_created', ticketId: 'x' }",
    "{ version: 1, type: 'TICKET_CREATED' }", "{ version: 1, type: 'TICKET_CREATED', ticketId: '' }", "{ version: 1, type: 'TICKET_CREATED', ticketId: 7 }",
    "{ version: 1, type: 'TICKET_CREATED', ticketId: '..' }", "{ version: 1, type: 'TICKET_CREATED', ticketId: '../leads' }",
    "{ version: 1, type: 'TICKET_CREATED', ticketId: 'x'.repeat(129) }", "{ version: 1, type: 'TICKET_CREATED', ticketId: 'siti@example.com' }", "{ version: 1, type: 'TICKET_CREATED', ticketId: 'x', pipelineId: {} }",
    "{ version: 1, type: 'TICKET_CREATED', ticketId: 'x', ticketName: 5 }",
    "{ version: 1, type: 'TICKET_CREATE_ERROR' }", "{ version: 1, type: 'TICKET_CREATE_ERROR', errorCode: 5, errorMessage: 'x' }",
    "{ version: 1, type: 'EMBED_CLOSE' }", "{ version: 1, type: 'EMBED_CLOSE', reason: 'because' }", "{ version: 1, type: 'EMBED_CLOSE', reason: 'constructor' }",
    "{ version: 1, type: 'EMBED_RESIZE' }", "{ version: 1, type: 'EMBED_RESIZE', height: '300' }", "{ version: 1, type: 'EMBED_RESIZE', height: -1 }",
    "{ version: 1, type: 'EMBED_RESIZE', height: NaN }", "{ version: 1, type: 'EMBED_RESIZE', height: Infinity }", "{ version: 1, type: 'EMBED_RESIZE', height: 9n }",
    # A megabyte, deep nesting, a ring.
    "{ version: 1, type: 'TICKET_CREATED', ticketId: 'x', ticketName: 'x'.repeat(1 << 20) }", "{ version: 1, type: 'TICKET_CREATED', ticketId: 'x', more: 'x'.repeat(1 << 20) }",
    "{ version: 1, type: 'TICKET_CREATE_ERROR', errorCode: 'x', errorMessage: 'x'.repeat(1 << 20) }",
    "(() => { const ring = { version: 1, type: 'TICKET_CREATED', ticketId: 'x' }; ring.self = ring; return ring; })()",
])
def test_another_shape(panel, message):
    panel.open()
    panel.frame.evaluate(f"say({message})")
    calm(panel, "ready")
    assert panel.page.evaluate("[({}).version, ({}).type, ({}).ticketId]") == [None, None, None]


def test_a_flood_is_counted_once_an_origin(panel, stranger):
    panel.open()
    frame = add_frame(panel.page, f"{stranger.url}/frame")
    frame.evaluate("message => { for (let n = 0; n < 1000; n++) say(message); }", CREATED)
    panel.page.wait_for_timeout(200)
    assert dropped(panel) == [stranger.url]
    calm(panel, "ready")


def test_messages_that_are_nobodys_business_are_not_counted(panel, stranger):
    panel.open()
    frame = add_frame(panel.page, f"{stranger.url}/frame")
    frame.evaluate("say({ source: 'a-devtool' }); say('hello'); say({ version: 1, type: 'OTHER' })")
    calm(panel, "ready")
    assert dropped(panel) == []


def test_a_form_that_went_elsewhere_gets_nothing(panel, stranger):
    """The frame leaves for another origin as soon as it said that it is ready: the contact does not follow it."""
    panel.open(ready=False)
    panel.frame.evaluate("([message, url]) => { say(message); location = url; }", [READY, f"{stranger.url}/frame"])
    panel.page.wait_for_timeout(400)
    frame = next(frame for frame in panel.page.frames if frame.url.startswith(stranger.url))
    assert frame.evaluate("heard") == []
    frame.evaluate("message => say(message)", CREATED)
    panel.settle()
    assert "created" not in panel.events


def test_a_guard_that_was_got_round_is_noticed(panel, stranger):
    """A page whose events lie about their origin the first time they are asked: the guard's second look tells on it."""
    panel.open(ready=False)
    panel.page.evaluate("""([right, wrong]) => {
        let asked = 0;
        Object.defineProperty(MessageEvent.prototype, 'origin', { get: () => (asked++ ? wrong : right) });
    }""", [panel.crm.url, stranger.url])
    panel.say(READY)
    panel.settle()
    assert panel.state == "loading" and panel.frame.evaluate("heard") == []
    assert panel.tracked[-1] == ["origin_bypass", {"contact_id": "contact-4711", "attempted_origin": stranger.url}]
