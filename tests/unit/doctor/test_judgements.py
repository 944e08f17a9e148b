"""How tools, builder, commit, registry and servers are judged by what they said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fairlead.doctor.check import FAILED, OK, WARNING
from fairlead.doctor.machine import judge_builder, judge_tool
from fairlead.doctor.project import check_registry, judge_commit, judge_host
from fairlead.host.wire.replies import CheckAnswer, HostCheck
from fairlead.identity import Identity
from fairlead.image.registry import link
from fairlead.settings.load import load_settings
from fairlead.tools.builder import Builder
from fairlead.tools.catalog import CATALOG
from fairlead.tools.locate import Found, PassedOver, Search
from tests.unit.image.registry.double import Double

TRIVY = CATALOG["trivy"]
ABLE = Builder(driver="docker", running=True, containerd_store=True, platforms=("linux/amd64", "linux/386"))
CLASSIC = replace(ABLE, containerd_store=False)
IDENTITY = Identity("a" * 40, 0, "main", (), (), "", "A <a@example.com>")
REPOSITORY = "r.example/acme/api"


def test_a_tool_is_told_with_version_and_path() -> None:
    check = judge_tool(TRIVY, Search(Found(TRIVY, Path("/opt/trivy"), "0.74.0", cached=False), ()))
    assert (check.state, check.found) == (OK, "0.74.0 at /opt/trivy")


def test_a_missing_tool_fails_with_the_way_to_get_it() -> None:
    check = judge_tool(TRIVY, Search(None, ()))
    assert (check.state, check.exit_code, check.fix) == (FAILED, 3, "`fairlead setup` installs it")


def test_a_malicious_version_fails_though_a_good_one_is_found_behind_it() -> None:
    found = Found(TRIVY, Path("/opt/trivy"), "0.74.0", cached=True)
    over = PassedOver(Path("/usr/bin/trivy"), "is version 0.69.5, which must not run: malicious")
    check = judge_tool(TRIVY, Search(found, (over,)))
    assert (check.state, check.fix) == (FAILED, "remove it")


@pytest.mark.parametrize(
    ("builder", "platforms", "found"),
    [
        (ABLE, ["linux/amd64"], "driver docker; linux/amd64"),
        (ABLE, [], "driver docker; any platform"),
        (ABLE, ["linux/amd64", "linux/arm64"], "no emulation of linux/arm64"),
        (CLASSIC, ["linux/amd64"], "`fairlead build` makes a builder of its own"),
        (Builder(), [], "driver unknown"),
    ],
)
def test_a_builder_is_judged_by_what_is_to_be_built(
    builder: Builder, platforms: list[str], found: str
) -> None:
    check = judge_builder(builder, platforms)
    assert check.state == OK
    assert found in check.found


def test_a_clean_commit_and_a_changed_tree() -> None:
    assert judge_commit(IDENTITY).found == "aaaaaaaaaaaa on main"
    changed = Identity("a" * 40, 0, None, (), ("a", "b", "c", "d"), "", "")
    check = judge_commit(changed)
    assert check.state == WARNING
    assert check.found == "aaaaaaaaaaaa on no branch; not committed: a, b, c, …"


LOGIN = {"FAIRLEAD_REGISTRY_USERNAME": "alice", "FAIRLEAD_REGISTRY_PASSWORD": "x"}


@pytest.mark.parametrize(
    ("environ", "answer", "state", "found"),
    [
        (LOGIN, (200, b"{}"), OK, "answers as alice"),
        (LOGIN, (404,), OK, "answers as alice; nothing published yet"),
        ({}, (200, b"{}"), WARNING, f"answers; no login for {REPOSITORY}: nothing can be pushed"),
        (LOGIN, (401,), FAILED, "refuses the login"),
        ({}, (403,), FAILED, "refuses the login"),
        (LOGIN, (503,), FAILED, "does not answer"),
    ],
)
def test_a_registry_is_judged_by_its_answer(
    environ: dict[str, str],
    answer: tuple[object, ...],
    state: str,
    found: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    double = Double(faults={("GET", "/tags/list"): [answer] * 3})
    monkeypatch.setattr(link, "open_session", double.session)
    monkeypatch.setattr("time.sleep", lambda _: None)
    (tmp_path / "Dockerfile").touch()
    (tmp_path / "fairlead.yaml").write_text(
        "app: board\nregistry: r.example/acme\nimages: {api: {dockerfile: Dockerfile}}\n"
    )
    settings = load_settings(tmp_path / "fairlead.yaml", {})
    [check] = check_registry(settings, {**environ, "DOCKER_CONFIG": str(tmp_path)})
    assert check.state == state
    assert found in check.found


def test_a_server_is_as_well_as_its_worst_check() -> None:
    well = HostCheck("python", "ok", "3.13")
    odd = HostCheck("port 80", "warning", "taken", "stop it")
    bad = HostCheck("disk", "failed", "0.1 GiB free", "make room")
    assert judge_host("production a", CheckAnswer((well,))).state == OK
    assert judge_host("production a", CheckAnswer((well, odd))).state == WARNING
    check = judge_host("production a", CheckAnswer((well, odd, bad)))
    assert (check.state, check.found) == (FAILED, "reached; port 80: taken; disk: 0.1 GiB free")
    assert check.fix == "stop it\nmake room"
