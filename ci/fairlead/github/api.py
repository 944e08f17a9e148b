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
_MOST_PAGES = 100
_LONGEST_WAIT = 90.0
"""Seconds that a job waits for a rate limit to end, each time."""


@dataclass(frozen=True)
class Writing:
    """What is written, in words, and the permission that the job needs for it."""

    what: str
    permission: str


def open_session(token: str) -> requests.Session:
    """A session with the token; what stumbles is asked again, unless that would write twice.

    It believes the machine's authorities as well: an Enterprise Server's certificate is mostly of the company's own.
    """
    from urllib3.util import Retry

    from fairlead.web import open_session as open_web

    # A POST is not retried: a second one would be a second comment.
    retry = Retry(
        total=2,
        backoff_factor=0.3,
        status_forcelist=(502, 503, 504),
        allowed_methods={"GET", "PATCH"},
        respect_retry_after_header=False,
    )
    session = open_web(retry=retry)
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
) -> Any:
    """Ask GitHub one thing; what it answered, None where that is nothing.

    Raises:
        CommandFailedError: it refused, could not be reached, or what answered is no API.
    """
    return _parsed(writing, _ask(session, writing, method, url, body))


def pages(session: requests.Session, writing: Writing, url: str) -> Iterator[Any]:
    """All entries of a list, page by page."""
    following = url
    for _ in range(_MOST_PAGES):
        page = _ask(session, writing, "GET", following)
        yield from entries(writing, _parsed(writing, page))
        following = page.links.get("next", {}).get("url") or ""
        if not following:
            return
    raise CommandFailedError(f"GitHub's answers for {writing.what} do not end", why=f"{_MOST_PAGES} pages")


def entries(writing: Writing, answer: Any) -> list[Any]:
    """An answer that has to be a list.

    Raises:
        CommandFailedError: it is none.
    """
    if not isinstance(answer, list):
        raise _odd(writing, answer)
    return answer


def fields(writing: Writing, answer: Any, **wanted: type) -> dict[str, Any]:
    """An answer that has to be an object with certain fields.

    Raises:
        CommandFailedError: it is none, or lacks one of them.
    """
    if not isinstance(answer, dict):
        raise _odd(writing, answer)
    if not all(isinstance(answer.get(name), kind) for name, kind in wanted.items()):
        raise _odd(writing, answer)
    return answer


def _parsed(writing: Writing, response: requests.Response) -> Any:
    if not response.content:
        return None
    try:
        return response.json()
    except (ValueError, RecursionError) as error:
        raise _odd(writing, response.text) from error


def _odd(writing: Writing, answer: object) -> CommandFailedError:
    """What stands between may answer in GitHub's place, and with 200: a proxy, the page of a login."""
    return CommandFailedError(
        f"what answered for {writing.what} is not GitHub's API as it is documented",
        why=f"it said: {str(answer)[:500]}",
        fix="run the job again; if that does not help, see what stands between the runner and GITHUB_API_URL",
    )


def _ask(
    session: requests.Session,
    writing: Writing,
    method: str,
    url: str,
    body: Mapping[str, Any] | None = None,
) -> requests.Response:
    import requests

    from fairlead.web import is_untrusted

    for left in reversed(range(_WAITS + 1)):
        try:
            response = session.request(method, url, json=body, timeout=_TIMEOUT)
        except requests.RequestException as error:
            raise CommandFailedError(
                "GitHub's API could not be reached",
                why=str(error),
                fix="have the authority of its certificate among those of the machine, or in SSL_CERT_FILE"
                if is_untrusted(error)
                else "run the job again",
            ) from error
        if response.ok:
            return response
        seconds = wait_seconds(response.status_code, response.headers, time.time())
        if seconds is None or not left:
            raise _refused(writing, method, url, response)
        time.sleep(seconds)
    raise AssertionError("the last try returns or raises")


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
