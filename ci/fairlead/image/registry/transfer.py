"""Whole images between a layout and a registry, digests kept: nothing is converted, so that none changes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import quote, urlsplit

from fairlead import files
from fairlead.errors import CommandFailedError
from fairlead.image.oci.layout import (
    Layout,
    blob_path,
    broken,
    read_blob,
    read_manifest,
    write_blob,
    write_index,
)
from fairlead.image.oci.manifests import INDEX_TYPE, Descriptor, UnfitError, parse_manifest
from fairlead.image.registry.bodies import read_pieces
from fairlead.image.registry.client import Registry, Resolved, pull_scope, push_scope
from fairlead.image.registry.fault import FaultError, explain_fault
from fairlead.image.registry.link import Link, join_address, patiently
from fairlead.image.registry.reference import Reference, parse_reference
from fairlead.parallel import each

_SIDE_BY_SIDE = 4


def push_layout(registry: Registry, layout: Layout, reference: str) -> None:
    """Send an image to where it is not yet, all platforms and attestations; the tag comes last.

    Raises:
        CommandFailedError: the registry does not answer, or refuses; the layout is broken.
    """
    place = parse_reference(reference)
    parts = (*layout.platforms.values(), *layout.attestations)
    manifests = [read_manifest(layout, part) for part in parts]
    blobs = (blob for manifest in manifests for blob in (manifest.config, *manifest.layers))
    send_blobs(registry, reference, blobs, layout.folder)
    for part in parts:
        below = Reference(place.host, place.name, part.digest)
        registry.put_manifest(below, read_blob(layout.folder, part), reference)
    registry.put_manifest(place, layout.data, reference)


def send_blobs(registry: Registry, reference: str, blobs: Iterable[Descriptor], folder: Path) -> None:
    """Send what the repository of a reference does not have yet, from the layout in ``folder``.

    Raises:
        CommandFailedError: the registry does not answer, or refuses; a blob is missing.
    """
    place = parse_reference(reference)
    link = registry.link(place.host)
    _each_blob(blobs, lambda blob: _send_blob(link, place.name, blob, folder), reference)


def pull_layout(registry: Registry, found: Resolved, repository: str, folder: Path) -> None:
    """Fetch an index of ours into a layout, all platforms and attestations; blobs that lie there stay.

    Raises:
        CommandFailedError: the registry does not answer, or refuses, or has something else.
    """
    reference = f"{repository}@{found.digest}"
    place = parse_reference(reference)
    link = registry.link(place.host)
    blobs: list[Descriptor] = []
    try:
        index = found.as_index()
        for part in (*index.platforms.values(), *index.attestations):
            below = registry.read(f"{repository}@{part.digest}")
            if below is None:
                raise CommandFailedError(f"{repository}@{part.digest} is not in the registry")
            write_blob(folder, below.data)
            manifest = parse_manifest(below.data, is_attestation=part in index.attestations)
            blobs += (manifest.config, *manifest.layers)
    except UnfitError as error:
        raise CommandFailedError(
            f"what the registry has as {reference} was not put there by Fairlead", why=str(error)
        ) from error
    _each_blob(blobs, lambda blob: _fetch_blob(link, place.name, blob, folder), reference)
    digest = write_blob(folder, found.data)
    write_index(folder, [Descriptor(INDEX_TYPE, digest, len(found.data)).to_json()])


def _each_blob(blobs: Iterable[Descriptor], call: Callable[[Descriptor], None], reference: str) -> None:
    """Do the same with every blob, several at a time; once with one that stands in two images."""
    distinct = {blob.digest: blob for blob in blobs}.values()
    try:
        each(lambda blob: patiently(lambda: call(blob)), distinct, at_once=_SIDE_BY_SIDE, fail_fast=True)
    except FaultError as fault:
        raise explain_fault(fault, reference) from fault


def _send_blob(link: Link, name: str, blob: Descriptor, folder: Path) -> None:
    """Send a blob, unless the repository has it; from the start where a try before was cut off."""
    if not _has_blob(link, name, blob) and not _mount_blob(link, name, blob):
        with link.ask("POST", f"/v2/{name}/blobs/uploads/", push_scope(name), body=b"") as begun:
            place = _upload_place(begun.headers.get("Location", ""), begun.url, blob)
        kind = {"Content-Type": "application/octet-stream", "Content-Length": str(blob.size)}
        try:
            with link.ask("PUT", place, push_scope(name), headers=kind, body=blob_path(folder, blob.digest)):
                pass
        except FileNotFoundError as error:
            raise broken(folder, f"{blob.digest} is missing") from error
    link.holders[blob.digest] = name


def _has_blob(link: Link, name: str, blob: Descriptor) -> bool:
    try:
        with link.ask("HEAD", f"/v2/{name}/blobs/{blob.digest}", push_scope(name)):
            return True
    except FaultError as fault:
        if fault.status == 404:
            return False
        raise


def _mount_blob(link: Link, name: str, blob: Descriptor) -> bool:
    """Have the registry take a blob over from another repository of it; False where it does not."""
    holder = link.holders.get(blob.digest)
    if holder is None or holder == name:
        return False
    target = f"/v2/{name}/blobs/uploads/?mount={quote(blob.digest)}&from={quote(holder)}"
    try:
        with link.ask("POST", target, push_scope(name), pull_scope(holder), body=b"") as answer:
            return bool(answer.status_code == 201)
    except FaultError as fault:
        if fault.is_passing:
            raise
        return False


def _upload_place(location: str, asked: str, blob: Descriptor) -> str:
    """Where the bytes of a blob go, as the registry has said, and what they must be."""
    if not location:
        raise FaultError("it does not say where a blob goes", status=400)
    place = join_address(asked, location)
    return f"{place}{'&' if urlsplit(place).query else '?'}digest={quote(blob.digest)}"


def _fetch_blob(link: Link, name: str, blob: Descriptor, folder: Path) -> None:
    """Fetch a blob into a layout, where it lies only once it is whole."""
    path = blob_path(folder, blob.digest)
    if files.is_file(path):
        return
    left, hashed = blob.size, hashlib.sha256()
    with (
        link.ask("GET", f"/v2/{name}/blobs/{blob.digest}", pull_scope(name)) as answer,
        files.draft(path) as file,
    ):
        for piece in read_pieces(answer):
            left -= len(piece)
            if left < 0:
                break
            hashed.update(piece)
            file.write(piece)
        if left or f"sha256:{hashed.hexdigest()}" != blob.digest:
            raise FaultError(f"what it gave as {blob.digest} is cut off, or something else")
