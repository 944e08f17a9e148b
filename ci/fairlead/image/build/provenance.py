"""Provenance without the hour: the same commit, built twice, gets the same attestation and the same index.

BuildKit writes when a build began and ended, and a random number for it, into each attestation.
So the index, whose digest is what Fairlead scans, publishes and deploys, would differ on every rebuild,
though every image in it is the same. The three fields are optional in SLSA, and are taken out; the address of the source is written in one way,
whatever the clone calls its remote. All that says *what* was built, of which source and materials, stays.
https://slsa.dev/spec/v0.2/provenance, https://slsa.dev/spec/v1.0/provenance
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from fairlead.errors import CommandFailedError
from fairlead.image.oci.join import compact_json
from fairlead.image.oci.layout import (
    Layout,
    read_json_blob,
    read_layout,
    read_manifest,
    write_blob,
    write_index,
)
from fairlead.image.oci.manifests import STATEMENT_TYPE, Descriptor

_PROVENANCE = "https://slsa.dev/provenance/"
_IMAGE_URI = "pkg:docker/"
# SLSA 0.2 (metadata.…) and 1.0 (runDetails.metadata.…), as BuildKit spells them.
_VOLATILE = frozenset(
    {"buildInvocationID", "buildInvocationId", "buildStartedOn", "buildFinishedOn"}
    | {"invocationId", "invocationID", "startedOn", "finishedOn"}
)


def settle_provenance(layout: Layout, source_url: str) -> Layout:
    """Rewrite the attestations of a layout without their volatile fields, and its index to match.

    Args:
        layout: an image.
        source_url: where its source can be browsed; empty if that is not known.

    Raises:
        CommandFailedError: the layout is broken.
    """
    replaced = {}
    for descriptor in layout.attestations:
        settled = _settled_descriptor(layout, descriptor, source_url)
        # The same attestation stands for several images when its subject is not told.
        replaced[descriptor.digest] = settled
    index = read_json_blob(layout.folder, layout.digest)
    index["manifests"] = [{**entry, **replaced.get(entry["digest"], {})} for entry in index["manifests"]]
    data = compact_json(index)
    entry = {
        "mediaType": index.get("mediaType"),
        "digest": write_blob(layout.folder, data),
        "size": len(data),
    }
    write_index(layout.folder, [entry])
    return read_layout(layout.folder)


def read_bases(layout: Layout) -> dict[str, frozenset[str]]:
    """The images that an image was built from, as its provenance names them, each with the digests it was taken by.

    A Dockerfile that names a base by tag alone gets whatever the tag points to; this is what it was.

    Raises:
        CommandFailedError: the layout is broken.
    """
    found: dict[str, set[str]] = {}
    for descriptor in layout.attestations:
        for layer in read_manifest(layout, descriptor).layers:
            for name, digest in parse_bases(read_json_blob(layout.folder, layer.digest)):
                found.setdefault(name, set()).add(digest)
    return {name: frozenset(digests) for name, digests in found.items()}


def settle_bases(found: Mapping[str, Mapping[str, frozenset[str]]]) -> dict[str, dict[str, str]]:
    """By image, its bases with one digest each.

    Raises:
        CommandFailedError: a base was taken by several digests in one build: its tag moved meanwhile.
    """
    digests: dict[str, set[str]] = {}
    for bases in found.values():
        for name, some in bases.items():
            digests.setdefault(name, set()).update(some)
    for name, taken in digests.items():
        if len(taken) > 1:
            raise CommandFailedError(
                f"the base image {name} changed while the build ran",
                why=f"it was taken as {' and as '.join(sorted(taken))}",
                fix="build again; with its digest in the Dockerfile (FROM NAME@sha256:…) it cannot change",
            )
    return {image: {name: min(digests[name]) for name in sorted(bases)} for image, bases in found.items()}


def parse_bases(statement: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each image among the materials of a provenance statement, and its digest."""
    if not str(statement.get("predicateType", "")).startswith(_PROVENANCE):
        return
    predicate = statement.get("predicate") or {}
    definition = predicate.get("buildDefinition") or {}
    for material in (predicate.get("materials") or ()) or (definition.get("resolvedDependencies") or ()):
        uri, digest = str(material.get("uri", "")), (material.get("digest") or {}).get("sha256", "")
        name, is_image, version = uri.partition("?")[0].removeprefix(_IMAGE_URI).rpartition("@")
        if uri.startswith(_IMAGE_URI) and is_image and digest:
            yield f"{unquote(name)}:{unquote(version)}", f"sha256:{digest}"


def stable_statement(statement: Mapping[str, Any], source_url: str) -> dict[str, Any]:
    """An in-toto statement without what differs between two builds of the same thing."""
    if not str(statement.get("predicateType", "")).startswith(_PROVENANCE):
        return dict(statement)
    predicate = _with_stable_metadata(statement.get("predicate") or {}, source_url)
    details = predicate.get("runDetails")
    if isinstance(details, dict):
        predicate["runDetails"] = _with_stable_metadata(details, source_url)
    return {**statement, "predicate": predicate}


def _with_stable_metadata(holder: Mapping[str, Any], source_url: str) -> dict[str, Any]:
    metadata = holder.get("metadata")
    if not isinstance(metadata, dict):
        return dict(holder)
    stable = {key: _with_source(value, source_url) for key, value in metadata.items() if key not in _VOLATILE}
    return {**holder, "metadata": stable}


def _with_source(details: Any, source_url: str) -> Any:
    """BuildKit's own metadata without folders; a remote may be a path of this machine, or one of many spellings."""
    if not isinstance(details, dict) or not isinstance(details.get("vcs"), dict):
        return details
    told = ("source", "localdir:context", "localdir:dockerfile")
    vcs = {key: value for key, value in details["vcs"].items() if key not in told}
    return {**details, "vcs": {**vcs, **({"source": source_url} if source_url else {})}}


def _settled_descriptor(layout: Layout, descriptor: Descriptor, source_url: str) -> dict[str, Any]:
    """Digest and size of the attestation when it is settled."""
    manifest = read_json_blob(layout.folder, descriptor.digest)
    layers = [_settled_layer(layout, layer, source_url) for layer in manifest.get("layers", [])]
    config = manifest["config"]
    if layers != manifest.get("layers"):
        # The configuration of an attestation lists its statements as if they were layers.
        content = read_json_blob(layout.folder, config["digest"])
        content["rootfs"] = {"type": "layers", "diff_ids": [layer["digest"] for layer in layers]}
        data = compact_json(content)
        config = {**config, "digest": write_blob(layout.folder, data), "size": len(data)}
    data = compact_json({**manifest, "config": config, "layers": layers})
    return {"digest": write_blob(layout.folder, data), "size": len(data)}


def _settled_layer(layout: Layout, layer: Mapping[str, Any], source_url: str) -> dict[str, Any]:
    if layer.get("mediaType") != STATEMENT_TYPE:
        return dict(layer)
    data = compact_json(stable_statement(read_json_blob(layout.folder, layer["digest"]), source_url))
    return {**layer, "digest": write_blob(layout.folder, data), "size": len(data)}
