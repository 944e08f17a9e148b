"""The same apps by Kamal: one service behind its proxy, as its defaults have it."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any

from bench.kamal import PROXY, build_image, build_proxy, kamal_image
from lab.engine import run_docker
from lab.state import Lab, Server
from tests.e2e.shapes.story import FAULTS
from tests.e2e.workbench import on_server
from tests.ended import Ended

SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "sqlite": {"volumes": ["shape_data:/data"], "env": {"clear": {"DATABASE": "/data/app.db"}}},
    "twelve": {"env": {"clear": {"NEEDS": "SECRET_KEY"}, "secret": ["SECRET_KEY"]}},
    "chat": {},
    "balancer": {"env": {"clear": {"SECURE_ONLY": "1"}}},
}
"""What each shape says beside what all say."""
_TIMEOUT = 300.0


class ByKamal:
    """``kamal deploy`` of images that are there; a release that failed leaves the one before, as Kamal does it."""

    after = 12.0

    def __init__(self, container: str) -> None:
        self._container = container
        self._good: list[str] = []

    def release(self, settings: Mapping[str, str]) -> Ended:
        tag = _tag(settings["VERSION"], settings["FAULT"])
        if not settings["FAULT"]:
            self._good.append(tag)
        return self._deploy(tag)

    def rollback(self) -> Ended:
        return self._run("rollback", self._good[-2])

    def remove(self) -> Ended:
        return self._run("remove", "--confirmed")

    def recover(self) -> None:
        self._deploy(self._good[-1])

    def _deploy(self, tag: str) -> Ended:
        return self._run("deploy", "--skip-push", "--version", tag)

    def _run(self, *words: str) -> Ended:
        argv = ["docker", "exec", self._container, "kamal", *words]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=_TIMEOUT)
        return Ended(done.returncode, done.stdout, done.stderr)


def _tag(version: str, fault: str) -> str:
    return f"{version}-{fault}" if fault else version


@contextmanager
def kamal(
    name: str, folder: Path, lab: Lab, server: Server, secrets: Mapping[str, str], image: str
) -> Iterator[ByKamal]:
    """Kamal in a container, with the shape's configuration, and its images in the registry."""
    repository = f"kamal-{token_hex(3)}/{name}"
    _publish(folder, lab, image, f"{lab.registry}/{repository}")
    home = folder / "home"
    for part in ("config", ".kamal"):
        (home / part).mkdir(parents=True)
    configuration = _configuration(name, lab, server, repository)
    (home / "config" / "deploy.yml").write_text(json.dumps(configuration, indent=2))
    values = {"KAMAL_REGISTRY_PASSWORD": lab.password, **{key.upper(): one for key, one in secrets.items()}}
    lines = [f"{key}={shlex.quote(value)}\n" for key, value in values.items()]
    (home / ".kamal" / "secrets").write_text("".join(lines))
    # It wants to know the commit, though it is told the version.
    for words in (["init"], ["commit", "--allow-empty", "--message", "first"]):
        who = ["-c", "user.name=Test", "-c", "user.email=test@example.com"]
        subprocess.run(["git", *who, *words, "--quiet"], cwd=home, check=True, timeout=60)
    container = f"fairlead-shapes-kamal-{token_hex(3)}"
    run_docker(
        *("run", "--detach", "--init", "--name", container, "--network", "host", "--workdir", "/app"),
        *("--volume", f"{home}:/app", "--volume", f"{lab.identity}:/root/key:ro"),
        *("--volume", f"{lab.known_hosts}:/root/.ssh/known_hosts:ro", kamal_image()),
    )
    try:
        run_docker("exec", container, "kamal", "registry", "login", "--skip-local")
        yield ByKamal(container)
    finally:
        run_docker("rm", "--force", container, check=False)
        on_server(server, "rm", "-rf", *(f"/home/{server.user}/{name}" for name in (".kamal", ".docker")))


def _publish(folder: Path, lab: Lab, image: str, repository: str) -> None:
    """One image a release: its version, and what is wrong with it, are what an app brings as its code."""
    login: Sequence[str | Path] = ["--config", folder / "login"]
    words = ["login", "--username", lab.username, "--password-stdin", lab.registry]
    run_docker(*login, *words, stdin=lab.password.encode())
    releases = [("1", ""), ("2", ""), *(("3", fault) for fault in FAULTS)]
    for version, fault in releases:
        lines = [f"FROM {image}", 'LABEL service="shape"', f"ENV VERSION={version} FAULT={fault}"]
        build_image(folder, list(login), "\n".join(lines), f"{repository}:{_tag(version, fault)}")
    build_proxy(folder, list(login), lab.registry)


def _configuration(name: str, lab: Lab, server: Server, repository: str) -> Mapping[str, Any]:
    """Kamal's deploy.yml, with its defaults but for what the lab, the shape and a fair comparison need."""
    return {
        "service": "shape",
        "image": repository,
        "servers": {"web": {"hosts": [server.address]}},
        "registry": {
            "server": lab.registry,
            "username": lab.username,
            "password": ["KAMAL_REGISTRY_PASSWORD"],
        },
        "builder": {"arch": "amd64"},
        "ssh": {"user": server.user, "keys": ["/root/key"], "keys_only": True},
        "drain_timeout": 5,
        # As long as `start_timeout` in the fairlead.yaml of the shapes.
        "deploy_timeout": 20,
        "proxy": {
            "app_port": 8000,
            "healthcheck": {"path": "/health", "interval": 1},
            "forward_headers": name == "balancer",
            "run": {"registry": lab.registry, "repository": "lab/kamal-proxy", "version": PROXY},
        },
        **SETTINGS[name],
    }
