"""Public apps, their compose files and sources as published, deployed without a change.

Both are fetched from package registries while the test runs; none of their code is in this repository.
Only their images are made on the lab's base images, as there is no image registry to pull them from.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from fairlead.tools.cache import cache_dir
from lab.state import Lab, Server
from tests.e2e.workbench import Workbench, on_server, visit


def _fetch_miniflux(folder: Path) -> Path:
    """Miniflux 2.2.10 (Go, PostgreSQL; Apache-2.0): its module, and its binary built from it."""
    module = "miniflux.app/v2@v2.2.10"
    found = subprocess.run(
        ["go", "mod", "download", "-json", module], cwd=folder, capture_output=True, check=True
    )
    source = Path(json.loads(found.stdout)["Dir"])
    binary = cache_dir() / "foreign" / "miniflux-2.2.10"
    if not binary.exists():
        binary.parent.mkdir(parents=True, exist_ok=True)
        built = binary.with_suffix(".new")
        subprocess.run(["go", "build", "-o", built, "."], cwd=source, check=True, env=_go_environment())
        built.rename(binary)
    root = folder / "miniflux"
    root.mkdir()
    shutil.copyfile(source / "contrib" / "docker-compose" / "basic.yml", root / "compose.yaml")
    shutil.copyfile(binary, root / "miniflux")
    (root / "miniflux").chmod(0o755)
    (root / "Dockerfile").write_text(
        "FROM debian:trixie-slim\n"
        "COPY miniflux /usr/bin/miniflux\n"
        "ENV LISTEN_ADDR=0.0.0.0:8080\n"
        "EXPOSE 8080\n"
        "USER 65534\n"
        'CMD ["/usr/bin/miniflux"]\n'
    )
    return root


def _go_environment() -> dict[str, str]:
    import os

    return {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false"}


def _fetch_redis_commander(folder: Path) -> Path:
    """Redis Commander 0.9.0 (Node, Redis; MIT): its npm package with the packages that it names."""
    kept = cache_dir() / "foreign" / "redis-commander-0.9.0"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "pack", "--silent", "redis-commander@0.9.0"], cwd=folder, check=True)
        subprocess.run(["tar", "-xzf", folder / "redis-commander-0.9.0.tgz"], cwd=folder, check=True)
        package = folder / "package"
        install = [
            "npm",
            "install",
            "--omit=dev",
            "--omit=optional",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
        ]
        subprocess.run([*install, "--silent"], cwd=package, check=True)
        package.rename(kept)
    root = folder / "redis-commander"
    shutil.copytree(kept, root, symlinks=True)
    (root / "Dockerfile").write_text(
        "FROM node:20-slim\n"
        "RUN echo 'redis:x:10000:0::/redis-commander:/bin/sh' >> /etc/passwd\n"
        "COPY . /redis-commander\n"
        "WORKDIR /redis-commander\n"
        "USER 10000\n"
        "EXPOSE 8081\n"
        'CMD ["node", "bin/redis-commander"]\n'
    )
    (root / ".dockerignore").unlink(missing_ok=True)
    return root


def _adopt(root: Path, lab: Lab, server: Server, settings: str) -> Workbench:
    """Add fairlead.yaml and a baseline, and nothing else, to a foreign app."""
    (root / "fairlead.yaml").write_text(settings)
    bench = Workbench(root, lab, server)
    bench.git("init", "--quiet", "--initial-branch", "main")
    # It breaks rules of the policy: what is there today is accepted, as one does with a repository of old.
    bench.ok("validate", "--write-baseline")
    bench.commit("as published")
    return bench


@pytest.fixture
def miniflux(lab: Lab, server: Server, tmp_path: Path) -> Workbench:
    return _adopt(
        _fetch_miniflux(tmp_path),
        lab,
        server,
        "app: miniflux\n"
        "images: {miniflux: {services: [miniflux]}}\n"
        "platforms: [linux/amd64]\n"
        "deploy: {watch: {window: 3s}}\n"
        f"environments: {{lab: {{hosts: [deploy@{server.address}], url: http://{server.address}}}}}\n",
    )


@pytest.fixture
def redis_commander(lab: Lab, server: Server, tmp_path: Path) -> Workbench:
    return _adopt(
        _fetch_redis_commander(tmp_path),
        lab,
        server,
        "app: redis-commander\n"
        "images: {redis-commander: {}}\n"
        "compose: [docker-compose.yml]\n"
        "platforms: [linux/amd64]\n"
        "deploy: {watch: {window: 3s}}\n"
        f"environments: {{lab: {{hosts: [deploy@{server.address}], url: http://{server.address}}}}}\n",
    )


def test_miniflux_and_its_postgres(miniflux: Workbench) -> None:
    """A Go app with a PostgreSQL database and no proxy: live at its own port, then a second release, then back."""
    miniflux.ok("ship")
    assert visit(miniflux.server, "/healthcheck")[0] == 200
    status, _, page = visit(miniflux.server)
    assert status == 200
    assert "Miniflux" in page
    miniflux.commit("second")
    miniflux.ok("ship")
    assert visit(miniflux.server, "/healthcheck")[0] == 200
    miniflux.ok("rollback")
    assert visit(miniflux.server, "/healthcheck")[0] == 200


@pytest.mark.long
def test_redis_commander_and_its_redis(redis_commander: Workbench) -> None:
    """A Node app with Redis, container names, host names and a port of its own, reached through that port."""
    redis_commander.ok("ship")
    page = on_server(redis_commander.server, "curl", "-sf", "http://127.0.0.1:8081/")
    assert "Redis Commander" in page
    listed = on_server(redis_commander.server, "curl", "-sf", "http://127.0.0.1:8081/connections")
    assert json.loads(listed)["connections"], listed
