"""OCI layouts: the folder in which an image waits between build, scan and publish.

Blobs are named after their SHA-256, so whatever reads one can tell whether it is whole.
https://github.com/opencontainers/image-spec/blob/main/image-layout.md
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairlead import files
from fairlead.errors import CommandFailedError, InputError
from fairlead.image.oci.manifests import (
    DIGEST,
    INDEX_TYPE,
    LARGEST_DOCUMENT,
    Descriptor,
    Manifest,
    UnfitError,
    digest_of,
    parse_descriptor,
    parse_index,
    parse_manifest,
    platform_name,
    strict_json,
)
from fairlead.parallel import each

_AT_ONCE = 8
_LAYOUT_FILE = '{"imageLayoutVersion":"1.0.0"}'


@dataclass(frozen=True)
class Layout:
    """An image index and what it leads to.

    Attributes:
        folder: of the layout.
        digest: of the index.
        data: the index, byte for byte.
        platforms: the manifest's descriptor, by platform.
        attestations: descriptors of the manifests that attest something about another one.
    """

    folder: Path
    digest: str
    data: bytes
    platforms: Mapping[str, Descriptor]
    attestations: tuple[Descriptor, ...]

    @property
    def digests(self) -> dict[str, str]:
        """Digest of the image manifest, by platform."""
        return {platform: descriptor.digest for platform, descriptor in self.platforms.items()}


def read_layout(folder: Path) -> Layout:
    """Read the index of a layout that holds one image.

    Raises:
        CommandFailedError: it is missing, broken, or holds something else.
    """
    try:
        entries = strict_json(_read_small(folder / "index.json", folder)).get("manifests")
        if not isinstance(entries, list) or len(entries) != 1:
            raise broken(folder, "its index.json does not name exactly one image")
        entry = parse_descriptor(entries[0], {INDEX_TYPE})
        data = read_blob(folder, entry)
        index = parse_index(data)
    except UnfitError as error:
        raise broken(folder, f"its index does not hold: {error}") from error
    return Layout(folder, entry.digest, data, index.platforms, index.attestations)


def blob_path(folder: Path, digest: str) -> Path:
    """Where a blob lies.

    Raises:
        CommandFailedError: that is no digest.
    """
    if not DIGEST.fullmatch(digest):
        raise broken(folder, f"{digest} is no SHA-256 digest")
    return folder / "blobs" / "sha256" / digest.removeprefix("sha256:")


def read_blob(folder: Path, descriptor: Descriptor) -> bytes:
    """A small blob; its bytes are proved by its digest and size.

    Raises:
        CommandFailedError: it is missing, altered or too large.
    """
    data = _read_small(blob_path(folder, descriptor.digest), folder)
    if digest_of(data) != descriptor.digest:
        raise broken(folder, f"the blob {descriptor.digest} was altered")
    if len(data) != descriptor.size:
        raise broken(folder, f"the blob {descriptor.digest} is of another size than its index says")
    return data


def read_json_blob(folder: Path, digest: str) -> dict[str, Any]:
    """A manifest, index or configuration; its bytes are proved by its digest.

    Raises:
        CommandFailedError: it is missing, altered, or no JSON object.
    """
    path = blob_path(folder, digest)
    data = _read_small(path, folder)
    if digest_of(data) != digest:
        raise broken(folder, f"the blob {digest} was altered")
    try:
        return strict_json(data)
    except UnfitError as error:
        raise broken(folder, f"{digest}: {error}") from error


def read_manifest(layout: Layout, descriptor: Descriptor) -> Manifest:
    """The manifest of an image, or of an attestation, of a layout.

    Raises:
        CommandFailedError: it is missing, altered or has a part that no image of ours has.
    """
    try:
        return parse_manifest(
            read_blob(layout.folder, descriptor), is_attestation=descriptor in layout.attestations
        )
    except UnfitError as error:
        raise broken(layout.folder, f"the manifest {descriptor.digest} does not hold: {error}") from error


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


def referenced_blobs(layout: Layout) -> dict[str, int]:
    """The digests of everything that an image consists of, each with its size.

    Raises:
        CommandFailedError: a manifest is missing or altered, or two parts do not agree on a size.
    """
    sizes = {layout.digest: len(layout.data)}
    for descriptor in (*layout.platforms.values(), *layout.attestations):
        manifest = read_manifest(layout, descriptor)
        for part in (descriptor, manifest.config, *manifest.layers):
            if sizes.setdefault(part.digest, part.size) != part.size:
                raise broken(layout.folder, f"it gives two sizes for {part.digest}")
    return sizes


def image_sizes(layout: Layout) -> dict[str, int]:
    """What is pulled of the image for each platform, in bytes, as it travels: its layers are compressed.

    Raises:
        CommandFailedError: a manifest is missing or altered.
    """
    manifests = {name: read_manifest(layout, found) for name, found in layout.platforms.items()}
    return {
        name: manifest.config.size + sum(layer.size for layer in manifest.layers)
        for name, manifest in manifests.items()
    }


def verify_blobs(layout: Layout) -> None:
    """Prove every blob of an image by its digest and size, and every image to be for the platform that names it.

    Raises:
        CommandFailedError: one is missing or altered, or an image is of another platform.
    """
    for digest, size in sorted(referenced_blobs(layout).items()):
        path = blob_path(layout.folder, digest)
        if not files.is_file(path):
            raise broken(layout.folder, f"the blob {digest} is missing")
        if path.stat().st_size != size or hash_file(path) != digest:
            raise broken(layout.folder, f"the blob {digest} was altered")
    for name, descriptor in layout.platforms.items():
        manifest = read_manifest(layout, descriptor)
        found = platform_name(read_json_blob(layout.folder, manifest.config.digest))
        if found != name:
            raise broken(layout.folder, f"its image for {name} is one for {found}")


def prepare_layout(folder: Path) -> None:
    """Make a fresh folder for another image, which a builder may write into by its path.

    Blobs of the image before that are what their name says move into it, and need not be sent again.
    """
    before = folder.with_name(f".{folder.name}.before")
    files.remove(before)
    with contextlib.suppress(FileNotFoundError):
        files.move(folder, before)
    files.make_folder(folder / "blobs" / "sha256")
    each(lambda path: _keep_if_whole(path, folder), _blobs(before), at_once=_AT_ONCE)
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
    chosen = layout.platforms[platform]
    system, architecture, *variant = platform.split("/")
    said = {"os": system, "architecture": architecture, **({"variant": variant[0]} if variant else {})}
    entry = {**chosen.to_json(), "platform": said}
    write_index(folder, [entry])
    files.borrow(folder / "blobs", layout.folder / "blobs")


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


def _read_small(path: Path, folder: Path) -> bytes:
    try:
        data = files.read(path, limit=LARGEST_DOCUMENT)
    except FileNotFoundError as error:
        raise broken(folder, f"{path.name} is missing") from error
    if len(data) > LARGEST_DOCUMENT:
        raise broken(folder, f"{path.name} is too large for a manifest")
    return data
