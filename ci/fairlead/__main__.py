"""The process ``fairlead``."""

from __future__ import annotations

import gc
import os
import sys

from fairlead.quick import codecache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

_OBJECTS = 50_000
"""Objects more than were let go of, at which Python looks for garbage; its own 700 are for programs that live long."""


def run() -> NoReturn:
    """Run the command and leave with its exit code.

    ``validate`` stands in editors and hooks: it is loaded from one file, does not look for garbage in what all
    lives to the end, and keeps nothing that has to be put away then.
    """
    quick = sys.argv[1:2] == ["validate"]
    # Nearly all that is made while a command is loaded lives to its end: looking through it again and again is an eighth
    # of the processor time until somebody who goes back is on his way.
    gc.set_threshold(_OBJECTS)
    if quick:
        gc.disable()
        codecache.use("validate")
        _import_pathlib()
    from fairlead.boundary import main

    code = main()
    if not quick or "click" in sys.modules:
        sys.exit(code)
    codecache.keep("validate")
    sys.stderr.flush()
    os._exit(code)


_QUOTING = "urllib.parse"


class _Later(type(sys)):  # type: ignore[misc]  # a module's own class
    """A module that is imported when something of it is asked for."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        from importlib import import_module

        return getattr(import_module(self.__name__), name)


def _import_pathlib() -> None:
    """Import pathlib without what it imports for others: ``as_uri`` (until Python 3.13), and paths of Windows.

    The two take 7 ms.
    """
    if sys.version_info >= (3, 13):
        return
    later: dict[str, Any] = {name: _Later(name) for name in ("ntpath", _QUOTING) if name not in sys.modules}
    if _QUOTING in later:
        later[_QUOTING].quote_from_bytes = _quote_from_bytes
    sys.modules |= later
    try:
        import pathlib  # noqa: F401 - who needs it finds it there
    finally:
        for name in later:
            del sys.modules[name]


def _quote_from_bytes(raw: bytes) -> str:
    from urllib.parse import quote_from_bytes

    return quote_from_bytes(raw)


if __name__ == "__main__":
    run()
