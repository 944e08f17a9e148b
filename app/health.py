"""Health, in three depths.

``/health``: this process answers. ``/health/ready``: it can serve, and its container may get traffic.
``/health/deep``: a diagnosis for people, which the public proxy does not pass on.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.lifecycle import Lifecycle

log = logging.getLogger(__name__)

CHECK_TIMEOUT = 2.0
"""Seconds after which a check counts as failed; below the timeout of the container's health check."""

Check = Callable[[], Awaitable[str]]
"""Tells in a few words what it found; raises if it is not good."""


@dataclass(frozen=True)
class Finding:
    """What one check found, and after how many seconds."""

    name: str
    good: bool
    detail: str
    seconds: float

    def to_document(self) -> dict[str, object]:
        return {"good": self.good, "detail": self.detail, "seconds": round(self.seconds, 4)}


async def run_checks(checks: Mapping[str, Check], limit: float = CHECK_TIMEOUT) -> tuple[Finding, ...]:
    """Run all checks at once; one that takes longer than ``limit`` seconds has failed."""
    return tuple(await asyncio.gather(*(_run(name, check, limit) for name, check in checks.items())))


async def _run(name: str, check: Check, limit: float) -> Finding:
    begin = time.perf_counter()
    try:
        async with asyncio.timeout(limit):
            detail, good = await check(), True
    except TimeoutError:
        detail, good = f"no answer within {limit:g} s", False
    except Exception as error:  # noqa: BLE001  whatever a driver raises, the answer is: not ready, and why
        detail, good = f"{type(error).__name__}: {error}".splitlines()[0], False
    return Finding(name, good, detail, time.perf_counter() - begin)


@dataclass
class Health:
    """The three endpoints of a role: what must hold to be ready, and what is told besides by the deep one.

    What keeps it from being ready is logged when it changes, not each time it is asked.
    """

    lifecycle: Lifecycle
    release: str
    ready: Mapping[str, Check]
    deep: Mapping[str, Check]
    _told: str = field(default="", init=False)

    async def alive_endpoint(self, _request: Request) -> Response:
        """200 as long as the process answers."""
        return JSONResponse({"status": "alive", "release": self.release})

    async def ready_endpoint(self, _request: Request) -> Response:
        """200 if the role can serve, else 503 and what is missing; 503 while it drains."""
        findings = await run_checks(self.ready)
        if self.lifecycle.draining:
            findings = (
                *findings,
                Finding("draining", good=False, detail="this process is stopping", seconds=0),
            )
        self._tell(findings)
        return self._answer(findings, "ready" if all(finding.good for finding in findings) else "unready")

    async def deep_endpoint(self, _request: Request) -> Response:
        """All that is known, for people; 503 if anything is wrong."""
        findings = await run_checks({**self.ready, **self.deep})
        return self._answer(findings, "good" if all(finding.good for finding in findings) else "troubled")

    def _tell(self, findings: tuple[Finding, ...]) -> None:
        missing = "; ".join(f"{finding.name}: {finding.detail}" for finding in findings if not finding.good)
        text = f"not ready: {missing}" if missing else "ready"
        if text != self._told:
            self._told = text
            log.log(logging.WARNING if missing else logging.INFO, text)

    def _answer(self, findings: tuple[Finding, ...], status: str) -> Response:
        document = {
            "status": status,
            "release": self.release,
            "checks": {finding.name: finding.to_document() for finding in findings},
        }
        return JSONResponse(document, status_code=200 if all(finding.good for finding in findings) else 503)
