"""A release as a change of every server: what each is asked, and what it answers."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from fairlead.host.wire.changes import DeployCall
from fairlead.host.wire.fleet import Fleet
from fairlead.host.wire.marks import Marks
from fairlead.host.wire.planned import PlanAnswer
from fairlead.host.wire.request import Options
from fairlead.host.wire.status import StateAnswer
from fairlead.identity import is_ancestor
from fairlead.release.bundle import Bundle
from fairlead.release.order import plan_order
from fairlead.release.pins import foresee_own
from fairlead.release.prepare import Draft, finish_release
from fairlead.release.together import plan_reference
from fairlead.release.unchanged import find_unchanged, running_pins
from fairlead.remote.outcome import RolloutEnd
from fairlead.remote.session import Blob
from fairlead.remote.signing import sign_release
from fairlead.report import Reporter
from fairlead.rollout.ahead import Ahead
from fairlead.rollout.changed import changes_of, since_replaced, told
from fairlead.rollout.contents import Contents
from fairlead.rollout.options import RolloutOptions
from fairlead.rollout.place import Place
from fairlead.rollout.registry import config_reader, digest_resolver, inventory_finder
from fairlead.rollout.servers import choose_marks, connect_all, fleet_of, run_rounds
from fairlead.rollout.show import show_remarks

if TYPE_CHECKING:
    from fairlead.remote.coordinator import Part


@dataclass(frozen=True)
class Rollout:
    """A deploy under way: from where, to where, how; ``logins`` are for the server that is to pull."""

    place: Place
    draft: Draft
    options: RolloutOptions
    reporter: Reporter
    logins: Sequence[Blob] = ()

    def plan(self, aheads: Mapping[str, Ahead[StateAnswer]]) -> tuple[dict[str, PlanAnswer], Bundle]:
        """The plan that each server computes for this release, and the release."""
        with self.reporter.step(f"plan on {self.place.host}"):
            asked = {host: ahead.wait() for host, ahead in aheads.items()}
            states = {host: state for host, (_, state) in asked.items()}
            bundle, change = self._finish(states)
            plans = {host: server.plan(change(host, states)) for host, (server, _) in asked.items()}
        return plans, bundle

    def foresee(self, aheads: Mapping[str, Ahead[StateAnswer]]) -> None:
        """Have each server say now what it would refuse when the images are built; the draft has stand-ins for them.

        Raises:
            FairleadError: one would refuse the release.
        """
        with self.reporter.step(f"ask {self.place.host} whether it would take the release"):
            asked = {host: ahead.wait() for host, ahead in aheads.items()}
            states = {host: state for host, (_, state) in asked.items()}
            reference, marks = plan_reference(states), choose_marks(states)
            own = foresee_own(self.place.settings, self.draft.app.own_images(), reference)
            bundle, _ = finish_release(
                replace(self.draft, own=own),
                reference,
                digest_resolver(self.place.settings),
                marks,
                # Each service as it runs: of one image, some may run another digest than the others.
                kept=running_pins(self.draft.app, reference),
                refresh=self.options.refresh,
            )
            for host, (server, _) in asked.items():
                change = self._change(host, states, bundle, marks)
                for warning in server.plan(change, preflight=True).warnings or ():
                    self.reporter.warn(warning)

    def deploy(self, aheads: Mapping[str, Ahead[StateAnswer]]) -> RolloutEnd:
        """Deploy; how it ended on all servers, which may be in failure."""
        servers, states = connect_all(self.place, aheads, self.reporter, self.draft.origin.revision)
        bundle, change = self._finish(states)
        blobs = self._blobs(bundle)

        def plan_parts(states: Mapping[str, StateAnswer]) -> list[Part]:
            return [servers[host].part(host, change(host, states), blobs) for host in self.place.hosts]

        telling = told(lambda: self._telling(bundle, plan_reference(states)), self.reporter, is_done=False)
        ended = run_rounds(self.place, servers, states, plan_parts, self.reporter, bundle.release["revision"])
        if telling is None:
            return ended
        changes, root = _joined(*telling, ended), self.place.settings.root
        since = told(
            lambda: since_replaced(root, changes, servers, states, ended), self.reporter, is_done=True
        )
        return replace(ended, changes=since or changes)

    def _telling(self, bundle: Bundle, reference: StateAnswer) -> tuple[dict[str, Any], Contents]:
        """What the release changes, and what its images hold, which is asked while the servers are at work."""
        own, root, work_dir = self.draft.own, self.place.settings.root, self.options.work_dir
        changed = changes_of(root, reference, bundle.release, own, self.options.request.only, work_dir)
        repositories = {name: pin.repository for name, pin in own.items()}
        finder = inventory_finder(self.place.settings)
        return changed, Contents(changed["images"], repositories, reference.serving, finder)

    def _finish(
        self, states: Mapping[str, StateAnswer]
    ) -> tuple[Bundle, Callable[[str, Mapping[str, StateAnswer]], DeployCall]]:
        """The release, which is the same for all, and what each server is asked by how they stand."""
        settings = self.place.settings
        marks, reference, resolve = choose_marks(states), plan_reference(states), digest_resolver(settings)
        kept = find_unchanged(self.draft.app, self.draft.own, reference, resolve, config_reader(settings))
        bundle, remarks = finish_release(
            self.draft, reference, resolve, marks, kept=kept, refresh=self.options.refresh
        )
        show_remarks(self.reporter, remarks)
        signature = sign_release(bundle.release, self.options.signing_identity, os.environ)
        return bundle, partial(self._change, bundle=bundle, marks=marks, signature=signature or "")

    def _change(
        self,
        host: str,
        states: Mapping[str, StateAnswer],
        bundle: Bundle,
        marks: Marks,
        signature: str = "",
    ) -> DeployCall:
        origin, request = (
            self.draft.origin,
            self.wire_options(fleet_of(self.place, host, states, bundle.release)),
        )
        serving, history = states[host].revision, partial(is_ancestor, self.place.settings.root)
        older = plan_order(origin.revision, serving, history, allow_older=request.allow_older)
        options = replace(request, allow_older=older)
        return DeployCall(bundle.release, options, origin.created_by, signature, marks.key.hex())

    def wire_options(self, fleet: Fleet | None) -> Options:
        """What the command says, and fairlead.yaml where it has a say; the commits are not compared yet."""
        said, deploy = self.options.request, self.place.settings.deploy
        return replace(
            said,
            require_evidence=said.require_evidence or deploy.watch.require_evidence,
            only=tuple(sorted(set(said.only))),
            lock_timeout=deploy.lock_timeout,
            fleet=fleet,
        )

    def _blobs(self, bundle: Bundle) -> list[Blob]:
        files = [Blob("file", sha256, content) for sha256, content in bundle.files.items()]
        secrets = [Blob("secret", name, secret.reveal()) for name, secret in bundle.secrets.items()]
        return [*files, *secrets, *self.logins]


def _joined(changed: Mapping[str, Any], contents: Contents, ended: RolloutEnd) -> dict[str, Any]:
    """What the release changes, the contents of its images included; of one that is not live, nobody waits for them."""
    return {**changed, "images": contents.joined(0 if ended.result.exit else None)}
