"""gatectl backup and restore-backup: a copy of a server at work, and what clients see after it took the database's place."""

import sqlite3
import stat
import threading

import httpx
import pytest
from httpx_sse import connect_sse

from conftest import Gatectl, Server

WHY = ("--reason", "backup test")


@pytest.fixture
def place(tmp_path):
    """A folder for a database, servers started on it one after the other, and gatectl for the one that runs."""

    class Place:
        folder = tmp_path / "server"
        database = folder / "gate.db"
        server = None

        def start(self):
            self.server = Server(self.folder, "--limit", "writes_per_token=0")
            self.gatectl = Gatectl(tmp_path, GATE_URL=self.server.url, GATE_TOKEN=self.server.token)

        def stop(self):
            self.server.stop()
            self.server = None

    place = Place()
    place.folder.mkdir()
    place.start()
    yield place
    if place.server:
        place.stop()


def test_a_restored_server_answers_as_at_the_backup_and_clients_begin_anew(place, tmp_path):
    gatectl, file = place.gatectl, tmp_path / "backup.db"
    for company in ("acme", "globex"):
        gatectl.done("company", "add", company, *WHY)
    gatectl.done("flag", "create", "embed", *WHY)
    gatectl.done("set", "embed", "on", *WHY)
    gatectl.done("set", "embed", "on", "--company", "acme", *WHY)
    before = place.server.get("/v1/admin/status").json()
    answer = place.server.get("/v1/feature_flags", company_id="acme")

    receipt = gatectl.done("backup", file).json
    assert receipt["revision"] == before["revision"] and receipt["chain_head"] == before["chain_head"]
    assert receipt["changes_checked"] == before["revision"] and receipt["bytes"] == file.stat().st_size
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.glob("backup*")] == ["backup.db"]
    assert not list(place.folder.glob("*.backup"))

    gatectl.done("set", "embed", "off", "--company", "acme", *WHY)
    last = place.server.get("/v1/feature_flags", company_id="acme")
    refused = gatectl("restore-backup", file, "--database", place.database)
    assert refused.code == 5 and refused.problem["code"] == "database_locked", refused
    place.stop()

    restored = gatectl.done("restore-backup", file, "--database", place.database).json
    assert restored["revision"] == before["revision"] and restored["incarnation"] != before["incarnation"]
    with sqlite3.connect(restored["replaced"]) as replaced:
        assert replaced.execute("SELECT revision FROM head").fetchone() == (before["revision"] + 1,)

    place.start()
    after = place.server.get("/v1/admin/status").json()
    assert (after["revision"], after["chain_head"]) == (before["revision"], before["chain_head"])
    assert after["incarnation"] == restored["incarnation"]
    again = place.server.get("/v1/feature_flags", company_id="acme")
    assert again.json() == answer.json() and again.json() != last.json()
    # An ETag, a position and a place in the stream from before say nothing any more.
    headers = {
        "Authorization": f"Bearer {place.server.token}", "If-None-Match": answer.headers["ETag"],
        "Gate-Min-Revision": last.headers["Gate-Revision"],
    }
    with httpx.Client(base_url=place.server.url, headers=headers, timeout=10) as client:
        assert client.get("/v1/feature_flags", params={"company_id": "acme"}).status_code == 200
        resumed = {"Last-Event-ID": last.headers["Gate-Revision"]}
        subject = {"company_id": "acme", "user_id": "ana"}
        with connect_sse(client, "GET", "/v1/stream", params=subject, headers=resumed) as stream:
            first = next(stream.iter_sse())
        assert first.event == "flags" and first.id.startswith(restored["incarnation"])
    place.gatectl.done("set", "embed", "off", "--company", "acme", *WHY)
    place.gatectl.done("audit", "verify")


def test_a_backup_is_of_one_moment_while_writes_go_on(place, tmp_path):
    gatectl, over = place.gatectl, threading.Event()
    gatectl.done("flag", "create", "embed", *WHY)
    revisions = []

    def write():
        while not over.is_set():
            answer = place.server.request(
                "PATCH", "/v1/admin/flags/embed", params={"reason": "x"}, json={"description": f"{len(revisions)}"})
            revisions.append(answer.json()["revision"])

    writer = threading.Thread(target=write)
    writer.start()
    taken = [gatectl.done("backup", tmp_path / f"{number}.db").json for number in range(3)]
    over.set()
    writer.join()
    assert taken[0]["revision"] < taken[1]["revision"] < taken[2]["revision"] <= revisions[-1]
    for receipt in taken:
        assert place.server.get(f"/v1/admin/changes/{receipt['revision']}").json()["hash"] == receipt["chain_head"]


def test_1_a_backup_that_was_tampered_with_is_not_restored(place, tmp_path):
    file = tmp_path / "backup.db"
    place.gatectl.done("backup", file)
    place.stop()
    held = place.database.read_bytes()
    with sqlite3.connect(file) as backup:
        for (trigger,) in backup.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            backup.execute(f'DROP TRIGGER "{trigger}"')
        backup.execute("UPDATE changes SET reason = 'somebody else' WHERE revision = 1")
    result = place.gatectl("restore-backup", file, "--database", place.database)
    assert result.code == 1 and result.problem["code"] == "database_damaged" and "change 1" in result.problem["detail"]
    assert place.database.read_bytes() == held and not list(place.folder.glob("*restor*"))


def test_5_what_is_there_is_not_overwritten(gatectl, tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("mine")
    result = gatectl("backup", file)
    assert result.code == 5 and result.problem["code"] == "file_exists" and file.read_text() == "mine"


def test_6_only_an_admin_takes_one(gatectl, tmp_path):
    for kind in ("ops", "read", "service"):
        token = gatectl.done("token", "create", "--kind", kind, *WHY).json["token"]
        result = gatectl("backup", tmp_path / "no.db", GATE_TOKEN=token)
        assert result.code == 6 and result.problem["code"] == "right_missing"
    assert not list(tmp_path.glob("no.db*"))


@pytest.mark.parametrize("file, code", [("/does/not/exist", 2), ("empty.db", 1), ("text.db", 1)])
def test_what_is_no_backup_makes_no_database(gatectl, tmp_path, file, code):
    (tmp_path / "empty.db").touch()
    (tmp_path / "text.db").write_text("no database at all\n" * 1000)
    result = gatectl("restore-backup", tmp_path / file, "--database", tmp_path / "gate.db")
    assert result.code == code, result
    assert not (tmp_path / "gate.db").exists()


def test_7_nobody_to_take_one_from(gatectl, tmp_path):
    result = gatectl("backup", tmp_path / "no.db", GATE_URL="http://127.0.0.1:9")
    assert result.code == 7 and not list(tmp_path.glob("no.db*"))
