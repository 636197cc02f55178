"""nginx asks us about each request, as the snippet in deploy/nginx says."""

import http.server
import os
import pathlib
import shutil
import socket
import subprocess
import threading
import time

import pytest
import requests

ROOT = pathlib.Path(os.environ["PEERS_ROOT"])


class Backend(http.server.BaseHTTPRequestHandler):
    """Answers with the identity headers that it was given."""

    def do_GET(self):
        body = "".join(f"{name}: {value}\n" for name, value in self.headers.items()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_):
        pass


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def gateway(cluster, tmp_path_factory):
    folder = tmp_path_factory.mktemp("nginx")
    backend = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Backend)
    threading.Thread(target=backend.serve_forever, daemon=True).start()
    port = free_port()
    nodes = "".join(f"server {url.removeprefix('http://')};\n" for url in cluster.nodes.values())
    snippet = (ROOT / "deploy/nginx/watchword.conf").read_text()
    (folder / "nginx.conf").write_text(f"""
daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1;
events {{ worker_connections 256; }}
http {{
    access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    upstream watchword {{ {nodes} }}
    upstream application {{ server 127.0.0.1:{backend.server_port}; }}
    server {{
        listen 127.0.0.1:{port};
        {snippet}
    }}
}}
""")
    nginx = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    process = subprocess.Popen([nginx, "-p", folder, "-c", folder / "nginx.conf"])
    url = f"http://127.0.0.1:{port}"
    for _ in range(100):
        try:
            requests.get(url, timeout=1)
            break
        except requests.ConnectionError:
            time.sleep(0.05)
    yield url
    process.terminate()
    process.wait()
    backend.shutdown()


def test_valid_session_passes_with_its_identity(cluster, gateway):
    answer = requests.get(f"{gateway}/", headers=cluster.headers, timeout=10)
    assert answer.status_code == 200
    assert "X-User-Name: admin" in answer.text
    assert "X-Tenant-Id:" in answer.text.replace("X-Tenant-ID", "X-Tenant-Id")


def test_post_with_a_body_passes(cluster, gateway):
    answer = requests.post(
        f"{gateway}/", headers=cluster.headers, data=b"x" * 10_000, timeout=10)
    assert answer.status_code == 200


def test_forged_identity_never_reaches_the_application(cluster, gateway):
    forged = {"X-User-ID": "usr_forged", "X-User-Roles": "super_admin", "X-Org-ID": "forged"}
    answer = requests.get(f"{gateway}/", headers={**cluster.headers, **forged}, timeout=10)
    assert answer.status_code == 200
    assert "forged" not in answer.text


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wws_nonsense"}])
def test_everybody_else_is_sent_away(gateway, headers):
    answer = requests.get(f"{gateway}/", headers=headers, timeout=10)
    assert answer.status_code == 401
    assert "watchword" in answer.headers["WWW-Authenticate"]


def test_a_revoked_session_is_refused_by_the_next_request(cluster, gateway):
    token = cluster.login("admin", cluster.password)["session_token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert requests.get(f"{gateway}/", headers=headers, timeout=10).status_code == 200
    done = requests.post(f"{cluster.lb}/v1/auth/logout", headers=headers, timeout=10)
    assert done.status_code == 204
    assert requests.get(f"{gateway}/", headers=headers, timeout=10).status_code == 401
