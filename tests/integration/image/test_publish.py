from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from fairlead.app.load import load_app
from fairlead.app.split import Pin
from fairlead.host.wire.answer import parse_answer
from fairlead.host.wire.status import StateAnswer
from fairlead.image.registry.client import read_image_config, resolve_image
from fairlead.release.unchanged import find_unchanged
from fairlead.settings.load import load_settings
from fairlead.settings.values import Environment
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
        # Two platforms, two attestations, then the index under the tag of the commit; other tags after it, and last
        # what its scan has found.
        found = f"{image['digest'].replace(':', '-')}.scan"
        assert [write.rpartition("/")[2] for write in manifests[4:]] == [sha, "main", "pr-12-abc", found]
        assert all("/sha256:" in write for write in manifests[:4])
    middle.writes.clear()
    again = workshop.ok("publish", "--image-tag", "pr-12-abc", env=through)
    assert again == document
    assert middle.writes == []


def test_the_tag_of_a_commit_never_moves(scanned: Workshop) -> None:
    built = scanned.built
    published = scanned.ok("publish")
    # The same commit, built so that its images differ.
    scanned.ok("build", "--no-cache", "--reproducible")
    other = scanned.built
    scanned.ok("scan", "--offline")
    error = scanned.refused(4, "publish", "--force-tag", "main")
    assert "already names another image" in error["what"]
    assert built["images"]["api"]["digest"] in error["why"]
    assert other["images"]["api"]["digest"] in error["why"]
    for tag in (f"sha-{built['revision']}", "main"):
        assert scanned.remote("api", tag) == published["images"]["api"]["digest"]
    # Who runs the commit again takes what is there, on another machine too, and whatever was built since.
    scanned.ok("build")
    assert scanned.built["images"]["api"]["digest"] == published["images"]["api"]["digest"]
    shutil.rmtree(scanned.work)
    again = scanned.run("build")
    assert again.code == 0, again
    assert "is there already, taken from" in again.stderr
    for fact in ("digest", "platforms", "bases"):
        assert scanned.built["images"]["api"][fact] == built["images"]["api"][fact]
    scanned.ok("scan", "--offline")
    assert scanned.ok("publish") == published
    # Other files than the commit's are never the commit's image.
    scanned.write("source/app.txt", "changed\n")
    scanned.ok("build")
    assert scanned.built["images"]["api"]["digest"] != published["images"]["api"]["digest"]


def test_of_a_publish_that_was_cut_off_the_rest_is_built(workshop: Workshop) -> None:
    first = workshop.ok("build", "--no-cache")
    workshop.push("api", f"sha-{first['revision']}")
    shutil.rmtree(workshop.work)
    ended = workshop.run("build", "--reproducible")
    assert ended.code == 0, ended
    assert "api: is there already" in ended.stderr
    assert "web: is there already" not in ended.stderr
    images = workshop.built["images"]
    assert images["api"] == first["images"]["api"]
    assert images["web"]["digest"] != first["images"]["web"]["digest"]
    workshop.passed()
    assert workshop.ok("publish")["images"]["api"]["digest"] == first["images"]["api"]["digest"]


@pytest.mark.long
def test_a_moving_tag_goes_forward_and_never_back(scanned: Workshop) -> None:
    # Built here and once more below: what another test rebuilt without the cache would be another image.
    first = scanned.commit("first")
    scanned.passed()
    scanned.ok("publish")
    scanned.write("source/app.txt", "two\n")
    second = scanned.commit("second")
    newer = scanned.passed()
    assert scanned.ok("publish")["images"]["api"]["tags"] == [f"sha-{second}", "main"]
    # A slow pipeline of the first commit comes late, under another extra tag.
    scanned.git("checkout", "--quiet", "-B", "main", first)
    scanned.passed()
    late = scanned.run("publish")
    assert late.code == 0, late
    assert late.document["images"]["api"]["tags"] == [f"sha-{first}"]
    assert f"it points at {second[:12]}, which is newer" in late.stderr
    assert scanned.remote("api", "main") == newer["images"]["api"]["digest"]
    # A rewritten branch is on another line of history: only the caller can say that it is meant.
    scanned.write("source/app.txt", "other\n")
    scanned.commit("rewritten")
    rewritten = scanned.passed()
    kept = scanned.run("publish")
    assert "on another line of history; --force-tag main moves it" in kept.stderr.replace("\n", " ")
    assert scanned.remote("api", "main") == newer["images"]["api"]["digest"]
    scanned.ok("publish", "--force-tag", "main")
    assert scanned.remote("api", "main") == rewritten["images"]["api"]["digest"]


@pytest.mark.long
def test_a_commit_of_a_readme_leaves_what_runs_as_it_is(scanned: Workshop) -> None:
    """Its image has another digest, for its labels and dates; in the registry it is known for the same all the same."""
    dockerfile = "FROM scratch\nCOPY etc /etc\nCOPY packages/amd64/ /var/lib/dpkg/status.d/\nCOPY source /srv\nUSER 10001\n"
    scanned.write("Dockerfile.api", dockerfile)
    first, running = _published(scanned)
    state = {"services": [{"service": "notes", "image": running.reference, "revision": first}]}
    scanned.write("README.md", "what it is\n")
    second, fresh = _published(scanned)
    assert (first, running.digest) != (second, fresh.digest)
    kept = _kept(scanned, second, fresh, state)
    assert kept == {"notes": replace(running, revision=first)}


def _published(workshop: Workshop) -> tuple[str, Pin]:
    revision = workshop.commit("another one")
    workshop.passed()
    image = workshop.ok("publish")["images"]["api"]
    return revision, Pin(image["repository"], image["digest"], image["platforms"])


def _kept(workshop: Workshop, revision: str, fresh: Pin, state: dict[str, Any]) -> dict[str, Pin]:
    environ = {**os.environ, **workshop.lab.environ, "FAIRLEAD_REGISTRY": workshop.repository}
    compose = workshop.root.parent / "compose.yaml"
    compose.write_text(
        'services: {notes: {image: "$FAIRLEAD_REGISTRY/api:$FAIRLEAD_TAG", volumes: ["data:/data"]}}\n'
        "volumes: {data: {}}\n"
    )
    settings = replace(load_settings(workshop.root / "fairlead.yaml", environ), compose=(compose,))
    environment = Environment(name="production", hosts=())
    app = load_app(
        settings, environment, registry=workshop.repository, tag=f"sha-{revision}", revision=revision
    )
    asking: dict[str, Any] = {"environ": environ, "registry": workshop.repository}
    return find_unchanged(
        app,
        {"api": fresh},
        parse_answer(StateAnswer, state),
        partial(resolve_image, **asking),
        partial(read_image_config, **asking),
    )


def test_a_registry_that_dies_in_the_middle_leaves_nothing_to_pull_and_a_second_run_completes(
    workshop: Workshop, middle: Middle
) -> None:
    """In the middle of a layer, and then at the last write of all."""
    # Random, so that it stays as large when it is packed.
    (workshop.root / "source" / "large.bin").write_bytes(os.urandom(3 << 20))
    workshop.commit("a layer of 3 MB")
    built = workshop.passed()
    sha = f"sha-{built['revision']}"
    through = {"FAIRLEAD_REGISTRY": f"{middle.address}/{workshop.repository.partition('/')[2]}"}
    for cut_at, cut_after in (("digest=", 1 << 20), (f"/manifests/{sha}", 0)):
        middle.cut_at, middle.cut_after = cut_at, cut_after
        error = workshop.refused(4, "publish", env=through)
        assert error["what"] == f"the registry {middle.address} does not answer"
        assert "run the same command again" in error["fix"]
        assert any("/blobs/uploads/" in write for write in middle.writes)
        assert not (workshop.work / "publish.json").exists()
        tags = [workshop.remote(name, tag) for name in ("api", "web") for tag in (sha, "main")]
        assert tags.count("") >= (4 if cut_after else 3)
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
    scanned: Workshop, login: dict[str, str | None]
) -> None:
    ended = scanned.run("publish", env=login)
    assert ended.code == 4, ended
    assert "refuses the login" in ended.document["what"]
    assert "FAIRLEAD_REGISTRY_USERNAME and FAIRLEAD_REGISTRY_PASSWORD" in ended.document["fix"]
    assert "canary-77aa" not in ended.stdout + ended.stderr


def test_a_registry_that_is_down_is_told(scanned: Workshop) -> None:
    error = scanned.refused(4, "publish", "--registry", "127.0.0.1:1/none")
    assert error["what"] == "the registry 127.0.0.1:1 does not answer"


def test_nothing_is_published_without_a_passing_verdict_for_it(unscanned: Workshop) -> None:
    assert "there is no scan.json" in unscanned.refused(2, "publish")["what"]
    unscanned.ok("scan")
    unscanned.settings("scan: {severity: LOW}\n", of=SMALL)
    told = findings(unscanned.refused(10, "publish"))
    assert "of another policy" in told
    unscanned.settings("", of=SMALL)
    unscanned.write("source/app.txt", "two\n")
    unscanned.commit("second")
    built = unscanned.ok("build")
    assert "the scan is of sha256:" in findings(unscanned.refused(10, "publish"))
    unscanned.ok("scan", "--offline")
    unscanned.write("source/app.txt", "dirty\n")
    unscanned.passed()
    error = unscanned.refused(2, "publish")
    assert "source/app.txt" in error["why"]
    assert unscanned.remote("api", f"sha-{built['revision']}") == ""


def test_a_layout_that_was_altered_after_the_scan_is_not_published(scanned: Workshop) -> None:
    folder = scanned.work / "images/api/blobs/sha256"
    layer = max(folder.iterdir(), key=lambda path: path.read_bytes()[:2] == b"\x1f\x8b")
    layer.write_bytes(layer.read_bytes() + b"x")
    error = scanned.refused(4, "publish")
    assert "is broken" in error["what"]
    assert "was altered" in error["why"]
    assert scanned.remote("api", f"sha-{scanned.built['revision']}") == ""


def findings(document: dict[str, Any]) -> str:
    return json.dumps(document["findings"])
