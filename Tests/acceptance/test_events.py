"""Telemetry, end to end: what is accepted is durable and counted once, and nothing personal ever gets into a file."""

import json
import subprocess
import uuid

import pytest
import requests

from conftest import binary
from sso import ORIGIN, Signer, UsersServer

CREATED = "cdp_ticket_embed_created"
NOW = "2026-12-01T09:00:00Z"


class Gate(UsersServer):
    def post(self, token, events, **options):
        return self.request("POST", "/v1/events", token, json={"events": events}, **options)

    def api_token(self, kind, **members):
        answer = self.request("POST", "/v1/admin/tokens", params={"reason": "test"}, json={"kind": kind, **members})
        assert answer.status_code == 201, answer.text
        return answer.json()["token"]

    def events(self, **query):
        return self.get("/v1/admin/events", **query).json()["data"]


@pytest.fixture
def signer(tmp_path):
    return Signer(tmp_path)


@pytest.fixture
def gate(tmp_path, signer):
    gate = Gate(tmp_path, signer)
    yield gate
    gate.stop()


def event(properties=None, **members):
    properties = {"contact_id": "c-1", "ticket_id": 17} if properties is None else properties
    return {"id": str(uuid.uuid4()), "event": CREATED, "at": NOW, "properties": properties, **members}


def stored_bytes(folder):
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.name.startswith("gate") and path.is_file())


def test_the_same_batch_twice_is_counted_once(gate, signer):
    ann, batch = signer.user("acme", "ann"), [event(attempt_id="try-1"), event()]
    first, second = gate.post(ann, batch), gate.post(ann, batch)
    assert first.status_code == second.status_code == 202
    assert first.json() == {"accepted": 2, "duplicates": 0, "refused": [], "dropped_properties": []}
    assert second.json() == {"accepted": 0, "duplicates": 2, "refused": [], "dropped_properties": []}
    kept = gate.events()
    assert [e["id"] for e in kept] == [e["id"] for e in batch]
    assert {(e["company_id"], e["user_id"], e["event"], e["at"]) for e in kept} == {("acme", "ann", CREATED, "2026-12-01T09:00:00.000000Z")}
    assert kept[0]["attempt_id"] == "try-1" and kept[1]["attempt_id"] is None
    assert kept[0]["properties"] == {"contact_id": "c-1", "ticket_id": 17}
    # Another company's event of the same id is another event.
    assert gate.post(signer.user("umbrella", "ann"), batch).json()["accepted"] == 2
    assert len(gate.events(company="umbrella")) == 2 and gate.events(event="cdp_ticket_embed_opened") == []
    after = gate.get("/v1/admin/events", after=kept[0]["sequence"], limit=1).json()
    assert [e["sequence"] for e in after["data"]] == [kept[1]["sequence"]] and after["next"] == str(kept[1]["sequence"])


def test_nothing_personal_reaches_a_file(gate, signer, tmp_path):
    secrets = ["Siti Rahmawati", "+628123456789", "siti@example.com", "Jalan Sudirman 1", "Rahmawati.Siti@example.com"]
    properties = {
        "contact_id": "c-1", "ticket_id": "t-1", "contact_name": secrets[0], "phone": secrets[1], "pipeline_id": secrets[2],
        "data_source": secrets[3], "origin": "https://x.test/" + secrets[4], "contact": {"name": secrets[0]}, "list": [secrets[1]],
        "x": 1.5, "y": True,
    }
    answer = gate.post(signer.user("acme", "ann"), [event(), event(properties)])
    assert answer.status_code == 202 and answer.json()["accepted"] == 2
    assert answer.json()["dropped_properties"] == [f"1.{name}" for name in properties if name not in ("contact_id", "ticket_id")]
    refused = gate.post(
        signer.user("acme", "ann"),
        [event({"contact_id": secrets[0], "ticket_id": "t"}), event(id=secrets[2]), event(name=secrets[0]), event(attempt_id=secrets[1])])
    assert [r["index"] for r in refused.json()["refused"]] == [0, 1, 2, 3] and refused.json()["accepted"] == 0
    assert b"c-1" in stored_bytes(tmp_path)
    for kept in (stored_bytes(tmp_path), (tmp_path / "server.log").read_bytes()):
        for secret in [*secrets, "Rahmawati", "628123456789", "siti@", "example.com", "Sudirman"]:
            assert secret.encode() not in kept, secret
    gate.stop()
    for secret in secrets:
        assert secret.encode() not in stored_bytes(tmp_path), secret


def test_a_label_names_the_event_and_what_is_required_is_required(gate, signer):
    ann = signer.user("acme", "ann")
    label = "[Qontak One] [Customer] Create Ticket Embed Opened"
    assert gate.post(ann, [event({"contact_id": "c"}, event=label)]).json()["accepted"] == 1
    assert gate.events()[0]["event"] == "cdp_ticket_embed_opened"
    answer = gate.post(ann, [event({"contact_id": "c"}), event(event="unheard_of"), event(at="yesterday"), event(company_id="acme"), 7, event()])
    assert answer.json()["accepted"] == 1 and [r["index"] for r in answer.json()["refused"]] == [0, 1, 2, 3, 4]
    assert all(r["problem"] for r in answer.json()["refused"])


def test_what_was_accepted_is_there_after_a_kill(tmp_path, signer):
    gate, accepted = Gate(tmp_path, signer, "--limit", "events_per_user=0"), []
    for _ in range(5):
        for number in range(20):
            batch = [event() for _ in range(1 + number)]
            assert gate.post(signer.user("acme", "ann"), batch).status_code == 202
            accepted += [e["id"] for e in batch]
        gate.process.kill()
        gate.process.wait()
        gate.stop()
        gate = Gate(tmp_path, signer, "--limit", "events_per_user=0")
    kept, after = [], 0
    while page := gate.events(after=after, limit=1000):
        kept += [e["id"] for e in page]
        after = page[-1]["sequence"]
    gate.stop()
    assert kept == accepted


def test_limits(gate, signer):
    ann = signer.user("acme", "ann")
    many = gate.post(ann, [event() for _ in range(101)])
    assert many.status_code == 400 and (many.json()["provided"], many.json()["allowed"]) == (101, 100)
    large = gate.post(ann, [event({"contact_id": "c", "ticket_id": "t", "x": "y" * 262144})])
    assert large.status_code == 413 and large.json()["allowed"] == 262144 and large.json()["provided"] > 262144
    assert gate.post(ann, [event() for _ in range(100)]).json()["accepted"] == 100
    bob = signer.user("acme", "bob")
    answers = [gate.post(bob, []) for _ in range(25)]
    busy = [answer for answer in answers if answer.status_code == 429]
    assert busy and busy[0].json()["limit"] == "events_per_user" and int(busy[0].headers["Retry-After"]) >= 1
    assert answers[0].status_code == 202


def test_a_cookie_needs_an_allowed_origin_and_json(gate, signer):
    def post(media_type="application/json", **headers):
        headers = {"Cookie": f"global_sso_token={signer.user('acme', 'ann')}", "Content-Type": media_type, **headers}
        return requests.post(f"{gate.url}/v1/events", headers=headers, data=json.dumps({"events": [event()]}), timeout=20)

    for answer in (post(), post(Origin="https://evil.example.com"), post(Origin="null"), post("text/plain", Origin=ORIGIN)):
        assert answer.status_code == 403 and answer.json()["code"] == "origin_refused"
    assert gate.events() == []
    taken = post(Origin=ORIGIN)
    assert taken.status_code == 202 and taken.headers["Access-Control-Allow-Origin"] == ORIGIN
    asked = requests.options(
        f"{gate.url}/v1/events", headers={"Origin": ORIGIN, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"},
        timeout=20)
    assert asked.status_code == 204 and asked.headers["Access-Control-Allow-Methods"] == "POST"
    assert "Content-Type" in asked.headers["Access-Control-Allow-Headers"]


def test_an_api_token_names_company_and_user_within_its_limits(gate):
    token = gate.api_token("events", companies=["acme"])
    answer = gate.post(token, [
        event(company_id="acme", user_id="ann"), event(company_id="umbrella", user_id="ann"), event(company_id="acme"), event(user_id="ann")])
    assert answer.json()["accepted"] == 1 and [r["index"] for r in answer.json()["refused"]] == [1, 2, 3]
    for kind in ("read", "ops", "service"):
        assert gate.post(gate.api_token(kind), [event()]).status_code == 403
    assert requests.get(f"{gate.url}/v1/admin/events", headers={"Authorization": f"Bearer {token}"}, timeout=20).status_code == 403


def test_gatectl_tails_what_comes(gate, gatectl, signer):
    ann = signer.user("acme", "ann")
    gate.post(ann, [event(), event()])
    told = {"GATE_URL": gate.url, "GATE_TOKEN": gate.token}
    assert len(gatectl.done("events", "tail", "--limit", 1, **told).json["data"]) == 1
    assert gatectl.done("event", "get", CREATED, **told).json["required"] == ["contact_id", "ticket_id"]
    tail = subprocess.Popen(
        [binary("GATECTL_BIN", "gatectl"), "events", "tail", "--follow", "--company", "acme"], env={**gatectl.environment, **told},
        stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    try:
        seen = [json.loads(tail.stdout.readline())["sequence"] for _ in range(2)]
        gate.post(signer.user("umbrella", "uma"), [event()])
        gate.post(ann, [event()])
        assert json.loads(tail.stdout.readline())["sequence"] == seen[-1] + 2
    finally:
        tail.kill()
        tail.wait()
