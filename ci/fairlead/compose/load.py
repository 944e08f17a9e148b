"""A compose app from its files: read, checked, resolved by Compose, and each service understood."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from fairlead.compose.model import ComposeApp, ComposeFiles
from fairlead.compose.resolve import Resolved, resolve_model
from fairlead.compose.services import infer_services
from fairlead.compose.validate import schema_faults, settings_faults
from fairlead.errors import ComposeInvalidError, InputError
from fairlead.findings import Finding, Location
from fairlead.positions import load_documents
from fairlead.settings import DEFAULT_COMPOSE_NAMES, Environment, Settings, shown_path


def load_files(settings: Settings) -> ComposeFiles:
    """The compose files with positions, whatever is wrong in them.

    Raises:
        InputError: there is none.
    """
    if not settings.compose:
        raise InputError(
            "there is no compose file",
            why=f"{settings.root} holds none of {', '.join(DEFAULT_COMPOSE_NAMES)}",
            fix="name it in fairlead.yaml: compose: [path/to/compose.yaml]",
        )
    return ComposeFiles(
        tuple(document for path in settings.compose for document in load_documents(path, shown_path(path)))
    )


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
        ComposeInvalidError: a file does not hold; all faults of the first layer that fails, with their places.
        ToolMissingError: Compose is not installed.
    """
    from fairlead.tools.locate import locate

    files = load_files(settings)
    faults = (*schema_faults(files), *settings_faults(files, settings))
    if faults:
        raise invalid(faults)
    variables = {
        **environment.variables,
        "FAIRLEAD_REGISTRY": registry,
        "FAIRLEAD_TAG": tag,
        "FAIRLEAD_REVISION": revision,
    }
    resolved = resolve_model(locate("compose"), settings.compose, settings.app, variables, files)
    return build_app(settings, environment, files, resolved, registry=registry, revision=revision)


def build_app(
    settings: Settings,
    environment: Environment,
    files: ComposeFiles,
    resolved: Resolved,
    *,
    registry: str,
    revision: str,
) -> ComposeApp:
    """Understand a resolved model: leave out inactive profiles, infer each service.

    Raises:
        ComposeInvalidError: a service needs one that its profile leaves out, or there are two proxies.
    """
    definitions: Mapping[str, Any] = resolved.model.get("services") or {}
    left_out = {
        name: ", ".join(definition["profiles"])
        for name, definition in definitions.items()
        if definition.get("profiles")
        and not set(definition["profiles"]) & set(environment.profiles)
        and not _is_declared_job(definition)
    }
    kept = {name: definition for name, definition in definitions.items() if name not in left_out}
    services = infer_services(
        _in_order(kept, files), root=settings.root, images=settings.images, registry=registry
    )
    app = ComposeApp(
        settings=settings,
        environment=environment,
        revision=revision,
        directory=settings.compose[0].parent,
        files=files,
        model={**resolved.model, "services": kept},
        services=services,
        notes=_notes(settings, files, resolved, left_out),
    )
    faults = (*_left_out_needs(app, left_out), *_proxies(app), *_unknown_builds(app))
    if faults:
        raise invalid(faults)
    return app


def invalid(findings: Sequence[Finding]) -> ComposeInvalidError:
    """The error for compose files with faults."""
    count = len(findings)
    faults = "a fault" if count == 1 else f"{count} faults"
    return ComposeInvalidError(f"the compose files have {faults}", findings=tuple(findings))


def _is_declared_job(definition: Mapping[str, Any]) -> bool:
    """A declared job takes part in a release: its profile only keeps ``docker compose up`` from starting it."""
    declared = definition.get("x-fairlead")
    return isinstance(declared, Mapping) and declared.get("role") == "job"


def _in_order(definitions: Mapping[str, Any], files: ComposeFiles) -> dict[str, Any]:
    """Services in the order of the files, which is the author's; Compose sorts them by name."""
    places = {name: files.location(("services", name), key=True) for name in definitions}
    order = [document.path for document in files.documents]
    return dict(
        sorted(
            definitions.items(),
            key=lambda item: (order.index(places[item[0]].path), places[item[0]].line, item[0]),
        )
    )


def _notes(
    settings: Settings, files: ComposeFiles, resolved: Resolved, left_out: Mapping[str, str]
) -> tuple[Finding, ...]:
    notes = []
    env_file = settings.compose[0].parent / ".env"
    if env_file.is_file():
        what = f"{shown_path(env_file)} is read, as Compose does; variables of the environment win over it"
        notes.append(Finding(what, rule="env-file"))
    for name, profiles in left_out.items():
        what = (
            f"the service {name} is left out: its profile {profiles} is not among the environment's profiles"
        )
        notes.append(Finding(what, files.location(("services", name), key=True), rule="profile"))
    for variable in resolved.unset:
        what = f"the variable {variable} is not set and taken for empty"
        fix = f"set it in environments.<name>.variables, or write ${{{variable}:?}} to demand it"
        notes.append(Finding(what, _variable_place(files, variable), fix, "unset-variable"))
    return tuple(notes)


def _variable_place(files: ComposeFiles, variable: str) -> Location | None:
    use = re.compile(rf"\$\{{?{re.escape(variable)}\b")
    for document in files.documents:
        for _, node in document.walk():
            if "$" in node.text and use.search(node.text):
                return Location(document.path, node.line, node.column)
    return None


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


def _unknown_builds(app: ComposeApp) -> list[Finding]:
    """Services that are built, but by no image of fairlead.yaml: nothing would publish what they run."""
    return [
        Finding(
            f"{name} has a build:, but no image of fairlead.yaml builds it",
            app.files.location(("services", name, "build"), key=True),
            f"add images: {{{name}: {{dockerfile: …}}}} to {app.settings.document.path}",
            "model",
        )
        for name, service in app.services.items()
        if service.definition.get("build") and not service.image
    ]
