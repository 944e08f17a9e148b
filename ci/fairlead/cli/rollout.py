"""What ``plan``, ``deploy`` and ``ship`` share: from the checkout to a plan, and to a release that serves."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from fairlead.cli.connection import find_place, open_lines
from fairlead.cli.gate import pass_gate
from fairlead.cli.secret_programs import allowed_commands
from fairlead.cli.together import (
    ask_marks,
    choose_marks,
    connect_all,
    fleet_of,
    run_parts,
    show_plans,
)

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from fairlead.cli.connection import Lines, Place
    from fairlead.cli.rollout_options import RolloutOptions
    from fairlead.findings import Finding
    from fairlead.host.wire.changes import DeployCall
    from fairlead.host.wire.marks import Marks
    from fairlead.host.wire.planned import PlanAnswer
    from fairlead.host.wire.status import StateAnswer
    from fairlead.judge.evidence import Evidence
    from fairlead.release.bundle import Bundle, Origin
    from fairlead.release.drift import Drift
    from fairlead.release.pins import Resolve
    from fairlead.release.prepare import Draft
    from fairlead.release.secret_commands import SecretCommands
    from fairlead.release.secrets import Secret
    from fairlead.release.unchanged import ReadConfig
    from fairlead.remote.access import AccessOptions
    from fairlead.remote.ahead import Ahead
    from fairlead.remote.session import Blob, Event
    from fairlead.report import Phase, Reporter
    from fairlead.settings.values import Settings


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
            bundle, changes = self._changes({host: state for host, (_, state) in asked.items()})
            plans = {host: server.plan(changes[host]) for host, (server, _) in asked.items()}
        return plans, bundle

    def foresee(self, aheads: Mapping[str, Ahead[StateAnswer]]) -> None:
        """Have each server say now what it would refuse when the images are built; the draft has stand-ins for them.

        Raises:
            FairleadError: one would refuse the release.
        """
        from fairlead.release.pins import foresee_own
        from fairlead.release.prepare import finish_release
        from fairlead.release.together import plan_reference
        from fairlead.release.unchanged import running_pins

        with self.reporter.step(f"ask {self.place.host} whether it would take the release"):
            asked = {host: ahead.wait() for host, ahead in aheads.items()}
            states = {host: state for host, (_, state) in asked.items()}
            reference, marks = plan_reference(states), choose_marks(states)
            own = foresee_own(self.place.settings, self.draft.app.own_images(), reference)
            resolve = resolver(self.place.settings)
            # Each service as it runs: of one image, some may run another digest than the others.
            kept = running_pins(self.draft.app, reference)
            bundle, _ = finish_release(
                replace(self.draft, own=own),
                reference,
                resolve,
                marks,
                kept=kept,
                refresh=self.options.refresh,
            )
            for host, (server, _) in asked.items():
                change = self._change(host, states, bundle, marks)
                for warning in server.plan(change, preflight=True).warnings or ():
                    self.reporter.warn(warning)

    def deploy(self, aheads: Mapping[str, Ahead[StateAnswer]]) -> Event:
        """Deploy; returns the ``result`` event of all servers, which may be one of failure."""
        servers, states = connect_all(self.place, aheads, self.reporter, self.draft.origin.revision)
        bundle, changes = self._changes(states)
        blobs = self._blobs(bundle)
        parts = [servers[host].part(host, changes[host], blobs) for host in self.place.hosts]
        return run_parts(self.place, parts, self.reporter)

    def _changes(self, states: Mapping[str, StateAnswer]) -> tuple[Bundle, dict[str, DeployCall]]:
        """The release, which is the same for all, and what each server is asked."""
        from fairlead.release.prepare import finish_release
        from fairlead.release.together import plan_reference
        from fairlead.release.unchanged import find_unchanged
        from fairlead.remote.signing import sign_release

        marks, reference, resolve = (
            choose_marks(states),
            plan_reference(states),
            resolver(self.place.settings),
        )
        configs = _config_reader(self.place.settings)
        kept = find_unchanged(self.draft.app, self.draft.own, reference, resolve, configs)
        bundle, remarks = finish_release(
            self.draft, reference, resolve, marks, kept=kept, refresh=self.options.refresh
        )
        show_remarks(self.reporter, remarks)
        signature = sign_release(bundle.release, self.options.signing_identity, os.environ)
        return bundle, {host: self._change(host, states, bundle, marks, signature or "") for host in states}

    def _change(
        self,
        host: str,
        states: Mapping[str, StateAnswer],
        bundle: Bundle,
        marks: Marks,
        signature: str = "",
    ) -> DeployCall:
        from fairlead.host.wire.changes import DeployCall
        from fairlead.host.wire.request import Options
        from fairlead.identity import is_ancestor
        from fairlead.release.order import plan_order

        origin, options = self.draft.origin, self.options
        newer = plan_order(
            origin.revision,
            states[host].revision,
            partial(is_ancestor, self.place.settings.root),
            allow_older=options.allow_older,
        )
        call_options = Options(
            allow_older=newer,
            accept_recreate=options.accept_recreate,
            require_evidence=options.require_evidence,
            upgrade_edge=options.upgrade_edge,
            only=tuple(sorted(set(options.only))),
            take_over=options.take_over,
            no_wait=options.no_wait,
            lock_timeout=self.place.settings.deploy.lock_timeout,
            fleet=fleet_of(self.place, host, states, bundle.release),
        )
        return DeployCall(bundle.release, call_options, origin.created_by, signature, marks.key.hex())

    def _blobs(self, bundle: Bundle) -> list[Blob]:
        from fairlead.remote.session import Blob

        files = [Blob("file", sha256, content) for sha256, content in bundle.files.items()]
        secrets = [Blob("secret", name, secret.reveal()) for name, secret in bundle.secrets.items()]
        return [*files, *secrets, *self.logins]


def ask_state(lines: Lines) -> AbstractContextManager[Mapping[str, Ahead[StateAnswer]]]:
    """Ask what serves, while the release is prepared here: the first question of every rollout."""
    return lines.ask_ahead(ask_marks)


def login_blobs(place: Place, images: Sequence[str]) -> list[Blob]:
    """The registry logins that a server needs for these images; none where nobody is logged in."""
    from fairlead.image.credentials import registry_host
    from fairlead.release.logins import read_logins
    from fairlead.remote.session import Blob

    own = registry_host(f"{place.settings.registry}/image") if place.settings.registry else ""
    logins = read_logins(images, os.environ, own)
    return [Blob("credentials", "", logins.reveal())] if logins is not None else []


def start_rollout(
    place: Place,
    options: RolloutOptions,
    reporter: Reporter,
    verdict: Evidence,
    commands: SecretCommands | None = None,
) -> Rollout:
    """Everything that can be known without the server, and every mistake that can be found without it.

    Args:
        place: where it goes.
        options: how.
        reporter: where it is told.
        verdict: on the compose files.
        commands: the programs that know values of secrets, where they have been asked already.

    Raises:
        FairleadError: the checkout, the compose files, the secrets or the images are not fit to deploy.
    """
    from fairlead.release.prepare import check_only, draft_release

    with reporter.step("prepare the release"):
        origin = _read_origin(place, reporter)
        draft = draft_release(
            place.settings,
            place.environment,
            origin,
            verdict,
            work_dir=options.work_dir,
            secrets_dir=options.secrets_dir,
            environ=os.environ,
            resolve=resolver(place.settings),
            commands=commands or allowed_commands(place.settings),
        )
        check_only(draft.app, options.only)
    from fairlead.report import redact

    for secret in draft.secrets.values():
        redact(secret.reveal().decode("utf-8", "replace"))
    images = (*(pin.repository for pin in draft.own.values()), *draft.app.foreign_references())
    return Rollout(place, draft, options, reporter, login_blobs(place, images))


def foresee_rollout(
    place: Place,
    access: AccessOptions,
    options: RolloutOptions,
    reporter: Reporter,
    verdict: Evidence,
    secrets: Mapping[str, Secret],
) -> None:
    """Ask the servers, before anything is built, what they would refuse afterwards.

    Raises:
        FairleadError: one would refuse the release, or cannot be reached.
    """
    from fairlead.app.load import load_app
    from fairlead.release.prepare import Draft
    from fairlead.report.recording import RecordingReporter

    # What is to be said of the checkout is said when it is deployed.
    origin = _read_origin(place, RecordingReporter())
    app = load_app(
        place.settings,
        place.environment,
        registry=place.settings.registry,
        tag=f"sha-{origin.revision}",
        revision=origin.revision,
    )
    draft = Draft(app, {}, secrets, origin, verdict)
    with open_lines(place, access, take_over=options.take_over) as lines, ask_state(lines) as aheads:
        Rollout(place, draft, options, reporter).foresee(aheads)


def resolver(settings: Settings) -> Resolve:
    """What asks registries for digests; the login of the environment is for our own registry only."""
    from fairlead.image.registry import resolve_image

    return partial(resolve_image, environ=os.environ, registry=settings.registry)


def _config_reader(settings: Settings) -> ReadConfig:
    from fairlead.image.registry import read_image_config

    return partial(read_image_config, environ=os.environ, registry=settings.registry)


def finish_rollout(
    place: Place,
    result: Event,
    reporter: Reporter,
    options: RolloutOptions,
    lines: Lines,
    *,
    before: Sequence[Phase] = (),
) -> None:
    """Write ``deploy.json``, show the timeline, and end well or with the error of the result.

    Raises:
        FairleadError: the deploy failed.
    """
    from fairlead.remote.outcome import deploy_document, failure_of

    traffic = {"connections": lines.connections, "agent_bytes": lines.agent_bytes}
    document = deploy_document(
        result, place.host, {"app": place.app, "environment": place.environment.name, "traffic": traffic}
    )
    from fairlead.image.workdir import write_json
    from fairlead.report.redact import masked_document

    # The server hides what it knows; a registry's password is known here alone.
    shown = masked_document(document)
    assert isinstance(shown, dict)
    write_json(options.work_dir / "deploy.json", shown)
    phases = [(phase["phase"], phase["state"], phase["seconds"]) for phase in result.get("phases") or ()]
    if phases:
        reporter.timeline([*before, *phases])
    if len(result["hosts"]) > 1:
        reporter.table(("HOST", "ENDED", "SERVES"), [_host_row(one) for one in result["hosts"]])
    failure = failure_of(result)
    if failure is not None:
        # A job that goes on has to know what serves: a release may be live, and be no page that users get.
        failure.document = document
        raise failure
    reporter.result(document, _sentence(place, result))


def run_deploy(
    environment: str | None, access: AccessOptions, options: RolloutOptions, reporter: Reporter
) -> None:
    """Deploy the published images of this commit."""
    place = find_place(environment, options.registry)
    options = options.claimed(place.settings.root)
    verdict = pass_gate(place.settings, (place.environment,), reporter).evidence
    with open_lines(place, access, take_over=options.take_over) as lines, ask_state(lines) as aheads:
        result = start_rollout(place, options, reporter, verdict).deploy(aheads)
    finish_rollout(place, result, reporter, options, lines)


def run_plan(
    environment: str | None, access: AccessOptions, options: RolloutOptions, reporter: Reporter
) -> None:
    """Show what a deploy would do; no server is changed."""
    from fairlead.release.plan_text import name_lines

    place = find_place(environment, options.registry)
    options = options.claimed(place.settings.root)
    verdict = pass_gate(place.settings, (place.environment,), reporter).evidence
    with open_lines(place, access, take_over=options.take_over) as lines, ask_state(lines) as aheads:
        plans, bundle = start_rollout(place, options, reporter, verdict).plan(aheads)
    for text in name_lines(place.settings, place.environment):
        reporter.line(text)
    show_plans(plans, reporter, bundle.release)


def find_drifts(
    environment: str | None, access: AccessOptions, options: RolloutOptions, reporter: Reporter
) -> tuple[Place, list[Drift]]:
    """How what runs on each server differs from this commit; no server is changed."""
    from fairlead.release.drift import find_drift

    place = find_place(environment, options.registry)
    options = options.claimed(place.settings.root)
    verdict = pass_gate(place.settings, (place.environment,), reporter).evidence
    with open_lines(place, access) as lines, ask_state(lines) as aheads:
        plans, bundle = start_rollout(place, options, reporter, verdict).plan(aheads)
        states = {host: ahead.wait()[1] for host, ahead in aheads.items()}
    wanted = str(bundle.release["revision"])
    return place, [find_drift(host, states[host], plan, wanted) for host, plan in plans.items()]


def show_remarks(reporter: Reporter, remarks: Sequence[Finding]) -> None:
    """Show what the user should know about the compose files."""
    # A part that several looks at the files find is told once.
    for remark in dict.fromkeys(remarks):
        reporter.warn(f"{remark.what} ({remark.fix})" if remark.fix else remark.what, remark.location)


def _read_origin(place: Place, reporter: Reporter) -> Origin:
    from fairlead.identity import read_identity
    from fairlead.release.bundle import Origin, plan_created_by, plan_run

    identity = read_identity(place.settings.root)
    if identity.dirty:
        count = len(identity.dirty_files)
        some = ", ".join(identity.dirty_files[:3]) + (" …" if count > 3 else "")
        reporter.warn(f"{count} files differ from the commit {identity.revision[:12]}: {some}")
    return Origin(
        revision=identity.revision,
        revision_time=identity.revision_time,
        source=identity.source_url or place.settings.registry,
        created_by=plan_created_by(os.environ, getpass.getuser(), socket.gethostname()),
        subject=identity.subject,
        author=identity.author.rpartition(" <")[0],
        run=plan_run(os.environ),
    )


def _sentence(place: Place, result: Event) -> str:
    where = place.environment.url or place.host
    if any((one.get("data") or {}).get("maintenance") for one in result["hosts"]):
        ready = result["serving"] if result["status"] == "unchanged" else result["release"]
        return f"{place.app} {ready} is ready at {where}, and users see the page of the maintenance: `fairlead maintenance off` lets them in"
    if result["status"] == "unchanged":
        return f"{place.app} {result['serving']} serves already at {where}: nothing to do"
    return f"{place.app} {result['release']} serves at {where}"


def _host_row(host: Mapping[str, Any]) -> tuple[str, ...]:
    what = (host.get("error") or {}).get("what")
    return (
        str(host["host"]),
        f"{host['status']}: {what}" if what else str(host["status"]),
        str(host.get("serving") or "-"),
    )
