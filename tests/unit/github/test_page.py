"""The page of a step: as the files beside this one, and of nobody's making but ours."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from fairlead.errors import RolledBackError
from fairlead.findings import Finding, Location
from fairlead.github.page import Told, render_page
from fairlead.github.reporter import ActionsReporter
from fairlead.host.wire.answer import render_answer
from fairlead.host.wire.result import ErrorReport
from fairlead.report.sink import Sink, clean
from tests.pages import FOLDER, PAGES, result, write_page

URL = "https://board.example.com"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_the_one_that_was_looked_at(name: str, tmp_path: Path) -> None:
    """`python -m tests.pages` writes them anew."""
    written = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    assert write_page(PAGES[name], tmp_path) == written


def test_every_page_that_was_looked_at_is_still_one() -> None:
    assert {file.stem for file in FOLDER.glob("*.md")} == set(PAGES)


def test_the_tools_of_a_job_are_no_page() -> None:
    """It would be the first thing on it."""
    told = Told({"schema": "fairlead.setup/v1"}, "ready", tables=[(["tool"], [["trivy"]])])
    assert render_page(told, 0) == ""
    assert render_page(told, 3).startswith("### ✗ not all is well: ready")


def test_warnings_stand_on_the_page_each_once() -> None:
    told = Told({"schema": "x"}, "done", warnings=["b did not do it", "b did not do it", "old `trivy`"])
    assert render_page(told, 0).endswith("\n\n- Warning: b did not do it\n- Warning: old `trivy`\n")
    told.warnings = [str(number) for number in range(400)]
    assert render_page(told, 0).endswith("- Warning: 19\n- and 380 more warnings, in the log\n")


HOSTILE = [
    *(
        "<img src=//evil.example>",
        "</details>",
        "<!--",
        "<script>",
        "&lt;b>",
        "[a](//evil.example)",
        "![a](b)",
    ),
    *(
        "`",
        "```\n",
        "~~~",
        "|",
        "\\",
        "*a*",
        "_a_",
        "~~a~~",
        "\n# a",
        "\n- a",
        "1. a",
        "\n> a",
        "\n---\n",
        "===",
    ),
    *(
        "    a",
        "\t",
        "\r",
        "\r\n",
        "\n\n",
        "\n::error::a",
        "##[error]a",
        "\x1b[2J",
        "\x00",
        "\u202e",
        "\u2028",
    ),
    *("@ann", "a@evil.example", "#12", "GH-12", "$a$", "$$a$$", ":tada:", ":+1:", "https://evil.example/a"),
    *(
        "www.evil.example",
        "http://a",
        "<http://a>",
        "a",
        "é",
        " ",
        "-",
        "+",
        "%0A",
        "[^1]",
        "\n[a]: //evil.example",
    ),
]
texts = st.lists(st.sampled_from(HOSTILE), max_size=6).map("".join)
MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
HTML = re.compile(
    r"</?code>|</?span>|<br>\n?|<details><summary>(\d+ lines before these[^<]*|Packages)</summary>\n?|</details>\n?"
)
OURS = {
    "heading",
    "paragraph",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "bullet_list",
    "list_item",
    "strong",
}
LOOKED_FOR = re.compile(
    r"https?://|www\.|(^|\W)@\w|#\d|GH-\d|:[\w+-]*[A-Za-z+-][\w+-]*:|\w@\w", re.IGNORECASE | re.ASCII
)


def told_by(text: str) -> Told:
    """Everything that a page can say, with this text wherever text can stand."""
    fault = ErrorReport(text, text, text, (text,), text)
    ended = result("reverted", 6, until="watch", serving="000013", error=fault)
    commits = [{"revision": text, "subject": text}]
    flaw = dict.fromkeys(("id", "severity", "package", "version", "fixed"), text)
    told_flaws = {"count": 9, "severities": {text: 9}, "listed": [{**flaw, "platforms": [text]}] * 4}
    package = {"package": text, "before": [text, text], "after": [text], "platforms": [text]}
    contents = {
        "unknown": "",
        "sizes": {text: 4},
        "packages": {"count": 9, "listed": [package]},
        **dict.fromkeys(("new", "fixed", "disclosed", "withdrawn"), told_flaws),
    }
    image = {
        "contents": contents,
        "sizes": {text: 5, f"{text} ": 6},
        "image": text,
        "digest": text,
        "before": text,
        "built": text,
        "scanned": text,
        "published": text,
    }
    images = [image, {**image, "contents": {"unknown": f"no {text}"}}]
    changes = {"before": text, "after": text, "commits": commits, "count": 9, "images": images}
    where = {
        "schema": "fairlead.deploy/v1",
        "app": text,
        "environment": text,
        "url": text,
        "changes": changes,
    }
    error = RolledBackError(
        text,
        why=text,
        fix=text,
        findings=(Finding(text, Location(text, 3, 5), text, text),),
        details=(text, *["line"] * 30, text),
    )
    told = Told({**render_answer(ended), **where}, text, error)
    told.tables.append(([text, "b"], [[text, text]]))
    told.warnings = [text]
    told.phases = [(text, "done", 1.0), (text, "failed", 2.0)]
    return told


def flat(tokens: list[Token]) -> list[Token]:
    return [inner for token in tokens for inner in (token, *flat(token.children or []))]


def check(page: str, url: str = URL) -> None:
    """Nothing in it is anybody's but ours, as GitHub reads it."""
    assert not any(ord(char) < 32 and char not in "\n\t" for char in page)
    tokens = flat(MARKDOWN.parse(page))
    before = ""
    in_code = False
    for token in tokens:
        kind = token.type.removesuffix("_open").removesuffix("_close")
        if token.type in {"html_inline", "html_block"}:
            assert HTML.fullmatch(token.content), token.content
            in_code = token.content == "<code>" or (in_code and token.content != "</code>")
        elif kind == "link":
            assert token.type == "link_close" or token.attrs["href"] == url, token.attrs
        elif token.type == "text":
            assert in_code or token.content == url or not LOOKED_FOR.search(token.content), token.content
            assert in_code or "$" not in token.content or (token.content, before) == ("$", "<span>")
        else:
            assert kind in {*OURS, "inline", "fence", "code_inline", "softbreak"}, token.type
        before = token.content
    headings = [token for token in tokens if token.type == "heading_open"]
    assert [token.tag for token in headings] in (["h3"], [])


@settings(max_examples=40)
@given(texts)
@example(":broken_heart:")
@example(":tada:_a_")
def test_what_people_write_is_data(text: str) -> None:
    """No Markdown, no HTML, no name, issue, emoji, formula or address of GitHub's, no control character."""
    for url in (URL, text):
        address = url if re.fullmatch(r"https?://\S+", url) else URL
        told = told_by(text)
        told.document = {**(told.document or {}), "url": url}
        check(clean(render_page(told, 6)), address)
        told.error = None
        told.document = {
            **told.document,
            "exit": 0,
            "status": "live",
            "serving": "000014",
            "data": {"unasked": [text], "actions": [dict.fromkeys(("service", "action", "reason"), text)]},
        }
        check(clean(render_page(told, 0)), address)
        told.document = None
        check(clean(render_page(told, 0)), address)


def test_a_page_of_very_much_is_bounded(tmp_path: Path) -> None:
    """Far below the megabyte above which GitHub shows none of it; what is left out is counted."""
    long = "é" * 5_000
    told = told_by(long)
    assert told.error is not None
    told.error.findings = tuple(
        Finding(long, Location(f"f{number}.yaml", 1), long) for number in range(5_000)
    )
    told.error.details = (("x" * 1_000 + "\n") * 20_000,)
    told.error.why = told.error.fix = f"{long}\n" * 5_000
    told.tables = [(["a", "b"], [[long, long]] * 400)] * 3
    told.warnings = [f"{number} {long}" for number in range(400)]
    told.document = {**(told.document or {})}
    changes: Any = dict(told.document["changes"])
    changes |= {
        "commits": [{"revision": "a" * 40, "subject": long}] * 1_000,
        "images": changes["images"] * 400,
    }
    told.document["changes"] = changes
    page = render_page(told, 6)
    assert len(page.encode()) < 400 * 1024
    assert "before these; 19780 more stand in the log" in page
    assert page.endswith("More stands in the log: it is too much for a page.\n")
    check(clean(page))
    # Of one that ended well the first images are on it, each with what it changes.
    told.error = None
    told.document |= {"exit": 0, "status": "live", "serving": "000014"}
    page = render_page(told, 0)
    assert len(page.encode()) < 400 * 1024
    assert "<summary>Packages</summary>" in page
    check(clean(page))


def test_nothing_is_written_where_nothing_was_told(tmp_path: Path) -> None:
    file = tmp_path / "summary.md"
    reporter = ActionsReporter(Sink(io.StringIO()), {"GITHUB_STEP_SUMMARY": str(file)})
    reporter.line("a line")
    reporter.end(0)
    assert not file.exists()


@pytest.mark.parametrize("data", [{"actions": ["x"]}, {"actions": {"a": 1}}, {"actions": 5}, {"kept": [5]}])
def test_what_a_server_tells_in_another_form_takes_nothing_else_from_the_page(data: Any) -> None:
    document = {
        "schema": "fairlead.deploy/v1",
        "status": "live",
        "exit": 0,
        "release": "000002",
        "serving": "000002",
        "data": data,
    }
    assert "000002" in render_page(Told(document=document, said="board 000002 serves at h"), 0)
