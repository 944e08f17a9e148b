"""``fairlead ship``: all of it, from the commit to the release that serves."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fairlead import report
from fairlead.cli.connection import Place, access_of, access_options, find_place, open_lines
from fairlead.cli.gate import pass_gate
from fairlead.cli.options import environment_option, examples, work_dir_option
from fairlead.cli.rollout import ask_state, finish_rollout, foresee_rollout, start_rollout
from fairlead.cli.rollout_options import RolloutOptions, rollout_options
from fairlead.cli.secret_programs import allowed_commands

if TYPE_CHECKING:
    from fairlead.judge.evidence import Evidence
    from fairlead.release.secrets import Secret
    from fairlead.remote.access import AccessOptions
    from fairlead.report import Phase, Reporter
    from fairlead.settings.values import Settings


@click.command(
    epilog=examples(
        ("fairlead ship -e production", "validate, build, scan, publish, deploy"),
        ("fairlead ship --offline", "with the vulnerability database as it is"),
    )
)
@environment_option
@work_dir_option
@access_options
@rollout_options
@click.option(
    "--offline",
    is_flag=True,
    envvar="FAIRLEAD_OFFLINE",
    show_envvar=True,
    help="Do not fetch a newer vulnerability database.",
)
def command(
    environment: str | None,
    options: RolloutOptions,
    known_hosts: Path | None,
    identity: Path | None,
    offline: bool,
) -> None:
    """Take this commit to production: validate, build, scan, publish, deploy, with one timeline at the end.

    The first step that fails ends it, with that step's exit code; what serves goes on serving.
    """
    reporter = report.current()
    place = find_place(environment, options.registry)
    options = options.claimed(place.settings.root)
    access = access_of(known_hosts, identity)
    pipeline = _Pipeline(place, access, options, reporter, offline=offline)
    verdict = pipeline.run()
    with open_lines(place, access, take_over=options.take_over) as lines, ask_state(lines) as aheads:
        with pipeline.timed("prepare a release"):
            rollout = start_rollout(place, options, reporter, verdict, pipeline.commands)
        result = rollout.deploy(aheads)
    finish_rollout(place, result, reporter, options, lines, before=pipeline.phases)


class _Pipeline:
    """The steps before the deploy, timed."""

    def __init__(
        self,
        place: Place,
        access: AccessOptions,
        options: RolloutOptions,
        reporter: Reporter,
        *,
        offline: bool,
    ) -> None:
        self._place, self._access, self._options = place, access, options
        self._settings = place.settings
        self._environment = place.environment
        self._work_dir = options.work_dir
        self._secrets_dir = options.secrets_dir
        self._only = options.only
        self._reporter = reporter
        self._offline = offline
        # Once for both times that values are looked for: somebody may have to touch a key.
        self.commands = allowed_commands(place.settings)
        self.phases: list[Phase] = []

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Take the time of a step for the timeline; a step that fails shows it before its error."""
        began = time.monotonic()
        try:
            yield
        except Exception:
            self.phases.append((name, "failed", time.monotonic() - began))
            self._reporter.timeline(self.phases)
            raise
        self.phases.append((name, "done", time.monotonic() - began))

    def run(self) -> Evidence:
        """Validate, ask the servers, build, scan, publish; returns what the release carries of the verdict.

        Raises:
            FairleadError: one of them failed.
        """
        with self.timed("validate"):
            verdict, secrets = self._validate()
        self._settings = self._with_builds()
        if self._settings.images:
            with self.timed("ask"):
                foresee_rollout(self._place, self._access, self._options, self._reporter, verdict, secrets)
            self._make_images()
        return verdict

    def _with_builds(self) -> Settings:
        from fairlead.app.load import load_images
        from fairlead.app.variables import NO_REGISTRY
        from fairlead.identity import read_identity

        revision = read_identity(self._settings.root).revision
        return load_images(self._settings, registry=self._settings.registry or NO_REGISTRY, revision=revision)

    def _make_images(self) -> None:
        with self.timed("build"):
            self._build()
        with self.timed("scan"):
            self._scan()
        with self.timed("publish"):
            self._publish()

    def _validate(self) -> tuple[Evidence, Mapping[str, Secret]]:
        from fairlead.app.stand_in import load_stand_in
        from fairlead.release.prepare import check_only, check_variables, wanted_secrets
        from fairlead.release.secrets import read_secrets

        passed = pass_gate(self._settings, (self._environment,), self._reporter)
        app = load_stand_in(self._settings, self._environment)
        check_only(app, self._only)
        # A missing secret is told now, and not after the images were built.
        wanted = wanted_secrets(app, self._settings)
        secrets = read_secrets(wanted, os.environ, self._secrets_dir, self.commands)
        check_variables(app, secrets)
        return passed.evidence, secrets

    def _build(self) -> None:
        from fairlead.github.trust import read_trust
        from fairlead.identity import read_identity
        from fairlead.image.bake import BuildOptions
        from fairlead.image.build import run_build

        identity = read_identity(self._settings.root)
        run_build(
            self._settings,
            identity,
            work_dir=self._work_dir,
            environ=os.environ,
            options=BuildOptions(trust=read_trust(os.environ, identity.revision)),
            reporter=self._reporter,
        )

    def _scan(self) -> None:
        from fairlead.image.documents import load_build
        from fairlead.image.refusal import refusal
        from fairlead.image.scan import run_scan_verb

        document = run_scan_verb(
            self._settings,
            load_build(self._work_dir),
            work_dir=self._work_dir,
            environ=os.environ,
            reporter=self._reporter,
            offline=self._offline,
        )
        refused = refusal(document)
        if refused is not None:
            raise refused

    def _publish(self) -> None:
        from fairlead.github.trust import read_trust
        from fairlead.image.documents import load_build, load_scan
        from fairlead.image.publish import PublishOptions, run_publish

        run_publish(
            self._settings,
            load_build(self._work_dir),
            load_scan(self._work_dir),
            work_dir=self._work_dir,
            environ=os.environ,
            options=PublishOptions(pull_request=read_trust(os.environ, "").pull_request),
            reporter=self._reporter,
        )
