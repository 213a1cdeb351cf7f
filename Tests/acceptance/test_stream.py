"""Streams, read by clients that nobody here wrote, and by ones that do not read at all."""

import asyncio
import datetime
import ipaddress
import json
import os
import socket
import ssl
import statistics
import threading
import time
from urllib.parse import urlparse

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from httpx_sse import connect_sse

from conftest import Server
from sso import Signer, UsersServer

FLAG = "cdp_create_ticket_embed"
STALLED = int(os.environ.get("GATE_STALLED", "100"))
HEALTHY = int(os.environ.get("GATE_HEALTHY", "100"))
FLIPS = int(os.environ.get("GATE_FLIPS", "1600"))


@pytest.fixture()
def server(tmp_path):
    server = Server(tmp_path, "--limit", "writes_per_token=0")
    for company in ("acme", "globex"):
        for flag in ("unify_ticket_omnichannel_view", FLAG):
            assert flip(server, company, True, flag, new_company="true")["changed"]
    assert server.request("PATCH", f"/v1/admin/flags/{FLAG}", params={"reason": "on"}, json={"enabled": True}).status_code == 200
    yield server
    server.stop()


def flip(server, company, enabled, flag=FLAG, **query):
    answer = server.request(
        "PUT", f"/v1/admin/flags/{flag}/companies/{company}", params={"reason": "test", **query}, json={"enabled": enabled})
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


class Listener:
    """Reads a stream with httpx-sse on a thread of its own."""

    def __init__(self, server, company, last_event_id=None, token=None):
        self.events, self.ended = [], threading.Event()
        headers = {"Authorization": f"Bearer {token or server.token}"}
        if last_event_id:
            headers["Last-Event-ID"] = last_event_id
        url = f"{server.url}/v1/stream?company_id={company}&user_id=somebody"

        def read():
            try:
                with httpx.Client(timeout=30) as client, connect_sse(client, "GET", url, headers=headers) as source:
                    for event in source.iter_sse():
                        self.events.append(event)
            except httpx.HTTPError:
                pass
            self.ended.set()

        threading.Thread(target=read, daemon=True).start()

    def wait(self, count, patience=10):
        end = time.monotonic() + patience
        while len(self.events) < count and time.monotonic() < end:
            time.sleep(0.005)
        assert len(self.events) >= count, [e.data for e in self.events]
        return self.events[count - 1]


def test_a_stream_begins_with_the_whole_and_goes_on_with_what_changes(server):
    listener = Listener(server, "acme")
    first = listener.wait(1)
    assert first.event == "flags"
    assert [(f["code"], f["enabled"] and f["enabled_for_company"]) for f in json.loads(first.data)["flags"]] == [
        (FLAG, True), ("unify_ticket_omnichannel_view", True)]
    flip(server, "globex", False)  # somebody else's
    receipt = flip(server, "acme", False, wait="2s")
    assert receipt["delivery"]["streams"] == receipt["delivery"]["written"] == 1
    change = listener.wait(2)
    assert change.event == "change" and change.id.endswith(f"-{receipt['revision']}")
    assert json.loads(change.data)["flags"] == [{"code": FLAG, "enabled": True, "enabled_for_company": False}]
    # Turning off what it stands on turns both.
    flip(server, "acme", True)
    flip(server, "acme", False, "unify_ticket_omnichannel_view")
    both = json.loads(listener.wait(4).data)["flags"]
    assert [f["code"] for f in both] == [FLAG, "unify_ticket_omnichannel_view"]
    assert len(listener.events) == 4


def test_a_client_that_comes_again_is_told_what_is_different_or_the_whole(server):
    seen = Listener(server, "acme").wait(1).id
    flip(server, "acme", False)
    resumed = Listener(server, "acme", seen).wait(1)
    assert resumed.event == "change" and json.loads(resumed.data)["flags"] == [
        {"code": FLAG, "enabled": True, "enabled_for_company": False}]
    # A rollback to where the client began: it is told where it is, and that nothing is different.
    flip(server, "acme", True)
    back = Listener(server, "acme", seen).wait(1)
    assert back.event == "change" and json.loads(back.data) == {"flags": [], "gates": []} and back.id != seen
    assert Listener(server, "acme", "0123456789abcdef-3").wait(1).event == "flags"


def test_a_revoked_token_ends_its_streams(server):
    made = server.request("POST", "/v1/admin/tokens", params={"reason": "test"}, json={"kind": "service"}).json()
    listener = Listener(server, "acme", token=made["token"])
    listener.wait(1)
    assert server.request("DELETE", f"/v1/admin/tokens/{made['id']}", params={"reason": "test"}).status_code == 200
    assert listener.ended.wait(5)


def open_stream(address, request, context=None):
    """A connection on which a stream has begun, and what came of it so far."""
    connection = socket.create_connection(address)
    connection.settimeout(10)
    if context:
        connection = context.wrap_socket(connection, server_hostname=address[0])
    connection.sendall(request.encode())
    text = b""
    while b"event: flags" not in text or not text.endswith(b"\n\n\r\n"):
        piece = connection.recv(65536)
        assert piece, text
        text += piece
    return connection, text


def read_to_end(connection, text=b""):
    while piece := connection.recv(65536):
        text += piece
    return text


LAST_WORDS = b"retry: 1000\n\n\r\n0\r\n\r\n"


def test_a_server_that_stops_tells_every_stream_when_to_come_again(tmp_path):
    signer = Signer(tmp_path)
    server = UsersServer(tmp_path, signer)
    address = (urlparse(server.url).hostname, urlparse(server.url).port)
    streams = []
    for number in range(100):
        company, user = f"company-{number % 7}", f"user-{number}"
        asked = ("/v1/stream", signer.user(company, user)) if number % 2 else (f"/v1/stream?company_id={company}&user_id={user}", server.token)
        streams.append(open_stream(address, f"GET {asked[0]} HTTP/1.1\r\nHost: gate\r\nAuthorization: Bearer {asked[1]}\r\n\r\n")[0])
    assert len(server.get("/v1/admin/streams").json()["data"]) == 100
    began = time.monotonic()
    server.process.terminate()
    assert all(read_to_end(stream).endswith(LAST_WORDS) for stream in streams)
    assert server.process.wait(10) == 0 and time.monotonic() - began < 10
    server.stop()


def test_a_client_that_takes_nothing_does_not_keep_a_server_from_stopping(server):
    """A flag definition's change is more than its small window and the server's buffer hold, a few times over."""
    address = (urlparse(server.url).hostname, urlparse(server.url).port)
    stalled = socket.socket()
    stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stalled.connect(address)
    stalled.sendall(f"GET /v1/stream?company_id=acme&user_id=x HTTP/1.1\r\nHost: gate\r\nAuthorization: Bearer {server.token}\r\n\r\n".encode())
    row, turn = {"behind": False}, 0
    while not row["behind"] and turn < 600:
        flip(server, "acme", turn % 2 == 0)
        turn += 1
        rows = server.get("/v1/admin/streams").json()["data"]
        row = rows[0] if rows else row
    assert row["behind"] and row["company_id"] == "acme" and row["queued_events"] > 0
    began = time.monotonic()
    server.process.terminate()
    assert server.process.wait(10) == 0 and time.monotonic() - began < 6
    stalled.close()


def test_streams_go_through_tls(tmp_path):
    certificate, key = self_signed(tmp_path)
    signer = Signer(tmp_path)
    server = UsersServer(tmp_path, signer, "--tls-certificate", str(certificate), "--tls-key", str(key))
    address = (urlparse(server.url).hostname, urlparse(server.url).port)
    context = ssl.create_default_context(cafile=certificate)
    streams = [
        open_stream(address, f"GET {path} HTTP/1.1\r\nHost: gate\r\nAuthorization: Bearer {token}\r\n\r\n", context)[0]
        for path, token in (("/v1/stream", signer.user("acme", "ann")), ("/v1/stream?company_id=acme&user_id=bob", server.token))]

    def write(path, body, **query):
        answer = server.request("PUT", path, params={"reason": "test", **query}, json=body, verify=str(certificate))
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    write("/v1/admin/flags/unify_ticket_omnichannel_view/companies/acme", {"enabled": True}, new_company="true")
    receipt = write(f"/v1/admin/flags/{FLAG}/companies/acme", {"enabled": True}, wait="2s")
    assert receipt["delivery"]["streams"] == receipt["delivery"]["written"] == 2
    for stream in streams:
        text = b""
        while f"-{receipt['revision']}\n".encode() not in text:
            text += stream.recv(65536)
        assert b"event: change" in text
    server.process.terminate()
    assert all(read_to_end(stream).endswith(LAST_WORDS) for stream in streams)
    assert server.process.wait(10) == 0
    server.stop()


def self_signed(folder):
    """A certificate for the loopback, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "gate")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).sign(key, hashes.SHA256()))
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return folder / "cert.pem", folder / "key.pem"


def test_no_live_client_is_said(server):
    assert flip(server, "acme", False, wait="1s")["delivery"] | {"milliseconds": 0} == {
        "streams": 0, "written": 0, "behind": 0, "complete": True, "milliseconds": 0, "pollers_behind": 0}


def memory(server):
    for line in open(f"/proc/{server.process.pid}/status"):
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0


def test_stalled_streams_are_cut_and_healthy_ones_served(server):
    companies = [f"company-{n}" for n in range(4)]
    for company in companies:
        flip(server, company, True, "unify_ticket_omnichannel_view", new_company="true")
    before, result = memory(server), {}
    address = urlparse(server.url)

    async def open_stream(number, window=None):
        connection = socket.socket()
        if window:  # a small one, so that what is not read stays with the server
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, (address.hostname, address.port))
        reader, writer = await asyncio.open_connection(sock=connection)
        company = companies[number % len(companies)]
        writer.write(
            f"GET /v1/stream?company_id={company}&user_id=user-{number} HTTP/1.1\r\nHost: gate\r\n"
            f"Authorization: Bearer {server.token}\r\n\r\n".encode())
        await writer.drain()
        return reader, writer, company

    async def run():
        stalled = [await open_stream(n, 4096) for n in range(STALLED)]
        healthy = [await open_stream(n) for n in range(HEALTHY)]
        for _, writer, _ in stalled:
            writer.transport.pause_reading()
        sent, arrived, counts = {}, [], {}

        async def read(number, reader, company):
            while True:
                line = await reader.readline()
                if not line:
                    return
                if line.startswith(b"id: "):
                    revision = int(line.rsplit(b"-", 1)[1])
                    counts[number] = counts.get(number, 0) + 1
                    arrived.append((revision, time.monotonic()))

        readers = [asyncio.create_task(read(n, reader, company)) for n, (reader, _, company) in enumerate(healthy)]
        await asyncio.sleep(1)
        async with httpx.AsyncClient(headers={"Authorization": f"Bearer {server.token}"}, timeout=30) as client:
            states = {company: False for company in companies}
            for n in range(FLIPS):
                company = companies[n % len(companies)]
                states[company] = not states[company]
                began = time.monotonic()
                answer = await client.put(
                    f"{server.url}/v1/admin/flags/{FLAG}/companies/{company}", params={"reason": "flip"}, json={"enabled": states[company]})
                sent[answer.json()["revision"]] = began
        await asyncio.sleep(2)
        result["streams"] = len(server.get("/v1/admin/streams").json()["data"])
        result["latencies"] = [at - sent[revision] for revision, at in arrived if revision in sent]
        result["counts"] = counts
        result["memory"] = memory(server)
        for task in readers:
            task.cancel()
        for _, writer, _ in stalled + healthy:
            writer.close()

    asyncio.run(run())
    expected = FLIPS // len(companies) + 1
    whole = sum(1 for count in result["counts"].values() if count >= expected)
    latencies = sorted(result["latencies"])
    p99 = latencies[int(len(latencies) * 0.99)] * 1000 if latencies else 0
    print(
        f"\n{STALLED} stalled and {HEALTHY} healthy streams, {FLIPS} flips: {result['streams']} streams left, {whole} healthy ones got everything; "
        f"write to read p50 {statistics.median(latencies) * 1000:.0f} ms, p99 {p99:.0f} ms; memory {before:.0f} → {result['memory']:.0f} MB")
    assert whole == HEALTHY
    assert result["streams"] == HEALTHY, "stalled streams must be cut"
