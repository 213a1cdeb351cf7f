"""AuthZEN as those speak it who know nothing of Gate: a client from PyPI, and the certification scenario's requests."""

import asyncio
import json
import uuid

import pytest
import requests
from authzen_backend import AsyncAuthZENBackend, AuthZENBackend

from conftest import Server

EVALUATION, EVALUATIONS = "/access/v1/evaluation", "/access/v1/evaluations"
SUBJECTS, RESOURCES, ACTIONS = (f"/access/v1/search/{kind}" for kind in ("subject", "resource", "action"))
CONFIGURATION = "/.well-known/authzen-configuration"
# The client writes subjects so.
CLIENTS_ALICE, CLIENTS_BOB = "auth:account:agentmesh:alice", "auth:account:agentmesh:bob"


class Decider(Server):
    """A server with the certification scenario's fixture: records are companies, actions are permissions."""

    def __init__(self, folder, *arguments):
        super().__init__(folder, "--limit", "writes_per_token=0", *arguments)
        for company in ("record-1", "record-2"):
            self.change("PUT", f"companies/{company}")
        for key in ("read", "write", "delete"):
            self.change("PUT", f"permissions/{key}")
        for alice, bob in (("alice", "bob"), (CLIENTS_ALICE, CLIENTS_BOB)):
            self.change("PUT", f"companies/record-1/users/{alice}", {"permissions": {"read": True, "write": True}})
            self.change("PUT", f"companies/record-1/users/{bob}", {"permissions": {"read": True, "write": False}})
        self.change("PUT", "gates/mayWrite", {"permissions": ["write"], "flags": ["unify_ticket_omnichannel_view"]})
        self.change("PUT", "flags/unify_ticket_omnichannel_view/companies/record-1", {"enabled": True})

    def change(self, method, path, body=None):
        answer = self.request(method, f"/v1/admin/{path}", params={"reason": "fixture"}, json=body if body is not None else {})
        assert answer.ok, answer.text
        return answer.json()

    def api_token(self, **members):
        return self.change("POST", "tokens", members)["token"]

    def ask(self, path, body, **headers):
        return requests.post(
            f"{self.url}{path}", json=body, headers={"Authorization": f"Bearer {self.token}", **headers}, timeout=20)

    def asked(self, path, body):
        answer = self.ask(path, body)
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"] == "application/json"
        return answer.json()


@pytest.fixture(scope="module")
def decider(tmp_path_factory):
    server = Decider(tmp_path_factory.mktemp("decider"))
    yield server
    server.stop()


def user(name, **properties):
    return {"type": "user", "id": name, **({"properties": properties} if properties else {})}


def record(name, **properties):
    return {"type": "company", "id": name, **({"properties": properties} if properties else {})}


def question(subject, action, resource="record-1"):
    return {"subject": user(subject), "action": {"name": action}, "resource": record(resource)}


ALICE_READS = question("alice", "read")


# --- the client from PyPI


def client_of(decider, kind=AuthZENBackend, token=None, **options):
    return kind(
        pdp_url=f"{decider.url}{EVALUATION}", pdp_application="acceptance", token=token or decider.token, default_subject_type="user",
        default_resource_type="company", **options)


def asks(agent, action, company="record-1", **more):
    return {"agent_id": agent, "action": action, "resource_id": company, "tool_name": "tool", **more}


CLIENTS_CASES = [
    ("alice", "read", "record-1", True, None), ("alice", "write", "record-1", True, None), ("alice", "mayWrite", "record-1", True, None),
    ("bob", "read", "record-1", True, None), ("bob", "write", "record-1", False, "permission_missing"),
    ("bob", "mayWrite", "record-1", False, "permission_missing"), ("alice", "read", "record-2", False, "permission_missing"),
    ("alice", "read", "record-3", False, "company_unknown"), ("alice", "fly", "record-1", False, "action_unknown"),
]


@pytest.mark.parametrize("agent, action, company, allowed, reason", CLIENTS_CASES)
def test_the_client_gets_the_decision_and_its_reason(decider, agent, action, company, allowed, reason):
    with client_of(decider) as backend:
        decision = backend.evaluate(asks(agent, action, company, user_id="delegate", time="now"))
    assert (decision.allowed, decision.action, decision.error) == (allowed, "allow" if allowed else "deny", None)
    assert decision.raw_result["decision"] is allowed
    assert decision.raw_result["context"].get("reason") == reason


def test_the_asynchronous_client_gets_them_too(decider):
    async def decisions():
        async with client_of(decider, AsyncAuthZENBackend) as backend:
            return await asyncio.gather(*(backend.evaluate(asks(*case[:3])) for case in CLIENTS_CASES))

    assert [decision.allowed for decision in asyncio.run(decisions())] == [case[3] for case in CLIENTS_CASES]


def test_what_the_client_asks_by_default_is_denied_and_no_error(decider):
    with AuthZENBackend(pdp_url=f"{decider.url}{EVALUATION}", pdp_application="acceptance", token=decider.token, fail_closed=False) as backend:
        decision = backend.evaluate({"tool_name": "file_read", "agent_id": "a1"})
    assert not decision.allowed and decision.error is None
    assert decision.raw_result["context"]["reason"] == "resource_type_unknown"


def test_the_client_is_told_when_it_may_not_ask(decider):
    tokens = {
        "gate_read_nonsense": "HTTP 401", decider.api_token(kind="events"): "HTTP 403",
        decider.api_token(kind="service", companies=["record-2"]): "HTTP 403",
    }
    for token, error in tokens.items():
        with client_of(decider, token=token, fail_closed=False) as backend:
            decision = backend.evaluate(asks("alice", "read"))
            assert (decision.allowed, decision.error) == (False, error)
    with client_of(decider, token=decider.api_token(kind="service", companies=["record-1"])) as backend:
        assert backend.evaluate(asks("alice", "read")).allowed


# --- the certification scenario: Basic Core


@pytest.mark.parametrize(
    "subject, action, permitted", [("alice", "read", True), ("alice", "write", True), ("bob", "read", True), ("bob", "write", False)])
def test_the_fixtures_decisions_hold_each_time(decider, subject, action, permitted):
    for _ in range(3):
        assert decider.asked(EVALUATION, question(subject, action))["decision"] is permitted


@pytest.mark.parametrize(
    "more", [
        {"context": {"time": "2025-06-27T18:03-07:00", "ip": "192.168.1.1"}}, {"foo": "bar", "futureField": {"nested": True}},
        {
            "subject": user("alice", department="Sales", role="manager"), "action": {"name": "read", "properties": {"method": "GET"}},
            "resource": record("record-1", status="active", owner="bob"),
        },
    ])
def test_context_properties_and_unknown_fields_are_accepted(decider, more):
    assert decider.asked(EVALUATION, {**ALICE_READS, **more}) == {"decision": True}


def without(path):
    body = json.loads(json.dumps(ALICE_READS))
    part, _, member = path.partition(".")
    del (body[part] if member else body)[member or part]
    return body


@pytest.mark.parametrize(
    "missing", ["subject", "action", "resource", "subject.type", "subject.id", "action.name", "resource.type", "resource.id"])
@pytest.mark.parametrize("path", [EVALUATION, EVALUATIONS])
def test_what_is_missing_is_a_bad_request(decider, path, missing):
    answer = decider.ask(path, without(missing))
    assert answer.status_code == 400
    assert f"/{missing.replace('.', '/')}" in answer.text and answer.headers["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize("wrong", [{"subject": "alice"}, {"action": {"name": 123}}, {"resource": []}, {"context": "now"}])
def test_what_is_of_a_wrong_type_is_a_bad_request(decider, wrong):
    assert decider.ask(EVALUATION, {**ALICE_READS, **wrong}).status_code == 400


@pytest.mark.parametrize("path", [EVALUATION, EVALUATIONS, SUBJECTS, RESOURCES, ACTIONS])
@pytest.mark.parametrize(
    "body, content_type", [
        (json.dumps(ALICE_READS), "text/plain"), (json.dumps(ALICE_READS), "application/x-www-form-urlencoded"), (json.dumps(ALICE_READS), None),
        ("{not json", "application/json"), ("", "application/json"), ("[]", "application/json"),
        ('{"subject":1,"subject":2}', "application/json"), (json.dumps(ALICE_READS).encode("utf-16"), "application/json"),
    ])
def test_a_body_that_is_no_json_object_is_a_bad_request(decider, path, body, content_type):
    headers = {"Authorization": f"Bearer {decider.token}", **({"Content-Type": content_type} if content_type else {})}
    assert requests.post(f"{decider.url}{path}", data=body, headers=headers, timeout=20).status_code == 400


@pytest.mark.parametrize("path", [EVALUATION, EVALUATIONS, SUBJECTS, RESOURCES, ACTIONS])
def test_the_request_id_is_echoed(decider, path):
    name = str(uuid.uuid4())
    assert decider.ask(path, ALICE_READS, **{"X-Request-ID": name}).headers["X-Request-ID"] == name
    assert decider.ask(path, {}, **{"X-Request-ID": name}).headers["X-Request-ID"] == name
    assert decider.ask(path, ALICE_READS).headers["X-Request-ID"] != name


# --- Batch Core


def decisions(answer):
    assert "decision" not in answer
    return [evaluation["decision"] for evaluation in answer["evaluations"]]


@pytest.mark.parametrize(
    "body, expected", [
        ({"subject": user("alice"), "action": {"name": "read"}, "evaluations": [{"resource": record("record-1")}, {"resource": record("record-2")}]}, [True, False]),
        ({"subject": user("bob"), "resource": record("record-1"), "evaluations": [{"action": {"name": "read"}}, {"action": {"name": "write"}}]}, [True, False]),
        ({"evaluations": [ALICE_READS, question("bob", "write")]}, [True, False]),
        (
            {
                "subject": user("alice"), "action": {"name": "read"}, "context": {"time": "2025-06-27T18:03-07:00"}, "evaluations": [
                    {"resource": record("record-1")},
                    {"resource": record("record-1"), "context": {"time": "2025-06-27T19:00-07:00", "source": "batch-override"}},
                ],
            }, [True, True]),
        ({**question("alice", "write"), "evaluations": [{}, {"resource": record("record-2")}]}, [True, False]),
        (
            {
                "subject": user("alice"), "action": {"name": "read"}, "options": {"evaluations_semantic": "execute_all"},
                "evaluations": [{"resource": record("record-1")}, {}],
            }, [True, False]),
    ])
def test_a_batch_answers_in_order(decider, body, expected):
    assert decisions(decider.asked(EVALUATIONS, body)) == expected


@pytest.mark.parametrize("more", [{}, {"evaluations": []}])
def test_a_batch_of_nothing_is_a_single_evaluation(decider, more):
    assert decider.asked(EVALUATIONS, {**ALICE_READS, **more}) == {"decision": True}


@pytest.mark.parametrize(
    "semantic, order, expected", [
        ("execute_all", "rwr", [True, False, True]), ("deny_on_first_deny", "rrwr", [True, True, False]), ("deny_on_first_deny", "w", [False]),
        ("permit_on_first_permit", "wwrw", [False, False, True]), ("permit_on_first_permit", "ww", [False, False]),
    ])
def test_each_semantic_ends_where_the_specification_says(decider, semantic, order, expected):
    evaluations = [{"action": {"name": {"r": "read", "w": "write"}[letter]}} for letter in order]
    body = {"subject": user("bob"), "resource": record("record-1"), "options": {"evaluations_semantic": semantic}, "evaluations": evaluations}
    assert decisions(decider.asked(EVALUATIONS, body)) == expected


# --- Search Core


def entities(answer, type):
    for entity in answer["results"]:
        assert entity == {"type": type, "id": entity["id"]}
    return [entity["id"] for entity in answer["results"]]


READERS = {"alice", "bob", CLIENTS_ALICE, CLIENTS_BOB}


@pytest.mark.parametrize("more", [{}, {"context": {"time": "2025-06-27T18:03-07:00", "ip": "192.168.1.1"}}, {"subject": user("alice")}])
def test_a_subject_search(decider, more):
    body = {"subject": {"type": "user"}, "action": {"name": "read"}, "resource": record("record-1"), **more}
    assert entities(decider.asked(SUBJECTS, body), "user") == sorted(READERS)


@pytest.mark.parametrize("more", [{}, {"context": {"ip": "192.168.1.1"}}, {"resource": record("record-2")}])
def test_a_resource_search(decider, more):
    body = {"subject": user("alice"), "action": {"name": "read"}, "resource": {"type": "company"}, **more}
    assert entities(decider.asked(RESOURCES, body), "company") == ["record-1"]


def test_an_action_search(decider):
    answer = decider.asked(ACTIONS, {"subject": user("alice"), "resource": record("record-1")})
    assert answer["results"] == [{"name": "mayWrite"}, {"name": "read"}, {"name": "write"}]
    assert list(answer)[0] == "page", "the page comes first, so that a client can show progress"


def test_pages_are_followed_to_their_end(decider):
    body = {"subject": {"type": "user"}, "action": {"name": "read"}, "resource": record("record-1")}
    found, page = [], {"limit": 1}
    while True:
        answer = decider.asked(SUBJECTS, {**body, "page": page})
        found += entities(answer, "user")
        page = {"token": answer["page"]["next_token"]}
        if not page["token"]:
            break
    assert found == sorted(READERS)
    token = decider.asked(SUBJECTS, {**body, "page": {"limit": 1}})["page"]["next_token"]
    assert decider.ask(SUBJECTS, {**body, "action": {"name": "write"}, "page": {"token": token}}).status_code == 400


@pytest.mark.parametrize(
    "path, body", [
        (ACTIONS, {"subject": user("nonexistent-user"), "resource": record("record-1")}),
        (SUBJECTS, {"subject": {"type": "spaceship"}, "action": {"name": "read"}, "resource": record("record-1")}),
        (RESOURCES, {"subject": user("alice"), "action": {"name": "read"}, "resource": {"type": "spaceship"}}),
        (ACTIONS, {"subject": user("alice"), "resource": {"type": "spaceship", "id": "1"}}),
    ])
def test_nothing_found_is_no_error(decider, path, body):
    assert decider.asked(path, body)["results"] == []


@pytest.mark.parametrize(
    "path, body", [
        (SUBJECTS, {"subject": {"type": "user"}, "resource": record("record-1")}), (RESOURCES, {"action": {"name": "read"}, "resource": {"type": "company"}}),
        (ACTIONS, {"subject": user("alice")}),
        (SUBJECTS, {"subject": {"type": "user"}, "action": {"name": "read"}, "resource": {"type": "company"}}),
        (RESOURCES, {"subject": {"type": "user"}, "action": {"name": "read"}, "resource": {"type": "company"}}),
        (ACTIONS, {"subject": {"type": "user"}, "resource": record("record-1")}),
    ])
def test_a_search_without_what_it_needs_is_a_bad_request(decider, path, body):
    assert decider.ask(path, body).status_code == 400


# --- Discovery


def test_the_configuration_leads_to_the_endpoints(decider):
    answer = requests.get(f"{decider.url}{CONFIGURATION}", timeout=20)
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/json"
    metadata = answer.json()
    assert metadata["policy_decision_point"] == decider.url
    for endpoint, body in {
        "access_evaluation_endpoint": ALICE_READS, "access_evaluations_endpoint": {"evaluations": [ALICE_READS]}, "search_subject_endpoint": ALICE_READS,
        "search_resource_endpoint": ALICE_READS, "search_action_endpoint": ALICE_READS,
    }.items():
        assert metadata[endpoint].startswith(f"{decider.url}/access/v1/")
        assert decider.ask(metadata[endpoint].removeprefix(decider.url), body).status_code == 200


def test_behind_a_public_url_the_configuration_is_of_that(tmp_path):
    server = Server(tmp_path, "--public-url", "https://pdp.example.com")
    try:
        metadata = requests.get(f"{server.url}{CONFIGURATION}", timeout=20).json()
    finally:
        server.stop()
    assert metadata.pop("policy_decision_point") == "https://pdp.example.com"
    assert len(metadata) == 5 and all(url.startswith("https://pdp.example.com/access/v1/") for url in metadata.values())
