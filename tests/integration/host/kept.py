"""One app that serves commit 1, for all tests that begin with that: put back after each, made anew where it cannot be."""

from __future__ import annotations

import filecmp
import shutil
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fairlead.host.disk.routes import service_name
from fairlead.host.engine.containers import release_project
from fairlead.host.engine.engine import Engine
from fairlead.host.shape.bundle import compose_file
from fairlead.host.watch.patience import wait_until
from tests.integration.host.stage import Stage

_BACK_SECONDS = 20.0
_RELEASE = "000001"


class Kept:
    """The app between tests; ``make`` gives an empty stage."""

    def __init__(self, make: Callable[[], Stage], snapshot: Path) -> None:
        self._make = make
        self._snapshot = snapshot
        self._stage: Stage | None = None
        self._own: set[str] = set()
        self._web: set[str] = set()
        self._networks: set[str] = set()

    def take(self) -> Stage:
        """The app: a proxy and a web service of commit 1, which is release 000001."""
        if self._stage is None:
            self._stage = self._make()
            result = self._stage.deploy(self._stage.good(1))
            if result.status != "live":
                self.clear()
                pytest.fail(f"the app that tests share could not be deployed: {result.error}")
            self._look()
            self._networks = self._list_networks()
            shutil.rmtree(self._snapshot, ignore_errors=True)
            shutil.copytree(self._stage.root, self._snapshot, symlinks=True, ignore=_list_sockets)
        self._stage.events.clear()
        return self._stage

    def put_back(self) -> None:
        """Only what release 000001 needs runs, and every file is as it was."""
        assert self._stage is not None
        engine = Engine.connect()
        found = {one["Id"]: one["State"] for one in self._containers()}
        if not self._own - found.keys() <= self._web or self._list_networks() != self._networks:
            self.clear()
            return
        for id_ in found.keys() - self._own:
            engine.remove(id_)
        restore(self._snapshot, self._stage.root)
        if not found.keys() >= self._web:
            # Pruned, say: from its bundle it is soon made again.
            project = release_project(self._stage.app, _RELEASE)
            words = ("up", "--detach", "--no-build", service_name("web", _RELEASE))
            engine.compose(project, compose_file(self._stage.paths, _RELEASE), *words)
            self._look()
        for id_ in self._own & found.keys():
            if found[id_] != "running":
                engine.start(id_)
        if not wait_until(self._serves, timeout=_BACK_SECONDS, poll=0.05):
            self.clear()

    def clear(self) -> None:
        """Leave nothing of it."""
        if self._stage is not None:
            self._stage.clear()
            self._stage = None

    def _look(self) -> None:
        """Learn which containers it is made of."""
        found = self._containers()
        self._own = {one["Id"] for one in found}
        self._web = {one["Id"] for one in found if one["Labels"].get("dev.fairlead.service") == "web"}

    def _serves(self) -> bool:
        assert self._stage is not None
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._stage.port}/", timeout=1) as answer:
                return bool(answer.read() == b"web 1111")
        except OSError:
            return False

    def _containers(self) -> list[dict[str, Any]]:
        assert self._stage is not None
        return Engine.connect().containers(f"dev.fairlead.app={self._stage.app}")

    def _list_networks(self) -> set[str]:
        assert self._stage is not None
        found = Engine.connect().get("/networks")
        return {one["Id"] for one in found if one["Name"].startswith(f"{self._stage.app}_")}


def restore(source: Path, target: Path) -> None:
    """Make a folder like another one. What is alike stays untouched: containers have it mounted."""
    for path in target.iterdir():
        if not path.is_socket() and not _is_alike(source / path.name, path):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    for path in source.iterdir():
        copy = target / path.name
        if path.is_dir() and not path.is_symlink():
            copy.mkdir(exist_ok=True)
            shutil.copystat(path, copy)
            restore(path, copy)
        elif not (copy.is_symlink() or copy.exists()):
            shutil.copy2(path, copy, follow_symlinks=False)


def _list_sockets(folder: str, names: list[str]) -> list[str]:
    """They belong to who listens."""
    return [name for name in names if Path(folder, name).is_socket()]


def _is_alike(one: Path, other: Path) -> bool:
    if one.is_symlink() or other.is_symlink():
        return one.is_symlink() and other.is_symlink() and one.readlink() == other.readlink()
    if one.is_dir() or other.is_dir():
        return one.is_dir() and other.is_dir()
    return one.is_file() and filecmp.cmp(one, other)
