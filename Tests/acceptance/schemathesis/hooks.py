"""What OpenAPI has no words for, done to requests that are meant to be valid. Requests that are meant to be wrong are sent as they are."""

import datetime
import json
import re

import schemathesis


@schemathesis.serializer("application/x-ndjson", "application/jsonl")
def ndjson(context, value):
    """The document has an import's lines as an array: one manifest a line."""
    lines = value if isinstance(value, list) else [value]
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


@schemathesis.hook
def before_call(context, case, kwargs):
    keep_own_token(case)
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    leave_out_what_is_not_valid(case.headers or {})
    query = case.query if isinstance(case.query, dict) else {}
    choose_when(query)
    say_whom(case.path, query)
    if isinstance(case.body, dict):
        speak_standards(case.path, case.body)
    if isinstance(case.body, (dict, list)):
        agree(case.body)


def keep_own_token(case):
    """The token that all of this is sent with is among those that are found and could be revoked."""
    identifier = (case.path_parameters or {}).get("id")
    if case.path == "/v1/admin/tokens/{id}" and case.method == "DELETE" and str(identifier).startswith("admin-"):
        case.path_parameters["id"] = "admin-0"


def leave_out_what_is_not_valid(headers):
    """schemathesis 4.32 puts a 0 into optional headers that its coverage phase combines, whatever their pattern says."""
    for name, pattern in (("If-Match", r'"(?:0|[1-9][0-9]{0,17})"'), ("Gate-Min-Revision", r"[0-9a-f]{16}-(?:0|[1-9][0-9]{0,17})")):
        if name in headers and not re.fullmatch(pattern, str(headers[name])):
            del headers[name]


def choose_when(query):
    """A write takes `for` or `at`, not both; and `at` is within the next 366 days."""
    if "for" in query:
        query.pop("at", None)
    if "at" in query:
        query["at"] = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")


def say_whom(path, query):
    """With an API token these are required, with a user's token refused: one operation cannot say both."""
    if path in ("/v1/feature_flags", "/v1/permissions", "/v1/gates", "/v1/gates/{name}"):
        query.setdefault("company_id", "acme")
    if path in ("/v1/permissions", "/v1/gates", "/v1/gates/{name}"):
        query.setdefault("user_id", "agent-7")
    if path == "/v1/admin/explain":
        # Either a flag or a gate; and a gate for a user.
        if "flag" in query or "gate" not in query:
            query.pop("gate", None)
            query.setdefault("flag", "cdp_create_ticket_embed")
        else:
            query.setdefault("user_id", "agent-7")


def speak_standards(path, body):
    """OFREP: with an API token the context says whom it is for, and the company under one name. AuthZEN: a page's token is one that an answer had."""
    if path.startswith("/ofrep/") and isinstance(body.get("context"), dict):
        body["context"].setdefault("targetingKey", "agent-7")
        body["context"].setdefault("companyId", "acme")
        body["context"].pop("company_id", None)
    if path.startswith("/access/v1/search/") and isinstance(body.get("page"), dict):
        body["page"].pop("token", None)


def agree(body):
    """Rules over several members of a body."""
    bodies = body if isinstance(body, list) else body.get("manifests") if isinstance(body.get("manifests"), list) else [body]
    for one in bodies:
        if isinstance(one, dict):
            for rule in (properties_are_declared, metrics_can_be_told_apart, stages_can_be_told_apart, webhook_leads_somewhere):
                rule(one)


def properties_are_declared(body):
    """An event's required properties are among its properties."""
    if isinstance(body.get("required"), list):
        known = {name for name, pattern in (body.get("properties") or {}).items() if pattern is not None}
        body["required"] = [name for name in body["required"] if name in known]


def metrics_can_be_told_apart(body):
    """Metrics have distinct names, an event is an error or a success, and a limit leaves room above it."""
    for index, metric in enumerate(body.get("metrics") or []):
        metric["name"] = f"metric_{index}"
        metric["successes"] = [name for name in metric["successes"] if name not in metric["errors"]] or [f"success_{index}"]
        metric["limit"] = step(min(metric["limit"], 0.16))
        metric.pop("fast", None)
        metric.pop("slow", None)


def stages_can_be_told_apart(body):
    """Stages have distinct names; rates come in steps of a millionth, which binary fractions cannot be held to."""
    for index, stage in enumerate(body.get("stages") or []):
        stage["name"] = f"stage-{index}"
        promote = stage.get("promote") or {}
        for name in ("max_create_error_rate", "max_associate_failed_rate"):
            if promote.get(name) is not None:
                promote[name] = step(promote[name])


def step(rate):
    return max(1, min(999_999, round(rate * 1_000_000))) / 1_000_000


def webhook_leads_somewhere(body):
    """Whether a URL leads to a public address is no matter of its form."""
    if isinstance(body.get("url"), str):
        body["url"] = "https://hooks.example.com/gate"
