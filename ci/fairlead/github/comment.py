"""The one comment on a pull request that names its images: made once, updated ever after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fairlead.errors import CommandFailedError
from fairlead.github.summary import escape

if TYPE_CHECKING:
    import requests

    from fairlead.github.context import GitHubContext

# By this the comment is found again, among those of our own token. An HTML comment: nobody sees it.
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

    The REST API at ``context.api_url`` is used (GITHUB_API_URL: GitHub Enterprise has its own). A comment of anybody
    else stays as it is, whatever it says: its author could change afterwards what we wrote in his name.

    Raises:
        CommandFailedError: GitHub refused or could not be reached.
    """
    with _session(token) as session:
        base = f"{context.api_url}/repos/{context.repository}/issues"
        comments = _comments(session, f"{base}/{number}/comments?per_page=100")
        alike = [comment for comment in comments if str(comment.get("body") or "").startswith(MARKER)]
        own = _own_login(session, context.api_url) if alike else ""
        for comment in alike:
            if is_by(comment, own):
                url = f"{base}/comments/{comment['id']}"
                return str(_call(session, "PATCH", url, {"body": body}).json()["html_url"])
        return str(_call(session, "POST", f"{base}/{number}/comments", {"body": body}).json()["html_url"])


def is_by(comment: Mapping[str, Any], own: str) -> bool:
    """Whether a comment was made by the token whose login is ``own``.

    GraphQL calls an app ``name``, REST ``name[bot]``; a user of that name has another type.
    """
    user = comment.get("user") or {}
    login, own = str(user.get("login") or "").lower(), own.lower()
    if user.get("type") == "Bot":
        login, own = login.removesuffix("[bot]"), own.removesuffix("[bot]")
    return bool(own) and login == own


def graphql_url(api_url: str) -> str:
    """Where GraphQL is spoken; GitHub Enterprise has it beside its REST API, and not below."""
    return f"{api_url.removesuffix('/v3')}/graphql"


def _own_login(session: requests.Session, api_url: str) -> str:
    # REST tells the login of a person's token only, and not that of a job's.
    answer = _call(session, "POST", graphql_url(api_url), {"query": "{viewer{login}}"}).json()
    viewer = ((answer if isinstance(answer, dict) else {}).get("data") or {}).get("viewer") or {}
    if not viewer.get("login"):
        raise CommandFailedError("GitHub does not tell whose token this is", why=str(answer)[:500])
    return str(viewer["login"])


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
