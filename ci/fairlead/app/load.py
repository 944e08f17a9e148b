"""A compose app from its files: loaded, checked, and each service understood."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from fairlead.app.extension import wrong_values
from fairlead.app.files.env_files import untracked_env_files
from fairlead.app.given import empty_secrets
from fairlead.app.images.builds import foreign_sources, missing_dockerfiles, settle_images
from fairlead.app.model import ComposeApp
from fairlead.app.passing import pass_variables
from fairlead.app.services import infer_services
from fairlead.app.variables import own_variables
from fairlead.composefile.loader import Model, load_model
from fairlead.errors import ComposeInvalidError
from fairlead.findings import Finding
from fairlead.positions import shown_path
from fairlead.quick.records import replace
from fairlead.secret_signs.ways import declare_way
from fairlead.settings.values import Environment, Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def load_app(
    settings: Settings, environment: Environment, *, registry: str, tag: str, revision: str
) -> ComposeApp:
    """Load the app as it will run in an environment.

    Args:
        settings: fairlead.yaml.
        environment: where it will run: its variables and profiles count.
        registry: value of ``FAIRLEAD_REGISTRY`` in the compose files.
        tag: value of ``FAIRLEAD_TAG``: ``sha-<40 hex>``.
        revision: value of ``FAIRLEAD_REVISION``: the full commit id.

    Raises:
        InputError: there is no compose file.
        ComposeInvalidError: a file does not hold; all faults, each with its place.
    """
    variables = _variables(environment, registry, tag, revision)
    model = load_model(settings.compose_files(), variables=variables, name=settings.name_of(environment))
    faults = model_faults(model, settings)
    if faults:
        raise invalid(faults)
    return build_app(settings, environment, model, registry=registry, revision=revision)


def model_faults(model: Model, settings: Settings) -> tuple[Finding, ...]:
    """What keeps a model from being understood: what Compose would refuse, and an ``x-fairlead`` that can't be meant."""
    from fairlead.composefile.consistency import model_findings
    from fairlead.composefile.schema import schema_findings

    found = [*model.faults, *schema_findings(model)]
    if not any(finding.severity == "error" for finding in found):
        found += model_findings(model)
    found += _extension_faults(model, settings)
    return tuple(finding for finding in found if finding.severity == "error")


def _extension_faults(model: Model, settings: Settings) -> list[Finding]:
    return [
        Finding(wrong.what, model.location(wrong.path, key=wrong.key), wrong.fix, "x-fairlead")
        for wrong in wrong_values(model, settings.images)
    ]


def build_app(
    settings: Settings, environment: Environment, model: Model, *, registry: str, revision: str
) -> ComposeApp:
    """Understand a model without faults: leave out inactive profiles, infer each service.

    Raises:
        ComposeInvalidError: a service needs one that its profile leaves out, or there are two proxies.
    """
    definitions: Mapping[str, Any] = model.value.get("services") or {}
    left_out = _left_out(model, environment)
    kept = {name: definition for name, definition in definitions.items() if name not in left_out}
    settings, build_faults = settle_images(settings, model, kept)
    absent, lacking = untracked_env_files(model)
    kept, passed = pass_variables(kept, model, os.environ, environment.name)
    app = ComposeApp(
        settings=settings,
        environment=environment,
        revision=revision,
        directory=settings.compose[0].parent,
        files=model,
        model={**model.value, "services": kept},
        services=infer_services(
            kept,
            root=settings.root,
            images=settings.images,
            registry=registry,
            volumes=model.value.get("volumes"),
        ),
        notes=(*_notes(settings, model, left_out), *passed, *lacking),
    )
    missing = missing_dockerfiles(settings, model)
    empty = empty_secrets(settings, environment, model, app.services)
    faults = (*_left_out_needs(app, left_out), *_proxies(app), *build_faults, *missing, *empty, *absent)
    if faults:
        raise invalid(faults)
    return app


def load_images(
    settings: Settings, *, registry: str, revision: str, models: Mapping[str, Model] | None = None
) -> Settings:
    """The settings with the images that the services' ``build:`` make, as they are for every environment.

    ``models`` are such that hold, loaded alike, by the name of the environment.

    Raises:
        ComposeInvalidError: the files do not hold, or a build is one thing in an environment and another in the next.
    """
    if not settings.compose:
        return settings
    images = dict(settings.images)
    for environment in settings.every_environment:
        given = (models or {}).get(environment.name)
        variables = _variables(environment, registry, f"sha-{revision}", revision)
        model = given or load_model(settings.compose, variables=variables, name=settings.app)
        faults = model_faults(model, settings) if given is None else ()
        if faults and not settings.environments:
            # What it wants of an environment nobody has said yet.
            return settings
        services = (model.value.get("services") or {}).keys() - _left_out(model, environment).keys()
        found, build_faults = settle_images(settings, model, services) if not faults else (settings, ())
        build_faults = (*build_faults, *foreign_sources(found, model))
        if faults or build_faults:
            raise invalid((*faults, *build_faults))
        for name, image in found.images.items():
            known = images.get(name)
            if known not in (None, settings.images.get(name), image):
                what = f"the image {name} is built differently for {environment.name}: a commit has one image, for all environments"
                fix = "take what differs from the environment when it runs, not when it is built"
                raise invalid(
                    (
                        Finding(
                            what, settings.document.location(("environments", environment.name)), fix, "model"
                        ),
                    )
                )
            if image != settings.images.get(name):
                images[name] = image
    return replace(settings, images=images)


def _left_out(model: Model, environment: Environment) -> dict[str, str]:
    """The services that an environment does not have, each with its profiles."""
    definitions: Mapping[str, Any] = model.value.get("services") or {}
    return {
        name: ", ".join(definition["profiles"])
        for name, definition in definitions.items()
        if definition.get("profiles")
        and not set(definition["profiles"]) & set(environment.profiles)
        and not _is_declared_job(definition)
    }


def _variables(environment: Environment, registry: str, tag: str, revision: str) -> dict[str, str]:
    """What compose files may put into their texts: what the environment says, and what Fairlead knows."""
    return {**environment.variables, **own_variables(registry, tag, revision)}


def invalid(findings: Sequence[Finding]) -> ComposeInvalidError:
    """The error for compose files with faults."""
    count = len(findings)
    faults = "a fault" if count == 1 else f"{count} faults"
    return ComposeInvalidError(f"the compose files have {faults}", findings=tuple(findings))


def _is_declared_job(definition: Mapping[str, Any]) -> bool:
    """A declared job takes part in a release: its profile only keeps ``docker compose up`` from starting it."""
    declared = definition.get("x-fairlead")
    return isinstance(declared, Mapping) and declared.get("role") == "job"


def _notes(settings: Settings, model: Model, left_out: Mapping[str, str]) -> tuple[Finding, ...]:
    notes = []
    env_file = settings.compose[0].parent / ".env"
    if env_file.is_file():
        what = f"{shown_path(env_file)} is read, as Compose does; variables of the environment win over it"
        notes.append(Finding(what, rule="env-file"))
    for name, profiles in left_out.items():
        what = (
            f"the service {name} is left out: its profile {profiles} is not among the environment's profiles"
        )
        notes.append(Finding(what, model.location(("services", name), key=True), rule="profile"))
    unset = {use.name: use for use in reversed(model.uses) if not use.operator and not use.is_set}
    for name, use in reversed(unset.items()):
        what = f"the variable {name} is not set and taken for empty"
        fix = f"{declare_way(name)}; or write ${{{name}:?}} to demand it"
        notes.append(Finding(what, use.location, fix, "unset-variable"))
    return tuple(notes)


def _left_out_needs(app: ComposeApp, left_out: Mapping[str, str]) -> list[Finding]:
    findings = []
    for name, service in app.services.items():
        for dependency, how in service.definition.get("depends_on", {}).items():
            if dependency in left_out and how.get("required", True):
                what = (
                    f"{name} depends on {dependency}, which stands behind the profile {left_out[dependency]}"
                )
                fix = f"add the profile to environments.{app.environment.name}.profiles"
                place = app.files.location(("services", name, "depends_on"), key=True)
                findings.append(Finding(what, place, fix, "model"))
    return findings


def _proxies(app: ComposeApp) -> list[Finding]:
    names = [name for name, service in app.services.items() if service.role == "proxy"]
    return [
        Finding(
            f"{name} is a second proxy beside {names[0]}",
            app.files.location(("services", name), key=True),
            "give one of them another role with x-fairlead: {role: app}",
            "model",
        )
        for name in names[1:]
    ]
