"""From a checkout to a bundle, in two steps: what can be told here, and what needs the server's state.

A mistake in the files, a missing secret or image is told before anybody connects to anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fairlead.findings import Finding
from fairlead.release.bundle import Bundle, Origin, mark_secrets, plan_bundle
from fairlead.release.pins import (
    PUBLISHED_VARIABLE,
    read_publish,
    resolve_foreign,
    resolve_own,
    running_images,
)
from fairlead.release.secrets import Secret, Wanted, read_secrets
from fairlead.sources import repository_of

if TYPE_CHECKING:
    from fairlead.app.layout import Layout
    from fairlead.app.model import ComposeApp
    from fairlead.app.split import Pin
    from fairlead.host.wire.marks import Marks
    from fairlead.host.wire.status import StateAnswer
    from fairlead.judge.evidence import Evidence
    from fairlead.release.pins import Resolve
    from fairlead.release.secret_commands import SecretCommands


@dataclass(frozen=True)
class Draft:
    """A release as far as it can be told without the server."""

    layout: Layout
    own: Mapping[str, Pin]
    secrets: Mapping[str, Secret]
    origin: Origin
    verdict: Evidence

    @property
    def app(self) -> ComposeApp:
        return self.layout.app


def draft_release(
    layout: Layout,
    origin: Origin,
    verdict: Evidence,
    *,
    work_dir: Path,
    secrets_dir: Path | None,
    environ: Mapping[str, str],
    resolve: Resolve,
    commands: SecretCommands | None = None,
) -> Draft:
    """Find the secrets of an app and our published images.

    Args:
        layout: the app of the commit.
        origin: which commit, from where, by whom.
        verdict: on the compose files.
        work_dir: where ``publish.json`` may lie.
        secrets_dir: a folder with one file a secret.
        environ: where secrets are looked for.
        resolve: asks the registry for a digest.
        commands: the programs that know values of secrets.

    Raises:
        InputError: a secret or an image is missing.
    """
    app = layout.app
    settings, tag = app.settings, f"sha-{origin.revision}"
    secrets = read_secrets(wanted_secrets(app), environ, secrets_dir, commands)
    check_variables(app, secrets)
    published = read_publish(work_dir, settings.app, origin.revision, environ.get(PUBLISHED_VARIABLE, ""))
    own = resolve_own(settings, app.own_images(), tag, published, resolve)
    return Draft(layout, own, secrets, origin, verdict)


def finish_release(
    draft: Draft,
    state: StateAnswer,
    resolve: Resolve,
    marks: Marks,
    *,
    kept: Mapping[str, Pin],
    refresh: bool = False,
) -> tuple[Bundle, tuple[Finding, ...]]:
    """Pin what is left; returns the bundle and what the user should know.

    Args:
        draft: the release so far.
        state: the agent's ``state``: others' images that run keep their digest.
        resolve: asks the registry for a digest.
        marks: how values of secrets are named on the servers.
        kept: the services that go on with the image that they run.
        refresh: take what others' tags point to now, whatever runs.
    """
    from fairlead.app.split import split

    running = () if refresh else running_images(state)
    parts = split(
        draft.layout,
        own=draft.own,
        foreign=resolve_foreign(draft.app.foreign_references(), running, resolve),
        secrets=mark_secrets(draft.secrets, marks),
        kept=kept,
    )
    app = draft.app
    bundle = plan_bundle(
        app.settings, app.environment, parts, draft.secrets, marks, draft.origin, draft.verdict
    )
    return bundle, (*draft.app.notes, *parts.notes)


def check_only(app: ComposeApp, only: Sequence[str]) -> None:
    """See whether the app has the services that ``--only`` names; the server sees to the rest.

    Raises:
        InputError: it has not.
    """
    from fairlead.app.model import GENERATED_PROXY
    from fairlead.errors import InputError
    from fairlead.nearest import did_you_mean

    known = {*app.services, *(() if app.proxy is not None else (GENERATED_PROXY,))}
    for name in only:
        if name not in known:
            raise InputError(f"--only: there is no service {name!r}", fix=did_you_mean(name, known))


def check_variables(app: ComposeApp, secrets: Mapping[str, Secret]) -> None:
    """See whether every value that is to be a variable can be one.

    Raises:
        InputError: it cannot.
    """
    from fairlead.errors import InputError
    from fairlead.host.wire.errors import InputFault
    from fairlead.host.wire.value import as_variable

    for name in sorted({name for one in app.services.values() for name in one.secret_environment.values()}):
        try:
            as_variable(name, secrets[name].reveal())
        except InputFault as fault:
            raise InputError(fault.what, fix=fault.fix) from fault


def wanted_secrets(app: ComposeApp) -> tuple[Wanted, ...]:
    """What the services mount, and the token of the board; a declared secret that nobody reads is not asked for."""
    from fairlead.app.files.mounts import secret_sources

    settings = app.settings
    home = repository_of(str(settings.root))
    wanted = {
        name: Wanted(name, source.file, source.env, source.location, home)
        for name, source in secret_sources(app).items()
    }
    if settings.events is not None and settings.events.token:
        wanted.setdefault(settings.events.token, Wanted(settings.events.token))
    return tuple(wanted.values())
