from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.compose.model import ComposeFiles
from fairlead.compose.resolve import (
    parse_dotted,
    parse_refusal,
    parse_unset,
    resolve_argv,
    resolve_environment,
)
from fairlead.positions import parse_yaml

FILES = ComposeFiles(
    (
        parse_yaml(
            """\
services:
  web:
    image: nginx
    depends_on: [queue]
    networks: [back]
    prts: ["80:80"]
    environment:
      TOKEN: ${TOKEN:?}
    volumes: ["cache:/cache"]
""",
            "compose.yaml",
        ),
    )
)


def test_only_what_is_named_reaches_compose() -> None:
    argv = resolve_argv(Path("/bin/docker-compose"), [Path("/a/b.yaml"), Path("/a/c.yaml")], "board", None)
    assert argv == (
        *("/bin/docker-compose", "--project-name", "board", "--env-file", "/dev/null"),
        *("--file", "/a/b.yaml", "--file", "/a/c.yaml"),
        *("--profile", "*", "config", "--format", "yaml"),
    )
    assert resolve_environment({"SITE": "x"}, "/bin", "/home/me") == {
        "PATH": "/bin",
        "HOME": "/home/me",
        "SITE": "x",
    }


@pytest.mark.parametrize(
    ("stderr", "place", "words"),
    [
        (
            'service "web" depends on undefined service queue: invalid compose project',
            "4:18",
            "undefined service",
        ),
        (
            'service "web" refers to undefined network back: invalid compose project',
            "5:16",
            "undefined network",
        ),
        (
            'service "web" refers to undefined volume cache: invalid compose project',
            "9:15",
            "undefined volume",
        ),
        ("validating compose.yaml: services.web Additional property prts is not allowed", "6:5", "prts"),
        (
            "error while interpolating services.web.environment.TOKEN: required variable TOKEN is missing a value",
            "8:14",
            "required variable TOKEN",
        ),
        ("yaml: unmarshal errors:\n  line 3: mapping key already defined", "3:1", "already defined"),
        ("services.web.ports.0 must be a string", "2:3", "must be a string"),
        ("something nobody foresaw", "1:1", "something nobody foresaw"),
        ("", "1:1", "it says nothing"),
    ],
)
def test_what_compose_refuses_is_placed_where_its_words_point(stderr: str, place: str, words: str) -> None:
    finding = parse_refusal(stderr, FILES)
    assert str(finding.location) == f"compose.yaml:{place}"
    assert words in finding.what


def test_warnings_before_the_error_are_not_the_error() -> None:
    finding = parse_refusal('time="2026" level=warning msg="x"\nno such file', FILES)
    assert finding.what == "no such file"


def test_variables_that_compose_found_unset_are_told_once() -> None:
    line = 'time="2026" level=warning msg="The \\"SITE\\" variable is not set. Defaulting to a blank string."'
    assert parse_unset(f"{line}\n{line}\n") == ("SITE",)


def test_dotted_paths_of_both_kinds_are_read() -> None:
    assert parse_dotted("services.web.ports.0") == parse_dotted("services.web.ports[0]")
