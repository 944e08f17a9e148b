from __future__ import annotations

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead import passed
from fairlead.passed import EVERYONE, PASS_ENV, interpolated, with_safe_git
from fairlead.passed import child_environment as whole_environment

NAMES = st.text(string.ascii_letters + string.digits + "_", min_size=1, max_size=20)
SETS = (
    passed.SSH,
    passed.ENGINE,
    passed.GIT,
    passed.PIP,
    passed.PYTHON,
    passed.GO,
    passed.APT,
    passed.DAEMON,
)
SECRETS = (
    *(
        "FAIRLEAD_SSH_KEY",
        "FAIRLEAD_REGISTRY_PASSWORD",
        "FAIRLEAD_REGISTRY_USERNAME",
        "FAIRLEAD_JOB_TOKEN",
        "FAIRLEAD_SECRET_DB",
        "FAIRLEAD_SECRETS",
    ),
    *(
        "GITHUB_TOKEN",
        "GH_TOKEN",
        "ACTIONS_RUNTIME_TOKEN",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        "AWS_SECRET_ACCESS_KEY",
    ),
    *(
        "NPM_TOKEN",
        "BUILDX_BAKE_GIT_AUTH_TOKEN",
        "DOCKER_AUTH_CONFIG",
        "GIT_AUTH_TOKEN",
        "TRIVY_PASSWORD",
        "COSIGN_PASSWORD",
    ),
)


SAFE_GIT = with_safe_git({})


def child_environment(*arguments: Any) -> dict[str, str]:
    """Without what every child is told on top."""
    whole = whole_environment(*arguments)
    assert whole.items() >= SAFE_GIT.items()
    return {name: value for name, value in whole.items() if name not in SAFE_GIT}


def test_git_takes_no_tracked_folder_for_a_repository_whatever_else_it_is_told() -> None:
    own = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.bareRepository",
        "GIT_CONFIG_VALUE_0": "all",
    }
    told = {
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_1": "safe.bareRepository",
        "GIT_CONFIG_VALUE_1": "explicit",
    }
    assert whole_environment(own, passed.GIT) == {**own, **told}
    assert whole_environment(own) == SAFE_GIT
    assert whole_environment({"GIT_CONFIG_COUNT": "x"}, passed.GIT) == SAFE_GIT


@given(st.dictionaries(NAMES, st.text(max_size=5)))
def test_what_is_not_listed_is_not_passed(environ: dict[str, str]) -> None:
    given_on = child_environment({name: value for name, value in environ.items() if name != PASS_ENV})
    for name, value in given_on.items():
        assert environ[name] == value
        assert name in EVERYONE or name.startswith(("XDG_", "LC_", "BUILDX_NO_DEFAULT_", "CONTAINERS_"))


@pytest.mark.parametrize("also", [(), *SETS], ids=str)
def test_no_list_names_a_secret(also: tuple[str, ...]) -> None:
    secrets = dict.fromkeys(SECRETS, "x")
    assert child_environment({**secrets, "PATH": "/bin"}, also) == {"PATH": "/bin"}


def test_a_call_asks_by_name_and_by_beginning() -> None:
    environ = {"AWS_REGION": "x", "AWSOME": "y", "TOKEN": "z", "TOKENS": "no"}
    assert child_environment(environ, ("AWS_*", "TOKEN")) == {"AWS_REGION": "x", "TOKEN": "z"}


def test_a_star_alone_asks_for_nothing() -> None:
    """Nor does an empty word: it would be everything."""
    assert child_environment({"A": "1", PASS_ENV: "* ,"}, ("*", "")) == {}


def test_what_the_call_gives_wins_and_none_takes_away() -> None:
    environ = {"HOME": "/root", "PATH": "/bin"}
    assert child_environment(environ, (), {"HOME": "/tmp", "PATH": None, "X": "1"}) == {
        "HOME": "/tmp",
        "X": "1",
    }


def test_the_user_may_pass_more() -> None:
    environ = {PASS_ENV: "TUNNEL_TOKEN, ACME_*", "TUNNEL_TOKEN": "1", "ACME_X": "2", "OTHER": "3"}
    assert child_environment(environ) == {"TUNNEL_TOKEN": "1", "ACME_X": "2"}


@given(st.dictionaries(st.sampled_from([*SECRETS, "VERSION", "GITHUB_SHA"]), st.text(max_size=5)))
def test_a_compose_file_gets_the_user_s_variables_and_no_login_of_ours(environ: dict[str, str]) -> None:
    told = interpolated(environ)
    assert told.items() <= environ.items()
    assert {"VERSION", "GITHUB_SHA"} & environ.keys() <= told.keys()
    assert not {
        name for name in told if name.startswith(("FAIRLEAD_S", "FAIRLEAD_R", "ACTIONS_", "GH_", "GITHUB_T"))
    }
