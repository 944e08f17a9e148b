"""Which builder builds, and what ours is made with; how buildx is made to have it, whatever state it is in."""

from __future__ import annotations

import itertools
import os
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from fairlead import process
from fairlead.errors import CommandFailedError
from fairlead.tools import own_builder
from fairlead.tools.builder import (
    Asked,
    Builder,
    OwnBuilder,
    create_argv,
    lacking,
    parse_builder,
    parse_names,
    plan_own_builder,
)
from fairlead.tools.own_builder import Buildx, choose_builder, ensure_builder, remove_builders

CLASSIC = """\
Name:          default
Driver:        docker
Last Activity: 2026-11-29 09:35:47 +0000 UTC

Nodes:
Name:             default
Endpoint:         default
Status:           running
BuildKit version: v0.0.0+unknown
Platforms:        linux/amd64*, linux/amd64/v2, linux/386
Labels:
 org.mobyproject.buildkit.worker.moby.host-gateway-ip: 10.200.0.1
"""
CONTAINERD = CLASSIC + " org.mobyproject.buildkit.worker.snapshotter:         overlayfs\n"
OURS = """\
Name:          fairlead-1000-00000000
Driver:        docker-container

Nodes:
Name:                  fairlead-1000-000000000
Endpoint:              unix:///var/run/docker.sock
Driver Options:        network="host"
Status:                running
BuildKit daemon flags: --allow-insecure-entitlement=network.host
Platforms:             linux/amd64
"""
ALL = Asked(layout=True, attestations=True, several_platforms=True, cache_export=True)


def test_a_builder_is_read_from_what_buildx_says_of_it() -> None:
    assert parse_builder(CLASSIC) == Builder(
        name="default",
        driver="docker",
        endpoint="default",
        running=True,
        platforms=("linux/amd64", "linux/amd64/v2", "linux/386"),
    )
    assert parse_builder(CONTAINERD).containerd_store
    assert parse_builder("") == Builder()
    broken = parse_builder(
        OURS.replace("running", "stopped").replace("Endpoint", "Error: no answer\nEndpoint")
    )
    assert (broken.running, broken.error) == (False, "no answer")
    two = parse_builder(OURS + "Name: other\nEndpoint: ssh://b\nStatus: stopped\n")
    assert (two.running, two.endpoint) == (False, "unix:///var/run/docker.sock")


@pytest.mark.parametrize("wishes", [*itertools.product([False, True], repeat=4)])
@pytest.mark.parametrize("driver", ["docker", "docker-container", "kubernetes", "remote", ""])
@pytest.mark.parametrize("store", [False, True])
@pytest.mark.parametrize("running", [False, True])
def test_only_the_engines_own_builder_with_the_classic_store_lacks_something(
    wishes: tuple[bool, bool, bool, bool], driver: str, store: bool, running: bool
) -> None:
    asked = Asked(
        layout=wishes[0], attestations=wishes[1], several_platforms=wishes[2], cache_export=wishes[3]
    )
    lacks = lacking(Builder(driver=driver, running=running, containerd_store=store), asked)
    is_poor = driver == "docker" and running and not store
    assert len(lacks) == (sum(wishes) if is_poor else 0)


def test_another_wish_is_another_builder_and_another_user_has_others() -> None:
    made = [
        plan_own_builder(1000, "default"),
        plan_own_builder(1001, "default"),
        plan_own_builder(1000, "tcp://10.0.0.1:2375"),
        plan_own_builder(1000, "default", image="mirror/buildkit@sha256:0"),
        plan_own_builder(1000, "default", on_loopback=True),
        plan_own_builder(1000, "default", registries={"Mirrors": ["https://mirror.example.com/"]}),
    ]
    assert len({one.name for one in made}) == len(made)
    assert made[0] == plan_own_builder(1000, "default", registries={"Mirrors": None, "IndexConfigs": {}})
    assert made[0].name.startswith("fairlead-1000-")


def test_ours_is_told_of_registries_what_the_engine_is_told() -> None:
    own = plan_own_builder(
        0,
        "default",
        registries={
            "Mirrors": ["http://127.0.0.1:5080/", "https://mirror.example.com/hub/"],
            "IndexConfigs": {
                "docker.io": {"Secure": True, "Mirrors": []},
                "registry.lan:5000": {"Secure": False},
            },
        },
    )
    assert tomllib.loads(own.config)["registry"] == {
        "docker.io": {"mirrors": ["127.0.0.1:5080", "mirror.example.com/hub"]},
        "127.0.0.1:5080": {"http": True, "insecure": True},
        "registry.lan:5000": {"http": True, "insecure": True},
    }
    # A container's 127.0.0.1 is its own.
    assert own.host_network


def test_the_command_that_makes_it_says_no_more_than_it_must() -> None:
    plain = create_argv(Path("/b/docker-buildx"), plan_own_builder(0, "default"), None)
    assert plain[:2] == ("/b/docker-buildx", "create")
    assert "--driver-opt" not in plain
    assert "--use" not in plain
    own = plan_own_builder(0, "default", image="r/buildkit:1", on_loopback=True)
    words = create_argv(Path("buildx"), own, Path("/c.toml"))
    assert words[-2:] == ("--config", "/c.toml")
    assert [words[index + 1] for index, word in enumerate(words) if word == "--driver-opt"] == [
        "image=r/buildkit:1",
        "network=host",
    ]


def test_names_are_those_of_builders_and_not_of_their_nodes() -> None:
    listed = """\
NAME/NODE     DRIVER/ENDPOINT   STATUS    BUILDKIT   PLATFORMS
fairlead-0-1  docker-container
 \\_ fairlead-0-10 \\_ unix:///s  running   v0.23.2    linux/amd64
default*      docker
  default     default           running   v0.23      linux/amd64
"""
    assert parse_names(listed) == ("fairlead-0-1", "default")


class FakeBuildx:
    """Buildx with builders that may be well, or fail a number of times before they are."""

    def __init__(self, current: str = CLASSIC, failures: Mapping[str, int] | None = None) -> None:
        self.current = current
        self.failures = dict(failures or {})
        self.creates_well = True
        self.calls: list[str] = []

    def run(self, argv: tuple[str, ...], **_: object) -> process.Completed:
        words = tuple(map(str, argv))
        self.calls.append(" ".join(words[1:3]))
        answer = getattr(self, f"_{words[1]}")
        code, out, err = answer(words)
        return process.Completed(words, code, out, err)

    def _inspect(self, words: tuple[str, ...]) -> tuple[int, str, str]:
        if len(words) == 2:
            return 0, self.current, ""
        name = words[-1]
        if name not in self.failures:
            return 1, "", f'ERROR: no builder "{name}" found\n'
        if self.failures[name]:
            self.failures[name] -= 1
            return 1, "", "ERROR: it is stuck\n"
        return 0, OURS, ""

    def _create(self, words: tuple[str, ...]) -> tuple[int, str, str]:
        name = words[words.index("--name") + 1]
        if name in self.failures:
            return 1, "", f'ERROR: existing instance for "{name}" but no append mode\n'
        self.failures[name] = 0 if self.creates_well else 99
        return 0, name, ""

    def _rm(self, words: tuple[str, ...]) -> tuple[int, str, str]:
        return (0, "", "") if self.failures.pop(words[-1], None) is not None else (1, "", "no such builder")

    def _ls(self, _: tuple[str, ...]) -> tuple[int, str, str]:
        return 0, "\n".join(["NAME", *self.failures, "default* docker"]), ""

    def _info(self, _: tuple[str, ...]) -> tuple[int, str, str]:
        return 0, "{}", ""


Answering = Callable[[FakeBuildx], Buildx]


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Answering:
    """Let a fake answer in buildx' place."""

    def answer(fake: FakeBuildx) -> Buildx:
        monkeypatch.setattr(process, "run", fake.run)
        monkeypatch.setattr(own_builder, "locate", Path)
        return Buildx(Path("buildx"))

    return answer


OWN = OwnBuilder(name="fairlead-1000-00000000")


@pytest.mark.parametrize(
    ("failures", "was_there", "calls"),
    [
        ({}, False, ["inspect --bootstrap", "create --name", "inspect --bootstrap"]),
        ({OWN.name: 0}, True, ["inspect --bootstrap"]),
        # Once is no reason to take it away: somebody may be building in it.
        ({OWN.name: 1}, True, ["inspect --bootstrap"] * 2),
        (
            {OWN.name: 9},
            False,
            [*["inspect --bootstrap"] * 2, "rm --force", "create --name", "inspect --bootstrap"],
        ),
    ],
    ids=["missing", "well", "slow", "stuck"],
)
def test_a_builder_is_taken_started_or_made_anew(
    failures: Mapping[str, int], was_there: bool, calls: list[str], answering: Answering
) -> None:
    fake = FakeBuildx(failures=failures)
    assert ensure_builder(answering(fake), OWN) is was_there
    assert fake.calls == calls


def test_one_that_another_build_makes_in_this_moment_is_waited_for(answering: Answering) -> None:
    fake = FakeBuildx()
    inspect, first = fake._inspect, True

    def meanwhile(words: tuple[str, ...]) -> tuple[int, str, str]:
        nonlocal first
        answer, first = inspect(words), False
        # The other's container is half made when we ask for ours.
        fake.failures.setdefault(OWN.name, 1)
        return answer

    fake._inspect = meanwhile  # type: ignore[method-assign]
    assert ensure_builder(answering(fake), OWN) is False
    assert "rm --force" not in fake.calls


def test_one_that_does_not_come_up_is_told_with_the_ways_out(answering: Answering) -> None:
    fake = FakeBuildx()
    fake.creates_well = False
    with pytest.raises(
        CommandFailedError, match="does not come up, and the current one cannot attest"
    ) as told:
        ensure_builder(answering(fake), OWN, ("attest",))
    assert told.value.why == "it is stuck"
    assert "FAIRLEAD_BUILDKIT_IMAGE" in told.value.fix
    assert "BUILDX_BUILDER" in told.value.fix


@pytest.mark.parametrize("current", [CONTAINERD, OURS, "Name: far\nDriver: remote\n", ""])
def test_a_builder_that_can_is_taken_as_it_is(current: str, answering: Answering) -> None:
    fake = FakeBuildx(current)
    assert choose_builder(answering(fake), ALL, on_loopback=True).name == ""
    assert fake.calls == ["inspect"]


def test_the_choice_is_told_in_one_line_and_again_the_next_time(answering: Answering) -> None:
    buildx = answering(FakeBuildx())
    first = choose_builder(buildx, ALL)
    again = choose_builder(buildx, ALL)
    assert first.name == again.name == plan_own_builder(os.getuid(), "default").name
    assert "was made and builds" in first.remark
    assert "a container, builds" in again.remark
    assert "\n" not in first.remark
    assert "cannot write an OCI layout, attest" in first.remark
    assert "`fairlead clean`" in first.remark


def test_clean_removes_the_builders_of_this_user_alone(answering: Answering) -> None:
    own = f"fairlead-{os.getuid()}-1a"
    fake = FakeBuildx(failures={own: 0, f"fairlead-{os.getuid()}1-2b": 0, "mine": 0})
    assert remove_builders(answering(fake)) == (own,)
    assert sorted(fake.failures) == sorted([f"fairlead-{os.getuid()}1-2b", "mine"])
