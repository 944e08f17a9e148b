"""Where the engine's own builder can do nothing of what a build asks of it: GitHub's hosted runners, and many a laptop."""

from __future__ import annotations

from pathlib import Path

from fairlead.image.oci.layout import read_json_blob, read_layout, verify_blobs
from tests.integration.image.classic import classic_engine
from tests.integration.image.workshop import DOCKERFILE, Workshop

# Of this machine's platform it runs something, of a base image from the registry at a loopback address.
BUILT = (
    "FROM --platform=$BUILDPLATFORM debian:trixie-slim AS build\nRUN mkdir /out && date > /out/when\n"
    + DOCKERFILE
    + "COPY --from=build /out/ /\n"
)


def test_a_builder_of_ours_builds_what_an_engine_with_the_classic_store_cannot(
    workshop: Workshop, tmp_path: Path
) -> None:
    """Two platforms, layout, attestations, cache; scanned and published; kept, mended, and gone when asked."""
    workshop.write("Dockerfile.api", BUILT)
    workshop.settings("build: {cache: [registry]}\n")
    workshop.commit("classic")
    with classic_engine(workshop.lab, tmp_path / "e") as classic:
        # The builders of this user stay as they are.
        env = {
            **classic.environ,
            "BUILDX_CONFIG": str(tmp_path / "buildx"),
            "FAIRLEAD_CACHE_WRITE": "true",
        }
        first = workshop.run("build", env=env)
        assert first.code == 0, first
        assert "a BuildKit in a container, was made and builds" in first.stderr
        layout = read_layout(workshop.work / first.document["images"]["api"]["layout"])
        verify_blobs(layout)
        assert list(layout.platforms) == ["linux/amd64", "linux/arm64"]
        statements = [
            read_json_blob(layout.folder, read_json_blob(layout.folder, one.digest)["layers"][0]["digest"])
            for one in layout.attestations
        ]
        assert len(statements) == 2
        assert workshop.remote("api", "buildcache")
        (container,) = classic.docker("ps", "--format", "{{.Names}}").split()
        # A colleague needs the memory, and another the name.
        classic.docker("kill", container)
        second = workshop.run("build", env=env)
        classic.docker("rm", "--force", container)
        classic.docker("run", "--detach", "--name", container, "--entrypoint", "buildctl", classic.buildkit)
        third = workshop.run("build", env=env)
        assert "a BuildKit in a container, builds" in second.stderr, second
        assert "a BuildKit in a container, was made and builds" in third.stderr, third
        assert second.document["images"] == third.document["images"] == first.document["images"]
        cleaned = workshop.ok("clean", env=env)
        assert cleaned["builders"] == [container.removeprefix("buildx_buildkit_").removesuffix("0")]
        assert classic.docker("ps", "--all", "--quiet") == ""
        assert classic.docker("volume", "ls", "--quiet") == ""
    workshop.ok("scan", *workshop.scan_words)
    published = workshop.ok("publish")
    digests = {name: image["digest"] for name, image in published["images"].items()}
    assert digests == {name: image["digest"] for name, image in first.document["images"].items()}
