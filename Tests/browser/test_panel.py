"""The panel: the RFC's stories (Detail 1.C), its state machine (2.1), its failures (3.A) and its texts (3.B)."""

import re

import pytest
from panels import CONTACT, CREATED, FAILED, Panel
from sites import PUBLIC
from waiting import until, wait_for

LOAD_FAILED = "Couldn't load the ticket form. Try again or use Associate existing."


def frame_attributes(panel):
    return panel.page.evaluate("Object.fromEntries([...panel.shadowRoot.querySelector('iframe').attributes].map((a) => [a.name, a.value]))")


# TCKT-S01: open the embed

def test_s01_opening_shows_a_sandboxed_frame_and_waits_for_the_form(panel):
    assert panel.state == "hidden" and panel.page.evaluate("panel.shadowRoot.querySelector('iframe')") is None
    panel.open(ready=False)
    assert panel.state == "loading"
    attributes = frame_attributes(panel)
    assert attributes["src"] == f"{panel.crm.url}/embed/ticket/create" and attributes["title"] == "Create Ticket"
    assert attributes["sandbox"] == "allow-forms allow-scripts allow-same-origin"
    assert attributes["referrerpolicy"] == "strict-origin-when-cross-origin"
    assert panel.text("[role=status]") == "Loading the ticket form…"
    panel.say({"version": 1, "type": "EMBED_READY"})
    panel.until("ready")
    assert panel.text("[role=status]") == ""
    assert panel.tracked == [["opened", {"company_sso_id": "acme", "contact_id": "contact-4711", "qontak_customer_id": "contact-4711", "user_id": "agent-1"}]]


def test_s01_a_second_click_opens_nothing_more(panel):
    panel.page.evaluate("panel.open(); panel.open()")
    panel.open()
    assert panel.events == ["opened"] and panel.page.evaluate("panel.shadowRoot.querySelectorAll('iframe').length") == 1


def test_s01_a_frame_error_says_so_and_offers_to_try_again(panel):
    panel.open(ready=False)
    panel.page.evaluate("panel.shadowRoot.querySelector('iframe').dispatchEvent(new Event('error'))")
    assert panel.state == "error" and panel.text("[role=alert]") == LOAD_FAILED
    assert panel.page.locator("#panel .retry").is_visible()
    assert panel.emitted == [["error", {"errorCode": "embed_load_failed", "errorMessage": LOAD_FAILED}]]
    assert panel.tracked[-1] == ["load_failed", {"contact_id": "contact-4711", "error_code": "embed_load_failed"}]


@pytest.mark.parametrize("base, loopback, address", [
    ("http://crm.example", False, "https://crm.example/embed/ticket/create"),
    ("http://crm.example/", True, "https://crm.example/embed/ticket/create"),
    ("https://crm.example/v3/", False, "https://crm.example/v3/embed/ticket/create"),
    ("http://127.0.0.1:9", False, "https://127.0.0.1:9/embed/ticket/create"),
    ("http://localhost:9", True, "http://localhost:9/embed/ticket/create"),
    ("http://127.0.0.1.evil.example", True, "https://127.0.0.1.evil.example/embed/ticket/create"),
    ("https://user:secret@crm.example#x", False, "https://crm.example/embed/ticket/create"),
    ("javascript:alert(1)", True, None), ("data:text/html,x", True, None), ("//crm.example", False, None), ("", False, None),
])
def test_s01_https_is_forced(host, base, loopback, address):
    assert host.evaluate(
        "async ([base, loopback]) => (await import('/sdk/ticket-embed-contract.js')).embedAddress(base, loopback)?.href ?? null", [base, loopback]) == address


def test_an_address_that_is_none_is_an_error_and_no_frame(panel):
    panel.configure(embedUrl="javascript:alert(1)").open(ready=False)
    assert panel.state == "error" and panel.page.evaluate("panel.shadowRoot.querySelector('iframe')") is None


# TCKT-S02: the contact is filled in

def test_s02_the_contact_is_sent_once(panel):
    panel.open()
    panel.say({"version": 1, "type": "EMBED_READY"})
    panel.say({"version": 1, "type": "EMBED_READY"})
    heard = panel.frame.evaluate("heard")
    assert [message["data"] for message in heard] == [{"type": "EMBED_INIT", "version": 1, "roomId": None, **CONTACT}]


def test_s02_only_what_is_known_of_the_contact_is_sent(panel):
    panel.configure(customerContext={"qontakCustomerId": "c-1", "contactName": None, "secret": "x"}).open()
    assert panel.frame.evaluate("heard")[0]["data"] == {"type": "EMBED_INIT", "version": 1, "roomId": None, "qontakCustomerId": "c-1"}


def test_s02_the_contact_goes_to_the_exact_origin_never_to_any(panel):
    """The frame's window is replaced by one that writes down to whom something is posted."""
    panel.page.evaluate("""() => {
        window.posted = [];
        const real = Object.getOwnPropertyDescriptor(HTMLIFrameElement.prototype, 'contentWindow').get;
        const source = Object.getOwnPropertyDescriptor(MessageEvent.prototype, 'source').get;
        const fake = { postMessage: (...args) => posted.push(args) };
        Object.defineProperty(HTMLIFrameElement.prototype, 'contentWindow', { get() { return fake; } });
        const frameWindow = () => real.call(panel.shadowRoot.querySelector('iframe'));
        Object.defineProperty(MessageEvent.prototype, 'source', { get() { const own = source.call(this); return own === frameWindow() ? fake : own; } });
    }""")
    panel.open()
    assert panel.page.evaluate("posted") == [[{"type": "EMBED_INIT", "version": 1, "roomId": None, **CONTACT}, panel.crm.url]]


def test_s02_no_module_posts_to_any_origin():
    for path in PUBLIC.glob("*.js"):
        for call in re.findall(r"postMessage\((.*)\)", path.read_text()):
            assert not re.search(r"""['"`]\*['"`]""", call), path.name


def test_s02_nothing_of_the_contact_is_tracked(panel):
    panel.open()
    panel.say(FAILED)
    panel.say(CREATED)
    panel.until("hidden")
    text = str(panel.tracked)
    assert not any(CONTACT[name] in text for name in ("contactName", "contactPhone", "contactEmail"))


# TCKT-S03: created

def test_s03_a_created_ticket_closes_the_panel_and_is_told(panel):
    panel.open()
    panel.say({**CREATED, "ticketName": "Late", "unknown": {"nested": True}})
    panel.until("hidden")
    assert panel.states == ["loading", "ready", "success", "hidden"]
    assert panel.emitted == [["created", {"ticketId": "TCK-1", "ticketName": "Late", "pipelineId": "support"}], ["close", {"reason": "ticket_created"}]]
    assert panel.tracked[1:] == [
        ["created", {"contact_id": "contact-4711", "ticket_id": "TCK-1", "pipeline_id": "support", "origin": panel.crm.url}],
        ["associated", {"contact_id": "contact-4711", "ticket_id": "TCK-1"}]]
    assert panel.page.evaluate("panel.shadowRoot.querySelector('iframe')") is None


def test_s03_the_panel_waits_for_a_refresh_that_asks_it_to(panel):
    panel.page.evaluate("panel.addEventListener('created', (event) => event.waitUntil(new Promise((resolve) => window.refreshed = resolve)))")
    panel.open()
    panel.say(CREATED)
    panel.say({**CREATED, "ticketId": "TCK-2"})
    panel.say({"version": 1, "type": "EMBED_CLOSE", "reason": "ticket_created"})
    panel.settle()
    assert panel.state == "success" and panel.text("[role=status]") == "Ticket created."
    panel.page.evaluate("refreshed()")
    panel.until("hidden")
    assert panel.events.count("created") == 1 and [name for name, _ in panel.emitted] == ["created", "close"]


def test_s03_sizes_are_taken_within_bounds(panel):
    panel.open()
    def height():
        return panel.page.evaluate("panel.shadowRoot.querySelector('iframe').style.height")
    for asked, taken in [(640.2, "641px"), (10, "200px"), (1e9, "1600px"), (0, "200px")]:
        panel.say({"version": 1, "type": "EMBED_RESIZE", "height": asked})
        wait_for(lambda: height() == taken)
    assert [detail["height"] for name, detail in panel.emitted if name == "resize"] == [641, 200, 1600, 200]
    assert panel.state == "ready"


def test_s03_a_storm_of_sizes_is_taken_one_a_frame(panel):
    panel.open()
    panel.frame.evaluate("for (let n = 0; n < 5000; n++) say({ version: 1, type: 'EMBED_RESIZE', height: 300 + n % 500 })")
    wait_for(lambda: panel.page.evaluate("panel.shadowRoot.querySelector('iframe').style.height") == "799px")
    panel.settle()
    assert panel.state == "ready" and len(panel.emitted) < 500


def test_s03_an_error_from_the_form_is_shown_and_the_form_stays(panel):
    panel.open()
    panel.say(FAILED)
    panel.until("error")
    assert panel.text("[role=alert]") == "No more tickets today." and panel.text(".problem p") == "You can also use Associate existing."
    assert panel.page.locator("#panel iframe").is_visible()
    assert panel.emitted == [["error", {"errorCode": "quota", "errorMessage": "No more tickets today."}]]
    assert panel.tracked[-1] == ["create_error", {"contact_id": "contact-4711", "error_code": "quota"}]
    panel.say({**FAILED, "errorMessage": "  ", "errorCode": "something <odd>"})
    assert panel.text("[role=alert]") == "The ticket couldn't be created. Check the form and submit it again."
    assert panel.tracked[-1][1]["error_code"] == "unknown"
    panel.say(CREATED)
    panel.until("hidden")
    assert panel.states == ["loading", "ready", "error", "success", "hidden"]
    assert panel.events == ["opened", "create_error", "create_error", "created", "associated"]


@pytest.mark.parametrize("reason", ["user_cancel", "ticket_created", "error"])
def test_s03_the_form_may_close_itself(panel, reason):
    panel.open()
    panel.say({"version": 1, "type": "EMBED_CLOSE", "reason": reason})
    assert panel.state == "hidden" and panel.emitted == [["close", {"reason": reason}]]


def test_s03_the_panel_opens_again_after_a_ticket(panel):
    panel.open()
    panel.say(CREATED)
    panel.until("hidden")
    panel.open()
    panel.say({**CREATED, "ticketId": "TCK-2"})
    panel.until("hidden")
    assert panel.events.count("created") == 2


# TCKT-S04: linked to the contact

def test_s04_the_host_links_it_where_the_crm_does_not(panel):
    panel.page.evaluate("window.linked = []; panel.configure({ associate: async (...ids) => { linked.push(ids); } })")
    panel.open()
    panel.say(CREATED)
    panel.until("hidden")
    until(panel.page, "tracked.length === 3")
    assert panel.page.evaluate("linked") == [["TCK-1", "contact-4711"]]
    assert panel.events == ["opened", "created", "associated"]


@pytest.mark.parametrize("failure, reason", [
    ("Promise.resolve(new Response('', { status: 500 }))", "http_500"), ("Promise.reject(new Response('', { status: 404 }))", "http_404"),
    ("Promise.reject({ response: { status: 401 } })", "http_401"), ("Promise.reject({ status: 403 })", "http_403"), ("Promise.resolve(new Response('', { status: 429 }))", "http_429"), ("fetch('http://127.0.0.1:1')", "network"),
    ("Promise.reject(new DOMException('', 'TimeoutError'))", "timeout"), ("(() => { throw 'secret text' })()", "error")])
def test_s04_a_link_that_fails_is_told_and_may_be_tried_again(panel, problems, failure, reason):
    panel.page.evaluate(f"window.tries = 0; panel.configure({{ associate: () => tries++ ? 'done' : {failure} }})")
    panel.open()
    panel.say(CREATED)
    until(panel.page, "panel.shadowRoot.querySelector('.toast [role=alert]')?.textContent === \"Ticket created but couldn't be linked. Retry?\"")
    panel.until("hidden")
    assert panel.tracked[-1] == ["associate_failed", {"contact_id": "contact-4711", "ticket_id": "TCK-1", "reason": reason}]
    panel.page.locator("#panel .toast button").first.click()
    until(panel.page, "tracked.length === 4")
    assert panel.events == ["opened", "created", "associate_failed", "associated"]
    assert panel.page.locator("#panel .toast").count() == 0
    problems[:] = [text for text in problems if "127.0.0.1:1" not in text]


def test_s04_attempts_join_outcome_and_link(panel, follow, server):
    page = follow(panel.page)
    page.evaluate("let tries = 0; panel.configure({ gate, associate: () => { if (!tries++) throw new Error(); } })")
    panel.open()
    panel.say(FAILED)
    panel.say(CREATED)
    page.locator("#panel .toast button").first.click()
    wait_for(lambda: len(server.events) == 5)
    names = [event["event"].removeprefix("cdp_ticket_embed_") for event in server.events]
    assert names == ["opened", "create_error", "created", "associate_failed", "associated"]
    ids = [event["attempt_id"] for event in server.events]
    assert ids[0] == ids[1] != ids[2] == ids[3] == ids[4]


# The rest of the state machine, and failures

def test_a_form_that_is_not_ready_in_time_is_an_error_and_retry_loads_anew(panel):
    panel.page.evaluate("panel.embedReadyTimeoutMs = 300")
    panel.open(ready=False)
    first = panel.frame
    panel.until("error")
    assert panel.text("[role=alert]") == LOAD_FAILED
    assert panel.tracked[-1][1]["error_code"] == "embed_ready_timeout" and panel.emitted[-1][1]["errorCode"] == "embed_ready_timeout"
    assert first.is_detached()
    panel.page.evaluate("panel.embedReadyTimeoutMs = 10000")
    panel.page.locator("#panel .retry").click()
    assert panel.state == "loading"
    panel.say({"version": 1, "type": "EMBED_READY"})
    panel.until("ready")
    assert len(panel.frame.evaluate("heard")) == 1


def test_ten_seconds_is_the_time_out(open_page, server, crm):
    page = open_page(f"{server.url}/host", lambda page: page.clock.install())
    page.wait_for_selector("html[data-ready]", state="attached")
    panel = Panel(page, crm).configure()
    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 1)
    panel.open(ready=False)
    page.clock.run_for(9_999)
    assert panel.state == "loading"
    page.clock.run_for(1)
    assert panel.state == "error"


def test_retry_after_an_error_of_the_form_loads_anew(panel):
    panel.open()
    panel.say(FAILED)
    old = panel.frame
    panel.page.locator("#panel .retry").click()
    assert panel.state == "loading" and old.is_detached()
    panel.say({"version": 1, "type": "EMBED_READY"})
    panel.until("ready")
    assert panel.states == ["loading", "ready", "error", "loading", "ready"]


@pytest.mark.parametrize("fault", [404, 500, "hang", "reset", "html"])
def test_a_form_that_does_not_come_is_an_error(panel, crm, fault):
    crm.faults["/embed/ticket/create"] = fault
    panel.configure(embedReadyTimeoutMs=400).open(ready=False)
    panel.until("error")
    assert panel.text("[role=alert]") == LOAD_FAILED and panel.events == ["opened", "load_failed"]


def test_offline_is_an_error_at_once(panel, context):
    context.set_offline(True)
    panel.open(ready=False)
    assert panel.state == "error"
    context.set_offline(False)
    until(panel.page, "navigator.onLine")
    panel.page.locator("#panel .retry").click()
    panel.say({"version": 1, "type": "EMBED_READY"})
    panel.until("ready")


@pytest.mark.parametrize("state", ["loading", "ready", "error"])
def test_cancel_hides_it_from_any_state(panel, state):
    panel.open(ready=state != "loading")
    if state == "error":
        panel.say(FAILED)
    panel.page.locator("#panel .back").click()
    assert panel.state == "hidden" and panel.emitted[-1] == ["close", {"reason": "user_cancel"}]
    assert panel.page.evaluate("document.activeElement.id") == "trigger"
    panel.page.wait_for_timeout(50)
    assert panel.page.evaluate("panel.shadowRoot.querySelector('iframe')") is None


def test_taken_out_of_the_page_it_hears_nothing_more(panel):
    panel.open()
    panel.page.evaluate("""() => {
        window.kept = panel;
        panel.remove();
    }""")
    assert panel.state == "hidden" and panel.page.evaluate("panel.shadowRoot.querySelector('iframe')") is None
    panel.page.evaluate("window.postMessage({ version: 1, type: 'TICKET_CREATED', ticketId: 'x' }, '*')")
    panel.settle()
    assert panel.events == ["opened"] and panel.emitted == []
    panel.page.evaluate("document.querySelector('main').append(kept)")
    panel.open()


def test_texts_come_in_any_language(panel):
    panel.page.evaluate("""() => panel.configure({ texts: (key) => ({ title: 'Buat Tiket', embed_load_failed: 'Gagal memuat.', retry: 'Coba lagi' })[key] })""")
    panel.configure(embedUrl="")
    panel.open(ready=False)
    assert panel.text("h3") == "Buat Tiket" and panel.text("[role=alert]") == "Gagal memuat." and panel.text(".retry") == "Coba lagi"
    assert panel.page.evaluate("panel.shadowRoot.querySelector('.back').getAttribute('aria-label')") == "Back to tickets"


def test_properties_set_before_the_element_was_defined_count(open_page, server, crm):
    page = open_page(f"{server.url}/host", lambda page: page.add_init_script(
        "document.addEventListener('readystatechange', () => { const early = document.getElementById('panel'); if (early && !early.shadowRoot) early.embedReadyTimeoutMs = 1234; }, { once: true })"))
    page.wait_for_selector("html[data-ready]", state="attached")
    assert page.evaluate("[panel.embedReadyTimeoutMs, Object.hasOwn(panel, 'embedReadyTimeoutMs')]") == [1234, False]


# TCKT-S07: the gate

def test_s07_the_entry_is_there_only_while_the_gate_is_open(open_page, server):
    server.off()
    page = open_page(f"{server.url}/demo")
    until(page, "document.getElementById('status').textContent === 'live'")
    page.click("#plus")
    assert page.locator("[role=menuitem]").all_inner_texts() == ["Associate existing"]
    server.on()
    page.locator("#create-ticket").wait_for()
    page.click("#create-ticket")
    page.frame_locator("iframe").locator("#contact").wait_for()
    server.off()
    page.locator("#create-ticket").wait_for(state="detached")
    until(page, "document.getElementById('panel').state === 'hidden'")
    page.click("#plus")
    page.click("#associate-existing")
    page.click("#associate")
    assert page.locator("#tickets li").count() == 1


@pytest.mark.parametrize("permission, flag, shown", [(True, True, 1), (True, False, 0), (False, True, 0), (False, False, 0)])
def test_s07_permission_and_flag_must_both_be_on(open_page, server, permission, flag, shown):
    server.set(flag={"cdp_create_ticket_embed": (True, flag)}, permission={"tickets_ticket_create": permission}, gate={"canCreateTicket": permission and flag})
    page = open_page(f"{server.url}/demo")
    until(page, "document.getElementById('status').textContent === 'live'")
    assert page.evaluate("document.querySelectorAll('#create-ticket').length") == shown
    assert page.evaluate("document.querySelectorAll('#associate-existing').length") == 1


# The demo's form, which is what the CRM's will be

def test_the_demo_creates_a_ticket_through_the_stand_in(open_page, server):
    page = open_page(f"{server.url}/demo")
    page.click("#plus")
    page.click("#create-ticket")
    form = page.frame_locator("iframe")
    form.locator("#name").fill("Delivery is late")
    assert "Contact 4711" in form.locator("#contact").input_value()
    form.locator("button[type=submit]").click()
    page.locator("#tickets li").wait_for()
    assert "Delivery is late" in page.inner_text("#tickets")
    assert page.inner_text("#toast") == "Ticket created."
    wait_for(lambda: [event["event"].removeprefix("cdp_ticket_embed_") for event in server.events] == ["opened", "created", "associated"])


@pytest.mark.parametrize("behaviour, outcome", [("error", "error"), ("silence", "loading"), ("version", "loading"), ("storm", "ready")])
def test_the_stand_in_misbehaves_when_told_to(open_page, server, behaviour, outcome):
    page = open_page(f"{server.url}/demo")
    page.select_option("#behaviour", behaviour)
    page.click("#plus")
    page.click("#create-ticket")
    form = page.frame_locator("iframe")
    if behaviour == "error":
        form.locator("#name").fill("x")
        form.locator("button[type=submit]").click()
    until(page, f"document.getElementById('panel').state === '{outcome}'")
    page.wait_for_timeout(300)
    assert page.evaluate("document.getElementById('panel').state") == outcome
    assert form.locator("#behaviour").input_value() == behaviour
    if behaviour == "version":
        wait_for(lambda: any(event["event"] == "cdp_ticket_embed_init_dropped" for event in server.events))


def test_the_stand_in_speaks_to_no_page_that_it_was_not_told_of(open_page, crm, stranger):
    stranger.pages["/framing"] = lambda handler: handler.send(200, f"""<!doctype html><title>x</title><script>
        const heard = []; addEventListener('message', (event) => heard.push(event.data));
        </script><iframe src="{crm.url}/embed/ticket/create?host=https%3A%2F%2Fcdp.example"></iframe>""".encode(), {"Content-Type": "text/html"})
    page = open_page(f"{stranger.url}/framing")
    frame = page.frame_locator("iframe")
    frame.locator("#stranger:not(:empty)").wait_for()
    assert page.evaluate("heard") == []
