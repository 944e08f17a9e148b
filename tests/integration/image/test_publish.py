from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.image.middle import Middle
from tests.integration.image.workshop import Workshop


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


def test_the_tag_of_a_commit_never_moves(workshop: Workshop) -> None:
    built = workshop.passed()
    published = workshop.ok("publish")
    # The same commit, built so that its images differ.
    workshop.ok("build", "--no-cache", "--reproducible")
    other = json.loads((workshop.root / ".fairlead/build.json").read_text())
    workshop.ok("scan", "--offline")
    error = workshop.refused(4, "publish", "--force-tag", "main")
    assert "already names another image" in error["what"]
    names = [name for name in ("api", "web") if built["images"][name]["digest"] in error["why"]]
    assert len(names) == 1
    assert other["images"][names[0]]["digest"] in error["why"]
    for name, image in published["images"].items():
        assert workshop.remote(name, f"sha-{built['revision']}") == image["digest"]
        assert workshop.remote(name, "main") == image["digest"]


def test_a_moving_tag_goes_forward_and_never_back(workshop: Workshop) -> None:
    first = workshop.git("rev-parse", "HEAD")
    workshop.passed()
    workshop.ok("publish")
    workshop.write("source/app.txt", "two\n")
    second = workshop.commit("second")
    newer = workshop.passed()
    assert workshop.ok("publish")["images"]["api"]["tags"] == [f"sha-{second}", "main"]
    # A slow pipeline of the first commit comes late, under another extra tag.
    workshop.git("checkout", "--quiet", "-B", "main", first)
    workshop.passed()
    late = workshop.run("publish")
    assert late.code == 0, late
    assert late.document["images"]["api"]["tags"] == [f"sha-{first}"]
    assert f"it points at {second[:12]}, which is newer" in late.stderr
    assert workshop.remote("api", "main") == newer["images"]["api"]["digest"]
    # A rewritten branch is on another line of history: only the caller can say that it is meant.
    workshop.write("source/app.txt", "other\n")
    workshop.commit("rewritten")
    rewritten = workshop.passed()
    kept = workshop.run("publish")
    assert "on another line of history; --force-tag main moves it" in kept.stderr.replace("\n", " ")
    assert workshop.remote("api", "main") == newer["images"]["api"]["digest"]
    workshop.ok("publish", "--force-tag", "main")
    assert workshop.remote("api", "main") == rewritten["images"]["api"]["digest"]


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
    workshop: Workshop, login: dict[str, str | None]
) -> None:
    workshop.passed()
    ended = workshop.run("publish", env=login)
    assert ended.code == 4, ended
    assert "refuses the login" in ended.document["what"]
    assert "FAIRLEAD_REGISTRY_USERNAME and FAIRLEAD_REGISTRY_PASSWORD" in ended.document["fix"]
    assert "canary-77aa" not in ended.stdout + ended.stderr


def test_a_registry_that_is_down_is_told(workshop: Workshop) -> None:
    workshop.passed()
    error = workshop.refused(4, "publish", "--registry", "127.0.0.1:1/none")
    assert error["what"] == "the registry 127.0.0.1:1 does not answer"


def test_nothing_is_published_without_a_passing_verdict_for_it(workshop: Workshop) -> None:
    workshop.ok("build")
    assert "there is no scan.json" in workshop.refused(2, "publish")["what"]
    workshop.ok("scan")
    workshop.settings("scan: {severity: LOW}\n")
    told = findings(workshop.refused(10, "publish"))
    assert "of another policy" in told
    workshop.settings("")
    workshop.write("source/app.txt", "two\n")
    workshop.commit("second")
    built = workshop.ok("build")
    assert "the scan is of sha256:" in findings(workshop.refused(10, "publish"))
    workshop.ok("scan", "--offline")
    workshop.write("source/app.txt", "dirty\n")
    workshop.passed()
    error = workshop.refused(2, "publish")
    assert "source/app.txt" in error["why"]
    assert workshop.remote("api", f"sha-{built['revision']}") == ""


def test_a_layout_that_was_altered_after_the_scan_is_not_published(workshop: Workshop) -> None:
    built = workshop.passed()
    folder = workshop.root / ".fairlead/images/web/blobs/sha256"
    layer = max(folder.iterdir(), key=lambda path: path.read_bytes()[:2] == b"\x1f\x8b")
    layer.write_bytes(layer.read_bytes() + b"x")
    error = workshop.refused(4, "publish")
    assert "is broken" in error["what"]
    assert "was altered" in error["why"]
    assert workshop.remote("web", f"sha-{built['revision']}") == ""


def findings(document: dict[str, Any]) -> str:
    return json.dumps(document["findings"])
