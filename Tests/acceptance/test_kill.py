"""A server that is killed in the middle of writes: what it acknowledged is there after a restart, whole, and the chain is valid."""

import os
import random
import threading
import time

import requests

from conftest import Server

ROUNDS = int(os.environ.get("GATE_KILL_ROUNDS", "50"))
WRITERS = 3
COMPANIES = [f"company-{n}" for n in range(12)]


class Writer(threading.Thread):
    """Flips a flag for companies of its own, and remembers what was acknowledged."""

    def __init__(self, server, number, seed):
        super().__init__(daemon=True)
        self.server, self.number = server, number
        self.random = random.Random(seed)
        self.acknowledged = []

    def run(self):
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {self.server.token}"
        own = COMPANIES[self.number::WRITERS]
        try:
            while True:
                company, enabled = self.random.choice(own), self.random.random() < 0.5
                answer = session.put(
                    f"{self.server.url}/v1/admin/flags/cdp_create_ticket_embed/companies/{company}",
                    params={"reason": f"writer {self.number}", "new_company": "true"}, json={"enabled": enabled}, timeout=5)
                if answer.status_code not in (200, 201):
                    raise AssertionError(answer.text)
                receipt = answer.json()
                self.acknowledged.append((receipt["revision"], receipt["changed"], company, enabled))
        except requests.RequestException:
            pass  # killed: what was under way is not acknowledged


def test_no_acknowledged_write_is_lost_when_the_server_is_killed(tmp_path):
    seed = int(os.environ.get("GATE_TEST_SEED", "0")) or random.SystemRandom().randrange(1, 2**32)
    chance = random.Random(seed)
    total, slowest = 0, 0.0
    server = Server(tmp_path, "--limit", "writes_per_token=0")
    for round_number in range(ROUNDS):
        writers = [Writer(server, n, chance.random()) for n in range(WRITERS)]
        for writer in writers:
            writer.start()
        time.sleep(chance.uniform(0.02, 0.25))
        server.process.kill()
        server.process.wait()
        for writer in writers:
            writer.join(10)
        server.stop()

        began = time.monotonic()
        server = Server(tmp_path, "--limit", "writes_per_token=0")
        slowest = max(slowest, time.monotonic() - began)
        acknowledged = [write for writer in writers for write in writer.acknowledged]
        total += len(acknowledged)
        revision = server.revision
        assert all(write[0] <= revision for write in acknowledged), f"seed {seed}, round {round_number}"
        for number, changed, company, enabled in acknowledged:
            if not changed:
                continue
            change = server.get(f"/v1/admin/changes/{number}").json()
            after = [e["after"] for e in change["entities"] if e["entity"]["kind"] == "flag_state"]
            assert after == [{"flag": "cdp_create_ticket_embed", "company_id": company, "enabled": enabled}], f"seed {seed}, revision {number}"
        audit = server.get("/v1/admin/audit").json()
        assert audit["valid"], f"seed {seed}, round {round_number}: {audit}"
    print(f"\n{ROUNDS} kills, {total} acknowledged writes, none lost; slowest start {slowest:.2f} s; seed {seed}")
    server.stop()
    assert total > ROUNDS, "too few writes to prove anything"
