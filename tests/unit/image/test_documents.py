from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from fairlead.errors import InputError
from fairlead.github.outputs import outputs_of
from fairlead.image.documents import (
    PublishDocument,
    PublishedImage,
    Reason,
    ScannedImage,
    load_build,
    load_publish,
    load_scan,
    parse_build,
    write_document,
)
from fairlead.schemas import load_schema
from tests.unit.image.builders import INDEX, PLATFORMS, REVISION, build, scanned

PUBLISHED = PublishDocument(
    app="board",
    revision=REVISION,
    revision_time=5,
    images={
        "api": PublishedImage(
            repository="ghcr.io/acme/board/api",
            digest=INDEX,
            tags=("sha-x",),
            platforms={PLATFORMS[0]: INDEX},
        )
    },
)


def test_documents_come_back_as_they_were_written(tmp_path: Path) -> None:
    work = tmp_path / ".fairlead"
    dirty = build(dirty_files=("a b", "c", "of latin-1: \udcff"), branch=None, git_tags=("v1",))
    failing = ScannedImage(
        digest=INDEX, reasons=(Reason(code="unknown-os", platform="", message="m"),), platforms={}
    )
    scan = scanned(images={**scanned().images, "web": failing}, warnings=("w",))
    write_document(work / "build.json", dirty)
    write_document(work / "scan.json", scan)
    write_document(work / "publish.json", PUBLISHED)
    assert load_build(work) == replace(dirty, dirty_files=("a b", "c", "of latin-1: \ufffd"))
    assert parse_build(outputs_of(dirty.to_json())["document"], "build") == load_build(work)
    assert load_scan(work) == scan
    assert load_publish(work) == PUBLISHED
    assert (work / ".gitignore").read_text() == "*\n"
    assert sorted(path.name for path in work.iterdir()) == [
        ".gitignore", "build.json", "publish.json", "scan.json",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["build", "scan", "publish"])
def test_the_schemas_are_schemas(name: str) -> None:
    Draft202012Validator.check_schema(load_schema(name))


def test_a_missing_document_names_the_verb_that_writes_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no build\.json") as caught:
        load_build(tmp_path)
    assert caught.value.fix == "`fairlead build` writes it"


def test_every_fault_of_a_document_is_told_with_its_line(tmp_path: Path) -> None:
    value = build().to_json()
    value["revision"] = "main"
    value["images"]["api"]["digest"] = "latest"
    del value["app"]
    (tmp_path / "build.json").write_text(json.dumps(value, indent=2))
    with pytest.raises(InputError, match="does not hold") as caught:
        load_build(tmp_path)
    findings = [str(finding) for finding in caught.value.findings]
    assert len(findings) == 3
    assert all("build.json:" in finding for finding in findings)


def test_another_version_of_a_document_is_refused(tmp_path: Path) -> None:
    (tmp_path / "scan.json").write_text(json.dumps({**scanned().to_json(), "schema": "fairlead.scan/v2"}))
    with pytest.raises(InputError, match="does not hold"):
        load_scan(tmp_path)


def test_a_verdict_that_contradicts_its_reasons_is_refused(tmp_path: Path) -> None:
    value = scanned().to_json()
    value["images"]["api"]["reasons"] = [{"code": "unknown-os", "platform": "", "message": "m"}]
    (tmp_path / "scan.json").write_text(json.dumps(value))
    with pytest.raises(InputError, match="does not hold"):
        load_scan(tmp_path)


def test_a_truncated_document_is_refused(tmp_path: Path) -> None:
    (tmp_path / "build.json").write_text(json.dumps(build().to_json())[:-40])
    with pytest.raises(InputError, match="does not hold"):
        load_build(tmp_path)
