"""The SSO: a key of its own, users' tokens signed with it, and a gate-server that knows it."""

import base64
import json
import time

from cryptography.hazmat.primitives.asymmetric import ed25519

from conftest import Server

ORIGIN = "https://app.example.com"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Signer:
    def __init__(self, folder):
        self.key = ed25519.Ed25519PrivateKey.generate()
        self.path = folder / "jwks.json"
        public = base64url(self.key.public_key().public_bytes_raw())
        self.path.write_text(json.dumps({"keys": [{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "one", "x": public}]}))

    def user(self, company, user):
        claims = {"iss": "https://sso.test", "aud": "gate", "exp": int(time.time()) + 3600, "company_sso_id": company, "sub": user}
        parts = [base64url(json.dumps(part).encode()) for part in ({"alg": "EdDSA", "kid": "one", "typ": "JWT"}, claims)]
        return ".".join([*parts, base64url(self.key.sign(".".join(parts).encode()))])


class UsersServer(Server):
    """A gate-server that takes the signer's users."""

    def __init__(self, folder, signer, *arguments):
        self.signer = signer
        super().__init__(
            folder, "--jwt-jwks", str(signer.path), "--jwt-issuer", "https://sso.test", "--jwt-audience", "gate", "--cors-origin", ORIGIN, *arguments)
