"""fairlead.yaml, checked, into frozen values. Pure but for looking whether default files are there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from fairlead.composefile.names import find_base
from fairlead.positions import Document
from fairlead.settings.images import BuildSecret, BuildSettings, ImageSettings, ScanIgnore, ScanSettings
from fairlead.settings.neighbours import Standing, plan_standings
from fairlead.settings.trusted import trusted_networks
from fairlead.settings.units import DEPLOY_SPANS, parse_duration, parse_host, parse_share, parse_size
from fairlead.settings.values import (
    AcmeSettings,
    Combination,
    DeploySettings,
    Environment,
    EventSettings,
    Probe,
    ProxySettings,
    SecretCommand,
    SecretSettings,
    Settings,
    ValidateSettings,
    WatchSettings,
)

_T = TypeVar("_T")


def build_settings(document: Document, file: Path, registry: str) -> Settings:
    """The settings of a document that was checked."""
    raw: dict[str, Any] = document.value
    root = file.parent
    events = raw.get("events")
    return Settings(
        path=file,
        root=root,
        app=raw["app"],
        registry=registry,
        images=_frozen({name: _image(document, root, name) for name in raw.get("images", {})}),
        platforms=tuple(raw.get("platforms", ())),
        build=_build_settings(raw.get("build", {}), root),
        compose=_compose_files(raw, root),
        validate=build_validate(document, root, raw.get("validate") or {}),
        scan=_scan(raw.get("scan", {})),
        proxy=_proxy(raw.get("proxy", {}), root),
        deploy=_deploy(raw.get("deploy", {})),
        events=EventSettings(**events) if events else None,
        environments=_frozen(
            {
                name: _environment(document, root, name, standing)
                for name, standing in plan_standings(raw).items()
            }
        ),
        secrets=_secrets(raw.get("secrets") or {}),
        document=document,
    )


def _secrets(raw: Mapping[str, Any]) -> SecretSettings:
    return SecretSettings(
        command=_secret_command(raw) if "command" in raw else None,
        each=_frozen({name: _secret_command(one) for name, one in raw.get("each", {}).items()}),
    )


def _secret_command(raw: Mapping[str, Any]) -> SecretCommand:
    return SecretCommand(argv=tuple(raw["command"]), env=tuple(raw.get("env", ())))


def _compose_files(raw: Mapping[str, Any], root: Path) -> tuple[Path, ...]:
    if "compose" in raw:
        return tuple(root / name for name in raw["compose"])
    return find_base(root)


def _image(document: Document, root: Path, name: str) -> ImageSettings:
    raw = document.value["images"][name] or {}
    return ImageSettings(
        name=name,
        dockerfile=root / raw.get("dockerfile", "Dockerfile"),
        context=root / raw.get("context", "."),
        target=raw.get("target", ""),
        args=_texts(document, ("images", name, "args")),
        services=tuple(raw.get("services", ())),
        repository=raw.get("repository", ""),
    )


def _build_settings(raw: Mapping[str, Any], root: Path) -> BuildSettings:
    secrets = tuple(
        BuildSecret(
            name=name,
            file=root / secret["file"] if "file" in secret else None,
            env=secret.get("env", ""),
            optional=secret.get("optional", False),
        )
        for name, secret in raw.get("secrets", {}).items()
    )
    return BuildSettings(
        cache=tuple(raw.get("cache", ())),
        tag_cache=raw.get("tag_cache", "read"),
        secrets=secrets,
        reproducible=raw.get("reproducible", False),
    )


def build_validate(document: Document, root: Path, raw: Mapping[str, Any]) -> ValidateSettings:
    """The section ``validate:`` of a document that was checked."""
    host = raw.get("host") or {}
    version = document.node(("validate", "compose"))
    capabilities = {role: tuple(names) for role, names in (raw.get("capabilities") or {}).items()}
    return ValidateSettings(
        severity=_frozen(dict(raw.get("severity") or {})),
        registries=tuple(raw.get("registries") or ()),
        capabilities=_frozen(capabilities),
        devices=tuple(raw.get("devices") or ()),
        host_memory=parse_size(str(host.get("memory", 0))),
        host_cpus=float(host.get("cpus", 0)),
        # As it is written: 2.30 would be 2.3 as a number.
        compose=tuple(int(part) for part in version.text.split(".")) if version is not None else (),
        pin=raw.get("pin", "file"),
        combinations=_frozen(
            {name: _combination(document, root, name) for name in raw.get("combinations") or ()}
        ),
    )


def _combination(document: Document, root: Path, name: str) -> Combination:
    raw = document.value["validate"]["combinations"][name]
    return Combination(
        name=name,
        compose=tuple(root / file for file in raw["compose"]),
        profiles=tuple(raw.get("profiles", ())),
        variables=_texts(document, ("validate", "combinations", name, "variables")),
        development=raw.get("development", False),
    )


def _scan(raw: Mapping[str, Any]) -> ScanSettings:
    values = dict(raw)
    if "database_max_age" in values:
        values["database_max_age"] = parse_duration(values["database_max_age"])
    values["ignore"] = tuple(ScanIgnore(**entry) for entry in values.get("ignore", ()))
    values["allow_no_os"] = tuple(values.get("allow_no_os", ()))
    return ScanSettings(**values)


def _proxy(raw: Mapping[str, Any], root: Path) -> ProxySettings:
    values = dict(raw)
    if "acme" in values:
        said = values["acme"]
        file = root / said["root"] if "root" in said else None
        values["acme"] = AcmeSettings(directory=said["directory"], root=file)
    return ProxySettings(**values)


def _deploy(raw: Mapping[str, Any]) -> DeploySettings:
    values = dict(raw)
    for key in values.keys() & set(DEPLOY_SPANS):
        values[key] = parse_duration(values[key])
    if "standby_memory" in values:
        values["standby_memory"] = parse_share(values["standby_memory"])
    values["keep_size"] = parse_size(str(values.get("keep_size", 0)))
    values["watch"] = _watch(values.get("watch", {}))
    return DeploySettings(**values)


def _watch(raw: Mapping[str, Any]) -> WatchSettings:
    values = dict(raw)
    if "window" in values:
        values["window"] = parse_duration(values["window"])
    for key in values.keys() & {"errors", "slow"}:
        values[key] = parse_share(values[key])
    return WatchSettings(**values)


def _environment(document: Document, root: Path, name: str, standing: Standing) -> Environment:
    raw = document.value["environments"][name]
    beside = root / "known_hosts"
    known_hosts = (
        root / raw["known_hosts"] if "known_hosts" in raw else (beside if beside.is_file() else None)
    )
    return Environment(
        name=name,
        hosts=tuple(parse_host(text) for text in raw["hosts"]),
        url=raw.get("url", "").rstrip("/").lower(),
        known_hosts=known_hosts,
        variables=_texts(document, ("environments", name, "variables")),
        secrets=tuple(raw.get("secrets", ())),
        profiles=tuple(raw.get("profiles", ())),
        probes=tuple(Probe(**probe) for probe in raw.get("probes", ())),
        app=standing.name if standing.name != document.value["app"] else "",
        beside=tuple(standing.beside),
        edge=standing.edge,
        hostnames=tuple(raw.get("hostnames", ())),
        domains=_frozen({service: tuple(names) for service, names in raw.get("domains", {}).items()}),
        redirects=tuple(raw.get("redirects", ())),
        trusted_proxies=trusted_networks(raw.get("trusted_proxies", ())),
    )


def _texts(document: Document, path: tuple[str, ...]) -> Mapping[str, str]:
    """Scalars as they are written, so that ``VERSION: 1.10`` keeps its zero."""
    node = document.node(path)
    return _frozen(
        {str(key): entry.node.text for key, entry in node.entries.items()} if node is not None else {}
    )


def _frozen(values: dict[str, _T]) -> Mapping[str, _T]:
    return MappingProxyType(values)
