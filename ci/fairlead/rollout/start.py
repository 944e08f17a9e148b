"""What can be known of a rollout without the servers, and what they can tell before anything is built."""

from __future__ import annotations

import os
from collections.abc import Mapping

from fairlead.identity import Identity
from fairlead.release.bundle import Origin, plan_run
from fairlead.release.prepare import Draft, check_only, draft_release
from fairlead.release.secret_commands import SecretCommands
from fairlead.release.secrets import Secret
from fairlead.report import Reporter, redact
from fairlead.rollout.change import Rollout
from fairlead.rollout.gate import Passed
from fairlead.rollout.lines import open_lines
from fairlead.rollout.options import RolloutOptions
from fairlead.rollout.place import Place
from fairlead.rollout.registry import digest_resolver, login_blobs
from fairlead.rollout.secret_programs import allowed_commands
from fairlead.rollout.servers import ask_marks
from fairlead.rollout.who import whoami


def start_rollout(
    place: Place,
    options: RolloutOptions,
    reporter: Reporter,
    commit: Identity,
    passed: Passed,
    commands: SecretCommands | None = None,
) -> Rollout:
    """Everything that can be known without the server, and every mistake that can be found without it.

    Args:
        place: where it goes.
        options: how.
        reporter: where it is told.
        commit: what is checked out.
        passed: the verdict on its compose files, and what they are.
        commands: the programs that know values of secrets, where they have been asked already.

    Raises:
        FairleadError: the checkout, the compose files, the secrets or the images are not fit to deploy.
    """
    with reporter.step("prepare the release"):
        tell_dirty(commit, reporter)
        draft = draft_release(
            passed.layout_of(place.environment),
            origin_of(commit, place),
            passed.evidence,
            work_dir=options.work_dir,
            secrets_dir=options.secrets_dir,
            environ=os.environ,
            resolve=digest_resolver(place.settings),
            commands=commands or allowed_commands(place.settings),
        )
        check_only(draft.app, options.request.only)
    for secret in draft.secrets.values():
        redact(secret.reveal().decode("utf-8", "replace"))
    images = (*(pin.repository for pin in draft.own.values()), *draft.app.foreign_references())
    return Rollout(place, draft, options, reporter, login_blobs(place.settings, images))


def foresee_rollout(
    place: Place,
    options: RolloutOptions,
    reporter: Reporter,
    commit: Identity,
    passed: Passed,
    secrets: Mapping[str, Secret],
) -> None:
    """Ask the servers, before anything is built, what they would refuse afterwards.

    Raises:
        FairleadError: one would refuse the release, or cannot be reached.
    """
    # What is to be said of the checkout is said when it is deployed.
    draft = Draft(passed.layout_of(place.environment), {}, secrets, origin_of(commit, place), passed.evidence)
    with (
        open_lines(place, take_over=options.request.take_over) as lines,
        lines.ask_ahead(ask_marks) as aheads,
    ):
        Rollout(place, draft, options, reporter).foresee(aheads)


def tell_dirty(commit: Identity, reporter: Reporter) -> None:
    """Say which files differ from the commit: they are deployed as they are."""
    if commit.dirty:
        count = len(commit.dirty_files)
        some = ", ".join(commit.dirty_files[:3]) + (" …" if count > 3 else "")
        reporter.warn(f"{count} files differ from the commit {commit.revision[:12]}: {some}")


def origin_of(commit: Identity, place: Place) -> Origin:
    """Which commit it is, from where, by whom."""
    return Origin(
        revision=commit.revision,
        revision_time=commit.revision_time,
        source=commit.source_url or place.settings.registry,
        directory=place.directory,
        created_by=whoami(),
        subject=commit.subject,
        author=commit.author.rpartition(" <")[0],
        run=plan_run(os.environ),
    )
