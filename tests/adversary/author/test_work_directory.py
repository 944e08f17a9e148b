from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.command import run_fairlead
from tests.ended import Ended

SETTINGS = """\
app: board
registry: registry.example.com/board
images:
  profile.d: {dockerfile: x.sh}
  web: {dockerfile: Dockerfile.web}
environments:
  production: {hosts: [deploy@127.0.0.1], url: "https://board.example.com"}
"""
GIT = ("git", "-c", "user.name=Mallory", "-c", "user.email=mallory@example.com")
MINE = "mine\n"
# Of what a build, a scan and a publish write, each kind; all of it is in tests/unit/image/test_workdir.py.
PATHS = (
    *(
        ".fairlead",
        ".fairlead/.gitignore",
        ".fairlead/build.log",
        ".fairlead/bake.json",
        ".fairlead/publish.json",
    ),
    *(".fairlead/dockerfiles", ".fairlead/images/web", f".fairlead/images/web/blobs/sha256/{'0' * 64}"),
)
VERBS = (
    *(
        ("build",),
        ("scan", "--offline"),
        ("publish",),
        ("ship",),
        ("plan",),
        ("diff",),
        ("deploy",),
        ("status",),
    ),
    *(("rollback",), ("secrets", "set", "token", "--from-file", "fairlead.yaml")),
)


@dataclass
class Trap:
    """A clone, and a folder beside it that is none of its business."""

    clone: Path
    outside: Path

    def commit(self, make: Callable[[Path], object], path: str) -> None:
        """Put something at a path of the repository, and clone it as a victim would."""
        at = self.clone / path
        at.parent.mkdir(parents=True, exist_ok=True)
        make(at)
        for words in (("add", "--all", "--force"), ("commit", "--quiet", "--message", "improve the build")):
            subprocess.run([*GIT, *words], cwd=self.clone, check=True)
        victim = self.clone.with_name("victim")
        subprocess.run([*GIT, "clone", "--quiet", self.clone, victim], check=True)
        self.clone = victim

    def run(self, *words: str, **more: str) -> Ended:
        """The command, as the victim runs it."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FAIRLEAD_")}
        return run_fairlead(("--json", *words), cwd=self.clone, env={**kept, **more})

    def everything(self) -> dict[str, tuple[int, bytes]]:
        """The outside, byte for byte."""
        return {
            str(path.relative_to(self.outside)): (
                path.lstat().st_mode,
                path.read_bytes() if path.is_file() else b"",
            )
            for path in sorted(self.outside.rglob("*"))
        }


@pytest.fixture
def trap(tmp_path: Path) -> Trap:
    """A repository of two images; outside of it a folder with files, one of them in a folder."""
    outside, clone = tmp_path / "outside", tmp_path / "clone"
    (outside / "web" / "blobs" / "sha256").mkdir(parents=True)
    for name in ("file", "web/precious", "web/blobs/sha256/precious"):
        (outside / name).write_text(MINE)
    clone.mkdir()
    subprocess.run([*GIT, "init", "--quiet", "--initial-branch", "main", clone], check=True)
    (clone / "fairlead.yaml").write_text(SETTINGS)
    for name in ("x.sh", "Dockerfile.web"):
        (clone / name).write_text("FROM scratch\nCOPY fairlead.yaml /\n")
    return Trap(clone, outside)


def assert_refused(ended: Ended, path: str, trap: Trap, before: dict[str, tuple[int, bytes]]) -> None:
    """Exit 2, one error that names the path and the remedy; outside and inside of the clone are as they were."""
    assert ended.code == 2, ended
    error = ended.document
    assert str(trap.clone / path) in error["what"], error
    assert error["fix"]
    assert trap.everything() == before
    status = subprocess.run([*GIT, "status", "--porcelain"], cwd=trap.clone, check=True, capture_output=True)
    assert status.stdout == b""


@pytest.mark.parametrize("path", PATHS)
def test_a_link_out_of_the_work_directory(trap: Trap, path: str) -> None:
    """A committed link in the place of any file or folder that a build, a scan or a publish writes.

    Holds: every such link is refused before anything is written or removed; the error names it, exit code 2.
    """
    outward = trap.outside / ("file" if "." in Path(path).name[1:] or Path(path).name == "0" * 64 else "web")
    trap.commit(lambda at: at.symlink_to(outward), path)
    before = trap.everything()
    assert_refused(trap.run("build"), path, trap, before)


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb[0])
def test_every_verb_that_uses_the_work_directory(trap: Trap, verb: tuple[str, ...]) -> None:
    """A linked work directory, and a victim who runs another verb than `build`.

    Holds: each verb that reads or writes there refuses it first.
    """
    trap.commit(lambda at: at.symlink_to(trap.outside / "web"), ".fairlead/images/web")
    before = trap.everything()
    assert_refused(trap.run(*verb), ".fairlead/images/web", trap, before)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("dangling", lambda at: at.symlink_to(at / "nowhere")),
        ("parent", lambda at: at.symlink_to("..")),
        ("loop", lambda at: at.symlink_to(at.name)),
        ("chain", lambda at: at.symlink_to("../hop")),
        ("file", lambda at: at.write_text(MINE)),
    ],
)
def test_the_work_directory_itself_is_something_else(
    trap: Trap, name: str, make: Callable[[Path], object]
) -> None:
    """The work directory as a dangling link, a link to its parent or to itself, a chain of links, or a file.

    Holds: refused.
    """
    (trap.clone / "hop").symlink_to("/tmp" if name == "chain" else "x")
    trap.commit(make, "out/.fairlead")
    before = trap.everything()
    assert_refused(trap.run("build", "--work-dir", "out/.fairlead"), "out/.fairlead", trap, before)


def test_a_link_above_the_work_directory(trap: Trap) -> None:
    """A folder of the repository that leads to the work directory is a link, or the user spells it in a roundabout way.

    Holds: every folder from the top of the clone on is looked at, however the path is spelled.
    """
    trap.commit(lambda at: at.symlink_to(trap.outside), "out")
    before = trap.everything()
    for spelled in ("out/web", "./out/../out/web", str(trap.clone / "out/web")):
        assert_refused(trap.run("build", "--work-dir", spelled), "out", trap, before)


@pytest.mark.parametrize(
    "path", [".fairlead/scan.json", ".Fairlead/build.json", ".fairlead/images/web/index.json"]
)
def test_documents_that_the_repository_brings_along(trap: Trap, path: str) -> None:
    """A verdict, or an image, that nobody made is committed into the work directory, in whatever case.

    Holds: what git tracks there is refused by each verb.
    """
    trap.commit(lambda at: at.write_text("{}"), path)
    before = trap.everything()
    for verb in ("publish", "scan"):
        assert_refused(trap.run(verb), path, trap, before)


def test_a_submodule_as_the_work_directory(trap: Trap, tmp_path: Path) -> None:
    """The work directory is a submodule, whose content is another repository's.

    Holds: refused, as all that git tracks there.
    """
    subprocess.run([*GIT, "init", "--quiet", tmp_path / "other"], check=True)
    subprocess.run(
        [*GIT, "commit", "--quiet", "--allow-empty", "-m", "x"], cwd=tmp_path / "other", check=True
    )
    add = (
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        str(tmp_path / "other"),
        ".fairlead",
    )
    subprocess.run([*GIT, *add], cwd=trap.clone, check=True)
    trap.commit(lambda at: at.write_text("x"), "more")
    before = trap.everything()
    assert_refused(trap.run("build"), ".fairlead", trap, before)


def test_links_where_other_verbs_write(trap: Trap) -> None:
    """Links at the other names that Fairlead writes in a clone: the baseline, reports, the first `fairlead.yaml`, a cache.

    Holds: no link of the repository is written through; a file that the user names outside of it may be one.
    """
    (trap.outside / "baseline").write_text('{"schema": "fairlead.baseline/v1", "findings": []}')
    (trap.clone / "fairlead-baseline.json").symlink_to(trap.outside / "baseline")
    (trap.clone / "results.sarif").symlink_to(trap.outside / "file")
    (trap.clone / "reports").symlink_to(trap.outside)
    (trap.clone / "new").mkdir()
    (trap.clone / "new" / "fairlead.yaml").symlink_to(trap.outside / "created")
    (trap.clone / "new" / "compose.yaml").write_text("services: {web: {image: nginx}}\n")
    (trap.clone / "bad.yaml").symlink_to(trap.outside / "compose.yaml")
    (trap.clone / "compose.yaml").write_text("services: {web: {image: nginx}}\n")
    (trap.outside / "compose.yaml").write_text(
        "services:\n  web:\n    image: nginx:1.29\n    privileged: true\n"
    )
    trap.commit(lambda at: at.symlink_to(trap.outside), "cache")
    before = trap.everything()
    tries = (
        ("validate", "--write-baseline"),
        ("validate", "--format", "sarif=results.sarif"),
        ("validate", "--format", "json=reports/new.json"),
        ("validate", "bad.yaml", "--fix"),
        ("-C", "new", "init"),
        ("-C", "new", "init", "--force"),
    )
    for cache in ("", str(trap.clone / "cache")):
        for words in tries:
            ended = trap.run(*words, FAIRLEAD_CACHE=cache)
            assert ended.code == (0 if words[-1] == "--force" else 2), (words, ended)
            assert trap.everything() == before, words


def test_a_build_cache_outside_of_the_clone(trap: Trap) -> None:
    """`build.cache` names a folder of the victim's that the builder is to write into, or a server to send his token to.

    Holds: only `local`, in Fairlead's own cache; no address for a job's token. Exit code 2 before the build.
    """
    trap.commit(lambda at: at.write_text("x"), "note")
    settings = trap.clone / "fairlead.yaml"
    before = trap.everything()
    for entry in (f"type=local,dest={trap.outside}", "type=gha,url=https://mallory.example.com/"):
        settings.write_text(f'{SETTINGS}build: {{cache: ["{entry}"]}}\n')
        ended = trap.run("build", ACTIONS_RUNTIME_TOKEN="x")
        assert ended.code == 2, ended
        assert entry in ended.document["what"]
        assert trap.everything() == before


def test_a_cache_that_the_repository_brings_along(trap: Trap) -> None:
    """A cache folder in the clone, as some CI systems ask for, with a program of the author's in it.

    Holds: a cache of which git tracks something is refused; nothing of it is run.
    """
    trap.commit(lambda at: at.write_text("#!/bin/sh\ntouch ran\n"), ".cache/tools/buildx")
    before = trap.everything()
    ended = trap.run("build", FAIRLEAD_CACHE=str(trap.clone / ".cache"))
    assert_refused(ended, ".cache/tools/buildx", trap, before)


def test_a_link_of_the_user(trap: Trap) -> None:
    """Nothing: a user names a link of his own, outside of any clone, as a report or as the work directory.

    Holds: it is followed; what is refused is what the repository brings.
    """
    (trap.clone / "compose.yaml").write_text("services: {web: {image: nginx}}\n")
    own = trap.outside.with_name("own")
    own.symlink_to(trap.outside)
    ended = trap.run("validate", "--format", f"sarif={own / 'report'}")
    assert ended.code == 11, ended
    assert json.loads((trap.outside / "report").read_text())["version"] == "2.1.0"
    ended = trap.run("scan", "--work-dir", str(own))
    assert "there is no build.json" in ended.document["what"], ended
