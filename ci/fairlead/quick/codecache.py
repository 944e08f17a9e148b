"""The compiled code of one way through the program, side by side in one file of the cache.

Python looks each module up on its own, with half a dozen system calls and a file: for the 90 modules behind
``fairlead validate`` that is 10 ms of the 60 ms that it has, and half a second where Python may not write
byte code beside the source. What stands in the file counts only while every source file is as it was then
(time and size); where it can't be read or written, everything is imported as ever.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import SourceFileLoader
from marshal import dumps, loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import CodeType, ModuleType
    from typing import Any

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - no time for pathlib
"""The package that this checkout has."""

_START = 8


class _Finder:
    """Finds the modules of the file before anybody looks at the disk for them."""

    def __init__(self, modules: dict[str, Any], handle: int) -> None:
        self._modules = modules
        self._handle = handle

    def find_spec(
        self, name: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        known = self._modules.get(name)
        if known is None:
            return None
        file, is_package, offset, size = known
        from importlib._bootstrap_external import spec_from_file_location

        folder = [os.path.dirname(file)] if is_package else None  # noqa: PTH120 - same
        loader = _Loader(name, file, self._handle, offset, size)
        return spec_from_file_location(name, file, loader=loader, submodule_search_locations=folder)


class _Loader(SourceFileLoader):
    """Loads a module's code from the file; its source, its data and its name are where they are."""

    def __init__(self, name: str, file: str, handle: int, offset: int, size: int) -> None:
        super().__init__(name, file)
        self._place = (handle, size, offset)

    def get_code(self, _name: str) -> CodeType:
        code: CodeType = loads(os.pread(*self._place))  # noqa: S302 - the user's own cache, as any byte code
        return code


def use(name: str) -> None:
    """Import from the file of that name, as far as it holds and is current."""
    try:
        handle = open_own(_path(name))
        size = os.fstat(handle).st_size
        start = int.from_bytes(os.pread(handle, _START, 0), "big")
        if not _START < start <= size:
            return
        version, stamps, modules = loads(os.pread(handle, start - _START, _START))  # noqa: S302 - same
        current = version == sys.version and all(_stamp(path) == stamp for path, stamp in stamps)
        # Cut short, it would fail in the middle of an import.
        current = current and size == start + sum(entry[3] for entry in modules.values())
    except (OSError, ValueError, TypeError, EOFError, LookupError):
        return
    if current:
        placed = {
            one: (file, kind, start + offset, size) for one, (file, kind, offset, size) in modules.items()
        }
        finder: Any = _Finder(placed, handle)
        sys.meta_path.insert(0, finder)


def keep(name: str) -> None:
    """Write the file anew if this process did not import from it: the code of all that it imported.

    The file: how long its head is (8 bytes); the head, with the Python, the stamps of the sources, and where each
    module's code lies; the code.
    """
    if any(isinstance(finder, _Finder) for finder in sys.meta_path) or is_in_checkout(_path(name)):
        return
    scratch = f"{_path(name)}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(scratch), exist_ok=True)  # noqa: PTH103, PTH120 - same
        handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            modules, code = _loaded()
            stamps = [(path, _stamp(path)) for path, *_ in modules.values()]
            head = dumps((sys.version, stamps, modules))
            file.write((_START + len(head)).to_bytes(_START, "big") + head + code)
        os.replace(scratch, _path(name))  # noqa: PTH105 - same
    except OSError:
        return


def _loaded() -> tuple[dict[str, tuple[str, bool, int, int]], bytes]:
    """Each module that came from a source file (the file, whether it is a package, where its code lies), and the code."""
    found: dict[str, tuple[str, bool, int, int]] = {}
    parts: list[bytes] = []
    offset = 0
    for module in list(sys.modules.values()):
        spec = getattr(module, "__spec__", None)
        loader = getattr(spec, "loader", None)
        if spec is None or type(loader) is not SourceFileLoader or spec.name == "__main__":
            continue
        parts.append(dumps(loader.get_code(spec.name)))
        is_package = spec.submodule_search_locations is not None
        found[spec.name] = (loader.path, is_package, offset, len(parts[-1]))
        offset += len(parts[-1])
    return found, b"".join(parts)


def _stamp(path: str) -> tuple[int, int]:
    status = os.stat(path)  # noqa: PTH116 - same
    return status.st_mtime_ns, status.st_size


def cache_folder() -> str:
    """Where Fairlead keeps what it can make again: ``FAIRLEAD_CACHE``, else ``fairlead`` in the user's cache folder."""
    environ = os.environ
    home = environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111 - same
    return environ.get("FAIRLEAD_CACHE") or f"{home}/fairlead"


def open_own(path: str) -> int:
    """Open a file of the cache that nobody but this user, or root, can have written.

    Raises:
        OSError: it is not there, or somebody else could have.
    """
    if is_in_checkout(path):
        raise OSError(f"{path} may be the repository's")
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    status = os.fstat(handle)
    if status.st_uid not in {0, os.geteuid()} or status.st_mode & 0o022:
        os.close(handle)
        raise OSError(f"{path} may be somebody else's")
    return handle


def is_in_checkout(path: str) -> bool:
    """Whether a path lies in a checkout: what stands there may be the repository's, and no code or answer to rely on.

    Git could tell, and takes as long as what these files save.
    """
    folder = os.path.abspath(path)  # noqa: PTH100 - same
    while (parent := os.path.dirname(folder)) != folder:  # noqa: PTH120 - same
        if os.path.lexists(f"{parent}/.git"):
            return True
        folder = parent
    return False


def _path(name: str) -> str:
    """One file for each checkout and Python."""
    checkout = _PACKAGE.replace("/", "%")[-150:]
    return f"{cache_folder()}/code/{name}-{sys.implementation.cache_tag}{checkout}"
