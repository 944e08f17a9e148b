"""An app taken off its servers, one after the other."""

from __future__ import annotations

import contextlib
from functools import partial

from fairlead.host.wire.replies import RemoveAnswer
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
    answers: dict[str, RemoveAnswer] = {}
    with open_lines(place) as lines:
        for host in place.hosts:
            show = partial(show_event, reporter, host=host if place.has_several else "")
            with contextlib.ExitStack() as stack:
                with reporter.step(f"connect to {host}"):
                    server = stack.enter_context(lines[host].server())
                answers[host] = server.remove_app(show, volumes=volumes, by=by)
    hosts = [{"host": host, **one.document} for host, one in answers.items()]
    document = {"schema": REMOVE_SCHEMA, "app": place.app, **hosts[0], "host": place.host, "hosts": hosts}
    kept = sorted({volume for one in answers.values() for volume in one.volumes_kept})
    rest = f"; its volumes stay: {', '.join(kept)}" if kept else ""
    folders = sorted({folder for one in answers.values() for folder in one.data_kept})
    rest += f"; its folders stay: {', '.join(folders)}" if folders else ""
    reporter.result(document, f"{place.app} is removed from {place.host}{rest}")
