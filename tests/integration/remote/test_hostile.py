"""What nobody of ours would send is refused in words, and changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from fairlead.remote.session import Blob
from tests.integration.remote.request import BLOBS, FILE, REQUEST, TREE, release
from tests.integration.remote.server import Server

HOSTILE: tuple[dict[str, Any], ...] = (
    {"request": "format-disk"},
    {},
    {"request": None},
    {"request": "state"},
    {"request": "state", "app": "../etc"},
    {"request": "state", "app": ["board"]},
    {"request": "attach", "app": "board", "task": "../../etc"},
    {"request": "attach", "app": "board"},
    {"request": "logs", "app": "board", "tail": -1},
    {"request": "logs", "app": "board", "service": 7},
    {"request": "rollback", "app": "board"},
    {"request": "repair", "app": "board"},
    {"request": "deploy"},
    {"request": "deploy", "release": []},
    {"request": "deploy", "release": {"schema": "fairlead.release/v9"}},
    {"request": "deploy", "release": release(app="../x")},
    {"request": "deploy", "release": release(files={TREE: {"kind": "dir", "entries": {"../x": FILE}}})},
    {"request": "deploy", "release": release(secrets={"../../x": "ab" * 32})},
    {"request": "deploy", "release": release(), "parts": "none"},
    {"request": "deploy", "release": release(), "options": {"allow_older": "yes"}},
    {"request": "plan", "release": {}},
    {"request": "order", "app": "board", "order": "commit"},
    {"request": "order", "app": "board", "task": "../../etc", "order": "commit"},
    {"request": "deploy", "release": release(), "options": {"fleet": {"hosts": "a"}}},
    {"request": "deploy", "release": release(), "options": {"fleet": {"hosts": [], "release": "../x"}}},
)


def test_hostile_requests_are_refused_in_words_and_change_nothing(server: Server) -> None:
    """One after the other over one connection, which stays usable throughout."""
    with server.connect() as session:
        for request in HOSTILE:
            result = session.ask(request)
            assert result["exit"] == 2, (request, result)
            assert result["error"]["what"]
        assert session.ask({"request": "hello"})["exit"] == 0
    outside = {path.name for path in server.root.iterdir()} - {"agents", "board"}
    assert outside == set()
    assert not (server.root / "board" / "secrets").exists()


def test_refused_blobs_do_not_break_the_conversation(server: Server) -> None:
    with server.connect() as session:
        wrong = Blob("file", "ff" * 32, b"\n" * 100_000)
        assert session.ask(REQUEST, (wrong,))["exit"] == 2
        other = Blob("secret", "password", b'{"request":"hello"}\n')
        assert session.ask(REQUEST, (BLOBS[0], other))["exit"] == 2
        assert session.ask(REQUEST, BLOBS)["exit"] == 0


@pytest.mark.parametrize(
    "raw", [b"GET / HTTP/1.1\r\n\r\n", b"\x00" * 70_000 + b"\n", b'{"blobs": [-1]}\n', b"[1]\n"]
)
def test_noise_is_answered_and_hung_up_on(server: Server, raw: bytes) -> None:
    with server.connect() as session:
        session._writer.write_bytes(raw)
        answer = session._reader.read_frame()
        assert answer is not None
        assert answer["exit"] == 2
        assert session._reader.read_frame() is None
