"""PyJWT verifies our access tokens from our key set, across rotations and all algorithms."""

import os
import pathlib
import re
import time

import jwt
import pytest
import requests

ISSUER = "https://auth.peers.example"
AUDIENCE = "peers"
TOKENS = f"""tokens:
  issuer: {ISSUER}
  audience: {AUDIENCE}
  jwks_seconds: 1
"""
# How long a key is published before it signs: a second, five for clocks, and one for us.
LEAD_SECONDS = 1 + 5 + 1


@pytest.fixture(scope="module")
def cluster(cluster):
    level = cluster.get("/v1/cluster").json()["feature_level"]
    assert level >= 2, f"access tokens need feature level 2, and the cluster uses {level}"
    for node in cluster.nodes:
        file = pathlib.Path(os.environ["PEERS_DIR"]) / node / "node.yaml"
        rest = re.sub(r"(?m)^tokens:\n(  .*\n)*", "", file.read_text())
        file.write_text(rest + TOKENS)
        cluster.quickstart("stop", node)
        cluster.quickstart("start", node)
        cluster.ready(node)
    cluster.leader()
    # Whatever other tests have left behind.
    rotate(cluster, algorithm="EdDSA", revoke=True)
    return cluster


def log_in(cluster, url=None):
    answer = requests.post(
        f"{url or cluster.lb}/v1/auth/login", timeout=30,
        json={"username": "admin", "password": cluster.password, "tokens": True})
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert body["token_type"] == "Bearer" and 0 < body["expires_in"] <= 3600
    return body


def verify(token, key, algorithm, **options):
    """With everything that PyJWT can look at."""
    return jwt.decode(
        token, key, algorithms=[algorithm], audience=AUDIENCE, issuer=ISSUER,
        options={"require": ["exp", "iat", "iss", "aud", "sub", "jti"]}, **options)


def client(url):
    # Without a cache, so that each look is a look.
    return jwt.PyJWKClient(
        f"{url}/.well-known/jwks.json", cache_keys=False, cache_jwk_set=False, timeout=30)


def rotate(cluster, **body):
    answer = requests.post(
        f"{cluster.lb}/v1/signing-keys/rotate", headers=cluster.headers, json=body, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def test_two_rotations_and_all_algorithms(cluster):
    earlier = []
    for algorithm in ["EdDSA", "ES256", "RS256"]:
        body = log_in(cluster)
        header = jwt.get_unverified_header(body["access_token"])
        earlier.append((body["access_token"], header["alg"]))
        if header["alg"] != algorithm:
            states = {key["state"] for key in rotate(cluster, algorithm=algorithm)}
            assert "next" in states
            # Published, and not yet used.
            assert jwt.get_unverified_header(log_in(cluster)["access_token"])["alg"] \
                == header["alg"]
            time.sleep(LEAD_SECONDS)
            body = log_in(cluster)
            header = jwt.get_unverified_header(body["access_token"])
        assert (header["alg"], header["typ"]) == (algorithm, "at+jwt")
        for url in cluster.nodes.values():
            key = client(url).get_signing_key_from_jwt(body["access_token"])
            claims = verify(body["access_token"], key.key, algorithm)
            assert claims["sub"] == body["user"]["id"]
            assert claims["sid"] == body["session"]["id"]
        # What was signed before the rotations is still good, for others and for us.
        for token, name in earlier:
            key = client(cluster.lb).get_signing_key_from_jwt(token)
            verify(token, key.key, name)
            answer = requests.get(
                f"{cluster.lb}/v1/validate", timeout=30,
                headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == 200, answer.headers
            assert answer.headers["X-Auth-Method"] == "jwt"
    assert len({jwt.get_unverified_header(token)["kid"] for token, _ in earlier}) >= 2


def test_what_pyjwt_makes_is_refused(cluster):
    """PyJWT as a forger: no signature, the public key as a secret, a key of its own."""
    token = log_in(cluster)["access_token"]
    header = jwt.get_unverified_header(token)
    claims = jwt.decode(token, options={"verify_signature": False})
    kid = {"kid": header["kid"], "typ": "at+jwt"}
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    forged = [
        jwt.encode(claims, None, algorithm="none", headers=kid),
        jwt.encode(claims, header["kid"], algorithm="HS256", headers=kid),
        jwt.encode(claims, ed25519.Ed25519PrivateKey.generate(), "EdDSA", headers=kid),
        jwt.encode(claims, ec.generate_private_key(ec.SECP256R1()), "ES256", headers=kid),
        jwt.encode(
            claims, rsa.generate_private_key(public_exponent=65537, key_size=2048), "RS256",
            headers=kid),
    ]
    for url in cluster.nodes.values():
        for text in forged:
            answer = requests.get(
                f"{url}/v1/validate", headers={"Authorization": f"Bearer {text}"}, timeout=30)
            assert answer.status_code == 401, text
        answer = requests.get(
            f"{url}/v1/validate", headers={"Authorization": f"Bearer {token}"}, timeout=30)
        assert answer.status_code == 200


def test_the_end_of_a_session_is_the_end_of_its_tokens(cluster):
    body = log_in(cluster)
    answer = requests.post(
        f"{cluster.lb}/v1/auth/logout", timeout=30,
        headers={"Authorization": f"Bearer {body['session_token']}"})
    assert answer.status_code == 204
    for url in cluster.nodes.values():
        answer = requests.get(
            f"{url}/v1/validate", timeout=30,
            headers={"Authorization": f"Bearer {body['access_token']}"})
        assert answer.status_code == 401


def test_revoking_drops_every_token(cluster):
    token = log_in(cluster)["access_token"]
    assert [key["state"] for key in rotate(cluster, revoke=True)] == ["current"]
    for url in cluster.nodes.values():
        answer = requests.get(
            f"{url}/v1/validate", headers={"Authorization": f"Bearer {token}"}, timeout=30)
        assert answer.status_code == 401
    with pytest.raises(jwt.PyJWKClientError):
        client(cluster.lb).get_signing_key_from_jwt(token)
    body = log_in(cluster)
    key = client(cluster.lb).get_signing_key_from_jwt(body["access_token"])
    verify(body["access_token"], key.key, key.algorithm_name)


def test_the_metadata_leads_to_the_keys(cluster):
    answer = requests.get(f"{cluster.lb}/.well-known/oauth-authorization-server", timeout=30)
    assert answer.json() == {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/.well-known/jwks.json"}
