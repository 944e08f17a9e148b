"""Which services go on with the image that they run, because the one of this commit is the same but for its labels.

An image carries the commit and its time, so that it has another digest with every commit, though only a README changed.
What is recreated would have a gap for it. So a release names the image that runs: built, scanned and published once, and
the very one that is there; who asks by which commit, is told that one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fairlead.errors import FairleadError
from fairlead.image.same import is_same_image
from fairlead.parallel import each

if TYPE_CHECKING:
    from fairlead.app.model import ComposeApp
    from fairlead.app.split import Pin
    from fairlead.release.pins import Resolve

    ReadConfig = Callable[[str, str], Mapping[str, Any]]
    """The configuration of an image for a platform: asks the registry."""

_SIDE_BY_SIDE = 8
_REVISION = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def running_pins(app: ComposeApp, state: Mapping[str, Any]) -> dict[str, Pin]:
    """By service, the image of ours that it runs: from the agent's ``state``, where it tells all that a release says."""
    from fairlead.app.split import Pin

    running = {str(one["service"]): one for one in state.get("services", ())}
    pins = {}
    for name, service in app.services.items():
        found = running.get(name, {})
        repository, _, digest = str(found.get("image", "")).partition("@")
        revision = str(found.get("revision") or "")
        ours = service.image and repository == app.settings.repository_of(service.image)
        if ours and digest and _REVISION.fullmatch(revision):
            told = found.get("platforms") or {}
            pins[name] = Pin(repository, digest, told, "" if revision == app.revision else revision)
    return pins


def find_unchanged(
    app: ComposeApp,
    own: Mapping[str, Pin],
    state: Mapping[str, Any],
    resolve: Resolve,
    read_config: ReadConfig,
) -> dict[str, Pin]:
    """By service, the image that it runs and goes on with. What is rolled loses nothing, and has each commit's own.

    Args:
        app: the app of this commit.
        own: its published images, by name.
        state: the agent's ``state``.
        resolve: asks the registry for an index.
        read_config: asks the registry for the configuration of an image.
    """
    lasting = {name for name, one in app.services.items() if not one.is_rolled and one.role != "job"}
    asked = {
        name: (pin, own[app.services[name].image])
        for name, pin in running_pins(app, state).items()
        if name in lasting and pin.digest != own[app.services[name].image].digest
    }
    # Several services may run one image.
    pairs = {(pin.digest, new.reference): (pin, new) for pin, new in asked.values()}
    found = {key: _find_same(pin, new, resolve, read_config) for key, (pin, new) in pairs.items()}
    kept = {}
    for name, (pin, new) in asked.items():
        platforms = found[pin.digest, new.reference]
        if platforms:
            kept[name] = replace(pin, platforms=platforms)
    return kept


def _find_same(running: Pin, new: Pin, resolve: Resolve, read_config: ReadConfig) -> Mapping[str, str]:
    """The manifests by platform of the image that runs, where it is the same for all of them; else none."""
    try:
        manifests = resolve(running.reference).platforms_of_ours()
        if set(manifests) != set(new.platforms):
            return {}
        asked = [(pins[name], name) for name in manifests for pins in (manifests, new.platforms)]
        configs = each(
            lambda one: read_config(f"{new.repository}@{one[0]}", one[1]),
            asked,
            at_once=_SIDE_BY_SIDE,
            fail_fast=True,
        )
        pairs = list(zip(configs[::2], configs[1::2], strict=True))
    except FairleadError:
        # Gone from the registry, say: no other server could pull it, and the new one is there.
        return {}
    return manifests if all(is_same_image(old, now) for old, now in pairs) else {}
