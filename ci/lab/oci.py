"""Documents of the OCI image format, and images written as blobs into a folder.

https://github.com/opencontainers/image-spec: configuration, manifest, index.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.layer import Layer
from lab.recipe import ImageConfig

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


@dataclass(frozen=True)
class Blob:
    """A descriptor: what a digest is, and how long."""

    media_type: str
    digest: str
    size: int

    def to_json(self) -> dict[str, Any]:
        return {"mediaType": self.media_type, "digest": self.digest, "size": self.size}


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


def render_manifest(config: Blob, layers: Sequence[Layer]) -> dict[str, Any]:
    """The manifest of one platform."""
    return {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config.to_json(),
        "layers": [Blob(LAYER, layer.digest, layer.size).to_json() for layer in layers],
    }


def render_index(manifests: Mapping[str, Blob]) -> dict[str, Any]:
    """The index over the manifests, by architecture."""
    return render_index_of(
        [
            {**blob.to_json(), "platform": {"architecture": architecture, "os": "linux"}}
            for architecture, blob in sorted(manifests.items())
        ]
    )


def render_index_of(children: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The index over these descriptors."""
    return {"schemaVersion": 2, "mediaType": INDEX, "manifests": list(children)}


def write_document(blobs: Path, media_type: str, document: Mapping[str, Any]) -> Blob:
    """Put a document among the blobs."""
    return write_blob(blobs, media_type, json.dumps(document, sort_keys=True, separators=(",", ":")).encode())


def write_blob(blobs: Path, media_type: str, content: bytes) -> Blob:
    """Put bytes among the blobs, in one rename."""
    blobs.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256(content).hexdigest()
    part = blobs.parent / f".part-{name}"
    part.write_bytes(content)
    part.replace(blobs / name)
    return Blob(media_type, f"sha256:{name}", len(content))


def blob_path(blobs: Path, digest: str) -> Path:
    """Where the blob of a digest lies."""
    return blobs / digest.removeprefix("sha256:")


def read_document(blobs: Path, digest: str) -> dict[str, Any]:
    """A JSON blob."""
    document: dict[str, Any] = json.loads(blob_path(blobs, digest).read_bytes())
    return document
