"""A stand-in for gate-server's API, in threads, that can be told to misbehave."""

import json
import queue
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

GATE = "canCreateTicket"
FLAG = "cdp_create_ticket_embed"
PERMISSION = "tickets_ticket_create"


class State:
    """Answers for one user, and every state that they went through."""

    def __init__(self):
        self.incarnation = "inc1"
        self.revision = 1
        self.flags = {"unify_ticket_omnichannel_view": (True, True), FLAG: (True, True)}
        self.gates = {GATE: True}
        self.permissions = {PERMISSION: True, "customers_customernotes_add": False}
        self.history = {1: self.answers()}

    def answers(self):
        return {
            "flags": {code: {"code": code, "enabled": on, "enabled_for_company": mine} for code, (on, mine) in sorted(self.flags.items())},
            "gates": {name: {"gate": name, "allowed": allowed, "reason": "allowed" if allowed else "flag_off"} for name, allowed in sorted(self.gates.items())},
        }

    def difference(self, since):
        """What differs between a state and now; what is no longer there comes as its off state."""
        now = self.answers()
        out = {}
        for kind in ("flags", "gates"):
            changed = [value for name, value in now[kind].items() if since[kind].get(name) != value]
            for name in since[kind].keys() - now[kind].keys():
                changed.append({"code": name, "enabled": False, "enabled_for_company": False} if kind == "flags" else
                               {"gate": name, "allowed": False, "reason": "gate_not_found"})
            out[kind] = changed
        return out

    @property
    def position(self):
        return f"{self.incarnation}-{self.revision}"


class StandIn:
    """The server. `faults` maps a path to what goes wrong there: a status, or one of the words that Handler knows."""

    def __init__(self, pages=None):
        self.state = State()
        self.lock = threading.RLock()
        self.streams = []
        self.opened = []
        self.requests = []
        self.events = []
        self.faults = {}
        self.headers = {}
        self.ping_seconds = 0.25
        self.released = threading.Event()
        self.token_user = None
        self.pages = pages or {}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("BoundHandler", (Handler,), {"standin": self}))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        self.released.set()
        self.cut()
        self.server.shutdown()
        self.server.server_close()

    def set(self, flag=None, gate=None, permission=None, tell=True):
        """One revision: flags as code=(enabled, enabled_for_company) or None to remove, gates and permissions as name=bool."""
        with self.lock:
            before = self.state.answers()
            for target, values in ((self.state.flags, flag), (self.state.gates, gate), (self.state.permissions, permission)):
                for name, value in (values or {}).items():
                    if value is None:
                        target.pop(name, None)
                    else:
                        target[name] = value
            self.state.revision += 1
            self.state.history[self.state.revision] = self.state.answers()
            change = self.state.difference(before)
            if tell and (change["flags"] or change["gates"]):
                self.tell("change", change)

    def off(self, **options):
        self.set(flag={FLAG: (True, False)}, gate={GATE: False}, **options)

    def on(self, **options):
        self.set(flag={FLAG: (True, True)}, gate={GATE: True}, **options)

    def tell(self, event, data, position=None):
        text = data if isinstance(data, str) else json.dumps(data)
        self.write(f"event: {event}\nid: {position or self.state.position}\ndata: {text}\n\n")

    def write(self, text):
        """Raw text to every live stream; None ends them."""
        with self.lock:
            for stream in self.streams:
                stream.put(text)

    def cut(self):
        self.write(None)

    @property
    def live(self):
        with self.lock:
            return len(self.streams)

    def asked(self, path):
        return [request for request in self.requests if request["path"] == path]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    standin: StandIn

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.answer("GET")

    def do_POST(self):
        self.answer("POST")

    def do_OPTIONS(self):
        self.send(204, b"", {
            "Access-Control-Allow-Methods": "GET, POST", "Access-Control-Max-Age": "0",
            "Access-Control-Allow-Headers": "Authorization, If-None-Match, Gate-Min-Revision, Last-Event-ID, Content-Type",
        })

    def answer(self, method):
        path = urlsplit(self.path).path
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.standin.requests.append({"method": method, "path": path, "headers": dict(self.headers), "body": body, "at": time.monotonic()})
        try:
            page = self.standin.pages.get(path)
            fault = self.standin.faults.get(path)
            if fault is None and path.startswith("/v1/"):
                fault = self.standin.faults.get("/v1/*")
            if callable(fault):
                fault = fault()
            if fault is not None:
                return self.misbehave(fault, path)
            if page is not None:
                return page(self)
            if path == "/v1/stream":
                return self.stream()
            if path == "/v1/events" and method == "POST":
                return self.take_events(body)
            self.api(path)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def misbehave(self, fault, path):
        if isinstance(fault, int):
            return self.send(fault, b'{"code":"made_up"}', {"Content-Type": "application/problem+json"})
        if isinstance(fault, dict):
            return self.send(fault["status"], fault.get("body", b""), fault.get("headers", {}))
        if fault == "garbage":
            kind = "text/event-stream" if path == "/v1/stream" else "application/json"
            return self.send(200, b"event: flags\ndata: {\"flags\":[{]]\n\n<html>\x00\xff", {"Content-Type": kind})
        if fault == "html":
            return self.send(200, b"<!doctype html><p>Log in to the hotel's network", {"Content-Type": "text/html"})
        if fault == "hang":
            self.standin.released.wait(60)
        self.close_connection = True

    def send(self, status, body, headers=()):
        self.send_response(status)
        headers = {**dict(headers), **self.standin.headers}
        if self.headers.get("Origin"):
            headers.setdefault("Access-Control-Allow-Origin", self.headers["Origin"])
            headers.setdefault("Access-Control-Allow-Credentials", "true")
            headers.setdefault("Access-Control-Expose-Headers", "ETag, Retry-After, Gate-Revision")
        for name, value in headers.items():
            self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if status not in (204, 304):
            self.wfile.write(body)

    def api(self, path):
        with self.standin.lock:
            state = self.standin.state
            answers = state.answers()
            position = state.position
            if path == "/v1/feature_flags":
                body = {"data": list(answers["flags"].values()), "meta": {"company_id": "acme"}}
            elif path == "/v1/gates":
                body = {"data": list(answers["gates"].values())}
            elif path == f"/v1/gates/{GATE}":
                checks = [{"kind": "permission", "key": PERMISSION, "satisfied": state.permissions[PERMISSION], "reason": "role"}, {
                    "kind": "flag", "code": FLAG, "satisfied": all(state.flags[FLAG]), "reason": "company_on", "prerequisites": [
                        {"code": "unify_ticket_omnichannel_view", "satisfied": True, "reason": "company_on", "prerequisites": []}]}]
                body = {**answers["gates"][GATE], "checks": checks}
            elif path == "/v1/permissions":
                listed = [{"name": name, "is_enabled": on} for name, on in sorted(state.permissions.items())]
                body = {"data": [{"company_id": "acme", "user_id": "agent-1", "permissions": listed}]}
            else:
                return self.send(404, b"{}", {"Content-Type": "application/problem+json"})
        text = json.dumps(body).encode()
        tag = f'"{hash(text) & 0xffffffff:x}"'
        headers = {"ETag": tag, "Gate-Revision": position, "Cache-Control": "private, no-cache", "Content-Type": "application/json"}
        if self.headers.get("If-None-Match") == tag:
            return self.send(304, b"", headers)
        self.send(200, text, headers)

    def take_events(self, body):
        events = json.loads(body)["events"]
        with self.standin.lock:
            self.standin.events.extend(events)
        self.send(202, json.dumps({"accepted": len(events), "duplicates": 0, "refused": []}).encode(), {"Content-Type": "application/json"})

    def stream(self):
        standin = self.standin
        mine = queue.Queue()
        with standin.lock:
            state = standin.state
            last = self.headers.get("Last-Event-ID")
            known = state.history.get(int(last.rpartition("-")[2])) if last and last.rpartition("-")[0] == state.incarnation else None
            if known is None:
                data = {kind: list(values.values()) for kind, values in state.answers().items()}
                first = f"event: flags\nid: {state.position}\ndata: {json.dumps(data)}\n\n"
            else:
                first = f"event: change\nid: {state.position}\ndata: {json.dumps(state.difference(known))}\n\n"
            mine.put(first)
            standin.streams.append(mine)
            standin.opened.append({"last": last, "headers": dict(self.headers)})
        self.close_connection = True
        try:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            if self.headers.get("Origin"):
                self.send_header("Access-Control-Allow-Origin", self.headers["Origin"])
            self.end_headers()
            while True:
                try:
                    text = mine.get(timeout=standin.ping_seconds)
                except queue.Empty:
                    text = ": ping\n"
                if text is None:
                    return
                self.wfile.write(text.encode())
                self.wfile.flush()
        finally:
            with standin.lock:
                if mine in standin.streams:
                    standin.streams.remove(mine)
