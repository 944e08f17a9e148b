"""The page that everybody sees: what it may be, what a death leaves of it, how it is told."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.host.disk.layout import make_layout
from fairlead.host.disk.leftovers import sweep_leftovers
from fairlead.host.disk.paths import Paths, app_paths
from fairlead.host.disk.routes import switch_to, write_routes
from fairlead.host.run.phases.switch import run_switch
from fairlead.host.shape.bundle import Bundle, write_bundle
from fairlead.host.state import maintenance
from fairlead.host.state.drained import parse_paths, plan_paths
from fairlead.host.state.maintenance import (
    end_maintenance,
    maintenance_history,
    open_for,
    plan_open,
    read_maintenance,
    start_maintenance,
)
from fairlead.host.wire.errors import InputFault
from fairlead.host.wire.page import MAX_PAGE, Order, parse_order
from fairlead.host.wire.release import Health
from fairlead.host.wire.text import find_troubles, history_rows
from tests.unit.host.samples import release


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """An app whose release serves."""
    found = app_paths(tmp_path, "board")
    make_layout(found)
    made = release()
    write_bundle(found, Bundle("000001", made, dict.fromkeys(made.rolled, "000001")))
    write_routes(found, "000001", {name: f"{name}-000001" for name in made.routes})
    switch_to(found, "000001")
    return found


def _about(since: str) -> bytes:
    return b'{"since": %s, "by": "", "key": "", "retry_after": 5, "own_page": true}' % since.encode()


def _shown(paths: Paths) -> tuple[str, str]:
    folder = paths.maintenance
    return (folder / "page.html").read_text(), (folder / "retry-after").read_text()


def test_the_page_comes_changes_and_goes(paths: Paths) -> None:
    """Another page keeps the way past it; nothing of it is left in the end but who did it."""
    assert read_maintenance(paths) is None
    assert end_maintenance(paths, "alice") is None
    first = start_maintenance(paths, Order(), "alice", "SHA256:x")
    page, after = _shown(paths)
    assert (after, "Down for maintenance" in page, '<html lang="en">' in page) == ("300", True, True)
    assert "http" not in page, "a page that loads nothing"
    second = start_maintenance(paths, Order("mine", 5), "bob")
    assert _shown(paths) == ("mine", "5")
    assert read_maintenance(paths) == second
    assert (second.look, second.since, second.by, second.own_page) == (first.look, first.since, "bob", True)
    assert len(list(paths.maintenance_pages.iterdir())) == 1
    assert end_maintenance(paths, "carol") == second
    assert read_maintenance(paths) is None
    assert not list(paths.maintenance_pages.iterdir())
    told = [(one["status"], one["by"], one["key"]) for one in maintenance_history(paths)]
    assert told == [("off", "carol", ""), ("on", "bob", ""), ("on", "alice", "SHA256:x")]
    assert [row[1:3] for row in history_rows(maintenance_history(paths))] == [("maintenance", "-")] * 3


@pytest.mark.parametrize("step", ["make_folder", "write_file", "point_link", "_sweep"])
@pytest.mark.parametrize("was_on", [False, True])
def test_killed_at_any_step_users_see_one_page_or_the_app(
    paths: Paths, monkeypatch: pytest.MonkeyPatch, step: str, was_on: bool
) -> None:
    """What a death leaves is whole, and the next command puts it right, whichever it is."""
    if was_on:
        start_maintenance(paths, Order("before"), "alice")

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(maintenance, step, die)
        with pytest.raises(KeyboardInterrupt):
            start_maintenance(paths, Order("after"), "alice")
    seen = _shown(paths)[0] if read_maintenance(paths) is not None else "the app"
    assert seen == ("after" if step == "_sweep" else "before" if was_on else "the app")
    start_maintenance(paths, Order("again"), "alice")
    assert _shown(paths)[0] == "again"
    assert len(list(paths.maintenance_pages.iterdir())) == 1
    with monkeypatch.context() as patch:
        patch.setattr(maintenance, "_take_away", die)
        with pytest.raises(KeyboardInterrupt):
            end_maintenance(paths, "alice")
    assert _shown(paths)[0] == "again"
    end_maintenance(paths, "alice")
    assert read_maintenance(paths) is None


def test_what_is_swept_up_after_a_death_is_not_the_page(paths: Paths) -> None:
    """Nor the link that is on its way there, which needs no lock of the app."""
    start_maintenance(paths, Order("mine"), "alice")
    (paths.home / ".maintenance.0123456789ab").symlink_to("maintenance.d/x")
    assert sweep_leftovers(paths) == []
    assert _shown(paths)[0] == "mine"


@pytest.mark.parametrize(
    "about",
    [b"", b"{", b"[]", b'{"since": "x"}', None, *(_about(one) for one in ("1e300", "-1e17", "9" * 60))],
)
def test_a_page_that_somebody_put_there_by_hand_is_told_and_ended(paths: Paths, about: bytes | None) -> None:
    """That there is a page is what the proxy goes by, and so do we."""
    paths.maintenance.mkdir()
    (paths.maintenance / "page.html").write_text("by hand")
    (paths.maintenance / "look").write_text("")
    if about is not None:
        (paths.maintenance / "about.json").write_bytes(about)
    found = read_maintenance(paths)
    assert found is not None
    told = find_troubles({"maintenance": found.to_json()})[0]
    assert told.startswith("in maintenance")
    assert "users see a page with 503" in told
    assert end_maintenance(paths, "alice") is not None
    assert not paths.maintenance.exists()


def test_nothing_that_serves_is_nothing_to_close(paths: Paths) -> None:
    paths.live.unlink()
    with pytest.raises(InputFault, match="no release"):
        start_maintenance(paths, Order(), "alice")
    assert read_maintenance(paths) is None


@given(st.integers(-5, 700_000))
def test_a_time_is_whole_seconds(after: int) -> None:
    if 1 <= after <= 604_800:
        assert parse_order("page", after) == Order("page", after)
    else:
        with pytest.raises(InputFault, match="whole seconds"):
            parse_order("page", after)


@pytest.mark.parametrize(
    ("page", "after"),
    [(None, 5), (b"x", 5), ("x" * (MAX_PAGE + 1), 5), ("\ud800", 5), ("x", True), ("x", 1.5), ("x", "5")],
)
def test_what_is_no_page_is_refused(page: Any, after: Any) -> None:
    with pytest.raises(InputFault):
        parse_order(page, after)


def test_health_checks_are_answered_as_ever(paths: Paths) -> None:
    """A load balancer that gets 503 there takes every host out, and shows a page of its own."""
    made = release()
    bundle = Bundle("000001", made, {})
    wanted = {one.health.path for one in made.services.values() if one.health and one.health.path != "/"}
    assert set(plan_open(bundle)) == wanted != set()
    start_maintenance(paths, Order(), "alice")
    assert _opened(paths) == wanted


def _opened(paths: Paths) -> set[str]:
    folder = paths.maintenance / "open"
    return {f"/{one.relative_to(folder)}" for one in folder.rglob("*") if one.is_file()}


def _asked_at(number: str, path: str) -> Bundle:
    made = release()
    services = {name: replace(one, health=Health(path, None)) for name, one in made.services.items()}
    return Bundle(number, replace(made, services=services), {})


def test_a_release_that_is_asked_elsewhere_is_answered_there_too(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the switch on, and what served before still is: it may be gone back to. A page stays as it is."""
    target = _asked_at("000002", "/new/ready")
    context: Any = SimpleNamespace(
        paths=paths,
        target=target,
        plan=SimpleNamespace(kind="deploy", window=30, previous="000001", of=lambda *_, **__: []),
        await_started=lambda: None,
    )
    write_routes(paths, "000002", {})
    start_maintenance(paths, Order("mine"), "alice")
    before, shown = _opened(paths), _shown(paths)
    run_switch(context)
    assert _opened(paths) == {*before, "/new/ready"}
    assert _shown(paths) == shown
    bundles = {"000001": _asked_at("000001", "/old/ready"), "000002": target}
    monkeypatch.setattr(maintenance, "read_bundle", lambda _, name: bundles.get(name))
    start_maintenance(paths, Order(), "bob")
    assert _opened(paths) == {"/new/ready", "/old/ready"}, "another page in the watch is for both of them"


def test_where_no_page_is_shown_nothing_is_opened(paths: Paths) -> None:
    open_for(paths, _asked_at("000002", "/new/ready"))
    assert not paths.maintenance.exists()
    assert not paths.maintenance_pages.exists()


@pytest.mark.parametrize("path", ["/../../edge/hosts/b", "/..", "/.", "/a/../../b", "/a/./b"])
def test_a_health_path_leads_out_of_no_folder(path: str) -> None:
    """What a release says makes a file: one beside the folder could be another app's, or the claim of a hostname."""
    made = release()
    services = {name: replace(one, health=Health(path, None)) for name, one in made.services.items()}
    bundle = Bundle("000001", replace(made, services=services), {})
    assert (plan_open(bundle), path in plan_paths(bundle)) == ((), False)


@pytest.mark.parametrize("path", ["/.well-known/up", "/a..b", "/...", "/up.", "/v1/..up"])
def test_a_dot_in_a_path_is_one_of_its_letters(path: str) -> None:
    assert parse_paths([path]) == (path,)


def test_one_way_past_the_page_leads_to_all_servers(paths: Paths) -> None:
    """A load balancer sends a browser to any of them; a way that is given away already stays."""
    given = parse_order("", 5, "ab" * 16)
    assert start_maintenance(paths, given, "alice").look == "ab" * 16
    assert (paths.maintenance / "look").read_text() == "ab" * 16
    assert start_maintenance(paths, parse_order("mine", 5, "cd" * 16), "bob").look == "ab" * 16


@pytest.mark.parametrize("look", [None, 5, "x", "ab" * 15, "AB" * 16, "ab" * 16 + "\n", "/" * 32])
def test_nothing_else_opens_a_way(look: object) -> None:
    with pytest.raises(InputFault):
        parse_order("", 5, look)


def test_who_reads_the_status_does_not_look_past_the_page(paths: Paths) -> None:
    told = start_maintenance(paths, Order(), "alice")
    assert told.look not in json.dumps(told.to_json())
    assert told.look not in (paths.maintenance / "about.json").read_text()
