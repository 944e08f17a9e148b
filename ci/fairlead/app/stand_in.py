"""What could not be rolled out of files that hold: the app, split with stand-ins for the commit and the digests."""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.app.variables import NO_REGISTRY, REVISION
from fairlead.errors import ComposeInvalidError
from fairlead.findings import Finding
from fairlead.quick.records import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairlead.app.model import ComposeApp
    from fairlead.app.split import ReleaseParts
    from fairlead.composefile.loader import Model
    from fairlead.settings.values import Environment, Settings

_DIGEST = f"sha256:{'0' * 64}"


def load_stand_in(settings: Settings, environment: Environment) -> ComposeApp:
    """The app of an environment, with stand-ins for the commit.

    Raises:
        ComposeInvalidError: the compose files do not hold.
    """
    from fairlead.app.load import load_app

    registry = settings.registry or NO_REGISTRY
    return load_app(settings, environment, registry=registry, tag=f"sha-{REVISION}", revision=REVISION)


def try_release(
    settings: Settings, environment: Environment, model: Model, revision: str = REVISION
) -> tuple[ComposeApp | None, tuple[Finding, ...]]:
    """The app of files that hold, None where it can't be rolled out; and what Fairlead can't do, or does on its own.

    It is split with stand-ins for the digests; ``model`` was loaded with this revision.
    """
    from fairlead.app.load import build_app

    registry = settings.registry or NO_REGISTRY
    try:
        app = build_app(settings, environment, model, registry=registry, revision=revision)
        parts = _split_stand_in(app)
    except ComposeInvalidError as refused:
        return None, refused.findings
    notes = (replace(note, severity="note") for note in (*app.notes, *parts.notes))
    return app, (*notes, *_clashes(settings, environment, parts))


def require_release(settings: Settings, environment: Environment, model: Model, revision: str) -> ComposeApp:
    """The app of files that nobody knows to hold.

    Raises:
        ComposeInvalidError: they do not, or it can't be rolled out.
    """
    from fairlead.app.load import invalid, model_faults

    faults = model_faults(model, settings)
    app, findings = (None, faults) if faults else try_release(settings, environment, model, revision)
    if app is None:
        raise invalid(findings)
    return app


def _split_stand_in(app: ComposeApp) -> ReleaseParts:
    from fairlead.app.split import Pin, split

    registry = app.settings.registry or NO_REGISTRY
    own = {image: Pin(f"{registry}/{image}", _DIGEST) for image in app.settings.images}
    return split(app, own=own, foreign={name: name for name in app.foreign_references()})


def _clashes(settings: Settings, environment: Environment, parts: ReleaseParts) -> Iterator[Finding]:
    """What the environment could not have beside those that share a host with it."""
    for name in environment.beside:
        from fairlead.app.beside import clash_findings

        other = settings.environments[name]
        try:
            beside = _split_stand_in(load_stand_in(settings, other))
        except ComposeInvalidError:
            # Told where that one is judged.
            continue
        yield from clash_findings(settings, (environment, parts), (other, beside))
