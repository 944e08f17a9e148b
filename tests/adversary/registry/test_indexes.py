"""What stands under the tag of a commit, written by somebody else than ``fairlead publish``."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.adversary.registry.hand import INDEX_TYPE, Hand
from tests.integration.image.workshop import Workshop

Entry = dict[str, Any]
KINDS: dict[str, Callable[[list[Entry], Entry], list[Entry]]] = {
    "theirs first": lambda ours, theirs: [theirs, *ours],
    "theirs last": lambda ours, theirs: [*ours, theirs],
    "theirs as a variant": lambda ours, theirs: [_on(theirs, variant="v3"), *ours],
    "theirs spelt otherwise": lambda ours, theirs: [_on(theirs, architecture="x86_64"), *ours],
    "theirs for no platform": lambda ours, theirs: [_without(theirs), *ours],
    "theirs as an attestation that runs": lambda ours, theirs: [
        {**theirs, "annotations": ours[-1]["annotations"]},
        *ours,
    ],
    "an attestation of theirs": lambda ours, theirs: [
        *ours[:-1],
        {
            **ours[-1],
            "annotations": {**ours[-1]["annotations"], "vnd.docker.reference.digest": theirs["digest"]},
        },
    ],
    "another platform": lambda ours, theirs: [*ours, _on(theirs, architecture="arm64")],
    "theirs instead of ours": lambda ours, theirs: [theirs, *ours[1:]],
}


def test_an_index_of_somebody_else_is_not_adopted(shop: Workshop, hand: Hand) -> None:
    """Puts an index with an image of his beside ours, in nine ways, under the tag of a commit that is to be published.

    Holds: `publish` reads strictly what is there and takes it only if every entry is one of ours; it ends with 4
    and says which entry is not.
    """
    sha = f"sha-{shop.built['revision']}"
    published = shop.ok("publish")
    index = json.loads(hand.manifest(sha))
    ours = index["manifests"]
    digest, size = hand.twin(ours[0]["digest"])
    theirs = {**ours[0], "digest": digest, "size": size}
    for kind, change in KINDS.items():
        hand.put({**index, "manifests": change(ours, theirs)}, sha)
        error = shop.refused(4, "publish")
        assert "already names another image" in error["what"], kind
    nested = hand.put({**index, "manifests": [theirs]})
    size = len(json.dumps({**index, "manifests": [theirs]}).encode())
    inner = {"mediaType": INDEX_TYPE, "digest": nested, "size": size}
    hand.put({**index, "manifests": [{**inner, "platform": theirs["platform"]}, *ours]}, sha)
    assert "does not belong there" in shop.refused(4, "publish")["why"]
    hand.put(index, sha)
    assert shop.ok("publish")["images"]["api"]["platforms"] == published["images"]["api"]["platforms"]


def test_a_tag_that_moves_behind_the_back_of_publish_moves_nothing(shop: Workshop, hand: Hand) -> None:
    """Moves the tag of a commit to his image after it was published, before it is deployed.

    Holds: what is deployed is the digest in `publish.json`, which names what was scanned; a second `publish` refuses
    the tag.
    """
    published = shop.ok("publish")["images"]["api"]
    sha = f"sha-{shop.built['revision']}"
    index = json.loads(hand.manifest(sha))
    digest, size = hand.twin(index["manifests"][0]["digest"])
    moved = hand.put({**index, "manifests": [{**index["manifests"][0], "digest": digest, "size": size}]}, sha)
    document = json.loads((shop.work / "publish.json").read_text())["images"]["api"]
    assert document["digest"] == published["digest"] == shop.built["images"]["api"]["digest"] != moved
    assert document["platforms"] == shop.built["images"]["api"]["platforms"]
    assert moved in shop.refused(4, "publish")["why"]


@pytest.mark.parametrize("how", ["two entries", "a key in two spellings", "no index at all"])
def test_a_deploy_without_a_document_takes_no_odd_index(shop: Workshop, hand: Hand, how: str) -> None:
    """Puts an index that engines read in several ways under a commit that another machine deploys by its tag.

    Holds: the tag is read as strictly as by `publish`, and what is not in the form of ours is refused.
    """
    shop.ok("publish")
    sha = f"sha-{shop.built['revision']}"
    index = json.loads(hand.manifest(sha))
    first = index["manifests"][0]
    changed: dict[str, Any] = {
        "two entries": {**index, "manifests": [first, *index["manifests"]]},
        "a key in two spellings": {**index, "Manifests": [first]},
        "no index at all": {**index, "manifests": [{**first, "platform": None}]},
    }
    hand.put(changed[how], sha)
    from fairlead.errors import CommandFailedError
    from fairlead.image.registry.client import resolve_image

    environ = {**shop.lab.environ, "FAIRLEAD_REGISTRY": shop.repository}
    found = resolve_image(f"{shop.repository}/api:{sha}", environ=environ, registry=shop.repository)
    with pytest.raises(CommandFailedError, match="was not put there by Fairlead"):
        found.platforms_of_ours()


def _on(entry: Entry, **changes: str) -> Entry:
    return {**entry, "platform": {**entry["platform"], **changes}}


def _without(entry: Entry) -> Entry:
    return {key: value for key, value in entry.items() if key != "platform"}
