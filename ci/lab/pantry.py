"""What the cache holds of the stand-ins: layers and images by what they are made of, and their blobs."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fairlead.image.oci.manifests import Descriptor
from fairlead.tools.catalog import Architecture
from lab.layer import Layer
from lab.oci import blob_path, read_document
from lab.recipe import Recipe
from lab.recipes import recipe_key, recipes

ARCHITECTURES: tuple[Architecture, ...] = ("amd64", "arm64")
# What a run that was killed leaves.
_HALVES = (".part-*", ".layer-*", ".archive-*", "*.part")
_DAY = 24 * 3600
_KEEP_DOCUMENTS = 14 * _DAY


@dataclass(frozen=True)
class Image:
    """A finished image: the recipe, and the digest of its index."""

    recipe: Recipe
    digest: str


class Pantry:
    """The folders ``blobs/sha256``, ``layers`` and ``images``.

    Args:
        folder: the folder above them.
        native: the architecture of the engine here, which is the only one of the lab's own images.
        snapshot: the state of the Debian mirror, as a part of every key.
    """

    def __init__(self, folder: Path, native: Architecture, snapshot: str) -> None:
        self.blobs = folder / "blobs" / "sha256"
        self._folder = folder
        self._native = native
        self._snapshot = snapshot

    def architectures(self, row: Recipe) -> tuple[Architecture, ...]:
        """For which architectures the image of a recipe is made."""
        return (self._native,) if row.internal else ARCHITECTURES

    def key(self, row: Recipe) -> str:
        """What the image of a recipe is made of, as a hash."""
        return recipe_key(row, self._snapshot)

    def find_image(self, row: Recipe) -> Image | None:
        """The image of a recipe if it is there whole."""
        try:
            digest = json.loads(self._image_path(row).read_text())["digest"]
        except (FileNotFoundError, ValueError):
            return None
        return Image(row, digest) if is_whole(self.blobs, digest) else None

    def find_layer(self, row: Recipe, architecture: Architecture) -> Layer | None:
        """The layer of a recipe if it is there."""
        try:
            layer = Layer(**json.loads(self._layer_path(row, architecture).read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None
        return layer if blob_path(self.blobs, layer.digest).exists() else None

    def store_image(self, row: Recipe, digest: str) -> None:
        """Remember the image of a recipe, its blobs being there."""
        _write(self._image_path(row), {"digest": digest})

    def store_layer(self, row: Recipe, architecture: Architecture, layer: Layer) -> None:
        """Remember the layer of a recipe, its blob being there."""
        _write(self._layer_path(row, architecture), dataclasses.asdict(layer))

    def prune(self) -> None:
        """Remove what nobody asked for in a while; a clone at another commit may still want last week's."""
        current = {self.key(row) for row in recipes()}
        now = time.time()
        for path in (*self._folder.glob("images/*.json"), *self._folder.glob("layers/*.json")):
            if path.stem.rpartition("-")[2] not in current and path.stat().st_mtime < now - _KEEP_DOCUMENTS:
                path.unlink(missing_ok=True)
        kept = {digest for part in ("images", "layers", "pulled") for digest in self._named_in(part)}
        for blob in self.blobs.glob("*"):
            if f"sha256:{blob.name}" not in kept and blob.stat().st_mtime < now - _DAY:
                blob.unlink(missing_ok=True)
        for half in (path for part in _HALVES for path in self._folder.rglob(part)):
            if half.stat().st_mtime < now - _DAY:
                half.unlink(missing_ok=True)

    def _named_in(self, part: str) -> Iterator[str]:
        """The digests of the blobs that the documents of a folder need."""
        for path in (self._folder / part).glob("*.json"):
            digest = json.loads(path.read_text())["digest"]
            yield digest
            if part != "layers" and is_whole(self.blobs, digest):
                yield from (blob.digest for blob in descend(self.blobs, digest))

    def _image_path(self, row: Recipe) -> Path:
        platforms = "-".join(self.architectures(row))
        return self._folder / "images" / f"{row.name}-{platforms}-{self.key(row)}.json"

    def _layer_path(self, row: Recipe, architecture: Architecture) -> Path:
        return self._folder / "layers" / f"{row.name}-{architecture}-{self.key(row)}.json"


def is_whole(blobs: Path, digest: str) -> bool:
    """Whether an index and all that hangs below it are there."""
    try:
        return all(blob_path(blobs, blob.digest).exists() for blob in descend(blobs, digest))
    except FileNotFoundError:
        return False


def descend(blobs: Path, digest: str) -> Iterator[Descriptor]:
    """The descriptors below an index, manifests after what they name."""
    for child in read_document(blobs, digest)["manifests"]:
        manifest = read_document(blobs, child["digest"])
        for item in (*manifest["layers"], manifest["config"]):
            yield Descriptor(item["mediaType"], item["digest"], item["size"])
        yield Descriptor(child["mediaType"], child["digest"], child["size"])


def _write(path: Path, document: dict[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(document))
    part.replace(path)
