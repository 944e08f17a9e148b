"""Which proxies in front of this host are heeded, for all apps behind its edge: the host's owner says it, no app does.

``trusted-proxies`` belongs to root and lies beside the door (``fairlead host setup --trusted-proxies`` writes it): an
address or network a line. A running edge heeds what it was started with; ``deploy --upgrade-edge`` replaces it.
"""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Optional

from ..wire import setup
from ..wire.errors import InputFault
from ..wire.setup import TRUSTED_FILE


def read_trusted(home: Optional[Path] = None) -> tuple[str, ...]:
    """The networks; none where the owner has named none.

    Raises:
        InputFault: a line is no network, or everybody's.
    """
    file = (home or setup.HOME) / TRUSTED_FILE
    try:
        lines = [line.partition("#")[0].strip() for line in file.read_text("utf-8").splitlines()]
        return tuple(_network(line) for line in lines if line)
    except FileNotFoundError:
        return ()
    except (OSError, ValueError) as error:
        raise InputFault(
            f"{file} cannot be read",
            why=str(error),
            fix="as root on the server: an address or network a line, or `fairlead host setup --trusted-proxies`",
        ) from error


def _network(line: str) -> str:
    network = ipaddress.ip_network(line)
    if network.prefixlen == 0:
        raise ValueError(f"{line} is everybody")
    return str(network)
