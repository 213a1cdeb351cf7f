"""Webhooks, received and checked by a library that nobody here wrote."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from standardwebhooks.webhooks import Webhook

from conftest import Gatectl, Server

FLAG = "cdp_create_ticket_embed"


class Receiver:
    """An HTTP server that answers what it is told to, and keeps what it got."""

    def __init__(self, port=0):
        self.messages, self.hits, self.status, self.location = [], 0, 204, None
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.hits += 1
                if receiver.status < 300:
                    receiver.messages.append((dict(self.headers), body))
                self.send_response(receiver.status)
                if receiver.location:
                    self.send_header("Location", receiver.location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait(self, count, patience=30):
        end = time.monotonic() + patience
        while len(self.messages) < count and time.monotonic() < end:
            time.sleep(0.02)
        assert len(self.messages) >= count, [body for _, body in self.messages]
        return self.messages

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path, "--limit", "writes_per_token=0", "--webhook-allow", "127.0.0.1/32")
    yield server
    server.stop()


@pytest.fixture
def ctl(server, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    ctl = Gatectl(home, GATE_URL=server.url, GATE_TOKEN=server.token)
    ctl.done("company", "add", "acme", "--reason", "test")
    return ctl


def test_a_receiver_that_was_down_gets_everything_in_order_signed(server, ctl):
    first = Receiver()
    port = first.port
    made = ctl.done("webhook", "create", f"http://127.0.0.1:{port}/gate", "--reason", "#cdp-ops").json
    assert made["secret"].startswith("whsec_")
    assert "secret" not in ctl.done("webhook", "list").out
    ctl.done("set", FLAG, "on", "--company", "acme", "--reason", "beta <starts> & goes on")
    headers, body = first.wait(1)[0]
    message = Webhook(made["secret"]).verify(body, {name.lower(): value for name, value in headers.items()})
    assert (message["type"], message["data"]["flag"]) == ("flag.changed", FLAG)
    assert "beta &lt;starts&gt; &amp; goes on" in message["text"] and len(message["chain_head"]) == 64
    with pytest.raises(Exception):
        Webhook(made["secret"]).verify(body.replace(b"acme", b"evil"), {name.lower(): value for name, value in headers.items()})
    # Down for a while: nothing listens. Two flags change, several times each.
    first.stop()
    base = "unify_ticket_omnichannel_view"
    for n in range(4):
        ctl.done("set", FLAG, "off" if n % 2 == 0 else "on", "--company", "acme", "--reason", f"flip {n}")
        ctl.done("set", base, "on" if n % 2 == 0 else "off", "--company", "acme", "--reason", f"base {n}")
    time.sleep(1.5)
    again = Receiver(port)
    again.status = 500
    end = time.monotonic() + 30
    while again.hits == 0 and time.monotonic() < end:
        time.sleep(0.05)
    assert again.hits > 0
    again.status = 200
    messages = again.wait(8, patience=60)
    order = {}
    for headers, body in messages:
        message = Webhook(made["secret"]).verify(body, {name.lower(): value for name, value in headers.items()})
        order.setdefault(message["data"]["flag"], []).append(message["data"]["reason"])
    assert order == {FLAG: [f"flip {n}" for n in range(4)], base: [f"base {n}" for n in range(4)]}
    ids = [headers["webhook-id"] for headers, _ in messages]
    assert len(set(ids)) == 8
    # The secret is nowhere in the history.
    assert made["secret"] not in json.dumps(server.get("/v1/admin/changes", limit=1000).json())
    again.stop()


def test_a_receiver_that_is_gone_is_told_no_more(server, ctl):
    receiver = Receiver()
    receiver.status = 410
    made = ctl.done("webhook", "create", f"http://127.0.0.1:{receiver.port}/", "--type", "flag.changed", "--reason", "test").json
    ctl.done("set", FLAG, "on", "--company", "acme", "--reason", "one")
    end = time.monotonic() + 15
    while server.get(f"/v1/admin/webhooks/{made['id']}").json()["enabled"] and time.monotonic() < end:
        time.sleep(0.05)
    assert not server.get(f"/v1/admin/webhooks/{made['id']}").json()["enabled"]
    change = server.get("/v1/admin/changes", limit=1).json()["data"][0]
    assert (change["actor"], change["command"]["command"]) == ("webhooks", "patch")
    ctl.done("set", FLAG, "off", "--company", "acme", "--reason", "two")
    time.sleep(1.5)
    assert receiver.hits == 1
    receiver.stop()


def test_a_redirect_into_this_network_is_not_followed(server, ctl):
    inside, outside = Receiver(), Receiver()
    outside.status, outside.location = 307, f"http://127.0.0.1:{inside.port}/"
    ctl.done("webhook", "create", f"http://127.0.0.1:{outside.port}/", "--reason", "test")
    ctl.done("set", FLAG, "on", "--company", "acme", "--reason", "one")
    end = time.monotonic() + 15
    while outside.hits < 2 and time.monotonic() < end:
        time.sleep(0.05)
    assert outside.hits >= 2 and inside.hits == 0
    inside.stop()
    outside.stop()


@pytest.mark.parametrize("host", ["10.0.0.1", "169.254.169.254", "[::1]", "0x0a000001", "012.0.0.1", "167772161", "[::ffff:10.0.0.1]"])
def test_an_address_that_is_not_public_is_refused(ctl, host):
    refused = ctl("webhook", "create", f"https://{host}/hook", "--reason", "test")
    assert refused.code == 2 and refused.problem["code"] == "webhook_refused", refused
