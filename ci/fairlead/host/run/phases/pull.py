"""pull: the images by digest, side by side, with credentials that are gone when it is over."""

from __future__ import annotations

import contextlib
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Optional

from ...disk.credentials import drop_credentials
from ...disk.journal import PULLED
from ...disk.ledger import DEPLOY
from ...engine.engine import Finished
from ...plan.actions import START
from ...state.nameless import find_unkept
from ...state.state import read_digests
from ...wire.errors import EngineFault
from ...wire.release import Service
from ..context import Deploy, Outcome

_AT_ONCE = 4
_ATTEMPTS = 3
_PAUSE = 1.0
_ENGINE_WAIT = 30.0
_FINAL = {
    "the registry refused the login": ("unauthorized", "denied", "authentication required", "no basic auth"),
    "it is not in the registry": ("not found", "manifest unknown", "no such manifest"),
    "it has no image for this host's platform": ("no matching manifest",),
}
"""Answers that another attempt will not change."""


def run_pull(deploy: Deploy) -> Outcome:
    """Pull what the plan needs and the host does not have, and check that it is what was asked for.

    Raises:
        EngineFault: an image cannot be pulled, or another one came.
        InputFault: one of a rolled service keeps data where no other release finds them.
    """
    references = deploy.plan.pull
    try:
        if references:
            # Before it is done: an image that nobody knows to be ours would never be pruned.
            deploy.host.journal.append(PULLED, images=list(references))
            config = deploy.request.credentials.parent if deploy.request.credentials else None
            with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
                list(pool.map(lambda reference: _pull(deploy, reference, config), references))
    finally:
        drop_credentials(deploy.request.credentials)
    if deploy.plan.kind == DEPLOY:
        for one in deploy.plan.of(START, platform=False):
            _check_volumes(deploy, deploy.target.release.services[one.service])
        for one in deploy.plan.of(START, platform=True):
            _tell_left(deploy, deploy.target.release.services[one.service])
    if not references:
        return Outcome("every image is on the host", skipped=True)
    return Outcome(f"{len(references)} image{'s' if len(references) > 1 else ''}")


def _check_volumes(deploy: Deploy, service: Service) -> None:
    """Refuse what would be written to a volume that the next release does not have.

    Raises:
        InputFault: there is such a volume, and nobody has accepted that new values of secrets empty it.
    """
    unkept = find_unkept(deploy.engine, service, deploy.state)
    if unkept is None:
        return
    if deploy.plan.rotations:
        if service.name not in deploy.options.accept_recreate:
            raise unkept.by_rotation()
        for text in unkept.so_far:
            deploy.host.warn(unkept.left(text))
        return
    raise unkept.by_release()


def _tell_left(deploy: Deploy, service: Service) -> None:
    """Say where the data stay of a service that was rolled, and is recreated from now on for the volume it writes to."""
    live = deploy.state.live
    if live is None or not live.homes.get(service.name):
        return
    unkept = find_unkept(deploy.engine, service, deploy.state)
    if unkept is not None:
        for text in unkept.so_far:
            deploy.host.warn(unkept.left(text, " and keeps it from now on"))


def explain_pull(output: str) -> Optional[str]:
    """Why a pull failed, where trying again cannot help; None where it may."""
    text = output.lower()
    for reason, marks in _FINAL.items():
        if any(mark in text for mark in marks):
            return reason
    return None


def _pull(deploy: Deploy, reference: str, config: Optional[Path]) -> None:
    done = _attempt(deploy, reference, config)
    if not done.ok:
        reason = explain_pull(done.output)
        raise EngineFault(
            f"cannot pull {reference}",
            why=reason or (done.tail[-1] if done.tail else "docker pull failed and printed nothing"),
            fix=_advice(reason),
            details=done.tail,
        )
    digest = reference.partition("@")[2]
    if digest and digest not in read_digests(deploy.engine, reference):
        raise EngineFault(f"pulled {reference}, and the engine has another image under that name")


def _attempt(deploy: Deploy, reference: str, config: Optional[Path]) -> Finished:
    done = deploy.engine.pull(reference, config, deploy.checkpoint)
    for _ in range(_ATTEMPTS - 1):
        if done.ok or explain_pull(done.output) is not None:
            break
        time.sleep(_PAUSE)
        with contextlib.suppress(EngineFault):
            # It may be the engine itself that is being restarted.
            deploy.engine.wait_ready(_ENGINE_WAIT)
        done = deploy.engine.pull(reference, config, deploy.checkpoint)
    return done


def _advice(reason: Optional[str]) -> str:
    if reason is None:
        return "see whether the server reaches the registry, then deploy again"
    if "login" in reason:
        return "give the deploy credentials that may read this repository"
    return "run `fairlead publish` for this commit, then deploy again"
