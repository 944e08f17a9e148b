"""One release on several hosts: how it is called, who runs its jobs, where they go back to together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fairlead.errors import InputError
from fairlead.host.wire.answer import parse_answer
from fairlead.host.wire.fleet import Fleet
from fairlead.host.wire.marks import Marks
from fairlead.host.wire.release import content_hash
from fairlead.host.wire.status import HostMarks, StateAnswer
from fairlead.release.together import (
    find_differences,
    plan_fleet,
    plan_marks,
    plan_once,
    plan_reference,
    plan_release_id,
    plan_target,
)

JOB = {"role": "job", "hash": "ab" * 32, "depends_on": {}, "definition": {}}


def _release(**services: Any) -> dict[str, Any]:
    return {"revision": "1a" * 20, "services": services}


def _state(serving: str | None, *stable: str, **more: Any) -> StateAnswer:
    releases = [{"id": one, "state": "stable", "revision": one * 6} for one in stable]
    previous = max((one for one in stable if serving and one < serving), default=None)
    raw = {
        "serving": serving,
        "content": serving,
        "previous": previous,
        "releases": [*releases, {"id": "000099", "state": "refused", "revision": "x"}],
        "next_id": f"{int(serving or 0) + 1:06d}",
        "tasks": [],
        **more,
    }
    return parse_answer(StateAnswer, raw)


@pytest.mark.parametrize(
    ("definition", "depends_on", "once"),
    [
        ({}, {}, True),
        ({"environment": {"URL": "postgresql://db.example.com/app"}}, {}, True),
        ({"environment": {"URL": "postgresql://db:5432/app"}}, {}, False),
        ({"command": ["migrate", "--host", "db"]}, {}, False),
        ({}, {"db": {"condition": "service_healthy"}}, False),
        ({"volumes": [{"type": "volume", "source": "data", "target": "/data"}]}, {}, False),
        ({"volumes": [{"type": "bind", "source": "/etc/x", "target": "/x"}]}, {}, True),
    ],
)
def test_a_job_runs_once_unless_its_data_are_the_host_s_own(
    definition: dict[str, Any], depends_on: dict[str, Any], once: bool
) -> None:
    job = {**JOB, "definition": definition, "depends_on": depends_on}
    release = _release(migrate=job, db={"role": "state"}, web={"role": "app"})
    assert plan_once(release) == (("migrate",) if once else ())


def test_the_first_host_runs_the_jobs_and_the_others_are_told_which_have_run() -> None:
    release = _release(migrate=JOB)
    states = {"a": _state("000041"), "b": _state(None, jobs_done=["ab" * 32, "cd" * 32])}
    told = {host: plan_fleet(["a", "b"], host, states, release, hold_timeout=9) for host in states}
    assert told["a"].runner == ""
    assert told["b"] == Fleet("000042", ("a", "b"), 9, once=("migrate",), runner="a", done=("ab" * 32,))
    alike = plan_fleet(["a", "b"], "b", states, None, hold_timeout=9)
    assert alike == Fleet("000042", ("a", "b"), 9)


def test_a_release_is_called_the_same_everywhere() -> None:
    """The lowest free id of all; where it serves or has begun already, the id that it has there."""
    release = _release(migrate=JOB)
    assert plan_release_id({"a": _state("000041"), "b": _state("000007")}, release) == "000042"
    serves = _state("000041", content=content_hash(release))
    assert plan_release_id({"a": serves, "b": _state(None)}, release) == "000041"
    begun = {"release": "000042", "revision": release["revision"]}
    under_way = _state("000041", unfinished=begun, tasks=[{"task": "t"}], next_id="000043")
    assert plan_release_id({"a": under_way, "b": _state("000041")}, release) == "000042"


def test_images_are_pinned_by_a_host_that_serves() -> None:
    serves = _state("000041")
    assert plan_reference({"a": _state(None), "b": serves}) is serves
    assert plan_reference({"a": _state(None, url="mark")}).url == "mark"


def test_all_go_back_to_the_release_before_the_newest_that_serves() -> None:
    """A host that is behind already stays where it is; one host decides by itself."""
    both = _state("000042", "000041", "000042", "000040")
    behind = _state("000041", "000040", "000041")
    assert plan_target({"a": both, "b": behind}, None) == "000041"
    assert plan_target({"a": both, "b": behind}, "000040") == "000040"
    assert plan_target({"a": both}, None) is None


def test_who_lacks_the_release_is_named_and_so_is_what_all_have() -> None:
    old = _state("000042", "000040", "000041", "000042")
    with pytest.raises(InputError) as caught:
        plan_target({"a": old, "b": _state("000042", "000042", "000040")}, None)
    assert "b cannot" in caught.value.what
    assert "000041" in caught.value.what
    assert "000042, 000040 (`--to`)" in caught.value.fix
    with pytest.raises(InputError, match="no release to go back to"):
        plan_target({"a": _state("000042", "000042"), "b": _state("000042", "000042")}, None)
    other = _state("000042", "000041", "000042")
    first, *rest = other.releases
    other = replace(other, releases=(replace(first, revision="another"), *rest))
    with pytest.raises(InputError, match="not the same commit"):
        plan_target({"a": old, "b": other}, "000041")


def test_differences_are_told() -> None:
    assert find_differences({"a": _state("000042"), "b": _state("000042")}) == ""
    told = find_differences({"a": _state("000042"), "b": _state(None)})
    assert told.startswith("the hosts do not serve the same release: a 000042, b nothing; ")


def test_values_are_named_by_the_key_that_a_host_has() -> None:
    """That of the host by which the release is pinned, else any; and a new one where there is none."""
    none, some = (StateAnswer(marks=HostMarks(key)) for key in (None, "aa" * 32))
    fresh = b"f" * 32
    assert plan_marks({"a": StateAnswer(), "b": none}, fresh).key == fresh
    assert plan_marks({"a": none, "b": some}, fresh).key == b"\xaa" * 32
    serving = StateAnswer(serving="000001", marks=HostMarks("bb" * 32, {"x": "0" * 64}))
    assert plan_marks({"a": some, "b": serving}, fresh) == Marks(b"\xbb" * 32, {"x": "0" * 64})
