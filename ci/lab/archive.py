"""An image as the tar that ``docker load`` takes: an OCI layout that is a Docker archive as well."""

from __future__ import annotations

import io
import json
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fairlead.image.oci.manifests import INDEX_TYPE
from lab.oci import blob_path, read_document


@contextmanager
def image_archive(blobs: Path, digest: str, reference: str) -> Iterator[Path]:
    """A temporary tar of the image behind an index, which gets the name ``reference`` when it is loaded.

    The index must hold one platform: an engine without the containerd store knows no more.
    """
    with tempfile.NamedTemporaryFile(dir=blobs.parent, prefix=".archive-", suffix=".tar") as output:
        with tarfile.open(fileobj=output, mode="w") as tar:
            (child,) = read_document(blobs, digest)["manifests"]
            manifest = read_document(blobs, child["digest"])
            for item in (child, manifest["config"], *manifest["layers"]):
                tar.add(blob_path(blobs, item["digest"]), _name(item["digest"]), recursive=False)
            annotations = {"io.containerd.image.name": reference}
            index = {
                "schemaVersion": 2,
                "mediaType": INDEX_TYPE,
                "manifests": [{**child, "annotations": annotations}],
            }
            legacy = [
                {
                    "Config": _name(manifest["config"]["digest"]),
                    "RepoTags": [reference],
                    "Layers": [_name(layer["digest"]) for layer in manifest["layers"]],
                }
            ]
            _add(tar, "oci-layout", {"imageLayoutVersion": "1.0.0"})
            _add(tar, "index.json", index)
            _add(tar, "manifest.json", legacy)
        output.flush()
        yield Path(output.name)


def _name(digest: str) -> str:
    return f"blobs/sha256/{digest.removeprefix('sha256:')}"


def _add(tar: tarfile.TarFile, name: str, document: object) -> None:
    content = json.dumps(document).encode()
    info = tarfile.TarInfo(name)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))
