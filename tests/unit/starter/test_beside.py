"""Two apps of one repository on one server: what ``init`` sees of the other, writes, and leaves for a person to do."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as some

from fairlead.app.network.sites import parse_front
from fairlead.positions import parse_yaml
from fairlead.settings.load import load_settings
from fairlead.settings.values import Settings
from fairlead.starter.beside import (
    MOST_BYTES,
    MOST_ENVIRONMENTS,
    MOST_FILES,
    Others,
    find_others,
    parse_tenants,
)
from fairlead.starter.draft import plan_draft
from fairlead.starter.look import read_sight
from fairlead.starter.place import describe_sharing
from tests.unit.starter.plain import make_plain, walk
from tests.unit.starter.test_github import init, nobody_answers, tree

__all__ = ["nobody_answers"]
SERVER = "deploy@app.acme.test"


def said(top: Path, folder: str) -> dict[str, Any]:
    """Production of an app, as its file has it."""
    document = yaml.safe_load((top / folder / "fairlead.yaml").read_text())
    production: dict[str, Any] = document["environments"]["production"]
    return production


def todo(document: dict[str, Any]) -> list[str]:
    return [one["what"] for one in document["github"]["todo"] if "`edge: true`" in one["what"]]


def write(top: Path, folder: str, environments: dict[str, Any], app: str = "shop") -> Path:
    path = make_plain(top / folder, top=top) / "fairlead.yaml"
    path.write_text(yaml.safe_dump({"app": app, "environments": environments}, sort_keys=False))
    return path


def line_of(path: Path, text: str) -> int:
    (number,) = (
        number
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if line.strip().startswith(text)
    )
    return number


def test_the_second_app_of_a_server_stands_behind_its_edge_and_the_first_is_told_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until both files say it; nobody's file is edited, and a second run changes nothing."""
    one, other = (make_plain(tmp_path / folder, top=tmp_path) for folder in ("apps/one", "apps/other"))
    assert todo(init(one, "--host", SERVER, monkeypatch=monkeypatch)) == []
    first = (one / "fairlead.yaml").read_bytes()
    words = ("--host", "ci@APP.acme.test", "--url", "https://other.acme.test")
    document = init(other, *words, monkeypatch=monkeypatch)
    line = line_of(one / "fairlead.yaml", "url:")
    (told,) = todo(document)
    assert f"apps/one/fairlead.yaml:{line}:" in told
    assert "apps/other" not in told
    assert "guestbook-apps-one and this app" in told
    assert any(
        text.startswith(f"edge: true, as apps/one/fairlead.yaml:{line}:") for text in document["inferred"]
    )
    assert (one / "fairlead.yaml").read_bytes() == first
    assert said(tmp_path, "apps/other")["edge"] is True
    assert load_settings(other, {}).environment().edge
    assert "# hostnames: [www.other.acme.test]" in (other / "fairlead.yaml").read_text()

    before = tree(tmp_path)
    assert todo(init(other, *words, monkeypatch=monkeypatch)) == [told]
    assert todo(init(one, monkeypatch=monkeypatch)) == [
        told.replace("guestbook-apps-one and", "guestbook-apps-other and")
    ]
    assert tree(tmp_path) == before

    text = (one / "fairlead.yaml").read_text()
    (one / "fairlead.yaml").write_text(text.replace("    url:", "    edge: true\n    url:"))
    assert todo(init(other, *words, monkeypatch=monkeypatch)) == []
    assert todo(init(one, monkeypatch=monkeypatch)) == []


def test_the_address_of_the_server_is_one_app_s_and_the_next_gets_a_name_to_be_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = (make_plain(tmp_path / folder, top=tmp_path) for folder in ("one", "other"))
    init(one, "--host", SERVER, monkeypatch=monkeypatch)
    document = init(other, "--host", SERVER, monkeypatch=monkeypatch)
    assert said(tmp_path, "other")["url"] == "https://guestbook-other.example.com"
    line = line_of(other / "fairlead.yaml", "url:")
    told = [one["what"] for one in document["github"]["todo"]]
    assert (
        "name the address of this app, a hostname of its own that leads to app.acme.test: "
        f"`url` at other/fairlead.yaml:{line}:5"
    ) in told
    text = (other / "fairlead.yaml").read_text()
    (other / "fairlead.yaml").write_text(text.replace("guestbook-other.example.com", "app.acme.test"))
    told = [one["what"] for one in init(other, monkeypatch=monkeypatch)["github"]["todo"]]
    assert any(
        text.startswith("app.acme.test is the address of guestbook-one")
        and f"other/fairlead.yaml:{line}:" in text
        for text in told
    )


def test_two_apps_that_their_compose_files_call_alike_have_two_names_on_one_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server refuses the second one otherwise. On two servers nobody is in another's way."""
    for folder, host in (("one", SERVER), ("other", SERVER), ("third", "deploy@third.acme.test")):
        root = make_plain(tmp_path / folder, top=tmp_path)
        (root / "compose.yaml").write_text(f"name: board\n{(root / 'compose.yaml').read_text()}")
        init(root, "--host", host, monkeypatch=monkeypatch)
    found = [load_settings(tmp_path / folder, {}) for folder in ("one", "other", "third")]
    assert [one.app for one in found] == ["board", "guestbook-other", "board"]
    assert [one.environment().edge for one in found] == [False, True, False]
    (tmp_path / "other" / "fairlead.yaml").write_text(
        (tmp_path / "other" / "fairlead.yaml").read_text().replace("app: guestbook-other", "app: board")
    )
    told = [one["what"] for one in init(tmp_path / "other", monkeypatch=monkeypatch)["github"]["todo"]]
    assert any("its app is called board as well" in text and "one/fairlead.yaml:" in text for text in told)


@pytest.mark.parametrize(
    ("theirs", "ours", "edge", "lacking"),
    [
        ({"url": "https://a.acme.test", "edge": True}, (), True, False),
        ({"url": "https://a.acme.test", "edge": False}, (), True, True),
        # A name or a port of it is another's business; no url, and nobody knows.
        ({"url": "http://a.acme.test:8080"}, (), False, False),
        ({}, (), True, True),
        ({"url": "https://a.acme.test"}, ("--url", "https://app.acme.test:8443"), False, False),
        ({"url": "http://10.0.0.7"}, ("--url", "http://b.acme.test"), True, True),
        ({"url": "https://a.acme.test", "hosts": ["deploy@elsewhere.acme.test"]}, (), False, False),
        ({"url": "https://a.acme.test", "hosts": [f"{SERVER}:2222"]}, (), False, False),
        ({"url": "https://a.acme.test", "hosts": ["a@b.acme.test", "x@App.Acme.test:22"]}, (), True, True),
    ],
)
def test_it_is_said_where_both_want_the_usual_ports_or_nobody_knows(
    theirs: dict[str, Any],
    ours: tuple[str, ...],
    edge: bool,
    lacking: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = write(tmp_path, "one", {"live": {"hosts": [SERVER], **theirs}})
    other = make_plain(tmp_path / "other", top=tmp_path)
    told = todo(init(other, "--host", SERVER, *ours, monkeypatch=monkeypatch))
    assert said(tmp_path, "other").get("edge", False) is edge
    assert bool(told) is lacking
    key = next((key for key in ("edge", "url") if key in theirs), "live")
    assert all(f"one/fairlead.yaml:{line_of(path, key)}:" in text for text in told)


def test_two_environments_of_a_file_that_share_a_server_stand_behind_its_edge_already(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = {name: {"hosts": [SERVER], "url": f"https://{name}.acme.test"} for name in ("live", "staging")}
    write(tmp_path, "one", both)
    other = make_plain(tmp_path / "other", top=tmp_path)
    assert todo(init(other, "--host", SERVER, monkeypatch=monkeypatch)) == []
    assert said(tmp_path, "other")["edge"] is True


HOSTS = (
    "deploy@app.acme.test",
    "ci@APP.acme.test:22",
    "deploy@app.acme.test:2222",
    "b.acme.test",
    "deploy@[::1]",
)
URLS = (
    *(
        "",
        "https://app.acme.test",
        "https://b.acme.test/",
        "http://c.acme.test:8080",
        "https://c.acme.test:443",
    ),
    *("http://10.0.0.7", "https://[::1]"),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(some.data())
def test_what_is_drafted_loads_and_with_what_is_told_no_two_want_one_port(
    tmp_path: Path, data: some.DataObject
) -> None:
    """Whoever does what the list says has apps of which each can be live; the same list is told from either side."""
    top = tmp_path
    server = data.draw(some.sampled_from(HOSTS))
    their: dict[str, Any] = {"hosts": [data.draw(some.sampled_from(HOSTS))]}
    url = data.draw(some.sampled_from(URLS))
    assume(url != "https://[::1]")
    their |= {"url": url} if url else {}
    path = write(
        top, "one", {"production": their}, app=data.draw(some.sampled_from(["shop", "guestbook-other"]))
    )
    (top / "other").mkdir(exist_ok=True)
    (top / "other" / "compose.yaml").write_text("services: {web: {image: 'web:1'}}\n")
    (top / "other" / "fairlead.yaml").unlink(missing_ok=True)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("fairlead.starter.beside.list_files", walk)
        others = find_others(top / "other")
        environ = {"GITHUB_REPOSITORY": "acme/guestbook"}
        given_url = data.draw(some.sampled_from(URLS))
        draft = plan_draft(read_sight(top / "other", environ), server, given_url, others)
    (top / "other" / "fairlead.yaml").write_text(draft.text)
    ours = load_settings(top / "other", {})
    (own,) = parse_tenants(ours.document).values()
    lines = list(describe_sharing(own, others))
    (told,) = [line for line in lines if "want ports" in line] or [""]
    theirs = load_settings(path, {})
    if shares(ours, theirs):
        behind = [one.environment().edge for one in (ours, theirs)]
        lacking = [behind[0] or "other" in told, behind[1] or "one/fairlead.yaml" in told]
        assert lacking == [True, True] or not (usual(ours) and usual(theirs))
        assert ours.app != theirs.app
        assert not (own.names & others.tenants[0].names) or any("is the address of" in line for line in lines)
    else:
        assert lines == []
        assert not ours.environment().edge


def shares(one: Settings, other: Settings) -> bool:
    servers = [{(host.name.lower(), host.port) for host in each.environment().hosts} for each in (one, other)]
    return bool(servers[0] & servers[1])


def usual(found: Settings) -> bool:
    front = parse_front(found.environment().url)
    return front is None or front.port in {80, 443}


WORDS = some.sampled_from(
    [
        "app",
        "environments",
        "production",
        "hosts",
        "url",
        "edge",
        "name",
        SERVER,
        "https://[",
        "@[x",
        "\x00",
        "é",
        "&a",
        "*a",
    ]
)
VALUES = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | WORDS,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    VALUES.map(lambda value: yaml.safe_dump(value, allow_unicode=True).encode())
    | some.binary()
    | some.text().map(str.encode)
)
@example(b"environments: {production: {hosts: [deploy@app.acme.test], url: 'https://[', edge: 'yes'}}")
@example(b"environments: {1: {hosts: ['d@[x', [], {}], url: []}, a: {hosts: x, hostnames: {a: [{}]}}}")
@example(b"a: &a [*a]\nenvironments: &b {x: *b}\n")
@example(b"\xff\xfe")
@example(b"[" * 5000)
def test_no_file_of_others_ends_it_whatever_is_in_it(tmp_path: Path, content: bytes) -> None:
    (tmp_path / ".git").mkdir(exist_ok=True)
    (tmp_path / "one").mkdir(exist_ok=True)
    (tmp_path / "one" / "fairlead.yaml").write_bytes(content)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("fairlead.starter.beside.list_files", walk)
        others = find_others(tmp_path)
    for tenant in others.tenants:
        assert tenant.place.path == "one/fairlead.yaml"
        assert list(describe_sharing(tenant, others))
        draft = plan_draft(read_sight(tmp_path, {}), SERVER, "", others)
        yaml.safe_load(draft.text)


def test_what_cannot_be_looked_at_is_told_and_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipe, a link out of the repository, a folder, a large one, one without end, a file that is gone."""
    top = tmp_path / "top"
    root = make_plain(top)
    (tmp_path / "secret").write_text("environments: {production: {hosts: [deploy@app.acme.test]}}")
    for folder in ("pipe", "link", "folder", "large", "broken", "same", "gone"):
        (top / folder).mkdir()
    os.mkfifo(top / "pipe" / "fairlead.yaml")
    (top / "link" / "fairlead.yaml").symlink_to(tmp_path / "secret")
    (top / "same" / "fairlead.yaml").symlink_to("../fairlead.yaml")
    (top / "folder" / "fairlead.yaml").mkdir()
    (top / "large" / "fairlead.yaml").write_bytes(b"#" * (MOST_BYTES + 1))
    (top / "broken" / "fairlead.yaml").write_text(f"environments: {{live: {{hosts: [{SERVER}]\n")
    monkeypatch.setattr("fairlead.starter.beside.list_files", lambda top: [*walk(top), "gone/fairlead.yaml"])
    others = find_others(root)
    assert {told.partition("/")[0] for told in others.unread} == {"pipe", "link", "folder", "large", "broken"}
    (told,) = todo(init(root, "--host", SERVER, monkeypatch=monkeypatch))
    assert "and 2 more" in told
    assert "secret" not in told


def test_of_many_files_and_environments_some_are_looked_at_and_it_is_said_what_was_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows how many a repository has."""
    environments = {f"e{number}": {"hosts": [SERVER]} for number in range(2000)}
    text = yaml.safe_dump({"app": "a", "environments": environments})
    assert len(parse_tenants(parse_yaml(text))) == MOST_ENVIRONMENTS
    (tmp_path / ".git").mkdir()
    for number in range(MOST_FILES + 2):
        (tmp_path / f"{number:03}").mkdir()
        (tmp_path / f"{number:03}" / "fairlead.yaml").write_text("environments: {a: {hosts: [a@b]}}\n")
    monkeypatch.setattr("fairlead.starter.beside.list_files", walk)
    others = find_others(tmp_path)
    assert len(others.tenants) == MOST_FILES
    assert others.unread == (f"{MOST_FILES:03}/fairlead.yaml: only {MOST_FILES} are looked at",)
    (tmp_path / "000" / "fairlead.yaml").write_text(text[:MOST_BYTES].rpartition("\n")[0])
    assert (
        f"000/fairlead.yaml: only {MOST_ENVIRONMENTS} environments are looked at"
        in find_others(tmp_path).unread
    )


def test_outside_of_a_repository_there_are_no_others(tmp_path: Path) -> None:
    """And nobody is asked: a unit test cannot start git."""
    assert find_others(tmp_path) == Others()
