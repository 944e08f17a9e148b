"""fairlead.yaml as something to judge: its environments and combinations, and what could not be rolled out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from fairlead.compose.names import COMPOSE_NAMES
from fairlead.compose.scopes import NO_REGISTRY, REVISION, settings_scopes
from fairlead.compose.verdict import Request
from fairlead.errors import ComposeInvalidError, InputError
from fairlead.findings import Finding
from fairlead.records import replace
from fairlead.settings.values import Environment, Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairlead.compose.loader import Model
    from fairlead.compose.model import ComposeApp
    from fairlead.compose.split import ReleaseParts

_DIGEST = f"sha256:{'0' * 64}"


def settings_request(settings: Settings, environments: Sequence[Environment] = ()) -> Request:
    """What to judge of a repository with a fairlead.yaml: these environments, or all that it declares.

    Raises:
        InputError: there is no compose file, or the baseline beside it can't be read.
    """
    from fairlead.compose.baseline import FILE_NAME, load_baseline
    from fairlead.compose.policy import make_policy

    every = settings.validate.combinations if not environments else {}
    scopes = settings_scopes(settings, environments or environments_of(settings), every)
    beside = compose_files(settings)[0].parent / FILE_NAME
    return Request(
        scopes=scopes,
        policy=make_policy(settings.validate, registry=settings.registry),
        settings=settings,
        compose_version=".".join(map(str, settings.validate.compose)),
        baseline=load_baseline(beside) if beside.is_file() else None,
    )


def environments_of(settings: Settings) -> tuple[Environment, ...]:
    """Every environment of fairlead.yaml; without any, one that sets no variable."""
    return tuple(settings.environments.values()) or (Environment(name="", hosts=()),)


def compose_files(settings: Settings) -> tuple[Path, ...]:
    """The compose files of fairlead.yaml.

    Raises:
        InputError: there is none.
    """
    if not settings.compose:
        raise InputError(
            "there is no compose file",
            why=f"{settings.root} holds none of {', '.join(COMPOSE_NAMES)}",
            fix="name it in fairlead.yaml: compose: [path/to/compose.yaml]",
        )
    return settings.compose


def load_stand_in(settings: Settings, environment: Environment) -> ComposeApp:
    """The app of an environment, with stand-ins for the commit.

    Raises:
        ComposeInvalidError: the compose files do not hold.
    """
    from fairlead.compose.load import load_app

    registry = settings.registry or NO_REGISTRY
    return load_app(settings, environment, registry=registry, tag=f"sha-{REVISION}", revision=REVISION)


def release_findings(settings: Settings, environment: Environment, model: Model) -> tuple[Finding, ...]:
    """What Fairlead can't roll out, and what it does on its own, of files that hold.

    The app is split with stand-ins for the commit and the digests; ``model`` was loaded with the same.
    """
    from fairlead.compose.load import build_app

    registry = settings.registry or NO_REGISTRY
    try:
        app = build_app(settings, environment, model, registry=registry, revision=REVISION)
        parts = _split_stand_in(app)
    except ComposeInvalidError as refused:
        return refused.findings
    notes = (replace(note, severity="note") for note in (*app.notes, *parts.notes))
    return (*notes, *_clashes(settings, environment, parts))


def _split_stand_in(app: ComposeApp) -> ReleaseParts:
    from fairlead.compose.split import Pin, split

    registry = app.settings.registry or NO_REGISTRY
    own = {image: Pin(f"{registry}/{image}", _DIGEST) for image in app.settings.images}
    return split(app, own=own, foreign={name: name for name in app.foreign_references()})


def _clashes(settings: Settings, environment: Environment, parts: ReleaseParts) -> Iterator[Finding]:
    """What the environment could not have beside those that share a host with it."""
    for name in environment.beside:
        from fairlead.compose.beside import clash_findings

        other = settings.environments[name]
        try:
            beside = _split_stand_in(load_stand_in(settings, other))
        except ComposeInvalidError:
            # Told where that one is judged.
            continue
        yield from clash_findings(settings, (environment, parts), (other, beside))
