from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fairlead.tools.locate import locate
from tests.lab import start_lab

CANARY = "canary-4711"
OWN = (
    *(
        "FAIRLEAD_REGISTRY_PASSWORD",
        "FAIRLEAD_JOB_TOKEN",
        "FAIRLEAD_SECRET_TOKEN",
        "FAIRLEAD_SECRETS",
        "GITHUB_TOKEN",
        "ACTIONS_RUNTIME_TOKEN",
    ),
    *("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "FAIRLEAD_SSH_KEY"),
)
OTHERS = (
    "AWS_SECRET_ACCESS_KEY",
    "NPM_TOKEN",
    "DATABASE_PASSWORD",
    "TRIVY_PASSWORD",
    "BUILDX_BAKE_GIT_AUTH_TOKEN",
)
TOOLS = ("git", "ssh", "ssh-keygen", "ssh-keyscan", "trivy", "docker")
PLUGINS = ("docker-buildx", "docker-compose")
# What a tool is to see of its environment's values is for Fairlead to say: FAIRLEAD_PASS_ENV by the user.
SCRIPT = """\
#!/bin/sh
env > {dumps}/{name}.$$
exec {real} "$@"
"""


@pytest.fixture
def spied(tmp_path: Path) -> tuple[dict[str, str], Path]:
    """The environment of a job full of secrets, whose tools are the real ones and tell what they were given."""
    dumps, programs = tmp_path / "dumps", tmp_path / "bin"
    plugins = tmp_path / "docker" / "cli-plugins"
    for folder in (dumps, programs, plugins):
        folder.mkdir(parents=True)
    places = {name: shutil.which(name) for name in TOOLS}
    places |= {"trivy": str(locate("trivy"))}
    wraps = {programs / name: real for name, real in places.items() if real}
    wraps |= {plugins / name: str(locate(name.removeprefix("docker-"))) for name in PLUGINS}
    helper = programs / "docker-credential-spy"
    helper.write_text(SCRIPT.format(dumps=dumps, name=helper.name, real="false"))
    helper.chmod(0o755)
    (plugins.parent / "config.json").write_text('{"credsStore": "spy"}')
    for wrap, real in wraps.items():
        wrap.write_text(SCRIPT.format(dumps=dumps, name=wrap.name, real=real))
        wrap.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FAIRLEAD_")}
    return (
        {
            **kept,
            **dict.fromkeys((*OWN, *OTHERS), CANARY),
            "FAIRLEAD_REGISTRY_USERNAME": "alice",
            "PATH": f"{programs}:{kept['PATH']}",
            "DOCKER_CONFIG": str(plugins.parent),
        },
        dumps,
    )


def test_secrets_in_the_environment_of_tools(tmp_path: Path, spied: tuple[dict[str, str], Path]) -> None:
    """A pull request's build, scan and deploy, whose scanner, builder, git or ssh looks for secrets in its environment.

    Holds: a tool sees the variables that it needs and no secret of the job; the builder those that `build.secrets`
    names; docker-compose the user's own variables without the logins of Fairlead and of the job.
    """
    lab = start_lab()
    environ, dumps = spied
    clone = tmp_path / "clone"
    clone.mkdir()
    (clone / "Dockerfile").write_text("FROM scratch\nCOPY fairlead.yaml /\n")
    (clone / "compose.yaml").write_text("services: {web: {image: web}}\n")
    (clone / "fairlead.yaml").write_text(
        "app: board\nimages: {web: {dockerfile: Dockerfile}}\nplatforms: [linux/amd64]\n"
        f"registry: {lab.registry}/canary\nbuild: {{secrets: {{npm: {{env: NPM_TOKEN}}}}}}\n"
        'environments: {production: {hosts: [deploy@127.0.0.1:9], url: "https://board.example.com"}}\n'
    )
    git = ("git", "-c", "user.name=Mallory", "-c", "user.email=mallory@example.com")
    for words in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "--message", "x")):
        subprocess.run([*git, *words], cwd=clone, check=True)
    (clone / "compose.yaml").rename(clone / "other.yaml")
    verbs = ("build", "scan --offline", "publish", "doctor", "validate other.yaml", "status")
    for verb in verbs:
        argv = [sys.executable, "-m", "fairlead", *verb.split()]
        subprocess.run(argv, cwd=clone, env=environ, check=False, capture_output=True)
    # Without a login in the environment the user's credential helper is asked.
    unlogged = {name: value for name, value in environ.items() if not name.startswith("FAIRLEAD_REGISTRY_")}
    argv = [sys.executable, "-m", "fairlead", "doctor"]
    subprocess.run(argv, cwd=clone, env=unlogged, check=False, capture_output=True)
    seen: dict[str, set[str]] = {}
    for dump in dumps.iterdir():
        told = dict(line.split("=", 1) for line in dump.read_text().splitlines() if "=" in line)
        seen.setdefault(dump.name.partition(".")[0], set()).update(
            name for name, value in told.items() if CANARY in value
        )
    tools = {"git", "ssh", "docker-buildx", "docker-compose", "trivy", "docker-credential-spy"}
    assert tools <= set(seen), seen
    assert seen.pop("docker-compose") <= set(OTHERS)
    assert seen.pop("docker-buildx") == {"NPM_TOKEN"}
    # The builder asks git about the commit and the helper about a login, and hands on what it has.
    for name in ("git", "docker-credential-spy"):
        assert seen.pop(name) <= {"NPM_TOKEN"}
    assert not set().union(*seen.values()), seen


def test_variables_that_steer_programs(tmp_path: Path, spied: tuple[dict[str, str], Path]) -> None:
    """`variables: {LD_PRELOAD: ./x.so, HOME: .}` of an environment, for the docker-compose that `validate` asks.

    Holds: what a repository says of variables is for the texts of its files: docker-compose reads it from a file, and has
    none of it in its own environment.
    """
    environ, dumps = spied
    (tmp_path / "compose.yaml").write_text("services: {web: {image: 'web:${MARK:?}'}}\n")
    named = {
        "MARK": "m4rk",
        "LD_PRELOAD": "./m4rk.so",
        "LD_LIBRARY_PATH": "m4rk",
        "HOME": "m4rk",
    }
    (tmp_path / "fairlead.yaml").write_text(
        "app: board\nregistry: ghcr.io/acme/board\n"
        f'environments: {{production: {{hosts: [h], url: "https://b.example.com", variables: {json.dumps(named)}}}}}\n'
        f"validate: {{combinations: {{dev: {{compose: [compose.yaml], variables: {json.dumps(named)}}}}}}}\n"
    )
    argv = [sys.executable, "-m", "fairlead", "validate"]
    done = subprocess.run(argv, cwd=tmp_path, env=environ, check=False, capture_output=True, text=True)
    asked = [dump.read_text() for dump in dumps.glob("docker-compose.*")]
    assert asked, done.stdout
    assert not [text for text in asked if "m4rk" in text]
    assert "[compose]" not in done.stdout, done.stdout
