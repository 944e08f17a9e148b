"""``fairlead init --github``: what it writes, what it leaves, and what it says is left to do."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner

from fairlead.cli.root import command
from fairlead.errors import InputError
from fairlead.judge.policy import GRADES
from fairlead.judge.request import settings_request
from fairlead.judge.run import judge
from fairlead.quick.records import replace
from fairlead.remote.ssh_failure import ScannedKey
from fairlead.schemas import load_schema
from fairlead.settings.load import load_settings
from fairlead.settings.values import Host
from fairlead.starter.accept import GIVES_AWAY_HOST
from fairlead.starter.host_keys import find_host_keys, parse_names
from tests.unit.starter.plain import COMPOSE, make_plain, walk

USES = f"acme/fairlead@{'0123456789' * 4}"
KEY = ScannedKey("app.acme.test ssh-ed25519 AAAA", "SHA256:abcd")


@pytest.fixture(autouse=True)
def nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """No server, no git, and no docker-compose that could be asked."""
    monkeypatch.setattr("fairlead.starter.github.large_files", lambda _: ())
    monkeypatch.setattr("fairlead.starter.beside.list_files", walk)
    monkeypatch.setattr("fairlead.starter.github.run_keyscan", lambda *_: ())
    monkeypatch.setattr(
        "fairlead.starter.github.settings_request",
        lambda settings: replace(settings_request(settings), ask=False),
    )


def init(root: Path, *words: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.chdir(root)
    ran = CliRunner().invoke(
        command, ["--json", "init", "--github", "--uses", USES, *words], catch_exceptions=False
    )
    assert ran.exit_code == 0, ran.output
    document: dict[str, Any] = json.loads(ran.stdout)
    jsonschema.validate(document, load_schema("init"))
    return document


def tree(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def passes(root: Path) -> bool:
    return judge(replace(settings_request(load_settings(root, {})), ask=False)).passed


def test_a_plain_app_holds_when_the_server_is_named_and_nothing_else_edited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """21 errors are accepted and told by rank; the next one fails."""
    root = make_plain(tmp_path)
    document = init(root, "--host", "deploy@app.acme.test", monkeypatch=monkeypatch)
    door = document["github"]
    assert {one["path"]: one["state"] for one in door["files"]} == {
        "fairlead-baseline.json": "written",
        ".github/workflows/deploy.yml": "written",
        ".github/workflows/rollback.yml": "written",
        ".github/workflows/preview.yml": "written",
    }
    assert door["first"] == []
    assert door["accepted"] >= 21
    assert passes(root)
    settings = load_settings(root, {})
    assert list(map(str, settings.environment().hosts)) == ["deploy@app.acme.test"]
    assert settings.environment().url == "https://app.acme.test"
    assert settings.platforms == ()
    (root / "compose.yaml").write_text(COMPOSE.replace("image: redis:8", "image: redis:8\n    pid: host"))
    assert not passes(root)


def test_a_second_run_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_plain(tmp_path)
    words = ("--host", "deploy@app.acme.test", "--url", "https://app.acme.test")
    init(root, *words, monkeypatch=monkeypatch)
    before = tree(root)
    again = init(root, *words, monkeypatch=monkeypatch)
    assert tree(root) == before
    assert {one["state"] for one in again["github"]["files"]} == {"there"}
    assert again["written"] is False


def test_nothing_that_is_there_is_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_plain(tmp_path)
    init(root, monkeypatch=monkeypatch)
    own = {
        ".github/workflows/deploy.yml": "name: Mine\n",
        "fairlead-baseline.json": (root / "fairlead-baseline.json")
        .read_text()
        .replace("no-init", "no-limits"),
        "known_hosts": "other.acme.test ssh-ed25519 AAAA\n",
        "fairlead.yaml": (root / "fairlead.yaml")
        .read_text()
        .replace("guestbook.example.com", "app.acme.test"),
    }
    for path, text in own.items():
        (root / path).write_text(text)
    (root / ".github/workflows/preview.yml").unlink()
    (root / ".github/workflows/preview.yml").symlink_to("nowhere")
    door = init(root, monkeypatch=monkeypatch)["github"]
    assert {path: (root / path).read_text() for path in own} == own
    states = {one["path"]: one["state"] for one in door["files"]}
    assert states[".github/workflows/deploy.yml"] == "differs"
    assert states[".github/workflows/preview.yml"] == "differs"
    assert any(
        "ssh-keyscan -t ed25519 app.acme.test" in word for one in door["todo"] for word in one["commands"]
    )


def test_whenever_it_is_ended_files_are_whole_or_not_there_and_the_next_run_writes_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = make_plain(tmp_path / "whole")
    init(whole, monkeypatch=monkeypatch)
    wanted = tree(whole)
    rename = os.replace
    for last in range(6):
        root = make_plain(tmp_path / f"ended {last}")
        left = [last]

        def end(*words: Any, _left: list[int] = left, **names: Any) -> None:
            if _left[0] == 0:
                raise KeyboardInterrupt
            _left[0] -= 1
            rename(*words, **names)

        with monkeypatch.context() as ending:
            ending.setattr("fairlead.files.os.replace", end)
            ending.chdir(root)
            CliRunner().invoke(command, ["init", "--github", "--uses", USES])
        found = tree(root)
        assert all(text == wanted[name] for name, text in found.items() if "baseline" not in name)
        init(root, monkeypatch=monkeypatch)
        assert tree(root).keys() == wanted.keys()


@pytest.mark.parametrize(
    ("bad", "rule"),
    [
        ("privileged: true", "privileged"),
        ("volumes: [/var/run/docker.sock:/var/run/docker.sock]", "engine-socket"),
        ("restrat: always", "schema"),
        ("network_mode: host", "host-namespace"),
    ],
)
def test_what_gives_away_the_host_or_does_not_run_is_told_first_and_fails_on(
    bad: str, rule: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_plain(tmp_path, COMPOSE.replace("build: .", f"build: .\n    {bad}"))
    door = init(root, monkeypatch=monkeypatch)["github"]
    assert door["first"], rule
    assert any("mend" in one["what"] for one in door["todo"])
    assert f'"rule": "{rule}"' not in (root / "fairlead-baseline.json").read_text()
    assert not passes(root)


def test_a_server_that_answers_is_known_and_its_fingerprint_is_to_be_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, int]] = []

    def scan(name: str, port: int) -> Sequence[ScannedKey]:
        asked.append((name, port))
        return (KEY,)

    monkeypatch.setattr("fairlead.starter.github.run_keyscan", scan)
    root = make_plain(tmp_path)
    door = init(root, "--host", "deploy@app.acme.test:2222", monkeypatch=monkeypatch)["github"]
    assert asked == [("app.acme.test", 2222)]
    assert (root / "known_hosts").read_text() == f"{KEY.line}\n"
    assert door["fingerprints"] == [KEY.fingerprint]
    assert any(
        KEY.fingerprint in one["what"] and "ssh-keygen -lf" in one["commands"][0] for one in door["todo"]
    )
    init(root, monkeypatch=monkeypatch)
    assert len(asked) == 1


def test_no_server_of_a_draft_is_asked_for_its_key(tmp_path: Path) -> None:
    def scan(_name: str, _port: int) -> Sequence[ScannedKey]:
        raise AssertionError

    hosts = (Host(user="deploy", name="guestbook.example.com"),)
    assert find_host_keys(hosts, tmp_path / "known_hosts", scan).missing == hosts


def test_the_names_of_known_hosts_are_read_as_ssh_does() -> None:
    text = "# a\n\nkey.test,10.0.0.1 ssh-rsa A\n@cert-authority *.acme.test ssh-rsa B\n[p.test]:22022 ssh-rsa C\n"
    assert parse_names(text) == {"key.test", "10.0.0.1", "*.acme.test", "[p.test]:22022"}


def test_an_app_in_a_folder_has_its_workflows_at_the_top_and_names_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("apps/admin", "apps/shop"):
        door = init(make_plain(tmp_path / folder, top=tmp_path), monkeypatch=monkeypatch)["github"]
        assert {one["state"] for one in door["files"]} == {"written"}
    assert sorted(path.name for path in (tmp_path / ".github" / "workflows").iterdir()) == [
        f"{name}-apps.{app}.yml" for name in ("deploy", "preview", "rollback") for app in ("admin", "shop")
    ]
    assert "directory: apps/admin\n" in (tmp_path / ".github/workflows/deploy-apps.admin.yml").read_text()
    assert "branches: [trunk]" in (tmp_path / ".github/workflows/deploy-apps.admin.yml").read_text()


def test_what_a_checkout_leaves_out_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Submodules and files of LFS, of this app."""
    root = make_plain(tmp_path)
    (root / ".gitmodules").write_text(
        '[submodule "theme"]\n\tpath = theme\n\turl = https://example.com/theme\n'
    )
    monkeypatch.setattr("fairlead.starter.github.large_files", lambda _: ("logo.png",))
    todo = init(root, monkeypatch=monkeypatch)["github"]["todo"]
    # Of a private one the job's token can read nothing.
    assert any("submodules is private (theme)" in one["what"] for one in todo)
    for name in ("deploy", "preview"):
        text = (root / ".github" / "workflows" / f"{name}.yml").read_text()
        assert "      submodules: 'true'\n      lfs: true\n" in text


def test_the_commands_that_are_left_name_this_repository_and_its_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "    secrets: [token]\n  redis:"
    root = make_plain(
        tmp_path, COMPOSE.replace("  redis:", secret, 1) + "secrets:\n  token: {file: token.txt}\n"
    )
    door = init(root, "--host", "deploy@app.acme.test", monkeypatch=monkeypatch)["github"]
    told = "\n".join(word for one in door["todo"] for word in one["commands"])
    for command_ in (
        "gh secret set FAIRLEAD_SSH_KEY --repo acme/guestbook < ~/.ssh/fairlead-guestbook",
        "gh secret set FAIRLEAD_SECRETS --repo acme/guestbook < FILE",
        "gh api -X PUT repos/acme/guestbook/environments/production",
        "--public-key ~/.ssh/fairlead-guestbook.pub | ssh root@app.acme.test sh",
        "git push origin trunk",
    ):
        assert command_ in told
    assert any("token" in one["what"] for one in door["todo"])


@pytest.mark.parametrize(
    ("host", "own"),
    [
        *(("ghe.acme.test", True), ("git.github.com.evil.test", True)),
        *(
            ("github.com", False),
            ("github.com-work", False),
            ("ssh.github.com", False),
            ("acme.ghe.com", False),
            ("work", False),
        ),
    ],
)
def test_on_a_github_of_one_s_own_it_is_said_first_that_these_workflows_do_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, own: bool
) -> None:
    config = make_plain(tmp_path) / ".git" / "config"
    config.write_text(config.read_text().replace("github.com", host))
    told = init(tmp_path, "--host", "app.acme.test", monkeypatch=monkeypatch)["github"]["todo"][0]["what"]
    assert (f"registry: containers.{host}/acme/guestbook" in told) == own


@pytest.mark.parametrize(
    "host", ["gitlab.com", "bitbucket.org", "codeberg.org", "ssh.dev.azure.com", "gitlab.acme.test"]
)
def test_another_forge_is_told_as_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    """It has no actions and no registry of GitHub's."""
    config = make_plain(tmp_path) / ".git" / "config"
    config.write_text(config.read_text().replace("github.com", host))
    todo = init(tmp_path, "--host", "app.acme.test", monkeypatch=monkeypatch)["github"]["todo"]
    assert todo[0]["what"].startswith(f"{host} is not GitHub")
    assert not any("Enterprise Server" in one["what"] for one in todo)


def test_outside_of_a_repository_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran = CliRunner().invoke(command, ["init", "--github", "--uses", USES])
    assert isinstance(ran.exception, InputError)
    assert "git init" in ran.exception.fix
    assert tree(tmp_path) == {}


@pytest.mark.parametrize(
    "words",
    [
        ("--host", "a b"),
        ("--host", "x]\nevil: 1"),
        ("--url", "javascript:1"),
        ("--url", "https://a/#{"),
        ("--host", "-oProxyCommand=x"),
    ],
)
def test_a_server_or_address_that_is_none_is_refused_before_anything_is_written(
    words: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_plain(tmp_path)
    before = tree(root)
    monkeypatch.chdir(root)
    ran = CliRunner().invoke(command, ["init", "--github", "--uses", USES, *words])
    assert isinstance(ran.exception, InputError)
    assert ran.exception.what.startswith(words[0])
    assert tree(root) == before


def test_what_leads_out_of_the_containers_is_of_the_second_rank() -> None:
    assert {GRADES[rule][-1] for rule in GIVES_AWAY_HOST} == {"2"}
