"""The registry logins that a server needs to pull a release: short-lived, sent once, kept by nobody."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from fairlead.release.secrets import Secret

_OWN = ("FAIRLEAD_REGISTRY_USERNAME", "FAIRLEAD_REGISTRY_PASSWORD", "FAIRLEAD_JOB_TOKEN")


def read_logins(images: Iterable[str], environ: Mapping[str, str], own_host: str = "") -> Secret | None:
    """Docker's ``config.json`` with a login for each registry of the images that we have one for; None without any.

    Args:
        images: the references to be pulled.
        environ: ``FAIRLEAD_REGISTRY_USERNAME`` and ``_PASSWORD``, ``DOCKER_CONFIG``.
        own_host: the registry that the variables are for; they are sent to no other.
    """
    from fairlead.image.registry.credentials import find_credentials, registry_host

    others = {name: value for name, value in environ.items() if name not in _OWN}
    auths: dict[str, object] = {}
    for host in sorted({registry_host(image) for image in images}):
        found = find_credentials(host, environ if host == own_host else others)
        if found is not None:
            auths.update(found.docker_auth()["auths"])
    return Secret(json.dumps({"auths": auths}).encode()) if auths else None
