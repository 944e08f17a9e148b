"""Who certifies the names behind this host's edge, where the public authorities shall not: the host's owner says it.

``acme-directory`` and ``acme-root.pem`` belong to root and lie beside the door (``fairlead host setup --acme-directory``
writes them): the address of the authority, and what certifies that address itself, where no public authority does. A
running edge asks whom it was started with; ``deploy --upgrade-edge`` replaces it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Optional

from ..wire import setup
from ..wire.errors import InputFault
from ..wire.setup import DIRECTORY, DIRECTORY_FILE, PEM, PUBLIC, ROOT_FILE, Authority

_MOST = 256 * 1024


def read_authority(home: Optional[Path] = None) -> Authority:
    """Whom the edge is to ask.

    Raises:
        InputFault: the files do not hold.
    """
    folder = home or setup.HOME
    try:
        directory = (folder / DIRECTORY_FILE).read_text("utf-8").strip()
        root = (folder / ROOT_FILE).read_text("utf-8") if (folder / ROOT_FILE).exists() else ""
        return _parse(directory, root)
    except FileNotFoundError:
        return PUBLIC
    except (OSError, ValueError) as error:
        raise InputFault(
            f"{folder / DIRECTORY_FILE} cannot be gone by",
            why=str(error),
            fix="as root on the server: `fairlead host setup --acme-directory URL`, or `none`",
        ) from error


def _parse(directory: str, root: str) -> Authority:
    if not DIRECTORY.fullmatch(directory):
        raise ValueError(f"{directory[:60]!r} is no https address of a directory")
    if len(root) > _MOST or (root and PEM not in root):
        raise ValueError(f"{ROOT_FILE} holds no certificate in PEM")
    return Authority(directory, root)
