"""HTTP with one registry: its login where it asks for one, redirects, and patience with what passes.

A login is shown to the registry that it is for and to the server of tokens that this names, and goes along to no
other place: blobs are often kept elsewhere, at an address that is a key itself. What stands there asks for no login,
and names no server of tokens.
https://github.com/opencontainers/distribution-spec/blob/main/spec.md
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urljoin, urlsplit

from fairlead import files
from fairlead.image.registry.bodies import Sent, read_small
from fairlead.image.registry.challenge import basic, parse_challenge, plan_token
from fairlead.image.registry.credentials import Credentials, is_loopback
from fairlead.image.registry.fault import FaultError, parse_fault, told
from fairlead.web import open_session

if TYPE_CHECKING:
    import requests

Answer = TypeVar("Answer")

# To connect, and to be answered. While a layer is sent the first is how long a piece of it may take, and the second how
# long a registry may take to put all of it in its place.
_TIMEOUT = (10.0, 60.0)
_LAYER_TIMEOUT = (60.0, 600.0)
_MOST_REDIRECTS = 5
_WAITS = (0.5, 2.0)
_LONGEST_WAIT = 30.0
_HUB_API = {"docker.io": "registry-1.docker.io"}
_CERTIFICATES = Path("/etc/docker/certs.d")


def patiently(call: Callable[[], Answer]) -> Answer:
    """What the call answers; it is made again where what is in its way may pass.

    Raises:
        FaultError: it is still in the way, or does not pass.
    """
    for wait in _WAITS:
        try:
            return call()
        except FaultError as fault:
            if not fault.is_passing or (fault.retry_after or 0) > _LONGEST_WAIT:
                raise
            time.sleep(max(wait, fault.retry_after or 0))
    return call()


class Link:
    """Requests to one registry. Threads may share it.

    Args:
        host: of the registry, as references name it.
        login: tells the login for a host, or None; asked when the registry wants one.
        is_plain: plain HTTP is spoken, without TLS.
    """

    def __init__(
        self, host: str, login: Callable[[str], Credentials | None], *, is_plain: bool = False
    ) -> None:
        self._host = host
        self._login = login
        self._base = f"{'http' if is_plain else 'https'}://{_HUB_API.get(host, host)}/"
        self._session = open_session(_CERTIFICATES / host, is_local=is_loopback(host))
        # Else requests reads all of an answer that sends on, to be ready for what it is told not to do.
        setattr(self._session, "get_redirect_target", lambda _: None)  # noqa: B010 - an assignment has no type
        self._shown: dict[tuple[str, ...], str] = {}
        self.holders: dict[str, str] = {}
        """A repository of this registry that has a blob, by the blob's digest, as far as that was seen."""

    @contextlib.contextmanager
    def ask(
        self,
        method: str,
        target: str,
        *scopes: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | Path | None = None,
    ) -> Iterator[requests.Response]:
        """An answer of success, its body not yet read.

        Args:
            method: GET, HEAD, POST, PUT.
            target: a path, or an address that the registry named.
            scopes: what a token has to be for, ``repository:acme/api:pull``.
            headers: of the request.
            body: a file is read while it is sent.

        Raises:
            FaultError: there is no answer, or another one.
            OSError: the file of the body cannot be read.
        """
        url = urljoin(self._base, target)
        answer, is_own = self._send(method, url, scopes, headers, body)
        if answer.status_code == 401 and is_own:
            with answer:
                self._introduce(answer, scopes)
            answer, is_own = self._send(method, url, scopes, headers, body)
        with answer:
            if not _is_success(answer):
                raise _fault(answer) if is_own else _fault_elsewhere(answer)
            yield answer

    def _send(
        self,
        method: str,
        url: str,
        scopes: tuple[str, ...],
        headers: Mapping[str, str] | None,
        body: bytes | Path | None,
    ) -> tuple[requests.Response, bool]:
        """An answer, and whether it is the registry's own word: nobody else led there, not even back to it."""
        is_own = True
        for _ in range(_MOST_REDIRECTS):
            if not url.startswith("https://") and self._base.startswith("https://"):
                raise FaultError(f"it sends on to {urlsplit(url).hostname} without TLS", status=400)
            is_own = is_own and self._is_own(url)
            own = {"Authorization": self._shown.get(scopes, "")} if is_own else {}
            sent = {**(headers or {}), **{name: value for name, value in own.items() if value}}
            answer = self._once(method, url, sent, body)
            if not answer.is_redirect or method not in {"GET", "HEAD"}:
                return answer, is_own
            with answer:
                url = join_address(url, answer.headers["Location"])
        raise FaultError(f"it sends on more than {_MOST_REDIRECTS} times", status=400)

    def _once(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | Path | None
    ) -> requests.Response:
        if not isinstance(body, Path):
            return self._request(method, url, headers, body, _TIMEOUT)
        with files.opened(body) as file:
            sent = Sent(file)
            try:
                return self._request(method, url, headers, sent, _LAYER_TIMEOUT)
            except FaultError:
                if sent.error is not None:
                    raise sent.error from None
                raise

    def _request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        data: bytes | Sent | None,
        timeout: tuple[float, float],
    ) -> requests.Response:
        with told():
            return self._session.request(
                method,
                url,
                headers={"Accept-Encoding": "identity", **headers},
                data=data,
                # Else requests would look for a login in the user's .netrc.
                auth=_as_it_is,
                timeout=timeout,
                allow_redirects=False,
                stream=True,
            )

    def _introduce(self, answer: requests.Response, scopes: tuple[str, ...]) -> None:
        """Find what the registry wants to be shown; FaultError where there is nothing."""
        challenge = parse_challenge(answer.headers.get("WWW-Authenticate", ""))
        login = self._login(self._host) if challenge else None
        if challenge is None or (challenge.scheme == "basic" and login is None):
            raise _fault(answer)
        if challenge.scheme == "basic":
            assert login is not None
            self._shown[scopes] = basic(login)
            return
        wanted = plan_token(challenge, scopes, login)
        if not wanted.url.startswith(("https://", self._base)):
            raise FaultError(f"it has tokens given without TLS, by {wanted.url[:200]}", status=400)
        with told():
            given = self._session.request(
                "POST" if wanted.form else "GET",
                wanted.url,
                params=wanted.query or None,
                data=wanted.form or None,
                headers={"Authorization": wanted.authorization} if wanted.authorization else {},
                auth=_as_it_is,
                timeout=_TIMEOUT,
                allow_redirects=False,
                stream=True,
            )
        with given:
            if not _is_success(given):
                raise _fault(given)
            self._shown[scopes] = f"Bearer {_token(read_small(given))}"

    def _is_own(self, url: str) -> bool:
        """Whether an address is of this registry, as scheme and host and port say."""
        return urlsplit(url)[:2] == urlsplit(self._base)[:2]


def _fault(answer: requests.Response) -> FaultError:
    body = b""
    with contextlib.suppress(FaultError):
        body = read_small(answer)
    return parse_fault(
        answer.status_code,
        answer.reason or "",
        body,
        retry_after=answer.headers.get("Retry-After", "").strip(),
        location=answer.headers.get("Location", ""),
    )


def _is_success(answer: requests.Response) -> bool:
    """Whether it was done as asked; one that sends on elsewhere has done nothing, though requests calls it ok."""
    return 200 <= answer.status_code < 300


def _fault_elsewhere(answer: requests.Response) -> FaultError:
    """What a place says that the registry sends on to: it is not the registry's login that it refuses."""
    fault = _fault(answer)
    status = 400 if fault.status in {401, 403} else fault.status
    why = f"{urlsplit(answer.url).hostname}, where it sends on to: {fault.why}"
    return FaultError(why, status=status, retry_after=fault.retry_after)


def join_address(asked: str, location: str) -> str:
    """Where an answer sends on to.

    Raises:
        FaultError: that is no address.
    """
    try:
        place = urljoin(asked, location)
        urlsplit(place)
    except ValueError as error:
        raise FaultError("it sends on to what is no address", status=400) from error
    return place


def _token(data: bytes) -> str:
    try:
        found = json.loads(data)
        return str(found.get("token") or found["access_token"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FaultError("the server of tokens gave none", status=403) from error


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
