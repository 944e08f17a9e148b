"""What a server lacks: each judgement by itself."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from fairlead.host.door import check
from fairlead.host.engine.engine import find_socket

GIB = 1024**3


@pytest.mark.parametrize(
    ("text", "state"),
    [("25.0.0", "ok"), ("26.1.5+dfsg1", "ok"), ("24.0.9", "failed"), ("v29.1.0-rc.1", "ok"), ("", "failed")],
)
def test_a_version_is_old_enough_or_says_what_is_needed(text: str, state: str) -> None:
    found = check.judge_version("engine", text, (25, 0), "newer")
    assert found.state == state
    assert state == "ok" or "25.0 is needed" in found.found


@pytest.mark.parametrize(("free", "state"), [(20 * GIB, "ok"), (3 * GIB, "warning"), (GIB // 2, "failed")])
def test_a_disk_that_fills_up_is_told_in_time(free: int, state: str) -> None:
    assert check.judge_disk(Path("/srv"), free).state == state


@pytest.mark.parametrize(
    ("ahead", "state", "word"),
    [
        (0.2, "ok", "ahead"),
        (-30.0, "warning", "behind"),
        (-3600.0, "failed", "behind"),
        (61.0, "failed", "ahead"),
    ],
)
def test_a_wrong_clock_is_told_with_its_direction(ahead: float, state: str, word: str) -> None:
    found = check.judge_clock(ahead)
    assert (found.state, word in found.found) == (state, True)


def test_a_port_is_free_ours_or_somebody_elses() -> None:
    ours = {
        "Names": ["/board-caddy-1"],
        "Labels": {"dev.fairlead.app": "board"},
        "Ports": [{"PublicPort": 80}],
    }
    other = {"Names": ["/nginx"], "Labels": {}, "Ports": [{"PublicPort": 80}, {"PrivatePort": 90}]}
    assert check.judge_port(80, False, []).found == "free"
    assert check.judge_port(80, True, [ours]).found == "served by «board»"
    assert check.judge_port(80, True, [other]).found == "taken by the container nginx"
    assert check.judge_port(80, True, []).state == "warning"


@pytest.mark.parametrize(
    ("info", "state"),
    [
        ({"LiveRestoreEnabled": True}, "ok"),
        ({"LiveRestoreEnabled": False}, "warning"),
        ({"LiveRestoreEnabled": False, "Swarm": {"LocalNodeState": "active"}}, "ok"),
        ({}, "warning"),
    ],
)
def test_an_engine_that_takes_its_containers_along_is_told(info: dict[str, object], state: str) -> None:
    found = check.judge_live_restore(info)
    assert found.state == state
    assert state == "ok" or "live-restore" in found.fix


def test_a_logind_that_would_kill_a_deploy_is_told() -> None:
    assert check.judge_logind(["#KillUserProcesses=yes"]).state == "ok"
    assert check.judge_logind(["KillUserProcesses=no", "KillUserProcesses=yes"]).state == "failed"
    assert check.judge_logind(["KillUserProcesses=yes", "KillUserProcesses=no"]).state == "ok"


def test_listeners_are_read_from_the_kernels_table() -> None:
    table = (
        "  sl  local_address rem_address   st tx_queue\n"
        "   0: 0100007F:0050 00000000:0000 0A 00000000:00000000\n"
        "   1: 0100007F:01BB 0100007F:9999 01 00000000:00000000\n"
        "   2: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 0\n"
    )
    assert check.parse_listeners(table) == {80, 8080}


def test_a_folder_that_others_may_enter_is_told(tmp_path: Path) -> None:
    """The proxies' admin sockets lie below it."""
    tmp_path.chmod(0o750)
    assert check.check_root(tmp_path).state == "ok"
    tmp_path.chmod(0o755)
    open_to_all = check.check_root(tmp_path)
    assert (open_to_all.state, open_to_all.fix) == ("warning", f"`chmod 0750 {tmp_path}`")
    assert check.check_root(tmp_path / "missing").state == "failed"


def test_a_rootless_engine_is_found_where_there_is_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is refused later, with the reason, instead of `the engine does not answer`."""
    default, own = tmp_path / "docker.sock", tmp_path / "user" / "docker.sock"
    own.parent.mkdir()
    monkeypatch.setattr("fairlead.host.engine.engine._DEFAULT_SOCKET", str(default))
    environ = {"XDG_RUNTIME_DIR": str(own.parent)}
    assert find_socket(environ) == str(default)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(own))
        assert find_socket(environ) == str(own)
        assert find_socket({**environ, "DOCKER_HOST": "unix:///elsewhere"}) == "/elsewhere"
        default.touch()
        assert find_socket(environ) == str(default)
