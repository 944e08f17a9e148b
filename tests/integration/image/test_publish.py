from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.image.middle import Middle
from tests.integration.image.workshop import SMALL, Workshop


def test_publish_sends_everything_once_and_under_the_right_tags(workshop: Workshop, middle: Middle) -> None:
    built = workshop.passed()
    through = {"FAIRLEAD_REGISTRY": f"{middle.address}/{workshop.repository.partition('/')[2]}"}
    document = workshop.ok("publish", "--image-tag", "pr-12-abc", env=through)
    sha = f"sha-{built['revision']}"
    for name in ("api", "web"):
        image = document["images"][name]
        assert image["digest"] == built["images"][name]["digest"]
        assert image["platforms"] == built["images"][name]["platforms"]
        assert image["tags"] == [sha, "main", "pr-12-abc"]
        for tag in image["tags"]:
            assert workshop.remote(name, tag) == image["digest"]
        manifests = [write for write in middle.writes if f"/{name}/manifests/" in write]
        # Two platforms, two attestations, then the index under the tag of the commit; other tags after it.
        assert [write.rpartition("/")[2] for write in manifests[4:]] == [sha, "main", "pr-12-abc"]
        assert all("/sha256:" in write for write in manifests[:4])
    middle.writes.clear()
    again = workshop.ok("publish", "--image-tag", "pr-12-abc", env=through)
    assert again == document
    assert middle.writes == []


def test_the_tag_of_a_commit_never_moves(small: Workshop) -> None:
    built = small.passed()
    published = small.ok("publish")
    # The same commit, built so that its images differ.
    small.ok("build", "--no-cache", "--reproducible")
    other = json.loads((small.root / ".fairlead/build.json").read_text())
    small.ok("scan", "--offline")
    error = small.refused(4, "publish", "--force-tag", "main")
    assert "already names another image" in error["what"]
    assert built["images"]["api"]["digest"] in error["why"]
    assert other["images"]["api"]["digest"] in error["why"]
    for tag in (f"sha-{built['revision']}", "main"):
        assert small.remote("api", tag) == published["images"]["api"]["digest"]


def test_a_moving_tag_goes_forward_and_never_back(small: Workshop) -> None:
    first = small.git("rev-parse", "HEAD")
    small.passed()
    small.ok("publish")
    small.write("source/app.txt", "two\n")
    second = small.commit("second")
    newer = small.passed()
    assert small.ok("publish")["images"]["api"]["tags"] == [f"sha-{second}", "main"]
    # A slow pipeline of the first commit comes late, under another extra tag.
    small.git("checkout", "--quiet", "-B", "main", first)
    small.passed()
    late = small.run("publish")
    assert late.code == 0, late
    assert late.document["images"]["api"]["tags"] == [f"sha-{first}"]
    assert f"it points at {second[:12]}, which is newer" in late.stderr
    assert small.remote("api", "main") == newer["images"]["api"]["digest"]
    # A rewritten branch is on another line of history: only the caller can say that it is meant.
    small.write("source/app.txt", "other\n")
    small.commit("rewritten")
    rewritten = small.passed()
    kept = small.run("publish")
    assert "on another line of history; --force-tag main moves it" in kept.stderr.replace("\n", " ")
    assert small.remote("api", "main") == newer["images"]["api"]["digest"]
    small.ok("publish", "--force-tag", "main")
    assert small.remote("api", "main") == rewritten["images"]["api"]["digest"]


def test_a_registry_that_dies_in_the_middle_leaves_nothing_to_pull_and_a_second_run_completes(
    workshop: Workshop, middle: Middle
) -> None:
    built = workshop.passed()
    sha = f"sha-{built['revision']}"
    through = {"FAIRLEAD_REGISTRY": f"{middle.address}/{workshop.repository.partition('/')[2]}"}
    middle.cut_at = f"/manifests/{sha}"
    error = workshop.refused(4, "publish", env=through)
    assert error["what"] == f"the registry {middle.address} does not answer"
    assert "run the same command again" in error["fix"]
    assert any("/blobs/uploads/" in write for write in middle.writes)
    assert not (workshop.root / ".fairlead/publish.json").exists()
    assert [workshop.remote(name, tag) for name in ("api", "web") for tag in (sha, "main")].count("") >= 3
    middle.mend()
    document = workshop.ok("publish", env=through)
    for name, image in document["images"].items():
        assert workshop.remote(name, sha) == image["digest"] == built["images"][name]["digest"]


@pytest.mark.parametrize(
    "login",
    [
        {"FAIRLEAD_REGISTRY_USERNAME": None, "FAIRLEAD_REGISTRY_PASSWORD": None},
        {"FAIRLEAD_REGISTRY_PASSWORD": "canary-77aa-wrong"},
    ],
)
def test_a_refused_login_names_the_variables_and_shows_no_password(
    small: Workshop, login: dict[str, str | None]
) -> None:
    small.passed()
    ended = small.run("publish", env=login)
    assert ended.code == 4, ended
    assert "refuses the login" in ended.document["what"]
    assert "FAIRLEAD_REGISTRY_USERNAME and FAIRLEAD_REGISTRY_PASSWORD" in ended.document["fix"]
    assert "canary-77aa" not in ended.stdout + ended.stderr


def test_a_registry_that_is_down_is_told(small: Workshop) -> None:
    small.passed()
    error = small.refused(4, "publish", "--registry", "127.0.0.1:1/none")
    assert error["what"] == "the registry 127.0.0.1:1 does not answer"


def test_nothing_is_published_without_a_passing_verdict_for_it(small: Workshop) -> None:
    small.ok("build")
    assert "there is no scan.json" in small.refused(2, "publish")["what"]
    small.ok("scan")
    small.settings("scan: {severity: LOW}\n", of=SMALL)
    told = findings(small.refused(10, "publish"))
    assert "of another policy" in told
    small.settings("", of=SMALL)
    small.write("source/app.txt", "two\n")
    small.commit("second")
    built = small.ok("build")
    assert "the scan is of sha256:" in findings(small.refused(10, "publish"))
    small.ok("scan", "--offline")
    small.write("source/app.txt", "dirty\n")
    small.passed()
    error = small.refused(2, "publish")
    assert "source/app.txt" in error["why"]
    assert small.remote("api", f"sha-{built['revision']}") == ""


def test_a_layout_that_was_altered_after_the_scan_is_not_published(small: Workshop) -> None:
    built = small.passed()
    folder = small.root / ".fairlead/images/api/blobs/sha256"
    layer = max(folder.iterdir(), key=lambda path: path.read_bytes()[:2] == b"\x1f\x8b")
    layer.write_bytes(layer.read_bytes() + b"x")
    error = small.refused(4, "publish")
    assert "is broken" in error["what"]
    assert "was altered" in error["why"]
    assert small.remote("api", f"sha-{built['revision']}") == ""


def findings(document: dict[str, Any]) -> str:
    return json.dumps(document["findings"])
