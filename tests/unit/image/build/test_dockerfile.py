from __future__ import annotations

import pytest

from fairlead.image.build.dockerfile import parse_dockerfile

CROSS = """\
# syntax=docker/dockerfile:1
FROM --platform=$BUILDPLATFORM python:3.13-slim AS build
RUN --mount=type=cache,target=/x \\
    # a comment between
    pip install \\

    something
FROM build AS more
RUN make
FROM python:3.13-slim
COPY --from=more /out/ /
"""


def lines(text: str, target: str = "") -> list[int]:
    return [step.line for step in parse_dockerfile(text).runs_on_target(target)]


def test_stages_on_the_build_platform_and_those_made_of_them_are_not_emulated() -> None:
    assert lines(CROSS) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM python\nRUN a\n", [2]),
        ("FROM --platform=$TARGETPLATFORM python\nRUN a\n", [2]),
        ("FROM --platform=${TARGETPLATFORM} python\nRUN a\n", [2]),
        ("FROM --platform=${BUILDPLATFORM} python\nRUN a\n", []),
        ("FROM --platform=linux/amd64 python\nRUN a\n", []),
        ("FROM python AS base\nRUN a\nFROM base\nCOPY x /\n", [2]),
        ("FROM python AS tools\nRUN a\nFROM scratch\nCOPY --from=tools /x /\n", [2]),
        ("FROM python AS tools\nRUN a\nFROM scratch\nCOPY --from=0 /x /\n", [2]),
        ("FROM python AS tools\nRUN a\nFROM b\nRUN --mount=type=bind,from=tools,target=/t x\n", [2, 4]),
        ("FROM python AS unused\nRUN a\nFROM scratch\nCOPY x /\n", []),
        ("from python as a\nrun b\n", [2]),
        ("FROM python\nRUN <<EOF\nFROM x\nRUN y\nEOF\nRUN z\n", [2, 6]),
        ("# escape=`\nFROM python\nRUN a `\n  b\nRUN c\n", [3, 5]),
        ("", []),
    ],
)
def test_runs_on_the_platform_of_the_image_are_found(text: str, expected: list[int]) -> None:
    assert lines(text) == expected


def test_only_what_the_target_needs_counts() -> None:
    text = "FROM python AS test\nRUN pytest\nFROM scratch AS final\nCOPY x /\n"
    assert lines(text, "final") == []
    assert lines(text, "test") == [2]


def test_an_argument_is_declared_with_and_without_default() -> None:
    dockerfile = parse_dockerfile("ARG A\nFROM x\nARG REVISION=unknown OTHER\n")
    assert dockerfile.declares("REVISION")
    assert dockerfile.declares("OTHER")
    assert not dockerfile.declares("REVISION=unknown")
    assert not dockerfile.declares("REV")


def test_a_step_as_the_builder_shows_it_is_found_in_the_file() -> None:
    dockerfile = parse_dockerfile(CROSS)
    assert dockerfile.line_of("RUN --mount=type=cache,target=/x     pip install      something") == 3
    assert dockerfile.line_of("RUN make") == 9
    assert dockerfile.line_of("RUN nothing like it") == 0
