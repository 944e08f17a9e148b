"""An app taken off its servers, one after the other."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from functools import partial
from typing import Any

from fairlead.report import Reporter
from fairlead.rollout.lines import open_lines
from fairlead.rollout.place import Place
from fairlead.rollout.show import show_event
from fairlead.rollout.who import whoami

REMOVE_SCHEMA = "fairlead.remove/v1"


def remove_app(place: Place, reporter: Reporter, *, volumes: bool) -> None:
    """Remove the app from the servers of the place, and tell the result.

    Raises:
        FairleadError: from one of them it could not be removed; the others after it were not asked.
    """
    by = whoami()
    told: dict[str, Mapping[str, Any]] = {}
    with open_lines(place) as lines:
        for host in place.hosts:
            show = partial(show_event, reporter, host=host if place.has_several else "")
            with contextlib.ExitStack() as stack:
                with reporter.step(f"connect to {host}"):
                    server = stack.enter_context(lines[host].server())
                told[host] = server.remove_app(show, volumes=volumes, by=by)
    hosts = [{"host": host, **one} for host, one in told.items()]
    document = {"schema": REMOVE_SCHEMA, "app": place.app, **hosts[0], "host": place.host, "hosts": hosts}
    kept = sorted({volume for one in told.values() for volume in one["volumes_kept"]})
    rest = f"; its volumes stay: {', '.join(kept)}" if kept else ""
    folders = sorted({folder for one in told.values() for folder in one.get("data_kept") or ()})
    rest += f"; its folders stay: {', '.join(folders)}" if folders else ""
    reporter.result(document, f"{place.app} is removed from {place.host}{rest}")
