"""What is said of a release to go back to is one release of those that are there, or refused with their list."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.errors import InputError
from fairlead.host.wire.status import KnownRelease, StateAnswer
from fairlead.release.target import Target, find_target, known_target, needs_digests, release_rows

A, B, C = "a" * 40, "abcdef0" + "b" * 33, "abcdef1" + "c" * 33
ONE, TWO = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"
TAGS = {"v1.0": A, "v1.1": B, "v9": "9" * 40, "deadbeef": A, "abcdef1": A}

RELEASES = (
    KnownRelease("000006", "stable", C, "ann", 6.0, "000005", (TWO,)),
    KnownRelease("000005", "stable", B, "ann", 5.0, "000003", (TWO,)),
    KnownRelease("000004", "reverted", "d" * 40, "bob", 4.0),
    KnownRelease("000003", "stable", A, "bob", 3.0, "000002", (ONE,)),
    KnownRelease("000002", "stable", A, "bob", 2.0, None, (ONE,)),
)
STATE = StateAnswer(serving="000006", previous="000005", releases=RELEASES)
STATES = {"one": STATE}


def tagged(name: str) -> str:
    return TAGS.get(name, "")


def find(said: str) -> Target:
    return find_target(STATES, said, tagged)


@pytest.mark.parametrize(
    ("said", "release"),
    [
        ("", None),
        ("previous", None),
        ("-1", None),
        ("3", "000003"),
        ("000003", "000003"),
        # The server says what there is, and keeps to it under its lock.
        ("41", "000041"),
        (A, "000003"),
        (A[:7], "000003"),
        (f"sha-{B}", "000005"),
        ("abcdef0", "000005"),
        # The commits that are there come before a tag that looks like one.
        ("abcdef1", "000006"),
        ("deadbeef", "000003"),
        ("v1.1", "000005"),
        (ONE, "000003"),
    ],
)
def test_a_release_is_found_by_what_people_have_at_hand(said: str, release: str | None) -> None:
    assert find(said) == Target(release)


@pytest.mark.parametrize(("said", "release"), [("-2", "000003"), ("-3", "000002")])
def test_what_is_counted_is_bound_to_what_it_was_counted_from(said: str, release: str) -> None:
    assert find(said) == Target(release, "000006")


@pytest.mark.parametrize(
    "said",
    [
        "-4",
        "abcdef",
        "abcdef" * 2,
        "e" * 40,
        "v2",
        "v9",
        f"sha256:{'3' * 64}",
        TWO,
        "sha-1",
        "--list",
        "-0",
        "x" * 999,
    ],
)
def test_what_is_unknown_or_may_be_two_is_refused_with_what_there_is(said: str) -> None:
    with pytest.raises(InputError) as refused:
        find(said)
    assert refused.value.why
    assert refused.value.fix == (
        "there are: 000006 abcdef1ccccc (serves), 000005 abcdef0bbbbb (the one before), "
        "000003 aaaaaaaaaaaa, 000002 aaaaaaaaaaaa"
    )


def test_a_commit_that_may_be_two_is_told_with_both() -> None:
    two = {"one": StateAnswer(releases=(RELEASES[0], RELEASES[1]))}
    with pytest.raises(InputError) as refused:
        find_target(two, TWO, tagged)
    assert (refused.value.what, refused.value.why) == (
        f"{TWO} is not one release",
        "it may be abcdef0bbbbb or abcdef1ccccc",
    )


def test_where_nothing_was_deployed_there_is_nothing_to_list() -> None:
    with pytest.raises(InputError, match="'v2' names no release") as refused:
        find_target({"one": StateAnswer()}, "v2", tagged)
    assert "deploy the commit again" in (refused.value.fix or "")


def test_of_several_servers_the_newest_that_serves_is_counted_from() -> None:
    behind = StateAnswer(serving="000005", previous="000003", releases=RELEASES[1:])
    assert find_target({"one": behind, "two": STATE}, "-2", tagged) == Target("000003", "000006")


def test_nobody_is_asked_for_what_can_be_told_without() -> None:
    assert [known_target(one) for one in (None, "", "previous", "7")] == [
        Target(),
        Target(),
        Target(),
        Target("000007"),
    ]
    assert [known_target(one) for one in ("-2", "v1.0", "1234567")] == [None, None, None]
    assert [needs_digests(one) for one in (ONE, A, None)] == [True, False, False]


@given(st.text())
def test_whatever_is_said_is_a_release_that_is_there_or_refused(said: str) -> None:
    try:
        target = find(said)
    except InputError:
        return
    assert known_target(said) is not None or target.release in {
        one.id for one in RELEASES if one.state == "stable"
    }


def test_the_list_says_which_serves() -> None:
    assert release_rows(STATE)[:2] == [
        ("000006", "abcdef1ccccc", "ann", "serves"),
        ("000005", "abcdef0bbbbb", "ann", "the one before"),
    ]
