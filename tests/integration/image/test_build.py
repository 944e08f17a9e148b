from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
import time
from pathlib import Path

import pytest

from fairlead.host.wire.machine import own_platform
from fairlead.image.oci.layout import blob_path, read_json_blob, read_layout, verify_blobs
from tests.integration.image.workshop import DOCKERFILE, Workshop

REPRODUCIBLE = ("build", "--no-cache", "--reproducible")


def digests(document: dict[str, object]) -> dict[str, str]:
    images = document["images"]
    assert isinstance(images, dict)
    return {name: image["digest"] for name, image in images.items()}


def test_one_bake_makes_every_image_for_every_platform_with_labels_and_provenance(workshop: Workshop) -> None:
    revision = workshop.git("rev-parse", "HEAD")
    built = workshop.ok("build")
    assert (built["revision"], built["dirty"], built["branch"]) == (revision, False, "main")
    assert workshop.built == built
    for name in ("api", "web"):
        layout = read_layout(workshop.work / built["images"][name]["layout"])
        verify_blobs(layout)
        assert layout.digest == built["images"][name]["digest"]
        assert layout.digests == built["images"][name]["platforms"]
        assert list(layout.platforms) == ["linux/amd64", "linux/arm64"]
        for platform, descriptor in layout.platforms.items():
            manifest = read_json_blob(layout.folder, descriptor.digest)
            config = read_json_blob(layout.folder, manifest["config"]["digest"])
            assert f"{config['os']}/{config['architecture']}" == platform
            labels = config["config"]["Labels"]
            assert labels["org.opencontainers.image.revision"] == revision
            assert labels["org.opencontainers.image.title"] == f"board/{name}"
            assert f"RELEASE={revision}" in config["config"]["Env"]
        subjects = set()
        for attestation in layout.attestations:
            manifest = read_json_blob(layout.folder, attestation.digest)
            statement = read_json_blob(layout.folder, manifest["layers"][0]["digest"])
            assert statement["predicateType"].startswith("https://slsa.dev/provenance/")
            subjects.add(f"sha256:{statement['subject'][0]['digest']['sha256']}")
        assert subjects == set(layout.digests.values())
    assert workshop.git("status", "--porcelain") == ""


def test_a_cached_rebuild_has_the_same_digests(workshop: Workshop) -> None:
    """In one build of all platforms, and in one for each, joined: what is published does not tell which it was."""
    built = digests(workshop.ok("build"))
    assert digests(workshop.ok("build")) == built
    for name in ("amd64", "arm64"):
        part = workshop.ok("build", "--platform", f"linux/{name}", "--work-dir", f".parts/{name}")
        assert [list(image["platforms"]) for image in part["images"].values()] == [[f"linux/{name}"]] * 2
    assert digests(workshop.ok("merge", ".parts", "--work-dir", ".joined")) == built


def test_a_rebuild_without_cache_in_another_clone_has_the_same_digests(
    workshop: Workshop, tmp_path: Path
) -> None:
    """Index included: what is published is what anybody gets who builds the commit."""
    first = workshop.ok(*REPRODUCIBLE)
    other = Workshop(tmp_path / "other", workshop.lab, workshop.repository)
    subprocess.run(["git", "clone", "--quiet", workshop.root, other.root], check=True)
    for path in other.root.rglob("*"):
        if ".git" not in path.parts:
            os.utime(path, (time.time() + 5, time.time() + 5))
    assert digests(other.ok(*REPRODUCIBLE)) == digests(first)
    # Without --reproducible the times of the files differ, and nothing else sets them here.
    assert digests(other.ok("build", "--no-cache")) != digests(first)


def test_dry_run_prints_the_very_definition_and_builds_nothing(workshop: Workshop) -> None:
    planned = workshop.ok("build", "--dry-run")
    assert not workshop.work.exists()
    workshop.ok("build")
    assert json.loads((workshop.work / "bake.json").read_text()) == planned


def test_arguments_reach_the_build_as_they_are_written(workshop: Workshop) -> None:
    """Bake reads the strings of a definition as templates: ours must not be."""
    dockerfile = DOCKERFILE + "ARG ODD\nENV ODD=$ODD\n"
    workshop.write("Dockerfile.api", dockerfile)
    workshop.write(
        "fairlead.yaml",
        "app: board\nimages:\n  api: {dockerfile: Dockerfile.api, args: {ODD: 'a${b}%{if c},\"d\"'}}\n",
    )
    workshop.commit("odd")
    ended = workshop.run("build")
    assert ended.code == 0, ended
    # No platform is named: it is built for this machine, and that is told.
    assert f"for {own_platform()}, as this machine is" in ended.stderr
    layout = read_layout(workshop.work / ended.document["images"]["api"]["layout"])
    assert list(layout.digests) == [own_platform()]
    manifest = read_json_blob(layout.folder, layout.digests[own_platform()])
    config = read_json_blob(layout.folder, manifest["config"]["digest"])
    assert 'ODD=a${b}%{if c},"d"' in config["config"]["Env"]


def test_a_dirty_tree_is_named(workshop: Workshop) -> None:
    workshop.write("source/app.txt", "changed\n")
    workshop.write("source/new.txt", "new\n")
    ended = workshop.run("build")
    assert ended.code == 0, ended
    assert ended.document["dirty"] is True
    assert ended.document["dirty_files"] == ["source/app.txt", "source/new.txt"]
    assert "source/new.txt" in ended.stderr


def test_a_build_secret_is_used_and_left_nowhere(workshop: Workshop) -> None:
    """The step proves that the secret is there; no file of the work directory holds it."""
    dockerfile = (
        "FROM --platform=$BUILDPLATFORM debian:trixie-slim AS build\n"
        "RUN --mount=type=secret,id=token mkdir /out && wc -c < /run/secrets/token > /out/length\n"
        "FROM scratch\nCOPY --from=build /out/ /\n"
    )
    workshop.write("Dockerfile.api", dockerfile)
    workshop.write("Dockerfile.web", dockerfile)
    workshop.settings("build: {secrets: {token: {env: BUILD_TOKEN}}}\n")
    workshop.commit("secret")
    workshop.ok("build", env={"BUILD_TOKEN": "canary-8c1f-build"})
    for path in workshop.work.rglob("*"):
        if path.is_file():
            assert b"canary-8c1f" not in path.read_bytes(), path
    error = workshop.refused(2, "build")
    assert "BUILD_TOKEN" in error["why"]


def test_a_failing_step_names_its_line_and_its_last_words(workshop: Workshop) -> None:
    workshop.write(
        "Dockerfile.web",
        "FROM --platform=$BUILDPLATFORM debian:trixie-slim\n\nRUN echo last words && exit 3\n",
    )
    ended = workshop.run("build")
    assert ended.code == 4, ended
    assert ended.document["what"].startswith(
        "Dockerfile.web:3: a step of the build failed: RUN echo last words"
    )
    assert "exit code: 3" in ended.document["why"]
    assert "last words" in ended.stderr
    assert not (workshop.work / "build.json").exists()


def test_a_foreign_step_is_emulated_and_told_or_refused_with_the_remedy(workshop: Workshop) -> None:
    foreign = "FROM debian:trixie-slim\nRUN echo over there > /x\n"
    workshop.write("Dockerfile.web", foreign)
    ended = workshop.run("build", "--no-cache")
    if ended.code == 0:
        assert "Dockerfile.web: the RUN of line 2 is emulated for" in ended.stderr
        assert ended.document["images"]["web"]["emulated"]
        assert ended.document["images"]["api"]["emulated"] == []
    else:
        assert ended.code == 4, ended
        assert ended.document["what"].startswith("Dockerfile.web:2: this machine cannot run programs")
        assert "$BUILDPLATFORM" in ended.document["fix"]


@pytest.mark.parametrize(
    ("dockerfile", "what"),
    [
        ("FROM 127.0.0.1:1/nothing:1\nCOPY etc /\n", "Dockerfile.web:1: a base image cannot be had"),
        ("FROM scratch\nCOPPY etc /\n", "Dockerfile.web:2: the Dockerfile does not hold"),
        ("FROM scratch\nCOPY nothing /\n", "Dockerfile.web:2: a step of the build failed: COPY nothing /"),
    ],
)
def test_a_dockerfile_that_cannot_be_built(workshop: Workshop, dockerfile: str, what: str) -> None:
    workshop.write("Dockerfile.web", dockerfile)
    ended = workshop.run("build")
    assert ended.code in {2, 4}, ended
    assert ended.document["what"] == what


def test_an_engine_that_is_down_is_told(workshop: Workshop) -> None:
    error = workshop.refused(4, "build", env={"DOCKER_HOST": "unix:///nowhere/docker.sock"})
    assert error["what"] == "the Docker engine does not answer"
    assert "DOCKER_HOST" in error["fix"]


def test_bad_input_is_told_before_anything_is_built(workshop: Workshop) -> None:
    workshop.write("fairlead.yaml", "app: board\nimages: {API: {dockerfile: Dockerfile.none}}\n")
    findings = workshop.refused(2, "build")["findings"]
    told = json.dumps(findings)
    assert "lower-case" in told
    assert "Dockerfile.none" in told
    assert not workshop.work.exists()


@pytest.mark.parametrize("state", ["unborn", "none"])
def test_without_a_commit_there_is_nothing_to_name_an_image_after(workshop: Workshop, state: str) -> None:
    shutil.rmtree(workshop.root / ".git")
    if state == "unborn":
        workshop.git("init", "--quiet")
    error = workshop.refused(2, "build")
    assert ("has no commit yet" if state == "unborn" else "not in a git repository") in error["what"]
    assert not workshop.work.exists()


@pytest.mark.long
def test_what_an_earlier_build_left_is_gone(workshop: Workshop) -> None:
    first = workshop.ok("build")
    workshop.write("source/app.txt", "two\n")
    workshop.commit("second")
    workshop.ok("build")
    layout = read_layout(workshop.work / "images/api")
    assert not blob_path(layout.folder, first["images"]["api"]["digest"]).exists()


@pytest.mark.long
def test_a_local_cache_serves_the_next_build_and_does_not_grow(workshop: Workshop, tmp_path: Path) -> None:
    workshop.settings("build: {cache: [local]}\n")
    workshop.commit("cache")
    env = {"FAIRLEAD_CACHE": str(tmp_path / "cache"), "PATH": os.environ["PATH"]}
    first = workshop.run("build", env=env)
    if first.code == 4 and "cache export" in first.document["why"].lower():
        pytest.skip("this engine's builder exports no cache")
    assert first.code == 0, first
    folder = tmp_path / "cache/build/board/api"
    before = len(list((folder / "blobs/sha256").iterdir()))
    assert digests(workshop.ok("build", env=env)) == digests(first.document)
    assert len(list((folder / "blobs/sha256").iterdir())) == before
    assert sorted(path.name for path in folder.parent.iterdir()) == ["api", "web"]


@pytest.mark.long
def test_what_builds_leave_behind_never_gets_into_an_image(workshop: Workshop) -> None:
    """`COPY . .` is in everybody's Dockerfile, and the work directory in nobody's .dockerignore; nor is a `.env`."""
    workshop.write("Dockerfile.api", "FROM scratch\nCOPY . /srv\n")
    workshop.write("Dockerfile.web", "FROM scratch\nCOPY etc /etc\n")
    workshop.write(".dockerignore", "packages/arm64\n!.fairlead\n")
    workshop.write(".gitignore", ".env\n")
    workshop.commit("everything")
    # Dates left out: that of the context's root is the builder's own, and it does not always take its cache.
    first = workshop.ok("build", "--reproducible")
    workshop.write(".env", "TOKEN=of-the-laptop\n")
    told = workshop.run("build", "--reproducible")
    assert (told.code, digests(told.document)) == (0, digests(first)), "CI has no such file"
    assert "kept out of the images: .env, .git" in told.stderr
    layout = read_layout(workshop.work / "images/api")
    manifest = read_json_blob(layout.folder, layout.digests["linux/amd64"])
    names = set()
    for layer in manifest["layers"]:
        with tarfile.open(blob_path(layout.folder, layer["digest"])) as tar:
            names |= {name.split("/")[1] for name in tar.getnames() if "/" in name}
    assert "etc" in names
    assert not names & {".fairlead", ".git", ".env"}


COMPOSED = """\
name: board
services:
  api:
    build:
      context: .
      dockerfile_inline: |
        FROM --platform=$$BUILDPLATFORM debian:trixie-slim AS build
        ARG PRICE
        COPY --from=more note.txt /out/
        RUN --mount=type=secret,id=token printf '%s' "$$PRICE $$(wc -c < /run/secrets/token)" > /out/said
        FROM scratch
        COPY --from=build /out/ /
        COPY source/ /source/
      args: {PRICE: "5$$"}
      additional_contexts: {more: ./more}
      secrets: [token]
      labels: {com.acme.team: "a$$b"}
    x-fairlead: {role: worker, health: none}
secrets: {token: {environment: BUILD_TOKEN}}
"""


def test_a_build_of_the_compose_file_is_what_is_built(workshop: Workshop) -> None:
    """Without an image in fairlead.yaml; its secret is in no file of the work directory, and no secret of the service."""
    workshop.write("compose.yaml", COMPOSED)
    workshop.write("more/note.txt", "one\n")
    workshop.write("fairlead.yaml", "app: board\nplatforms: [linux/amd64]\n")
    workshop.run("validate", "--write-baseline")
    workshop.commit("composed")
    token = {"BUILD_TOKEN": "canary-8c1f-build"}
    built = workshop.ok("build", env=token)
    assert set(built["images"]) == {"api"}
    layout = read_layout(workshop.work / built["images"]["api"]["layout"])
    (descriptor,) = layout.platforms.values()
    manifest = read_json_blob(layout.folder, descriptor.digest)
    config = read_json_blob(layout.folder, manifest["config"]["digest"])
    assert config["config"]["Labels"]["com.acme.team"] == "a$b"
    found = {}
    for layer in manifest["layers"]:
        with tarfile.open(blob_path(layout.folder, layer["digest"])) as archive:
            for member in archive:
                file = archive.extractfile(member) if member.isfile() else None
                found[member.name] = file.read() if file is not None else b""
    assert found["said"] == b"5$ 17"
    assert found["note.txt"] == b"one\n"
    assert found["source/app.txt"] == b"one\n"
    for path in workshop.work.rglob("*"):
        if path.is_file():
            assert b"canary-8c1f" not in path.read_bytes(), path
    workshop.write("fairlead.yaml", "app: board\nimages: {api: {args: {PRICE: '4'}}}\n")
    error = workshop.refused(11, "build", env=token)
    (finding,) = error["findings"]
    assert finding["what"].startswith("api: build.args.PRICE is 5$ here, and 4 at fairlead.yaml:2:")
