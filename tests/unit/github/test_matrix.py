"""A runner a platform, of its kind where there is one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.errors import InputError
from fairlead.github.matrix import SLOTS, artifact_name, plan_matrix

AMD, ARM = "linux/amd64", "linux/arm64"
LABELS = ["self-hosted", "linux"]


def entry(slot: int, platforms: str, runner: Any) -> dict[str, Any]:
    return {"slot": slot, "platforms": platforms, "runs-on": runner}


@pytest.mark.parametrize(
    ("platforms", "runs_on", "runners", "matrix"),
    [
        ((), "ubuntu-24.04", "", [entry(1, "", "ubuntu-24.04")]),
        ((AMD,), "ubuntu-24.04", "", [entry(1, AMD, "ubuntu-24.04")]),
        ((ARM,), "ubuntu-24.04", "", [entry(1, ARM, "ubuntu-24.04-arm")]),
        ((AMD, ARM), "ubuntu-24.04", "", [entry(1, AMD, "ubuntu-24.04"), entry(2, ARM, "ubuntu-24.04-arm")]),
        (
            (ARM, AMD),
            "ubuntu-22.04-arm",
            "",
            [entry(1, ARM, "ubuntu-22.04-arm"), entry(2, AMD, "ubuntu-22.04")],
        ),
        # Nobody knows what another runner is: it builds all, and says what it emulates.
        ((AMD, ARM), "mine", "", [entry(1, f"{AMD} {ARM}", "mine")]),
        ((AMD, ARM), json.dumps(LABELS), "", [entry(1, f"{AMD} {ARM}", LABELS)]),
        ((AMD, ARM), "mine", json.dumps({ARM: LABELS}), [entry(1, AMD, "mine"), entry(2, ARM, LABELS)]),
        # One that needs no emulation.
        (
            (AMD, ARM),
            "ubuntu-24.04",
            json.dumps({ARM: "ubuntu-24.04"}),
            [entry(1, f"{AMD} {ARM}", "ubuntu-24.04")],
        ),
    ],
)
def test_each_platform_is_built_on_a_runner_of_its_kind(
    platforms: tuple[str, ...], runs_on: str, runners: str, matrix: list[dict[str, Any]]
) -> None:
    assert plan_matrix(platforms, runs_on, runners) == matrix


@pytest.mark.parametrize(
    ("runs_on", "runners", "said"),
    [
        ("[", "", "the input `runs-on` is '['"),
        ("[1]", "", "the input `runs-on`"),
        ("x", "[]", "the input `runners`"),
        ("x", '{"linux/arm64": 5}', "the input `runners`"),
        ("x", "ubuntu", "the input `runners`"),
        ("x", '{"linux/s390x": "y"}', "which is not among the platforms"),
    ],
)
def test_what_is_no_runner_is_refused_in_words(runs_on: str, runners: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        plan_matrix((AMD, ARM), runs_on, runners)
    assert said in refused.value.what
    assert refused.value.fix


def test_more_runners_than_the_workflow_has_outputs_for_are_refused() -> None:
    names = [f"linux/x{number}" for number in range(SLOTS + 1)]
    with pytest.raises(InputError, match="5 runners"):
        plan_matrix(names, "x", json.dumps({name: name for name in names}))


@given(
    st.lists(st.sampled_from([AMD, ARM, "linux/arm/v7", "linux/386"]), unique=True),
    st.text() | st.sampled_from(["ubuntu-24.04", "ubuntu-24.04-arm"]),
    st.text() | st.dictionaries(st.sampled_from([AMD, ARM]), st.text() | st.lists(st.text())).map(json.dumps),
)
def test_every_platform_is_built_once_or_the_inputs_are_refused(
    platforms: list[str], runs_on: str, runners: str
) -> None:
    try:
        matrix = plan_matrix(platforms, runs_on, runners)
    except InputError:
        return
    built = [name for one in matrix for name in one["platforms"].split() if name]
    assert sorted(built) == sorted(platforms)
    assert [one["slot"] for one in matrix] == list(range(1, len(matrix) + 1))


def test_two_apps_or_environments_of_one_run_have_artifacts_of_their_own() -> None:
    names = {
        artifact_name(*call) for call in [("app/a", "x"), ("app/b", "x"), ("app/a", "y"), ("app/a/x", "")]
    }
    assert len(names) == 4
    assert artifact_name("app/.", "x") == artifact_name("app", "x")
    assert not set('/\\:*?"<>|') & set("".join(names))
