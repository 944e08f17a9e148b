"""What machines have built a platform each is, joined, what one machine would have built of all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.image.oci.join import compact_json, join_indexes
from fairlead.image.oci.manifests import INDEX_TYPE, UnfitError, strict_json
from tests.unit.image.indexes import attestation, digest, entry, system

NAMES = ("linux/amd64", "linux/arm64", "linux/arm/v7", "linux/s390x", "linux/386")


def index(entries: list[dict[str, Any]], more: Mapping[str, Any]) -> bytes:
    return compact_json({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": entries, **more})


@st.composite
def split(draw: st.DrawFn) -> tuple[bytes, list[bytes], list[str]]:
    """An index as BuildKit writes it, the same as several builds would have written it, and its platforms."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
    images = {name: entry(digest(number), system(name)) for number, name in enumerate(names, 1)}
    about = {
        name: attestation(digest(100 + number), image["digest"])
        for number, (name, image) in enumerate(images.items())
        if draw(st.booleans())
    }
    more = {"annotations": {"a": "b"}} if draw(st.booleans()) else {}
    builder = draw(st.lists(st.integers(0, 2), min_size=len(names), max_size=len(names)))

    def built(by: set[int]) -> bytes:
        own = [name for name, one in zip(names, builder, strict=True) if one in by]
        return index([*(images[name] for name in own), *(about[name] for name in own if name in about)], more)

    parts = [built({one}) for one in draw(st.permutations(sorted(set(builder))))]
    return built({0, 1, 2}), parts, names


@given(split())
def test_the_index_is_the_one_of_a_single_build_to_the_byte(
    made: tuple[bytes, list[bytes], list[str]],
) -> None:
    whole, parts, names = made
    assert join_indexes(parts, names) == whole


@given(split())
def test_the_order_in_which_parts_arrive_changes_nothing(made: tuple[bytes, list[bytes], list[str]]) -> None:
    _, parts, names = made
    assert join_indexes(parts[::-1], names) == join_indexes(parts, names)


def test_two_images_for_one_platform_are_not_joined() -> None:
    parts = [index([entry(digest(number), system("linux/arm64"))], {}) for number in (1, 2)]
    with pytest.raises(UnfitError, match="two of them have an image for linux/arm64"):
        join_indexes(parts, NAMES)


def test_one_image_does_not_stand_for_two_platforms() -> None:
    parts = [index([entry(digest(1), system(name))], {}) for name in NAMES[:2]]
    with pytest.raises(UnfitError, match="one image stands for several platforms"):
        join_indexes(parts, NAMES)


def test_what_is_no_index_of_ours_is_not_joined() -> None:
    good = index([entry(digest(1), system("linux/amd64"))], {})
    odd = index([entry(digest(2), {**system("linux/arm64"), "os.version": "1"})], {})
    with pytest.raises(UnfitError):
        join_indexes([good, odd], NAMES)
    annotated = index([entry(digest(2), system("linux/arm64"))], {"annotations": {"a": "b"}})
    with pytest.raises(UnfitError, match="write alike"):
        join_indexes([good, annotated], NAMES)
    assert strict_json(join_indexes([good], ()))
