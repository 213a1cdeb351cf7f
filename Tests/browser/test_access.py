"""Who cannot use a mouse, or see well: WCAG 2 A and AA by axe, and everything by keyboard alone."""

import pytest
from axes import violations
from panels import CREATED, FAILED
from waiting import until, wait_for


def focused(page):
    """What has the focus, through shadow roots."""
    return page.evaluate("""() => {
        let element = document.activeElement;
        while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
        return element.id || element.className || element.localName;
    }""")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_demo_has_no_violation(open_page, server, scheme):
    page = open_page(f"{server.url}/demo", lambda page: page.emulate_media(color_scheme=scheme))
    until(page, "document.getElementById('decision').textContent === 'open'")
    until(page, "document.querySelectorAll('#trace li').length > 0")
    assert violations(page) == []
    page.click("#plus")
    assert violations(page) == []
    page.click("#associate-existing")
    assert violations(page) == []
    page.click("#associate")
    page.click("#plus")
    page.click("#create-ticket")
    page.frame_locator("iframe").locator("#contact").wait_for()
    until(page, "document.getElementById('panel').state === 'ready'")
    assert violations(page) == []
    page.frame_locator("iframe").locator("#behaviour").select_option("error")
    page.frame_locator("iframe").locator("#name").fill("x")
    page.frame_locator("iframe").locator("button[type=submit]").click()
    until(page, "document.getElementById('panel').state === 'error'")
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_panel_has_no_violation_in_any_state(panel, scheme):
    page = panel.page
    page.emulate_media(color_scheme=scheme)
    panel.open(ready=False)
    assert violations(page) == []
    page.evaluate("panel.shadowRoot.querySelector('iframe').dispatchEvent(new Event('error'))")
    assert violations(page) == []
    page.evaluate("panel.configure({ associate: () => { throw new Error() } }); panel.addEventListener('created', (event) => event.waitUntil(new Promise(() => {})))")
    panel.page.locator("#panel .retry").click()
    panel.say({"version": 1, "type": "EMBED_READY"})
    panel.until("ready")
    assert violations(page) == []
    panel.say(CREATED)
    panel.until("success")
    page.locator("#panel .toast").wait_for()
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_stand_ins_form_has_no_violation(open_page, crm, scheme):
    page = open_page(f"{crm.url}/embed/ticket/create?host=http%3A%2F%2Flocalhost", lambda page: page.emulate_media(color_scheme=scheme))
    page.wait_for_selector("#form")
    assert violations(page) == []


def test_by_keyboard_alone_a_ticket_is_created(open_page, server):
    page = open_page(f"{server.url}/demo")
    until(page, "document.getElementById('decision').textContent === 'open'")
    page.focus("#plus")
    page.keyboard.press("Enter")
    assert focused(page) == "associate-existing"
    page.keyboard.press("ArrowDown")
    assert focused(page) == "create-ticket"
    page.keyboard.press("ArrowDown")
    assert focused(page) == "associate-existing"
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    assert focused(page) == "back"
    until(page, "document.getElementById('panel').state === 'ready'")
    frame = next(frame for frame in page.frames if "/embed/ticket/create" in frame.url)
    until(frame, "document.getElementById('contact').value !== ''")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert frame.evaluate("document.activeElement.id") == "name"
    page.keyboard.type("Typed")
    page.keyboard.press("Enter")
    page.locator("#tickets li").wait_for()
    wait_for(lambda: focused(page) == "plus")


def test_by_keyboard_alone_an_existing_ticket_is_associated(open_page, server):
    server.off()
    page = open_page(f"{server.url}/demo")
    page.focus("#plus")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    assert focused(page) == "plus" and not page.is_visible("#menu")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    assert focused(page) == "ticket"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert focused(page) == "plus" and page.locator("#tickets li").count() == 1


@pytest.mark.parametrize("state", ["loading", "ready", "error"])
def test_escape_gives_the_focus_back(panel, state):
    panel.page.focus("#trigger")
    panel.page.keyboard.press("Enter")
    if state != "loading":
        panel.say({"version": 1, "type": "EMBED_READY"})
        panel.until("ready")
    if state == "error":
        panel.say(FAILED)
    assert focused(panel.page) == "back"
    panel.page.keyboard.press("Escape")
    assert panel.state == "hidden" and focused(panel.page) == "trigger"
    assert panel.emitted[-1] == ["close", {"reason": "user_cancel"}]


def test_the_focus_stays_in_the_header_while_there_is_no_form(panel):
    page = panel.page
    panel.open(ready=False)
    for key in ("Tab", "Shift+Tab", "Tab"):
        page.keyboard.press(key)
        assert focused(page) == "back"
    page.evaluate("panel.shadowRoot.querySelector('iframe').dispatchEvent(new Event('error'))")
    walked = []
    for key in ("Tab", "Tab", "Shift+Tab", "Shift+Tab"):
        page.keyboard.press(key)
        walked.append(focused(page))
    assert walked == ["retry", "back", "retry", "back"]
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert panel.state == "loading" and focused(page) == "back"


def test_the_focus_goes_round_through_the_form(panel):
    page = panel.page
    panel.open()
    frame = panel.frame
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert frame.evaluate("document.activeElement.id") == "last"
    page.keyboard.press("Tab")
    wait_for(lambda: focused(page) == "back")
    page.keyboard.press("Shift+Tab")
    assert focused(page) == "iframe"
    page.keyboard.press("Tab")
    assert frame.evaluate("document.hasFocus()")


def test_errors_are_alerts_that_were_there_before_their_text(panel):
    assert panel.page.evaluate("panel.shadowRoot.querySelector('.problem [role=alert]').textContent") == ""
    panel.open()
    panel.page.evaluate("window.alertBefore = panel.shadowRoot.querySelector('.problem [role=alert]'), 0")
    panel.say(FAILED)
    assert panel.page.evaluate("alertBefore === panel.shadowRoot.querySelector('.problem [role=alert]') && alertBefore.textContent") == "No more tickets today."


@pytest.mark.parametrize("motion, animated", [("reduce", False), ("no-preference", True)])
def test_nothing_moves_for_who_asked_for_less_motion(panel, motion, animated):
    panel.page.emulate_media(reduced_motion=motion)
    panel.open(ready=False)
    assert (panel.page.evaluate("document.getElementById('panel').shadowRoot.getAnimations().length") > 0) is animated
