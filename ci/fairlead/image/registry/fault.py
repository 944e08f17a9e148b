"""What a registry says when it does not do as asked, and what of it is told to whom."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from fairlead.errors import CommandFailedError
from fairlead.image.registry.credentials import PASSWORD, USERNAME, registry_host

_LONGEST = 300
# What ghcr.io says of a package that was made by another repository or by hand:
# https://docs.github.com/en/packages/learn-github-packages/configuring-a-packages-access-control-and-visibility
_NOT_THIS_REPOSITORY = ("permission_denied", "installation not allowed")


class FaultError(Exception):
    """A registry did not do as asked.

    Attributes:
        status: of its answer; 0 where there was none.
        is_passing: the same may be answered otherwise in a moment.
        retry_after: the seconds that it asks to be left alone for, where it says so.
        is_untrusted: its certificate is not known here.
    """

    def __init__(
        self, why: str, *, status: int = 0, retry_after: float | None = None, is_untrusted: bool = False
    ) -> None:
        super().__init__(why)
        self.why = why
        self.status = status
        self.retry_after = retry_after
        self.is_untrusted = is_untrusted
        self.is_passing = not is_untrusted and (status in {0, 408, 429} or status >= 500)


@contextlib.contextmanager
def told() -> Iterator[None]:
    """What goes wrong on the way, as a FaultError. Around requests alone: the disk's errors are not the registry's."""
    import requests
    import urllib3

    from fairlead.web import is_untrusted

    try:
        yield
    except requests.exceptions.SSLError as error:
        raise FaultError(_reason(error), is_untrusted=is_untrusted(error)) from error
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        raise FaultError(_reason(error)) from error


def _reason(error: BaseException) -> str:
    """The innermost cause, without the objects that the layers above it print."""
    while True:
        inner = getattr(error, "reason", None) or next(
            (one for one in error.args if isinstance(one, BaseException)), None
        )
        if not isinstance(inner, BaseException) or inner is error:
            break
        error = inner
    last = error.args[-1] if error.args else ""
    text = (last if isinstance(last, str) and last else str(error)) or type(error).__name__
    return re.sub(r"^(<[^>]*>|\w+\([^)]*\)): ", "", text)[:300]


def parse_fault(
    status: int, reason: str, body: bytes, *, retry_after: str = "", location: str = ""
) -> FaultError:
    """What an answer that is no success says: the registry's own words where they are in the form of the protocol."""
    said = "; ".join(_said(body)) or f"it answered {status} {reason}".strip()
    if 300 <= status < 400:
        onward = " ".join(re.sub(r"[?#].*", "", location).split())[:_LONGEST]
        said = f"{said}, which sends on to {onward or 'nowhere'}"
    seconds = float(retry_after) if retry_after.isdecimal() else None
    return FaultError(said, status=status, retry_after=seconds)


def explain_fault(fault: FaultError, reference: str) -> CommandFailedError:
    """The error that tells why a registry did not do as asked."""
    host = registry_host(reference)
    if fault.is_untrusted:
        return CommandFailedError(
            f"the certificate of the registry {host} is not trusted here",
            why=fault.why,
            fix=f"have its authority in /etc/docker/certs.d/{host}/ca.crt, or in SSL_CERT_FILE",
        )
    if fault.status in {401, 403}:
        return CommandFailedError(
            f"the registry {host} refuses the login for {reference}", why=fault.why, fix=_cure(fault, host)
        )
    if fault.status == 429:
        return CommandFailedError(
            f"the registry {host} has had too many requests",
            why=fault.why,
            fix=f"run the same command again later; who logs in, `docker login {host}`, may ask more",
        )
    if fault.is_passing:
        return CommandFailedError(
            f"the registry {host} does not answer",
            why=fault.why,
            fix="nothing that can be pulled was left behind: run the same command again when it is back",
        )
    if fault.status == 404:
        return CommandFailedError(
            f"{reference} is not in the registry",
            why=fault.why,
            fix=f"where {host} makes no repository by itself, make it there first",
        )
    fix = "name the image as the place does that it sends on to: what is written does not follow it there"
    return CommandFailedError(
        f"the registry {host} failed at {reference}",
        why=fault.why,
        fix=fix if 300 <= fault.status < 400 else "",
    )


def _cure(fault: FaultError, host: str) -> str:
    if host == "ghcr.io" and any(mark in fault.why for mark in _NOT_THIS_REPOSITORY):
        return (
            "the package was made by another repository or by hand: on its page, Package settings > Manage Actions "
            "access > Add repository, with the role Write; and the job needs `permissions: packages: write`"
        )
    return (
        f"set {USERNAME} and {PASSWORD}, or `docker login {host}`; the login needs leave to write packages. "
        "A job's own token is for GitHub's registry alone"
    )


def _said(body: bytes) -> Iterable[str]:
    """The lines of an error in the form of the protocol; none where it has another form.

    https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes
    """
    try:
        errors: Any = json.loads(body)["errors"]
        for error in errors:
            words = (str(error.get("code", "")).lower().replace("_", " "), str(error.get("message") or ""))
            yield " ".join(": ".join(filter(None, words)).split())[:_LONGEST]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return
