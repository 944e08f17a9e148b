"""The author of a pull request names sources that are not his: files of the machine, secrets of the job."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

CANARY = "c4n4ry-not-yours"
JOB = {
    "FAIRLEAD_SSH_KEY": CANARY,
    "FAIRLEAD_REGISTRY_PASSWORD": CANARY,
    "GITHUB_TOKEN": CANARY,
    "ACTIONS_RUNTIME_TOKEN": CANARY,
}
SERVICE = "services:\n  web:\n    image: acme/web:1.0\n"
SETTINGS = """\
app: board
registry: ghcr.io/acme/board
images: {web: {dockerfile: Dockerfile}}
compose: [compose.yaml]
environments: {production: {hosts: [deploy@app.example.com], url: "https://board.example.com"}}
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone beside a file that is not the repository's."""
    folder = tmp_path / "clone"
    (folder / ".git").mkdir(parents=True)
    (folder / "compose.yaml").write_text(SERVICE)
    (folder / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "outside").write_text(f"a: {CANARY}: {CANARY}\n{CANARY}={CANARY}\n")
    os.mkfifo(folder / "pipe")
    return folder


def _run(folder: Path, *words: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    """The command as a job runs it, with everything that the job knows."""
    return subprocess.run(
        [sys.executable, "-m", "fairlead", *words],
        cwd=folder,
        env={**os.environ, **JOB, "GITHUB_ACTIONS": "false"},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def _refuses(folder: Path, *words: str) -> str:
    """What the command says when it refuses: in every form, nothing of what is not the author's."""
    done = _run(folder, *words)
    said = done.stdout + done.stderr
    assert done.returncode in (2, 11, 12), (words, done.returncode, said)
    assert CANARY not in said, said
    assert "root:" not in said, said
    return said


def test_files_of_the_machine_in_compose_files(clone: Path) -> None:
    """Compose files name the machine's own: `extends`, `include`, `env_file`, `label_file`, by `..`, a link, `/proc`.

    Holds: what lies outside of the repository, links resolved, is never opened: the finding names the file and nothing
    of what is in it, in the text, in JSON and in SARIF, and docker-compose's words about it are not shown.
    """
    (clone / "leaves").symlink_to("../outside")
    (clone / "more.yaml").write_text("services: {other: {image: 'acme/o:1'}}\n")
    for file in ("../outside", "leaves", "/proc/self/environ", "/etc/passwd", "/dev/stdin"):
        (clone / "compose.yaml").write_text(
            f"include: [{file}, {{path: more.yaml, env_file: {file}}}]\n"
            "services:\n"
            f"  extended: {{extends: {{file: {file}, service: web}}}}\n"
            f"  variables: {{image: 'acme/a:1', env_file: {file}}}\n"
            f"  raw: {{image: 'acme/b:1', env_file: [{{path: {file}, format: raw}}]}}\n"
            f"  labels: {{image: 'acme/c:1', label_file: {file}}}\n"
        )
        said = _refuses(clone, "validate", *(f"--format={kind}" for kind in ("sarif", "json", "text")))
        told = {
            line.split(":")[1]
            for line in said.splitlines()
            if "can't be read: it " in line and "compose.yaml:" in line
        }
        assert told == {"1", "3", "4", "5", "6"}, said


def test_the_files_themselves_as_links(clone: Path) -> None:
    """`compose.yaml`, `.env` or `fairlead.yaml` is committed as a link to a file outside.

    Holds: they are refused like any other source, before they are opened.
    """
    for name in ("compose.yaml", ".env", "fairlead.yaml"):
        file = clone / name
        before = file.read_text() if file.exists() else None
        file.unlink(missing_ok=True)
        file.symlink_to("../outside")
        _refuses(clone, "validate")
        file.unlink()
        if before is not None:
            file.write_text(before)


def test_a_pipe_that_nobody_writes_to(clone: Path) -> None:
    """A source is a pipe (or a device without an end), so that whoever reads it waits for ever.

    Holds: a source is looked at before it is opened, and opened so that nothing can wait.
    """
    for file in ("pipe", "/dev/zero"):
        for text in (
            f"{SERVICE}    env_file: {file}\n",
            f"include: [{file}]\n",
            f"{SERVICE}    build: {{dockerfile: {file}}}\n",
        ):
            (clone / "compose.yaml").write_text(text)
            _refuses(clone, "validate", "--no-compose")


def test_secrets_of_the_job(clone: Path) -> None:
    """`secrets: {k: {environment: FAIRLEAD_SSH_KEY}}`, `{file: /proc/self/environ}`: the job's own secrets for a container.

    Holds: validate finds it (`foreign-source`, which nobody can waive), and a deploy, which reads secrets through the
    same door, refuses it before it connects.
    """
    (clone / "fairlead.yaml").write_text(SETTINGS)
    (clone / "leaves").symlink_to("../outside")
    files = ("/proc/self/environ", "../outside", "./leaves", "/etc/passwd", "./pipe")
    sources = [f"environment: {name}" for name in JOB] + [f"file: {file}" for file in files]
    names = [f"s{number}" for number, _ in enumerate(sources)]
    rows = "".join(f"  {name}: {{{source}}}\n" for name, source in zip(names, sources, strict=True))
    (clone / "compose.yaml").write_text(f"{SERVICE}    secrets: [{', '.join(names)}]\nsecrets:\n{rows}")
    said = _refuses(clone, "validate")
    assert len(re.findall(r"error: .*\[foreign-source\]", said)) == len(sources), said


def test_secrets_of_the_job_for_a_build(clone: Path) -> None:
    """`build.secrets: {t: {env: FAIRLEAD_REGISTRY_PASSWORD}}` or `{file: /proc/self/environ}`; a context or Dockerfile outside.

    Holds: fairlead.yaml does not hold: a variable of Fairlead's, the CI's or a tool's, and a file outside of the
    repository (the system's certificates apart), are refused before a builder is asked.
    """
    (clone / "leaves").symlink_to("..")
    files = ("/proc/self/environ", "../outside", "leaves/outside", "pipe", "/etc/passwd")
    secrets = [f"file: {file}" for file in files] + [f"env: {name}" for name in JOB]
    rows = ", ".join(f"s{number}: {{{source}, optional: true}}" for number, source in enumerate(secrets))
    (clone / "fairlead.yaml").write_text(
        "app: board\nregistry: ghcr.io/acme/board\n"
        f"build: {{secrets: {{{rows}}}}}\n"
        "images:\n"
        "  a: {context: ..}\n"
        "  b: {context: leaves}\n"
        "  c: {dockerfile: leaves/outside}\n"
        "  d: {dockerfile: /proc/self/environ}\n"
        "compose: [compose.yaml, leaves/outside, /proc/self/environ]\n"
        "validate: {combinations: {dev: {compose: [leaves/outside]}}}\n"
    )
    for words in (("build", "--dry-run"), ("validate",)):
        said = _refuses(clone, *words)
        assert said.count(" is no source: ") == len(files) + 7, said
        assert all(f"{name} is Fairlead's" in said for name in JOB)
    # The same by the `build:` of a service, which is what is built.
    outside = ("..", "./leaves")
    builds = [f"{{context: {folder}}}" for folder in outside]
    builds += [f"{{context: ., additional_contexts: {{x: {folder}}}}}" for folder in outside]
    builds += ["{context: ., dockerfile: ../outside}", "{context: ., ssh: [x=../outside]}"]
    builds += [f"{{context: ., secrets: [s{number}]}}" for number in range(len(JOB) + 2)]
    given = [f"environment: {name}" for name in JOB] + ["file: ../outside", "file: /proc/self/environ"]
    (clone / "fairlead.yaml").write_text("app: board\nregistry: ghcr.io/acme/board\n")
    (clone / "compose.yaml").write_text(
        "services:\n"
        + "".join(f"  b{number}: {{build: {build}}}\n" for number, build in enumerate(builds))
        + "secrets:\n"
        + "".join(f"  s{number}: {{{one}}}\n" for number, one in enumerate(given))
    )
    _commit(clone)
    said = _refuses(clone, "build", "--dry-run")
    assert said.count("[foreign-source]") == len(outside) * 2 + 2 + len(given), said


def test_paths_that_look_like_something_else(clone: Path) -> None:
    """A build's `additional_contexts` and `ssh` name `x://../..`, a drive `c:/`, a layout behind a link: no address, but paths.

    Holds: whatever is no address for the builder is a path, looked at where the builder looks for it, and refused where it
    leads out, before one is asked.
    """
    (clone / "x:").mkdir()
    for link in ("c:", "up"):
        (clone / link).symlink_to("..")
    folder = clone / "deep" / "er"
    folder.mkdir(parents=True)
    (folder / "Dockerfile").write_text("FROM scratch\n")
    paths = ["x://../../outside", "x:/../../o", "c:/o"]
    paths += [f"oci-layout://{path}" for path in ("up/o", "up:1", "up@sha256:1")]
    contexts = ", ".join(f"c{number}: '{path}'" for number, path in enumerate(paths))
    (clone / "fairlead.yaml").write_text("app: board\nregistry: ghcr.io/acme/board\n")
    (clone / "compose.yaml").write_text(
        f"services: {{web: {{build: {{context: deep/er, ssh: ['k=c:/outside'], additional_contexts: {{{contexts}}}}}}}}}\n"
    )
    _commit(clone)
    said = _refuses(clone, "build", "--dry-run")
    assert said.count("[foreign-source]") == len(paths) + 1, said


def test_what_git_keeps_in_the_clone(clone: Path) -> None:
    """`.git/config`, where a checkout keeps its token: as a secret or an `env_file`, by a link, too.

    Holds: what lies in a folder of git's is no source, whatever names it.
    """
    (clone / ".git" / "config").write_text(f"{CANARY}={CANARY}\n")
    (clone / "kept").symlink_to(".git/config")
    (clone / "fairlead.yaml").write_text(SETTINGS)
    (clone / "compose.yaml").write_text(
        "services:\n  web: {image: 'acme/web:1.0', env_file: kept, secrets: [s, t]}\n"
        "secrets: {s: {file: .git/config}, t: {file: kept}}\n"
    )
    said = _refuses(clone, "validate", "--no-compose")
    assert len(re.findall(r"error: .*git's own", said)) == 3, said


def _commit(clone: Path) -> None:
    git = ("git", "-c", "user.name=Mallory", "-c", "user.email=mallory@example.com")
    for line in (("init", "--quiet"), ("add", "compose.yaml"), ("commit", "--quiet", "--message", "x")):
        subprocess.run([*git, *line], cwd=clone, check=True, capture_output=True)
