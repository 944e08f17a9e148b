"""Small documents of ours beside an image in its registry: an artifact of one layer, under a tag of the image's digest.

The tag is spelt as cosign spells those of signatures, so that what cleans a registry up knows to which image it
belongs. It is no referrer: registries that do not list those (ghcr.io, docker-registry 2) want an index kept by hand
instead, under the very tag in which cosign keeps its own.
https://github.com/opencontainers/image-spec/blob/main/manifest.md#guidelines-for-artifact-usage
"""

from __future__ import annotations

import json

from fairlead import files
from fairlead.image.oci.layout import write_blob
from fairlead.image.oci.manifests import (
    MANIFEST_TYPE,
    Descriptor,
    UnfitError,
    digest_of,
    parse_descriptor,
    strict_json,
)
from fairlead.image.registry.bodies import read_small
from fairlead.image.registry.client import Registry, pull_scope
from fairlead.image.registry.fault import FaultError, explain_fault
from fairlead.image.registry.link import patiently
from fairlead.image.registry.reference import parse_reference
from fairlead.image.registry.transfer import send_blobs

_EMPTY_TYPE, _EMPTY = "application/vnd.oci.empty.v1+json", b"{}"


def artifact_tag(digest: str, name: str) -> str:
    """The tag under which a document lies beside the image of a digest."""
    return f"{digest.replace(':', '-')}.{name}"


def put_artifact(registry: Registry, reference: str, media_type: str, data: bytes) -> bool:
    """Put a document under a tag, unless it is there; whether something was written.

    Raises:
        CommandFailedError: the registry does not answer, or refuses.
    """
    config = Descriptor(_EMPTY_TYPE, digest_of(_EMPTY), len(_EMPTY))
    layer = Descriptor(media_type, digest_of(data), len(data))
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "artifactType": media_type,
        "config": config.to_json(),
        "layers": [layer.to_json()],
    }
    written = json.dumps(manifest, separators=(",", ":")).encode()
    present = registry.read(reference)
    if present is not None and present.data == written:
        return False
    with files.temporary_folder("fairlead-artifact-") as folder:
        for blob in (_EMPTY, data):
            write_blob(folder, blob)
        send_blobs(registry, reference, (config, layer), folder)
    registry.put_manifest(parse_reference(reference), written, reference)
    return True


def read_artifact(registry: Registry, reference: str, media_type: str, largest: int) -> bytes | None:
    """The document under a tag, held to the digest in its manifest; None if there is none.

    Raises:
        CommandFailedError: the registry does not answer, or refuses.
        UnfitError: what is there is something else, or larger.
    """
    found = registry.read(reference)
    if found is None:
        return None
    layer = _only_layer(found.data, media_type)
    if layer.size > largest:
        raise UnfitError(f"it is larger than {largest >> 20} MiB")
    place = parse_reference(reference)
    link, target = registry.link(place.host), f"/v2/{place.name}/blobs/{layer.digest}"

    def get() -> bytes:
        with link.ask("GET", target, pull_scope(place.name)) as answer:
            return read_small(answer, largest)

    try:
        data = patiently(get)
    except FaultError as fault:
        raise explain_fault(fault, reference) from fault
    if digest_of(data) != layer.digest:
        raise UnfitError(f"asked for {layer.digest}, the registry gave {digest_of(data)}")
    return data


def _only_layer(manifest: bytes, media_type: str) -> Descriptor:
    layers = strict_json(manifest).get("layers")
    if not isinstance(layers, list) or len(layers) != 1:
        raise UnfitError("it is no document of one layer")
    return parse_descriptor(layers[0], {media_type})
