"""What a release changes in what its images hold, asked of the registry while the servers are at work.

It is told and decides nothing, so nothing of it fails a deploy: what cannot be known is said instead.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fairlead.errors import FairleadError

if TYPE_CHECKING:
    from fairlead.image.scan.inventory import Inventory

    FindInventory = Callable[[str, str], Inventory | None]
    """What is kept of an image, by repository and digest: asks the registry."""

_LONGEST = 15.0
"""Seconds for which a registry is waited for once the servers are done."""
_MOST_LISTED, _MOST_LISTED_OF_ALL = 20, 200


class Contents:
    """The comparison of each image with what ran in its place, under way.

    Args:
        images: the ``images`` of ``changes_of``.
        repositories: by the name of an image.
        serving: the release that serves, by its name.
        find: asks the registry.
    """

    def __init__(
        self,
        images: Sequence[Mapping[str, Any]],
        repositories: Mapping[str, str],
        serving: str | None,
        find: FindInventory,
    ) -> None:
        self._images, self._repositories, self._find = images, repositories, find
        self._serving = serving or "what ran before"
        self._most = min(_MOST_LISTED, max(1, _MOST_LISTED_OF_ALL // max(1, len(images))))
        self._changed = [
            number for number, one in enumerate(images) if one["before"] and one["before"] != one["digest"]
        ]
        self._found: dict[int, dict[str, Any]] = {}
        # One by one, there is time; and a registry that hangs does not keep the process.
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def joined(self, longest: float | None = None) -> list[dict[str, Any]]:
        """The images, each with its ``contents``: None where there is nothing to compare.

        Whoever ends the command meanwhile ends the waiting: the servers are done, and how they are is still to be told.

        Args:
            longest: so many seconds a registry is waited for; None for fifteen.
        """
        with contextlib.suppress(KeyboardInterrupt):
            self._thread.join(_LONGEST if longest is None else longest)
        late = dict.fromkeys(self._changed, _unknown("the registry did not answer in time"))
        found = {**late, **self._found}
        return [{**one, "contents": found.get(number)} for number, one in enumerate(self._images)]

    def _run(self) -> None:
        for number in self._changed:
            try:
                self._found[number] = self._compare(self._images[number])
            except Exception as error:  # noqa: BLE001 - in a thread of its own, nobody else would hear of it
                self._found[number] = _unknown(f"the comparison ended in {type(error).__name__}")

    def _compare(self, image: Mapping[str, Any]) -> dict[str, Any]:
        from fairlead.image.oci.manifests import UnfitError
        from fairlead.image.scan.compared import compare

        kept: list[Inventory] = []
        for digest, whose in ((image["before"], self._serving), (image["digest"], "this release")):
            try:
                found = self._find(self._repositories[image["image"]], str(digest))
            except UnfitError as error:
                return _unknown(f"what is kept as the scan of {whose} is none: {error}")
            except FairleadError as error:
                return _unknown(error.what)
            if found is None:
                return _unknown(f"no scan of {whose} is kept")
            kept.append(found)
        before, after = kept
        compared = compare(before, after, self._most)
        if not compared["platforms"]:
            return _unknown(f"the scan of {self._serving} is of other platforms")
        return compared


def _unknown(why: str) -> dict[str, Any]:
    return {"unknown": why}
