"""A gate-server of this tree, as `--demo` starts it, in a folder of its own."""

import json
import os
import pathlib
import re
import select
import subprocess
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[3]
FLAG = "cdp_create_ticket_embed"


def binary():
    """The program to test: GATE_SERVER_BIN, or what was built for debugging."""
    path = pathlib.Path(os.environ.get("GATE_SERVER_BIN") or ROOT / ".build" / "debug" / "gate-server")
    return path if path.exists() else None


class DemoServer:
    """One process; it may be stopped and started again on the same port and database."""

    def __init__(self, folder, options=()):
        self.folder = folder
        self.options = list(options)
        (folder / "seeds").symlink_to(ROOT / "seeds")
        self.port = "0"
        self.start()

    def start(self):
        environment = dict(os.environ, XDG_CONFIG_HOME=str(self.folder / "config"))
        self.log = open(self.folder / "gate.log", "ab")
        self.process = subprocess.Popen(
            [str(binary()), "--demo", "--port", self.port, *self.options], cwd=self.folder, env=environment, stdout=subprocess.PIPE, stderr=self.log)
        self.url = self.address()
        self.port = self.url.rpartition(":")[2]

    def address(self, patience=30):
        text, end = b"", time.monotonic() + patience
        while time.monotonic() < end:
            if select.select([self.process.stdout], [], [], 0.2)[0]:
                piece = os.read(self.process.stdout.fileno(), 4096)
                text += piece
                found = re.search(rb"^gate-server listening on (http://\S+)\n", text, re.M)
                if found:
                    return found.group(1).decode()
                if not piece:
                    break
        self.stop()
        raise AssertionError(f"gate-server did not become ready; it printed {text!r}, see {self.log.name}")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.log.close()

    def admin(self, method, path, body=None):
        token = (self.folder / ".gate" / "admin.token").read_text().strip()
        request = urllib.request.Request(f"{self.url}/v1/admin/{path}", method=method, data=None if body is None else json.dumps(body).encode(),
                                         headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read())

    def set(self, company, enabled, wait=""):
        return self.admin("PUT", f"flags/{FLAG}/companies/{company}?reason=browser+test{wait}", {"enabled": enabled})

    def token(self, company, user):
        request = urllib.request.Request(f"{self.url}/demo/token", data=json.dumps({"company": company, "user": user}).encode(),
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read())["token"]
