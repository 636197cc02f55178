"""schemathesis drives the running server from its own description."""

import os
import pathlib
import subprocess
import sys


def test_server_keeps_to_its_description(cluster):
    done = subprocess.run(
        [
            pathlib.Path(sys.executable).with_name("schemathesis"), "run",
            f"{cluster.lb}/openapi.json", "--url", cluster.lb,
            "--header", f"Authorization: Bearer {cluster.token}",
            "--checks", "not_a_server_error,status_code_conformance,"
            "content_type_conformance,response_schema_conformance",
            "--max-examples", os.environ.get("PEERS_EXAMPLES", "20"),
            "--exclude-path-regex", "auth/(login|logout)|cluster/transfer|users/self|lb/",
            "--no-color",
        ], capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
