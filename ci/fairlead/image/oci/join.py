"""One index of several, each with images for other platforms: what one build for all of them would have given. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from fairlead.image.oci.manifests import (
    REFERENCE_DIGEST,
    UnfitError,
    parse_index,
    parse_platform,
    strict_json,
)


def join_indexes(parts: Sequence[bytes], platforms: Sequence[str]) -> bytes:
    """The index with every entry of the parts: the images in the order of ``platforms``, then their attestations.

    That is the form which BuildKit gives an index (``exporter/containerimage/writer.go``).

    Args:
        parts: indexes of ours, which have no platform in common.
        platforms: the order; those that it does not name come after it.

    Raises:
        UnfitError: one is no index of ours, two have an image for one platform, or say different things of themselves.
    """
    images: dict[str, dict[str, Any]] = {}
    attestations: list[dict[str, Any]] = []
    documents = [_checked(data) for data in parts]
    for document in documents:
        for entry in document["manifests"]:
            if _about(entry):
                attestations.append(entry)
                continue
            name = parse_platform(entry["platform"])
            if name in images:
                raise UnfitError(f"two of them have an image for {name}")
            images[name] = entry
    heads = [{**document, "manifests": None} for document in documents]
    if any(head != heads[0] for head in heads):
        raise UnfitError("they were not made by builders that write alike")
    order = {name: place for place, name in enumerate(dict.fromkeys([*platforms, *images]))}
    entries = sorted(images.items(), key=lambda named: order[named[0]])
    place = {entry["digest"]: number for number, (_, entry) in enumerate(entries)}
    attestations.sort(key=lambda entry: place[_about(entry)])
    joined = compact_json({**heads[0], "manifests": [*(entry for _, entry in entries), *attestations]})
    parse_index(joined)
    return joined


def compact_json(value: Any) -> bytes:
    """A document as this program writes it into a layout: the same bytes for the same values."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def _checked(data: bytes) -> dict[str, Any]:
    parse_index(data)
    return strict_json(data)


def _about(entry: dict[str, Any]) -> str:
    """The digest of the image that an entry attests something about; empty where it is an image itself."""
    return str((entry.get("annotations") or {}).get(REFERENCE_DIGEST, ""))
