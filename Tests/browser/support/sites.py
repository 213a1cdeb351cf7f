"""What the stand-ins show: the SDK's modules, a host's page, the demo's page, and forms from a second origin."""

import base64
import json
import pathlib
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
PUBLIC = ROOT / "Sources" / "GateServer" / "Public"
SUPPORT = pathlib.Path(__file__).resolve().parent
KINDS = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".html": "text/html; charset=utf-8"}


def policy(frames="'none'", ancestors="'none'"):
    """The pages' own policy, as gate-server sends it."""
    return (f"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; frame-src {frames}; base-uri 'none'; "
            f"form-action 'none'; frame-ancestors {ancestors}; require-trusted-types-for 'script'; trusted-types 'none'")


def file(path, headers=None):
    def answer(handler):
        handler.send(200, path.read_bytes(), {"Content-Type": KINDS[path.suffix], **(headers or {})})
    return answer


def user_token(company, user, **claims):
    """A JWT in shape only: the stand-in checks none."""
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
    now = int(time.time())
    body = {"iss": "https://sso.example", "aud": "gate", "sub": user, "company_sso_id": company, "iat": now, "exp": now + 3600, **claims}
    return f"{part({'alg': 'none'})}.{part(body)}.x"


def crm_pages():
    """The second origin: the stand-in's form at the contract's path, and a frame that tests speak through."""
    pages = {f"/{name}": file(PUBLIC / name) for name in ("crm-embed.js", "crm-embed.css")}
    form = file(PUBLIC / "crm-embed.html")
    spoken = file(SUPPORT / "embed.html")
    pages["/embed/ticket/create"] = lambda handler: (form if "host=" in handler.path else spoken)(handler)
    pages["/frame"] = spoken
    return pages


def gate_pages(crm_url):
    pages = {f"/sdk/{path.name}": file(path) for path in PUBLIC.glob("*.js") if not path.name.startswith(("demo", "crm-"))}
    pages["/demo"] = file(PUBLIC / "demo.html", {"Content-Security-Policy": policy(frames=crm_url)})
    pages["/demo.js"] = file(PUBLIC / "demo.js")
    pages["/demo.css"] = file(PUBLIC / "demo.css")
    pages["/host"] = file(SUPPORT / "host.html", {"Content-Security-Policy": policy(frames="http: https:")})
    pages["/host.js"] = file(SUPPORT / "host.js")
    people = [{"company_id": "acme", "user_id": "agent-1", "name": "Acme agent"}, {"company_id": "umbrella", "user_id": "admin-1", "name": "Umbrella admin"}]

    def users(handler):
        handler.send(200, json.dumps({"data": people, "meta": {"crm_embed_url": crm_url}}).encode(), {"Content-Type": "application/json"})

    def token(handler):
        handler.send(200, json.dumps({"token": user_token("acme", "agent-1")}).encode(), {"Content-Type": "application/json"})

    pages["/demo/users"] = users
    pages["/demo/token"] = token
    return pages
