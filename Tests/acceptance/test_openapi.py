"""The API's document: valid, true in its examples, and kept by the server under thousands of requests that others made up."""

import json
import os
import pathlib
import re
import subprocess
import sys

import jsonschema
import pytest
import referencing
import referencing.jsonschema
import requests
from conftest import Server
from openapi_spec_validator import OpenAPIV31SpecValidator

ROOT = pathlib.Path(__file__).resolve().parent
# What runs the other way would be refused for how often it asks; connections are counted all the same.
UNLIMITED = ["writes_per_token", "evaluations_per_user", "events_per_user", "failed_logins_per_minute"]


@pytest.fixture(scope="module")
def described(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("described"), *[part for name in UNLIMITED for part in ("--limit", f"{name}=0")])
    yield server
    server.stop()


@pytest.fixture(scope="module")
def document(described):
    return requests.get(f"{described.url}/openapi.json", timeout=20).json()


def test_the_document_is_valid(document):
    assert document["openapi"].startswith("3.1.")
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_every_example_is_what_its_schema_says(document):
    resource = referencing.Resource(contents=document, specification=referencing.jsonschema.DRAFT202012)
    registry = referencing.Registry().with_resource("", resource)
    checked = []
    for name, schema in document["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        validator = jsonschema.Draft202012Validator(
            {"$ref": f"#/components/schemas/{name}"}, registry=registry, _resolver=registry.resolver(""),
            format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
        for example in schema.get("examples", []):
            errors = [f"{list(error.path)}: {error.message}" for error in validator.iter_errors(example)]
            assert errors == [], name
            checked.append(name)
    assert len(checked) > 50


def test_what_is_stored_is_sent_again_only_when_it_changes(described):
    first = requests.get(f"{described.url}/openapi.json", timeout=20)
    tag = first.headers["ETag"]
    assert re.fullmatch(r'"[^"]+"', tag) and first.headers["Content-Type"] == "application/json"
    again = requests.get(f"{described.url}/openapi.json", headers={"If-None-Match": tag}, timeout=20)
    assert again.status_code == 304 and again.content == b""
    head = requests.head(f"{described.url}/openapi.json", timeout=20)
    assert head.status_code == 200 and head.headers["Content-Length"] == str(len(first.content))


@pytest.mark.parametrize("path", ["/v1/feature_flags?company_id=acme", "/openapi.json", "/livez"])
def test_redbot_finds_nothing_to_warn_of(described, path):
    command = [sys.executable, ROOT / "redbot_notes.py", f"{described.url}{path}", f"Authorization:Bearer {described.token}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    notes = [json.loads(line) for line in done.stdout.splitlines()]
    print(done.stdout, done.stderr)
    assert done.returncode == 0 and any(note["note"] == "CL_CORRECT" for note in notes)
    assert [note for note in notes if note["level"] in ("WARN", "BAD")] == []


def schemathesis(server, folder):
    """Runs it over the whole document, and gives what it printed."""
    command = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", "schemathesis.toml", "run", f"{server.url}/openapi.json",
        "--report", "ndjson", "--report-dir", str(folder),
    ]
    environment = {**os.environ, "GATE_TOKEN": server.token, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=ROOT / "schemathesis", env=environment, capture_output=True, text=True, timeout=900)
    print(done.stdout[-20_000:], done.stderr[-5_000:])
    return done


def test_the_server_keeps_what_the_document_says(described, tmp_path):
    done = schemathesis(described, tmp_path)
    assert done.returncode == 0, "schemathesis found something: its report is above"
    cases = int(re.search(r"(\d+) generated", done.stdout)[1])
    print(f"schemathesis cases={cases}")
    assert cases > 10_000, "it did not get as far as it should"
