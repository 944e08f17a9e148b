"""GitHub's REST API, as a job writes to it with its token: what passes is waited for, a refusal says what is missing."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fairlead.errors import CommandFailedError

if TYPE_CHECKING:
    import requests

_TIMEOUT = 30.0
_WAITS = 3
_LONGEST_WAIT = 90.0
"""Seconds that a job waits for a rate limit to end, each time."""


@dataclass(frozen=True)
class Writing:
    """What is written, in words, and the permission that the job needs for it."""

    what: str
    permission: str


def open_session(token: str) -> requests.Session:
    """A session with the token; what stumbles is asked again, unless that would write twice."""
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    session = requests.Session()
    # A POST is not retried: a second one would be a second comment.
    retry = Retry(
        total=2,
        backoff_factor=0.3,
        status_forcelist=(502, 503, 504),
        allowed_methods={"GET", "PATCH"},
        respect_retry_after_header=False,
    )
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    session.headers.update(
        {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {token}",
            "X-GitHub-Api-Version": "2022-11-28",
        }
    )
    return session


def call(
    session: requests.Session,
    writing: Writing,
    method: str,
    url: str,
    body: Mapping[str, Any] | None = None,
) -> requests.Response:
    """Ask GitHub one thing.

    Raises:
        CommandFailedError: it refused or could not be reached.
    """
    import requests

    for left in reversed(range(_WAITS + 1)):
        try:
            response = session.request(method, url, json=body, timeout=_TIMEOUT)
        except requests.RequestException as error:
            raise CommandFailedError(
                "GitHub's API could not be reached", why=str(error), fix="run the job again"
            ) from error
        if response.ok:
            return response
        seconds = wait_seconds(response.status_code, response.headers, time.time())
        if seconds is None or not left:
            raise _refused(writing, method, url, response)
        time.sleep(seconds)
    raise AssertionError("the last try returns or raises")


def pages(session: requests.Session, writing: Writing, url: str) -> Iterator[dict[str, Any]]:
    """All entries of a list, page by page."""
    following: str | None = url
    while following:
        page = call(session, writing, "GET", following)
        yield from page.json()
        following = page.links.get("next", {}).get("url")


def wait_seconds(status: int, headers: Mapping[str, str], now: float) -> float | None:
    """How long to wait before the same is asked again; None where that would not help, or takes too long. Pure.

    https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
    """
    if status not in {403, 429}:
        return None
    told = {name.lower(): value for name, value in headers.items()}
    after, reset = told.get("retry-after", ""), told.get("x-ratelimit-reset", "")
    if after.isdecimal():
        seconds = float(after)
    elif told.get("x-ratelimit-remaining") == "0" and reset.isdecimal():
        seconds = max(float(reset) - now, 1.0)
    elif status == 429:
        seconds = 60.0
    else:
        return None
    return seconds if seconds <= _LONGEST_WAIT else None


def _refused(writing: Writing, method: str, url: str, response: requests.Response) -> CommandFailedError:
    is_limit = response.status_code == 429 or response.headers.get("x-ratelimit-remaining") == "0"
    permission = f"give the job `permissions: {writing.permission}`"
    fixes = {401: permission, 403: permission, 404: permission}
    return CommandFailedError(
        f"GitHub refused {writing.what}: {method} {url} answered {response.status_code}",
        why=response.text[:500],
        fix="run the job again later: the token has asked too much for now"
        if is_limit
        else fixes.get(response.status_code, ""),
    )
