"""Folders of an app on the host for what its containers write: ``<root>/<app>/data/<name>``.

They are made once, belong to whoever writes into them, and stay over all releases. The engine is root and the agent is
not: what has to be owned by a container's user is unpacked by the engine, into a container that is made for it and
never started. So no program of the image runs, and it works with an image that has none.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import stat
import tarfile
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Optional

from ..disk.atomic import make_folder, remove_path, sync_folder
from ..disk.paths import Paths
from ..engine.engine import Engine
from ..wire import labels
from ..wire.errors import AgentError, EngineFault
from ..wire.release import Release, Service

_INSIDE = "fairlead-data"
"""Where the folder is mounted, seen from the root: what is unpacked there has its name, so that its owner counts too."""
_OPEN = 0o777
"""Whoever a program of the container turns into may write. Nobody else gets there: the folder above is closed."""
_MOST_LEVELS = 1000
_LEVELS_AT_ONCE = 200
_LONGEST_PATH = 3000
_USERS = "/etc/passwd"
_MOST_USERS = 1 << 20
_MOST_DIGITS = 10
"""Of an id. Python takes quadratic time for thousands of them, or refuses."""


def writers_of(release: Release, name: str) -> list[Service]:
    """The services that mount a folder, those that write to it first."""
    found = [
        (mount.read_only, service)
        for service in release.services.values()
        for mount in service.mounts
        if mount.data == name
    ]
    return [service for _, service in sorted(found, key=lambda one: (one[0], one[1].name))]


def list_data(paths: Paths) -> frozenset[str]:
    """The names of the folders that are there."""
    try:
        return frozenset(
            entry.name for entry in os.scandir(paths.data) if entry.is_dir(follow_symlinks=False)
        )
    except OSError:
        return frozenset()


def make_data(engine: Engine, paths: Paths, release: Release) -> list[str]:
    """Make the folders of a release that are not there yet, with what they begin with; their names.

    Each appears whole, by a rename, or not at all.

    Raises:
        EngineFault: the engine does not take it.
        OSError: no space, no permission.
    """
    missing = sorted(set(release.data) - list_data(paths))
    for name in missing:
        seed = release.data[name]
        make_folder(paths.data_scratch)
        scratch = paths.data_scratch / name
        clear_folder(engine, paths, scratch, release.images)
        make_folder(scratch, _OPEN)
        service = next((one for one in writers_of(release, name) if engine.image(one.image)), None)
        if service is not None:
            with _beside(engine, paths, service.image, scratch) as container:
                owner = _owner(engine, container, service)
                content = _pack(owner, paths.file(seed) if seed else None)
                engine.put_archive(container, "/", content)
        elif seed:
            shutil.copytree(paths.file(seed), scratch, dirs_exist_ok=True)
        scratch.rename(paths.data / name)
        sync_folder(paths.data)
    with contextlib.suppress(OSError):
        paths.data_scratch.rmdir()
    return missing


def remove_data(engine: Engine, paths: Paths, images: Collection[str]) -> None:
    """Remove the folders with all that is in them, with the help of one of these images.

    Raises:
        AgentError: something is left.
    """
    for folder in (paths.data, paths.data_scratch):
        for entry in folder.iterdir() if folder.is_dir() else ():
            clear_folder(engine, paths, entry, images)
        remove_path(folder)


def parse_user(user: str, passwd: str) -> tuple[int, int]:
    """User and group id of what ``user:`` of a service or an image says, as the engine reads it; root if it says nothing.

    A name of a group is looked up by nobody: the group of the user is near enough. Pure.
    """
    name, _, group = user.partition(":")
    lines = [line.split(":") for line in passwd.splitlines()]
    known = next((one for one in lines if len(one) > 3 and name in (one[0], one[2])), None)
    uid = _number(name, known[2] if known else "")
    return uid, _number(group, known[3] if known else "")


def _number(text: str, otherwise: str) -> int:
    for one in (text, otherwise):
        if one.isascii() and one.isdigit() and len(one) <= _MOST_DIGITS and int(one) < 1 << 31:
            return int(one)
    return 0


def _owner(engine: Engine, container: str, service: Service) -> tuple[int, int]:
    """Who writes: the user of the service, or of its image."""
    config: Mapping[str, Any] = (engine.image(service.image) or {}).get("Config") or {}
    user = str(service.definition.get("user") or config.get("User") or "")
    return parse_user(user, _read_passwd(engine, container))


def _read_passwd(engine: Engine, container: str) -> str:
    """The users that the image knows; nothing where it has no such file."""
    try:
        return read_passwd(engine.get_archive(container, _USERS, _MOST_USERS))
    except EngineFault:
        return ""


def read_passwd(content: bytes) -> str:
    """The text of the file in an archive of it; nothing where there is no file, but a link, say to itself. Pure."""
    try:
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            entry = archive.next()
            stream = archive.extractfile(entry) if entry is not None and entry.isreg() else None
            return stream.read(_MOST_USERS).decode(errors="replace") if stream else ""
    except tarfile.TarError:
        return ""


def _pack(owner: tuple[int, int], seed: Optional[Path]) -> bytes:
    """The folder itself with its owner, and what it begins with."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(_folder(".", owner, _OPEN))
        for path in sorted(seed.rglob("*")) if seed is not None else ():
            name = path.relative_to(seed or path).as_posix()
            if path.is_dir():
                archive.addfile(_folder(name, owner, 0o755))
                continue
            entry = tarfile.TarInfo(f"{_INSIDE}/{name}")
            entry.uid, entry.gid = owner
            entry.mode, entry.size = stat.S_IMODE(path.stat().st_mode), path.stat().st_size
            with path.open("rb") as stream:
                archive.addfile(entry, stream)
    return buffer.getvalue()


def _folder(name: str, owner: tuple[int, int], mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(_INSIDE if name == "." else f"{_INSIDE}/{name}")
    entry.type, entry.mode = tarfile.DIRTYPE, mode
    entry.uid, entry.gid = owner
    return entry


@contextlib.contextmanager
def _beside(engine: Engine, paths: Paths, image: str, folder: Path) -> Iterator[str]:
    """A container of the image that never runs, with the folder mounted."""
    name = f"{paths.app}-fairlead-data"
    engine.remove(name)
    body = {
        "Image": image,
        "Entrypoint": ["/fairlead-never-runs"],
        "Cmd": [],
        "NetworkDisabled": True,
        # An image may say there that it is another app's.
        "Labels": {labels.APP: "", labels.PROJECT: "", labels.VARIABLES: ""},
        "HostConfig": {
            "NetworkMode": "none",
            "Mounts": [{"Type": "bind", "Source": str(folder), "Target": f"/{_INSIDE}"}],
        },
    }
    made = str(engine.post("/containers/create", body, name=name)["Id"])
    try:
        yield made
    finally:
        engine.remove(made)


def clear_folder(engine: Engine, paths: Paths, folder: Path, images: Collection[str]) -> None:
    """Remove a folder whose content belongs to containers' users, with the help of one of these images.

    Who may not look into a folder has the engine give it to him: the owner of all folders may remove all files.

    Raises:
        AgentError: something is left.
        EngineFault: the engine does not take it.
    """
    remove_path(folder)
    image = ""
    if os.path.lexists(folder):
        image = next((one for one in sorted(images) if engine.image(one)), "")
    if image:
        with _beside(engine, paths, image, folder) as container:
            for _ in range(_MOST_LEVELS):
                foreign = _foreign_folders(folder) if os.path.lexists(folder) else []
                if not foreign:
                    break
                engine.put_archive(container, "/", _give(foreign))
                # What is deeper comes up, and is seen the next time.
                remove_path(folder)
        remove_path(folder)
    if os.path.lexists(folder):
        raise AgentError(
            f"{folder} cannot be removed",
            why="what is in it belongs to users of containers",
            fix=f"as root on the host: `rm -r {folder}`, then run the command again",
        )


def _foreign_folders(folder: Path) -> list[str]:
    """The folders at and below one that are somebody else's, as deep as this user may look; not deeper than paths go."""
    found: list[Path] = []
    level = [folder]
    for _ in range(_LEVELS_AT_ONCE):
        found += [path for path in level if not path.is_symlink() and _is_foreign(path)]
        level = [below for path in level for below in _folders_in(path)]
    return [os.path.relpath(path, folder) for path in found]


def _is_foreign(folder: Path) -> bool:
    return folder.stat().st_uid != os.geteuid() or not os.access(folder, os.R_OK | os.W_OK | os.X_OK)


def _folders_in(folder: Path) -> list[Path]:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        return [
            Path(entry.path)
            for entry in entries
            if len(entry.path) < _LONGEST_PATH and entry.is_dir(follow_symlinks=False)
        ]
    return []


def _give(folders: list[str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in folders:
            archive.addfile(_folder(name, (os.geteuid(), os.getegid()), 0o700))
    return buffer.getvalue()
