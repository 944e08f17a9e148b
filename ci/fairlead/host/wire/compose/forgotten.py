"""What a service writes where the next release does not find it: volumes without a name. Pure.

An image that declares one (``VOLUME /data``) gets it with each container that mounts nothing there.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_REBUILT = ("/node_modules", "/.venv", "/.cache", "/.next")
"""Volumes that development puts over what the image brings; any number of containers may share them."""
_SCRATCH = re.compile(r"/(tmp|run|var/(tmp|run|cache|log))(/.*)?|.*/(tmp|temp|cache|logs?)", re.IGNORECASE)
"""Where a program keeps what it can make again."""


def is_rebuilt(target: str) -> bool:
    """Whether a path is one where a development's volume covers what the image brings."""
    return target.endswith(_REBUILT)


def is_scratch(target: str) -> bool:
    """Whether what is written to a path can be made again."""
    return is_rebuilt(target) or _SCRATCH.fullmatch(target.rstrip("/")) is not None


def find_forgotten(
    definition: Mapping[str, Any], declared: Iterable[str], mounted: Iterable[str] = ()
) -> list[str]:
    """Where a container writes to a volume without a name, but for what can be made again.

    Args:
        definition: of the service, as Compose has it.
        declared: the volumes of its image.
        mounted: the paths of its other mounts: files, secrets, folders of data.
    """
    nameless, named = [], set(map(_plain, mounted))
    for target, has_name in _volumes(definition):
        if has_name:
            named.add(_plain(target))
        else:
            nameless.append(target)
    found = dict.fromkeys(_plain(one) for one in (*nameless, *declared) if one.startswith("/"))
    return [target for target in found if target not in named and not is_scratch(target)]


def _volumes(definition: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """The target of each mount, and whether it is another thing than a volume without a name."""
    for mount in definition.get("volumes") or ():
        if isinstance(mount, Mapping):
            is_nameless = mount.get("type", "volume") == "volume" and not mount.get("source")
            yield str(mount.get("target") or ""), not is_nameless
    tmpfs = definition.get("tmpfs") or ()
    for one in [tmpfs] if isinstance(tmpfs, str) else tmpfs:
        yield str(one).partition(":")[0], True


def _plain(path: str) -> str:
    return posixpath.normpath(path)
