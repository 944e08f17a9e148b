"""What each bind mount of the repository is: files that travel with a release, or data that stays on the host.

Pure, but for a look at what is there. A server has no checkout. What a service only reads comes with each release, by its content. What it writes must outlive
all of them: a folder of the app on the host.
"""

from __future__ import annotations

import os
import re

from fairlead.app.files.tracked import names_below
from fairlead.quick.patterns import compile_late
from fairlead.quick.records import dataclass, replace
from fairlead.sources import is_below

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, Literal

    Kind = Literal["data", "repository", "image", "refused"]

CONFIG_TARGETS = ("/docker-entrypoint-initdb.d", "/etc")
"""Folders in containers that hold what an author wrote, never what a program keeps."""
DATA_NAMES = frozenset(
    [
        "data",
        "uploads",
        "upload",
        "media",
        "storage",
        "userdata",
        "user-data",
        "attachments",
        "letsencrypt",
        "acme",
        "backups",
    ]
)
"""Folders of these names are written to, even where the repository has something in them to begin with."""
_PLACEHOLDERS = frozenset((".gitkeep", ".gitignore", ".keep", ".empty", ".placeholder", ".dockerignore"))
_REBUILT = ("/node_modules", "/.venv", "/.cache", "/.next", "/vendor", "/target", "/__pycache__")
"""What development puts over parts of the image that are made when it is built."""
_FILE_NAME = compile_late(
    r"\.(json|ya?ml|toml|ini|conf|cnf|cfg|env|sh|sql|pem|crt|key|db|sqlite3?|rdb|log|txt|xml|js|ts|py|php|rb|html"
    r"|properties|lock|htpasswd)\Z|\A(Caddyfile|\.env|\.htpasswd)\Z",
    re.IGNORECASE,
)
_DATA_FILE = compile_late(r"\.(db|db3|sqlite3?|rdb|mdb|kdbx|log)\Z|\Aacme\.json\Z", re.IGNORECASE)
_DATABASE_FILE = compile_late(
    r"(?:sqlite3?:/{2,3})?(?P<path>/?[\w./-]+\.(?:db|db3|sqlite3?))\b", re.IGNORECASE
)
_UNSAFE = compile_late(r"[^A-Za-z0-9._-]")


@dataclass(frozen=True)
class Bind:
    """A bind mount of a service whose source lies in the repository.

    Attributes:
        kind: ``data`` stays on the host; ``repository`` travels with the release, and is read only; ``image`` is not
            mounted, since the image was built from it; ``refused`` cannot be kept, ``why`` and ``fix`` say so.
        source: as it is shown, from the root of the repository.
        name: of the folder on the host, for data.
        seeded: the repository has something that the folder begins with.
        shared: another service mounts it too.
    """

    kind: Kind
    source: str
    name: str = ""
    seeded: bool = False
    shared: bool = False
    why: str = ""
    fix: str = ""


@dataclass(frozen=True)
class _Mount:
    service: str
    target: str
    source: str
    read_only: bool
    build: str
    said: str
    beside: tuple[str, ...]


def sort_binds(definitions: Mapping[str, Mapping[str, Any]], repository: str) -> dict[str, dict[str, Bind]]:
    """The bind mounts of files and folders of the repository, by service and target."""
    mounts = list(_mounts(definitions, repository))
    judged = [
        Bind("repository", _shown(one.source, repository)) if one.read_only else _judge(one, repository)
        for one in mounts
    ]
    folders = {one.source: bind for one, bind in zip(mounts, judged, strict=True) if bind.kind == "data"}
    found: dict[str, dict[str, Bind]] = {}
    for one, bind in zip(mounts, judged, strict=True):
        users = {other.service for other in mounts if other.source == one.source}
        kept = folders.get(one.source)
        bind = replace(kept, shared=len(users) > 1) if kept is not None else bind
        found.setdefault(one.service, {})[one.target] = _entangled(one, bind, folders) or bind
    return found


def is_config(target: str) -> bool:
    """Whether a folder in a container holds what an author wrote, not what a program keeps."""
    return any(target == one or target.startswith(f"{one}/") for one in CONFIG_TARGETS)


def _mounts(definitions: Mapping[str, Mapping[str, Any]], repository: str) -> Iterator[_Mount]:
    for service, definition in definitions.items():
        build = definition.get("build")
        context = str(build.get("context", "")) if isinstance(build, dict) else ""
        targets = tuple(str(mount.get("target", "")) for mount in definition.get("volumes", ()))
        said = " ".join(_texts([definition.get(key) for key in ("environment", "command", "entrypoint")]))
        for mount in definition.get("volumes", ()):
            source = os.path.normpath(str(mount.get("source") or "."))
            if mount.get("type") == "bind" and is_below(source, repository):
                target = str(mount.get("target", ""))
                beside = tuple(one for one in targets if one != target)
                yield _Mount(service, target, source, mount.get("read_only") is True, context, said, beside)


def _judge(mount: _Mount, repository: str) -> Bind:
    """What a bind mount is that may be written to."""
    source, shown = mount.source, _shown(mount.source, repository)
    name = os.path.basename(source)  # noqa: PTH119 - no import for it
    is_there = os.path.lexists(source)
    if is_there and not os.path.isdir(source):  # noqa: PTH112 - never raises
        return _written_file(shown, name) if _DATA_FILE.search(name) else Bind("repository", shown)
    if is_config(mount.target):
        return Bind("repository", shown)
    if not is_there and _FILE_NAME.search(name):
        return _written_file(shown, name)
    names = names_below(source, repository)
    holds = any(one.rpartition("/")[2] not in _PLACEHOLDERS for one in names)
    is_source = bool(mount.build) and (is_below(source, mount.build) or is_below(mount.build, source))
    if is_source and mount.target.endswith(_REBUILT):
        return Bind("image", shown)
    is_data = not holds or name.lower() in DATA_NAMES or mount.target.rpartition("/")[2].lower() in DATA_NAMES
    if is_data and source != repository:
        return Bind("data", shown, _UNSAFE.sub("_", shown.removeprefix("./").replace("/", "--")), bool(names))
    if is_source:
        file = _database_file(mount)
        why = f"it says {file}, which lies in {mount.target}: that is what the image is built from, and new with each release"
        fix = f"give it a folder of its own, such as ./data:{mount.target}/data, and keep the file in it"
        return Bind("refused", shown, why=why, fix=fix) if file else Bind("image", shown)
    return Bind("repository", shown)


def _written_file(shown: str, name: str) -> Bind:
    why = f"{name} is one file, which is written: what a program puts beside it (a journal, the new file that replaces it) would be lost"
    return Bind(
        "refused", shown, why=why, fix="mount the folder that holds it, or say :ro and commit the file"
    )


def _database_file(mount: _Mount) -> str:
    """A database's file that the service names, in the folder that the mount covers; empty if there is none."""
    for match in _DATABASE_FILE.finditer(mount.said):
        path = os.path.normpath(
            f"{mount.target}/{match['path']}" if match["path"][0] != "/" else match["path"]
        )
        is_elsewhere = any(len(one) > len(mount.target) and is_below(path, one) for one in mount.beside)
        if is_below(path, mount.target) and not is_elsewhere:
            return match["path"]
    return ""


def _entangled(one: _Mount, bind: Bind, folders: Mapping[str, Bind]) -> Bind | None:
    """A mount of a part of what somebody writes: a container could put a link there, and lead the next mount astray."""
    if bind.kind == "image":
        return None
    for source, data in folders.items():
        if source != one.source and is_below(one.source, source):
            why = f"it lies in {data.source}, which is written to and stays on the host as one folder"
            fix = f"mount {data.source} in both services, or folders beside each other"
            return Bind("refused", bind.source, why=why, fix=fix)
        if source != one.source and data.name == bind.name:
            why = f"on the host it would have the name of {data.source}"
            return Bind("refused", bind.source, why=why, fix="rename one of the two folders")
    return None


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        yield from _texts(list(value.values()))
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _texts(one)
    elif value is not None:
        yield str(value)


def _shown(source: str, repository: str) -> str:
    inside = os.path.relpath(source, repository)
    return "." if inside == "." else f"./{inside}"
