"""The one comment on a pull request that names its images: made once, updated ever after.

The apps of a repository share it, a section each; their jobs may write it at the same time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fairlead.errors import CommandFailedError
from fairlead.github.api import Writing, call, fields, open_session, pages
from fairlead.github.summary import escape

if TYPE_CHECKING:
    import requests

    from fairlead.github.context import GitHubContext

_SECTION = re.compile(r"^<!-- fairlead: app ([a-z0-9-]+) -->$", re.MULTILINE)
_LARGEST = 65536
"""Characters that GitHub takes in a comment."""
_TRIES = 5

# By this the comment is found again, among those of our own token. An HTML comment: nobody sees it.
MARKER = "<!-- fairlead: images of this pull request -->"

_WRITING = Writing("the comment", "pull-requests: write")


def render_section(published: Mapping[str, Any], context: GitHubContext) -> str:
    """An app's section of the comment, for a ``fairlead.publish/v1`` document.

    Each image stands there by tag, to be read, and by digest, to be pulled.
    """
    lines = [
        f"### {escape(str(published['app']))}: images of `{published['revision'][:12]}`",
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
    return "\n".join(lines)


def merge_section(body: str, app: str, section: str) -> str:
    """The comment with the section of an app in it, in place of the one before; the others stay. Pure."""
    sections = {**_sections(body), _key(app): section.strip()}
    parts = [f"<!-- fairlead: app {name} -->\n{text}" for name, text in sorted(sections.items())]
    merged = "\n\n".join((MARKER, *parts)) + "\n"
    return merged if len(merged) <= _LARGEST or len(sections) == 1 else merge_section("", app, section)


def has_section(body: str, app: str, section: str) -> bool:
    """Whether the comment has this very section of the app. Pure."""
    return _sections(body).get(_key(app)) == section.strip()


def put_comment(context: GitHubContext, number: int, token: str, app: str, section: str) -> str:
    """Put an app's section into the comment of pull request ``number`` and return the comment's address.

    The REST API at ``context.api_url`` is used (GITHUB_API_URL: GitHub Enterprise has its own). A comment of anybody
    else stays as it is, whatever it says: its author could change afterwards what we wrote in his name. What another
    app's job has written meanwhile stays as well: what was written is read again.

    Raises:
        CommandFailedError: GitHub refused or could not be reached, or others write the comment all the time.
    """
    with open_session(token) as session:
        base = f"{context.api_url}/repos/{context.repository}/issues"
        for _ in range(_TRIES):
            comment = _write(session, context.api_url, base, number, app, section)
            if comment is None:
                continue
            found = call(session, _WRITING, "GET", f"{base}/comments/{comment['id']}")
            if has_section(str(fields(_WRITING, found).get("body") or ""), app, section):
                return str(comment["html_url"])
    raise CommandFailedError(
        "the comment is written by other jobs all the time", fix="run this job again when they have ended"
    )


def _write(
    session: requests.Session, api_url: str, base: str, number: int, app: str, section: str
) -> Mapping[str, Any] | None:
    """The comment as it was written; None where another job had made one at the same time."""
    listed = f"{base}/{number}/comments"
    own = _own_comments(session, api_url, listed)
    if own:
        merged = merge_section(str(own[0]["body"]), app, section)
        return _comment(call(session, _WRITING, "PATCH", f"{base}/comments/{own[0]['id']}", {"body": merged}))
    made = _comment(call(session, _WRITING, "POST", listed, {"body": merge_section("", app, section)}))
    own = _own_comments(session, api_url, listed)
    if not own or own[0]["id"] == made["id"]:
        return made
    call(session, _WRITING, "DELETE", f"{base}/comments/{made['id']}")
    return None


def _own_comments(session: requests.Session, api_url: str, url: str) -> list[dict[str, Any]]:
    """Our comments, oldest first."""
    comments = (fields(_WRITING, one) for one in pages(session, _WRITING, f"{url}?per_page=100"))
    alike = [comment for comment in comments if str(comment.get("body") or "").startswith(MARKER)]
    own = _own_login(session, api_url) if alike else ""
    return sorted((_comment(one) for one in alike if is_by(one, own)), key=lambda one: int(one["id"]))


def _comment(answer: Any) -> dict[str, Any]:
    """A comment that is ours."""
    return fields(_WRITING, answer, id=int, html_url=str)


def _sections(body: str) -> dict[str, str]:
    # Who edits a comment in a browser leaves it with line ends of that kind.
    parts = _SECTION.split(body.replace("\r\n", "\n"))
    return {name: text.strip() for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def _key(app: str) -> str:
    return re.sub(r"[^a-z0-9-]", "-", app.lower()) or "-"


def is_by(comment: Mapping[str, Any], own: str) -> bool:
    """Whether a comment was made by the token whose login is ``own``.

    GraphQL calls an app ``name``, REST ``name[bot]``; a user of that name has another type.
    """
    user = comment.get("user")
    if not isinstance(user, Mapping):
        return False
    login, own = str(user.get("login") or "").lower(), own.lower()
    if user.get("type") == "Bot":
        login, own = login.removesuffix("[bot]"), own.removesuffix("[bot]")
    return bool(own) and login == own


def graphql_url(api_url: str) -> str:
    """Where GraphQL is spoken; GitHub Enterprise has it beside its REST API, and not below."""
    return f"{api_url.removesuffix('/v3')}/graphql"


def _own_login(session: requests.Session, api_url: str) -> str:
    # REST tells the login of a person's token only, and not that of a job's.
    answer = call(session, _WRITING, "POST", graphql_url(api_url), {"query": "{viewer{login}}"})
    told = answer
    for name in ("data", "viewer", "login"):
        told = told.get(name) if isinstance(told, dict) else None
    if not isinstance(told, str) or not told:
        raise CommandFailedError("GitHub does not tell whose token this is", why=str(answer)[:500])
    return told


def _shown_tag(tags: Sequence[str]) -> str:
    """The tag of the pull request, where there is one; else the first."""
    return next((tag for tag in tags if tag.startswith("pr-")), next(iter(tags), ""))
