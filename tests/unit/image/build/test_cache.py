from __future__ import annotations

from typing import Any

import pytest

from fairlead.image.build.cache import CachePlan, is_uncached, plan_cache
from fairlead.image.build.trust import Trust
from fairlead.settings.images import BuildSettings
from tests.unit.image.builders import settings

MAIN = Trust(writes=True)
PULL = Trust(pull_request=12)
FORK = Trust(reads=False, pull_request=12)
BRANCH = Trust()
TAG = Trust(is_tag=True)
OTHERS = (PULL, FORK, BRANCH, TAG)
ACTIONS: dict[str, Any] = {"CI": "true", "ACTIONS_RUNTIME_TOKEN": "t"}


def cache(*entries: str, trust: Trust = MAIN, tag_cache: str = "read", **environ: str) -> CachePlan:
    build = BuildSettings(cache=entries, tag_cache=tag_cache)
    return plan_cache(settings(build=build), "api", environ, trust)


@pytest.mark.parametrize("trust", OTHERS)
@pytest.mark.parametrize(
    "entry", ["registry", "local", "type=s3,bucket=b", "type=local,dest=/a", "type=inline"]
)
def test_nobody_but_the_default_branch_writes_what_it_reads(entry: str, trust: Trust) -> None:
    assert cache(entry, **ACTIONS).targets
    made = cache(entry, trust=trust, **ACTIONS)
    assert made.targets == ()
    assert made.sources == (cache(entry, **ACTIONS).sources if trust.reads else ())


def test_a_laptop_reads_the_registrys_cache_and_writes_its_own_only() -> None:
    laptop = Trust()
    assert cache("registry", trust=laptop).sources
    assert cache("registry", trust=laptop).targets == ()
    assert cache("local", trust=laptop).targets
    assert cache("type=local,dest=/a", trust=laptop).targets
    given = cache("type=s3,bucket=b", trust=laptop)
    assert given.targets == ()
    assert "FAIRLEAD_CACHE_WRITE" in given.notes[0]


def test_a_release_may_be_built_of_nothing_that_was_built_before() -> None:
    for trust in (MAIN, *OTHERS):
        made = settings(build=BuildSettings(cache=("registry", "none")))
        assert plan_cache(made, "api", ACTIONS, trust) == CachePlan()
        assert is_uncached(made, trust)
        assert not is_uncached(settings(), trust)
        made = settings(build=BuildSettings(tag_cache="none"))
        assert is_uncached(made, trust) is trust.is_tag
        assert (plan_cache(made, "api", ACTIONS, trust) == CachePlan()) is (trust.is_tag or not trust.reads)


def test_the_registry_is_the_default_in_ci_and_the_builders_own_elsewhere() -> None:
    assert cache() == CachePlan()
    assert cache(CI="true") == cache("registry")


def test_a_registry_cache_lies_beside_the_image_and_never_fails_a_build() -> None:
    made = cache("registry")
    assert made.sources == ("type=registry,ref=ghcr.io/acme/board/api:buildcache",)
    assert made.targets[0].startswith("type=registry,ref=ghcr.io/acme/board/api:buildcache,mode=max,")
    assert made.targets[0].endswith("ignore-error=true")


def test_a_local_cache_is_written_anew_beside_the_old_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRLEAD_CACHE", "/c")
    assert cache("local") == CachePlan(
        sources=("type=local,src=/c/build/board/api",),
        targets=("type=local,dest=/c/build/board/api.new,mode=max",),
    )


@pytest.mark.parametrize(
    ("given", "sources", "targets"),
    [
        ("type=local,src=/a", ("type=local,src=/a",), ()),
        ("type=local,dest=/a", (), ("type=local,dest=/a",)),
        ("type=inline", (), ("type=inline",)),
        ("type=s3,bucket=b", ("type=s3,bucket=b",), ("type=s3,bucket=b,mode=max,ignore-error=true",)),
        ("type=s3,mode=min,ignore-error=false",) * 1
        + (("type=s3,mode=min,ignore-error=false",), ("type=s3,mode=min,ignore-error=false",)),
    ],
)
def test_a_specification_of_the_users_is_read_and_written_unless_it_names_one_way(
    given: str, sources: tuple[str, ...], targets: tuple[str, ...]
) -> None:
    assert cache(given) == CachePlan(sources=sources, targets=targets)
