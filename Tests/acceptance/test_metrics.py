"""The metrics, read by Prometheus's own tools, and the log, after real traffic."""

import json
import os
import re
import socket
import subprocess
import threading
import time
import uuid
from urllib.parse import urlparse

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from conftest import ROOT, Server
from test_events import Gate, Signer

FLAG = "cdp_create_ticket_embed"
BASE = "unify_ticket_omnichannel_view"
PATHS = int(os.environ.get("GATE_PATHS", "100000"))
TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def gate(tmp_path):
    gate = Gate(tmp_path, Signer(tmp_path), "--limit", "writes_per_token=0", "--limit", "evaluations_per_user=0", "--log-level", "debug")
    yield gate
    gate.stop()


def page(server):
    answer = server.get("/metrics")
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return answer.text


def samples(text):
    """Every series of a page with its value, as Prometheus's client library reads it."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            assert key not in found, key
            found[key] = sample.value
    return found


def value(found, name, **labels):
    return found.get((name, tuple(sorted(labels.items()))))


def write(gate, method, path, body=None, **query):
    answer = gate.request(method, f"/v1/admin{path}", params={"reason": "test", **query}, json=body)
    assert answer.status_code < 300, answer.text
    return answer


def traffic(gate):
    """Something of everything that is counted."""
    for company in ("acme", "globex"):
        write(gate, "PUT", f"/companies/{company}", {})
        for flag in (BASE, FLAG):
            write(gate, "PUT", f"/flags/{flag}/companies/{company}", {"enabled": True})
    write(gate, "PATCH", f"/flags/{FLAG}", {"enabled": True})
    write(gate, "PUT", f"/flags/{FLAG}/companies/globex", {"enabled": False}, **{"for": "2h"})
    write(gate, "POST", "/webhooks", {"url": "https://hooks.invalid/services/T0/B0/hush"})
    service = gate.api_token("service")
    for user in ("ann", "bob"):
        for path in ("feature_flags", "permissions", "gates", "gates/canCreateTicket"):
            query = {"company_id": "acme"} if path == "feature_flags" else {"company_id": "acme", "user_id": user}
            assert gate.request("GET", f"/v1/{path}", token=service, params=query).status_code == 200
    events = [
        {"id": str(uuid.uuid4()), "event": f"cdp_ticket_embed_{name}", "at": "2026-12-01T09:00:00Z", "company_id": "acme", "user_id": "ann",
         "attempt_id": str(n), "properties": {"contact_id": "c-1"}} for n, name in enumerate(["opened", "create_error", "nonsense"])]
    assert gate.post(gate.api_token("events"), events).status_code == 202
    with requests.get(
            f"{gate.url}/v1/stream?company_id=acme&user_id=ann", headers={"Authorization": f"Bearer {service}"}, stream=True, timeout=10) as stream:
        lines = stream.iter_lines()
        assert next(lines) == b"event: flags"
        write(gate, "PUT", f"/flags/{FLAG}/companies/acme", {"enabled": False}, wait="2s")
    assert gate.request("GET", "/nothing/here").status_code == 404
    address = urlparse(gate.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert raw.recv(4096).startswith(b"HTTP/1.1 400")


def test_prometheus_reads_them_without_a_complaint(gate):
    traffic(gate)
    text = page(gate)
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=60)
    print(f"promtool check metrics: exit {checked.returncode}, {len(text.splitlines())} lines")
    assert checked.returncode == 0 and not checked.stdout + checked.stderr, checked.stdout + checked.stderr
    found = samples(text)
    assert value(found, "gate_http_requests_total", route="/v1/gates/{name}", method="GET", status="200") == 2
    assert value(found, "gate_decisions_total", gate="canCreateTicket", result="denied") == 4
    assert value(found, "gate_revision") == gate.revision
    assert value(found, "gate_events_total", result="accepted") == 2 and value(found, "gate_events_total", result="refused") == 1
    assert value(found, "gate_guard_level", flag=FLAG, company="acme", metric="create_error", detector="fast") == 1609
    assert value(found, "gate_guard_trip_line", flag=FLAG, company="acme", metric="create_error", detector="fast") == 8006
    assert value(found, "gate_delivery_duration_seconds_count") == 1 and value(found, "gate_schedules", status="pending") == 1
    assert value(found, "gate_webhook_queue_length") >= 1 and value(found, "gate_rollouts", status="draft") >= 1
    assert value(found, "process_resident_memory_bytes") > 1e6 and value(found, "process_start_time_seconds") > time.time() - 3600
    helped = set(re.findall(r"^# HELP (\S+) \S", text, re.M))
    assert helped == set(re.findall(r"^# TYPE (\S+) (?:counter|gauge|histogram)$", text, re.M))
    # Every kind of number that the operations' guide names is on the page.
    guide = (ROOT / "docs" / "operations.md").read_text()
    named = set(re.findall(r"`((?:gate|process)_[a-z_]+)`", guide.split("## Metrics")[1].split("\n## ")[0]))
    assert named == helped, named ^ helped


class Connection:
    """One keep-alive connection, on which requests are sent many at a time."""

    def __init__(self, url):
        address = urlparse(url)
        self.socket = socket.create_connection((address.hostname, address.port), timeout=60)
        self.rest = b""

    def exchange(self, requests_):
        """The statuses of the answers to requests, in their order."""
        self.socket.sendall(b"".join(requests_))
        statuses = []
        while len(statuses) < len(requests_):
            end = self.rest.find(b"\r\n\r\n")
            if end >= 0:
                head = self.rest[:end].decode()
                length = int(re.search(r"^content-length: (\d+)", head, re.I | re.M).group(1))
                if len(self.rest) >= end + 4 + length:
                    statuses.append(int(head[9:12]))
                    self.rest = self.rest[end + 4 + length:]
                    continue
            piece = self.socket.recv(1 << 16)
            assert piece, "the server closed the connection"
            self.rest += piece
        return statuses


@pytest.fixture
def plain(tmp_path):
    server = Server(tmp_path, "--limit", "writes_per_token=0", "--limit", "evaluations_per_user=0")
    yield server
    server.stop()


def test_a_hundred_thousand_paths_add_no_series(plain):
    token = plain.token
    kinds = [
        ("GET", "/nothing/{n}", 404), ("GET", "/v1/gates/g{n}?company_id=acme&user_id=u{n}", 404), ("GET", "/v1/admin/flags/f{n}", 404),
        ("GET", "/v1/admin/companies/c{n}/users/u{n}", 404), ("PURGE", "/v1/gates/{n}", 405),
        ("GET", "/v1/feature_flags?company_id=c{n}", 200), ("DELETE", "/v1/feature_flags/{n}/..%2f", 404), ("GET", "/metrics/{n}", 404),
    ]

    def ask(numbers):
        connection, numbers = Connection(plain.url), list(numbers)
        for start in range(0, len(numbers), 50):
            batch = [(kinds[n % len(kinds)], n) for n in numbers[start:start + 50]]
            heads = [
                f"{method} {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n".format(n=n).encode()
                for (method, path, _), n in batch]
            assert connection.exchange(heads) == [expected for (_, _, expected), _ in batch]

    ask(range(2 * len(kinds)))
    page(plain)
    before = samples(page(plain))
    began, errors = time.monotonic(), []

    def part(numbers):
        try:
            ask(numbers)
        except BaseException as error:
            errors.append(error)

    first = 2 * len(kinds)
    threads = [threading.Thread(target=part, args=(range(first + k, first + PATHS, 4),)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors
    text = page(plain)
    after = samples(text)
    counted = sum(n for (name, _), n in after.items() if name == "gate_http_requests_total")
    print(f"{PATHS} paths in {time.monotonic() - began:.1f} s: {len(before)} series before, {len(after)} after; the page has {len(text)} bytes")
    assert set(after) == set(before)
    assert counted - sum(n for (name, _), n in before.items() if name == "gate_http_requests_total") >= PATHS


def test_the_log_is_json_without_secrets_and_bears_the_trace(gate, tmp_path):
    traffic(gate)
    ann = gate.signer.user("acme", "ann")
    headers = {"Authorization": f"Bearer {gate.token}", "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
    answer = requests.put(
        f"{gate.url}/v1/admin/flags/{FLAG}/companies/acme?reason=Siti%20asked", headers=headers, json={"enabled": True}, timeout=20)
    assert answer.status_code == 200, answer.text
    assert requests.get(f"{gate.url}/v1/permissions?token={ann}", headers={"Authorization": f"Bearer {ann}"}, timeout=20).status_code < 500
    # OFREP's push is addressed with a token in the query: taken from an evaluation, and followed.
    bulk = requests.post(
        f"{gate.url}/ofrep/v1/evaluate/flags", json={"context": {"targetingKey": "ann"}}, headers={"Authorization": f"Bearer {ann}"}, timeout=20)
    target = bulk.json()["eventStreams"][0]["endpoint"]["requestUri"]
    with requests.get(gate.url + target, stream=True, timeout=20) as stream:
        assert stream.status_code == 200
    assert requests.get(gate.url + target[:-4], timeout=20).status_code == 401
    stream_token = target.split("token=")[1]
    token = gate.token
    gate.stop()
    text = (tmp_path / "server.log").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert all({"ts", "level", "logger", "message"} <= set(line) for line in lines) and len(lines) > 30
    assert any(line.get("http.route") == "/ofrep/v1/stream" for line in lines)
    changes = [line for line in lines if line["message"] == "a change was committed"]
    change = next(line for line in changes if line.get("trace_id") == TRACE)
    assert change["feature_flag.key"] == FLAG and change["company_id"] == "acme" and change["request_id"] == answer.headers["X-Request-ID"]
    assert change["revision"] == answer.json()["revision"] and re.fullmatch(f"00-{TRACE}-[0-9a-f]{{16}}-01", change["traceparent"])
    assert not {"b7ad6b7169203331", "0" * 16} & {change["span_id"]}
    answered = next(line for line in lines if line["message"] == "a request was answered" and line.get("trace_id") == TRACE)
    assert answered["span_id"] == change["span_id"] and answered["http.route"] == "/v1/admin/flags/{code}/companies/{company}"
    for unwanted in (token, ann, ann.split(".")[1], stream_token, stream_token[:40], "Siti", "company_id=", "token=", "hush"):
        assert unwanted not in text, unwanted
