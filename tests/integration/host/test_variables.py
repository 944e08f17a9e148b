"""A secret in a container's environment: exactly as it is, written nowhere else, and gone everywhere when it is rotated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fairlead.host.disk.hide import VaultMask
from fairlead.host.disk.vault import store_secret
from fairlead.host.engine.engine import Engine
from fairlead.host.shape.rotation import stored_values
from fairlead.host.wire.events import render_event
from tests.integration.host.sheet import Sheet
from tests.integration.host.stage import Stage

OLD = b"""postgres://a:p$w $$ ${HOME} "q" 'r' \\n #x@db/1\nsecond line\n"""
NEW = b"postgres://a:n3w-v4lue@db/1"


def _sheet(stage: Stage, number: int, value: str, **definition: Any) -> Sheet:
    """A release whose web service and exporter have the secret in a variable, and whose api does not."""
    sheet = stage.sheet(number)
    sheet.secrets = {"url": value}
    sheet.web("web", definition=definition)
    sheet.web("api", text="{\n\tadmin off\n}\n:8000 {\n\trespond api\n}\n", expect_release=None)
    sheet.service("exporter", "ops", definition={"command": ["/caddy", "respond", "--listen", ":5432"]})
    sheet.services["web"]["mounts"].append({"secret": "url", "variable": "DATABASE_URL"})
    sheet.services["exporter"]["mounts"].append({"secret": "url", "variable": "DB_URL"})
    sheet.proxy()
    return sheet


def _environment(stage: Stage, container: str) -> list[str]:
    found = Engine.connect().inspect(f"{stage.app}-{container}-1")
    assert found is not None
    return list(found["Config"]["Env"])


def _written(stage: Stage, value: bytes) -> list[str]:
    """The files of the app that hold a value, those of the vault left out."""
    files = [path for path in stage.paths.home.rglob("*") if path.is_file() and not path.is_symlink()]
    return [
        str(path) for path in files if path.parents[1] != stage.paths.secrets and value in path.read_bytes()
    ]


def _everywhere(stage: Stage) -> str:
    """What the engine says of all containers of the app."""
    engine = Engine.connect()
    return str([engine.inspect(one["Id"]) for one in engine.containers(f"dev.fairlead.app={stage.app}")])


def test_a_variable_from_the_vault_is_rotated_and_rolled_back_like_a_file(
    stage: Stage, fetch: Callable[[], str]
) -> None:
    old = store_secret(stage.paths, "url", OLD)
    assert stage.deploy(_sheet(stage, 1, old)).error is None
    told = OLD.decode().rstrip("\n")
    assert f"DATABASE_URL={told}" in _environment(stage, "000001-web-000001")
    assert f"DB_URL={told}" in _environment(stage, "exporter")
    assert not any("DATABASE_URL" in one for one in _environment(stage, "000001-api-000001"))
    stage.deploy(_sheet(stage, 2, old))
    # One that dies and says what it knows: nothing of it leaves the host.
    noisy = ["/caddy", "run", "--environ", "--config", "/missing"]
    result = stage.deploy(_sheet(stage, 3, old, command=noisy))
    assert (result.status, result.serving) == ("refused", "000002")
    said = str(VaultMask(stage.paths).document([render_event(result), *stage.events]))
    assert "DATABASE_URL=" in said
    assert "p$w" not in said
    assert _written(stage, b"p$w") == []
    new = store_secret(stage.paths, "url", NEW)
    result = stage.rotate(url=new)
    assert (result.error, result.status) == (None, "live")
    assert fetch() == "web 2222"
    assert f"DATABASE_URL={NEW.decode()}" in _environment(stage, f"{result.serving}-web-{result.serving}")
    assert f"DB_URL={NEW.decode()}" in _environment(stage, "exporter")
    assert stored_values(stage.paths, "url") == {new}
    assert "p$w" not in _everywhere(stage), "no container is left that could be started with it"
    assert stage.rollback().error is None
    assert fetch() in ("web 1111", "web 2222")
    assert "p$w" not in _everywhere(stage)
    assert _written(stage, NEW) == []
    unfit = store_secret(stage.paths, "url", b"a\0b")
    refused = stage.rotate(url=unfit)
    assert refused.error is not None
    assert "holds a NUL byte" in refused.error.what
    assert fetch() in ("web 1111", "web 2222")
