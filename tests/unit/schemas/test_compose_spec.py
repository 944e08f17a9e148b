from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from fairlead.schemas.compose_spec import (
    NEWEST,
    OLDEST,
    VERSIONS,
    compose_checker,
    load_compose_schema,
    newest,
    oldest,
    schema_version,
)
from fairlead.schemas.forms import plan_form
from fairlead.schemas.refresh import FOLDER, SOURCES, Source, plan_files, render_ready, render_sources

KEPT = [Source(**source) for source in json.loads((FOLDER / SOURCES).read_text(encoding="utf-8"))["schemas"]]


def test_every_vendored_schema_is_the_one_that_was_fetched() -> None:
    for source in KEPT:
        content = (FOLDER / source.file).read_bytes()
        assert hashlib.sha256(content).hexdigest() == source.sha256, source.file


def test_nothing_else_is_vendored_and_every_version_has_its_file() -> None:
    files = {path.stem for path in FOLDER.glob("*.json")} - {Path(SOURCES).stem}
    assert files == {Path(source.file).stem for source in KEPT} == set(VERSIONS)


def test_the_sources_say_licence_and_origin() -> None:
    told = json.loads((FOLDER / SOURCES).read_text(encoding="utf-8"))
    assert told["licence"] == "Apache-2.0"
    assert told["notice"]
    assert render_sources(KEPT) == (FOLDER / SOURCES).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("which", "version", "form"), [("newest", NEWEST, newest.FORM), ("oldest", OLDEST, oldest.FORM)]
)
def test_the_newest_and_the_oldest_schema_stand_ready_as_their_json_says(
    which: str, version: str, form: dict[str, Any]
) -> None:
    assert plan_form(load_compose_schema(version)) == form
    made = render_ready(which, load_compose_schema(version))
    assert made == (FOLDER / f"{which}.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_can_be_checked_with(version: str) -> None:
    checker = compose_checker(version)
    assert checker.faults({"services": {"web": {"image": "nginx"}}}) == []
    assert [fault.path for fault in checker.faults({"services": {"web": {"imgae": "nginx"}}})] == [
        ("services", "web", "imgae")
    ]


@pytest.mark.parametrize(
    ("compose", "schema"),
    [
        ("", NEWEST),
        ("v2.24.0", "2.24"),
        ("2.26.1-4", "2.25"),
        ("2.26.1", "2.25"),
        ("2.40.3", "2.40"),
        ("5.5.1", "5.4"),
        ("99.1", NEWEST),
        ("2.20.0", OLDEST),
        ("dev", NEWEST),
    ],
)
def test_a_compose_version_reads_the_schema_of_the_last_release_before_it(compose: str, schema: str) -> None:
    assert schema_version(compose) == schema


def test_a_key_is_known_from_the_version_that_brought_it() -> None:
    file = {"services": {"ai": {"image": "a", "gpus": [{"count": 1}]}}}
    assert [fault.path[-1] for fault in compose_checker("2.29").faults(file)] == ["gpus"]
    assert compose_checker("2.30").faults(file) == []


def test_releases_that_read_one_schema_share_a_file() -> None:
    fetched = [
        ("2.30.0", "v2.4.1", "h1:a", b"one"),
        ("2.31.0", "v2.4.5", "h1:b", b"one"),
        ("2.32.0", "v2.4.6", "h1:c", b"two"),
    ]
    files, sources = plan_files(fetched)
    assert files == {"2.30.json": b"one", "2.32.json": b"two"}
    assert [(source.compose, source.file) for source in sources] == [
        ("2.30.0", "2.30.json"),
        ("2.31.0", "2.30.json"),
        ("2.32.0", "2.32.json"),
    ]
