"""What registries are asked, and the logins that go along: the environment's login is for our own registry only."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from fairlead.image.registry.credentials import registry_host
from fairlead.release.logins import read_logins
from fairlead.remote.session import Blob

if TYPE_CHECKING:
    from fairlead.release.pins import Resolve
    from fairlead.release.unchanged import ReadConfig
    from fairlead.rollout.contents import FindInventory
    from fairlead.settings.values import Settings


def digest_resolver(settings: Settings) -> Resolve:
    """What asks registries for digests."""
    from fairlead.image.registry.client import resolve_image

    return partial(resolve_image, environ=os.environ, registry=settings.registry)


def config_reader(settings: Settings) -> ReadConfig:
    """What asks them for an image's configuration."""
    from fairlead.image.registry.client import read_image_config

    return partial(read_image_config, environ=os.environ, registry=settings.registry)


def inventory_finder(settings: Settings) -> FindInventory:
    """What asks them for what the scan of an image has found."""
    from fairlead.image.kept import find_inventory

    return partial(find_inventory, environ=os.environ, registry=settings.registry)


def login_blobs(settings: Settings, images: Sequence[str]) -> list[Blob]:
    """The registry logins that a server needs for these images; none where nobody is logged in."""
    own = registry_host(f"{settings.registry}/image") if settings.registry else ""
    logins = read_logins(images, os.environ, own)
    return [Blob("credentials", "", logins.reveal())] if logins is not None else []


def try_login(settings: Settings) -> None:
    """Log in where our images go; a login that is not known is not asked for.

    Raises:
        CommandFailedError: the registry refuses the login, or does not answer.
    """
    from fairlead.image.registry.client import check_login

    check_login(settings.repository_of(next(iter(settings.images))), os.environ)
