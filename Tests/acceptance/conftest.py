"""What the acceptance tests stand on: a real gate-server on a database of its own, and gatectl as a person runs it."""

import json
import os
import pathlib
import re
import select
import shutil
import subprocess
import time

import pytest
import requests

ROOT = pathlib.Path(__file__).resolve().parents[2]


def binary(variable, name):
    path = pathlib.Path(os.environ.get(variable) or ROOT / ".build" / "debug" / name)
    if not path.exists():
        pytest.fail(f"{path} is not built (or name it with {variable})")
    return str(path)


class Server:
    """One gate-server process, and its admin API over plain HTTP."""

    def __init__(self, folder, *arguments, seeds=ROOT / "seeds"):
        self.database = folder / "gate.db"
        self.token_file = folder / "admin.token"
        self.log = open(folder / "server.log", "wb")
        self.process = subprocess.Popen(
            [
                binary("GATE_SERVER_BIN", "gate-server"), "--database", str(self.database), "--seeds", str(seeds), "--port", "0",
                "--bootstrap-token-file", str(self.token_file), *arguments,
            ],
            cwd=folder, stdout=subprocess.PIPE, stderr=self.log,
        )
        self.url = self._address()

    def _address(self, patience=30):
        """The address from the one line that the server prints when it is ready."""
        text, end = b"", time.monotonic() + patience
        while time.monotonic() < end:
            ready, _, _ = select.select([self.process.stdout], [], [], 0.2)
            if ready:
                piece = os.read(self.process.stdout.fileno(), 4096)
                text += piece
                found = re.search(rb"^gate-server listening on (https?://\S+)\n", text, re.M)
                if found:
                    return found.group(1).decode()
                if not piece:
                    break
        self.stop()
        pytest.fail(f"gate-server did not become ready; it printed {text!r}, see {self.log.name}")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.log.close()

    @property
    def token(self):
        return self.token_file.read_text().strip()

    def request(self, method, path, token=None, **options):
        headers = {"Authorization": f"Bearer {token or self.token}"}
        return requests.request(method, f"{self.url}{path}", headers=headers, timeout=20, **options)

    def get(self, path, **query):
        return self.request("GET", path, params=query)

    @property
    def revision(self):
        return self.get("/v1/admin/status").json()["revision"]


class Result:
    """How one run of gatectl ended."""

    def __init__(self, process):
        self.code, self.out, self.err = process.returncode, process.stdout, process.stderr

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def problem(self):
        return json.loads(self.err)

    def __repr__(self):
        return f"exit {self.code}\n--- out\n{self.out}\n--- err\n{self.err}"


class Gatectl:
    """Runs gatectl in an environment that holds nothing but what a test gives it."""

    def __init__(self, home, **environment):
        self.home = home
        self.environment = {"HOME": str(home), "XDG_CONFIG_HOME": str(home / "config"), "PATH": os.environ["PATH"], **environment}

    def __call__(self, *arguments, stdin=None, **environment):
        command = [binary("GATECTL_BIN", "gatectl"), *map(str, arguments)]
        options = {"input": stdin} if stdin is not None else {"stdin": subprocess.DEVNULL}
        return Result(
            subprocess.run(
                command, capture_output=True, text=True, timeout=90, cwd=self.home, env={**self.environment, **environment}, **options))

    def done(self, *arguments, **options):
        result = self(*arguments, **options)
        assert result.code == 0, result
        return result


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    # Many tests write with one token, as fast as they can.
    server = Server(tmp_path_factory.mktemp("server"), "--limit", "writes_per_token=0")
    yield server
    server.stop()


@pytest.fixture
def another_server(tmp_path):
    """A server of the test's own, for what would harm the others."""
    folder = tmp_path / "another"
    folder.mkdir()
    server = Server(folder, "--limit", "writes_per_token=0")
    yield server
    server.stop()


@pytest.fixture
def gatectl(server, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    yield Gatectl(home, GATE_URL=server.url, GATE_TOKEN=server.token)
    shutil.rmtree(home, ignore_errors=True)
