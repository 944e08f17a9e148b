"""A deploy that is refused leaves something for the honest one that comes later, with another key."""

from __future__ import annotations

import hashlib
import urllib.request

import pytest

from tests.adversary.agent import ask, deploy
from tests.integration.host.sheet import Sheet, site
from tests.integration.host.stage import Stage
from tests.patience import PATIENCE

pytestmark = pytest.mark.integration


def public(stage: Stage) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{stage.port}/", timeout=PATIENCE) as answer:
        return str(answer.read().decode())


def honest(stage: Stage, number: int) -> Sheet:
    sheet = stage.sheet(number)
    sheet.web(text=site(sheet.revision, "honest"))
    sheet.proxy()
    return sheet


def test_a_file_under_the_name_of_a_later_commit_s(stage: Stage) -> None:
    """A release that brings another content under the hash of a config file of a later commit, and fails.

    Holds: the server works every name out of the content again and takes nothing that is not what its name says; the
    later commit serves its own file.
    """
    later = honest(stage, 2)
    tree = next(mount["file"] for mount in later.services["web"]["mounts"])
    evil = stage.sick(1)
    content = site(later.revision, "planted").encode()
    sha256 = hashlib.sha256(content).hexdigest()
    evil.blobs[sha256] = content
    evil.files[tree] = {"kind": "file", "sha256": sha256, "mode": "0644"}
    evil.services["web"]["mounts"].append({"file": tree, "target": "/planted", "read_only": True})
    refused = deploy(stage, evil)
    assert refused.result["exit"] == 2, refused.result
    assert not stage.paths.file(tree).exists()
    assert deploy(stage, later).result["status"] == "live"
    assert public(stage) == "honest"


def test_a_file_that_lies_there_already(stage: Stage) -> None:
    """Another content lies on the server under the name of a file of the release that is deployed, and rolled back to.

    Holds: what lies there is compared byte for byte before anything is started with it: a deploy replaces it, warns and
    writes it into the journal; a rollback, which brings no files, ends before it starts anything and says what to do.
    """
    first = honest(stage, 1)
    tree = next(mount["file"] for mount in first.services["web"]["mounts"])
    stage.paths.files.mkdir(parents=True)
    stage.paths.file(tree).write_text(site(first.revision, "planted"))
    stage.paths.file(tree).chmod(0o644)
    answer = deploy(stage, first)
    assert answer.result["status"] == "live", answer.result
    assert public(stage) == "honest"
    assert [event["text"] for event in answer.events if event.get("level") == "warning"] == [
        f"the config file or folder {tree[:12]} on this host was replaced: its content is another"
    ]
    assert b'"type":"mended"' in stage.paths.journal.read_bytes()
    assert deploy(stage, honest(stage, 2)).result["status"] == "live"
    stage.paths.file(tree).unlink()
    stage.paths.file(tree).write_text(site(first.revision, "planted"))
    stage.paths.file(tree).chmod(0o644)
    rollback = ask(stage, {"request": "rollback", "to": "000001", "options": {}, "by": "alice"})
    assert rollback.result["exit"] == 6, rollback.result
    assert "is damaged: its content is another" in rollback.result["error"]["what"]
    assert public(stage) == "honest"
