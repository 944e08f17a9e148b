"""OCI layouts: the folder in which an image waits between build, scan and publish.

Blobs are named after their SHA-256, so whatever reads one can tell whether it is whole.
https://github.com/opencontainers/image-spec/blob/main/image-layout.md
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairlead import files
from fairlead.errors import CommandFailedError, InputError

INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
_DIGEST = re.compile(r"^sha256:[0-9a-f]{64}\Z")
_LAYOUT_FILE = '{"imageLayoutVersion":"1.0.0"}'
_LARGEST_DOCUMENT = 8 << 20


@dataclass(frozen=True)
class Layout:
    """An image index and what it leads to.

    Attributes:
        folder: of the layout.
        digest: of the index.
        platforms: the manifest's descriptor, by platform.
        attestations: descriptors of the manifests that attest something about another one.
    """

    folder: Path
    digest: str
    platforms: Mapping[str, Mapping[str, Any]]
    attestations: tuple[Mapping[str, Any], ...]

    @property
    def digests(self) -> dict[str, str]:
        """Digest of the image manifest, by platform."""
        return {platform: str(descriptor["digest"]) for platform, descriptor in self.platforms.items()}


def read_layout(folder: Path) -> Layout:
    """Read the index of a layout that holds one image.

    Raises:
        CommandFailedError: it is missing, broken, or holds something else.
    """
    entries = _read_json(folder / "index.json", folder).get("manifests")
    if not isinstance(entries, list) or len(entries) != 1:
        raise broken(folder, "its index.json does not name exactly one image")
    digest = _digest_of(entries[0], folder)
    index = read_json_blob(folder, digest)
    manifests = index.get("manifests")
    if not isinstance(manifests, list):
        raise broken(folder, "what it holds is no index of platforms")
    platforms: dict[str, Mapping[str, Any]] = {}
    attestations: list[Mapping[str, Any]] = []
    for descriptor in manifests:
        _digest_of(descriptor, folder)
        if is_attestation(descriptor):
            attestations.append(descriptor)
        else:
            platforms[platform_name(descriptor.get("platform"))] = descriptor
    return Layout(folder, digest, platforms, tuple(attestations))


def is_attestation(descriptor: Mapping[str, Any]) -> bool:
    """Whether an entry of an index attests something about another entry, and is no image."""
    annotations = descriptor.get("annotations") or {}
    return bool(annotations.get("vnd.docker.reference.type") == "attestation-manifest")


def platform_name(platform: Any) -> str:
    """The name of a platform object: ``linux/arm64``, ``linux/arm/v7``; the only variant of arm64 is not told."""
    if not isinstance(platform, dict):
        return "unknown/unknown"
    name = f"{platform.get('os', 'unknown')}/{platform.get('architecture', 'unknown')}"
    variant = platform.get("variant", "")
    return f"{name}/{variant}" if variant and (name, variant) != ("linux/arm64", "v8") else name


def blob_path(folder: Path, digest: str) -> Path:
    """Where a blob lies.

    Raises:
        CommandFailedError: that is no digest.
    """
    if not _DIGEST.match(digest):
        raise broken(folder, f"{digest} is no SHA-256 digest")
    return folder / "blobs" / "sha256" / digest.removeprefix("sha256:")


def read_json_blob(folder: Path, digest: str) -> dict[str, Any]:
    """A manifest, index or configuration; its bytes are proved by its digest.

    Raises:
        CommandFailedError: it is missing, altered, or no JSON object.
    """
    path = blob_path(folder, digest)
    data = _read_small(path, folder)
    if digest_of(data) != digest:
        raise broken(folder, f"the blob {digest} was altered")
    return _parse(data, path, folder)


def write_blob(folder: Path, data: bytes) -> str:
    """Add a blob and return its digest."""
    digest = digest_of(data)
    files.write(blob_path(folder, digest), data)
    return digest


def write_index(folder: Path, entries: list[Mapping[str, Any]]) -> None:
    """Make ``folder`` a layout with these entries in its ``index.json``."""
    files.write(folder / "oci-layout", _LAYOUT_FILE)
    index = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": entries}
    files.write(folder / "index.json", json.dumps(index))


def referenced_blobs(layout: Layout) -> frozenset[str]:
    """The digests of everything that an image consists of.

    Raises:
        CommandFailedError: a manifest is missing or altered.
    """
    digests = {layout.digest}
    for descriptor in (*layout.platforms.values(), *layout.attestations):
        manifest = read_json_blob(layout.folder, descriptor["digest"])
        digests.add(descriptor["digest"])
        for part in (manifest.get("config"), *manifest.get("layers", ())):
            digests.add(_digest_of(part, layout.folder))
    return frozenset(digests)


def verify_blobs(layout: Layout) -> None:
    """Prove every blob of an image by its digest.

    Raises:
        CommandFailedError: one is missing or altered.
    """
    for digest in sorted(referenced_blobs(layout)):
        path = blob_path(layout.folder, digest)
        if not files.is_file(path):
            raise broken(layout.folder, f"the blob {digest} is missing")
        if hash_file(path) != digest:
            raise broken(layout.folder, f"the blob {digest} was altered")


def prepare_layout(folder: Path) -> None:
    """Make a fresh folder for another image, which a builder may write into by its path.

    Blobs of the image before that are what their name says move into it, and need not be sent again.
    """
    before = folder.with_name(f".{folder.name}.before")
    files.remove(before)
    with contextlib.suppress(FileNotFoundError):
        files.move(folder, before)
    files.make_folder(folder / "blobs" / "sha256")
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda path: _keep_if_whole(path, folder), _blobs(before)))
    files.remove(before)


def _keep_if_whole(path: Path, folder: Path) -> None:
    with contextlib.suppress(InputError, OSError):
        if hash_file(path) == f"sha256:{path.name}":
            files.move(path, folder / "blobs" / "sha256" / path.name)


def drop_other_blobs(layout: Layout) -> None:
    """Remove what an earlier build left in the folder."""
    kept = {digest.removeprefix("sha256:") for digest in referenced_blobs(layout)}
    for path in _blobs(layout.folder):
        if path.name not in kept:
            files.remove(path)


def write_view(layout: Layout, platform: str, folder: Path) -> None:
    """Make a layout that holds one platform only, its blobs borrowed.

    A scanner that is given a layout takes its first image, whatever platform it was asked for.
    """
    files.renew_folder(folder)
    write_index(folder, [layout.platforms[platform]])
    files.borrow(folder / "blobs", layout.folder / "blobs")


def digest_of(data: bytes) -> str:
    """The digest of some bytes."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def hash_file(path: Path) -> str:
    """The digest of a file."""
    with files.opened(path) as stream:
        return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"


def broken(folder: Path, why: str) -> CommandFailedError:
    """The error of a layout that does not hold."""
    return CommandFailedError(
        f"the image in {folder} is broken", why=why, fix="remove the folder and run `fairlead build` again"
    )


def _blobs(folder: Path) -> Iterator[Path]:
    blobs = folder / "blobs" / "sha256"
    yield from (blobs / name for name in files.names_in(blobs))


def _digest_of(descriptor: Any, folder: Path) -> str:
    digest = descriptor.get("digest") if isinstance(descriptor, dict) else None
    if not isinstance(digest, str) or not _DIGEST.match(digest):
        raise broken(folder, f"an entry has no digest: {descriptor}")
    return digest


def _read_json(path: Path, folder: Path) -> dict[str, Any]:
    return _parse(_read_small(path, folder), path, folder)


def _read_small(path: Path, folder: Path) -> bytes:
    try:
        data = files.read(path, limit=_LARGEST_DOCUMENT)
    except FileNotFoundError as error:
        raise broken(folder, f"{path.name} is missing") from error
    if len(data) > _LARGEST_DOCUMENT:
        raise broken(folder, f"{path.name} is too large for a manifest")
    return data


def _parse(data: bytes, path: Path, folder: Path) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except ValueError as error:
        raise broken(folder, f"{path.name} is no JSON: {error}") from error
    if not isinstance(value, dict):
        raise broken(folder, f"{path.name} is no JSON object")
    return value
