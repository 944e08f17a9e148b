"""What a service mounts: repository files by content, secrets by name; the rest stays in its definition."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fairlead.app.files.binds import Bind, is_config
from fairlead.app.files.tracked import names_below
from fairlead.app.files.trees import Tree, TreeRefusedError, file_tree, load_names, load_tree
from fairlead.app.model import ComposeApp, Service
from fairlead.app.remarks import Remarks
from fairlead.checkout import find_repository
from fairlead.findings import Location
from fairlead.positions import shown_path


@dataclass(frozen=True)
class SecretSource:
    """A secret that services mount, and where its value may be: a file (absolute), a variable, or neither."""

    name: str
    file: Path | None
    env: str
    location: Location


@dataclass(frozen=True)
class Mounts:
    """The mounts of one service as a release document has them, and the volumes that stay as they are.

    ``data``: the folders on the host that it mounts, each with the ``seed`` that it begins with.
    """

    mounts: tuple[Mapping[str, Any], ...]
    volumes: tuple[Mapping[str, Any], ...]
    trees: Mapping[str, Tree] = field(default_factory=dict)
    data: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def load_mounts(app: ComposeApp, service: Service, remarks: Remarks) -> Mounts:
    """Read what a service mounts; what can't be carried to a server becomes a fault."""
    reader = _Reader(app, service, remarks, find_repository(app.settings.root))
    for mount in service.definition.get("volumes", ()):
        reader.volume(mount)
    for config in service.definition.get("configs", ()):
        reader.config(config)
    for secret in service.definition.get("secrets", ()):
        target = str(secret.get("target") or secret["source"])
        absolute = target if target.startswith("/") else f"/run/secrets/{target}"
        reader.mounts.append({"secret": secret["source"], "target": absolute})
    for variable, name in sorted(service.secret_environment.items()):
        reader.mounts.append({"secret": name, "variable": variable})
    if service.secret_environment:
        names = ", ".join(sorted(service.secret_environment))
        what = f"{service.name}: {names} {'has its value from a secret' if len(service.secret_environment) == 1 else 'have their values from secrets'}"
        what += ": `docker inspect` on the server shows it"
        remarks.note(
            "secret-as-variable", ("services", service.name, "x-fairlead", "secret_environment"), what
        )
    return Mounts(tuple(reader.mounts), tuple(reader.volumes), reader.trees, reader.data)


def secret_sources(app: ComposeApp) -> Mapping[str, SecretSource]:
    """The secrets that services of the app mount or have in variables, by name."""
    # Not the resolved ones: Compose leaves out what no service mounts.
    declared: Mapping[str, Any] = app.files.declared.get("secrets") or {}
    sources: dict[str, SecretSource] = {}
    for service in app.services.values():
        mounted = [secret["source"] for secret in service.definition.get("secrets", ())]
        for name in (*mounted, *service.secret_environment.values()):
            how = declared.get(name) or {}
            file = Path(how["file"]) if how.get("file") else None
            location = _place_of(app, service, name)
            sources[name] = SecretSource(name, file, str(how.get("environment", "")), location)
    return sources


def _place_of(app: ComposeApp, service: Service, secret: str) -> Location:
    """Where a secret is declared; one that is but a variable's need not be, and stands there."""
    if app.files.node(("secrets", secret)) is not None:
        return app.files.location(("secrets", secret), key=True)
    variable = next((name for name, one in service.secret_environment.items() if one == secret), "")
    return app.files.location(
        ("services", service.name, "x-fairlead", "secret_environment", variable), key=True
    )


class _Reader:
    """Sorts the mounts of one service."""

    def __init__(self, app: ComposeApp, service: Service, remarks: Remarks, repository: Path) -> None:
        self.app = app
        self.service = service
        self.remarks = remarks
        self.repository = repository
        self.mounts: list[Mapping[str, Any]] = []
        self.volumes: list[Mapping[str, Any]] = []
        self.trees: dict[str, Tree] = {}
        self.data: dict[str, Mapping[str, Any]] = {}

    def volume(self, mount: Mapping[str, Any]) -> None:
        """A volume, a bind mount, or a tmpfs."""
        if mount.get("type") != "bind":
            self.volumes.append(mount)
            return
        source = Path(mount["source"])
        bind = self.service.binds.get(str(mount["target"]))
        if bind is None and self._is_written_relative(mount):
            bind = Bind("repository", shown_path(source))
        if bind is None:
            self.volumes.append(mount)
        elif bind.kind == "refused":
            what = f"{self.service.name}: {bind.source} can't be kept: {bind.why}"
            self.remarks.fault("bind-mount", self._path, what, bind.fix)
        elif bind.kind == "image":
            what = f"{self.service.name}: the folder {bind.source} is not mounted: its image is built from it, and has to bring it (`COPY`)"
            fix = f"say :ro to mount it from the repository; what is written needs a folder of its own, such as ./data:{mount['target']}/data"
            self.remarks.note("bind-mount", self._path, what, fix)
        elif bind.kind == "data":
            self._keep(bind, source, mount)
        elif self._is_data_folder(mount, source):
            what = (
                f"{self.service.name} keeps data in {bind.source}, where the repository has files of its own"
            )
            fix = (
                f"use a named volume (data:{mount['target']}), or a folder that the repository has nothing in"
            )
            self.remarks.fault("bind-mount", self._path, what, fix)
        else:
            self._carry(source, str(mount["target"]), is_read_only=bool(mount.get("read_only")))

    def config(self, config: Mapping[str, Any]) -> None:
        """A config: a file, literal content, or the value of a variable."""
        name = config["source"]
        target = str(config.get("target") or f"/{name}")
        how: Mapping[str, Any] = (self.app.model.get("configs") or {}).get(name) or {}
        if how.get("file"):
            self._carry(Path(how["file"]), target, is_read_only=True)
        elif "content" in how:
            self._mount(file_tree(str(how["content"]).replace("$$", "$").encode()), target)
        elif how.get("environment") in self.app.environment.variables:
            self._mount(file_tree(self.app.environment.variables[how["environment"]].encode()), target)
        else:
            what = f"{self.service.name}: the config {name} has no content that Fairlead can see"
            fix = "give it file: or content:, or declare its variable in environments.<name>.variables"
            self.remarks.fault("model", ("configs", name), what, fix)

    @property
    def _path(self) -> tuple[str, ...]:
        return ("services", self.service.name, "volumes")

    def _keep(self, bind: Bind, source: Path, mount: Mapping[str, Any]) -> None:
        """Data: a folder of the app on the host."""
        target, read_only = str(mount["target"]), bool(mount.get("read_only"))
        self.mounts.append({"data": bind.name, "target": target, "read_only": read_only})
        self.data[bind.name] = {}
        begins = ""
        if bind.seeded:
            try:
                tree = load_names(source, names_below(str(source), str(self.repository)), self.repository)
            except TreeRefusedError as error:
                what = f"{self.service.name}: the host's {bind.source} can't begin with what the repository has: {error}"
                self.remarks.fault("bind-mount", self._path, what, "keep data out of the repository")
                return
            self.trees[tree.digest] = tree
            self.data[bind.name] = {"seed": tree.digest}
            begins = ", begun once with what the repository has; later commits do not change it"
        if not read_only:
            what = (
                f"{self.service.name} writes to {bind.source}: it stays on the host over all releases{begins}"
            )
            fix = f"back it up: /srv/fairlead/{self.app.settings.app}/data/{bind.name}"
            self.remarks.note("bind-mount", self._path, what, fix)

    def _carry(self, source: Path, target: str, *, is_read_only: bool) -> None:
        try:
            tree = load_tree(source, self.repository)
        except TreeRefusedError as error:
            what = f"{self.service.name}: {shown_path(source)} can't be mounted: {error}"
            self.remarks.fault(
                "bind-mount", self._path, what, "bind mounts of the repository travel with the release"
            )
            return
        if not is_read_only and tree.entry["kind"] == "dir":
            what = (
                f"{self.service.name}: {shown_path(source)} is mounted read-only: it is part of the release"
            )
            self.remarks.note(
                "bind-mount",
                self._path,
                what,
                "say :ro; what is written needs a named volume, or a folder that the repository has nothing in",
            )
        self._mount(tree, target)

    def _mount(self, tree: Tree, target: str) -> None:
        self.trees[tree.digest] = tree
        self.mounts.append({"file": tree.digest, "target": target, "read_only": True})

    def _is_written_relative(self, mount: Mapping[str, Any]) -> bool:
        """Whether the file names the source relative to itself or to the home folder of whoever deploys."""
        volumes = self.app.model["services"][self.service.name].get("volumes", ())
        for number, volume in enumerate(volumes):
            if volume.get("target") == mount["target"]:
                written = self.app.files.node((*self._path, number, "source"))
                return written is not None and written.text.startswith((".", "~"))
        return False

    def _is_data_folder(self, mount: Mapping[str, Any], source: Path) -> bool:
        """Whether a writable folder is what a database keeps its data in."""
        if mount.get("read_only") or self.service.role != "state" or os.path.isfile(source):  # noqa: PTH113 - never raises
            return False
        return not is_config(str(mount["target"]))
