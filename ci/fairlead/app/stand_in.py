"""What could not be rolled out of files that hold: the app, laid out for a release, with a stand-in for the commit."""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.app.variables import NO_REGISTRY, REVISION
from fairlead.errors import ComposeInvalidError
from fairlead.findings import Finding
from fairlead.quick.records import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairlead.app.layout import Layout
    from fairlead.app.model import ComposeApp
    from fairlead.composefile.loader import Model
    from fairlead.settings.values import Environment, Settings


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
) -> tuple[Layout | None, tuple[Finding, ...]]:
    """The app of files that hold, laid out; None where it can't be rolled out. And what Fairlead can't do, or does on its own.

    ``model`` was loaded with this revision.
    """
    from fairlead.app.layout import lay_out
    from fairlead.app.load import build_app

    registry = settings.registry or NO_REGISTRY
    try:
        app = build_app(settings, environment, model, registry=registry, revision=revision)
        layout = lay_out(app)
    except ComposeInvalidError as refused:
        return None, refused.findings
    notes = (replace(note, severity="note") for note in (*app.notes, *layout.notes))
    return layout, (*notes, *_clashes(settings, environment, layout))


def require_release(settings: Settings, environment: Environment, model: Model, revision: str) -> Layout:
    """The app of files that nobody knows to hold, laid out.

    Raises:
        ComposeInvalidError: they do not, or it can't be rolled out.
    """
    from fairlead.app.load import invalid, model_faults

    faults = model_faults(model, settings)
    layout, findings = (None, faults) if faults else try_release(settings, environment, model, revision)
    if layout is None:
        raise invalid(findings)
    return layout


def _clashes(settings: Settings, environment: Environment, layout: Layout) -> Iterator[Finding]:
    """What the environment could not have beside those that share a host with it."""
    for name in environment.beside:
        from fairlead.app.beside import clash_findings
        from fairlead.app.layout import lay_out

        other = settings.environments[name]
        try:
            beside = lay_out(load_stand_in(settings, other))
        except ComposeInvalidError:
            # Told where that one is judged.
            continue
        yield from clash_findings(settings, (environment, layout), (other, beside))
