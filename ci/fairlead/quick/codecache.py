"""The compiled code of one way through the program, side by side in one file of the cache.

Python looks each module up on its own, with half a dozen system calls and a file: for the 140 modules behind
``fairlead validate`` that is 10 ms of the 60 ms that it has, and half a second where Python may not write
byte code beside the source. A module in the file counts only while its source is as it was then (time and size);
where the file can't be read or written, everything is imported as ever.
"""

from __future__ import annotations

import os
import sys
from _frozen_importlib import ModuleSpec
from _frozen_importlib_external import SourceFileLoader
from marshal import dumps, loads

from fairlead.quick.patterns import all_compiled, use_compiled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import CodeType, ModuleType
    from typing import Any

    _Kept = tuple[str, bool, tuple[int, int], CodeType]
    """Of a module the file, whether it is a package, the stamp of its source, and its code."""

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - no time for pathlib
"""The package that this checkout has."""

_START = 8
_MOST_UNUSED = 2
"""Modules of the core that a call may do without before the core is made smaller."""


class _Finder:
    """Finds the modules of the file before anybody looks at the disk for them.

    Attributes:
        core: the modules that every call so far has imported.
    """

    def __init__(
        self, handle: int, start: int, core: tuple[str, ...], size: int, modules: dict[str, Any]
    ) -> None:
        self.core = core
        self._handle = handle
        self._start = start
        self._core_size = size
        self._modules = modules
        self._codes: dict[str, CodeType] = {}
        self._changed: set[str] = set()

    def find_spec(
        self, name: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        known = self._modules.get(name)
        if known is None:
            return None
        file, is_package, stamp, *_ = known
        if _is_changed(file, stamp):
            self._changed.add(name)
            return None
        spec = ModuleSpec(name, _Loader(name, file, self), origin=file, is_package=is_package)
        # As if it had been found in its folder, without the time that it takes to find out where its byte code lies.
        spec.has_location, spec.cached = True, file
        if is_package:
            spec.submodule_search_locations = [os.path.dirname(file)]  # noqa: PTH120 - same
        return spec

    def holds(self, name: str) -> bool:
        """Whether a module stands in the file as it is."""
        return name in self._modules and name not in self._changed

    def code(self, name: str) -> CodeType:
        """The code of a module."""
        *_, offset, size = self._modules[name]
        if size:
            return self._loaded(offset, size)  # type: ignore[no-any-return]  # marshal reads anything
        if not self._codes:
            self._codes = dict(zip(self.core, self._loaded(0, self._core_size), strict=True))
        return self._codes[name]

    def all_kept(self) -> dict[str, _Kept]:
        """What stands in the file."""
        return {name: (*facts, self.code(name)) for name, (*facts, _, _) in self._modules.items()}

    def _loaded(self, offset: int, size: int) -> Any:
        return loads(os.pread(self._handle, size, self._start + offset))  # noqa: S302 - the user's own cache, as any byte code


class _Loader(SourceFileLoader):
    """Loads a module's code from the file; its source, its data and its name are where they are."""

    def __init__(self, name: str, file: str, finder: _Finder) -> None:
        super().__init__(name, file)
        self._finder = finder

    def get_code(self, name: str) -> CodeType:
        return self._finder.code(name)

    def exec_module(self, module: ModuleType) -> None:
        exec(self._finder.code(module.__name__), vars(module))  # noqa: S102 - what importing is


def use(name: str) -> None:
    """Import from the file of that name, as far as it holds and is current."""
    compiled: dict[Any, Any] = {}
    try:
        handle = open_own(_path(name))
        size = os.fstat(handle).st_size
        start = int.from_bytes(os.pread(handle, _START, 0), "big")
        if _START < start <= size:
            version, whole, patterns, *places = loads(os.pread(handle, start - _START, _START))  # noqa: S302 - same
            # Cut short, it would fail in the middle of an import.
            if version == sys.version and size == start + whole:
                finder: Any = _Finder(handle, start, *places)
                sys.meta_path.insert(0, finder)
                compiled = patterns
    except (OSError, ValueError, TypeError, EOFError, LookupError):
        pass
    use_compiled(compiled)


def keep(name: str) -> None:
    """Write the file anew if this process has imported or compiled what does not stand in it."""
    finder = next((one for one in sys.meta_path if isinstance(one, _Finder)), None)
    expressions, has_more = all_compiled()
    fresh = _fresh(finder)
    core = [one for one in finder.core if one in sys.modules] if finder is not None else list(fresh)
    too_much = finder is not None and len(finder.core) - len(core) > _MOST_UNUSED
    if is_in_checkout(_path(name)) or not (has_more or fresh or too_much):
        return
    content = _rendered({**(finder.all_kept() if finder is not None else {}), **fresh}, core, expressions)
    scratch = f"{_path(name)}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(scratch), exist_ok=True)  # noqa: PTH103, PTH120 - same
        handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(scratch, _path(name))  # noqa: PTH105 - same
    except OSError:
        return


def _rendered(kept: dict[str, _Kept], core: list[str], expressions: dict[Any, Any]) -> bytes:
    """The file: how long its head is (8 bytes); the head; the code of the core in one piece, and of each other module.

    In one piece it is read in two thirds of the time: what the modules have in common, names above all, is there once.
    The head: the Python, how long the code is, the expressions, the modules of the core, how long their code is, and
    each module with its file, whether it is a package, its stamp, and where its code lies (of the core: 0, 0).
    """
    parts = [dumps(tuple(kept[name][3] for name in core))]
    offset = size = len(parts[0])
    modules: dict[str, Any] = {}
    for name, (file, is_package, stamp, code) in kept.items():
        modules[name] = file, is_package, stamp, 0, 0
        if name not in core:
            parts.append(dumps(code))
            modules[name] = file, is_package, stamp, offset, len(parts[-1])
            offset += len(parts[-1])
    head = dumps((sys.version, offset, expressions, tuple(core), size, modules))
    return (_START + len(head)).to_bytes(_START, "big") + head + b"".join(parts)


def _fresh(finder: _Finder | None) -> dict[str, _Kept]:
    """Each module that came from a source file and is not kept yet."""
    found: dict[str, _Kept] = {}
    for module in list(sys.modules.values()):
        spec = getattr(module, "__spec__", None)
        loader = getattr(spec, "loader", None)
        if spec is None or type(loader) is not SourceFileLoader or spec.name == "__main__":
            continue
        if finder is None or not finder.holds(spec.name):
            # The stamp first: what changes between the two is read again.
            stamp = _stamp(loader.path)
            code = loader.get_code(spec.name)
            if code is not None:
                found[spec.name] = loader.path, spec.submodule_search_locations is not None, stamp, code
    return found


def _is_changed(path: str, stamp: tuple[int, int]) -> bool:
    try:
        return _stamp(path) != stamp
    except OSError:
        return True


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
