"""The workflows that ``init --github`` writes, held against those that they call."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from fairlead.errors import InputError
from fairlead.identity import Identity
from fairlead.starter.callers import Caller, plan_callers
from fairlead.starter.uses import Uses, parse_installed, parse_uses, read_uses

ROOT = Path(__file__).parents[3]
COMMIT = "0123456789abcdef0123456789abcdef01234567"
USES = Uses("acme/fairlead", COMMIT)
FOLDERS = ["", "shop", "apps/admin", "apps admin", "apps.admin", "Läden/eins", "on"]


def callers(directory: str = "", *, submodules: bool = False, lfs: bool = False) -> dict[str, dict[str, Any]]:
    files = plan_callers(Caller(USES, "production", directory, submodules=submodules, lfs=lfs))
    return {path: yaml.safe_load(text) for path, text in files.items()}


def called(job: dict[str, Any]) -> dict[str, Any]:
    """The reusable workflow that a job calls, as this repository has it, with ``on`` under its own name."""
    match = re.fullmatch(rf"acme/fairlead/(\.github/workflows/\w+\.yml)@{COMMIT}", job["uses"])
    assert match
    document = yaml.safe_load((ROOT / match[1]).read_text())
    assert isinstance(document, dict)
    return {**document, "on": document[True]}


@pytest.mark.parametrize("submodules", [False, True])
@pytest.mark.parametrize("lfs", [False, True])
@pytest.mark.parametrize("directory", FOLDERS)
def test_what_a_caller_gives_is_declared_and_what_is_required_is_given(
    directory: str, submodules: bool, lfs: bool
) -> None:
    """What is to be fetched as well is told to all that read the app's files."""
    for path, document in callers(directory, submodules=submodules, lfs=lfs).items():
        (job,) = document["jobs"].values()
        declared = called(job)["on"]["workflow_call"]
        for key, handed in (("inputs", job.get("with", {})), ("secrets", job.get("secrets", {}))):
            known = declared.get(key) or {}
            assert set(handed) <= set(known)
            assert {name for name, one in known.items() if one.get("required")} <= set(handed)
        told = {name: job.get("with", {}).get(name) for name in ("submodules", "lfs")}
        reads = "rollback" not in path
        assert told == {
            "submodules": "true" if reads and submodules else None,
            "lfs": True if reads and lfs else None,
        }


@pytest.mark.parametrize("directory", FOLDERS)
def test_a_caller_says_where_its_app_lies_and_nothing_else_tells_two_apart(directory: str) -> None:
    for document in callers(directory).values():
        (job,) = document["jobs"].values()
        assert job.get("with", {}).get("directory", "") == directory
        assert isinstance(document["name"], str)


def test_a_job_may_what_the_jobs_that_it_calls_may_and_no_more() -> None:
    """GitHub starts no run whose called job asks for more than the caller has."""
    for document in callers().values():
        assert document["permissions"] == {}
        (job,) = document["jobs"].values()
        most: dict[str, str] = {}
        for one in called(job)["jobs"].values():
            for name, level in one["permissions"].items():
                most[name] = "write" if "write" in {level, most.get(name)} else level
        assert job["permissions"] == most


def test_two_apps_of_a_repository_have_files_and_secrets_of_their_own() -> None:
    paths = [path for directory in FOLDERS for path in plan_callers(Caller(USES, "production", directory))]
    assert len(paths) == len(set(paths)) == 3 * len(FOLDERS)
    assert all(re.fullmatch(r"\.github/workflows/[A-Za-z0-9._-]+\.yml", path) for path in paths)
    assert Caller(USES, "production", "apps/admin").secrets == "FAIRLEAD_SECRETS_APPS_ADMIN"


ALIKE = st.text("aAbB01_-/. é", max_size=5)


@given(ALIKE, ALIKE)
@example("apps/admin", "apps-admin")
@example("apps/admin", "apps_admin")
@example("apps/admin", "Apps/Admin")
@example("アプリ", "サイト")
@example("アプリ", "")
@example("A", "a/559aea")
def test_no_two_folders_share_a_secret(one: str, other: str) -> None:
    """GitHub knows a secret by its name in capitals."""
    names = [Caller(USES, "production", directory).secrets for directory in (one, other)]
    assert (names[0] == names[1]) == (one == other)
    assert all(re.fullmatch(r"FAIRLEAD_SECRETS[A-Z0-9_]*", name) for name in names)


@given(st.text(), st.text(min_size=1))
@example(".5", "1.0")
@example("\U0001f600/x", "a\nb: c")
def test_a_folder_and_a_branch_are_read_as_they_are(directory: str, branch: str) -> None:
    files = plan_callers(Caller(USES, "production", directory, branch))
    for document in map(yaml.safe_load, files.values()):
        (job,) = document["jobs"].values()
        assert job.get("with", {}).get("directory", "") == directory
        assert document["name"].endswith(directory.rstrip())
        pushed = document[True].get("push") if isinstance(document[True], dict) else None
        assert pushed is None or pushed["branches"] == [branch]


@pytest.mark.parametrize("page", ["README.md", "docs/github.md"])
def test_the_docs_show_what_is_written(page: str) -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)
    (shown,) = (block for block in blocks if "/.github/workflows/pipeline.yml@" in block)
    written = plan_callers(Caller(USES, "production"))[".github/workflows/deploy.yml"]
    told = written.replace("acme/fairlead", "OWNER/fairlead").replace(COMMIT, "COMMIT")
    assert {**yaml.safe_load(shown), "name": "Deploy"} == yaml.safe_load(told)


def test_each_is_short_enough_to_be_read() -> None:
    lengths = {path: text.count("\n") for path, text in plan_callers(Caller(USES, "production")).items()}
    assert max(lengths.values()) <= 25, lengths
    assert lengths[".github/workflows/deploy.yml"] <= 17


@pytest.mark.parametrize(
    "text",
    [
        "",
        "acme/fairlead",
        "acme/fairlead@v1",
        f"acme/fairlead@{COMMIT[:12]}",
        f"-x/y@{COMMIT}",
        f"a/b/c@{COMMIT}",
    ],
)
def test_only_a_whole_commit_is_called(text: str) -> None:
    with pytest.raises(InputError, match="--uses"):
        parse_uses(text)


def test_an_installed_fairlead_knows_its_commit_from_what_pip_wrote_down() -> None:
    url = f'{{"url": "https://github.com/acme/fairlead.git", "vcs_info": {{"vcs": "git", "commit_id": "{COMMIT}"}}}}'
    assert parse_installed(url) == USES
    for other in ("", "{}", '{"url": "file:///clone", "dir_info": {}}', url.replace(COMMIT, "v1"), "[]"):
        assert parse_installed(other) is None


@pytest.mark.parametrize("url", ["https://github.com/acme/fairlead", "https://ghe.acme.test/acme/fairlead"])
def test_a_clone_calls_the_workflows_of_its_own_commit(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".git").mkdir()
    identity = Identity(COMMIT, 0, "main", (), (), url, "")
    monkeypatch.setattr("fairlead.starter.uses.read_identity", lambda *_: identity)
    assert read_uses(tmp_path) == USES
    for odd in ("", "https://gitlab.acme.test/group/sub/fairlead"):
        monkeypatch.setattr(
            "fairlead.starter.uses.read_identity", lambda *_, odd=odd: replace(identity, source_url=odd)
        )
        with pytest.raises(InputError, match="does not know"):
            read_uses(tmp_path)


def test_a_fairlead_of_unknown_origin_says_how_to_name_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not know") as caught:
        read_uses(tmp_path)
    assert "--uses" in str(caught.value.fix)
