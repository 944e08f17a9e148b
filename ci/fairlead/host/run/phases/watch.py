"""watch: the release serves; whether it may go on doing so is seen from its answers and its containers.

What served before runs on beside it, untouched, so that one rename brings it back.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Optional

from ...disk.ledger import DEPLOY, ROLLBACK
from ...disk.routes import close_before, open_trial, switch_back
from ...engine.containers import Container, find_proxy, refresh_containers
from ...watch.beforehand import weigh_faults
from ...watch.health import READY, Readiness
from ...watch.patience import pause_for
from ...watch.prober import Prober, asking
from ...watch.questions import Question, plan_direct, plan_inside, plan_public
from ...watch.traffic import Sample, Traffic, is_waited_for, sum_traffic
from ...watch.verdict import (
    FAIL,
    INCONCLUSIVE,
    Evidence,
    Served,
    Verdict,
    judge_watch,
    serves_nobody,
    wants_trial,
)
from ...wire.inside import find_carrier
from ...wire.names import HEALTH_PATH
from ...wire.release import Service
from ..context import Deploy, Outcome
from .recreated import ask_recreated, judge_service, own_containers, recreated_services
from .refusing import watch_fault
from .starting import crashes_of
from .trailing import Late, proving

_TICK = 0.1
_FIRST_TICK = 0.02
"""Answers come within milliseconds, and a window may be over as soon as they are there: that of a rollback is."""
_TICK_SHARE = 0.5
_LOOK_EVERY = 0.5
_LOOK_SPACING = 0.1
"""Seconds between two containers that are looked at, over all: a watch is no load."""
_SAMPLED_WITHIN = 1.0
_SILENT_FOR = 2.0
_BAD_FOR = 5.0
"""Seconds of bad answers on end that take a rollback back: what it goes back to has served, and whoever is in too much
of a hurry would send users to what somebody wants to be rid of, as both answer badly while they have too much to do. Where
that one answered as badly before the switch, they take nothing back (``beforehand``)."""
_TRIED_WITHIN = 60.0
"""Seconds beyond the window for calls that hang, which tell little at a time."""
_SETTLED_WITHIN = 30.0
"""Seconds after the window for what was asked in it: each answer has its own, and many wait for their turn."""


def run_watch(deploy: Deploy) -> Outcome:
    """Watch for the release's window, and go back as soon as it fails.

    Raises:
        ReleaseFault: it failed, or nothing could be told and the caller asked for evidence; the switch is back. Or who was
            to be proved meanwhile is not fit; the caller goes back.
    """
    window = deploy.plan.window
    if not window:
        return Outcome("off", skipped=True)
    try:
        with proving(deploy) as late:
            watcher = _Watcher(deploy, window, late)
            verdict = watcher.watch()
    finally:
        close_before(deploy.paths)
    deploy.progress.verdict = verdict
    if verdict.state == FAIL or (verdict.state == INCONCLUSIVE and deploy.options.require_evidence):
        _go_back(deploy)
        deploy.progress.verdict = watcher.explain(verdict)
        raise watch_fault(deploy, deploy.progress.verdict, watcher.blamed)
    if verdict.state == INCONCLUSIVE:
        deploy.host.warn(f"the watch was inconclusive, the release is kept: {verdict.reason}")
    return Outcome(f"{verdict.state}, {verdict.evidence.answered} probes answered")


class _Watcher:
    """Looks at everything in turn, ``late`` included. ``blamed`` is the service that failed first."""

    def __init__(self, deploy: Deploy, window: float, late: Late) -> None:
        self._deploy = deploy
        self._window = window
        self._late = late
        self._release = deploy.target.release
        # As verify saw them: a restart between then and now counts.
        seen = deploy.host.seen
        self._own = {
            service.name: own_containers(deploy, service, seen)
            for service in (*self._release.rolled.values(), *recreated_services(deploy))
        }
        known = crashes_of(deploy).borne
        self._restarts = {
            one.id: min(one.restarts, known.get(one.id, 0)) for own in self._own.values() for one in own
        }
        self._since = {one.id: one.started_at for own in self._own.values() for one in own}
        self._others = {one.id: one for one in seen if one.running and one.id not in self._since}
        self._moved = list(self._find_moved())
        self._old = {
            name: sum_traffic(self._samples(), self._addresses_before(name), 0.0, deploy.progress.switched_at)
            for name in self._moved
        }
        self._faults: tuple[str, ...] = ()
        self._looked = 0.0
        self._tried = False
        self.blamed: Optional[str] = None

    def watch(self) -> Verdict:
        """Look until it fails, or the window is over, everybody is proved and no answer is awaited.

        Raises:
            ReleaseFault: who is proved meanwhile is not fit.
        """
        questions = list(self._questions())
        ended = math.inf
        patience = _BAD_FOR if self._deploy.plan.kind == ROLLBACK else 0.0
        with asking(questions, self._deploy.progress.token, patience) as prober:
            while True:
                self._deploy.checkpoint()
                self._late.step()
                served = self._served()
                self._try(served)
                now = time.monotonic()
                ended = min(ended, now) if self._is_over(served, now) else ended
                over = now >= ended
                prober.step(closing=over)
                self._look(now=over and prober.is_settled)
                verdict = judge_watch(self._release.watch, self._evidence(prober, served))
                if verdict.state == FAIL:
                    self.blamed = self.blamed or prober.blamed
                    return verdict
                if over and prober.is_settled:
                    self._tell_unserved(questions, served)
                    self._deploy.progress.doubted = prober.failed
                    return verdict
                if time.monotonic() - ended >= _SETTLED_WITHIN:
                    late = "some probes were not answered in time to tell"
                    return Verdict(INCONCLUSIVE, (*verdict.reasons, late), verdict.evidence)
                waited = time.monotonic() - self._deploy.progress.switched_at
                self._late.pause(min(pause_for(waited, _FIRST_TICK, _TICK_SHARE), _TICK))

    def explain(self, verdict: Verdict) -> Verdict:
        """The verdict, what has died since the last look told before what did not answer for it."""
        if verdict.state != FAIL or self._faults:
            return verdict
        died = list(self._unfit())
        self.blamed = died[0][0] if died else self.blamed
        return replace(verdict, reasons=(*_told(died), *verdict.reasons))

    def _is_over(self, served: Sequence[Served], now: float) -> bool:
        """Whether the window is; who is still to be proved, and what is about to be told of a trial, is waited for."""
        waited = now - self._deploy.progress.switched_at
        leans = self._tried and any(one.leans for one in served)
        return not self._late.names and waited >= self._window + (_TRIED_WITHIN if leans else 0.0)

    def _try(self, served: Sequence[Served]) -> None:
        """Let chance decide who answers, where users' calls look bad: what a stranger asks for, he asks of both."""
        found = [one.service for one in served if wants_trial(self._release.watch, one)]
        previous = self._deploy.plan.previous
        if found and not self._tried and previous is not None and self._deploy.paths.before.is_symlink():
            open_trial(self._deploy.paths, previous)
            self._deploy.host.note(
                f"calls to {', '.join(found)} fail or wait: those with effects (no GET, no HEAD) go to the new "
                f"release or to {previous} by chance, until it is clear which answers"
            )
            self._tried = True

    def _tell_unserved(self, questions: Sequence[Question], served: Sequence[Served]) -> None:
        """Remember whose users were not served by all that is known, where no page of it says that they are."""
        for one in served:
            own = [asked for asked in questions if asked.service == one.service or asked.public]
            vouched = any(asked.target.path != HEALTH_PATH for asked in own)
            if not vouched and serves_nobody(one):
                self._deploy.progress.unserved = (*self._deploy.progress.unserved, one.service)

    def _served(self) -> tuple[Served, ...]:
        samples = self._samples()
        return tuple(
            Served(
                name,
                self._new(name, samples),
                self._old[name],
                self._again(name, samples),
                self._is_silent(name, samples),
            )
            for name in self._moved
        )

    def _is_silent(self, name: str, samples: tuple[Sample, ...]) -> bool:
        """Whether requests have waited for a while, and none was answered."""
        since = time.monotonic() - _SILENT_FOR
        addresses = self._addresses_of(name)
        return (
            since >= self._deploy.progress.switched_at
            and is_waited_for(samples, addresses, since)
            and not sum_traffic(samples, addresses, self._deploy.progress.switched_at).answers
        )

    def _evidence(self, prober: Prober, served: tuple[Served, ...]) -> Evidence:
        held, doubted = weigh_faults(prober.faults, self._deploy.progress.before)
        return Evidence(
            seconds=time.monotonic() - self._deploy.progress.switched_at,
            faults=(*self._faults, *held),
            asked=prober.asked,
            answered=prober.answered,
            unmeasured=(*prober.unmeasured, *doubted, *self._unmeasured(self._samples())),
            served=served,
            compared=self._deploy.plan.kind == DEPLOY and self._deploy.state.live is not None,
        )

    def _look(self, *, now: bool) -> None:
        """See how the containers are, every now and then, and when the window is over."""
        every = max(_LOOK_EVERY, _LOOK_SPACING * len(self._restarts))
        if not now and time.monotonic() - self._looked < every:
            return
        self._looked = time.monotonic()
        found = list(self._unfit())
        self.blamed = self.blamed or (found[0][0] if found else None)
        self._faults = _told(found)

    def _unfit(self) -> Iterator[tuple[str, str]]:
        """The services whose containers may not serve, and why."""
        for name, own in self._own.items():
            if name in self._late.names:
                # It has failed when its proof says so.
                continue
            service = self._release.services[name]
            current = refresh_containers(self._deploy.engine, own)
            verdict = self._judge(service, current, self._since)
            if verdict.state != READY and self._were_others_started_again():
                verdict = self._judge(service, current, {})
            if verdict.state != READY:
                yield name, verdict.reason

    def _judge(self, service: Service, current: list[Container], since: Mapping[str, str]) -> Readiness:
        return judge_service(self._deploy, service, current, self._restarts, since=since)

    def _were_others_started_again(self) -> bool:
        """Whether it was the engine, which without live-restore takes everything down when it is restarted."""
        now = refresh_containers(self._deploy.engine, list(self._others.values()))
        return any(one.running and one.started_at != self._others[one.id].started_at for one in now)

    def _questions(self) -> Iterator[Question]:
        seen = list(self._deploy.host.seen)
        proxy = find_proxy(seen, self._release.proxy)
        if proxy is None:
            return
        for name in self._release.routes:
            if find_carrier(self._release, name) is None:
                yield from plan_direct(self._deploy.target, name, self._own[name])
            yield from plan_inside(self._deploy.target, name, seen)
        yield from ask_recreated(self._deploy, seen)
        yield from plan_public(self._deploy.target, proxy)

    def _find_moved(self) -> Iterator[str]:
        """The routed services whose requests go to other containers since the switch."""
        live = self._deploy.state.live
        before = live.homes if live is not None else {}
        for name in self._release.routes:
            if before.get(name) != self._deploy.target.homes.get(name):
                yield name

    def _addresses_before(self, name: str) -> set[str]:
        live = self._deploy.state.live
        home = live.homes.get(name) if live is not None else None
        old = [one for one in self._deploy.host.seen if one.service == name and one.release == home]
        return {address for one in old for address in one.addresses}

    def _addresses_of(self, name: str) -> set[str]:
        return {address for one in self._own[name] for address in one.addresses}

    def _new(self, name: str, samples: tuple[Sample, ...]) -> Traffic:
        return sum_traffic(samples, self._addresses_of(name), self._deploy.progress.switched_at)

    def _again(self, name: str, samples: tuple[Sample, ...]) -> Traffic:
        """What the old release was asked once more since the switch."""
        return sum_traffic(samples, self._addresses_before(name), self._deploy.progress.switched_at)

    def _samples(self) -> tuple[Sample, ...]:
        recorder = self._deploy.progress.recorder
        return recorder.samples if recorder is not None else ()

    def _unmeasured(self, samples: tuple[Sample, ...]) -> Iterator[str]:
        seconds = time.monotonic() - self._deploy.progress.switched_at
        asked = self._moved and self._deploy.state.live is not None and seconds > _SAMPLED_WITHIN
        if asked and not any(one.at > self._deploy.progress.switched_at for one in samples):
            yield "the proxy's admin socket does not answer, so that nobody knows what users were answered"


def _told(unfit: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(f"{name} {reason}" for name, reason in unfit)


def _go_back(deploy: Deploy) -> None:
    """The rename first, everything else after it."""
    began = time.monotonic()
    switch_back(deploy.paths, deploy.plan.previous)
    took = time.monotonic() - began
    deploy.host.note(
        f"switched back to {deploy.plan.previous or 'nothing'}, {took * 1000:.1f} ms after the verdict"
    )
