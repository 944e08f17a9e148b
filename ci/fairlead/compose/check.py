"""All that a deploy would refuse about fairlead.yaml and the compose files, before there is anything to deploy."""

from __future__ import annotations

from dataclasses import dataclass

from fairlead.compose.load import load_app
from fairlead.compose.model import ComposeApp
from fairlead.compose.split import Pin, split
from fairlead.errors import ComposeInvalidError
from fairlead.findings import Finding
from fairlead.settings import Environment, Settings

_REVISION = "0" * 40
_DIGEST = f"sha256:{'0' * 64}"
_NO_REGISTRY = "registry.invalid/app"


@dataclass(frozen=True)
class Checked:
    """An environment whose app holds, and what is worth knowing about it."""

    app: ComposeApp
    notes: tuple[Finding, ...]


def check_environment(settings: Settings, environment: Environment) -> Checked:
    """Load and split the app of an environment, with stand-ins for the commit and the digests.

    Raises:
        InputError: there is no compose file.
        ComposeInvalidError: the compose files do not hold, or can't be released as they are.
        ToolMissingError: Compose is not installed.
    """
    registry = settings.registry or _NO_REGISTRY
    app = load_app(settings, environment, registry=registry, tag=f"sha-{_REVISION}", revision=_REVISION)
    own = {image: Pin(f"{registry}/{image}", _DIGEST) for image in settings.images}
    foreign = {reference: reference for reference in app.foreign_references()}
    return Checked(app, split(app, own=own, foreign=foreign).notes)


def check_environments(settings: Settings, environments: tuple[Environment, ...]) -> tuple[Checked, ...]:
    """Check several environments; a fault that they share is told once.

    Raises:
        ComposeInvalidError: the compose files do not hold in one of them.
    """
    checked: list[Checked] = []
    faults: dict[Finding, None] = {}
    refused: ComposeInvalidError | None = None
    for environment in environments:
        try:
            checked.append(check_environment(settings, environment))
        except ComposeInvalidError as error:
            refused = refused or error
            faults.update(dict.fromkeys(error.findings))
    if refused is not None:
        raise ComposeInvalidError(refused.what, why=refused.why, fix=refused.fix, findings=tuple(faults))
    return tuple(checked)
