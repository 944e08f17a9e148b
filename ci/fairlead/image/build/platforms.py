"""For which platforms images are built, here and on the other machines that build the same commit. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from fairlead.errors import InputError
from fairlead.host.wire.machine import own_platform
from fairlead.settings.values import Settings


def settle_platforms(settings: Settings) -> Settings:
    """The settings with platforms to build for: where they name none, the one that this machine is.

    It is the one that needs no emulation. A server of another kind says so before anything of it is touched.
    """
    return replace(settings, platforms=settings.platforms or (own_platform(),))


def choose_platforms(settings: Settings, chosen: Collection[str]) -> Settings:
    """The settings with these of their platforms; without any, with all.

    Raises:
        InputError: one is none of theirs.
    """
    if not chosen:
        return settings
    known = settle_platforms(settings).platforms
    foreign = [name for name in chosen if name not in known]
    if foreign:
        raise InputError(
            f"{', '.join(foreign)} is not among the platforms of the images",
            why=f"they are for {', '.join(known)}"
            + ("" if settings.platforms else ", as this machine is: fairlead.yaml names none"),
            fix=f"name it in fairlead.yaml: `platforms: [{', '.join((*known, *foreign))}]`",
        )
    return replace(settings, platforms=tuple(name for name in known if name in chosen))
