"""``python -m app ROLE``: starts one role of the board.

Settings are checked before anything is opened; all their faults are told at once and the exit code is 2.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys

from app.settings import SettingsError

ROLES = {
    "api": "app.api.run",
    "web": "app.web.run",
    "worker": "app.worker.run",
    "migrate": "app.migrate",
}


def main(arguments: list[str]) -> int:
    """Start the role that is named; the exit code of its process is returned."""
    if len(arguments) != 1 or arguments[0] not in ROLES:
        print(f"usage: python -m app {'|'.join(ROLES)}", file=sys.stderr)  # noqa: T201  a usage line is no log
        return 2
    # What is loaded here lives to the end: nobody looks for garbage in it, now or later, with a request behind him.
    gc.disable()
    role = importlib.import_module(ROLES[arguments[0]])
    gc.freeze()
    gc.enable()
    try:
        return int(role.run(os.environ))
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201  logging is not configured without settings
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
