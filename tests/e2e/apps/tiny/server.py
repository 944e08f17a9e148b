"""A whole app in one file: answers on port 8000, and says which release it is."""

import os
import signal
import sys
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HEALTHY = True
GREETING = "hello"

# What a deploy is to find wrong with this release: sick, crash, migration.
FAULT = os.environ.get("FAULT", "")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        healthy = (HEALTHY and FAULT != "sick") or not self.path.startswith("/health")
        body = f"{GREETING} {os.environ.get('COLOUR', '')} {seen()}\n".encode()
        self.send_response(200 if healthy else 503)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Release", os.environ["REVISION"])
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        """Say nothing: the test looks at the answers."""


def seen() -> str:
    """What the migration left behind."""
    file = Path("/state/migrations")
    return f"migrations={len(file.read_text().split())}" if file.exists() else ""


def migrate() -> None:
    if FAULT == "migration":
        sys.exit("no such column: tentacle")
    with Path("/state/migrations").open("a") as file:
        file.write(os.environ["REVISION"] + "\n")


def check() -> None:
    try:
        urllib.request.urlopen("http://127.0.0.1:8000/health", timeout=2)
    except OSError as error:
        sys.exit(f"not healthy: {error}")


def secret() -> str:
    return Path("/run/secrets/canary").read_text()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if sys.argv[1:] == ["migrate"]:
        migrate()
    elif sys.argv[1:] == ["check"]:
        check()
    elif FAULT == "crash":
        sys.exit("the disk is made of cheese")
    else:
        print("listening", len(secret()), flush=True)
        ThreadingHTTPServer(("", 8000), Handler).serve_forever()
