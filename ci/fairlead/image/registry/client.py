"""Registries: what is there, and what goes there.

A push sends blobs first, then manifests, and the index with the tag last, so that one that is cut off leaves nothing
that can be pulled. Layers go by as streams, whatever their size.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from fairlead.errors import CommandFailedError, InputError
from fairlead.image.oci.manifests import (
    DIGEST,
    INDEX_TYPE,
    MANIFEST_TYPE,
    Index,
    UnfitError,
    digest_of,
    parse_index,
    parse_manifest,
    platform_name,
    strict_json,
)
from fairlead.image.registry.bodies import read_small
from fairlead.image.registry.credentials import (
    Credentials,
    find_login,
    find_stored_login,
    is_loopback,
    read_credentials,
    registry_host,
)
from fairlead.image.registry.fault import FaultError, explain_fault
from fairlead.image.registry.link import Link, patiently
from fairlead.image.registry.mirrors import Source, read_sources
from fairlead.image.registry.reference import Reference, parse_reference

Found = TypeVar("Found")

_DOCKER = "application/vnd.docker.distribution.manifest"
_ANY_TYPE = f"{INDEX_TYPE}, {MANIFEST_TYPE}, {_DOCKER}.list.v2+json, {_DOCKER}.v2+json"


@dataclass(frozen=True)
class Resolved:
    """What a reference points at, byte for byte: an index, or a manifest. ``as_index`` reads it."""

    reference: str
    data: bytes

    @property
    def digest(self) -> str:
        return digest_of(self.data)

    def as_index(self) -> Index:
        """The index that it is, read strictly: for images of ours.

        Raises:
            UnfitError: it is none, or one that an engine might read otherwise.
        """
        return parse_index(self.data)

    def platforms_of_ours(self) -> Mapping[str, str]:
        """Digest of the manifest by platform; empty where it is one image and no index.

        Raises:
            CommandFailedError: it is neither in the form that images of ours have.
        """
        try:
            if "manifests" not in strict_json(self.data):
                parse_manifest(self.data)
                return {}
            return self.as_index().digests
        except UnfitError as error:
            raise CommandFailedError(
                f"what the registry has as {self.reference} was not put there by Fairlead",
                why=str(error),
                fix="find out who wrote it; then build, scan and publish a new commit",
            ) from error


class Registry:
    """A way to registries. Threads may share it.

    Args:
        login: tells the login for a host, or None; asked where a registry wants one.
        mirrors: the file that names mirrors to read from, ``registries.conf``; empty for none.

    Raises:
        CommandFailedError: from every method, where a registry does not answer or refuses.
    """

    def __init__(self, login: Callable[[str], Credentials | None], mirrors: str = "") -> None:
        # A helper of the user's is a program: it is asked once.
        self._login = functools.cache(login)
        self._mirrors = mirrors
        self._links: dict[tuple[str, bool], Link] = {}

    def read(self, reference: str) -> Resolved | None:
        """What a reference points at; None if it is not there."""
        return self._first(reference, lambda source: self._read(source, reference))

    def read_labels(self, reference: str, platform: str) -> Mapping[str, str]:
        """The labels of the image of one platform."""
        labels = self.read_config(reference, platform).get("config", {}).get("Labels") or {}
        return {str(key): str(value) for key, value in labels.items()}

    def read_config(self, reference: str, platform: str) -> dict[str, Any]:
        """The configuration of the image of one platform, held to the digest in its manifest."""
        found = self._first(reference, lambda source: self._read_config(source, reference, platform))
        if found is None:
            raise CommandFailedError(f"{reference} is not in the registry")
        return found

    def has_repository(self, repository: str) -> bool:
        """Whether there is anything in a repository that the login may see."""
        place = parse_reference(repository)
        try:
            patiently(lambda: self._get(self.link(place.host), place.name, f"/v2/{place.name}/tags/list?n=1"))
        except FaultError as fault:
            if fault.status == 404:
                return False
            raise explain_fault(fault, repository) from fault
        return True

    def tag(self, source: str, reference: str) -> None:
        """Give what is in the registry already, an index of ours or of others, another tag: one write."""
        found = self.read(source)
        if found is None:
            raise CommandFailedError(f"{source} is not in the registry")
        self.put_manifest(parse_reference(reference), found.data, reference)

    def put_manifest(self, place: Reference, data: bytes, reference: str) -> None:
        """Write a manifest or index under a tag, or under its digest alone."""
        kind = str(strict_json(data).get("mediaType") or INDEX_TYPE)
        target = f"/v2/{place.name}/manifests/{place.version}"

        def put() -> None:
            headers = {"Content-Type": kind}
            with self.link(place.host).ask("PUT", target, push_scope(place.name), headers=headers, body=data):
                pass

        try:
            patiently(put)
        except FaultError as fault:
            raise explain_fault(fault, reference) from fault

    def link(self, host: str, *, is_plain: bool = False) -> Link:
        """The way to one registry; plain HTTP on a loopback address, as the engine has it."""
        key = host, is_plain or is_loopback(host)
        if key not in self._links:
            self._links[key] = Link(host, self._login, is_plain=key[1])
        return self._links[key]

    def _first(self, reference: str, read: Callable[[Source], Found | None]) -> Found | None:
        """What is read at the first source that has it; None if it is not there.

        A mirror may lack it or a part of it, be down, or give rubbish: the registry itself has the last word.
        """
        place = parse_reference(reference)
        *mirrors, own = read_sources(place.host, place.name, self._mirrors)
        for mirror in mirrors:
            with contextlib.suppress(CommandFailedError):
                found = read(mirror)
                if found is not None:
                    return found
        return read(own)

    def _read(self, source: Source, reference: str) -> Resolved | None:
        target = f"/v2/{source.name}/manifests/{parse_reference(reference).version}"
        try:
            data = self._fetch(source, target)
        except FaultError as fault:
            if fault.status == 404:
                return None
            raise explain_fault(fault, reference) from fault
        return read_answer(reference, data)

    def _read_config(self, source: Source, reference: str, platform: str) -> dict[str, Any] | None:
        resolved = self._read(source, reference)
        if resolved is None:
            return None
        try:
            manifest = strict_json(resolved.data)
            if "manifests" in manifest:
                digest = _manifest_for(manifest, platform)
                manifest = strict_json(self._document(source, "manifests", digest, reference))
            config = str(manifest["config"]["digest"])
            return strict_json(self._document(source, "blobs", config, reference))
        except (UnfitError, LookupError, TypeError) as error:
            raise CommandFailedError(
                f"what the registry has as {reference} is no image for {platform}", why=str(error)
            ) from error

    def _document(self, source: Source, kind: str, digest: str, reference: str) -> bytes:
        """A small blob or a manifest, proved by its digest."""
        if not DIGEST.fullmatch(digest):
            raise UnfitError(f"{digest[:80]} is no SHA-256 digest")
        target = f"/v2/{source.name}/{kind}/{digest}"
        try:
            data = self._fetch(source, target)
        except FaultError as fault:
            raise explain_fault(fault, reference) from fault
        if digest_of(data) != digest:
            raise UnfitError(f"asked for {digest}, it gave {digest_of(data)}")
        return data

    def _fetch(self, source: Source, target: str) -> bytes:
        link = self.link(source.host, is_plain=source.is_plain)
        return patiently(lambda: self._get(link, source.name, target))

    @staticmethod
    def _get(link: Link, name: str, target: str) -> bytes:
        with link.ask("GET", target, pull_scope(name), headers={"Accept": _ANY_TYPE}) as answer:
            return read_small(answer)


def pull_scope(name: str) -> str:
    """What a token to read a repository is for."""
    return f"repository:{name}:pull"


def push_scope(name: str) -> str:
    """What a token to write to a repository is for."""
    return f"repository:{name}:pull,push"


def open_registry(host: str, environ: Mapping[str, str], mirrors: str = "") -> Registry:
    """A way to registries for a command: the login in the variables is for ``host``, others are Docker's.

    Raises:
        InputError: only half of a login is given, or it was issued for another host.
    """
    given = read_credentials(host, environ)

    def login(asked: str) -> Credentials | None:
        return given if given is not None and asked == host else find_stored_login(asked, environ)

    return Registry(login, mirrors)


def resolve_image(reference: str, *, environ: Mapping[str, str], registry: str = "") -> Resolved:
    """What a reference such as ``postgres:17`` points at now.

    Mirrors of ``CONTAINERS_REGISTRIES_CONF`` count.

    Args:
        reference: an image.
        environ: variables; the login in them is for one registry and goes to no other.
        registry: the app's registry, whose login that is; without it that of ``FAIRLEAD_REGISTRY``.

    Raises:
        InputError: there is no such image.
        CommandFailedError: the registry does not answer, or refuses.
    """
    found = registry_for(reference, environ, registry).read(reference)
    if found is None:
        raise InputError(
            f"the image {reference} is not in the registry",
            why=f"{registry_host(reference)} knows no such name or tag",
            fix="check its spelling; an image of ours is put there by `fairlead publish`",
        )
    return found


def read_image_config(
    reference: str, platform: str, *, environ: Mapping[str, str], registry: str = ""
) -> dict[str, Any]:
    """The configuration of the image of one platform; as ``resolve_image``.

    Raises:
        CommandFailedError: it is not there, or the registry does not answer, or refuses.
    """
    return registry_for(reference, environ, registry).read_config(reference, platform)


def check_login(reference: str, environ: Mapping[str, str]) -> None:
    """Try the login for the registry of an image, which may not be there yet; without one there is nothing to try.

    Raises:
        CommandFailedError: the registry refuses it, or does not answer.
    """
    host = registry_host(reference)
    login = find_login(host, environ)
    if login is None:
        return
    try:
        patiently(lambda: _ping(Registry(lambda _: login).link(host)))
    except FaultError as fault:
        raise explain_fault(fault, reference) from fault


def _ping(link: Link) -> None:
    with link.ask("GET", "/v2/"):
        pass


def registry_for(reference: str, environ: Mapping[str, str], registry: str) -> Registry:
    """The way to the registry of a reference, ours or another's; as ``resolve_image``."""
    host, mirrors = registry_host(reference), environ.get("CONTAINERS_REGISTRIES_CONF", "")
    own = registry or environ.get("FAIRLEAD_REGISTRY", "")
    if own and registry_host(own) == host:
        return open_registry(host, environ, mirrors)
    return Registry(lambda asked: find_stored_login(asked, environ), mirrors)


def read_answer(reference: str, data: bytes) -> Resolved:
    """What a registry answered: the bytes of a manifest or index.

    Raises:
        CommandFailedError: it is none.
    """
    found = Resolved(reference, data)
    try:
        value = strict_json(data)
    except UnfitError as error:
        raise CommandFailedError(
            f"what the registry has as {reference} is no image", why=str(error)
        ) from error
    asked = reference.partition("@")[2]
    if not {"manifests", "config"} & set(value) or (asked and asked != found.digest):
        raise CommandFailedError(
            f"what the registry has as {reference} is no image",
            why=f"its answer has the digest {found.digest}",
        )
    return found


def _manifest_for(index: Mapping[str, Any], platform: str) -> str:
    """The digest of the manifest for a platform, of an index of whomever."""
    for entry in index["manifests"]:
        if platform_name(entry.get("platform")) == platform:
            return str(entry["digest"])
    raise LookupError(f"its index has none for {platform}")
