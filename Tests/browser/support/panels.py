"""A panel in a host's page, and what its form says to it."""

from waiting import until, wait_for

CONTACT = {"qontakCustomerId": "contact-4711", "contactName": "Contact Name", "contactPhone": "+62 811", "contactEmail": "contact@example.com",
           "contactAccountUniqId": "acc-9", "channelType": "whatsapp", "locale": "id"}
CREATED = {"version": 1, "type": "TICKET_CREATED", "ticketId": "TCK-1", "pipelineId": "support", "dueDate": None}
FAILED = {"version": 1, "type": "TICKET_CREATE_ERROR", "errorCode": "quota", "errorMessage": "No more tickets today."}


class Panel:
    """A panel in a host's page, and the frame that it shows."""

    def __init__(self, page, crm):
        self.page = page
        self.crm = crm

    def configure(self, **options):
        self.page.evaluate("options => panel.configure(options)", {
            "embedUrl": self.crm.url, "allowLoopback": True, "customerContext": CONTACT, "analytics": {"companySsoId": "acme", "userId": "agent-1"}, **options})
        return self

    def open(self, ready=True):
        self.page.click("#trigger")
        if ready:
            self.say({"version": 1, "type": "EMBED_READY"})
            self.until("ready")
        return self

    @property
    def frame(self):
        def found():
            # Frames are known as of the last answer from the browser.
            self.page.evaluate("0")
            for frame in self.page.frames:
                if frame.url.startswith(self.crm.url + "/") and not frame.is_detached():
                    try:
                        return frame if frame.evaluate("typeof say === 'function'") else None
                    except Exception:
                        return None
        return wait_for(found)

    def say(self, message):
        self.frame.evaluate("message => say(message)", message)
        # A message is a task of its own: the next one comes after it.
        self.page.evaluate("new Promise((resolve) => setTimeout(resolve, 0))")

    def settle(self):
        self.page.wait_for_timeout(60)

    def until(self, state):
        until(self.page, f"panel.state === '{state}'")

    @property
    def state(self):
        return self.page.evaluate("panel.state")

    @property
    def states(self):
        return self.page.evaluate("states")

    @property
    def emitted(self):
        return self.page.evaluate("emitted")

    @property
    def tracked(self):
        return [[event.removeprefix("cdp_ticket_embed_"), properties] for event, properties in self.page.evaluate("tracked")]

    @property
    def events(self):
        return [event for event, _ in self.tracked]

    def text(self, selector):
        return self.page.evaluate("selector => panel.shadowRoot.querySelector(selector)?.textContent ?? null", selector)
