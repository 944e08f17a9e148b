"""All of it, from the commit to the release that serves: validate, ask, build, scan, publish, deploy."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fairlead.identity import read_identity
from fairlead.rollout.check import find_faults, log_in
from fairlead.rollout.finish import finish_rollout
from fairlead.rollout.gate import Passed
from fairlead.rollout.lines import open_lines
from fairlead.rollout.options import RolloutOptions
from fairlead.rollout.place import Place
from fairlead.rollout.secret_programs import allowed_commands
from fairlead.rollout.servers import ask_marks

if TYPE_CHECKING:
    from fairlead.identity import Identity
    from fairlead.release.secret_commands import SecretCommands
    from fairlead.report import Phase, Reporter
    from fairlead.settings.values import Settings


def run_ship(place: Place, options: RolloutOptions, reporter: Reporter, *, offline: bool) -> None:
    """Take this commit to production, with one timeline at the end; ``offline``: the scanner fetches no newer database.

    Raises:
        FairleadError: a step failed; those after it were not begun.
    """
    options = options.claimed(place.settings.root)
    # Once for both times that values are looked for: somebody may have to touch a key.
    commands = allowed_commands(place.settings)
    commit = read_identity(place.settings.root)
    pipeline = _Pipeline(place, options, reporter, offline, commands, commit, place.settings)
    passed = pipeline.run()
    with (
        open_lines(place, take_over=options.request.take_over) as lines,
        lines.ask_ahead(ask_marks) as aheads,
    ):
        from fairlead.rollout.start import start_rollout

        with pipeline.timed("prepare a release"):
            rollout = start_rollout(place, options, reporter, commit, passed, commands)
        result = rollout.deploy(aheads)
    finish_rollout(place, result, reporter, options.work_dir, lines, before=pipeline.phases)


@dataclass
class _Pipeline:
    """The steps before the deploy, timed; ``settings`` are those of the place, with the images that are built."""

    place: Place
    options: RolloutOptions
    reporter: Reporter
    offline: bool
    commands: SecretCommands | None
    commit: Identity
    settings: Settings
    phases: list[Phase] = field(default_factory=list)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Take the time of a step for the timeline; a step that fails shows it before its error."""
        began = time.monotonic()
        try:
            yield
        except Exception:
            self.phases.append((name, "failed", time.monotonic() - began))
            self.reporter.timeline(self.phases)
            raise
        self.phases.append((name, "done", time.monotonic() - began))

    def run(self) -> Passed:
        """Validate, ask the registry and the servers, build, scan, publish; returns the verdict and what it was about.

        Raises:
            FairleadError: one of them failed.
        """
        with self.timed("validate"):
            # A missing secret is told now, and not after the images were built.
            passed, secrets = find_faults(
                self.place, self.options, self.reporter, self.commit.revision, self.commands
            )
        self.settings = passed.with_builds(self.commit.revision)
        if self.settings.images:
            from fairlead.rollout.start import foresee_rollout

            with self.timed("ask"):
                log_in(self.settings, self.reporter)
                foresee_rollout(self.place, self.options, self.reporter, self.commit, passed, secrets)
            self._make_images()
        return passed

    def _make_images(self) -> None:
        with self.timed("build"):
            self._build()
        with self.timed("scan"):
            self._scan()
        with self.timed("publish"):
            self._publish()

    def _build(self) -> None:
        from fairlead.github.trust import read_trust
        from fairlead.image.build.bake import BuildOptions
        from fairlead.image.build.builder import run_build
        from fairlead.image.build.withheld import SECRETS_FOLDER

        folder = self.options.secrets_dir
        run_build(
            self.settings,
            self.commit,
            work_dir=self.options.work_dir,
            environ={**os.environ, **({SECRETS_FOLDER: str(folder)} if folder is not None else {})},
            options=BuildOptions(trust=read_trust(os.environ, self.commit.revision)),
            reporter=self.reporter,
        )

    def _scan(self) -> None:
        from fairlead.image.documents import load_build
        from fairlead.image.scan.refusal import refusal
        from fairlead.image.scan.scanner import run_scan_verb

        document = run_scan_verb(
            self.settings,
            load_build(self.options.work_dir),
            work_dir=self.options.work_dir,
            environ=os.environ,
            reporter=self.reporter,
            offline=self.offline,
        )
        refused = refusal(document)
        if refused is not None:
            raise refused

    def _publish(self) -> None:
        from fairlead.github.trust import read_trust
        from fairlead.image.documents import load_build, load_scan
        from fairlead.image.publish import PublishOptions, run_publish

        run_publish(
            self.settings,
            load_build(self.options.work_dir),
            load_scan(self.options.work_dir),
            work_dir=self.options.work_dir,
            environ=os.environ,
            options=PublishOptions(pull_request=read_trust(os.environ, "").pull_request),
            reporter=self.reporter,
        )
