"""Image indexes and manifests, read strictly: every part is accounted for, or the whole is refused. Pure.

Whoever may write to a registry may put any document there, and an engine picks from an index what it likes best:
the first of two entries for a platform, one without a platform, one in an index inside, a variant.
So what is taken for ours has one form only, the one that BuildKit writes, and nothing in it is skipped.
Go, in which engines and registries are written, reads keys whatever their case and lets the last of two win;
here a key that is not known, or known twice, ends it.
https://github.com/opencontainers/image-spec/blob/main/image-index.md and manifest.md
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
# What `docker push` of a single image writes.
_DOCKER = "application/vnd.docker"
_DOCKER_MANIFEST = f"{_DOCKER}.distribution.manifest.v2+json"
_CONFIG_TYPES = frozenset({CONFIG_TYPE, f"{_DOCKER}.container.image.v1+json"})
STATEMENT_TYPE = "application/vnd.in-toto+json"
LAYER_TYPES = frozenset(
    {
        *(f"application/vnd.oci.image.layer.v1.tar{how}" for how in ("", "+gzip", "+zstd")),
        *(f"{_DOCKER}.image.rootfs.diff.tar{how}" for how in ("", ".gzip", ".zstd")),
    }
)
LARGEST_DOCUMENT = 4 << 20
"""Bytes; registries and engines take no larger manifest either."""

VARIANTS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("386", "ppc64le", "s390x", "riscv64", "mips64le", "loong64"), frozenset({""})),
    "amd64": frozenset({"", "v1", "v2", "v3", "v4"}),
    "arm64": frozenset({"", "v8", "v9"}),
    # Without a variant an engine takes it for v7.
    "arm": frozenset({"v5", "v6", "v7"}),
}
"""By architecture, as Go spells it: an engine would match other spellings, too (``x86_64``, ``aarch64``, ``8``)."""

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_SAME_AS_NONE = {("amd64", "v1"), ("arm64", "v8")}
_REFERENCE_TYPE = "vnd.docker.reference.type"
REFERENCE_DIGEST = "vnd.docker.reference.digest"
_ATTESTATION = "attestation-manifest"
_UNKNOWN = {"os": "unknown", "architecture": "unknown"}
_MOST_ENTRIES = 500
_LARGEST_BLOB = 1 << 40
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
"""How a half of a character would be written; mostly both are there."""


class UnfitError(ValueError):
    """A document that is not taken; the text says why, as the rest of a sentence."""


@dataclass(frozen=True)
class Descriptor:
    """What a document says of a blob: its type, digest and size."""

    media_type: str
    digest: str
    size: int

    def to_json(self) -> dict[str, Any]:
        """As documents have it."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": self.size}


@dataclass(frozen=True)
class Index:
    """An index of ours: the manifest of each platform, and those that attest something about one of them."""

    platforms: Mapping[str, Descriptor]
    attestations: tuple[Descriptor, ...]

    @property
    def digests(self) -> dict[str, str]:
        """Digest of the image manifest, by platform."""
        return {platform: found.digest for platform, found in self.platforms.items()}


@dataclass(frozen=True)
class Manifest:
    """An image manifest, or that of an attestation."""

    config: Descriptor
    layers: tuple[Descriptor, ...]


def parse_index(data: bytes) -> Index:
    """Read an index.

    Raises:
        UnfitError: there is anything in it that is not known to be harmless.
    """
    raw = _document(data, {"schemaVersion", "mediaType", "manifests", "annotations"}, {INDEX_TYPE})
    entries = raw.get("manifests")
    if not isinstance(entries, list) or not 0 < len(entries) <= _MOST_ENTRIES:
        _refuse("it lists no images, or too many")
    platforms: dict[str, Descriptor] = {}
    attestations: list[tuple[Descriptor, str]] = []
    for entry in entries:
        found = parse_descriptor(entry, {MANIFEST_TYPE}, more={"platform"})
        about = _annotations(entry)
        if _REFERENCE_TYPE in about or REFERENCE_DIGEST in about:
            attestations.append((found, _attested(entry, about)))
            continue
        name = parse_platform(entry.get("platform"))
        if name in platforms:
            _refuse(f"it has two images for {name}")
        platforms[name] = found
    _check_entries(platforms, attestations)
    return Index(platforms, tuple(found for found, _ in attestations))


def parse_manifest(data: bytes, *, is_attestation: bool = False) -> Manifest:
    """Read the manifest of an image, or of an attestation.

    Raises:
        UnfitError: there is anything in it that is not known to be harmless.
    """
    keys = {"schemaVersion", "mediaType", "config", "layers", "annotations"}
    raw = _document(data, keys, {MANIFEST_TYPE, _DOCKER_MANIFEST})
    layers = raw.get("layers")
    if not isinstance(layers, list) or len(layers) > _MOST_ENTRIES:
        _refuse("it lists no layers, or too many")
    types = {STATEMENT_TYPE} if is_attestation else LAYER_TYPES
    return Manifest(
        parse_descriptor(raw.get("config"), _CONFIG_TYPES),
        tuple(parse_descriptor(layer, types) for layer in layers),
    )


def parse_descriptor(raw: Any, media_types: Collection[str], *, more: Collection[str] = ()) -> Descriptor:
    """Read a descriptor. One that brings its content along, or names other places for it, is refused.

    Raises:
        UnfitError: it is none, or of another type.
    """
    if not isinstance(raw, dict):
        _refuse("an entry is no object")
    _only(raw, {"mediaType", "digest", "size", "annotations", *more}, "an entry")
    media_type, digest, size = raw.get("mediaType"), raw.get("digest"), raw.get("size")
    if not isinstance(digest, str) or not DIGEST.fullmatch(digest):
        _refuse(f"an entry has no SHA-256 digest: {str(digest)[:80]}")
    if not isinstance(media_type, str) or media_type not in media_types:
        _refuse(f"{digest} is of the type {str(media_type)[:80]}, which does not belong there")
    if type(size) is not int or not 0 < size <= _LARGEST_BLOB:
        _refuse(f"{digest} has no size")
    _annotations(raw)
    return Descriptor(media_type, digest, size)


def parse_platform(raw: Any) -> str:
    """The name of the platform of an entry.

    An entry without one, or that asks more of a host than system, architecture and variant, is refused:
    what an engine makes of it depends on the engine.

    Raises:
        UnfitError: it is none that an engine would read in one way only.
    """
    if not isinstance(raw, dict):
        _refuse("an image says no platform")
    _only(raw, {"os", "architecture", "variant"}, "a platform")
    system, architecture, variant = raw.get("os"), raw.get("architecture"), raw.get("variant", "")
    if system != "linux" or not isinstance(architecture, str) or architecture not in VARIANTS:
        _refuse(
            f"the platform {str(system)[:20]}/{str(architecture)[:20]} is none that an image is built for"
        )
    if not isinstance(variant, str) or variant not in VARIANTS[architecture]:
        _refuse(f"an image for {architecture} has the variant {str(variant)[:20]!r}")
    return platform_name(raw)


def platform_name(platform: Any) -> str:
    """The name of a platform object: ``linux/arm64``, ``linux/arm/v7``; a variant that is the only one is not told."""
    if not isinstance(platform, dict):
        return "unknown/unknown"
    architecture, variant = platform.get("architecture", "unknown"), platform.get("variant", "")
    name = f"{platform.get('os', 'unknown')}/{architecture}"
    return f"{name}/{variant}" if variant and (architecture, variant) not in _SAME_AS_NONE else name


def foreign_parts(index: Index, platforms: Mapping[str, str]) -> str:
    """Why an index is not that of these images (digest by platform); empty if it is: every entry is one of them."""
    for name, digest in index.digests.items():
        if platforms.get(name) != digest:
            return f"its image for {name} is {digest}, ours is {platforms.get(name, 'none')}"
    missing = sorted(set(platforms) - set(index.platforms))
    return f"it has no image for {', '.join(missing)}" if missing else ""


def strict_json(data: bytes) -> dict[str, Any]:
    """A JSON object in which no key comes twice, and whose texts can be written down again.

    Raises:
        UnfitError: it is none, or too large.
    """
    if len(data) > LARGEST_DOCUMENT:
        _refuse(f"it is larger than {LARGEST_DOCUMENT >> 20} MiB")
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_once, parse_constant=_constant)
    except UnfitError:
        raise
    except (ValueError, RecursionError) as error:
        raise UnfitError(f"it is no JSON: {error}") from error
    if not isinstance(value, dict):
        _refuse("it is no JSON object")
    if _HALF.search(data) and not _is_text(json.dumps(value, ensure_ascii=False)):
        _refuse("a text in it has half a character")
    return value


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def digest_of(data: bytes) -> str:
    """The digest of some bytes."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _document(data: bytes, keys: Collection[str], media_types: Collection[str]) -> dict[str, Any]:
    raw = strict_json(data)
    _only(raw, keys, "it")
    if type(raw.get("schemaVersion")) is not int or raw["schemaVersion"] != 2:
        _refuse("its schemaVersion is not 2")
    media_type = raw.get("mediaType")
    if not isinstance(media_type, str) or media_type not in media_types:
        _refuse(f"its type is {str(media_type)[:80]}")
    _annotations(raw)
    return raw


def _attested(entry: Mapping[str, Any], about: Mapping[str, str]) -> str:
    """The digest of what an attestation is about."""
    if about.get(_REFERENCE_TYPE) != _ATTESTATION:
        _refuse(f"an entry is a reference of the kind {about.get(_REFERENCE_TYPE, '')[:40]!r}")
    if entry.get("platform") != _UNKNOWN:
        _refuse("an attestation has a platform, so that an engine might run it")
    return about.get(REFERENCE_DIGEST, "")


def _check_entries(
    platforms: Mapping[str, Descriptor], attestations: Iterable[tuple[Descriptor, str]]
) -> None:
    if not platforms:
        _refuse("it has no image")
    images = [found.digest for found in platforms.values()]
    if len(set(images)) != len(images):
        _refuse("one image stands for several platforms")
    seen: set[tuple[str, str]] = set()
    for found, about in attestations:
        if about not in images:
            _refuse(f"an attestation is about {about[:80] or 'nothing'}, which is no image of it")
        if found.digest in images:
            _refuse(f"{found.digest} is an image and an attestation at once")
        if (found.digest, about) in seen:
            _refuse(f"the attestation {found.digest} stands there twice")
        seen.add((found.digest, about))


def _annotations(raw: Mapping[str, Any]) -> dict[str, str]:
    found = raw.get("annotations", {})
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        _refuse("its annotations are no texts")
    return found


def _only(raw: Mapping[str, Any], known: Collection[str], what: str) -> None:
    more = sorted(set(raw) - set(known))
    if more:
        _refuse(f"{what} has {', '.join(more)[:80]}, which no image of ours has")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        _refuse("a key stands in it twice")
    return value


def _constant(name: str) -> NoReturn:
    _refuse(f"it holds {name}")


def _refuse(why: str) -> NoReturn:
    raise UnfitError(why)
