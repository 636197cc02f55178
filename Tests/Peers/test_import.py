"""Users of other systems are taken over, log in, and survive the loss of the leader."""

import ctypes
import json
import os
import random
import subprocess

import requests
from argon2 import PasswordHasher, Type
from passlib.hash import pbkdf2_sha256, pbkdf2_sha512, scrypt, sha256_crypt, sha512_crypt

COUNT = int(os.environ.get("PEERS_IMPORT_USERS", "1000"))


def crypt_of_the_system(prefix, password):
    """A hash as login programs make it, by libxcrypt."""
    library = ctypes.CDLL("libcrypt.so.1")
    library.crypt_gensalt.restype = library.crypt.restype = ctypes.c_char_p
    salt = library.crypt_gensalt(prefix.encode(), ctypes.c_ulong(0), None, 0)
    return library.crypt(password.encode(), salt).decode()


def test_htpasswd_of_apache(cluster, tmp_path):
    path = tmp_path / "htpasswd"
    path.touch()
    for number in range(200):
        subprocess.run(
            ["htpasswd", "-iB", "-C", "5", path, f"apache{number:03}"],
            input=f"apache password {number}", text=True, check=True, capture_output=True)
    done = cluster.command("import", str(path), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"imported": 200, "present": 0, "failed": 0}
    for number in random.sample(range(200), 5):
        token = cluster.login(f"apache{number:03}", f"apache password {number}")["session_token"]
        for url in cluster.nodes.values():
            answer = requests.post(
                f"{url}/v1/sessions/lookup", json={"token": token}, headers=cluster.headers,
                timeout=10)
            assert answer.status_code == 200, answer.text
            assert answer.json()["user"]["username"] == f"apache{number:03}"
        # The second log-in verifies the hash that the first one made anew.
        cluster.login(f"apache{number:03}", f"apache password {number}")
        cluster.login(f"apache{number:03}", "another password", expect=401)


def test_htpasswd_kinds_that_cannot_be_taken_are_named(cluster, tmp_path):
    path = tmp_path / "htpasswd"
    path.touch()
    for flag, name in (("-im", "md5user"), ("-is", "shauser"), ("-id", "cryptuser")):
        subprocess.run(
            ["htpasswd", flag, path, name], input="secret", text=True, check=True,
            capture_output=True)
    done = cluster.command("import", str(path))
    assert done.returncode == 65
    assert "line 1: md5user: Apache MD5 ($apr1$) cannot be taken over" in done.stderr
    assert "line 2: shauser: unsalted SHA-1 ({SHA}) cannot be taken over" in done.stderr
    assert "line 3: cryptuser: DES crypt cannot be taken over" in done.stderr


def test_every_scheme_that_a_node_verifies(cluster, tmp_path):
    argon2i = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1, type=Type.I)
    makers = {
        "argon2i": argon2i.hash,
        "scrypt": scrypt.using(rounds=10).hash,
        "sha256crypt": sha256_crypt.using(rounds=1000).hash,
        "yescrypt": lambda password: crypt_of_the_system("$y$", password),
        "scrypt7": lambda password: crypt_of_the_system("$7$", password),
        "bcrypt2b": lambda password: crypt_of_the_system("$2b$", password),
    }
    path = tmp_path / "schemes.jsonl"
    path.write_text("".join(
        json.dumps({"username": name, "password_hash": make(f"password of {name}")}) + "\n"
        for name, make in makers.items()))
    done = cluster.command("import", str(path), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["imported"] == len(makers)
    for name in makers:
        cluster.login(name, f"password of {name}")
        cluster.login(name, f"password of {name}")
        cluster.login(name, "another password", expect=401)


def test_json_lines_of_python_libraries(cluster, tmp_path):
    hashes = [
        PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash,
        pbkdf2_sha256.using(rounds=1000).hash,
        pbkdf2_sha512.using(rounds=1000).hash,
        sha512_crypt.using(rounds=1000).hash,
    ]
    path = tmp_path / "users.jsonl"
    with path.open("w") as file:
        for number in range(COUNT):
            line = {
                "username": f"python{number:05}",
                "email": f"python{number:05}@example.org",
                "password_hash": hashes[number % len(hashes)](f"python password {number}"),
            }
            file.write(json.dumps(line) + "\n")
    done = cluster.command("import", str(path), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"imported": COUNT, "present": 0, "failed": 0}
    again = cluster.command("import", str(path), "--json")
    assert json.loads(again.stdout) == {"imported": 0, "present": COUNT, "failed": 0}
    tokens = [
        cluster.login(f"python{number:05}", f"python password {number}")["session_token"]
        for number in range(8)
    ]
    leader = cluster.leader()
    cluster.quickstart("kill", leader)
    survivors = [url for node, url in cluster.nodes.items() if node != leader]
    for token in tokens:
        for url in survivors:
            answer = requests.get(
                f"{url}/v1/validate", headers={"Authorization": f"Bearer {token}"}, timeout=10)
            assert answer.status_code == 200, answer.text
    cluster.login("python00001", "python password 1")
    cluster.quickstart("start", leader)
    cluster.ready(leader)
