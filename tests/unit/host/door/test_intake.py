"""What comes along with a request is put in its place, or refused, and the connection stays usable."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from fairlead.host.disk import credentials
from fairlead.host.disk.paths import Paths
from fairlead.host.door import intake
from fairlead.host.wire.errors import InputFault
from fairlead.host.wire.frames import FrameError, FrameReader


def canonical_hash(value: object) -> str:
    """As the client works it out (``app.files.trees``), which is not there under the oldest Python."""
    return _sha(json.dumps(value, sort_keys=True, separators=(",", ":")).encode())


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


CONFIG, OTHER, VALUE = b"config", b"other", b"c4n4ry"
CONTENTS = intake.Contents(frozenset({_sha(CONFIG)}), {"password": _sha(VALUE)})


def _parts(*parts: dict[str, Any], sizes: list[int]) -> list[intake.Part]:
    return intake.parse_parts(list(parts), sizes, CONTENTS)


def _receive(tmp_path: Path, parts: list[intake.Part], raw: bytes) -> FrameReader:
    read, write = os.pipe()
    os.write(write, raw + b'{"after": 1}\n')
    os.close(write)
    reader = FrameReader(read)
    (tmp_path / "blobs").mkdir(exist_ok=True)
    intake.receive(reader, parts, CONTENTS, Paths(tmp_path, "board"), tmp_path / "blobs")
    return reader


def test_files_and_secrets_go_to_their_places(tmp_path: Path) -> None:
    parts = _parts(
        {"kind": "file", "name": _sha(CONFIG)},
        {"kind": "secret", "name": "password"},
        sizes=[len(CONFIG), len(VALUE)],
    )
    reader = _receive(tmp_path, parts, CONFIG + VALUE)
    assert (tmp_path / "blobs" / _sha(CONFIG)).read_bytes() == CONFIG
    secret = tmp_path / "board" / "secrets" / "password" / _sha(VALUE)
    assert secret.read_bytes() == VALUE
    assert secret.parent.parent.stat().st_mode & 0o777 == 0o700
    assert reader.read_frame() == {"after": 1}


@pytest.mark.parametrize(
    ("part", "size"),
    [
        ({"kind": "file", "name": _sha(OTHER)}, 5),
        ({"kind": "file", "name": "../../etc/passwd"}, 5),
        ({"kind": "secret", "name": "../x"}, 5),
        ({"kind": "secret", "name": "password"}, 2 * 1024 * 1024),
        ({"kind": "program", "name": "x"}, 5),
        ({"kind": "file", "name": 3}, 5),
        ("file", 5),
    ],
)
def test_a_part_that_the_release_does_not_name_is_refused(part: Any, size: int) -> None:
    with pytest.raises(InputFault):
        intake.parse_parts([part], [size], CONTENTS)


def test_a_blob_without_a_part_is_refused() -> None:
    with pytest.raises(InputFault):
        intake.parse_parts([], [1], CONTENTS)


def test_other_content_under_a_known_name_is_refused_and_not_kept(tmp_path: Path) -> None:
    parts = _parts(
        {"kind": "file", "name": _sha(CONFIG)},
        {"kind": "secret", "name": "password"},
        sizes=[len(OTHER), len(OTHER)],
    )
    with pytest.raises(InputFault) as caught:
        _receive(tmp_path, parts, OTHER + OTHER)
    assert len(caught.value.details) == 4
    assert list((tmp_path / "blobs").iterdir()) == []
    assert not list(tmp_path.rglob(_sha(OTHER)))


@pytest.mark.parametrize("raw", [b"{}" + b"conf", b"{}" + b"CONFIG"])
def test_a_login_is_not_left_behind(tmp_path: Path, raw: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection ends in the middle of what follows it, or what follows is not what the release names."""
    parts = _parts({"kind": "credentials", "name": ""}, {"kind": "file", "name": _sha(CONFIG)}, sizes=[2, 6])
    (tmp_path / "logins").mkdir()
    monkeypatch.setattr(credentials, "_PLACES", (str(tmp_path / "logins"),))
    read, write = os.pipe()
    os.write(write, raw)
    os.close(write)
    (tmp_path / "blobs").mkdir()
    with pytest.raises((InputFault, FrameError)):
        intake.receive(FrameReader(read), parts, CONTENTS, Paths(tmp_path, "board"), tmp_path / "blobs")
    assert list((tmp_path / "logins").iterdir()) == []


_LOGIN = {"auths": {"ghcr.io": {"auth": "YTpi"}}}


@pytest.mark.parametrize(
    "config",
    [
        *({**_LOGIN, key: "x"} for key in ("credsStore", "currentContext", "detachKeys", "proxies")),
        {**_LOGIN, "credHelpers": {"ghcr.io": "ecr-login"}},
        {
            **_LOGIN,
            "cliPluginsExtraDirs": ["/srv/fairlead/board/data/up"],
            "plugins": {"x": {"hooks": "pull"}},
        },
        {**_LOGIN, "HttpHeaders": {"X": "y"}},
        {"auths": {"ghcr.io": {"auth": "YTpi", "helper": "x"}}},
        {"auths": {"ghcr.io": {"auth": ["YTpi"]}}},
        {"auths": ["ghcr.io"]},
        [],
    ],
    ids=str,
)
def test_a_login_is_a_login_and_no_configuration(
    tmp_path: Path, config: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Docker's own would name programs that it starts. What follows on the connection is understood all the same."""
    (tmp_path / "logins").mkdir()
    monkeypatch.setattr(credentials, "_PLACES", (str(tmp_path / "logins"),))
    login = json.dumps(config).encode()
    parts = _parts({"kind": "credentials", "name": ""}, sizes=[len(login)])
    read, write = os.pipe()
    os.write(write, login + b'{"after": 1}\n')
    os.close(write)
    reader = FrameReader(read)
    with pytest.raises(InputFault, match="not complete") as caught:
        intake.receive(reader, parts, intake.NOTHING, Paths(tmp_path, "board"), tmp_path)
    assert "the registry login" in caught.value.details[0]
    assert list((tmp_path / "logins").iterdir()) == []
    assert reader.read_frame() == {"after": 1}


def test_a_login_arrives_as_it_was_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "logins").mkdir()
    monkeypatch.setattr(credentials, "_PLACES", (str(tmp_path / "logins"),))
    login = json.dumps(_LOGIN).encode()
    read, write = os.pipe()
    os.write(write, login)
    parts = _parts({"kind": "credentials", "name": ""}, sizes=[len(login)])
    path = intake.receive(FrameReader(read), parts, intake.NOTHING, Paths(tmp_path, "board"), tmp_path)
    os.close(write)
    assert path is not None
    assert json.loads(path.read_bytes()) == _LOGIN


def test_a_login_comes_once() -> None:
    login = {"kind": "credentials", "name": ""}
    with pytest.raises(InputFault, match="come once"):
        _parts(login, login, sizes=[2, 2])


def test_what_did_not_come_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputFault) as caught:
        _receive(tmp_path, [], b"")
    text = "\n".join(caught.value.details)
    assert "password" in text
    assert _sha(CONFIG)[:12] in text


def test_contents_are_read_from_files_and_folders() -> None:
    one, two = _sha(b"1"), _sha(b"2")
    file = {"kind": "file", "sha256": one, "mode": "0644"}
    folder = {"kind": "dir", "entries": {"x": {"sha256": two, "mode": "0755"}}}
    release = {"files": {canonical_hash(file): file, canonical_hash(folder): folder}, "secrets": {"s": "3"}}
    assert intake.parse_contents(release) == intake.Contents(frozenset({one, two}), {"s": "3"})


def test_a_file_under_a_name_that_is_not_its_own_is_refused() -> None:
    """Under the name of a later commit's file it would wait for that commit."""
    later = {"kind": "file", "sha256": _sha(b"later"), "mode": "0644"}
    for planted in (
        {"kind": "file", "sha256": _sha(b"evil"), "mode": "0644"},
        {"kind": "file", "sha256": _sha(b"later"), "mode": "0755"},
        {"kind": "dir", "entries": {"": {"sha256": _sha(b"later"), "mode": "0644"}}},
        {"kind": "dir", "entries": {"x": {"sha256": _sha(b"later"), "mode": "0644"}}},
    ):
        with pytest.raises(InputFault):
            intake.parse_contents({"files": {canonical_hash(later): planted}})


@pytest.mark.parametrize("said", [{}, {"files": None}, {"secrets": None}, {"files": None, "secrets": None}])
def test_a_release_without_files_and_secrets_may_say_so(said: dict[str, Any]) -> None:
    """As the release's own parser takes it: a section that is null is none."""
    assert intake.parse_contents(said) == intake.NOTHING
