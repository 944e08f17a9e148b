"""What a schema can't tell about fairlead.yaml: files that are not there, services that nobody declares."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fairlead.composefile.names import find_base
from fairlead.findings import Finding
from fairlead.nearest import did_you_mean
from fairlead.origin import read_repository_slug
from fairlead.positions import Document, ValuePath, load_documents, shown_path
from fairlead.schemas import load_schema
from fairlead.schemas.forms import Checker
from fairlead.settings.addresses import address_findings
from fairlead.settings.neighbours import RESERVED_APPS, neighbour_findings, plan_standings
from fairlead.settings.sources import source_findings
from fairlead.settings.units import DEPLOY_SPANS, is_no_time, is_too_long, parse_host
from fairlead.settings.urls import HOSTNAME, has_usual_port, is_address

_RULE = "settings"


def check_settings(document: Document, root: Path) -> tuple[Finding, ...]:
    """Check what the values of a file name. Parts of the wrong type are passed over: the schema has told them."""
    if not isinstance(document.value, dict):
        return ()
    refused = tuple(source_findings(document, root))
    if refused:
        # Nothing is looked for where the repository has no business.
        return refused
    return (
        *_app(document),
        *_compose_files(document, root),
        *_images(document, root),
        *_build_secrets(document, root),
        *_secret_commands(document),
        *_environments(document, root),
        *_spans(document),
        *_watch(document),
        *_version(document),
        *_edge(document),
        *neighbour_findings(document),
        *address_findings(document),
        *_severities(document),
        *_capabilities(document),
        *_combinations(document, root),
        *_scan_ignores(document),
        *_scan_without_os(document),
        *_events(document),
    )


def read_registry(document: Document, root: Path, environ: Mapping[str, str]) -> tuple[str, list[Finding]]:
    """The registry, and what is wrong with it: the variable before the file, and that before the git remote."""
    given = environ.get("FAIRLEAD_REGISTRY", "").strip().rstrip("/")
    if given:
        form = load_schema("fairlead")["$defs"]["repository"]
        if Checker({}).fits(form["pattern"], given):
            return given, []
        return "", [
            Finding(f'FAIRLEAD_REGISTRY must be {form["x-expected"]}, not "{given}"', rule="settings")
        ]
    value = document.value.get("registry") if isinstance(document.value, dict) else None
    if isinstance(value, str):
        return value, []
    slug = read_repository_slug(root, environ)
    return (f"ghcr.io/{slug}" if slug else ""), []


def _fault(document: Document, path: ValuePath, what: str, fix: str = "", *, key: bool = False) -> Finding:
    return Finding(what, document.location(path, key=key), fix, _RULE)


def _app(document: Document) -> Iterator[Finding]:
    app = document.value.get("app")
    if app in RESERVED_APPS:
        yield _fault(document, ("app",), f"an app cannot be called {app}: that name is Fairlead's own")


def _compose_files(document: Document, root: Path) -> Iterator[Finding]:
    for index, name in enumerate(_items(document.value, "compose")):
        if isinstance(name, str) and name and not _is_file(root / name):
            path = ("compose", index)
            yield _fault(document, path, f"the compose file {name} is not there", _neighbour(root / name))


def _images(document: Document, root: Path) -> Iterator[Finding]:
    services = _service_names(document.value, root)
    for name, image in _entries(document.value, "images"):
        path = ("images", name)
        fields = image if isinstance(image, dict) else {}
        context = fields.get("context", ".")
        if isinstance(context, str) and not _is_folder(root / context):
            yield _fault(document, (*path, "context"), f"the build context {context} is not a folder")
        dockerfile = fields.get("dockerfile", "Dockerfile")
        if isinstance(dockerfile, str) and not _is_file(root / dockerfile):
            fix = _neighbour(root / dockerfile)
            at_key = "dockerfile" not in fields
            if at_key and _is_something_built(document.value, root):
                # The build: of a service may well say which it is.
                continue
            place = path if at_key else (*path, "dockerfile")
            yield _fault(
                document, place, f"image {name}: the Dockerfile {dockerfile} is not there", fix, key=at_key
            )
        for index, service in enumerate(_items(fields, "services")):
            if services is not None and isinstance(service, str) and service not in services:
                what = f"image {name}: no compose file declares the service {service}"
                yield _fault(document, (*path, "services", index), what, did_you_mean(service, services))


def _build_secrets(document: Document, root: Path) -> Iterator[Finding]:
    build = document.value.get("build")
    for name, secret in _entries(build if isinstance(build, dict) else {}, "secrets"):
        if not isinstance(secret, dict) or secret.get("optional") is True:
            continue
        file = secret.get("file")
        if isinstance(file, str) and not _is_file(root / file):
            what = f"the file {file} of the build secret {name} is not there"
            fix = "say optional: true if the build can do without"
            yield _fault(document, ("build", "secrets", name, "file"), what, fix)


def _secret_commands(document: Document) -> Iterator[Finding]:
    secrets = document.value.get("secrets")
    if isinstance(secrets, dict) and "env" in secrets and "command" not in secrets:
        what = "secrets.env says what a program sees, and secrets.command names none"
        yield _fault(document, ("secrets", "env"), what, "name it, or remove env:", key=True)
    for name, one in (("", secrets), *_entries(secrets if isinstance(secrets, dict) else {}, "each")):
        words = _items(one, "command")
        if words and not str(words[0]).strip():
            path = ("secrets", *(("each", name) if name else ()), "command", 0)
            yield _fault(document, path, "the name of the program is empty", "write command: [sops, …]")


def _environments(document: Document, root: Path) -> Iterator[Finding]:
    for name, environment in _entries(document.value, "environments"):
        if not isinstance(environment, dict):
            continue
        path = ("environments", name)
        known_hosts = environment.get("known_hosts")
        if isinstance(known_hosts, str) and known_hosts and not _is_file(root / known_hosts):
            fix = "`ssh-keyscan -t ed25519 HOST` prints the line to check and keep"
            yield _fault(document, (*path, "known_hosts"), f"the file {known_hosts} is not there", fix)
        for index, host in enumerate(_items(environment, "hosts")):
            if not _has_port(str(host)):
                yield _fault(document, (*path, "hosts", index), f"{host}: a port lies between 1 and 65535")
        variables = environment.get("variables")
        for variable in variables if isinstance(variables, dict) else ():
            if str(variable).startswith(("FAIRLEAD_", "COMPOSE_", "DOCKER_")):
                what = f"the variable {variable} is not yours to set: Fairlead, Compose and Docker use it"
                yield _fault(document, (*path, "variables", variable), what, key=True)


def _has_port(host: str) -> bool:
    """Whether what stands for a port is one, or nothing does."""
    try:
        parse_host(host)
    except ValueError:
        return False
    port = host.rpartition(":")[2]
    return not (":" in host and port.isdecimal() and not port.strip("0"))


def _edge(document: Document) -> Iterator[Finding]:
    """Behind the edge an app is known by name, at the usual ports."""
    standings = plan_standings(document.value)
    for name, environment in _entries(document.value, "environments"):
        if not isinstance(environment, dict):
            continue
        path = ("environments", name)
        if not standings[str(name)].edge:
            continue
        url = environment.get("url")
        if not isinstance(url, str) or not url:
            what = "the edge of a host knows an app by the hostname in its url, and there is none"
            yield _fault(document, (*path, "edge"), what, "say url: https://NAME")
            continue
        if not has_usual_port(url) or (url.startswith("https:") and is_address(url)):
            what = f"{url}: the edge of a host serves names, at the usual ports"
            yield _fault(document, (*path, "url"), what, "say url: https://NAME, without a port")
        elif not HOSTNAME.fullmatch(urlsplit(url).netloc.lower().rstrip("/")):
            what = f"{url} names no host that the edge could serve"
            fix = "letters, digits and hyphens between single dots; a name in another script as xn--…"
            yield _fault(document, (*path, "url"), what, fix)


def _severities(document: Document) -> Iterator[Finding]:
    """Rules whose severity is chosen: each must exist, and be one that a file may break and still work."""
    chosen = _entries(_part(document, "validate"), "severity")
    if not chosen:
        return
    # All rules come along: only for who chooses among them, not for who rolls back.
    from fairlead.judge.policy.grades import GRADES
    from fairlead.judge.policy.rule import is_fixed

    for rule, _ in chosen:
        path = ("validate", "severity", rule)
        if rule not in GRADES:
            fix = did_you_mean(str(rule), (name for name in GRADES if not is_fixed(name)))
            yield _fault(document, path, f"there is no rule {rule}", fix, key=True)
        elif is_fixed(rule):
            what = f"the severity of {rule} can't be chosen: the files do not work, or can't be judged"
            yield _fault(document, path, what, key=True)


def _capabilities(document: Document) -> Iterator[Finding]:
    """Capabilities that a role may have: one that leads out of the container needs a waiver with its reason."""
    allowed = _entries(_part(document, "validate"), "capabilities")
    if not allowed:
        return
    from fairlead.judge.policy.privilege import DANGEROUS, normal_capability

    for role, names in allowed:
        for index, name in enumerate(names if isinstance(names, list) else ()):
            if normal_capability(str(name)) in DANGEROUS:
                path = ("validate", "capabilities", role, index)
                what = f"{name} leads out of the container: no list allows it"
                fix = "waive dangerous-capability beside the service, with the reason"
                yield _fault(document, path, what, fix)


def _combinations(document: Document, root: Path) -> Iterator[Finding]:
    for name, combination in _entries(_part(document, "validate"), "combinations"):
        for index, file in enumerate(_items(combination, "compose")):
            if isinstance(file, str) and file and not _is_file(root / file):
                path = ("validate", "combinations", name, "compose", index)
                yield _fault(document, path, f"the compose file {file} is not there", _neighbour(root / file))


def _part(document: Document, key: str) -> dict[str, Any]:
    value = document.value.get(key)
    return value if isinstance(value, dict) else {}


def _scan_ignores(document: Document) -> Iterator[Finding]:
    scan = document.value.get("scan")
    images = dict(_entries(document.value, "images"))
    for index, entry in enumerate(_items(scan if isinstance(scan, dict) else {}, "ignore")):
        if not isinstance(entry, dict):
            continue
        path = ("scan", "ignore", index)
        image = entry.get("image")
        if isinstance(image, str) and image not in images:
            yield _fault(
                document, (*path, "image"), f"there is no image {image}", did_you_mean(image, images)
            )
        until = entry.get("until")
        if isinstance(until, str) and len(until) == 10 and not _is_day(until):
            yield _fault(document, (*path, "until"), f"{until} is not a day of the calendar")


def _scan_without_os(document: Document) -> Iterator[Finding]:
    scan = document.value.get("scan")
    images = dict(_entries(document.value, "images"))
    for index, image in enumerate(_items(scan if isinstance(scan, dict) else {}, "allow_no_os")):
        if isinstance(image, str) and image not in images:
            path = ("scan", "allow_no_os", index)
            yield _fault(document, path, f"there is no image {image}", did_you_mean(image, images))


def _version(document: Document) -> Iterator[Finding]:
    """A number may stand for a version, but not every number is one: ``1e5``."""
    path = ("validate", "compose")
    node = document.node(path)
    is_number = node is not None and type(node.value) in {int, float}
    if node is not None and is_number and not re.fullmatch(r"[0-9]{1,4}\.[0-9]{1,4}", node.text):
        yield _fault(document, path, f"{node.text} is not a version such as 2.26")


def _spans(document: Document) -> Iterator[Finding]:
    """Durations that no clock can wait for."""
    deploy = _part(document, "deploy")
    watch = deploy.get("watch")
    spans: list[tuple[ValuePath, Any]] = [(("deploy", key), deploy.get(key)) for key in DEPLOY_SPANS]
    spans.append((("deploy", "watch", "window"), watch.get("window") if isinstance(watch, dict) else None))
    spans.append((("scan", "database_max_age"), _part(document, "scan").get("database_max_age")))
    for path, text in spans:
        if isinstance(text, str) and is_too_long(text):
            yield _fault(document, path, f"{path[-1]}: no more than ten years can be waited for")


def _watch(document: Document) -> Iterator[Finding]:
    """Evidence comes from the watch: who asks for it may not turn that off."""
    watch = _part(document, "deploy").get("watch")
    told = watch if isinstance(watch, dict) else {}
    window = told.get("window")
    if told.get("require_evidence") is True and isinstance(window, str) and is_no_time(window):
        path = ("deploy", "watch", "require_evidence")
        yield _fault(document, path, "there is no evidence where window: 0s turns the watch off")


def _events(document: Document) -> Iterator[Finding]:
    events = document.value.get("events")
    token = events.get("token") if isinstance(events, dict) else None
    for name, environment in _entries(document.value, "environments"):
        secrets = _items(environment, "secrets")
        if isinstance(token, str) and token not in secrets:
            what = f"the token {token} is not among the secrets of the environment {name}"
            fix = f"add {token} to environments.{name}.secrets"
            yield _fault(document, ("events", "token"), what, fix)


def _composed(raw: dict[str, Any], root: Path) -> list[Path]:
    """The compose files, those that are named or the default one."""
    files = [root / name for name in _items(raw, "compose") if isinstance(name, str)]
    return files or list(find_base(root))


def _is_something_built(raw: dict[str, Any], root: Path) -> bool:
    """Whether a service of the compose files has a ``build:``, as far as reading these files alone can tell."""
    return any(
        isinstance(service, dict) and "build" in service
        for file in _composed(raw, root)
        if _is_file(file)
        for part in load_documents(file, shown_path(file))
        if isinstance(part.value, dict) and isinstance(part.value.get("services"), dict)
        for service in part.value["services"].values()
    )


def _service_names(raw: dict[str, Any], root: Path) -> set[str] | None:
    """The services of all compose files; None where they can't be told by reading these files alone."""
    files = _composed(raw, root)
    names: set[str] = set()
    for file in files:
        if not _is_file(file):
            return None
        for part in load_documents(file, shown_path(file)):
            if part.faults or not isinstance(part.value, dict) or "include" in part.value:
                return None
            services = part.value.get("services")
            names.update(services if isinstance(services, dict) else ())
    return names if files else None


def _neighbour(file: Path) -> str:
    """A file near the missing one that may have been meant."""
    if not _is_folder(file.parent):
        return f"there is no folder {shown_path(file.parent)}"
    fix = did_you_mean(file.name, (entry.name for entry in file.parent.iterdir() if entry.is_file()))
    return fix if fix.startswith("did") else ""


def _is_file(path: Path) -> bool:
    """Whether a file is there; a name that the system can't hold is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _entries(mapping: Any, key: str) -> tuple[tuple[str, Any], ...]:
    value = mapping.get(key) if isinstance(mapping, dict) else None
    return tuple(value.items()) if isinstance(value, dict) else ()


def _items(mapping: Any, key: str) -> tuple[Any, ...]:
    value = mapping.get(key) if isinstance(mapping, dict) else None
    return tuple(value) if isinstance(value, list) else ()
