"""`gatectl watch`, and what `set` says when a live stream does not take what it is sent."""

import json
import queue
import re
import socket
import subprocess
import threading
import time
from urllib.parse import urlparse

import pytest

from conftest import Gatectl, Server, binary
from sso import Signer, UsersServer

FLAG = "cdp_create_ticket_embed"


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


class Watching:
    """A `gatectl watch` that runs, and the lines it has printed."""

    def __init__(self, gatectl, *arguments):
        self.process = subprocess.Popen(
            [binary("GATECTL_BIN", "gatectl"), "watch", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            cwd=gatectl.home, env=gatectl.environment)
        self.lines, self.errors = queue.Queue(), queue.Queue()
        for stream, lines in ((self.process.stdout, self.lines), (self.process.stderr, self.errors)):
            threading.Thread(target=lambda s=stream, q=lines: [q.put(line.rstrip("\n")) for line in s], daemon=True).start()

    def next(self, patience=15):
        return self.lines.get(timeout=patience)

    def until(self, text, patience=15):
        end = time.monotonic() + patience
        while time.monotonic() < end:
            line = self.next(patience)
            if text in line:
                return line
        pytest.fail(f"{text!r} was never printed")

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture
def watching(another_server, home):
    ctl = Gatectl(home, GATE_URL=another_server.url, GATE_TOKEN=another_server.token)
    ctl.done("company", "add", "acme", "--reason", "test")
    ctl.done("set", "unify_ticket_omnichannel_view", "on", "--company", "acme", "--reason", "test")
    ctl.done("set", FLAG, "on", "--reason", "test")
    started = []

    def start(*arguments):
        started.append(Watching(ctl, *arguments))
        return started[-1]

    yield start, ctl, another_server
    for watch in started:
        watch.stop()


def test_watch_shows_a_company_as_it_is_and_then_what_changes(watching):
    start, ctl, _ = watching
    watch = start("--company", "acme", "--output", "table")
    assert watch.next().startswith("as it is at revision ")
    assert watch.until(f"flag {FLAG}").endswith(" off")
    assert "denied" in watch.until("gate canCreateTicket")
    receipt = ctl.done("set", FLAG, "on", "--company", "acme", "--reason", "test").json
    assert watch.next() == f"revision {receipt['revision']}"
    assert watch.next() == f"  flag {FLAG} on"


def test_watch_goes_on_after_the_server_was_away(watching, tmp_path):
    start, ctl, server = watching
    port = urlparse(server.url).port
    watch = start("--company", "acme", "--output", "json")
    assert json.loads(watch.next())["event"] == "flags"
    server.stop()
    assert "connecting again" in watch.errors.get(timeout=15)
    folder = server.database.parent
    again = Server(folder, "--limit", "writes_per_token=0", "--port", str(port))
    try:
        ctl.done("set", FLAG, "on", "--company", "acme", "--reason", "test")
        seen = json.loads(watch.next(40))
        while not seen["data"]["flags"]:
            seen = json.loads(watch.next(40))
        assert seen["event"] == "change" and seen["data"]["flags"] == [{"code": FLAG, "enabled": True, "enabled_for_company": True}]
    finally:
        again.stop()


def test_watch_without_a_company_follows_the_history(watching):
    start, ctl, _ = watching
    watch = start("--output", "json")
    watch.next()
    receipt = ctl.done("hold", FLAG, "--reason", "tickets are lost").json
    change = json.loads(watch.next())
    assert (change["revision"], change["reason"]) == (receipt["revision"], "tickets are lost")


def test_watch_ends_where_it_may_not_look(another_server, home):
    ctl = Gatectl(home, GATE_URL=another_server.url, GATE_TOKEN="gate_admin_nonsense")
    assert ctl("watch", "--company", "acme").code == 6
    assert ctl("watch", "--user", "ana").code == 2


def test_set_says_how_many_streams_were_written_and_how_many_poll(tmp_path, home):
    signer = Signer(tmp_path)
    server = UsersServer(tmp_path, signer, "--limit", "writes_per_token=0")
    ctl = Gatectl(home, GATE_URL=server.url, GATE_TOKEN=server.token)

    def told(state):
        return ctl.done("set", FLAG, state, "--company", "acme", "--reason", "test", "--output", "table").out.splitlines()

    try:
        ctl.done("set", "unify_ticket_omnichannel_view", "on", "--company", "acme", "--new-company", "--reason", "test")
        ctl.done("set", FLAG, "on", "--reason", "test")
        assert told("on")[-1] == "no live client was concerned"
        listening = []
        for number in range(3):
            stream = socket.create_connection((urlparse(server.url).hostname, urlparse(server.url).port))
            stream.sendall(f"GET /v1/stream HTTP/1.1\r\nHost: gate\r\nAuthorization: Bearer {signer.user('acme', f'u-{number}')}\r\n\r\n".encode())
            assert b"200 OK" in stream.recv(65536)
            listening.append(stream)
        lines = told("off")
        assert re.fullmatch(r"written to 3 of 3 live streams in \d+ ms", lines[-1]), lines
        assert any(re.fullmatch(rf"  {FLAG} +acme +on → off", line) for line in lines), lines
        for stream in listening[1:]:
            stream.close()
        end = time.monotonic() + 5
        while len(server.get("/v1/admin/streams").json()["data"]) > 1 and time.monotonic() < end:
            time.sleep(0.02)
        pollers = {poller: signer.user("acme", poller) for poller in ("bob", "eve")}
        for _ in range(8):
            # Each on a connection of its own, so that one poller is seen on several of the server's threads.
            for token in pollers.values():
                assert server.request("GET", "/v1/feature_flags", token).status_code == 200
        assert re.fullmatch(r"written to 1 of 1 live stream in \d+ ms; 2 pollers last seen behind", told("on")[-1])
    finally:
        server.stop()


def test_set_says_8_when_a_live_stream_was_not_written_in_time(another_server, home):
    """Two hundred flags stand on one, so that a change of that is more than the sockets hold; and nobody reads."""
    server = another_server
    ctl = Gatectl(home, GATE_URL=server.url, GATE_TOKEN=server.token)
    ctl.done("company", "add", "acme", "--reason", "test")
    manifests = home / "many"
    manifests.mkdir()
    documents = ["kind: flag\nname: base\nenabled: true\n"]
    documents += [
        f"kind: flag\nname: {'dependent-' + 'x' * 80}-{n}\nenabled: true\nprerequisites: [base]\ncompanies: {{acme: on}}\n" for n in range(200)
    ]
    (manifests / "flags.yaml").write_text("---\n".join(documents))
    ctl.done("apply", "-f", str(manifests), "--reason", "many")
    address = urlparse(server.url)
    stalled = socket.socket()
    stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stalled.connect((address.hostname, address.port))
    stalled.sendall(
        f"GET /v1/stream?company_id=acme&user_id=ana HTTP/1.1\r\nHost: gate\r\nAuthorization: Bearer {server.token}\r\n\r\n".encode())
    end = time.monotonic() + 10
    while not server.get("/v1/admin/streams").json()["data"] and time.monotonic() < end:
        time.sleep(0.05)
    codes = []
    for state in ("on", "off", "on", "off"):
        result = ctl("set", "base", state, "--company", "acme", "--reason", "test", "--wait", "1s", "--output", "table")
        codes.append(result.code)
        if result.code == 8:
            break
    assert codes[-1] == 8, result
    assert "written to 0 of 1 live stream in time" in result.out, result
    assert "the change is in force, but 1 live stream was not written in time" in result.err and "/v1/admin/streams" in result.err
    assert server.get("/v1/admin/streams").json()["data"][0]["behind"] is True
    # It is done all the same.
    assert server.get("/v1/admin/flags/base/companies/acme").json() == {"enabled": state == "on"}
    stalled.close()
