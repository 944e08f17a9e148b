"""Public stacks as their registries hand them out: fetched while the test runs, held to a checksum, kept out of this repository.

Their compose files, the configuration of their fronts and the sources that they build are used as published.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

from fairlead.tools.cache import cache_dir

_GUNICORN = "gunicorn==27.0.1 --hash=sha256:b1514965361c8b7e8107a80aa2a92636878df1ccfac6dd204a676426e04d9e3e"
_OAUTH2_PROXY = "github.com/oauth2-proxy/oauth2-proxy/v7@v7.15.6"
_HTTPBIN = "github.com/mccutchen/go-httpbin/v2@v2.18.3"
_JAEGER = "github.com/jaegertracing/jaeger@v1.76.0"
_ISSUER = '''\
#!/usr/local/bin/python3
"""Stands in for Dex, whose module cannot be had everywhere: what a client asks an issuer before anybody signs in."""
import json, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

lines = open(sys.argv[2]).read().splitlines()
issuer = next(line.partition(": ")[2].strip() for line in lines if line.startswith("issuer:"))
DISCOVERY = {
    "issuer": issuer,
    "authorization_endpoint": issuer + "/auth",
    "token_endpoint": issuer + "/token",
    "jwks_uri": issuer + "/keys",
    "response_types_supported": ["code"],
    "subject_types_supported": ["public"],
    "id_token_signing_alg_values_supported": ["RS256"],
}


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        known = {
            "/dex/.well-known/openid-configuration": DISCOVERY,
            "/dex/keys": {"keys": []},
            "/dex/healthz": {},
        }
        found = self.path in known
        body = json.dumps(known.get(self.path, {})).encode()
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("0.0.0.0", 5556), Answer).serve_forever()
'''


def fetch_gunicorn(folder: Path) -> Path:
    """The sources of gunicorn (MIT), with its stack of nginx and gunicorn over the uwsgi protocol (tests/docker/uwsgi)."""
    kept = cache_dir() / "foreign" / "gunicorn-27.0.1.tar.gz"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        (folder / "wanted.txt").write_text(_GUNICORN + "\n")
        words = ["pip", "download", "--quiet", "--no-deps", "--no-binary", "gunicorn", "--require-hashes"]
        subprocess.run([*words, "-d", ".", "-r", "wanted.txt"], cwd=folder, check=True)
        shutil.move(folder / kept.name, kept)
    with tarfile.open(kept) as archive:
        archive.extractall(folder, filter="data")
    return folder / "gunicorn-27.0.1"


def fetch_oauth2_proxy(folder: Path) -> Path:
    """The stack of oauth2-proxy (MIT) behind Traefik, which forwards authentication to it (contrib/local-environment).

    Its images are made here: oauth2-proxy of its module, httpbin of the one in Go, Dex as far as nobody signs in.
    """
    source = _module(_OAUTH2_PROXY, folder)
    root = folder / "oauth2-proxy"
    shutil.copytree(source / "contrib" / "local-environment", root, copy_function=shutil.copyfile)
    _make_writable(root)
    _write_image(root, "oauth2-proxy", _build(_OAUTH2_PROXY, ".", folder).read_bytes(), [])
    _write_image(root, "httpbin", _build(_HTTPBIN, "./cmd/go-httpbin", folder).read_bytes(), ["-port", "80"])
    _write_image(root, "dex", _ISSUER.encode(), None)
    return root


def fetch_jaeger(folder: Path) -> Path:
    """Jaeger (Apache-2.0) behind Apache, under a path (examples/reverse-proxy); its image by its own Dockerfile (cmd/jaeger).

    That Dockerfile puts a program into an image which their Makefile makes beforehand, as is done here: once, it takes long.
    """
    source = _module(_JAEGER, folder)
    root = folder / "jaeger"
    for part in ("examples/reverse-proxy", "cmd/jaeger"):
        shutil.copytree(source / part, root / part, copy_function=shutil.copyfile)
    _make_writable(root)
    program = root / "cmd/jaeger/jaeger-linux-amd64"
    shutil.copyfile(_build(_JAEGER, "./cmd/jaeger", folder), program)
    program.chmod(0o755)
    return root


def _make_writable(root: Path) -> None:
    """Give a copy of what lies in the cache of modules, which nobody may write to, the modes of a checkout."""
    for path in (root, *root.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _write_image(root: Path, name: str, program: bytes, words: list[str] | None) -> None:
    """An image of one program; without ``words`` it starts as the compose file says."""
    image = root / "images" / name
    image.mkdir(parents=True)
    (image / name).write_bytes(program)
    (image / name).chmod(0o755)
    start = [] if words is None else [f'ENTRYPOINT ["/usr/local/bin/{name}"]', f"CMD {json.dumps(words)}"]
    lines = ["FROM python:3.13-slim", f"COPY {name} /usr/local/bin/{name}", *start]
    (image / "Dockerfile").write_text("\n".join(lines) + "\n")


def _module(name: str, folder: Path) -> Path:
    words = ["go", "mod", "download", "-json", name]
    found = subprocess.run(words, cwd=folder, capture_output=True, check=True)
    return Path(json.loads(found.stdout)["Dir"])


def _build(module: str, package: str, folder: Path) -> Path:
    """A program of a Go module, built once."""
    name = module.split("/")[2].partition("@")[0]
    program = cache_dir() / "foreign" / f"{name}-{module.rpartition('@')[2]}"
    if not program.exists():
        program.parent.mkdir(parents=True, exist_ok=True)
        environ = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false"}
        built = program.with_suffix(".new")
        words = ["go", "build", "-ldflags=-s -w", "-o", str(built), package]
        subprocess.run(words, cwd=_module(module, folder), check=True, env=environ)
        built.rename(program)
    return program
