from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.app.images.dockerfile import DockerfileFacts, parse_dockerfile, read_dockerfile

TEXT = """\
# syntax=docker/dockerfile:1
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
EXPOSE 1

FROM alpine AS base
EXPOSE 8000/tcp 53/udp $PORT
HEALTHCHECK --interval=5s \\
  # a comment in between
  CMD wget -q http://127.0.0.1:8000/up

from base as final
EXPOSE 9000
"""


def test_the_last_stage_counts_with_what_it_is_built_on() -> None:
    facts = parse_dockerfile(TEXT)
    assert facts.ports == (9000, 8000)
    assert "http://127.0.0.1:8000/up" in facts.healthcheck


def test_a_target_counts_alone() -> None:
    assert parse_dockerfile(TEXT, "build") == DockerfileFacts(ports=(1,), base="golang:1.26")


def test_a_check_can_be_taken_away() -> None:
    assert parse_dockerfile(f"{TEXT}HEALTHCHECK NONE\n").healthcheck == ""


def test_a_missing_dockerfile_says_nothing(tmp_path: Path) -> None:
    assert read_dockerfile(tmp_path / "Dockerfile", "", tmp_path) == DockerfileFacts()


@pytest.mark.parametrize(
    ("said", "given", "port"),
    [
        ("ARG PORT=8000", {}, 8000),
        ("ARG PORT=8000", {"PORT": "9000"}, 9000),
        ("ENV PORT=8000", {"PORT": "9000"}, 8000),
        ("ENV PORT 8000", {}, 8000),
        ("ENV LANG=C.UTF-8 PORT='8000'", {}, 8000),
        ('ARG NUMBER=8000\nENV PORT="$NUMBER"', {}, 8000),
        ("ARG NUMBER\nENV PORT=${NUMBER:-8000}", {}, 8000),
        ("ARG NUMBER\nENV PORT=${NUMBER:-8000}", {"NUMBER": "9000"}, 9000),
        ("ARG PORT=8000\nENV PORT=9000", {"PORT": "7000"}, 9000),
        ("ARG COMMON", {}, 6000),
        ("ARG COMMON", {"COMMON": "7000"}, 7000),
        ("ARG OTHER=1 PORT=8000", {}, 8000),
    ],
)
def test_a_variable_is_what_the_builder_makes_of_it(said: str, given: dict[str, str], port: int) -> None:
    name = "COMMON" if "COMMON" in said else "PORT"
    text = f"ARG COMMON=6000\nFROM alpine\n{said}\nEXPOSE ${{{name}}}/tcp\n"
    assert parse_dockerfile(text, "", given).ports == (port,)


@pytest.mark.parametrize(
    "said",
    [
        "ARG PORT",
        "",
        "ENV PORT='$NUMBER'",
        "ARG OTHER=8000",
        "ENV APP-PORT=8000 app.PORT=8000",
        "FROM alpine AS other\nENV PORT=8000\nFROM alpine",
    ],
)
def test_a_variable_that_only_the_builder_knows_stays_as_it_is_written(said: str) -> None:
    facts = parse_dockerfile(f"FROM alpine\n{said}\nEXPOSE $PORT\nUSER $PORT\n", "", {"UNUSED": "1"})
    assert facts.ports == ()
    assert facts.user in {"$PORT", "$NUMBER"}


def test_variables_stand_in_all_that_the_builder_puts_them_in() -> None:
    text = """\
ARG FLAVOUR=alpine
FROM caddy:$FLAVOUR AS base
ARG NUMBER=10001
ENV DATA=/data \\
    STOP=SIGQUIT

FROM base
USER ${NUMBER}:0
VOLUME ["$DATA/db", "/kept"]
STOPSIGNAL $STOP
CMD serve --port $PORT $NUMBER
"""
    assert parse_dockerfile(text, "", {"NUMBER": "0"}) == DockerfileFacts(
        base="caddy:alpine",
        user="0:0",
        volumes=("/data/db", "/kept"),
        stop_signal="SIGQUIT",
        command="serve --port $PORT $NUMBER",
    )


def test_variables_that_name_each_other_do_not_grow_without_end() -> None:
    doubled = "".join(f"ENV A{number + 1}=$A{number}$A{number}\n" for number in range(64))
    assert parse_dockerfile(f"FROM alpine\nENV A0=ab\n{doubled}EXPOSE $A64\n").ports == ()


def test_a_variable_put_in_many_times_does_not_fill_the_memory() -> None:
    many = "$A" * 3000
    assert parse_dockerfile(f"FROM alpine\nENV A=1\nUSER {many}\n").user == many


@pytest.mark.parametrize("word", ["a" * 100_000 + "!", "a=b\\" * 50_000 + "c"])
def test_a_long_word_that_is_no_assignment_is_passed_over_once(word: str) -> None:
    """A search that begins anew at each of its letters would take hours."""
    assert parse_dockerfile(f"FROM alpine\nENV {word} PORT=8000\nEXPOSE $PORT\n").ports == (8000,)


HEREDOC = """\
FROM debian:13
COPY <<-'END' /etc/app.conf
user root
expose 9000
END
RUN <<EOF cat <<<words
cmd nothing
EOF
USER 10001
RUN echo $((1 << PORT))
EXPOSE 8000
"""


def test_a_here_document_is_no_instruction() -> None:
    facts = parse_dockerfile(HEREDOC)
    assert (facts.user, facts.ports, facts.command) == ("10001", (8000,), "")


def test_a_directive_names_the_character_that_joins_lines() -> None:
    facts = parse_dockerfile(
        "# escape=`\nFROM debian:13\nRUN dir c:\\\nUSER 10001\nENTRYPOINT app `\n  --serve\n"
    )
    assert (facts.user, facts.entrypoint) == ("10001", "app --serve")
