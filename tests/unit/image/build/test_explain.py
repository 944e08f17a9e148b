from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.errors import CommandFailedError, FairleadError, InputError
from fairlead.findings import Location
from fairlead.host.wire.machine import own_platform
from fairlead.image.build.dockerfile import parse_dockerfile
from fairlead.image.build.explain import explain_build_failure
from fairlead.image.build.staging import Source
from fairlead.settings.images import ImageSettings

DOCKERFILE = 'FROM scratch\nCOPY busybox /bin/\n\nRUN ["/hello"]\n'


# As buildx has said it from 0.13 on, and before.
CANNOT = (
    "OCI exporter is not supported for the docker driver.",
    "target api: Multi-platform build is not supported for the docker driver.",
    "Cache export is not supported for the docker driver.",
    "Attestation is not supported for the docker driver.",
    "docker exporter does not currently support exporting manifest lists",
    "multiple platforms feature is currently not supported for docker driver. Please switch to a different driver",
    "cache export feature is currently not supported for docker driver. Please switch to a different driver",
    "attestations are not supported by the current BuildKit daemon",
    "attestations are not supported by the current buildkitd",
    "host-gateway is not supported by the docker-container driver, please use an IP address instead",
)


def explain(text: str) -> FairleadError:
    image = ImageSettings(name="api", dockerfile=Path("/clone/Dockerfile.api"), context=Path("/clone"))
    other = ImageSettings(name="web", dockerfile=Path("/clone/Dockerfile.web"), context=Path("/clone"))
    sources = {
        "web": Source(other, parse_dockerfile("FROM scratch\n")),
        "api": Source(image, parse_dockerfile(DOCKERFILE)),
    }
    return explain_build_failure(text.strip().splitlines(), sources)


def test_a_failing_step_is_told_with_its_line_and_its_last_lines() -> None:
    error = explain(
        """
#11 [api 3/3] RUN ["/hello"]
#11 0.327 two
#11 0.328 one
#11 ERROR: process "/hello" did not complete successfully: exit code: 3
------
 > [api 3/3] RUN ["/hello"]:
------
ERROR: failed to solve: process "/hello" did not complete successfully: exit code: 3
"""
    )
    assert isinstance(error, CommandFailedError)
    assert error.what == '/clone/Dockerfile.api:4: a step of the build failed: RUN ["/hello"]'
    assert error.details == ("two", "one")
    assert error.findings[0].location == Location("/clone/Dockerfile.api", 4)


def test_missing_emulation_is_told_as_such() -> None:
    error = explain(
        """
#9 [api 2/2] RUN ["/hello"]
#9 0.530 exec /hello: exec format error
#9 ERROR: process "/hello" did not complete successfully: exit code: 1
ERROR: failed to solve: process "/hello" did not complete successfully: exit code: 1
"""
    )
    assert error.what.startswith("/clone/Dockerfile.api:4: this machine cannot run programs")
    assert "$BUILDPLATFORM" in error.fix
    # The plainest way, where all servers are of one kind.
    assert error.fix.startswith(
        f"where no server is of that platform: `platforms: [{own_platform()}]` in fairlead.yaml"
    )
    assert "docker/setup-qemu-action" in error.fix


def test_the_builders_own_excerpt_tells_the_line() -> None:
    error = explain(
        """
#4 [api linux/amd64 internal] load metadata for r/nothing:1
#4 ERROR: r/nothing:1: not found
Dockerfile.api:1
--------------------
   1 | >>> FROM r/nothing:1
--------------------
ERROR: failed to solve: r/nothing:1: failed to resolve source metadata for r/nothing:1: not found
"""
    )
    assert error.what == "/clone/Dockerfile.api:1: a base image cannot be had"
    assert "r/nothing:1" in error.why


def test_a_dockerfile_that_does_not_parse_is_the_callers_input() -> None:
    error = explain(
        """
Dockerfile.web:2
ERROR: failed to solve: dockerfile parse error on line 2: unknown instruction: COPPY (did you mean COPY?)
"""
    )
    assert isinstance(error, InputError)
    assert error.what == "/clone/Dockerfile.web:2: the Dockerfile does not hold"
    assert "COPPY" in error.why


def test_what_was_cut_off_for_another_image_is_not_what_failed() -> None:
    """Seen on a busy machine: the other image's context was still on its way when this one could not be read."""
    cut_off = """
#7 [api internal] load build context
#7 ERROR: failed to receive status: rpc error: code = Canceled desc = context canceled
"""
    unreadable = explain(
        f"""{cut_off}
Dockerfile.web:2
ERROR: failed to solve: dockerfile parse error on line 2: unknown instruction: COPPY (did you mean COPY?)
"""
    )
    assert unreadable.what == "/clone/Dockerfile.web:2: the Dockerfile does not hold"
    failed = explain(
        f"""{cut_off}
#8 [web 2/2] COPY nothing /
#8 ERROR: failed to calculate checksum of ref: "/nothing": not found
ERROR: failed to solve: failed to calculate checksum of ref: "/nothing": not found
"""
    )
    assert failed.what.endswith("a step of the build failed: COPY nothing /")


@pytest.mark.parametrize(
    ("said", "what"),
    [
        (
            "ERROR: Cannot connect to the Docker daemon at unix:///x. Is it running?",
            "the Docker engine does not",
        ),
        *((f"ERROR: {said}", "the builder cannot do what this build asks of it") for said in CANNOT),
        (
            "ERROR: failed to solve: failed to resolve source metadata for docker/buildkit-syft-scanner:stable-1",
            "the SBOM scanner of BuildKit cannot be had",
        ),
        ("something else", "the build failed"),
        ("", "the build failed"),
    ],
)
def test_what_is_not_about_a_step(said: str, what: str) -> None:
    error = explain(said)
    assert error.what.startswith(what)
    assert error.why
