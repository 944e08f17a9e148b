"""The process ``fairlead``."""

from __future__ import annotations

import os
import sys

from fairlead.quick import codecache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn


def run() -> NoReturn:
    """Run the command and leave with its exit code.

    ``validate`` stands in editors and hooks: it is loaded from one file, does not look for garbage in what all
    lives to the end, and keeps nothing that has to be put away then.
    """
    quick = sys.argv[1:2] == ["validate"]
    if quick:
        import gc

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


def _import_pathlib() -> None:
    """Import pathlib without ``urllib.parse``: until Python 3.13 it does so for ``as_uri`` alone, which takes 5 ms."""
    name = "urllib.parse"
    if name in sys.modules or sys.version_info >= (3, 13):
        return
    stand_in: Any = type(sys)(name)

    def quote_from_bytes(raw: bytes) -> str:
        from urllib.parse import quote_from_bytes

        return quote_from_bytes(raw)

    stand_in.quote_from_bytes = quote_from_bytes
    sys.modules[name] = stand_in
    try:
        import pathlib  # noqa: F401 - who needs it finds it there
    finally:
        del sys.modules[name]


if __name__ == "__main__":
    run()
