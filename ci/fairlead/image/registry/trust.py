"""Whom a registry is believed to be: the machine's authorities, and those that Docker is told of."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairlead.errors import InputError

if TYPE_CHECKING:
    import requests

_CERTIFICATES = Path("/etc/docker/certs.d")
_AT_ONCE = 16


def open_session(host: str) -> requests.Session:
    """A session for one registry.

    The machine's store counts as well as the one that requests brings along: a company's own authority is there.
    On a loopback address no proxy of the environment is asked.
    """
    import requests
    from requests.adapters import HTTPAdapter

    from fairlead.image.registry.credentials import is_loopback

    class Trusting(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **more: Any) -> None:
            super().init_poolmanager(*args, **more, ssl_context=context)

        def proxy_manager_for(self, *args: Any, **more: Any) -> Any:
            return super().proxy_manager_for(*args, **more, ssl_context=context)

    context = trusting_context(host)
    session = requests.Session()
    session.trust_env = not is_loopback(host)
    session.mount("https://", Trusting(pool_maxsize=_AT_ONCE))
    session.mount("http://", HTTPAdapter(pool_maxsize=_AT_ONCE))
    return session


def trusting_context(host: str, folder: Path = _CERTIFICATES) -> ssl.SSLContext:
    """What TLS believes: as Docker does, also the ``*.crt`` in the registry's folder.

    https://docs.docker.com/engine/security/certificates/

    Raises:
        InputError: there is one that is none.
    """
    context = ssl.create_default_context()
    own = folder / host
    try:
        for authority in sorted(own.glob("*.crt")):
            context.load_verify_locations(authority)
        for certificate in sorted(own.glob("*.cert")):
            context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    except OSError as error:
        raise InputError(f"the certificates in {own} cannot be read", why=str(error)) from error
    return context
