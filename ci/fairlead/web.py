"""Sessions for HTTPS, and whom they believe: the machine's authorities beside those that requests brings along."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairlead.errors import InputError

if TYPE_CHECKING:
    import requests
    from urllib3.util import Retry

_AT_ONCE = 16
_NAMED_BY = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""Where OpenSSL is told of other authorities."""


def open_session(
    authorities: Path | None = None, *, is_local: bool = False, retry: Retry | int = 0
) -> requests.Session:
    """A session.

    Args:
        authorities: a folder of certificates to believe or to show, as Docker has one for a registry.
        is_local: for a server of this machine: no proxy of the environment is asked.
        retry: what is asked again.

    Raises:
        InputError: a certificate in the folder is none.
    """
    import requests
    from requests.adapters import HTTPAdapter

    class Trusting(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **more: Any) -> None:
            super().init_poolmanager(*args, **more, ssl_context=context)

        def proxy_manager_for(self, *args: Any, **more: Any) -> Any:
            return super().proxy_manager_for(*args, **more, ssl_context=context)

    context = _context(authorities, *map(os.environ.get, _NAMED_BY))
    session = requests.Session()
    session.trust_env = not is_local
    session.mount("https://", Trusting(pool_maxsize=_AT_ONCE, max_retries=retry))
    session.mount("http://", HTTPAdapter(pool_maxsize=_AT_ONCE, max_retries=retry))
    return session


def is_untrusted(error: BaseException) -> bool:
    """Whether it is about a certificate that is not believed: TLS may fail in other ways, by a server that has none."""
    inner = (getattr(error, "reason", None), error.__cause__, error.__context__, *error.args)
    return isinstance(error, ssl.SSLCertVerificationError) or any(
        is_untrusted(one) for one in inner if isinstance(one, BaseException) and one is not error
    )


@cache
def _context(folder: Path | None, *_: str | None) -> ssl.SSLContext:
    """What TLS believes: also ``*.crt``; ``*.cert`` and its ``.key`` are shown. To read all of it takes a while.

    https://docs.docker.com/engine/security/certificates/
    """
    context = ssl.create_default_context()
    try:
        for authority in _named(folder, "*.crt"):
            context.load_verify_locations(authority)
        for certificate in _named(folder, "*.cert"):
            context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    except OSError as error:
        raise InputError(f"the certificates in {folder} cannot be read", why=str(error)) from error
    return context


def _named(folder: Path | None, pattern: str) -> Iterable[Path]:
    return sorted(folder.glob(pattern)) if folder is not None else ()
