"""Put an app in order: what was cut off is ended, what should serve runs, what serves no more does not."""

from __future__ import annotations

from typing import Optional

from ..disk.place import Place
from ..disk.routes import read_live
from ..edge.lifecycle import mend_edge
from ..shape.bundle import read_bundle
from ..wire.errors import AgentError
from .context import Host
from .phases.retire import retire_old
from .recover import recover
from .restore import restart_serving


def put_in_order(host: Host, decision: Optional[str] = None) -> list[str]:
    """Repair: finish or undo what was cut off, start what should serve, stop what serves no more; what was done, in words.

    Args:
        decision: see ``recover``.
    """
    repaired = recover(host, decision)
    live = read_bundle(host.paths, read_live(host.paths))
    done = [*([repaired.text] if repaired else []), *restart_serving(host, live)]
    if live is not None:
        # A retire that failed is only warned of: what it left is found here.
        outcome = retire_old(host, live)
        done += [] if outcome.skipped else [f"stopped what serves no more: {outcome.detail}"]
    return [*done, *put_edge_in_order(host)]


def put_edge_in_order(host: Host) -> list[str]:
    """What was put right with the edge; where that cannot be, it is told, and stops no app's own way back."""
    try:
        return mend_edge(host.engine, Place(host.paths.root))
    except AgentError as error:
        host.warn(f"{error.what}{': ' if error.why else ''}{error.why}")
        return []
