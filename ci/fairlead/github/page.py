"""The page of a run, one a step: what happened in a glance, then why, then everything else. Pure.

Whatever people wrote (subjects of commits, names of files, lines of logs) is data here: see ``summary``.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from fairlead import files
from fairlead.github.headline import DEPLOY_SCHEMA, Headline, headline_of
from fairlead.github.summary import (
    MOST_ROWS,
    code,
    escape,
    fence,
    link,
    prose,
    render_evidence,
    render_findings,
    render_table,
    render_timeline,
    shorten,
)
from fairlead.host.wire.answer import parse_answer
from fairlead.host.wire.errors import InputFault
from fairlead.host.wire.result import Acted

if TYPE_CHECKING:
    from fairlead.errors import FairleadError
    from fairlead.report.protocol import Phase

_QUIET = ("fairlead.setup/v1",)
"""Documents of commands that nobody wants a page of, where they end well: it would stand before all others."""
_ROOM = 384 * 1024
"""Bytes: GitHub shows no page at all above 1 MiB a step, and others of the step write there as well."""
_SAID_LINES = 40
_MOST_TEXT = 2000
_MOST_COMMITS = 20
_MOST_WARNINGS = 20

Table = tuple[Sequence[str], Sequence[Sequence[str]]]


@dataclass
class Told:
    """All that a command has told by its end.

    Attributes:
        document: what it hands over.
        said: its result in words.
        error: what went wrong.
        tables: headers and rows of each.
        phases: where the time went.
        warnings: what somebody should look at.
    """

    document: Mapping[str, Any] | None = None
    said: str = ""
    error: FairleadError | None = None
    tables: list[Table] = field(default_factory=list)
    phases: list[Phase] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def headline(self, exit_code: int) -> Headline:
        if self.error is not None:
            return headline_of(exit_code, self.document, self.error.what)
        said = self.said.partition("\n")[0]
        # `status` tells how things stand, and says by its exit code alone that they do not stand well.
        return headline_of(exit_code, self.document, f"not all is well: {said}" if exit_code else said)


def render_page(told: Told, exit_code: int) -> str:
    """The page; empty where there is nothing to tell."""
    parts: list[str] = []
    room = _ROOM
    for part in filter(None, _parts(told, exit_code)):
        room -= len(files.encoded(part))
        parts.append(part if room >= 0 else "More stands in the log: it is too much for a page.")
        if room < 0:
            break
    return "\n\n".join(parts) + "\n" if parts else ""


def _parts(told: Told, exit_code: int) -> Iterator[str]:
    document = told.document or {}
    if exit_code == 0 and document.get("schema") in _QUIET:
        return
    headline = told.headline(exit_code)
    if headline.text:
        yield f"### {escape(str(headline))}"
    yield escape(headline.note)
    if document.get("url"):
        yield link(str(document["url"]))
    if told.error is not None:
        yield from _render_error(told.error, headline)
        yield _warnings(told)
        yield _timeline(told)
        yield from _tables(told)
        yield _commits(document, f"Commits of {_named(document)}")
    else:
        yield _warnings(told)
        changes = document.get("changes") or {}
        yield _commits(document, "Taken back" if changes.get("back") else "Changed")
        yield _render_images(changes.get("images") or (), document)
        yield from _contents(changes.get("images") or ())
        yield _published(document)
        yield _acted(document.get("data") or {})
        yield from _tables(told)
        yield _rest(told.said)
        yield _timeline(told)
    yield _way_back(document, exit_code)


def _render_error(error: FairleadError, headline: Headline) -> Iterator[str]:
    """Why, by which evidence, what to do; the error itself where the headline could not hold all of it."""
    if error.what.rstrip(".") not in headline.text:
        yield prose(shorten(error.what, _MOST_TEXT))
    yield from (prose(shorten(line, _MOST_TEXT)) for line in error.why.splitlines()[:_SAID_LINES])
    if error.details:
        yield render_evidence(error.details)
    if error.fix:
        first, *more = error.fix.splitlines()[:_SAID_LINES]
        yield "<br>\n".join([f"**Fix:** {prose(shorten(first, _MOST_TEXT))}", *map(prose, more)])
    if error.findings:
        yield render_findings(error.findings).rstrip()


def _warnings(told: Told) -> str:
    unique = list(dict.fromkeys(told.warnings))
    lines = [f"- Warning: {prose(shorten(text, _MOST_TEXT))}" for text in unique[:_MOST_WARNINGS]]
    more = len(unique) - _MOST_WARNINGS
    return "\n".join([*lines, *([f"- and {more} more warnings, in the log"] if more > 0 else [])])


def _timeline(told: Told) -> str:
    return render_timeline(told.phases).rstrip() if told.phases else ""


def _tables(told: Told) -> Iterator[str]:
    yield from (render_table(headers, rows).rstrip() for headers, rows in told.tables)


def _rest(said: str) -> str:
    """What a result says beyond its first line, which is the headline."""
    lines = said.splitlines()[1:]
    more = len(lines) - _SAID_LINES
    cut = [f"… and {more} more lines, in the log"] if more > 0 else []
    return fence("\n".join([*lines[:_SAID_LINES], *cut])) if any(lines) else ""


def _named(document: Mapping[str, Any]) -> str:
    return str(document.get("release") or "what was to be deployed")


def _commits(document: Mapping[str, Any], heading: str) -> str:
    """The commits since the release before."""
    changes = document.get("changes") or {}
    commits, before = changes.get("commits"), str(changes.get("before") or "")
    only = ", ".join(map(str, changes.get("only") or ()))
    since = f"since {code(_short(before))}" + (f", of which only {code(only)} was deployed" if only else "")
    if commits:
        lines = [_commit(one) for one in commits[:_MOST_COMMITS]]
        more = int(changes.get("count") or 0) - len(lines)
        lines += [f"- and {more} more"] if more > 0 else []
        return f"**{escape(heading)}** {since}\n\n" + "\n".join(lines)
    if commits is None and before:
        return f"**{escape(heading)}** {since}; which commits these are, the checkout does not know (`fetch-depth: 0`)."
    return ""


def _commit(one: Mapping[str, Any]) -> str:
    return f"- {code(_short(one.get('revision')))} {code(shorten(str(one.get('subject') or ''), 200))}"


def _render_images(images: Sequence[Mapping[str, Any]], document: Mapping[str, Any]) -> str:
    """The digest of each image on its way from build to running: the same one, another, or not to be seen from here."""
    if not images:
        return ""
    is_live = document.get("exit") == 0 and document.get("status") in {"live", "unchanged"}
    rows = []
    for one in images[:MOST_ROWS]:
        digest = str(one.get("digest") or "")
        links = [_link(one.get(name), digest) for name in ("built", "scanned", "published")]
        before = _digest(one.get("before")) if one.get("before") != digest else "the same"
        running = "✓" if is_live else "-"
        size = _size(one.get("sizes") or {}, (one.get("contents") or {}).get("sizes") or {})
        rows.append([str(one.get("image")), _digest(digest), size, *links, running, before])
    more = len(images) - MOST_ROWS
    heading = ["image", "digest", "size", "built", "scanned", "published", "running", "before"]
    return render_table(heading, rows).rstrip() + (f"\n\nand {more} more" if more > 0 else "")


def _contents(images: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if any(one.get("contents") for one in images):
        from fairlead.github.contents import render_contents

        yield from render_contents(images)


def _link(digest: object, release: str) -> str:
    return "-" if not digest else "✓" if digest == release else f"✗ {_digest(digest)}"


def _acted(data: Mapping[str, Any]) -> str:
    """What the plan did to services, and why."""
    try:
        acted = parse_answer(Acted, data)
    except InputFault:
        return ""
    rows = [[one.service, one.action, one.reason] for one in acted.actions]
    if not rows:
        return ""
    kept = acted.kept
    stayed = f"\n\n{kept} stayed as {'it was' if kept == 1 else 'they were'}" if kept else ""
    return render_table(["service", "done", "because"], rows).rstrip() + stayed


def _published(document: Mapping[str, Any]) -> str:
    """The images that were published, with their sizes; what they are called stands in the table of the command."""
    if document.get("schema") != "fairlead.publish/v1":
        return ""
    rows = [
        [name, _digest(one.get("digest")), _size(one.get("sizes") or {})]
        for name, one in document["images"].items()
    ]
    return render_table(["image", "digest", "size"], rows).rstrip()


def _size(sizes: Mapping[str, Any], before: Mapping[str, Any] = MappingProxyType({})) -> str:
    """What is pulled: for each platform, or of the only one there is; and how much more than before, where that is known."""
    told = {name.removeprefix("linux/"): _megabytes(size, before.get(name)) for name, size in sizes.items()}
    if len(told) < 2:
        return "".join(told.values()) or "-"
    return ", ".join(f"{name} {size}" for name, size in told.items())


def _megabytes(size: Any, before: Any) -> str:
    more = f"{(int(size) - int(before)) / 1e6:+.1f}" if before else ""
    return f"{int(size) / 1e6:.1f} MB{f' ({more})' if more.strip('+-0.') else ''}"


def _digest(digest: object) -> str:
    return str(digest or "-").removeprefix("sha256:")[:12]


def _short(revision: object) -> str:
    return str(revision or "")[:12]


def _way_back(document: Mapping[str, Any], exit_code: int) -> str:
    """The command that undoes what was done; of what is not live there is nothing to undo."""
    previous, release = document.get("previous"), document.get("release")
    is_live = document.get("schema") == DEPLOY_SCHEMA and document.get("status") == "live"
    if exit_code or not is_live or not previous or previous == release:
        return ""
    words = ("fairlead", "rollback", "-e", str(document.get("environment") or ""), "--to", str(previous))
    return f"Back to {code(str(previous))}: {code(shlex.join(words))}"
