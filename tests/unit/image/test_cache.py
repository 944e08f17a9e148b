from __future__ import annotations

import pytest

from fairlead.image.cache import CachePlan, plan_cache
from fairlead.settings.values import BuildSettings
from tests.unit.image.builders import settings


def cache(*entries: str, **environ: str) -> CachePlan:
    return plan_cache(settings(build=BuildSettings(cache=entries)), "api", environ)


def test_the_registry_is_the_default_in_ci_and_the_builders_own_elsewhere() -> None:
    assert cache() == CachePlan()
    assert cache(CI="true") == cache("registry")


def test_a_registry_cache_lies_beside_the_image_and_never_fails_a_build() -> None:
    made = cache("registry")
    assert made.sources == ("type=registry,ref=ghcr.io/acme/board/api:buildcache",)
    assert made.targets[0].startswith("type=registry,ref=ghcr.io/acme/board/api:buildcache,mode=max,")
    assert made.targets[0].endswith("ignore-error=true")


def test_the_gha_cache_needs_what_only_actions_get() -> None:
    assert cache("gha").sources == ()
    assert "only" in cache("gha").notes[0]
    assert cache("gha", ACTIONS_RUNTIME_TOKEN="t").sources == ("type=gha,scope=board-api",)


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
