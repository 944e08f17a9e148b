"""The board as it runs: Postgres and Redis in containers, api, web and worker as processes of this machine."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator

import pytest

from fairlead.errors import InputError
from lab import state
from tests.integration.app.board import ROOT, Backends, Role, is_ready, run_role, wait_for
from tests.patience import PATIENCE


@pytest.fixture(scope="session")
def backends() -> Iterator[Backends]:
    """Postgres and Redis as compose/compose.yaml describes them, with the schema in place; once a session."""
    project = f"board-test-{os.getpid()}"
    try:
        images = f"{state.load().registry}/library"
    except InputError:
        images = "docker.io/library"
    compose = [
        "docker", "compose", "--project-name", project, "--env-file", "compose/dev/board.env",
        "--file", "compose/compose.yaml", "--file", "compose/compose.test.yaml",
    ]  # fmt: skip
    environ = {**os.environ, "BOARD_TEST_IMAGES": images}

    def run(*words: str) -> str:
        done = subprocess.run(
            [*compose, *words], cwd=ROOT, env=environ, text=True, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    try:
        run("up", "--detach", "--wait", "--quiet-pull", "postgres", "redis")
        ports = [
            int(run("port", *which).rpartition(":")[2]) for which in (("postgres", "5432"), ("redis", "6379"))
        ]
        found = Backends(*ports)
        assert run_role("migrate", found.environ).wait(PATIENCE) == 0
        yield found
    finally:
        run("down", "--volumes", "--timeout", "2")


@pytest.fixture(scope="session")
def start(backends: Backends, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Role]]:
    """Start a role, and wait until it is ready if it listens; whatever still runs at the end is killed."""
    roles: list[Role] = []

    def start_role(name: str, ready: bool = True, **environ: str) -> Role:
        output = tmp_path_factory.mktemp("log") / f"{name}.log"
        role = run_role(name, {**backends.environ, **environ}, output)
        roles.append(role)
        if ready and name != "worker":
            wait_for(f"{name} to be ready", lambda: is_ready(role))
        return role

    yield start_role
    for role in roles:
        role.process.kill()
        role.process.wait()


@pytest.fixture(scope="session")
def api(start: Callable[..., Role]) -> Role:
    """An api for tests that leave it as it is."""
    return start("api")
