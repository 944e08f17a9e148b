"""An index of ours, what could be wrong with one, and what an engine would make of it.

``grants`` is an engine that is as generous as any: it reads keys whatever their case and lets the last of two win, as
Go does, spells platforms in every way, takes an entry without a platform for any, and follows an index in an index.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fairlead.image.oci.manifests import CONFIG_TYPE, INDEX_TYPE, MANIFEST_TYPE

Object = dict[str, Any]
THEIRS = "sha256:" + "e" * 64
_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
_OCI_KEYS = (
    "schemaVersion", "mediaType", "manifests", "annotations", "subject", "artifactType", "digest", "size", "platform",
    "urls", "data", "os", "architecture", "variant", "os.version", "os.features", "features", "config", "layers",
)  # fmt: skip


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def entry(of: str, platform: Any, **more: Any) -> Object:
    return {"mediaType": MANIFEST_TYPE, "digest": of, "size": 500, "platform": platform, **more}


def system(name: str) -> Object:
    parts = ("os", "architecture", "variant")
    return dict(zip(parts, name.split("/"), strict=False))


def attestation(of: str, about: str, **more: Any) -> Object:
    said = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": about}
    return entry(of, {"architecture": "unknown", "os": "unknown"}, annotations=said, **more)


@dataclass(frozen=True)
class Sample:
    """An index as BuildKit writes it: each image, then an attestation of each."""

    platforms: Mapping[str, str] = field(
        default_factory=lambda: {"linux/amd64": digest(1), "linux/arm64": digest(2)}
    )

    def value(self) -> Object:
        images = [entry(of, system(name)) for name, of in self.platforms.items()]
        about = [attestation(digest(50 + number), image["digest"]) for number, image in enumerate(images)]
        return {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [*images, *about]}

    @property
    def data(self) -> bytes:
        return json.dumps(self.value()).encode()


INDEX = Sample()


def image(layers: int = 2) -> Object:
    return {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": {"mediaType": CONFIG_TYPE, "digest": digest(9), "size": 10},
        "layers": [{"mediaType": _LAYER, "digest": digest(10 + n), "size": 10 + n} for n in range(layers)],
    }


# ---- what an attacker changes -----------------------------------------------------------------------------


def _theirs(dice: random.Random, index: Object) -> None:
    """An entry of theirs, anywhere, on any platform an engine might match."""
    places: tuple[Any, ...] = (
        system("linux/amd64"), system("linux/arm64/v8"), system("linux/arm64"), system("linux/amd64/v3"),
        system("linux/aarch64"), system("linux/x86_64"), system("LINUX/AMD64"), system("linux/arm"), None, {},
        {"os": "linux"}, {**system("linux/amd64"), "os.version": "1"}, {**system("linux/amd64"), "os.features": ["x"]},
        {**system("linux/amd64"), "variant": ""}, {**system("linux/arm64"), "variant": "8"},
        {"OS": "linux", "Architecture": "amd64"}, system("unknown/unknown"), "linux/amd64", [], 7,
    )  # fmt: skip
    made = entry(THEIRS, dice.choice(places))
    made["mediaType"] = dice.choice(
        (MANIFEST_TYPE, INDEX_TYPE, "application/vnd.docker.distribution.manifest.v2+json", "", None, 5)
    )
    if dice.random() < 0.3:
        del made["platform"]
    if dice.random() < 0.4:
        made["annotations"] = dice.choice(index["manifests"]).get("annotations", {})
    index["manifests"].insert(dice.randint(0, len(index["manifests"])), made)


def _swap(dice: random.Random, index: Object) -> None:
    """Digests change places, or become theirs."""
    one, two = dice.choice(index["manifests"]), dice.choice(index["manifests"])
    one.setdefault("digest", digest(3)), two.setdefault("digest", digest(4))
    one["digest"], two["digest"] = dice.choice(
        ((two["digest"], one["digest"]), (THEIRS, two["digest"]), (two["digest"], two["digest"]))
    )


def _point_elsewhere(dice: random.Random, index: Object) -> None:
    """An attestation is about something else, or about nothing, or runs."""
    chosen = index["manifests"][-1]
    if not isinstance(chosen.get("annotations"), dict):
        chosen["annotations"] = {}
    said = chosen["annotations"]
    key = dice.choice(("vnd.docker.reference.digest", "vnd.docker.reference.type", "x"))
    said[key] = dice.choice((THEIRS, "", "attestation-manifest", digest(1), 5, None))
    if dice.random() < 0.5:
        chosen["platform"] = dice.choice((system("linux/amd64"), None, system("unknown/unknown/v8")))


def _nest(dice: random.Random, index: Object) -> None:
    """An index stands where an image should, or within the index itself."""
    chosen = dice.choice(index["manifests"])
    chosen["mediaType"] = INDEX_TYPE
    if dice.random() < 0.5:
        chosen["manifests"] = [entry(THEIRS, system("linux/amd64"))]


def _more(dice: random.Random, index: Object) -> None:
    """A key more, in any spelling: one that engines know, or the content itself."""
    place = dice.choice((index, *index["manifests"], *(one.get("platform") for one in index["manifests"])))
    if not isinstance(place, dict):
        return
    key = dice.choice(_OCI_KEYS)
    key = dice.choice((key, key.upper(), key.title(), key + " ", key.replace("s", "\u017f")))
    values: tuple[Any, ...] = (
        THEIRS, [], {}, None, 2, "linux", "amd64", [entry(THEIRS, system("linux/amd64"))], ["https://evil.example"],
        "e30=", {"digest": THEIRS}, INDEX_TYPE,
    )  # fmt: skip
    place[key] = dice.choice(values)


def _less(dice: random.Random, index: Object) -> None:
    """A key less, or an entry."""
    if dice.random() < 0.4:
        index["manifests"].pop(dice.randrange(len(index["manifests"])))
        return
    place = dice.choice((index, *index["manifests"]))
    place.pop(dice.choice(list(place)), None)


def _order(dice: random.Random, index: Object) -> None:
    dice.shuffle(index["manifests"])


_CHANGES: tuple[Callable[[random.Random, Object], None], ...] = (
    _theirs, _theirs, _swap, _point_elsewhere, _nest, _more, _more, _less, _order,
)  # fmt: skip


def hostile(dice: random.Random) -> bytes:
    """An index of ours with one to three things wrong with it, or none."""
    index = copy.deepcopy(INDEX.value())
    for _ in range(dice.randint(0, 3)):
        if isinstance(index.get("manifests"), list) and index["manifests"]:
            dice.choice(_CHANGES)(dice, index)
    text = json.dumps(index)
    if dice.random() < 0.15:
        text = _twice(dice, text)
    data = text.encode()
    return dice.choice(
        (data,) * 12 + (b"\xef\xbb\xbf" + data, text.encode("utf-16"), data + b"{}", data[:-1], data + b"\0")
    )


def _twice(dice: random.Random, text: str) -> str:
    """A key twice: readers differ in which of the two they take."""
    more = (
        '"manifests": [], ', f'"manifests": {json.dumps([entry(THEIRS, system("linux/amd64"))])}, ',
        f'"digest": "{THEIRS}", ', '"platform": null, ', '"mediaType": "", ', '"size": 1, ',
    )  # fmt: skip
    starts = [number for number, letter in enumerate(text) if letter == "{"]
    at = dice.choice(starts) + 1
    return text[:at] + dice.choice(more) + text[at:]


# ---- what an engine takes -----------------------------------------------------------------------------------

_SPELT = {
    "x86_64": "amd64",
    "x86-64": "amd64",
    "aarch64": "arm64",
    "armhf": "arm",
    "armel": "arm",
    "i386": "386",
}


def grants(data: bytes, architecture: str) -> frozenset[str]:
    """The digests that some engine might run on a host with this architecture."""
    try:
        value = json.loads(data.decode("utf-8-sig"))
    except ValueError:
        return frozenset()
    return frozenset(_runnable(value, architecture, 0))


def _runnable(value: Any, architecture: str, depth: int) -> Iterator[str]:
    entries = _get(value, "manifests")
    if depth > 3 or not isinstance(entries, list):
        return
    for one in entries:
        platform = _get(one, "platform")
        if isinstance(platform, dict) and platform:
            named = str(_get(platform, "architecture") or "").lower()
            if str(_get(platform, "os") or "linux").lower() == "unknown":
                continue
            if named and _SPELT.get(named, named) != architecture:
                continue
        found = _get(one, "digest")
        if isinstance(found, str):
            yield found
        if _get(one, "data") or _get(one, "urls"):
            yield "what it brings along"
        yield from _runnable(one, architecture, depth + 1)


def _get(value: Any, key: str) -> Any:
    if not isinstance(value, dict):
        return None
    found = [content for name, content in value.items() if name.casefold() == key]
    return found[-1] if found else None
