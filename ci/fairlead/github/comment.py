"""The one comment on a pull request that names its images: made once, updated ever after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fairlead.errors import CommandFailedError
from fairlead.github.summary import escape

if TYPE_CHECKING:
    import requests

    from fairlead.github.context import GitHubContext

# By this the comment is found again. An HTML comment: nobody sees it.
MARKER = "<!-- fairlead: images of this pull request -->"

_TIMEOUT = 30.0


def render_comment(published: Mapping[str, Any], context: GitHubContext) -> str:
    """The comment's body for a ``fairlead.publish/v1`` document.

    Each image stands there by tag, to be read, and by digest, to be pulled.
    """
    lines = [
        MARKER,
        f"### Images of `{published['revision'][:12]}`",
        "",
        "| image | pull | platforms |",
        "| --- | --- | --- |",
    ]
    for name, image in sorted(published["images"].items()):
        tag = _shown_tag(image["tags"])
        tagged = f"{image['repository']}:{tag}" if tag else image["repository"]
        pinned = f"{image['repository']}@{image['digest']}"
        platforms = ", ".join(sorted(image.get("platforms", {})))
        lines.append(f"| {escape(name)} | `{tagged}`<br>`{pinned}` | {escape(platforms)} |")
    lines += ["", f"Built, scanned and pushed by [this run]({context.run_url})."]
    return "\n".join(lines) + "\n"


def put_comment(context: GitHubContext, number: int, token: str, body: str) -> str:
    """Make or update the comment of pull request ``number`` and return its address.

    The REST API at ``context.api_url`` is used (GITHUB_API_URL: GitHub Enterprise has its own).

    Raises:
        CommandFailedError: GitHub refused or could not be reached.
    """
    with _session(token) as session:
        base = f"{context.api_url}/repos/{context.repository}/issues"
        for comment in _comments(session, f"{base}/{number}/comments?per_page=100"):
            if str(comment.get("body", "")).startswith(MARKER):
                url = f"{base}/comments/{comment['id']}"
                return str(_call(session, "PATCH", url, {"body": body}).json()["html_url"])
        return str(_call(session, "POST", f"{base}/{number}/comments", {"body": body}).json()["html_url"])


def _shown_tag(tags: Sequence[str]) -> str:
    """The tag of the pull request, where there is one; else the first."""
    return next((tag for tag in tags if tag.startswith("pr-")), next(iter(tags), ""))


def _comments(session: requests.Session, url: str) -> Iterator[dict[str, Any]]:
    """All comments, page by page."""
    following: str | None = url
    while following:
        page = _call(session, "GET", following)
        yield from page.json()
        following = page.links.get("next", {}).get("url")


def _session(token: str) -> requests.Session:
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    session = requests.Session()
    # A POST is not retried: a second one would be a second comment.
    retry = Retry(
        total=2, backoff_factor=0.3, status_forcelist=(502, 503, 504), allowed_methods={"GET", "PATCH"}
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


def _call(
    session: requests.Session, method: str, url: str, body: Mapping[str, str] | None = None
) -> requests.Response:
    import requests

    try:
        response = session.request(method, url, json=body, timeout=_TIMEOUT)
    except requests.RequestException as error:
        raise CommandFailedError(
            "GitHub's API could not be reached", why=str(error), fix="run the job again"
        ) from error
    if response.ok:
        return response
    raise CommandFailedError(
        f"GitHub refused the comment: {method} {url} answered {response.status_code}",
        why=response.text[:500],
        fix="give the job `permissions: pull-requests: write`"
        if response.status_code in {401, 403, 404}
        else "",
    )
