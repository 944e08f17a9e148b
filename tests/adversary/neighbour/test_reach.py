"""The owner of one app reaches for what belongs to another, past the client: the agent is all that stands there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fairlead.host.engine.engine import Engine
from fairlead.host.wire.result import Result
from tests.integration.host.stage import Stage

pytestmark = pytest.mark.integration
_IMAGE = "registry.invalid/stage@sha256:" + "a" * 64
_VICTIM = "reach-victim"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """An app beside another one, which has a secret, a network and a volume; nothing is ever started here."""
    root = tmp_path / "srv" / "fairlead"
    (root / _VICTIM / "secrets").mkdir(parents=True)
    (root / _VICTIM / "journal.jsonl").touch()
    (tmp_path / "data").symlink_to(root)
    (tmp_path / "sock").symlink_to("/run")
    engine = Engine.connect()
    labels = {"com.docker.compose.project": _VICTIM}
    engine.post("/networks/create", {"Name": f"{_VICTIM}-shared", "Internal": True, "Labels": labels})
    engine.post("/volumes/create", {"Name": f"{_VICTIM}-jewels", "Labels": labels})
    yield Stage(root, "reach-thief", _IMAGE, 9)
    engine.delete(f"/networks/{_VICTIM}-shared")
    engine.delete(f"/volumes/{_VICTIM}-jewels")


def _deploy(stage: Stage, definition: dict[str, Any], **top: Any) -> Result:
    sheet = stage.sheet(1)
    sheet.proxy()
    sheet.service("thief", "ops", definition=definition)
    sheet.extra.update(top)
    return stage.deploy(sheet)


def _is_refused(result: Result, stage: Stage) -> bool:
    """By name, as the caller's fault, and before anything was done: nothing was written, nothing was started."""
    told = str(result.error)
    assert any(name in told for name in ("services.thief", "networks.x", "volumes.x")), told
    return (
        (result.status, result.exit, result.release) == ("refused", 2, None)
        and not stage.containers(running=False)
        and not list(stage.paths.releases.iterdir())
    )


def test_folders_of_others(stage: Stage) -> None:
    """A hand-made release mounts other apps' secrets: by `..`, a parent, a link of the host, a volume, an overlay.

    Holds: the agent resolves every path that a release names on the host itself and refuses what holds, or lies in,
    Fairlead's own folders, whatever was waived.
    """
    root, up = stage.root, stage.root.parent.parent
    paths = (root, f"{root}/../fairlead/{_VICTIM}/secrets", root.parent, f"{up}/data", "/", "/proc/1/root")
    for path in map(str, paths):
        bind = {"type": "bind", "source": path, "target": "/x", "read_only": True}
        assert _is_refused(_deploy(stage, {"volumes": [bind]}), stage)
        mount = [{"type": "volume", "source": "x", "target": "/x"}]
        for options in (
            {"type": "none", "o": "rbind", "device": path},
            {"type": "overlay", "device": "overlay", "o": f"lowerdir=/opt:{path}"},
        ):
            result = _deploy(stage, {"volumes": mount}, volumes={"x": {"driver_opts": options}})
            assert _is_refused(result, stage)


def test_the_engine_behind_a_link(stage: Stage) -> None:
    """A release mounts a folder that looks harmless and is a link to the engine's socket.

    Holds: what leads to the engine, or to the host's configuration, by a link is refused: who wants it says so in the
    compose file, where a rule finds it and a reviewer reads the waiver.
    """
    bind = {"type": "bind", "source": f"{stage.root.parent.parent}/sock", "target": "/x"}
    assert _is_refused(_deploy(stage, {"volumes": [bind]}), stage)


def test_networks_and_volumes_of_others(stage: Stage) -> None:
    """A release takes another app's network or volume, or the edge's: external, by id, by the name that one is to get.

    Holds: the agent looks at the labels on the engine; what carries another app's, or is named as another app's or
    Fairlead's own, is refused, also as a release of that app to come would call it.
    """
    identity = Engine.connect().get(f"/networks/{_VICTIM}-shared")["Id"]
    on_x = {"networks": {"x": None}}
    for how in (
        {"external": True, "name": f"{_VICTIM}-shared"},
        {"name": f"{_VICTIM}-shared"},
        {"external": True, "name": identity},
        {"external": True, "name": f"{_VICTIM}_default"},
        {"external": True, "name": "fairlead-edge"},
        {"name": "fairlead-edge"},
    ):
        assert _is_refused(_deploy(stage, on_x, networks={"default": {}, "x": how}), stage)
    for name in (f"{_VICTIM}-shared", identity, "fairlead-edge"):
        assert _is_refused(_deploy(stage, {"network_mode": name, "networks": None}), stage)
    mount = {"volumes": [{"type": "volume", "source": "x", "target": "/x"}]}
    for how in (
        {"external": True, "name": f"{_VICTIM}-jewels"},
        {"name": f"{_VICTIM}_pgdata"},
        {"name": f"{_VICTIM}-000043_static"},
    ):
        assert _is_refused(_deploy(stage, mount, volumes={"x": how}), stage)


def test_files_that_compose_reads_on_the_host(stage: Stage) -> None:
    """A hand-made release has Compose read another app's secret on the host, or carries another app's labels.

    Holds: `env_file`, `label_file`, `extends` and the like are in no release that a client makes, and are refused; so are
    labels of Fairlead and Compose, and texts with a variable that the host's Compose would still resolve.
    """
    secret = f"{stage.root}/{_VICTIM}/secrets/key"
    for definition in (
        {"env_file": secret},
        {"label_file": [secret]},
        {"extends": {"file": secret, "service": "x"}},
        {"volumes": ["${HOME:-/srv}/x:/x"]},
        {"labels": {"com.docker.compose.project": _VICTIM}},
        {"labels": [f"dev.fairlead.app={_VICTIM}"]},
        {"container_name": f"{_VICTIM}-web-1"},
    ):
        assert _is_refused(_deploy(stage, definition), stage)
