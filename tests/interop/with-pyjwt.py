# SPDX-License-Identifier: GPL-3.0-or-later
"""The side of PyJWT in tests/interop; its arguments and files are those of jwt-tool.c:

    with-pyjwt.py make COUNT KEYS TOKENS EXPECTED
    with-pyjwt.py check KEYS TOKENS
"""
import base64
import hashlib
import hmac
import json
import sys
import time

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ISSUER = "sessmgr:interop"
AUDIENCE = "interop"
BAD_COUNT = 104
DAMAGES = ["bit", "payload", "secret", "none", "hmac", "kid", "expired", "audience"]
NOW = int(time.time())


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unbase64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def tell(claims):
    audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    return "good {}|{}|{}|{}|{}".format(claims["sub"], claims["exp"], ",".join(audiences),
                                        claims.get("uid", -1), claims.get("scope", "-"))


class Key:
    def __init__(self, kid):
        self.kid = kid
        self.secret = Ed25519PrivateKey.generate()
        self.public = self.secret.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def jwk(self):
        return {"kid": self.kid, "x": base64url(self.public), "crv": "Ed25519", "kty": "OKP",
                "key_ops": ["verify"]}


def vary(number):
    claims = {
        "iss": ISSUER,
        "sub": f"us\u00e9r \"\\{number}/\u20ac\U0001f600" if number % 7 == 0 else f"user-{number}",
        "aud": [AUDIENCE, [AUDIENCE, "backup"], ["backup", AUDIENCE], [AUDIENCE]][number % 4],
        "client_id": "sshd",
        "iat": NOW,
        "exp": NOW + 3600 + number % 1000,
        "jti": f"token-{number}",
    }
    if number % 2 == 0:
        claims["nbf"] = NOW
    if number % 3 == 0:
        claims["email"] = {"of": [None, number / 7, "somebody"]}  # unknown to the other side
    if number % 5 != 0:
        claims["uid"] = 1000 + number
    if number % 6 != 0:
        claims["scope"] = f"read write:{number}"
    if number % 8 == 0:
        claims["fam"] = number
    if number % 10 == 1:
        claims["bind"] = "uid"
    return claims


def sign(claims, kid, secret):
    return jwt.encode(claims, secret, algorithm="EdDSA", headers={"typ": "at+jwt", "kid": kid})


def damaged(number, keys, stranger):
    damage = DAMAGES[number % len(DAMAGES)]
    key = keys[number % len(keys)]
    claims = vary(number)
    if damage == "expired":
        claims["exp"] = NOW - 100
    if damage == "audience":
        claims["aud"] = "somebody else"
    secret = stranger.secret if damage == "secret" else key.secret
    parts = sign(claims, "nobody" if damage == "kid" else key.kid, secret).split(".")
    if damage == "bit":
        signature = bytearray(unbase64url(parts[2]))
        signature[number * 7 % 64] ^= 1 << number % 8
        parts[2] = base64url(signature)
    elif damage == "payload":
        parts[1] = sign(vary(number + 1), key.kid, secret).split(".")[1]
    elif damage in ("none", "hmac"):
        header = {"typ": "at+jwt", "alg": "none" if damage == "none" else "HS256", "kid": key.kid}
        parts[0] = base64url(json.dumps(header).encode())
        mac = hmac.new(key.public, f"{parts[0]}.{parts[1]}".encode(), hashlib.sha256).digest()
        parts[2] = "" if damage == "none" else base64url(mac)
    return ".".join(parts)


def make(count, keys_path, tokens_path, expected_path):
    keys = [Key(f"key/{i}") for i in range(3)]
    point = generate_private_key(SECP256R1()).public_key().public_numbers()
    other = {"kty": "EC", "crv": "P-256", "kid": "other", "x": base64url(point.x.to_bytes(32, "big")),
             "y": base64url(point.y.to_bytes(32, "big"))}  # to be passed over
    stranger = Key("stranger")
    with open(keys_path, "w", encoding="utf-8") as file:
        json.dump({"keys": [other] + [key.jwk() for key in keys], "more": 1}, file, indent=1)
    with open(tokens_path, "w", encoding="utf-8") as tokens, \
            open(expected_path, "w", encoding="utf-8") as expected:
        for i in range(count):
            claims = vary(i)
            print(sign(claims, keys[i % 3].kid, keys[i % 3].secret), file=tokens)
            print(tell(claims), file=expected)
        for i in range(BAD_COUNT):
            print(damaged(i, keys, stranger), file=tokens)
            print("bad", file=expected)


def verify(token, keys):
    header = jwt.get_unverified_header(token)
    if header.get("typ") != "at+jwt" or header.get("kid") not in keys:
        raise jwt.InvalidTokenError("header")
    return jwt.decode(token, keys[header["kid"]], algorithms=["EdDSA"], audience=AUDIENCE, issuer=ISSUER,
                      options={"require": ["iss", "sub", "aud", "client_id", "exp", "iat", "jti"]})


def check(keys_path, tokens_path):
    with open(keys_path, encoding="utf-8") as file:
        keys = {key.key_id: key.key for key in jwt.PyJWKSet.from_dict(json.load(file)).keys}
    with open(tokens_path, encoding="utf-8") as file:
        for line in file:
            try:
                print(tell(verify(line.rstrip("\n"), keys)))
            except jwt.InvalidTokenError as error:
                print("bad", type(error).__name__)


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    if sys.argv[1] == "make":
        make(int(sys.argv[2]), *sys.argv[3:])
    else:
        check(*sys.argv[2:])
