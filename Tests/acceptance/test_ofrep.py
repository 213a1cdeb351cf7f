"""OFREP, spoken by the OpenFeature SDK and its provider, and every answer held against the protocol's own document."""

import json
import os
import pathlib
import threading
import time

import httpx
import jsonschema
import pytest
import requests
import yaml
from conftest import ROOT, Server
from httpx_sse import connect_sse
from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason
from test_events import Signer

FLAG, BASE, GATE, PERMISSION = "cdp_create_ticket_embed", "unify_ticket_omnichannel_view", "canCreateTicket", "tickets_ticket_create"
EVALUATE = "/ofrep/v1/evaluate/flags"
SPECIFICATION = pathlib.Path(os.environ.get("GATE_CORPORA") or ROOT / "../shared/corpora").resolve() / "ofrep/openapi.patched.yaml"


@pytest.fixture(autouse=True)
def within_one_hour():
    """The stream's address is the same within the hour: no test runs over its end."""
    left = 3600 - time.time() % 3600
    if left < 30:
        time.sleep(left + 1)


@pytest.fixture()
def server(tmp_path):
    server = Server(tmp_path, "--limit", "writes_per_token=0")
    write(server, "PATCH", f"flags/{FLAG}", {"enabled": True})
    for flag in (BASE, FLAG):
        write(server, "PUT", f"flags/{flag}/companies/acme", {"enabled": True}, new_company="true")
    write(server, "PUT", f"companies/acme/users/ann/permissions/{PERMISSION}", {"enabled": True})
    yield server
    server.stop()


def write(server, method, path, body=None, **query):
    answer = server.request(method, f"/v1/admin/{path}", params={"reason": "test", **query}, json=body)
    assert answer.ok, answer.text
    return answer.json()


def service_token(server, kind="service", **members):
    return write(server, "POST", "tokens", {"kind": kind, **members})["token"]


def context(user="ann", company="acme", **more):
    return {"targetingKey": user, "companyId": company, **more}


def evaluate(server, key=None, token=None, about=None, headers=None, query="", **options):
    headers = {"Authorization": f"Bearer {token or server.token}", **(headers or {})}
    if not options:
        options = {"json": {"context": about or context()}}
    return requests.post(f"{server.url}{EVALUATE}{'' if key is None else '/' + key}{query}", headers=headers, timeout=20, **options)


def address(server, bulk):
    """Where the one event stream is, as a provider works it out."""
    [stream] = bulk.json()["eventStreams"]
    assert stream["type"] == "sse" and ("url" in stream) != ("endpoint" in stream)
    return stream.get("url") or stream["endpoint"].get("origin", server.url) + stream["endpoint"]["requestUri"]


# The OpenFeature SDK.


@pytest.fixture()
def client(server):
    def connect(token):
        domain = f"gate-{time.monotonic_ns()}"
        api.set_provider(OFREPProvider(server.url, headers_factory=lambda: {"Authorization": f"Bearer {token}"}), domain)
        return api.get_client(domain)

    yield connect
    api.clear_providers()


def about(user="ann", company="acme"):
    return EvaluationContext(targeting_key=user, attributes={"companyId": company, "plan": "free"})


def test_an_openfeature_client_reads_flags_on_off_and_unknown_with_their_reasons(server, client):
    flags = client(service_token(server))

    def details(key, subject=None):
        found = flags.get_boolean_details(key, not flags.get_boolean_value(key, False, subject or about()), subject or about())
        return found.value, found.reason, found.variant, found.flag_metadata.get("gateReason")

    assert details(FLAG) == (True, Reason.TARGETING_MATCH, "on", "company_on")
    assert details(FLAG, about(company="nowhere")) == (False, Reason.DEFAULT, "off", "not_targeted")
    write(server, "PUT", f"flags/{BASE}/companies/acme", {"enabled": False})
    assert details(BASE) == (False, Reason.TARGETING_MATCH, "off", "company_off")
    assert details(FLAG) == (False, Reason.DEFAULT, "off", "prerequisite_off")
    write(server, "PATCH", f"flags/{FLAG}", {"enabled": False})
    assert details(FLAG) == (False, Reason.DISABLED, "off", "flag_off")
    write(server, "PATCH", f"flags/{FLAG}", {"enabled": True})
    write(server, "PUT", f"flags/{BASE}/companies/acme", {"enabled": True})
    write(server, "PUT", f"flags/{FLAG}/holds", {})
    assert details(FLAG) == (False, Reason.DISABLED, "off", "held")

    write(server, "PUT", "flags/gradual", {"enabled": True})
    write(server, "PUT", "flags/gradual/rollout", {"stages": [{"name": "all", "percentage": 100}]})
    write(server, "POST", "flags/gradual/rollout/start", {})
    assert details("gradual") == (True, Reason.SPLIT, "on", "rollout")

    for default in (True, False):
        unknown = flags.get_boolean_details("no_such_flag", default, about())
        assert (unknown.value, unknown.reason, unknown.error_code) == (default, Reason.ERROR, ErrorCode.FLAG_NOT_FOUND)
        assert "no_such_flag" in unknown.error_message


def test_an_openfeature_client_asks_a_gate_as_it_asks_a_flag(server, client):
    flags = client(service_token(server))
    allowed = flags.get_boolean_details(GATE, False, about())
    assert (allowed.value, allowed.reason, allowed.variant, allowed.flag_metadata["gateReason"]) == (True, Reason.TARGETING_MATCH, "on", "allowed")
    other = flags.get_boolean_details(GATE, True, about("bob"))
    assert (other.value, other.reason, other.flag_metadata["gateReason"]) == (False, Reason.TARGETING_MATCH, "permission_missing")
    flip = write(server, "PUT", f"flags/{FLAG}/companies/acme", {"enabled": False})
    off = flags.get_boolean_details(GATE, True, about())
    assert (off.value, off.flag_metadata) == (False, {"gateReason": "company_off", "revision": flip["revision"]})


def test_an_openfeature_client_gets_its_default_when_it_may_not_ask(server, client):
    limited = service_token(server, companies=["acme"])
    assert client(limited).get_boolean_value(FLAG, False, about()) is True
    cases = [
        ("nonsense", about(), ErrorCode.GENERAL, "unauthorized"),
        (service_token(server, kind="events"), about(), ErrorCode.GENERAL, "forbidden"),
        (limited, about(company="globex"), ErrorCode.GENERAL, "forbidden"),
        (limited, EvaluationContext(attributes={"companyId": "acme"}), ErrorCode.TARGETING_KEY_MISSING, "targetingKey"),
        (limited, EvaluationContext(targeting_key="ann"), ErrorCode.INVALID_CONTEXT, "companyId"),
    ]
    for token, subject, code, message in cases:
        for default in (True, False):
            details = client(token).get_boolean_details(FLAG, default, subject)
            assert (details.value, details.reason, details.error_code) == (default, Reason.ERROR, code), details
            assert message in details.error_message
    wrong_type = client(limited).get_string_details(FLAG, "fallback", about())
    assert (wrong_type.value, wrong_type.error_code) == ("fallback", ErrorCode.TYPE_MISMATCH)


# Entity tags and push.


def test_an_etag_makes_the_round_trip(server):
    token = service_token(server)
    first = evaluate(server, token=token)
    tag = first.headers["ETag"]
    known = evaluate(server, token=token, headers={"If-None-Match": tag})
    assert (known.status_code, known.content, known.headers["ETag"]) == (304, b"", tag)
    assert evaluate(server, token=token, about=dict(reversed(context().items())), headers={"If-None-Match": tag}).status_code == 304
    assert evaluate(server, token=token, about=context(plan="free"), headers={"If-None-Match": tag}).status_code == 200
    write(server, "PUT", f"flags/{FLAG}/companies/globex", {"enabled": True}, new_company="true")
    assert evaluate(server, token=token, headers={"If-None-Match": tag}).status_code == 304, "it is another company's"
    write(server, "PUT", f"flags/{FLAG}/companies/acme", {"enabled": False})
    changed = evaluate(server, token=token, headers={"If-None-Match": tag})
    assert changed.status_code == 200 and changed.headers["ETag"] != tag
    assert {flag["key"]: flag["value"] for flag in changed.json()["flags"]} == {FLAG: False, BASE: True, GATE: False}
    write(server, "PUT", f"flags/{FLAG}/companies/acme", {"enabled": True})
    assert evaluate(server, token=token, headers={"If-None-Match": tag}).status_code == 200, "on again, by another change"


class Listener:
    """Reads a stream with httpx-sse on a thread of its own, as `EventSource` does: without a header."""

    def __init__(self, url):
        self.events, self.opened, self.ended = [], threading.Event(), threading.Event()

        def read():
            try:
                with httpx.Client(timeout=30) as client, connect_sse(client, "GET", url) as source:
                    source.response.raise_for_status()
                    self.opened.set()
                    for event in source.iter_sse():
                        self.events.append((time.monotonic(), event))
            except httpx.HTTPError:
                pass
            self.ended.set()

        threading.Thread(target=read, daemon=True).start()
        assert self.opened.wait(10)

    def wait(self, count, patience=10):
        end = time.monotonic() + patience
        while len(self.events) < count and time.monotonic() < end:
            time.sleep(0.002)
        assert len(self.events) >= count, self.events
        return self.events[count - 1]


def test_a_flip_is_pushed_and_fetched(server):
    token = service_token(server)
    bulk = evaluate(server, token=token)
    url = address(server, bulk)
    listener = Listener(url)
    seen = len(listener.events)  # what was written a moment ago is told to who comes now
    began = time.monotonic()
    receipt = write(server, "PUT", f"flags/{FLAG}/companies/acme", {"enabled": False}, wait="2s")
    assert receipt["delivery"]["streams"] == receipt["delivery"]["written"] == 1
    while True:
        seen += 1
        at, event = listener.wait(seen)
        data = json.loads(event.data)
        if event.id.endswith(f"-{receipt['revision']}"):
            break
    assert event.event == "message"
    assert data == {"type": "refetchEvaluation", "etag": event.id, "lastModified": data["lastModified"]}
    assert abs(data["lastModified"] - time.time()) < 10
    fetched = evaluate(
        server, token=token, headers={"If-None-Match": bulk.headers["ETag"]},
        query=f"?flagConfigEtag={data['etag']}&flagConfigLastModified={data['lastModified']}")
    assert fetched.status_code == 200
    assert {flag["key"]: flag["value"] for flag in fetched.json()["flags"]}[FLAG] is False
    assert address(server, fetched) == url, "the stream goes on"
    before = len(listener.events)
    write(server, "PUT", f"flags/{FLAG}/companies/globex", {"enabled": True}, new_company="true", wait="1s")
    write(server, "PATCH", f"flags/{FLAG}", {"description": "changes no answer"}, wait="1s")
    time.sleep(0.3)
    assert len(listener.events) == before, "others' changes are not told"
    print(f"\nfrom the write to the event {(at - began) * 1000:.0f} ms")


def test_a_revoked_token_ends_its_stream_with_a_last_event_and_no_token_is_logged(server):
    made = write(server, "POST", "tokens", {"kind": "service"})
    url = address(server, evaluate(server, token=made["token"]))
    listener = Listener(url)
    before = len(listener.events)
    write(server, "DELETE", f"tokens/{made['id']}")
    assert listener.ended.wait(5)
    assert json.loads(listener.events[-1][1].data)["type"] == "refetchEvaluation" and len(listener.events) > before
    refused = requests.get(url, timeout=10)
    assert refused.status_code == 401 and set(refused.json()) == {"errorCode", "errorDetails", "metadata"}
    secret = url.split("token=")[1]
    assert requests.get(url[:-1], timeout=10).status_code == 401 and requests.post(url, timeout=10).status_code == 405
    assert secret[:40] not in pathlib.Path(server.log.name).read_text()


def test_a_stop_is_a_reason_to_evaluate_again_and_a_restart_keeps_the_address(tmp_path):
    for run in range(2):
        server = Server(tmp_path)
        try:
            if run == 0:
                token = service_token(server)
                url = address(server, evaluate(server, token=token))
                target = url[len(server.url):]
            again = address(server, evaluate(server, token=token))
            assert again == server.url + target
            listener = Listener(again)
            before = len(listener.events)
        finally:
            server.stop()
        assert listener.ended.wait(5)
        assert [json.loads(event.data)["type"] for _, event in listener.events[before:]] == ["refetchEvaluation"]


# The protocol's own document.


@pytest.fixture(scope="module")
def schemas():
    if not SPECIFICATION.exists():
        pytest.skip(f"there is no {SPECIFICATION} (set GATE_CORPORA)")
    document = yaml.safe_load(SPECIFICATION.read_text())

    def check(path, answer):
        """Holds the answer against the response that the document has for the path and status."""
        described = document["paths"][path]["post"]["responses"].get(str(answer.status_code))
        assert described is not None, f"{answer.status_code} is not among the protocol's answers"
        content = described.get("content")
        if content is None:
            return
        assert answer.headers["Content-Type"] == "application/json"
        schema = {**content["application/json"]["schema"], "components": document["components"]}
        jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(answer.json())

    check.document = document
    return check


def test_every_answer_is_as_the_protocol_says(server, schemas):
    token, events = service_token(server), service_token(server, kind="events")
    raw = {"headers": {"Content-Type": "application/json"}}
    seen = set()
    for key in (FLAG, None):
        path = EVALUATE + ("/{key}" if key else "")
        answers = [
            evaluate(server, key, token), evaluate(server, key, token, context("bob")), evaluate(server, key, token, context(company="nowhere")),
            evaluate(server, key, token, data="{", **raw), evaluate(server, key, token, data="", **raw), evaluate(server, key, token, data="[]", **raw),
            evaluate(server, key, token, json={}), evaluate(server, key, token, json={"context": {}}),
            evaluate(server, key, token, {"targetingKey": "ann"}), evaluate(server, key, token, {"companyId": "acme"}),
            evaluate(server, key, token, context(company="a b")), evaluate(server, key, "nonsense"), evaluate(server, key, events),
        ]
        if key:
            names = [evaluate(server, name, token) for name in (GATE, BASE, "no_such_flag", "a%20b", "%FF")]
            assert [answer.status_code for answer in names] == [200, 200, 404, 404, 400] and names[4].json()["key"] == "%FF"
            answers += names
        else:
            answers.append(evaluate(server, key, token, headers={"If-None-Match": answers[0].headers["ETag"]}))
        for answer in answers:
            schemas(path, answer)
            seen.add((bool(key), answer.status_code))
            if answer.status_code in (400, 404):
                assert answer.json()["errorDetails"] and (answer.json().get("key") is not None) == bool(key)
    assert seen == {(True, 200), (True, 400), (True, 401), (True, 403), (True, 404), (False, 200), (False, 304), (False, 400), (False, 401), (False, 403)}


def test_the_push_and_the_refusal_of_too_many_are_as_the_protocol_says(tmp_path, schemas):
    signer = Signer(tmp_path)
    server = Server(
        tmp_path, "--jwt-jwks", str(signer.path), "--jwt-issuer", "https://sso.test", "--jwt-audience", "gate", "--limit", "evaluations_per_user=1")

    def validate(name, value):
        schema = {"$ref": f"#/components/schemas/{name}", "components": schemas.document["components"]}
        jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(value)

    try:
        bulk = evaluate(server, token=signer.user("acme", "ann"))
        schemas(EVALUATE, bulk)
        validate("eventStream", bulk.json()["eventStreams"][0])
        for key in (FLAG, None):
            refused = evaluate(server, key, signer.user("acme", "ann"))
            assert refused.status_code == 429 and int(refused.headers["Retry-After"]) >= 1
            schemas(EVALUATE + ("/{key}" if key else ""), refused)
        token = service_token(server)
        listener = Listener(address(server, evaluate(server, token=token)))
        before = len(listener.events)
        write(server, "PATCH", f"flags/{FLAG}", {"enabled": True})
        _, event = listener.wait(before + 1)
        validate("sseEvent", {"event": event.event, "id": event.id, "data": event.data})
        validate("sseEventData", json.loads(event.data))
    finally:
        server.stop()
