"""What a deploy of this commit would be refused for, found out before minutes are spent on a build."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from fairlead.identity import read_identity
from fairlead.rollout.gate import Passed, pass_gate
from fairlead.rollout.options import RolloutOptions
from fairlead.rollout.place import Place
from fairlead.rollout.secret_programs import allowed_commands

if TYPE_CHECKING:
    from fairlead.composefile.loader import Model
    from fairlead.release.secret_commands import SecretCommands
    from fairlead.release.secrets import Secret
    from fairlead.report import Reporter
    from fairlead.settings.values import Settings


_MOST_NAMES = 8


def run_check(place: Place, options: RolloutOptions, reporter: Reporter) -> None:
    """Judge the files, find the secrets, log in to the registry and ask the servers; nothing is changed anywhere.

    Raises:
        FairleadError: a deploy of this commit would be refused.
    """
    from fairlead.rollout.start import foresee_rollout

    commit = read_identity(place.settings.root)
    passed, secrets = find_faults(place, options, reporter, commit.revision, allowed_commands(place.settings))
    built = passed.with_builds(commit.revision)
    if built.images:
        log_in(built, reporter)
    foresee_rollout(place, options, reporter, commit, passed, secrets)
    document = {
        "schema": "fairlead.check/v1",
        "app": place.app,
        "environment": place.environment.name,
        "revision": commit.revision,
        "url": place.environment.url,
        "hosts": list(place.hosts),
    }
    reporter.result(document, f"{place.host} would take {commit.revision[:12]}")


def log_in(settings: Settings, reporter: Reporter) -> None:
    """Try the login of the registry that the images go to.

    Raises:
        FairleadError: it is refused, or half of it is missing.
    """
    from fairlead.rollout.registry import try_login

    with reporter.step("log in to the registry"):
        try_login(settings)


def find_faults(
    place: Place,
    options: RolloutOptions,
    reporter: Reporter,
    revision: str,
    commands: SecretCommands | None,
) -> tuple[Passed, Mapping[str, Secret]]:
    """What can be known without anybody else: the verdict on the files, and the values of the secrets.

    Raises:
        FairleadError: the files have a fault, a secret is missing, or cannot be a variable.
    """
    from fairlead.release.prepare import check_only, check_variables, wanted_secrets
    from fairlead.release.secrets import read_secrets, unread_names

    passed = pass_gate(place.settings, (place.environment,), reporter, revision)
    app = passed.layout_of(place.environment).app
    check_only(app, options.request.only)
    secrets = read_secrets(wanted_secrets(app), os.environ, options.secrets_dir, commands)
    check_variables(app, secrets)
    for text in tell_unread(unread_names(wanted_secrets(app), os.environ), app.files):
        reporter.warn(text)
    return passed, secrets


def tell_unread(names: Sequence[str], model: Model) -> list[str]:
    """What is to be said of values that were given and that no service reads: all names, and how one that is wanted gets there."""
    if not names:
        return []
    uses = {use.name for use in model.uses}
    wanted = [(name, use) for name in names for use in (name, name.upper()) if use in uses]
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    told = [f"no service reads {', '.join(names[:_MOST_NAMES])}{more} of FAIRLEAD_SECRETS"]
    for _, use in dict.fromkeys(wanted):
        way = f"x-fairlead: {{secret_environment: {{{use}: {use.lower()}}}}}"
        told.append(
            f"the compose files want {use} as ${{{use}}}, where no secret is put in: write in the service {way}"
        )
    return told
