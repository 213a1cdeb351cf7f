"""gatectl against a real server: its exit codes, what it prints, and that it does what it says."""

import http.server
import json
import os
import pathlib
import socket
import sqlite3
import stat
import threading
import uuid

import pytest

from conftest import Gatectl

FLAG = "cdp_create_ticket_embed"
PREREQUISITE = "unify_ticket_omnichannel_view"
GATE = "canCreateTicket"
PERMISSION = "tickets_ticket_create"
WHY = ("--reason", "acceptance test")


@pytest.fixture
def company(gatectl):
    """A company that no other test touches."""
    name = f"co-{uuid.uuid4().hex[:10]}"
    gatectl.done("company", "add", name, *WHY)
    return name


@pytest.fixture
def enabled(gatectl):
    """Both flags' master switches on."""
    for flag in (FLAG, PREREQUISITE):
        gatectl.done("set", flag, "on", *WHY)


def give_everything(gatectl, company, user):
    gatectl.done("set", PREREQUISITE, "on", "--company", company, *WHY)
    gatectl.done("set", FLAG, "on", "--company", company, *WHY)
    gatectl.done("permission", "set", PERMISSION, "on", "--user", user, "--company", company, *WHY)


# Exit codes


def test_0_test_of_a_gate_that_is_open(gatectl, company, enabled):
    give_everything(gatectl, company, "ana")
    result = gatectl("test", GATE, "--company", company, "--user", "ana")
    assert result.code == 0, result
    assert result.json["allowed"] is True


@pytest.mark.parametrize(
    "arguments",
    [
        ("set", FLAG, "perhaps", *WHY),
        ("set", "no spaces here", "on", *WHY),
        ("set", FLAG, "on", "--compny", "acme", *WHY),
        ("nonsense",),
        ("flag", "list", "--limit", "0"),
        ("--output", "xml", "status"),
        ("apply", "-f", "/does/not/exist", *WHY),
        ("status", "--context", "nowhere"),
        ("set", FLAG, "on", "--reason", "bell\x07"),
        ("set", FLAG, "on", "--reason", "x" * 501),
        ("explain", GATE, "--company", "acme"),
    ],
    ids=lambda arguments: " ".join(arguments)[:50],
)
def test_2_usage(gatectl, server, arguments):
    before = server.revision
    result = gatectl(*arguments)
    assert result.code == 2, result
    assert result.err and not result.out
    assert server.revision == before


def test_2_a_write_without_a_reason(gatectl, server, company):
    before = server.revision
    for more in ((), ("--no-input",)):
        result = gatectl("set", FLAG, "on", "--company", company, *more)
        assert result.code == 2
        assert result.problem["code"] == "reason_missing" and "--reason" in result.problem["detail"]
    assert server.revision == before


def test_3_test_of_a_gate_that_is_shut(gatectl, company):
    result = gatectl("test", GATE, "--company", company, "--user", "nobody", "--output", "table")
    assert result.code == 3
    assert "denied" in result.out and PERMISSION in result.out and FLAG in result.out


def test_4_an_unknown_company_is_refused_with_the_nearest_names(gatectl, server, company):
    before, mistyped = server.revision, company[:-1] + "_"
    result = gatectl("set", FLAG, "off", "--company", mistyped, *WHY)
    assert result.code == 4, result
    assert result.problem["code"] == "company_unknown" and company in result.problem["nearest"]
    people = gatectl("set", FLAG, "off", "--company", mistyped, "--output", "table", *WHY)
    assert people.code == 4 and "did you mean" in people.err and company in people.err and "--new-company" in people.err
    assert server.revision == before


@pytest.mark.parametrize("arguments", [("flag", "get", "cdp_create_ticket_embe"), ("explain", "cdp_create_ticket_embe", "--company", "acme")])
def test_4_an_unknown_flag(gatectl, arguments):
    result = gatectl(*arguments)
    assert result.code == 4
    assert FLAG in result.problem["nearest"]


def test_5_a_flag_that_others_stand_on_cannot_be_deleted(gatectl):
    result = gatectl("flag", "delete", PREREQUISITE, *WHY)
    assert result.code == 5
    assert {"kind": "flag", "code": FLAG} in result.problem["dependents"]


def test_5_what_exists_is_not_created_again(gatectl, company):
    result = gatectl("company", "add", company, "--name", "Another", *WHY)
    assert result.code == 5 and result.problem["status"] == 412


def test_6_without_and_with_a_wrong_token(gatectl, server):
    assert Gatectl(gatectl.home, GATE_URL=server.url)("status").code == 6
    assert gatectl("status", GATE_TOKEN="gate_admin_wrong").code == 6


def test_6_a_token_that_lacks_the_right(gatectl, company):
    token = gatectl.done("token", "create", "--kind", "read", "--name", "wall", *WHY).json["token"]
    assert gatectl("flag", "list", GATE_TOKEN=token).code == 0
    result = gatectl("set", FLAG, "on", "--company", company, *WHY, GATE_TOKEN=token)
    assert result.code == 6 and result.problem["code"] == "right_missing"


def test_7_nobody_listens(gatectl):
    with socket.socket() as idle:
        idle.bind(("127.0.0.1", 0))
        result = gatectl("set", FLAG, "on", *WHY, GATE_URL=f"http://127.0.0.1:{idle.getsockname()[1]}")
    assert result.code == 7 and result.problem["code"] == "unreachable"


@pytest.fixture
def unsteady():
    """A server that takes a request and hangs up; the keys it was sent, and after how many it begins to answer."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        keys, patience = [], 99

        def do_PATCH(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.keys.append(self.headers["Idempotency-Key"])
            if len(self.keys) <= type(self).patience:
                self.close_connection = True
                return
            body = b'{"revision":1,"changed":true,"impact":{"flags":[],"gates":[],"total":0,"truncated":false}}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    Handler.url = f"http://127.0.0.1:{listener.server_port}"
    yield Handler
    listener.shutdown()
    listener.server_close()


def test_7_a_write_whose_connection_breaks_is_repeated_once_with_its_key(gatectl, unsteady):
    result = gatectl("set", FLAG, "on", *WHY, GATE_URL=unsteady.url)
    assert result.code == 7
    assert result.problem["code"] == "outcome_unknown" and "gatectl history" in result.problem["detail"]
    assert len(unsteady.keys) == 2 and len(set(unsteady.keys)) == 1 and unsteady.keys[0]


def test_0_a_write_that_gets_through_the_second_time(gatectl, unsteady):
    unsteady.patience = 1
    assert gatectl("set", FLAG, "on", *WHY, GATE_URL=unsteady.url).code == 0
    assert len(set(unsteady.keys)) == 1


def test_1_a_history_that_was_tampered_with(gatectl, another_server):
    here = {"GATE_URL": another_server.url, "GATE_TOKEN": another_server.token}
    gatectl.done("company", "add", "acme", *WHY, **here)
    gatectl.done("audit", "verify", **here)
    with sqlite3.connect(another_server.database) as database:
        for (trigger,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{trigger}"')
        tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        log = next(table for table in tables if table in ("changes", "change_log", "change"))
        database.execute(f"UPDATE {log} SET reason = 'somebody else' WHERE revision = (SELECT max(revision) FROM {log})")
    result = gatectl("audit", "verify", **here)
    assert result.code == 1, result
    assert result.json["valid"] is False and result.json["problems"]


# What it prints


@pytest.mark.parametrize(
    "arguments, path, query",
    [
        (("flag", "get", FLAG), f"/v1/admin/flags/{FLAG}", {}),
        (("flag", "list"), "/v1/admin/flags", {}),
        (("flag", "dependents", PREREQUISITE), f"/v1/admin/flags/{PREREQUISITE}/dependents", {}),
        (("flag", "companies", FLAG), f"/v1/admin/flags/{FLAG}/companies", {"limit": 1000}),
        (("company", "list", "--limit", "1"), "/v1/admin/companies", {"limit": 1}),
        (("role", "get", "support_agent"), "/v1/admin/roles/support_agent", {}),
        (("gate", "get", GATE), f"/v1/admin/gates/{GATE}", {}),
        (("permission", "list-keys"), "/v1/admin/permissions", {}),
        (("history", FLAG, "--limit", "2"), "/v1/admin/changes", {"flag": FLAG, "limit": 2}),
        (("show", "1"), "/v1/admin/changes/1", {}),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else None,
)
def test_json_is_the_body_of_the_api(gatectl, server, company, arguments, path, query):
    result = gatectl.done(*arguments, "--output", "json")
    assert result.out == server.get(path, **query).text + "\n"
    assert result.json == server.get(path, **query).json()
    assert gatectl.done("--output", "json", *arguments).out == result.out


def test_explain_and_test_print_the_decision(gatectl, server, company):
    about = {"company_id": company, "user_id": "ana"}
    assert gatectl.done("explain", GATE, "--company", company, "--user", "ana").json == server.get("/v1/admin/explain", gate=GATE, **about).json()
    assert gatectl.done("explain", FLAG, "--company", company).json == server.get("/v1/admin/explain", flag=FLAG, company_id=company).json()
    assert gatectl("test", GATE, "--company", company, "--user", "ana").json == server.get(f"/v1/gates/{GATE}", **about).json()
    gatectl.done("permission", "set", PERMISSION, "on", "--user", "ana", "--company", company, "--reason", "told to")
    people = gatectl.done("explain", GATE, "--company", company, "--user", "ana", "--output", "table").out
    assert all(name in people for name in (GATE, PERMISSION, FLAG, PREREQUISITE)) and "told to" in people


def test_a_list_goes_on_over_every_page(gatectl, server, tmp_path):
    lines = [{"kind": "company", "id": f"many-{number:04}", "name": f"Company {number}"} for number in range(1005)]
    file = tmp_path / "companies.ndjson"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert gatectl.done("company", "import", file, *WHY).json["lines"] == len(lines)
    out = gatectl.done("company", "list", "--output", "table").out
    assert "many-0000" in out and "many-1004" in out
    pages = [json.loads(page) for page in gatectl.done("company", "list").out.splitlines()]
    assert len(pages) > 1 and pages[0]["next"] and "next" not in pages[-1]


def test_a_dry_run_writes_nothing_and_names_who_flips(gatectl, server, company, enabled):
    give_everything(gatectl, company, "ana")
    before = server.revision
    result = gatectl.done("set", FLAG, "off", "--company", company, "--dry-run", *WHY)
    assert {"code": FLAG, "company_id": company, "before": True, "after": False} in result.json["impact"]["flags"]
    people = gatectl.done("set", FLAG, "off", "--company", company, "--dry-run", "--output", "table", *WHY).out
    assert FLAG in people and company in people and "on → off" in people
    assert GATE in people and "dry run: nothing was written" in people
    assert server.revision == before


def test_a_receipt_says_what_flips_and_what_does_not_change(gatectl, server, company, enabled):
    gatectl.done("set", PREREQUISITE, "on", "--company", company, *WHY)
    first = gatectl.done("set", FLAG, "on", "--company", company, "--output", "table", *WHY).out
    assert f"revision {server.revision}" in first and company in first and "off → on" in first
    before = server.revision
    assert "nothing changes: it already was so" in gatectl.done("set", FLAG, "on", "--company", company, "--output", "table", *WHY).out
    assert server.revision == before


def test_nothing_from_the_server_reaches_a_person_unescaped(gatectl, company, server):
    name = "evil \u202e\u200f name"
    written = server.request("PUT", f"/v1/admin/companies/{company}", params={"reason": "x"}, json={"id": company, "name": name})
    out = gatectl.done("company", "get", company, "--output", "table").out
    assert not {"\u202e", "\u200f", "\x1b"} & set(out)
    if written.ok:
        assert "evil" in out


def test_no_colour_in_a_pipe(gatectl):
    assert "\x1b" not in gatectl.done("flag", "list", "--output", "table").out


# What it does


def test_set_clear_hold_and_resume(gatectl, server, company, enabled):
    def state():
        rows = server.get(f"/v1/admin/flags/{FLAG}/companies", limit=1000).json()["data"]
        return next(row for row in rows if row["company_id"] == company)

    give_everything(gatectl, company, "ana")
    assert state()["value"] is True
    gatectl.done("hold", FLAG, "--company", company, *WHY)
    assert state()["held"] is True and state()["value"] is False and state()["enabled"] is True
    gatectl.done("resume", FLAG, "--company", company, *WHY)
    assert state()["value"] is True
    gatectl.done("clear", FLAG, "--company", company, *WHY)
    assert state()["enabled"] is None and state()["value"] is False


def test_set_for_companies_and_groups_is_one_change(gatectl, server, company):
    group = f"g-{company}"
    others = [f"{company}-{letter}" for letter in "ab"]
    for other in others:
        gatectl.done("company", "add", other, "--group", group, *WHY)
    before = server.revision
    gatectl.done("set", FLAG, "on", "--company", company, "--group", group, *WHY)
    assert server.revision == before + 1
    rows = server.get(f"/v1/admin/flags/{FLAG}/companies", state="on", limit=1000).json()["data"]
    assert {company, *others} <= {row["company_id"] for row in rows}
    assert gatectl.done("company", "list", "--group", group).json["data"] == [
        server.get(f"/v1/admin/companies/{other}").json() for other in others
    ]


def test_new_company_registers(gatectl, server):
    name = f"new-{uuid.uuid4().hex[:8]}"
    assert gatectl("set", FLAG, "on", "--company", name, *WHY).code == 4
    gatectl.done("set", FLAG, "on", "--company", name, "--new-company", *WHY)
    assert server.get(f"/v1/admin/companies/{name}").status_code == 200


def test_undo_restores_and_is_refused_when_it_was_changed_since(gatectl, server, company):
    path = f"/v1/admin/flags/{FLAG}/companies/{company}"
    first = gatectl.done("set", FLAG, "on", "--company", company, *WHY).json["revision"]
    gatectl.done("undo", first, *WHY)
    assert server.get(path).status_code == 404
    second = gatectl.done("set", FLAG, "on", "--company", company, *WHY).json["revision"]
    gatectl.done("set", FLAG, "off", "--company", company, *WHY)
    refused = gatectl("undo", second, *WHY)
    assert refused.code == 5 and refused.problem["conflicts"]
    gatectl.done("undo", second, "--force", *WHY)
    assert server.get(path).status_code == 404


def test_history_show_and_audit(gatectl, server, company):
    revision = gatectl.done("set", FLAG, "on", "--company", company, "--reason", "a reason to find").json["revision"]
    latest = gatectl.done("history", FLAG, "--company", company, "--limit", "1").json["data"][0]
    assert latest["revision"] == revision and latest["reason"] == "a reason to find"
    assert gatectl.done("history", "--actor", latest["actor"], "--limit", "1").json["data"][0]["revision"] == revision
    shown = gatectl.done("show", revision, "--output", "table").out
    assert "a reason to find" in shown and company in shown and "enabled: on" in shown
    assert gatectl.done("audit", "verify").json["valid"] is True


def test_permissions_and_roles(gatectl, company):
    who = ("--user", "ana:1@x", "--company", company)

    def state():
        rows = gatectl.done("permission", "list", *who).json["data"]
        return next(row for row in rows if row["name"] == PERMISSION)

    assert state()["is_enabled"] is False
    gatectl.done("role", "grant", "support_agent", *who, *WHY)
    assert (state()["is_enabled"], state()["reason"]) == (True, "role")
    gatectl.done("permission", "set", PERMISSION, "off", *who, *WHY)
    assert (state()["is_enabled"], state()["reason"]) == (False, "user_off")
    gatectl.done("permission", "clear", PERMISSION, *who, *WHY)
    gatectl.done("role", "revoke", "support_agent", *who, *WHY)
    assert state()["reason"] == "not_granted"


def test_definitions_are_created_edited_and_deleted(gatectl):
    code = f"f-{uuid.uuid4().hex[:8]}"
    gatectl.done("flag", "create", code, "--owner", "crm", "--prerequisite", PREREQUISITE, "--review-by", "2020-01-01", *WHY)
    assert code in [flag["code"] for flag in gatectl.done("flag", "stale").json["data"]]
    gatectl.done("flag", "edit", code, "--permanent", "--clear", "review_by", "--clear", "prerequisites", *WHY)
    flag = gatectl.done("flag", "get", code).json
    assert flag["permanent"] is True and flag["owner"] == "crm" and not flag["review_by"] and flag["prerequisites"] == []
    gatectl.done("gate", "create", f"g-{code}", "--flag", code, *WHY)
    assert gatectl("flag", "delete", code, *WHY).code == 5
    gatectl.done("gate", "delete", f"g-{code}", *WHY)
    gatectl.done("flag", "delete", code, *WHY)
    assert gatectl("flag", "get", code).code == 4


def test_importing_users(gatectl, company, tmp_path):
    file = tmp_path / "users.ndjson"
    users = [{"kind": "user", "company_id": company, "user_id": f"u{number}", "permissions": {PERMISSION: True}, "roles": []} for number in range(50)]
    file.write_text("".join(json.dumps(user) + "\n" for user in users))
    assert gatectl.done("permission", "import", file, *WHY).json["lines"] == 50
    assert len(gatectl.done("user", "list", "--company", company).json["data"]) == 50
    assert gatectl.done("permission", "import", "-", *WHY, stdin=file.read_text()).json["lines"] == 50
    file.write_text('{"kind":"user","company_id":"' + company + '"}\n')
    assert gatectl("permission", "import", file, *WHY).code == 2


def test_what_was_exported_is_applied_without_a_change(gatectl, server, company, tmp_path):
    # Words that YAML takes for something else must come back as they went.
    gatectl.done("company", "edit", company, "--name", "yes", *WHY)
    gatectl.done("permission", "define", "k-123", "--name", "123", "--description", "colon: and # and 'quote'", *WHY)
    folder = tmp_path / "export"
    gatectl.done("export", "--to", folder)
    assert {file.name for file in folder.iterdir()} >= {"flag.yaml", "company.yaml", "permission.yaml", "role.yaml", "gate.yaml"}
    first = {file.name: file.read_text() for file in folder.iterdir()}
    assert gatectl.done("plan", "-f", folder).json["operations"] == []
    before = server.revision
    assert gatectl.done("apply", "-f", folder, *WHY).json["changed"] is False
    assert server.revision == before
    gatectl.done("export", "--to", folder)
    assert {file.name: file.read_text() for file in folder.iterdir()} == first


def test_apply_does_what_was_planned_or_nothing(gatectl, server, tmp_path):
    code = f"planned-{uuid.uuid4().hex[:8]}"
    file = tmp_path / "flag.yaml"
    file.write_text(f"kind: flag\nname: {code}\nowner: crm\n")
    plan = gatectl.done("plan", "-f", file).json
    people = gatectl.done("plan", "-f", file, "--output", "table").out
    assert f"+ flag {code}" in people and plan["plan_hash"] in people
    file.write_text(f"kind: flag\nname: {code}\nowner: cdp\n")
    before = server.revision
    refused = gatectl("apply", "-f", file, "--plan", plan["plan_hash"], *WHY)
    assert refused.code == 5 and refused.problem["code"] == "plan_changed"
    assert server.revision == before
    gatectl.done("apply", "-f", file, "--plan", gatectl.done("plan", "-f", file).json["plan_hash"], *WHY)
    assert gatectl.done("flag", "get", code).json["owner"] == "cdp"


# Servers, tokens, help


def test_login_contexts_and_diff(gatectl, server, another_server):
    bare = Gatectl(gatectl.home)
    assert bare("status").code == 2
    for name, known in (("one", server), ("two", another_server)):
        login = bare.done("login", name, "--url", known.url, stdin=known.token + "\n")
        assert known.token not in login.out + login.err
    config = pathlib.Path(bare.environment["XDG_CONFIG_HOME"]) / "gate" / "config.json"
    content = json.loads(config.read_text())
    assert content["current"] == "two" and content["contexts"]["one"]["url"] == server.url
    for file in (config, pathlib.Path(content["contexts"]["one"]["token_file"])):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert bare.done("status").json["incarnation"] == another_server.get("/v1/admin/status").json()["incarnation"]
    assert bare.done("status", "--context", "one").json["incarnation"] == server.get("/v1/admin/status").json()["incarnation"]
    bare.done("company", "add", "only-in-two", *WHY)
    differences = bare.done("diff", "--context", "one", "--against", "two").json["differences"]
    assert "company only-in-two" in [difference["entity"] for difference in differences]
    bare.done("context", "remove", "two")
    assert bare("status").code == 2


def test_a_contexts_token_goes_to_its_own_server_only(gatectl, server):
    bare = Gatectl(gatectl.home)
    bare.done("login", "one", "--url", server.url, stdin=server.token)
    seen = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append(self.headers.get("Authorization"))
            self.send_response(401)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as stranger:
        threading.Thread(target=stranger.serve_forever, daemon=True).start()
        assert bare("status", "--url", f"http://127.0.0.1:{stranger.server_port}").code == 6
        stranger.shutdown()
    assert seen == [None]


def test_a_token_file_that_others_can_read_is_warned_of(gatectl, server, tmp_path):
    file = tmp_path / "token"
    file.write_text(server.token)
    os.chmod(file, 0o644)
    bare = Gatectl(gatectl.home, GATE_URL=server.url)
    assert "can be read by others" in bare.done("status", "--token-file", file).err
    os.chmod(file, 0o600)
    assert bare.done("status", "--token-file", file).err == ""


def test_tokens_are_made_listed_and_revoked(gatectl, company):
    made = gatectl.done("token", "create", "--kind", "ops", "--flag", FLAG, "--company", company, "--expires-in", "7d", *WHY).json
    assert made["token"].startswith("gate_ops_")
    listed = gatectl.done("token", "list")
    assert made["id"] in listed.out and made["token"] not in listed.out
    gatectl.done("token", "revoke", made["id"], *WHY)
    assert gatectl("status", GATE_TOKEN=made["token"]).code == 6


def test_doctor(gatectl):
    checks = gatectl.done("doctor").json["checks"]
    assert {check["check"] for check in checks} >= {"address", "token", "server", "right", "history"}
    assert all(check["ok"] for check in checks)
    assert gatectl("doctor", GATE_TOKEN="gate_admin_wrong").code == 6
    assert gatectl("doctor", GATE_URL="http://127.0.0.1:1").code == 7


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completions(gatectl, shell):
    script = gatectl.done("--generate-completion-script", shell).out
    assert "gatectl" in script and "permission" in script and "dry-run" in script


def commands(description, path=()):
    path = (*path, description["commandName"])
    below = [command for command in description.get("subcommands", []) if command["commandName"] != "help"]
    return [(path[1:], description)] + [found for command in below for found in commands(command, path)]


def test_the_help_of_every_command_has_examples(gatectl):
    tree = json.loads(gatectl.done("--experimental-dump-help").out)["command"]
    found = commands(tree)
    assert len(found) > 50
    for path, description in found:
        assert "Examples:\n  gatectl" in description.get("discussion", ""), path
        shown = gatectl.done(*path, "--help").out
        assert "Examples:" in shown, path
