"""Documents of the OCI image format, and images written as blobs into a folder.

https://github.com/opencontainers/image-spec: configuration, manifest, index.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fairlead.image.oci.manifests import INDEX_TYPE, MANIFEST_TYPE, Descriptor, digest_of
from lab.layer import Layer
from lab.recipe import ImageConfig

LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def render_config(
    config: ImageConfig,
    layers: Sequence[Layer],
    *,
    architecture: str,
    created: str,
    labels: Mapping[str, str],
) -> dict[str, Any]:
    """The configuration of an image for one architecture; fields without a value are left out."""
    fields: dict[str, Any] = {
        "Env": [f"{name}={value}" for name, value in config.env.items()],
        "Entrypoint": list(config.entrypoint),
        "Cmd": list(config.cmd),
        "WorkingDir": config.workdir,
        "Volumes": {path: {} for path in config.volumes},
        "ExposedPorts": {port: {} for port in config.ports},
        "User": config.user,
        "StopSignal": config.stop_signal,
        "Labels": dict(labels),
    }
    platform = {
        "architecture": architecture,
        "os": "linux",
        **({"variant": "v8"} if architecture == "arm64" else {}),
    }
    return {
        "created": created,
        **platform,
        "config": {name: value for name, value in fields.items() if value},
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
        "history": [{"created": created, "created_by": "fairlead lab: Debian packages"} for _ in layers],
    }


def render_manifest(config: Descriptor, layers: Sequence[Layer]) -> dict[str, Any]:
    """The manifest of one platform."""
    return {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": config.to_json(),
        "layers": [Descriptor(LAYER, layer.digest, layer.size).to_json() for layer in layers],
    }


def render_index(manifests: Mapping[str, Descriptor]) -> dict[str, Any]:
    """The index over the manifests, by architecture."""
    return render_index_of(
        [
            {**blob.to_json(), "platform": {"architecture": architecture, "os": "linux"}}
            for architecture, blob in sorted(manifests.items())
        ]
    )


def render_index_of(children: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The index over these descriptors."""
    return {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": list(children)}


def write_document(blobs: Path, media_type: str, document: Mapping[str, Any]) -> Descriptor:
    """Put a document among the blobs."""
    return write_blob(blobs, media_type, json.dumps(document, sort_keys=True, separators=(",", ":")).encode())


def write_blob(blobs: Path, media_type: str, content: bytes) -> Descriptor:
    """Put bytes among the blobs, in one rename."""
    blobs.mkdir(parents=True, exist_ok=True)
    digest = digest_of(content)
    part = blobs.parent / f".part-{digest.removeprefix('sha256:')}"
    part.write_bytes(content)
    part.replace(blob_path(blobs, digest))
    return Descriptor(media_type, digest, len(content))


def blob_path(blobs: Path, digest: str) -> Path:
    """Where the blob of a digest lies."""
    return blobs / digest.removeprefix("sha256:")


def read_document(blobs: Path, digest: str) -> dict[str, Any]:
    """A JSON blob."""
    document: dict[str, Any] = json.loads(blob_path(blobs, digest).read_bytes())
    return document
