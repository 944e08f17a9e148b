from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.app.files.mounts import secret_sources
from fairlead.app.files.trees import TreeRefusedError, file_tree, load_tree
from fairlead.app.split import ReleaseParts
from fairlead.errors import ComposeInvalidError, InputError
from fairlead.release.prepare import check_variables
from fairlead.release.secrets import Secret
from tests.unit.app.small import small_app, split_small


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    (root / ".git").mkdir(parents=True)
    (root / ".git" / "config").write_text("secret")
    (root / "conf").mkdir()
    (root / "conf" / "a.conf").write_text("a")
    (root / "conf" / "run.sh").write_text("#!/bin/sh\n")
    (root / "conf" / "run.sh").chmod(0o755)
    return root


def mounted(
    root: Path, source: object, target: str = "/conf", more: str = "", service: str = ""
) -> ReleaseParts:
    text = (
        "services:\n  web:\n    image: nginx\n    expose: ['80']\n"
        f"    volumes: [{{type: bind, source: {source}, target: {target}{more}}}]\n{service}"
    )
    return split_small(small_app(root, text))


def test_a_folder_travels_by_content_with_its_modes(repository: Path) -> None:
    parts = mounted(repository, repository / "conf", more=", read_only: true")
    (mount,) = parts.services["web"]["mounts"]
    assert (mount["target"], mount["read_only"]) == ("/conf", True)
    entries = parts.files[mount["file"]]["entries"]
    assert {name: entry["mode"] for name, entry in entries.items()} == {"a.conf": "0644", "run.sh": "0755"}
    assert parts.blobs[entries["a.conf"]["sha256"]] == b"a"
    assert not any(note.rule == "bind-mount" for note in parts.notes)


def test_a_tree_is_named_by_its_content_alone(repository: Path) -> None:
    before = load_tree(repository / "conf", repository).digest
    (repository / "conf" / "a.conf").chmod(0o600)
    assert load_tree(repository / "conf", repository).digest == before
    (repository / "conf" / "a.conf").write_text("b")
    assert load_tree(repository / "conf", repository).digest != before


def test_a_writable_folder_is_mounted_read_only_and_that_is_said(repository: Path) -> None:
    parts = mounted(repository, repository / "conf")
    assert parts.services["web"]["mounts"][0]["read_only"] is True
    assert any("mounted read-only" in note.what for note in parts.notes)


def test_a_folder_of_the_host_stays_what_it_is(repository: Path) -> None:
    parts = mounted(repository, "/var/run/docker.sock")
    assert parts.services["web"]["mounts"] == []
    (volume,) = parts.services["web"]["definition"]["volumes"]
    assert volume["source"] == "/var/run/docker.sock"


def test_the_git_folder_never_travels(repository: Path) -> None:
    tree = load_tree(repository, repository)
    assert not any(name.startswith(".git") for name in tree.entry["entries"])


def test_symbolic_links_are_followed_within_the_repository(repository: Path) -> None:
    (repository / "conf" / "link.conf").symlink_to("a.conf")
    tree = load_tree(repository / "conf", repository)
    assert tree.entry["entries"]["link.conf"] == tree.entry["entries"]["a.conf"]


@pytest.mark.parametrize("target", ["/etc/passwd", "../../outside", "missing"])
def test_a_symbolic_link_never_leads_out(repository: Path, target: str) -> None:
    (repository.parent / "outside").write_text("x")
    (repository / "conf" / "link").symlink_to(target)
    with pytest.raises(TreeRefusedError):
        load_tree(repository / "conf", repository)
    with pytest.raises(ComposeInvalidError) as raised:
        mounted(repository, repository / "conf")
    assert raised.value.findings[0].location is not None
    assert raised.value.findings[0].location.line == 5


def test_a_link_back_into_its_own_folder_ends(repository: Path) -> None:
    (repository / "conf" / "again").symlink_to(".")
    with pytest.raises(TreeRefusedError, match="deeper than"):
        load_tree(repository / "conf", repository)


def test_size_and_number_of_files_are_bounded(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from fairlead.app.files import trees

    monkeypatch.setattr(trees, "MAX_FILES", 1)
    with pytest.raises(TreeRefusedError, match="more than 1 files"):
        load_tree(repository / "conf", repository)
    monkeypatch.setattr(trees, "MAX_BYTES", 5)
    with pytest.raises(TreeRefusedError, match="larger than"):
        load_tree(repository / "conf", repository)


def test_a_missing_source_is_refused_rather_than_made_an_empty_folder(repository: Path) -> None:
    with pytest.raises(ComposeInvalidError, match="can't be released") as raised:
        mounted(repository, repository / "nowhere", more=", read_only: true")
    assert "not in the repository" in raised.value.findings[0].what


def test_a_database_keeps_its_data_in_a_volume(repository: Path) -> None:
    text = (
        "services:\n  db:\n    image: postgres\n"
        f"    volumes: [{{type: bind, source: {repository / 'conf'}, target: /var/lib/postgresql}}]\n"
    )
    with pytest.raises(ComposeInvalidError) as raised:
        split_small(small_app(repository, text, images=()))
    assert "named volume" in raised.value.findings[0].fix
    seeded = text.replace("/var/lib/postgresql", "/docker-entrypoint-initdb.d")
    assert split_small(small_app(repository, seeded, images=())).services["db"]["mounts"]


def test_the_source_that_an_image_is_built_from_is_not_mounted_over_it(repository: Path) -> None:
    (repository / "web" / "src").mkdir(parents=True)
    (repository / "web" / "src" / "main.py").write_text("")
    (repository / "web" / "Dockerfile").write_text("FROM scratch\n")
    text = (
        f"services:\n  web:\n    build: {{context: {repository / 'web'}}}\n    expose: ['80']\n"
        f"    volumes: [{{type: bind, source: {repository / 'web' / 'src'}, target: /src}}]\n"
    )
    parts = split_small(small_app(repository, text))
    assert parts.services["web"]["mounts"] == []
    assert any("is built from it, and has to bring it (`COPY`)" in note.what for note in parts.notes)


def test_configs_become_files(repository: Path) -> None:
    text = (
        "services:\n  web:\n    image: nginx\n    expose: ['80']\n"
        "    configs: [{source: text}, {source: file, target: /etc/a.conf}, {source: variable}]\n"
        "configs:\n  text: {content: 'costs 5 $$'}\n"
        f"  file: {{file: {repository / 'conf' / 'a.conf'}}}\n  variable: {{environment: BANNER}}\n"
    )
    parts = split_small(small_app(repository, text, variables={"BANNER": "hello"}))
    contents = {
        mount["target"]: parts.blobs[parts.files[mount["file"]]["sha256"]]
        for mount in parts.services["web"]["mounts"]
    }
    assert contents == {"/text": b"costs 5 $", "/etc/a.conf": b"a", "/variable": b"hello"}


def test_a_config_without_visible_content_is_refused(repository: Path) -> None:
    text = "services:\n  web: {image: nginx, expose: ['80'], configs: [{source: c}]}\nconfigs:\n  c: {environment: X}\n"
    with pytest.raises(ComposeInvalidError) as raised:
        split_small(small_app(repository, text))
    assert str(raised.value.findings[0].location) == "compose.yaml:4:3"


def test_secrets_are_mounted_by_name_where_compose_would(repository: Path) -> None:
    text = (
        "services:\n  web:\n    image: nginx\n    expose: ['80']\n"
        "    secrets: [{source: a}, {source: b, target: other}, {source: c, target: /etc/c}]\n"
        "secrets: {a: {file: /a}, b: {file: /b}, c: {external: true}}\n"
    )
    mounts = split_small(small_app(repository, text)).services["web"]["mounts"]
    assert [(mount["secret"], mount["target"]) for mount in mounts] == [
        ("a", "/run/secrets/a"),
        ("b", "/run/secrets/other"),
        ("c", "/etc/c"),
    ]


def test_a_file_tree_tells_its_own_name() -> None:
    """The name is the hash of the entry, so a server can check it without the client."""
    import hashlib
    import json

    tree = file_tree(b"x")
    canonical = json.dumps(tree.entry, sort_keys=True, separators=(",", ":")).encode()
    assert tree.digest == hashlib.sha256(canonical).hexdigest()


def test_a_variable_from_a_secret_is_in_the_release_by_its_name_alone(repository: Path) -> None:
    """What the compose file says of that variable is for development; no top-level secret has to be declared."""
    text = """\
services:
  web:
    image: nginx
    expose: ['80']
    environment: {DATABASE_URL: "postgres://dev:dev@db/dev", SECRET_KEY: , LANG: C}
    secrets: [tls]
    x-fairlead: {secret_environment: {DATABASE_URL: database_url, SECRET_KEY: key, TLS: tls}}
secrets: {tls: {file: ./tls}, key: {environment: SECRET_KEY}}
"""
    app = small_app(repository, text)
    parts = split_small(app)
    web = parts.services["web"]
    assert web["definition"]["environment"] == {"LANG": "C"}
    assert web["mounts"] == [
        {"secret": "tls", "target": "/run/secrets/tls"},
        {"secret": "database_url", "variable": "DATABASE_URL"},
        {"secret": "key", "variable": "SECRET_KEY"},
        {"secret": "tls", "variable": "TLS"},
    ]
    (told,) = [note.what for note in parts.notes if note.rule == "secret-as-variable"]
    assert told.startswith(
        "web: DATABASE_URL, SECRET_KEY, TLS have their values from secrets: `docker inspect`"
    )
    sources = secret_sources(app)
    found = {
        name: (source.file and source.file.name, source.env, source.location.line)
        for name, source in sources.items()
    }
    assert found == {"tls": ("tls", "", 8), "database_url": (None, "", 7), "key": (None, "SECRET_KEY", 8)}
    with pytest.raises(InputError, match="the secret key cannot be an environment variable: it holds a NUL"):
        check_variables(app, {name: Secret(b"a\0b" if name == "key" else b"x") for name in sources})
    check_variables(app, dict.fromkeys(sources, Secret(b"fine\n")))
