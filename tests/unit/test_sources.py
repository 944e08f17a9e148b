"""What a repository may name as a source: its own regular files, and variables that are nobody else's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fairlead.app.files.trees import TreeRefusedError, load_tree
from fairlead.sources import (
    SourceRefusedError,
    check_source,
    is_withheld,
    read_source,
    real_path,
    repository_of,
    resolve_source,
    shown_variables,
)
from fairlead.submodules import missing_submodules

MOST = 1000


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A repository beside a file that is not its own, with links of every kind."""
    repository = tmp_path / "repository"
    (repository / ".git").mkdir(parents=True)
    (repository / "deep" / "er").mkdir(parents=True)
    (repository / "own").write_text("own")
    (repository / "large").write_text("x" * (MOST + 1))
    (tmp_path / "outside").write_text("outside")
    (tmp_path / "repository-2").mkdir()
    (tmp_path / "repository-2" / "file").write_text("outside")
    for name, target in {
        "inner": "own",
        "chain": "inner",
        "leaves": "../outside",
        "hop": "leaves",
        "root": "/",
        "process": "/proc/self",
        "loop": "loop",
        "dangling": "/nowhere/at/all",
    }.items():
        (repository / name).symlink_to(target)
    os.mkfifo(repository / "pipe")
    return repository


@pytest.mark.parametrize("name", ["own", "inner", "chain", "deep/../own", "./own", "deep/er/../../own"])
def test_files_of_the_repository_are_read(place: Path, name: str) -> None:
    assert read_source(f"{place}/{name}", [str(place)], MOST) == b"own"
    check_source(f"{place}/{name}", [str(place)])


@pytest.mark.parametrize(
    "name",
    [
        *(
            "../outside",
            "leaves",
            "hop",
            "root/etc/passwd",
            "process/environ",
            "/etc/passwd",
            "../repository-2/file",
        ),
        *("/proc/self/environ", "/dev/stdin", "/dev/null", "/dev/zero", "pipe", "loop", "dangling", "a\0b"),
        *("root/proc/self/environ", "deep/../../outside"),
    ],
)
def test_nothing_else_is_opened(place: Path, name: str) -> None:
    """A pipe would hang for ever, and what is outside is somebody else's."""
    path = name if name.startswith("/") else f"{place}/{name}"
    with pytest.raises((SourceRefusedError, OSError)) as raised:
        read_source(path, [str(place)], MOST)
    assert "outside" not in str(raised.value) or "outside of the repository" in str(raised.value)
    with pytest.raises((SourceRefusedError, OSError)):
        check_source(path, [str(place)])


@pytest.mark.parametrize(
    "name", [".git/config", ".git", "deep/../.git/config", "kept", "deep/.git", "deep/er/.GIT/x"]
)
def test_what_git_keeps_is_no_source(place: Path, name: str) -> None:
    """In a job the token of the checkout stands there, and on a laptop the password of a remote."""
    (place / ".git" / "config").write_text("token")
    (place / "kept").symlink_to(".git/config")
    (place / "deep" / ".git").write_text("gitdir: elsewhere")
    (place / "deep" / "er" / ".GIT").mkdir()
    (place / "deep" / "er" / ".GIT" / "x").write_text("token")
    with pytest.raises(SourceRefusedError, match="git's own"):
        read_source(f"{place}/{name}", [str(place)], MOST)
    with pytest.raises(TreeRefusedError, match="git's own"):
        load_tree(place / name, place)
    (place / ".gitignore").write_text("own")
    assert read_source(f"{place}/.gitignore", [str(place)], MOST) == b"own"


def test_a_link_to_what_git_keeps_takes_a_folder_nowhere(place: Path) -> None:
    folder = place / "conf"
    folder.mkdir()
    (folder / "a").symlink_to("../.git/config")
    (place / ".git" / "config").write_text("token")
    with pytest.raises(TreeRefusedError, match="git's own"):
        load_tree(folder, place)


def test_a_machine_s_own_files_are_none_even_of_a_repository_at_its_root(tmp_path: Path) -> None:
    for path in ("/proc/self/environ", "/dev/null", "/sys/kernel"):
        with pytest.raises(SourceRefusedError, match="own"):
            resolve_source(path, ["/"])
    assert resolve_source(str(tmp_path), ["/"]) == os.path.realpath(tmp_path)


def test_a_size_is_bounded(place: Path) -> None:
    with pytest.raises(SourceRefusedError, match="larger"):
        read_source(f"{place}/large", [str(place)], MOST)


def test_the_certificates_that_everybody_trusts_are_anybodys(place: Path) -> None:
    assert resolve_source("/etc/ssl/certs/../certs/ca-certificates.crt", [str(place)])


def test_the_repository_of_a_folder(place: Path, tmp_path: Path) -> None:
    assert repository_of(str(place / "deep" / "er")) == str(place)
    assert repository_of(str(tmp_path / "repository-2")) == str(tmp_path / "repository-2")


@pytest.mark.parametrize(
    "name",
    [
        *("FAIRLEAD_REGISTRY_PASSWORD", "FAIRLEAD_SSH_KEY", "fairlead_secrets", "GITHUB_TOKEN", "GH_TOKEN"),
        *(
            "ACTIONS_RUNTIME_TOKEN",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
            "RUNNER_TEMP",
            "SSH_AUTH_SOCK",
            " SSH_X",
        ),
        *("DOCKER_AUTH_CONFIG", "CI_JOB_TOKEN", "COSIGN_PASSWORD", "AWS_SECRET_ACCESS_KEY", "KUBECONFIG"),
    ],
)
def test_variables_that_are_somebody_elses(name: str) -> None:
    assert is_withheld(name)


@pytest.mark.parametrize(
    "name", ["NPM_TOKEN", "DATABASE_URL", "PYPI_PASSWORD", "MY_GITHUB_TOKEN", "HTTPS_PROXY"]
)
def test_variables_that_a_build_may_ask_for(name: str) -> None:
    assert not is_withheld(name)


def test_no_secret_of_somebody_elses_is_put_into_a_text() -> None:
    environ = {
        "FAIRLEAD_SSH_KEY": "k",
        "GITHUB_TOKEN": "t",
        "DOCKER_AUTH_CONFIG": "a",
        "GITHUB_SHA": "1",
        "FAIRLEAD_TAG": "2",
        "COMPOSE_PROFILES": "3",
        "NPM_TOKEN": "4",
    }
    kept = {"GITHUB_SHA": "1", "FAIRLEAD_TAG": "2", "COMPOSE_PROFILES": "3", "NPM_TOKEN": "4"}
    assert shown_variables(environ) == kept


def test_a_link_that_nobody_may_follow_stays_as_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as ``/proc/1/root``, for who is not root: what a repository names so is refused in words."""
    link = tmp_path / "link"
    link.symlink_to("/")

    def refuse(path: object, **_: object) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "readlink", refuse)
    assert real_path(f"{link}/../link/etc") == f"{link}/etc"
    assert real_path("nul\0") == str(Path.cwd() / "nul\0")
    assert repository_of(str(link)) == str(link)
    assert missing_submodules(link) == ()
    with pytest.raises(TreeRefusedError, match="not in the repository"):
        load_tree(link, tmp_path)
    with pytest.raises(SourceRefusedError, match="can't be followed"):
        resolve_source(str(link), [str(tmp_path)])
