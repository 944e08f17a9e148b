"""Join what several machines have built of one commit, each for its own platforms: one index an image.

Nothing of a part is believed. Every blob is proved by its digest, and where the jobs have told their digests by
another way than the folders came by, these have to be the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fairlead import files
from fairlead.errors import CommandFailedError, InputError
from fairlead.image.build.provenance import settle_bases
from fairlead.image.built import built_layout
from fairlead.image.documents import (
    BUILD_NAME,
    BuildDocument,
    BuiltImage,
    load_build,
    parse_build,
    write_document,
)
from fairlead.image.oci.join import join_indexes
from fairlead.image.oci.layout import (
    Layout,
    blob_path,
    drop_other_blobs,
    prepare_layout,
    read_layout,
    referenced_blobs,
    verify_blobs,
    write_blob,
    write_index,
)
from fairlead.image.oci.manifests import INDEX_TYPE, UnfitError
from fairlead.image.workdir import prepare_work_dir, refuse_odd
from fairlead.report import Reporter
from fairlead.settings.values import Settings

BUILT_VARIABLE = "FAIRLEAD_BUILT"
"""The outputs of the jobs that built, as one JSON object; those called ``built-…`` are documents of builds."""
_BUILT = "built-"


@dataclass(frozen=True)
class Part:
    """What one machine has built: its work directory, and the document in it."""

    folder: Path
    build: BuildDocument

    @property
    def platforms(self) -> str:
        """Its platforms, in words."""
        return ", ".join(sorted({name for image in self.build.images.values() for name in image.platforms}))


def run_merge(
    settings: Settings,
    revision: str,
    folders: Sequence[Path],
    *,
    told: str,
    work_dir: Path,
    reporter: Reporter,
) -> BuildDocument:
    """Join the parts into the layouts of ``work_dir``, and write ``build.json``.

    Args:
        settings: fairlead.yaml; its platforms have to be there.
        revision: the commit that is checked out.
        folders: work directories of builds, or folders that hold some.
        told: what the jobs have told (``FAIRLEAD_BUILT``); empty where nobody has.
        work_dir: where the images go.
        reporter: hears of it.

    Raises:
        InputError: a platform is missing or there twice, or the parts are not of this commit.
        CommandFailedError: a part was changed on its way.
    """
    parts = load_parts(folders, work_dir)
    if told:
        check_told([part.build for part in parts], parse_told(told))
    document = merge_builds(parts, revision, settings.platforms)
    prepare_work_dir(work_dir)
    images = {}
    for name, image in document.images.items():
        with reporter.step(f"join {name} of {len(parts)} builds"):
            found = [built_layout(name, part.build.images[name], part.folder) for part in makers(name, parts)]
            layout = join_layouts(found, settings.platforms, work_dir / image.layout)
        images[name] = replace(image, digest=layout.digest, platforms=layout.digests)
    document = replace(document, images=images)
    write_document(work_dir / BUILD_NAME, document)
    return document


def load_parts(folders: Sequence[Path], work_dir: Path) -> list[Part]:
    """The builds that lie in these folders, or one below them.

    Raises:
        InputError: there is none, one holds what is no plain file, or lies where the images are to go.
    """
    parts = []
    for folder in (found for given in folders for found in _with_builds(given)):
        if folder.resolve() == work_dir.resolve():
            raise InputError(
                f"{folder} is where the joined images go",
                fix="give them another place: --work-dir, or move what was built",
            )
        refuse_odd(folder)
        parts.append(Part(folder, load_build(folder)))
    if not parts:
        raise InputError(
            f"there is nothing to join in {', '.join(map(str, folders)) or 'no folder'}",
            why=f"no {BUILD_NAME} is there",
            fix="give the folders that `fairlead build --platform NAME` has written to",
        )
    return parts


def parse_told(text: str) -> list[BuildDocument]:
    """The documents among the outputs of jobs.

    Raises:
        InputError: it is no JSON object of texts, or one does not hold.
    """
    try:
        outputs = json.loads(text)
    except ValueError as error:
        raise InputError(f"{BUILT_VARIABLE} is no JSON", why=str(error), fix=_HAND_ON) from error
    if not isinstance(outputs, dict) or not all(isinstance(value, str) for value in outputs.values()):
        raise InputError(f"{BUILT_VARIABLE} is no object of texts", fix=_HAND_ON)
    named = {name: value for name, value in outputs.items() if name.startswith(_BUILT) and value}
    return [parse_build(value, name) for name, value in sorted(named.items())]


def check_told(found: Sequence[BuildDocument], told: Sequence[BuildDocument]) -> None:
    """See whether the builds that were found are those of which the jobs have told. Pure.

    Raises:
        CommandFailedError: one is not, or was not found.
    """
    wanted = [build.to_json() for build in told]
    changed = [build for build in found if build.to_json() not in wanted]
    if changed or len(found) != len(wanted):
        raise CommandFailedError(
            "what the jobs have built is not what arrived",
            why=f"{len(wanted)} builds were told of and {len(found)} arrived, {len(changed)} of them with other digests",
            fix="run all jobs again; if it happens once more, something writes into the artifacts of the run",
        )


def makers(name: str, parts: Sequence[Part]) -> list[Part]:
    """The parts that have something of an image which no other one has.

    What is published already was fetched by each, whole, and is the same everywhere. Pure.
    """
    return list({part.build.images[name].digest: part for part in reversed(parts)}.values())[::-1]


def merge_builds(parts: Sequence[Part], revision: str, platforms: Sequence[str]) -> BuildDocument:
    """The document of all parts; the digest of an image is not known before they are joined. Pure.

    Raises:
        InputError: a platform is missing or there twice, or the parts are not of this commit or of the same images.
    """
    builds = [part.build for part in parts]
    _refuse_others(parts, revision)
    first = builds[0]
    images = {}
    for name in first.images:
        some = [part.build.images[name] for part in makers(name, parts)]
        _refuse_platforms(name, some, platforms)
        bases = {
            base: frozenset(one.bases[base] for one in some if base in one.bases)
            for one in some
            for base in one.bases
        }
        images[name] = replace(
            some[0],
            emulated=tuple(dict.fromkeys(platform for one in some for platform in one.emulated)),
            bases=settle_bases({name: bases})[name],
        )
    return replace(
        first,
        dirty_files=tuple(sorted({file for build in builds for file in build.dirty_files})),
        created_at=max(build.created_at for build in builds),
        images=images,
    )


def join_layouts(parts: Sequence[Layout], platforms: Sequence[str], folder: Path) -> Layout:
    """Make a layout of several, each of whose blobs is proved.

    Raises:
        CommandFailedError: a part is broken, or they do not fit together.
    """
    for part in parts:
        verify_blobs(part)
    try:
        data = join_indexes([part.data for part in parts], platforms)
    except UnfitError as error:
        raise CommandFailedError(
            f"the parts of {folder.name} cannot be joined", why=str(error), fix="build all of them again"
        ) from error
    prepare_layout(folder)
    for part in parts:
        for digest in referenced_blobs(part):
            if digest != part.digest and not files.is_file(blob_path(folder, digest)):
                with files.opened(blob_path(part.folder, digest)) as stream:
                    files.copy(stream, blob_path(folder, digest))
    entry = {"mediaType": INDEX_TYPE, "digest": write_blob(folder, data), "size": len(data)}
    write_index(folder, [entry])
    layout = read_layout(folder)
    drop_other_blobs(layout)
    return layout


_HAND_ON = "give the input `built` of the action merge `${{ toJSON(needs.build.outputs) }}`"


def _with_builds(folder: Path) -> Iterator[Path]:
    below = [folder / name for name in files.names_in(folder)]
    yield from (one for one in (folder, *below) if files.is_file(one / BUILD_NAME))


def _refuse_others(parts: Sequence[Part], revision: str) -> None:
    if any(part.build.revision != revision for part in parts):
        told = (f"{part.platforms}: {part.build.revision[:12]}" for part in parts)
        raise InputError(
            f"not all of it was built of {revision[:12]}, which is checked out",
            why="; ".join(told),
            fix="build every platform of the same commit",
        )
    kinds = [
        (part.build.app, {name: one.repository for name, one in part.build.images.items()}) for part in parts
    ]
    if any(kind != kinds[0] for kind in kinds):
        raise InputError(
            "the builds are not of the same images",
            why="; ".join(
                f"{part.platforms}: {', '.join(sorted(part.build.images))} of {part.build.app}"
                for part in parts
            ),
            fix="build every platform with the same fairlead.yaml and the same registry",
        )


def _refuse_platforms(name: str, some: Sequence[BuiltImage], platforms: Sequence[str]) -> None:
    there = [platform for one in some for platform in one.platforms]
    twice = sorted({platform for platform in there if there.count(platform) > 1})
    if twice:
        raise InputError(
            f"the image {name} was built twice for {', '.join(twice)}",
            why="which of them is meant cannot be told",
            fix="give every platform to one build; where one has taken what another run published, run all again",
        )
    missing = [platform for platform in platforms if platform not in there]
    if missing:
        raise InputError(
            f"nobody has built the image {name} for {', '.join(missing)}",
            why=f"it was built for {', '.join(there)}",
            fix=f"`fairlead build --platform {missing[0]}`, and join its folder as well",
        )
