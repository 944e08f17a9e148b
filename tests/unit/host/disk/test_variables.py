"""Secrets as variables of a container: named by where they lie, read by whoever runs Compose, and by nobody else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.host.disk.paths import app_paths
from fairlead.host.disk.variables import parse_label, read_values, render_label
from fairlead.host.disk.vault import store_secret
from fairlead.host.plan.changes import explain_change
from fairlead.host.run.phases.standing import is_project
from fairlead.host.shape.project import render_json, render_platform_project, render_release_project
from fairlead.host.shape.rotation import replace_secrets
from fairlead.host.wire.document import parse_release
from fairlead.host.wire.errors import InputFault
from fairlead.host.wire.frames import encode_frame, parse_frame
from fairlead.host.wire.plainjson import parse_json
from fairlead.host.wire.release import Release
from fairlead.host.wire.value import as_variable
from tests.unit.host.samples import document, release, service

VALUE = b"postgres://app:pa$$w{o}rd's@db/app"
MOUNT = {"secret": "url", "variable": "DATABASE_URL"}


def _release(mark: str, **mount: Any) -> Release:
    made = document(secrets={"url": mark})
    definition = {"environment": {"LANG": "C", "DATABASE_URL": "postgres://dev"}}
    made["services"]["web"] = service("app", "web", definition=definition, mounts=[{**MOUNT, **mount}])
    made["services"]["db"] = service("state", "db", mounts=[{**MOUNT, "variable": "PGPASSWORD"}])
    return parse_release(made)


def test_a_project_holds_no_value_and_says_where_it_lies(tmp_path: Path) -> None:
    """What is written down has the name of the value; the value is read when Compose is run."""
    paths = app_paths(tmp_path, "board")
    mark = store_secret(paths, "url", VALUE)
    made = _release(mark)
    for project, name, variable in (
        (render_release_project(made, "000042", paths, {"web"}), "web-000042", "DATABASE_URL"),
        (render_platform_project(made, paths, "switch"), "db", "PGPASSWORD"),
    ):
        text = render_json(project)
        assert b"pa$$w" not in text
        assert b"postgres://dev" not in text
        file = tmp_path / "project.json"
        file.write_bytes(text)
        said = project["services"][name]["environment"][variable]
        assert said.startswith(f"${{FAIRLEAD_VALUE_{mark}:?")
        assert read_values(file) == {f"FAIRLEAD_VALUE_{mark}": VALUE.decode()}
        paths.secret("url", mark).rename(tmp_path / "gone")
        assert read_values(file) == {}, "Compose says which is missing, and starts nothing with an empty one"
        (tmp_path / "gone").rename(paths.secret("url", mark))


def test_a_new_value_changes_who_reads_it_and_nobody_else() -> None:
    old = _release("a" * 64)
    new = replace_secrets(old, {"url": "b" * 64})
    changed = {name for name, one in new.services.items() if one.hash != old.services[name].hash}
    assert changed == {"web", "db"}
    assert explain_change(old.services["web"], new.services["web"], old, new) == "secret url changed"
    other = _release("a" * 64, variable="DSN")
    said = explain_change(old.services["web"], other.services["web"], old, other)
    assert said == "other variables have their values from secrets"
    before = document(secrets={"url": "a" * 64})
    before["services"]["web"] = service(
        "app", "web", definition=old.document["services"]["web"]["definition"]
    )
    bare = parse_release(before)
    said = explain_change(bare.services["web"], old.services["web"], bare, old)
    assert said == "other variables have their values from secrets"


@pytest.mark.parametrize(
    "mount",
    [
        {"secret": "url", "variable": "A=B"},
        {"secret": "url", "variable": "${X}"},
        {"secret": "url", "variable": ""},
        {"secret": "url", "variable": "A", "target": "/run/secrets/url"},
        {"file": "f" * 64, "variable": "A"},
        {"secret": "other", "variable": "A"},
    ],
)
def test_what_cannot_be_meant_is_refused(mount: dict[str, Any]) -> None:
    made = document(
        secrets={"url": "a" * 64}, files={"f" * 64: {"kind": "file", "sha256": "a" * 64, "mode": "0644"}}
    )
    made["services"]["web"] = service("app", "web", mounts=[mount])
    with pytest.raises(InputFault):
        release(**made)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), max_size=5))
def test_where_values_lie_is_told_by_a_label_whatever_the_root_is_called(names: list[str]) -> None:
    """As Compose reads it: it makes one `$` of two."""
    label = {key: value.replace("$$", "$") for key, value in render_label(map(Path, names)).items()}
    assert parse_label(label) == tuple(sorted({str(Path(name)) for name in names}))


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_an_image_may_say_anything_in_that_label(text: str) -> None:
    assert all(isinstance(path, str) for path in parse_label({"dev.fairlead.variables": text}))


def test_a_number_that_takes_long_to_read_is_not_read_there() -> None:
    """Each look at a container would take seconds, on a Python before 3.11."""
    assert parse_label({"dev.fairlead.variables": f'["/a", {"9" * 1000}]'}) == ()


@given(st.binary())
def test_a_variable_is_text_without_the_line_breaks_at_its_end_or_it_is_refused(content: bytes) -> None:
    """As the shell gives it: most editors end a file with a line break, and no address does."""
    text = content.decode("utf-8", "replace").rstrip("\r\n")
    if text and "\0" not in text and text.encode() == content.rstrip(b"\r\n"):
        assert as_variable("url", content) == text
    else:
        with pytest.raises(InputFault, match="the secret url cannot be an environment variable"):
            as_variable("url", content)


def test_a_variable_is_no_larger_than_the_kernel_takes() -> None:
    with pytest.raises(InputFault, match="larger than 100 KiB"):
        as_variable("key", b"x" * (100 * 1024 + 1))


def test_a_number_as_large_as_a_release_may_have_hides_no_value(tmp_path: Path) -> None:
    """What was taken by a request is read back: a project that cannot be read would start all without their secrets."""
    paths = app_paths(tmp_path, "board")
    made = document(secrets={"url": store_secret(paths, "url", VALUE)})
    limits = {"ulimits": {"memlock": 9223372036854775807}, "x-most": int("9" * 64)}
    made["services"]["db"] = service("state", "db", definition=limits, mounts=[MOUNT])
    taken = parse_release(parse_frame(encode_frame(made)))
    file = tmp_path / "platform.json"
    file.write_bytes(render_json(render_platform_project(taken, paths, "")))
    assert len(read_values(file)) == 1
    assert is_project(parse_json(file.read_bytes()))
