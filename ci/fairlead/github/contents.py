"""What a release changes in what its images hold, on the page of a run. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fairlead.github.summary import code, prose, render_table
from fairlead.image.scan.compared import KINDS, sentence

_MOST_IMAGES = 20


def render_contents(images: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Packages and vulnerabilities since the release before, of each image that has others."""
    found = [(str(one.get("image")), one["contents"]) for one in images if one.get("contents")]
    for name, contents in found[:_MOST_IMAGES]:
        yield f"{code(name)}: {prose(sentence(contents))}"
        if not contents["unknown"]:
            yield _vulnerabilities(contents)
            yield _packages(contents["packages"])
    if len(found) > _MOST_IMAGES:
        yield f"and {len(found) - _MOST_IMAGES} more images, in the log"


def _vulnerabilities(contents: Mapping[str, Any]) -> str:
    kinds = {words: contents[kind] for kind, words in KINDS.items()}
    rows = [
        [words, one["severity"], one["id"], _named(one), one["version"], one["fixed"] or "-"]
        for words, told in kinds.items()
        for one in told["listed"]
    ]
    if not rows:
        return ""
    table = render_table(["", "severity", "vulnerability", "package", "version", "fixed in"], rows)
    return table.rstrip() + _more(sum(told["count"] for told in kinds.values()) - len(rows))


def _packages(packages: Mapping[str, Any]) -> str:
    rows = [
        [_named(one), ", ".join(one["before"]) or "-", ", ".join(one["after"]) or "-"]
        for one in packages["listed"]
    ]
    if not rows:
        return ""
    table = render_table(["package", "before", "now"], rows).rstrip() + _more(packages["count"] - len(rows))
    return f"<details><summary>Packages</summary>\n\n{table}\n\n</details>"


def _named(one: Mapping[str, Any]) -> str:
    """A package, and where it is so where that is not everywhere."""
    return f"{one['package']} ({', '.join(one['platforms'])})" if one["platforms"] else str(one["package"])


def _more(count: int) -> str:
    return f"\n\nand {count} more" if count > 0 else ""
