"""In which order jobs run: each after those that it depends on. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from ..wire.errors import InputFault
from ..wire.release import Service


def order_jobs(jobs: Mapping[str, Service]) -> list[Service]:
    """The jobs, dependencies first, by name where nothing else decides.

    Raises:
        InputFault: they depend on each other in a circle.
    """
    ordered: list[Service] = []
    waiting = dict(sorted(jobs.items()))
    while waiting:
        ready = [job for job in waiting.values() if not any(other in waiting for other in job.depends_on)]
        if not ready:
            raise InputFault(
                f"the jobs {', '.join(waiting)} wait for each other", fix="break the circle of depends_on"
            )
        for job in ready:
            ordered.append(job)
            del waiting[job.name]
    return ordered
