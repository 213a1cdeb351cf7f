"""RFC §4 played through a real server and gatectl: stages, go/no-go, stop conditions, rollback, and what the history says of it."""

import json
import os
import signal
import threading
import time
import uuid

import httpx
import pytest
from httpx_sse import connect_sse

from conftest import Gatectl, Server
from test_events import Gate, Signer

FLAG = "cdp_create_ticket_embed"
BASE = "unify_ticket_omnichannel_view"
COMPANIES = {"gate-qa": "qa", "acme": "beta", "globex": "beta", "initech": "beta", "hooli": "", "byhand": ""}
STAGES = [
    {"name": "internal-qa", "groups": ["qa"],
     "promote": {"min_duration": "1s", "min_opened": 20, "min_created": 10, "max_create_error_rate": 0.05, "max_associate_failed_rate": 0.025}},
    {"name": "beta", "groups": ["beta"], "promote": {"min_created": 100, "max_create_error_rate": 0.05}},
    {"name": "ga", "percentage": 100},
]


class Traffic:
    """Attempts of many users, posted by a back end."""

    def __init__(self, gate):
        self.gate, self.token, self.count = gate, gate.api_token("events"), 0

    def event(self, company, name, user=None, **more):
        self.count += 1
        properties = {"contact_id": f"c-{self.count}"}
        if name in ("created", "associated", "associate_failed"):
            properties["ticket_id"] = f"t-{self.count}"
        return {
            "id": str(uuid.uuid4()), "event": f"cdp_ticket_embed_{name}", "at": "2026-12-01T09:00:00Z", "company_id": company,
            "user_id": user or f"user-{self.count % 40}", "properties": properties, **more}

    def post(self, *events):
        for start in range(0, len(events), 100):
            answer = self.gate.post(self.token, list(events[start:start + 100]))
            assert answer.status_code == 202 and not answer.json()["refused"], answer.text
        return answer

    def attempts(self, company, count, outcome="created"):
        events = []
        for _ in range(count):
            attempt = str(uuid.uuid4())
            events.append(self.event(company, "opened", attempt_id=attempt))
            events.append(self.event(company, outcome, attempt_id=attempt))
            if outcome == "created":
                events.append(self.event(company, "associated", attempt_id=attempt))
        return self.post(*events)


class Stream:
    """A company's live stream, and when each event came."""

    def __init__(self, gate, company):
        self.events = []
        url = f"{gate.url}/v1/stream?company_id={company}&user_id=somebody"
        ready = threading.Event()

        def read():
            try:
                with httpx.Client(timeout=30) as client, connect_sse(
                        client, "GET", url, headers={"Authorization": f"Bearer {gate.token}"}) as source:
                    for event in source.iter_sse():
                        self.events.append((time.monotonic(), event))
                        ready.set()
            except httpx.HTTPError:
                pass

        threading.Thread(target=read, daemon=True).start()
        assert ready.wait(10)

    def change(self, patience=10):
        end = time.monotonic() + patience
        while time.monotonic() < end:
            for at, event in self.events:
                if event.event == "change":
                    return at, event
            time.sleep(0.002)
        pytest.fail("no change came")


@pytest.fixture
def gate(tmp_path):
    gate = Gate(tmp_path, Signer(tmp_path), "--limit", "writes_per_token=0", "--crm-embed-url", "https://crm.example.com")
    yield gate
    gate.stop()


@pytest.fixture
def ctl(gate, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    ctl = Gatectl(home, GATE_URL=gate.url, GATE_TOKEN=gate.token)
    for company, group in COMPANIES.items():
        ctl.done("company", "add", company, *(["--group", group] if group else []), "--reason", "test")
    ctl.done("set", BASE, "on", *[word for company in COMPANIES for word in ("--company", company)], "--reason", "test")
    ctl.done("set", FLAG, "on", "--reason", "the master switch")
    answer = gate.request("PATCH", f"/v1/admin/flags/{FLAG}/rollout", params={"reason": "small numbers"}, json={"stages": STAGES})
    assert answer.status_code == 200, answer.text
    return ctl


def on(gate):
    rows = gate.get(f"/v1/admin/flags/{FLAG}/companies", limit=1000).json()["data"]
    return {row["company_id"] for row in rows if row["value"]}


def until(condition, patience=10):
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, "it did not come to be so"
        time.sleep(0.005)


def holds(gate):
    return [hold["company_id"] for hold in gate.get(f"/v1/admin/flags/{FLAG}/holds").json()["data"]]


def stops(gate):
    return [change for change in gate.get("/v1/admin/changes", limit=1000).json()["data"] if change["actor"] == "guard"]


def test_the_rollout_of_the_rfc_from_qa_to_a_stop_for_all(gate, ctl):
    traffic = Traffic(gate)
    ctl.done("set", FLAG, "on", "--company", "byhand", "--reason", "by hand")
    assert "draft" in ctl.done("rollout", "status", FLAG, "--output", "table").out
    ctl.done("rollout", "start", FLAG, "--reason", "QA begins")
    assert on(gate) == {"gate-qa", "byhand"}

    # Without data it is no-go, by the exit code.
    refused = ctl("rollout", "advance", FLAG, "--reason", "too early")
    assert refused.code == 3, refused
    assert [row["criterion"] for row in refused.problem["criteria"] if not row["go"]] == [
        "min_duration", "min_opened", "min_created", "max_create_error_rate", "max_associate_failed_rate"]
    traffic.attempts("gate-qa", 30)
    time.sleep(1.1)
    # What the step would come to, before it is taken.
    plan = ctl.done("rollout", "plan", FLAG).json
    assert plan["go"] and {flip["company_id"] for flip in plan["impact"]["flags"]} == {"acme", "globex", "initech"}
    audience = ctl.done("rollout", "audience", FLAG, "--stage", "beta").json["data"]
    assert [(row["company_id"], row["stage"]) for row in audience] == [
        ("acme", "beta"), ("gate-qa", "internal-qa"), ("globex", "beta"), ("initech", "beta")]
    ctl.done("rollout", "advance", FLAG, "--reason", "QA is content")
    assert on(gate) == {"gate-qa", "acme", "globex", "initech", "byhand"}
    # Paused, it keeps its companies and goes no further, forced or not.
    ctl.done("rollout", "pause", FLAG, "--reason", "a look")
    for words in ([], ["--force"]):
        refused = ctl("rollout", "advance", FLAG, *words, "--reason", "too soon")
        assert (refused.code, refused.problem["code"]) == (5, "rollout_status"), refused
    assert on(gate) == {"gate-qa", "acme", "globex", "initech", "byhand"}
    ctl.done("rollout", "resume", FLAG, "--reason", "seen")

    # One company's association breaks: that company alone is held.
    for company in ("acme", "globex", "initech"):
        traffic.attempts(company, 40)
    stream = Stream(gate, "acme")
    failures = [traffic.event("acme", "associate_failed") for _ in range(5)]
    traffic.post(*failures[:4])
    assert holds(gate) == []
    began = time.monotonic()
    traffic.post(failures[4])
    at, _ = stream.change()
    print(f"from posting the fifth bad event to the stream's change: {(at - began) * 1000:.1f} ms")
    assert holds(gate) == ["acme"] and on(gate) == {"gate-qa", "globex", "initech", "byhand"}
    trips = ctl.done("history", FLAG, "--output", "json").json["data"]
    assert trips[0]["actor"] == "guard" and "associate_failed of company acme: fast tripped (level 10" in trips[0]["reason"]
    assert trips[0]["command"]["numbers"]["threshold"] == 9211

    # All break: held for all, also for the company that an admin had set on by hand.
    for company in ("globex", "initech", "gate-qa", "byhand"):
        traffic.attempts(company, 60)
    for _ in range(5):
        traffic.post(*[traffic.event(company, "create_error") for company in ("globex", "initech", "gate-qa", "byhand")])
    until(lambda: None in holds(gate))
    assert on(gate) == set()
    status = ctl.done("rollout", "status", FLAG).json
    assert status["rollout"]["status"] == "stopped"
    assert [stop["company_id"] for stop in status["stops"]][-1] == "acme" and status["stops"][0]["company_id"] is None
    assert status["stops"][0]["recovery"] == {
        "recovered": False, "after": None, "errors_since": status["stops"][0]["recovery"]["errors_since"],
        "last_error_at": status["stops"][0]["recovery"]["last_error_at"]}
    assert "not recovered" in ctl.done("rollout", "status", FLAG, "--output", "table").out
    # The history is not the way back: a hold is lifted by resume alone.
    held = stops(gate)[0]["revision"]
    assert ctl("undo", held, "--reason", "please").code == 5 and ctl("undo", held, "--force", "--reason", "please").code == 5
    ctl.done("set", FLAG, "on", "--company", "byhand", "--reason", "again by hand")
    assert on(gate) == set()
    assert "of the whole flag" in ctl.done("history", FLAG).json["data"][0]["reason"]

    # More errors stop nothing twice; resume begins a fresh epoch.
    count = len(stops(gate))
    traffic.post(*[traffic.event("globex", "create_error") for _ in range(20)])
    time.sleep(1.2)
    assert len(stops(gate)) == count
    ctl.done("resume", FLAG, "--reason", "the fix is out")
    for company in holds(gate):
        ctl.done("resume", FLAG, "--company", company, "--reason", "the fix is out")
    ctl.done("rollout", "start", FLAG, "--reason", "again")
    assert on(gate) == {"gate-qa", "byhand"}
    assert gate.get(f"/v1/admin/flags/{FLAG}/guard/levels").json()["data"] == []
    traffic.post(*[traffic.event("gate-qa", "create_error") for _ in range(4)])
    assert holds(gate) == []
    levels = gate.get(f"/v1/admin/flags/{FLAG}/guard/levels").json()["data"]
    assert {(row["company_id"], row["fast"]["level"]) for row in levels} == {(None, 4 * 1609), ("gate-qa", 4 * 1609)}
    report = ctl.done("rollout", "report", FLAG, "--since", "7d").json
    assert {row["stage"] for row in report["data"]} >= {"internal-qa", "beta"} and report["total"]["created"] > 100
    assert [row["criterion"] for row in report["success_criteria"]] == ["create_reliability", "association_success"]
    assert report["success_criteria"][1]["measured"] == round(report["total"]["associated"] / report["total"]["created"], 6)
    assert "| beta | acme |" in ctl.done("rollout", "report", FLAG, "--output", "table").out


def test_an_origin_bypass_stops_one_company_and_with_a_second_all(gate, ctl):
    ctl.done("rollout", "start", FLAG, "--reason", "start")
    ctl.done("rollout", "advance", FLAG, "--force", "--reason", "for the test")
    tokens = {company: gate.signer.user(company, "ana") for company in ("acme", "globex")}
    # The panel's self-check in one company.
    bypass = {"id": str(uuid.uuid4()), "event": "cdp_ticket_embed_origin_bypass", "at": "2026-12-01T09:00:00Z", "properties": {}}
    assert gate.post(tokens["acme"], [bypass]).status_code == 202
    until(lambda: holds(gate) == ["acme"])
    # In a second company the server sees it itself: a created event that names another origin.
    created = {
        "id": str(uuid.uuid4()), "event": "cdp_ticket_embed_created", "at": "2026-12-01T09:00:00Z",
        "properties": {"contact_id": "c-1", "ticket_id": "t-1", "origin": "https://crm.example.com.evil.test"}}
    assert gate.post(tokens["globex"], [created]).status_code == 202
    until(lambda: None in holds(gate))
    assert [stop["reason"].split(":")[0] for stop in stops(gate)] == ["zero tolerance", "zero tolerance"]
    assert on(gate) == set()


def test_an_origin_bypass_that_a_back_end_reports_stops_all_at_once(gate, ctl):
    ctl.done("rollout", "start", FLAG, "--reason", "start")
    traffic = Traffic(gate)
    event = traffic.event("gate-qa", "origin_bypass")
    traffic.post(event)
    until(lambda: holds(gate) == [None])


def test_one_user_of_many_stops_nothing_and_is_told_of_once(gate, ctl):
    ctl.done("rollout", "start", FLAG, "--reason", "start")
    ctl.done("rollout", "advance", FLAG, "--force", "--reason", "for the test")
    traffic = Traffic(gate)
    traffic.attempts("acme", 50)
    for _ in range(10):
        events = [traffic.event("acme", "create_error", user="bad") for _ in range(1_000)]
        traffic.post(*events)
        traffic.attempts("acme", 20)
    time.sleep(1.2)
    assert holds(gate) == [] and stops(gate) == []
    warnings = ctl.done("rollout", "status", FLAG).json["warnings"]
    assert [(warning["company_id"], "one user's errors" in warning["reason"]) for warning in warnings] == [("acme", True)]


def test_a_killed_server_makes_exactly_one_stop(tmp_path):
    """Killed at many moments around a trip: the events are there, and the history has exactly one stop."""
    folder = tmp_path / "kill"
    folder.mkdir()
    signer = Signer(folder)
    made = 0
    for attempt in range(12):
        place = folder / str(attempt)
        place.mkdir()
        gate = Gate(place, signer, "--limit", "writes_per_token=0")
        home = place / "home"
        home.mkdir()
        ctl = Gatectl(home, GATE_URL=gate.url, GATE_TOKEN=gate.token)
        ctl.done("company", "add", "acme", "--reason", "test")
        for flag in (BASE, FLAG):
            ctl.done("set", flag, "on", "--company", "acme", "--reason", "test")
        ctl.done("set", FLAG, "on", "--reason", "test")
        traffic = Traffic(gate)
        bad = [traffic.event("acme", "create_error") for _ in range(5)]
        traffic.post(*bad[:4])
        body = json.dumps({"events": bad[4:]}).encode()
        threading.Timer(attempt * 0.0012, lambda: os.kill(gate.process.pid, signal.SIGKILL)).start()
        answered = False
        try:
            answered = httpx.post(
                f"{gate.url}/v1/events", content=body, timeout=5,
                headers={"Authorization": f"Bearer {traffic.token}", "Content-Type": "application/json"}).status_code == 202
        except httpx.HTTPError:
            pass
        gate.process.wait(10)
        gate.stop()
        again = Gate(place, signer, "--limit", "writes_per_token=0")
        # The client sends what was not acknowledged once more, with the same id.
        if not answered:
            assert again.post(traffic.token, bad[4:]).status_code == 202
        until(lambda: holds(again) == ["acme"])
        time.sleep(1.1)
        assert len(stops(again)) == 1
        made += 1
        again.stop()
    assert made == 12
