"""An app as a release document has it: what was laid out, with every image pinned by digest. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fairlead.app.remarks import Remarks
from fairlead.findings import Finding
from fairlead.host.wire.release import service_hash

if TYPE_CHECKING:
    from fairlead.app.layout import Layout
    from fairlead.app.model import Service


@dataclass(frozen=True)
class Pin:
    """An image of ours by digest: of its index, and of its manifest for each platform.

    ``revision``: the commit that it was built from, where that is not the one of the release.
    ``sizes``: bytes that are pulled, by platform, where that is known.
    """

    repository: str
    digest: str
    platforms: Mapping[str, str] = field(default_factory=dict)
    revision: str = ""
    sizes: Mapping[str, int] = field(default_factory=dict, compare=False)

    @property
    def reference(self) -> str:
        return f"{self.repository}@{self.digest}"


@dataclass(frozen=True)
class ReleaseParts:
    """The parts of a release document that the compose files decide, as plain JSON values.

    ``blobs`` are the contents of ``files`` by SHA-256; they travel beside the document.
    """

    services: Mapping[str, Any]
    networks: Mapping[str, Any]
    volumes: Mapping[str, Any]
    proxy: Mapping[str, Any]
    routes: Mapping[str, int]
    probes: tuple[Mapping[str, Any], ...]
    files: Mapping[str, Any]
    blobs: Mapping[str, bytes] = field(repr=False)
    notes: tuple[Finding, ...] = ()
    edge: Mapping[str, Any] | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    release_volumes: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """The fields of a ``fairlead.release/v1`` document that these parts are."""
        return {
            "services": dict(self.services),
            "networks": dict(self.networks),
            "volumes": dict(self.volumes),
            "proxy": dict(self.proxy),
            "routes": dict(self.routes),
            "probes": [dict(probe) for probe in self.probes],
            "files": dict(self.files),
            **({"data": dict(self.data)} if self.data else {}),
            **({"release_volumes": list(self.release_volumes)} if self.release_volumes else {}),
            **({"edge": dict(self.edge)} if self.edge is not None else {}),
        }


def split(
    layout: Layout,
    *,
    own: Mapping[str, Pin],
    foreign: Mapping[str, str] | None = None,
    secrets: Mapping[str, str] | None = None,
    kept: Mapping[str, Pin] | None = None,
) -> ReleaseParts:
    """The parts of a release document.

    Args:
        layout: what the compose files decide of it.
        own: the published images of ours, by their name in fairlead.yaml.
        foreign: references of others' images, as written -> pinned by digest. One that is missing stays as it is.
        secrets: what each secret's value is called, so that a new value restarts who mounts it.
        kept: by service, the image that it runs and goes on with, in place of the one in ``own``.

    Raises:
        ComposeInvalidError: an image of ours is not published.
    """
    app, pinned = layout.app, foreign or {}
    remarks = Remarks(app.files)
    pins = {name: _pin(one, own, kept or {}) for name, one in layout.sources.items()}
    images = {name: _image(one, pins[name], pinned, remarks) for name, one in layout.sources.items()}
    remarks.raise_if_any()
    services = {
        name: _entry(layout.services[name], pins[name], images[name], secrets or {})
        for name in layout.services
    }
    edge = layout.edge
    if edge is not None:
        edge = {**edge, "image": pinned.get(app.settings.proxy.image, app.settings.proxy.image)}
    return ReleaseParts(
        services=services,
        networks=layout.networks,
        volumes=layout.volumes,
        # The image: what carries calls between services is made of it, on the server.
        proxy={**layout.proxy, "image": pinned.get(app.inside_reference, app.inside_reference)},
        routes=layout.routes,
        probes=tuple(probe.to_json() for probe in app.environment.probes),
        files=layout.files,
        blobs=layout.blobs,
        notes=(*layout.notes, *_unpinned(layout, pinned)),
        edge=edge,
        data=layout.data,
        release_volumes=layout.release_volumes,
    )


def _pin(service: Service, own: Mapping[str, Pin], kept: Mapping[str, Pin]) -> Pin | None:
    return kept.get(service.name) or own.get(service.image)


def _image(service: Service, pin: Pin | None, foreign: Mapping[str, str], remarks: Remarks) -> str:
    if not service.image:
        return foreign.get(service.reference, service.reference)
    if pin is None:
        path = ("services", service.name, "image")
        remarks.fault("model", path, f"{service.name}: the image {service.image} is not published")
        return ""
    return pin.reference


def _entry(
    laid_out: Mapping[str, Any], pin: Pin | None, image: str, secrets: Mapping[str, str]
) -> dict[str, Any]:
    """The entry of a service, with what its image adds."""
    definition = {**laid_out["definition"], "image": image}
    # What a one-shot has done stays done, whatever password it did it with.
    marks = {} if laid_out["role"] == "job" else secrets
    return {
        **laid_out,
        "image": image,
        "platforms": dict(pin.platforms) if pin is not None else {},
        **({"pull": "manifest"} if pin is not None and pin.platforms else {}),
        **({"revision": pin.revision} if pin is not None and pin.revision else {}),
        "definition": definition,
        "hash": service_hash(definition, laid_out["mounts"], marks),
    }


def _unpinned(layout: Layout, foreign: Mapping[str, str]) -> Iterator[Finding]:
    """Others' images that are run by a tag."""
    app = layout.app
    for name, service in layout.sources.items():
        if service.image or "@" in service.reference or service.reference in foreign:
            continue
        place = app.files.location(("services", name, "image")) if name in app.services else None
        yield Finding(f"{name}: {service.reference} is not pinned by digest", place, rule="unpinned-image")
