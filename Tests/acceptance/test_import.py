"""gatectl import: other systems' files become a plan; what they say of companies is answered as their own evaluators answer it."""

import json
import random
import uuid

import pytest
from openfeature.contrib.tools.flagd.core import FlagdCore
from openfeature.evaluation_context import EvaluationContext
from yggdrasil_engine.engine import UnleashEngine

WHY = ("--reason", "coming from elsewhere")
COMPANIES = [f"imported-{letter}" for letter in "abcdef"]


@pytest.fixture(scope="module", autouse=True)
def companies(server):
    for company in COMPANIES:
        server.request("PUT", f"/v1/admin/companies/{company}", params={"reason": "x"}, json={"id": company}).raise_for_status()


@pytest.fixture
def name():
    """A flag's name that no other test has."""
    return f"imported-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def write(tmp_path):
    def write(content, file="file.json"):
        path = tmp_path / file
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return write


def answers_for(server, company):
    """What a front end of the company is told, by flag."""
    rows = server.get("/v1/feature_flags", company_id=company).json()["data"]
    return {row["code"]: row["enabled"] and row["enabled_for_company"] for row in rows}


def on_for(server, flag):
    """The companies, of ours, that a flag is on for."""
    return {company for company in COMPANIES if answers_for(server, company).get(flag)}


def start(server, *flags):
    for flag in flags:
        server.request("POST", f"/v1/admin/flags/{flag}/rollout/start", params={"reason": "x"}, json={}).raise_for_status()


def about_company(operator, *values, **more):
    return {"contextName": "companyId", "operator": operator, "values": list(values), **more}


def unleash_export(name):
    """An export of one environment, as Unleash 5 and later write it."""
    a, b = COMPANIES[:2]
    return {
        "features": [
            {"name": name, "description": "The new page", "type": "release", "project": "shop", "stale": False},
            {"name": f"{name}-parent", "description": "", "type": "kill-switch", "project": "default"},
            {"name": "not a code", "type": "release", "project": "default"},
        ],
        "featureEnvironments": [
            {"featureName": name, "environment": "production", "enabled": True, "name": name},
            {"featureName": f"{name}-parent", "environment": "production", "enabled": True, "name": f"{name}-parent"},
            {"featureName": "not a code", "environment": "production", "enabled": True, "name": "not a code"},
        ],
        "featureStrategies": [
            {"id": "1", "featureName": name, "name": "default", "parameters": {}, "constraints": [about_company("IN", a, b)], "segments": []},
            {
                "id": "2", "featureName": name, "name": "flexibleRollout", "constraints": [], "segments": [],
                "parameters": {"rollout": "40", "stickiness": "userId", "groupId": name},
            },
            {"id": "3", "featureName": f"{name}-parent", "name": "default", "parameters": {}, "constraints": [about_company("NOT_IN", b)]},
        ],
        "segments": [], "contextFields": [{"name": "companyId"}], "tagTypes": [{"name": "simple"}],
        "featureTags": [{"featureName": name, "tagType": "simple", "tagValue": "web"}],
        "dependencies": [{"feature": name, "dependencies": [{"feature": f"{name}-parent", "enabled": True, "variants": []}]}],
    }


LEFT_OUT = {
    ("/featureStrategies/1", "answers"), ("/featureStrategies/1/parameters/rollout", "answers"), ("/features/2", "answers"),
    ("/features/0/project", "bookkeeping"), ("/contextFields", "bookkeeping"), ("/featureTags", "bookkeeping"), ("/tagTypes", "bookkeeping"),
}


def places(body):
    return {(row["pointer"], row["effect"]) for row in body["left_out"]}


def test_a_plan_is_printed_with_all_that_is_left_out_and_nothing_is_changed(gatectl, server, name, write):
    before, file = server.revision, write(unleash_export(name))
    body = gatectl.done("import", "unleash", file).json
    entities = {(row["entity"]["kind"], row["entity"].get("code") or row["entity"].get("flag")) for row in body["operations"]}
    parent = f"{name}-parent"
    assert entities == {("flag", name), ("flag", parent), ("flag_state", name), ("flag_state", parent), ("rollout", parent)}
    assert body["plan_hash"] and body["impact"]["total"] >= 0
    assert places(body) == LEFT_OUT
    assert body["rollouts_to_start"] == [f"{name}-parent"]
    people = gatectl.done("import", "unleash", file, "--output", "table")
    assert body["plan_hash"] in people.out and f"gatectl rollout start {name}-parent" in people.out and "nothing was changed" in people.out
    # The list goes where it is seen even when the plan is piped away.
    assert "left out: 3 by which answers may be others, 4 by which they are not" in people.err
    assert all(pointer in people.err for pointer, _ in LEFT_OUT) and "not a code" in people.err and "A-Z a-z 0-9" in people.err
    assert server.revision == before


def test_applied_it_answers_as_before(gatectl, server, name, write):
    file = write(unleash_export(name))
    plan = gatectl.done("import", "unleash", file).json["plan_hash"]
    before = server.revision
    receipt = gatectl.done("import", "unleash", file, "--apply", "--plan", plan, *WHY).json
    assert receipt["revision"] == before + 1 and receipt["changed"] is True and places(receipt) == LEFT_OUT
    change = server.get(f"/v1/admin/changes/{receipt['revision']}").json()
    assert change["reason"] == WHY[1]
    # The parent reaches nobody yet: its rollout is a draft.
    assert on_for(server, f"{name}-parent") == set()
    gatectl.done("rollout", "start", f"{name}-parent", *WHY)
    a, b = COMPANIES[:2]
    assert on_for(server, f"{name}-parent") == set(COMPANIES) - {b}
    assert on_for(server, name) == {a}
    flag = server.get(f"/v1/admin/flags/{name}").json()
    assert flag["prerequisites"] == [f"{name}-parent"] and flag["description"] == "The new page" and flag["permanent"] is False
    assert server.get(f"/v1/admin/flags/{name}-parent").json()["permanent"] is True
    # Once more, and nothing is new.
    again = gatectl.done("import", "unleash", file, "--apply", *WHY).json
    assert again["changed"] is False and server.revision == receipt["revision"] + 1


def test_5_strict_sends_nothing_when_answers_may_be_others(gatectl, server, name, write):
    export = unleash_export(name)
    before, file = server.revision, write(export)
    for more in ((), ("--apply", *WHY)):
        result = gatectl("import", "unleash", file, "--strict", *more)
        assert result.code == 5, result
        assert result.problem["code"] == "import_incomplete" and places(result.problem) == LEFT_OUT and not result.out
    people = gatectl("import", "unleash", file, "--strict", "--output", "table")
    assert people.code == 5 and "/featureStrategies/1" in people.err and "nothing was sent" in people.err
    assert server.revision == before
    # Bookkeeping alone is no obstacle.
    del export["featureStrategies"][1], export["features"][2], export["featureEnvironments"][2]
    assert {effect for _, effect in places(gatectl.done("import", "unleash", write(export), "--strict").json)} == {"bookkeeping"}


def test_4_a_company_that_nobody_knows_unless_it_is_to_be_registered(gatectl, server, name, write):
    company = f"new-{name}"
    strategy = {"name": "default", "constraints": [about_company("IN", company)]}
    file = write({"version": 1, "features": [{"name": name, "enabled": True, "strategies": [strategy]}]})
    for more in ((), ("--apply", *WHY)):
        result = gatectl("import", "unleash", file, *more)
        assert result.code == 4 and result.problem["code"] == "company_unknown", result
    plan = gatectl.done("import", "unleash", file, "--new-company").json
    gatectl.done("import", "unleash", file, "--new-company", "--apply", "--plan", plan["plan_hash"], *WHY)
    assert server.get(f"/v1/admin/flags/{name}/companies/{company}").json() == {"enabled": True}


def test_5_a_plan_that_is_another_by_now(gatectl, server, name, write):
    export = unleash_export(name)
    plan = gatectl.done("import", "unleash", write(export)).json["plan_hash"]
    gatectl.done("import", "unleash", write({**export, "dependencies": []}), "--apply", *WHY)
    result = gatectl("import", "unleash", write(export), "--apply", "--plan", plan, *WHY)
    assert result.code == 5 and result.problem["code"] == "plan_changed"


def test_5_what_somebody_turned_off_is_not_turned_on_again_unless_forced(gatectl, server, name, write):
    file = write({"features": [{"name": name, "enabled": True, "strategies": []}]})
    gatectl.done("import", "unleash", file, "--apply", *WHY)
    gatectl.done("set", name, "off", *WHY)
    result = gatectl("import", "unleash", file, "--apply", *WHY)
    assert result.code == 5 and result.problem["code"] == "apply_conflict"
    gatectl.done("import", "unleash", file, "--apply", "--force", *WHY)
    assert server.get(f"/v1/admin/flags/{name}").json()["enabled"] is True


TWO_ENVIRONMENTS = {
    "features": [{"name": "f"}],
    "featureEnvironments": [{"featureName": "f", "environment": name, "enabled": True} for name in ("dev", "prod")],
}


@pytest.mark.parametrize(
    "system, content, arguments",
    [
        ("unleash", TWO_ENVIRONMENTS, ()), ("unleash", TWO_ENVIRONMENTS, ("--environment", "stage")), ("unleash", {"flags": {}}, ()),
        ("unleash", "{\"features\": [", ()), ("unleash", "", ()), ("flagd", {"features": []}, ()), ("flagd", "flags: [", ()),
        ("flagd", {"flags": {}}, ("--plan", "abc")), ("flagd", {"flags": {}}, ("--reason", "forgot to apply")),
        ("flagd", {"flags": {}}, ("--apply",)), ("flagd", {"flags": {}}, ("--environment", "prod")), ("ldap", {"flags": {}}, ()),
        ("unleash", {"features": [{"name": f"f{number}"} for number in range(10_001)]}, ()), ("flagd", " " * ((8 << 20) + 1), ()),
    ],
)
def test_2_no_file_of_that_form_or_wrong_usage(gatectl, server, write, system, content, arguments):
    before = server.revision
    result = gatectl("import", system, write(content), *arguments)
    assert result.code == 2, result
    assert result.err and not result.out
    assert server.revision == before


def test_2_a_file_that_is_not_there(gatectl):
    result = gatectl("import", "flagd", "/does/not/exist")
    assert result.code == 2 and "/does/not/exist" in result.problem["detail"]


def test_6_needs_an_admin(gatectl, name, write):
    token = gatectl.done("token", "create", "--kind", "read", "--name", "wall", *WHY).json["token"]
    result = gatectl("import", "unleash", write(unleash_export(name)), GATE_TOKEN=token)
    assert result.code == 6 and result.problem["code"] == "right_missing"


def test_the_environment_that_is_asked_for_counts(gatectl, server, name, write):
    export = {
        "version": 4, "features": [{"name": name}],
        "featureEnvironments": [{"featureName": name, "environment": place, "enabled": place == "prod"} for place in ("dev", "prod")],
        "featureStrategies": [
            {"id": place, "featureName": name, "environment": place, "strategyName": "default", "constraints": []} for place in ("dev", "prod")
        ],
        "segments": [{"id": 7, "name": "pilot", "constraints": [about_company("IN", COMPANIES[2])]}],
        "featureStrategySegments": [{"featureStrategyId": "prod", "segmentId": 7}],
    }
    gatectl.done("import", "unleash", write(export), "--environment", "prod", "--apply", *WHY)
    assert on_for(server, name) == {COMPANIES[2]}


FLAGD_YAML = """
$evaluators:
  pilot: {in: [{var: tenant}, [%(a)s, %(b)s]]}
flags:
  %(name)s:
    state: ENABLED
    variants: {"on": true, "off": false}
    defaultVariant: "off"
    targeting:
      if: [{$ref: pilot}, "on", {ends_with: [{var: email}, "@example.com"]}, "on", null]
    metadata: {team: web}
  %(name)s-colour:
    state: ENABLED
    variants: {red: "#f00"}
    defaultVariant: red
"""


def test_flagd_in_yaml_from_standard_input_or_a_file(gatectl, server, name, write):
    text = FLAGD_YAML % {"name": name, "a": COMPANIES[0], "b": COMPANIES[1]}
    by_file = gatectl.done("import", "flagd", write(text, "flags.yaml"), "--company-field", "tenant").json
    assert places(by_file) == {
        (f"/flags/{name}/targeting/if/2", "answers"), (f"/flags/{name}/targeting/if/2/ends_with", "answers"),
        (f"/flags/{name}/metadata/team", "bookkeeping"), (f"/flags/{name}-colour/variants/red", "answers"),
    }
    receipt = gatectl.done("import", "flagd", "-", "--company-field", "tenant", "--apply", "--plan", by_file["plan_hash"], *WHY, stdin=text).json
    assert places(receipt) == places(by_file)
    assert on_for(server, name) == set(COMPANIES[:2])
    assert server.get(f"/v1/admin/flags/{name}-colour").status_code == 404


def random_strategy(chance):
    constraints = [
        {
            "contextName": chance.choice(["companyId"] * 7 + ["appName"]), "operator": chance.choice(["IN", "NOT_IN"]),
            "values": chance.sample(COMPANIES[:5], chance.randrange(4)), "inverted": chance.random() < 0.3,
        }
        for _ in range(chance.randrange(3))
    ]
    kinds = ["default", "flexibleRollout", "gradualRolloutRandom", "gradualRolloutSessionId", "userWithId"]
    kind = chance.choices(kinds, weights=[2, 2, 1, 1, 1])[0]
    parameters = {
        "flexibleRollout": {
            "rollout": chance.choice(["0", "100", "100", "37"]), "groupId": "g",
            "stickiness": chance.choice(["default", "companyId", "userId", "sessionId"]),
        },
        "gradualRolloutRandom": {"percentage": chance.choice(["0", "100"])},
        "gradualRolloutSessionId": {"percentage": chance.choice(["0", "100"]), "groupId": "g"},
        "userWithId": {"userIds": "ana,bea"},
    }
    return {"name": kind, "parameters": parameters.get(kind, {}), "constraints": constraints}


def test_generated_strategies_are_answered_as_by_unleashs_own_engine(gatectl, server, name, write):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    features = [
        {
            "name": f"{name}-{number}", "type": "release", "enabled": chance.random() < 0.9,
            "strategies": [random_strategy(chance) for _ in range(chance.randrange(4))],
            "dependencies": [{"feature": f"{name}-{number - 1}"}] if number % 10 == 9 else [],
        }
        for number in range(120)
    ]
    file = {"version": 2, "features": features}
    engine = UnleashEngine()
    engine.take_state(json.dumps(file))
    body = gatectl.done("import", "unleash", write(file), "--apply", *WHY).json
    start(server, *body["rollouts_to_start"])
    answers = {company: answers_for(server, company) for company in COMPANIES}
    lossy = {row["flag"] for row in body["left_out"] if row["effect"] == "answers"}
    lossy |= {feature["name"] for feature in features if any(parent["feature"] in lossy for parent in feature["dependencies"])}
    exact = {feature["name"] for feature in features} - lossy
    # Kept percentages take others than before: what is said there of companies is compared in the core's tests.
    percentages = {row["flag"] for row in body["left_out"] if "which companies fall" in row["why"]}
    percentages |= {feature["name"] for feature in features if any(parent["feature"] in percentages for parent in feature["dependencies"])}
    assert len(exact) > 20 and len(lossy - percentages) > 10, f"seed {seed}"
    for company in COMPANIES:
        context = {"userId": "cleo", "properties": {"companyId": company}}
        for flag in exact:
            assert answers[company][flag] == engine.check_enabled(flag, context).is_enabled, f"seed {seed}: {flag} for {company}"
        for flag in lossy - percentages:
            assert not answers[company][flag] or engine.check_enabled(flag, context).is_enabled, f"seed {seed}: {flag} for {company}"


def random_condition(chance, depth):
    company = {"var": "companyId"}
    kind = chance.randrange(3 if depth > 3 else 7)
    if kind == 0:
        return {"in": [company, chance.sample(COMPANIES[:5], chance.randrange(4))]}
    if kind == 1:
        return {chance.choice(["==", "==="]): [company, chance.choice(COMPANIES)]}
    if kind == 2:
        return {chance.choice(["!=", "!=="]): [chance.choice(COMPANIES), company]}
    if kind == 3:
        return {"!": [random_condition(chance, depth + 1)]}
    if kind == 4:
        return {"$ref": chance.choice(["pilot", "others"])}
    return {chance.choice(["and", "or"]): [random_condition(chance, depth + 1) for _ in range(chance.randint(1, 3))]}


def random_rule(chance, depth=0):
    if depth > 2 or chance.random() < 0.4:
        return chance.choice(["on", "off", None, True, False])
    if chance.random() < 0.15:
        # All parts are alike, so that it does not matter who falls where.
        answer = chance.choice(["on", "off"])
        return {"fractional": [*chance.choice([[], [{"var": "email"}]]), [answer, chance.randint(1, 9)], ["on", 0], [answer]]}
    parts = []
    for _ in range(chance.randint(1, 3)):
        parts += [random_condition(chance, depth + 1), random_rule(chance, depth + 1)]
    return {"if": parts + ([random_rule(chance, depth + 1)] if chance.random() < 0.6 else [])}


def test_generated_targeting_is_answered_as_by_flagds_own_evaluator(gatectl, server, name, write):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    file = {
        "flags": {
            f"{name}-{number}": {
                "state": chance.choice(["ENABLED"] * 9 + ["DISABLED"]), "variants": {"on": True, "off": False, "true": True, "false": False},
                "defaultVariant": chance.choice(["on", "off"]), "targeting": rule if isinstance(rule := random_rule(chance), dict) else {},
            }
            for number in range(120)
        },
        "$evaluators": {
            "pilot": {"in": [{"var": "companyId"}, COMPANIES[:2]]}, "others": {"!": [{"in": [{"var": "companyId"}, COMPANIES[1:4]]}]},
        },
    }
    evaluator = FlagdCore()
    evaluator.set_flags(json.dumps(file))
    body = gatectl.done("import", "flagd", write(file), "--apply", *WHY).json
    # A disabled flag is left to the clients' own default: here it is off.
    disabled = {flag for flag, definition in file["flags"].items() if definition["state"] == "DISABLED"}
    assert {row["pointer"] for row in body["left_out"]} == {f"/flags/{flag}/state" for flag in disabled}
    start(server, *body["rollouts_to_start"])
    compared = 0
    for company in COMPANIES:
        context = EvaluationContext("cleo", {"companyId": company, "email": "cleo@example.com"})
        answers = answers_for(server, company)
        for flag in file["flags"]:
            assert answers[flag] == evaluator.resolve_boolean_value(flag, False, context).value, f"seed {seed}: {flag} for {company}"
            compared += answers[flag]
    assert 50 < compared < 670, f"seed {seed}: nearly all alike shows nothing"
